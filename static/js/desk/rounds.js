// The admin's list of rounds, and those that can be put beside the one on stage.

import { byId, setText } from "../page/dom.js";
import { keepRows } from "../page/rows.js";
import { clock, fill } from "../page/words.js";

/** Whether the present round takes votes: nothing in a list ends it, it has to be closed first. */
export const inUse = ({ round, ballots }) => round.rehearsal || (round.state === "open" && ballots > 0);

export function renderRounds(snapshot, words) {
  const body = byId("rounds");
  const { rounds } = snapshot;
  keepRows(body, "roundId", rounds.map(({ id }) => id), byId("round-row"));
  rounds.forEach((item, index) => renderRow(body.children[index], item, snapshot, words));
}

function renderRow(row, item, snapshot, words) {
  const { round, voted } = snapshot;
  const onStage = item.id === round.id;
  const state = item.archived ? words.state_archived : words[`state_${item.state}`];
  setText(row.querySelector("th"), item.id);
  setText(row.querySelector(".round-question"), item.question);
  setText(row.querySelector(".round-state"), onStage ? words.on_stage : state);
  setText(row.querySelector(".round-time"), item.opened_at ? clock(item.opened_at) : "");
  // Between two states only the round on stage gets votes, and its number comes with every tally.
  setText(row.querySelector(".round-voted"), onStage ? voted : item.voted);
  row.querySelector("form").hidden = onStage || inUse(snapshot);
  row.querySelector("[name=target]").value = item.id;
}

/** Offer the earlier rounds of the question; a choice that waits for its button is left alone. */
export function renderCompare({ poll, round, rounds, compared }, words) {
  const select = byId("target");
  const earlier = rounds.filter((item) => item.archived && item.poll === poll.id);
  const chosen = String(compared?.round ?? 0);
  const about = [round.id, chosen, ...earlier.map(({ id, results }) => id + results)].join(" ");
  select.form.hidden = round.rehearsal || earlier.length === 0 || round.state === "none";
  if (select.dataset.about === about) return;
  select.dataset.about = about;
  const sayRound = ({ id, voted, results }) => fill(results === "hidden" ? words.beside_hidden : words.beside, { n: id, voted });
  const options = earlier.map((item) => new Option(sayRound(item), item.id));
  select.replaceChildren(select.options[0], ...options);
  select.value = chosen;
}
