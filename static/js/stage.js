// What the screen says around the chart: the question, the round, the figures, and which picture it
// shows.

import { isComparing } from "./candidates.js";
import { byId, setText } from "./dom.js";

export function renderStage(snapshot, words) {
  const { poll, round, counts, results, voted, online, ballots, room } = snapshot;
  const { dataset } = document.body;
  dataset.round = round.state;
  byId("rehearsal").hidden = !round.rehearsal;
  // The code to join is the picture until there is another.
  dataset.stage = voted === 0 && !isComparing(snapshot) ? "join" : counts === null ? "hidden" : "chart";
  document.title = poll.question;
  setText(byId("question"), poll.question);
  const later = counts === null ? [words[`later_${results}`]] : [];
  setText(byId("round-line"), [words[`round_${round.state}`], ...later].join(" · "));
  const figures = { voted, online, ballots, room };
  for (const place of document.querySelectorAll("[data-figure]")) setText(place, figures[place.dataset.figure]);
}
