// Which candidates a voter's vote names, as it stands and after one more tap. Pure.

import { fillCount } from "../page/words.js";

// More of them would be a list, not a sentence; the rows have every name, in full.
const MOST_NAMES = 3;
const MOST_LETTERS = 40;

/** Whether a ballot of this poll may name several candidates; one of one works like `single`. */
export const takesSeveral = ({ rule, max_choices }) => rule === "approval" && max_choices > 1;

/** Whether choices are made first and sent once: what cannot be changed cannot grow by taps. */
export const isSentOnce = (poll) => takesSeveral(poll) && !poll.changes;

/** The voter's counted choices in the round on stage, as ids. */
export function countedOf({ you, snapshot }) {
  return (you.round === snapshot.round.id && you.choices) || [];
}

/** The ballot of the round on stage that has no answer yet, the newest, or undefined. */
export function onItsWay({ box, snapshot }) {
  return [box.next, box.underway].find((entry) => entry?.round === snapshot.round.id);
}

/** What the page shows as chosen: tapped and not sent, else on its way, else counted. */
export function chosenOf(page) {
  return draftOf(page) ?? onItsWay(page)?.choices ?? countedOf(page);
}

/** The choices that wait for "send", those of them that the ballot still has; else undefined. */
export function draftOf(page) {
  const { poll } = page.snapshot;
  const choices = isSentOnce(poll) && !isSettled(page) && hereOf(page)?.choices;
  return choices ? idsOf(poll, choices).slice(0, poll.max_choices) : undefined;
}

/** Why the last tap changed nothing, or undefined. */
export const hintOf = (page) => hereOf(page)?.hint;

function hereOf({ draft, snapshot: { epoch, round } }) {
  return draft?.epoch === epoch && draft.round === round.id ? draft : undefined;
}

/** Whether taps on candidates change nothing any more. */
export function isSettled(page) {
  const { poll } = page.snapshot;
  if (!page.open) return true;
  if (poll.changes || poll.rule === "taps") return false;
  const going = onItsWay(page);
  return countedOf(page).length > 0 || Boolean(going && (going.sent || takesSeveral(poll)));
}

/** What a tap on `id` makes of `chosen`: {choices}, or {hint} which says why it changes nothing. */
export function tapped(poll, chosen, id) {
  if (!takesSeveral(poll)) return { choices: [id] };
  if (chosen.includes(id)) {
    const choices = chosen.filter((other) => other !== id);
    return choices.length === 0 && poll.changes ? { hint: "keep_one" } : { choices };
  }
  if (chosen.length >= poll.max_choices) return { hint: "too_many" };
  return { choices: idsOf(poll, [...chosen, id]) };
}

/** What to call some choices in a sentence. */
export function nameOf({ candidates }, choices, words) {
  const names = candidates.filter(({ id }) => choices.includes(id)).map(({ name }) => name);
  const letters = [...names.join(", ")]; // as the template counts them, an emoji as one
  if (names.length <= MOST_NAMES && letters.length <= MOST_LETTERS) return letters.join("");
  return names.length === 1 ? `${letters.slice(0, MOST_LETTERS - 1).join("")}…` : fillCount(words.several, names.length);
}

function idsOf({ candidates }, choices) {
  return candidates.map(({ id }) => id).filter((id) => choices.includes(id));
}
