// The connection, in a word and a colour: `data-connection` on the body, the word beside the dot.

import { byId, setText } from "./dom.js";

export function renderBadge(connection, words, sentence = null) {
  document.body.dataset.connection = connection.state;
  setText(byId("connection"), sentence ?? (connection.stopped ? words.stopped : words[connection.state]));
}
