// The wall: what was said to everyone, newest at the bottom, as many whole messages as its place
// holds. It draws what it is given, a few times a second at most, and asks no server for anything.

import { byId, setText } from "../page/dom.js";
import { keepRows } from "../page/rows.js";
import { NOTHING_SAID } from "../talk/messages.js";
import { callOf } from "../talk/naming.js";
import { NOBODY, twinsOf } from "../talk/people.js";

const MOST_ROWS = 40; // more than any window holds
const REST_MS = 300; // eyes that follow a line need it to stand still
const SHRINKS = [1, 0.85, 0.7, 0.6, 0.5, 0.4]; // until the newest message is whole, however long

/** Returns authorOf(message): what to call who said it, among the messages that are held. */
export function authorsOf(messages, words) {
  const isTwin = twinsOf({ people: NOBODY, wall: { list: messages }, direct: NOTHING_SAID });
  return ({ from, name }) => callOf({ id: from, name }, isTwin, words);
}

/** Returns render(messages, talk), for every change; `messages` are all that is held, oldest first. */
export function createWall(words) {
  const [list, template] = [byId("messages"), byId("message-row")];
  let latest = [];
  let drawn = []; // what was drawn
  let place = ""; // and where: it changes with the window, the text, and what stands around
  let drawnAt = -Infinity;
  let timer = null;

  function draw() {
    clearTimeout(timer);
    [timer, drawn, place, drawnAt] = [null, latest, placeNow(), performance.now()];
    const newest = latest.slice(-MOST_ROWS);
    const authorOf = authorsOf(latest, words);
    keepRows(list, "message", newest.map(({ id }) => id), template);
    newest.forEach((message, index) => {
      const row = list.children[index];
      row.dataset.from = message.from;
      setText(row.querySelector(".author"), authorOf(message));
      setText(row.querySelector(".text"), message.text);
    });
    fit(list);
  }

  function placeNow() {
    const { clientWidth, clientHeight } = list.parentElement;
    return [clientWidth, clientHeight, document.documentElement.dataset.text].join(" ");
  }

  return function render(messages, { state }) {
    latest = messages;
    setText(byId("wall-closed"), state === "closed" ? words.talk_closed : "");
    byId("wall-empty").hidden = messages.length > 0;
    const isMoved = place !== placeNow();
    if (messages === drawn && !isMoved) return;
    const held = new Set(messages.map(({ id }) => id));
    const isLess = [...list.children].some((row) => !held.has(row.dataset.message));
    const rest = drawnAt + REST_MS - performance.now();
    // What was hidden goes with the very frame that says so; what came can wait for its turn.
    if (isMoved || isLess || rest <= 0) draw();
    else timer ??= setTimeout(draw, rest);
  };
}

/** Leave out what does not fit whole, the oldest first; the newest alone may need smaller type. */
function fit(list) {
  const rows = [...list.children];
  for (const shrink of SHRINKS) {
    list.style.setProperty("--shrink", shrink);
    if (rows.length === 0 || rows.at(-1).offsetHeight <= list.clientHeight) break;
  }
  const { top } = list.getBoundingClientRect();
  for (const row of rows.slice(0, -1)) if (row.getBoundingClientRect().top < top - 1) row.remove();
}
