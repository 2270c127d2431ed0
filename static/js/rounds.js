// The admin's list of rounds, the offer to bring back the one archived last, and the rounds that
// can be put beside the one on stage.

import { byId, setText } from "./dom.js";
import { clock, fill, fillCount } from "./words.js";

/** Whether the present round takes votes: a tap must not end it, it has to be closed first. */
const inUse = ({ round, ballots }) => round.rehearsal || (round.state === "open" && ballots > 0);

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
  setText(row.querySelector(".round-question"), item.question);
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
