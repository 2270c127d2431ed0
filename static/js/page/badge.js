// The connection, in a word and a colour: `data-connection` on the body, the word beside the dot.

import { byId, setText } from "./dom.js";
import { clock, fill } from "./words.js";

/** Since when there is no line, or what to do about it; null while there is one, or soon. */
export function awaySentence({ state, reason, since }, words) {
  if (state !== "reconnecting" && state !== "offline") return null;
  return reason === "crowded" ? words.crowded : fill(words.away, { time: clock(since) });
}

export function renderBadge({ state, reason, way }, words, sentence = null) {
  Object.assign(document.body.dataset, { connection: state, way: way?.name ?? "none" });
  setText(byId("connection"), sentence ?? words[reason === "stopped" ? "stopped" : state]);
}
