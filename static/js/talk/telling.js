// What a screen reader is told of the talk: what comes while the panel is open at its place, one message
// in its words, more of them by their number.

import { fill, fillCount } from "../page/words.js";
import { callOf } from "./naming.js";
import { twinsOf } from "./people.js";
import { EVERYONE, peerOf } from "./places.js";

/** Returns {heard(page, message, before)}, for each message of a kind that `before` holds already. */
export function createTelling(tell, words) {
  let fresh = []; // not told yet

  function news() {
    const told = fresh;
    fresh = [];
    if (told.length === 0) return "";
    return told.length === 1 ? fill(words.heard, told[0]) : fillCount(words.heard_many, told.length);
  }

  function heard(page, { type, messages, afresh }, before) {
    if (!page.isOpen || document.hidden || afresh) return;
    const me = page.you.person;
    const isHere = (message) => (type === "talk" ? page.place === EVERYONE : peerOf(message, me) === page.place);
    const isTwin = twinsOf(page);
    const came = messages.filter((message) => message.from !== me && message.version > before.version && isHere(message));
    if (came.length === 0) return;
    fresh.push(...came.map(({ from, name, text }) => ({ name: callOf({ id: from, name }, isTwin, words), text })));
    tell(news);
  }

  return { heard };
}
