// The connection, in a word and a colour: `data-connection` on the body, the word beside the dot.

import { byId, setText } from "./dom.js";

export function renderBadge({ state, reason }, words, sentence = null) {
  document.body.dataset.connection = state;
  setText(byId("connection"), sentence ?? words[reason === "stopped" ? "stopped" : state]);
}
