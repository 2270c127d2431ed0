// The admin's list of rounds, and the offer to bring back the one archived last.

import { byId, setText } from "./dom.js";
import { clock, fill, fillCount } from "./words.js";

/** Whether the present round takes votes: a tap must not end it, it has to be closed first. */
const inUse = ({ round, ballots }) => round.state === "open" && ballots > 0;

/** The round that left the stage last, when it had ballots and may come back; else undefined. */
function undoable(snapshot) {
  const { rounds, previous } = snapshot;
  if (inUse(snapshot)) return undefined;
  return rounds.find(({ id, archived, ballots }) => id === previous && archived && ballots > 0);
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

function renderRow(row, item, snapshot, words) {
  const { round, voted } = snapshot;
  const onStage = item.id === round.id;
  const state = item.archived ? words.state_archived : words[`state_${item.state}`];
  row.dataset.roundId = item.id;
  setText(row.querySelector("th"), item.id);
  setText(row.querySelector(".round-state"), onStage ? words.on_stage : state);
  setText(row.querySelector(".round-time"), item.opened_at ? clock(item.opened_at) : "");
  // Between two states only the round on stage gets votes, and its number comes with every tally.
  setText(row.querySelector(".round-voted"), onStage ? voted : item.voted);
  row.querySelector("form").hidden = onStage || inUse(snapshot);
  row.querySelector("[name=target]").value = item.id;
}

export function renderUndo(snapshot, words) {
  const round = undoable(snapshot);
  byId("undo").hidden = !round;
  if (!round) return;
  setText(byId("undo-words"), fillCount(words, "undo", round.ballots, { round: round.id }));
  setText(byId("undo").querySelector("button"), fill(words.undo_do, { round: round.id }));
  byId("undo").querySelector("[name=target]").value = round.id;
}
