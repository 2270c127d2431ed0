// The desk's head: which question, which round and since when, and the figures of the room.

import { byId, setAttribute, setText } from "../page/dom.js";
import { clock, fill } from "../page/words.js";

export function renderStrip({ poll, round, online, voted, ballots }, words) {
  document.body.dataset.round = round.state;
  document.title = `${words.admin} · ${poll.question}`;
  byId("rehearsal").hidden = !round.rehearsal;
  setText(byId("question"), poll.question);
  setText(byId("round-line"), fill(words[`round_${round.rehearsal ? "rehearsal" : round.state}`], { n: round.id }));
  setText(byId("round-since"), round.state === "open" ? fill(words.since, { time: clock(round.opened_at) }) : "");
  for (const [id, n] of Object.entries({ online, voted, ballots })) setText(byId(id), n);
  // What scrolls must be reachable by keyboard.
  setAttribute(byId("candidates"), "tabindex", poll.candidates.length > 12 ? 0 : null);
}
