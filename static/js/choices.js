// The voter's rows: numbers as everywhere, and which row carries the vote, on its way or counted.

import { renderCandidates, rowOf } from "./candidates.js";
import { byId, setAttribute, setText } from "./dom.js";
import { fill } from "./words.js";

const list = byId("candidates");
const template = byId("candidate-row");

/** Show the page's state in the rows; `choose({epoch, round}, candidate)` is what a tap does. */
export function renderChoices({ snapshot, you, box }, words, choose) {
  const { epoch, poll, round, voted, online, room } = snapshot;
  setText(byId("question"), poll.question);
  document.title = poll.question;
  const nobody = round.state === "none" || room === 0;
  setText(byId("turnout"), nobody ? fill(words.here, { n: online }) : fill(words.turnout, { voted, all: room }));
  renderCandidates(list, template, snapshot);

  const counted = you.round === round.id && you.choices ? you.choices : [];
  const onItsWay = box.next ?? box.underway;
  const shown = onItsWay ? onItsWay.choices : counted;
  const vote = box.underway ? box.underway.stage : "counted";
  const committed = counted.length > 0 || box.underway?.sent;
  const settled = round.state !== "open" || (!poll.changes && committed);
  for (const candidate of poll.candidates) {
    const row = rowOf(list, candidate.id);
    const chosen = shown.includes(candidate.id);
    setAttribute(row, "aria-pressed", chosen);
    setAttribute(row, "aria-disabled", settled ? "true" : null);
    setAttribute(row, "data-vote", chosen ? vote : null);
    setText(row.querySelector(".mark"), chosen ? words[`mark_${vote}`] : "");
    // The same choice again changes nothing, so it is not sent again.
    row.onclick = settled || chosen ? null : () => choose({ epoch, round: round.id }, candidate);
  }
}
