// What a tap does, by the rule of the poll: a ballot at once, a choice that waits for "send", or one
// of many taps. Owns what was tapped and is no ballot (yet): the draft and the hint.

import { chosenOf, draftOf, isSentOnce, nameOf, tapped } from "./selection.js";
import { keep, recall } from "./sending.js";

const KEPT = "draft";
const HINT_MS = 6000; // read by then; what it spoke of is over

/**
 * Bring taps to `ballots` and `taps`; `page()` is the page's state, `changed(draft)` gets what
 * became of the draft: {epoch, round, choices?, hint?}, or null.
 */
export function createCasting({ page, ballots, taps, words, changed }) {
  let fading;

  function become(draft) {
    clearTimeout(fading);
    keep(KEPT, draft && { ...draft, hint: undefined });
    changed(draft);
    if (draft?.hint) fading = setTimeout(() => become({ ...draft, hint: undefined }), HINT_MS);
  }

  function send(place, poll, choices) {
    become(null);
    ballots.choose(place, choices, nameOf(poll, choices, words));
  }

  /** The voter tapped a candidate. */
  function tap(id) {
    for (const votes of [ballots, taps]) votes.goOn();
    const { epoch, poll, round } = page().snapshot;
    const place = { epoch, round: round.id };
    if (poll.rule === "taps") return taps.tap(place, id, poll.taps_per_second);
    const { choices, hint } = tapped(poll, chosenOf(page()), id);
    if (hint) become({ ...place, choices: draftOf(page()), hint });
    else if (isSentOnce(poll)) become({ ...place, choices });
    else send(place, poll, choices);
  }

  /** The voter sends what waits. */
  function submit() {
    const { epoch, poll, round } = page().snapshot;
    const place = { epoch, round: round.id };
    const choices = chosenOf(page());
    if (choices.length === 0) become({ ...place, hint: "pick_one" });
    else send(place, poll, choices);
  }

  return { tap, submit };
}

/** The draft that this tab remembers from before a reload. */
export const draftBefore = () => recall(KEPT);
