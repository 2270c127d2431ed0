// The way back from what was done last: one offer, in sight for a while. Where the desk has a
// button of its own for it, as "Reopen" after "Close", there is no other.

import { byId, setAttribute, setText } from "../page/dom.js";
import { fill, fillCount } from "../page/words.js";
import { nameOf } from "./actions.js";
import { inUse } from "./rounds.js";

const WHILE_MS = 60_000;
const REHEARSAL_SECONDS = 600;

/**
 * Returns the offer to take an action back, as {action, fields, back}, or null.
 *
 * `before` is the snapshot from before the action; `back` names the words on the button. What is
 * `isApart` is about no round, and none can refuse it.
 */
export function offerAfter(action, fields, { poll, round, results }) {
  const question = { action: "stage", fields: { poll: poll.id } };
  switch (nameOf(action)) {
    case "stage":
      return { ...question, back: "back_stage" };
    case "restore":
      return round.id ? { action, fields: { target: round.id }, back: "back_restore" } : { ...question, back: "back_stage" };
    case "show":
      return results === fields.results ? null : { action, fields: { target: round.id, results }, back: `back_${results}` };
    case "remove":
      return { action: action.replace(/remove$/, "put-back"), fields: {}, back: "back_remove" };
    case "end":
      return { action: "rehearse", fields: { seconds: REHEARSAL_SECONDS }, back: "back_end" };
    case "talk-hide":
      return { action: "talk/show", fields, back: "back_talk-hide", isApart: true };
    case "talk-mute":
      return { action: "talk/unmute", fields, back: "back_talk-mute", isApart: true };
    default:
      return null;
  }
}

/**
 * Returns keep(offer, version), which has `change({ offer })` called with it, and with null after a while.
 *
 * It is shown once the page knows a newer version of the room than the one that was acted on: a way
 * back from what is not seen yet would be refused.
 */
export function createOffers(change) {
  let timer;
  return function keep(offer, version = 0) {
    clearTimeout(timer);
    if (offer !== null) timer = setTimeout(() => change({ offer: null }), WHILE_MS);
    change({ offer: offer && { ...offer, version } });
  };
}

/**
 * The round whose place the open one took, when it had ballots and may come back; else undefined.
 *
 * Beside a round that takes votes it is offered for a while, and the server asks before it goes.
 */
function undoable(snapshot, now) {
  const { round, rounds, previous } = snapshot;
  if (round.state !== "open" || (inUse(snapshot) && now - round.opened_at > WHILE_MS)) return undefined;
  return rounds.find(({ id, archived, ballots }) => id === previous && archived && ballots > 0);
}

/** Show the way back, if there is one; during a rehearsal nothing can be done but end it. */
export function renderUndo({ snapshot, offer: made }, words, now) {
  const round = undoable(snapshot, now);
  const offer = made !== null && (made.isApart || snapshot.version > made.version) ? made : null;
  byId("undo").hidden = !offer?.isApart && (snapshot.round.rehearsal === true || (offer === null && !round));
  if (byId("undo").hidden) return;
  const { action, fields, back } = offer ?? { action: "restore", fields: { target: round.id }, back: "undo_do" };
  const form = byId("undo").querySelector("form");
  setText(byId("undo-words"), offer ? "" : fillCount(words.undo, round.ballots, { round: round.id }));
  setText(form.querySelector("button"), fill(words[back], { round: fields.target }));
  setAttribute(form, "action", `/admin/${action}`);
  form.querySelector("button").dataset.action = nameOf(action);
  for (const name of ["target", "poll", "results", "seconds", "message", "person"]) form.elements[name].value = fields[name] ?? "";
}
