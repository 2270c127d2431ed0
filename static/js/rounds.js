// The admin's list of rounds, and the offer to bring back the one archived last.

import { byId, setText } from "./dom.js";
import { clock, fillCount } from "./words.js";

/** The archived round just before the present one, when it had ballots; else undefined. */
export function undoable({ rounds, round }) {
  const previous = rounds.find(({ id }) => id !== round.id);
  return previous?.archived && previous.ballots > 0 ? previous : undefined;
}

export function renderRounds(snapshot, words) {
  const body = byId("rounds");
  const { rounds } = snapshot;
  const rows = [...body.children];
  if (rows.length !== rounds.length || rows.some((row, index) => row.dataset.roundId !== String(rounds[index].id))) {
    body.replaceChildren(...rounds.map(() => byId("round-row").content.firstElementChild.cloneNode(true)));
  }
  rounds.forEach((item, index) => renderRow(body.children[index], item, snapshot, words));
}

function renderRow(row, item, { round, voted }, words) {
  const onStage = item.id === round.id;
  const state = item.archived ? words.state_archived : words[`state_${item.state}`];
  row.dataset.roundId = item.id;
  setText(row.querySelector("th"), item.id);
  setText(row.querySelector(".round-state"), onStage ? words.on_stage : state);
  setText(row.querySelector(".round-time"), item.opened_at ? clock(item.opened_at) : "");
  // Between two states only the round on stage gets votes, and its number comes with every tally.
  setText(row.querySelector(".round-voted"), onStage ? voted : item.voted);
  row.querySelector("form").hidden = onStage || !item.archived;
  row.querySelector("[name=target]").value = item.id;
}

export function renderUndo(snapshot, words) {
  const round = undoable(snapshot);
  byId("undo").hidden = !round;
  if (!round) return;
  setText(byId("undo-words"), fillCount(words, "undo", round.ballots, { round: round.id }));
  byId("undo").querySelector("[name=target]").value = round.id;
}
