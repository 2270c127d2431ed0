// What the connection's badge says, and what it opens: since when, where to, what waits to be sent,
// and connecting by hand.

import { byId, setText } from "../page/dom.js";
import { clock, fill, join } from "../page/words.js";
import { absence } from "./underway.js";

/** The badge's word where the state's own would not be the whole truth, else null. */
export function badgeWord({ connection, snapshot }, words) {
  if (connection.reason === "stopped") return words.offline;
  return connection.state === "connected" && snapshot.recording === false ? words.unsaved : null;
}

/** Wire the badge to its sheet; `line` has the two ways by hand. Returns render(page). */
export function createDetails(words, line) {
  const sheet = byId("details");
  const connecting = byId("reconnect");
  let isStopped = false;

  byId("badge").addEventListener("click", () => sheet.showModal?.());
  byId("details-close").addEventListener("click", () => sheet.close());
  sheet.addEventListener("click", ({ target }) => target === sheet && sheet.close()); // beside it
  byId("disconnect").addEventListener("click", line.disconnect);
  connecting.addEventListener("click", () => (isStopped ? location.reload() : line.reconnect()));
  setText(byId("details-server"), location.host);

  return function render(page) {
    const { connection, snapshot, box, taps } = page;
    const { state, reason, way, since } = connection;
    isStopped = reason === "stopped";
    const away = absence(connection, words);
    const isUnsaved = snapshot.recording === false;
    const [say, cure] = away ?? (isUnsaved ? [words.idle_unsaved, words.idle_unsaved_more] : [words[state]]);
    const heldSince = away ? words.away_since : state === "connected" && words.since;
    setText(sheet.querySelector(".say"), say);
    setText(sheet.querySelector(".more"), join(heldSince && fill(heldSince, { time: clock(since) }), way && !way.isBest && words.asks, cure, away && !isStopped && words.idle_away_more));
    setText(byId("details-unsent"), unsent(box, taps, words));
    connecting.hidden = away === null;
    setText(connecting, isStopped ? words.do_reload : reason === "hand" ? words.do_connect : words.do_try);
    byId("disconnect").hidden = isStopped || reason === "hand";
  };
}

function unsent({ underway, next }, { queue }, words) {
  if (underway) return fill(words.unsent_vote, next ?? underway);
  return queue.length ? fill(words.unsent_taps, { n: queue.length }) : words.unsent_nothing;
}
