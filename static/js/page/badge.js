// The connection, in a word and a colour: `data-connection` on the body, the word beside the dot.

import { byId, setText } from "./dom.js";
import { clock, fill } from "./words.js";

/** Since when there is no line, in the page's words; null while there is one, or soon. */
export function awaySentence({ state, since }, words) {
  return state === "reconnecting" || state === "offline" ? fill(words.away, { time: clock(since) }) : null;
}

export function renderBadge({ state, reason }, words, sentence = null) {
  document.body.dataset.connection = state;
  setText(byId("connection"), sentence ?? words[reason === "stopped" ? "stopped" : state]);
}
