// The one message that an admin has put on the screen: over the picture, as large as fits there.
// Question, turnout and the code stay. Who puts it there, and takes it off, is not decided here.

import { byId, setText } from "../page/dom.js";
import { fill } from "../page/words.js";
import { authorsOf } from "./wall.js";

const [LARGEST, LEAST, STEP] = [9, 3, 0.25]; // of the page's unit
// Lines as they were written and words whole; then words broken where a line ends; then one paragraph.
const FLOWS = ["written", "broken", "one"];

/** Whether a message stands on the screen. */
export const isLit = ({ talk }) => Boolean(talk?.spotlight);

/** Returns render(snapshot, messages); `announce(text)` has a new one read out. */
export function createSpotlight(announce, words) {
  const place = byId("spotlight");
  let heard = ""; // the message that was read out
  let seen = ""; // what it was drawn for

  return function render(snapshot, messages) {
    const message = isLit(snapshot) ? snapshot.talk.spotlight : null;
    if (message === null) heard = "";
    if (message === null) return;
    const { id, text } = message;
    const author = authorsOf([...messages, message], words)(message);
    if (id !== heard) announce(fill(words.heard_message, { name: author, text }));
    heard = id;
    const about = JSON.stringify([id, author, place.clientWidth, place.clientHeight, document.documentElement.dataset.text]);
    if (about === seen) return;
    seen = about;
    setText(place.querySelector(".text"), text);
    setText(place.querySelector(".author"), author);
    fit(place);
  };
}

function fit(place) {
  for (const flow of FLOWS) {
    place.dataset.flow = flow;
    for (let size = LARGEST; size >= LEAST; size -= STEP) {
      place.style.setProperty("--size", size);
      if (place.scrollHeight <= place.clientHeight && place.scrollWidth <= place.clientWidth) return;
    }
  }
}
