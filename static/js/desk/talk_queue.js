// Which messages the queue shows and which wait, so that nothing moves under a thumb. Pure.

import { MOST } from "../talk/messages.js";
import { STAGE } from "../talk/places.js";

/** A queue that has shown nothing yet. */
export const NOTHING_QUEUED = { epoch: "", top: 0, shown: [], waiting: 0 };

/** Of what the desk holds: what was said to everyone, or with `isToStage` to the stage and by it to one. */
export const partOf = ({ epoch, list }, isToStage) => ({ epoch, list: list.filter(({ to }) => (to !== undefined) === isToStage) });

/**
 * Take messages in: {epoch, top, shown, waiting}, the newest first, and how many wait.
 *
 * While the queue is held, what is newer than its `top` waits, and what there is no room for any more
 * stays in its place.
 */
export function queueOf(before, { epoch, list }, isHeld) {
  const isSame = isHeld && epoch === before.epoch && before.shown.length > 0;
  const top = isSame ? before.top : (list.at(-1)?.version ?? 0);
  const isFull = isSame && list.length >= MOST;
  const older = isFull ? before.shown.filter(({ version }) => version < list[0].version) : [];
  const fresh = list.filter(({ version }) => version <= top).reverse();
  return { epoch, top, shown: [...fresh, ...older], waiting: list.length - fresh.length };
}

/** How many messages to the stage are newer than the mark `read`, a place in the journal. */
export function unreadOf({ epoch, list }, read) {
  return list.filter(({ to, version }) => to === STAGE && (epoch !== read.epoch || version > read.version)).length;
}
