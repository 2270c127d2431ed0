// What this voter has not seen yet. Owns how far everything was read: the tab remembers it over a
// reload, and asks the server for what was said since.

import { keep, recall } from "../phone/sending.js";
import { EVERYONE, isPerson, peerOf, saidAt } from "./places.js";

const KEPT = "read";

/**
 * How far was read before, as {epoch, wall, direct: {person: version}}. What was said to everyone before
 * this tab came for the first time is nothing that it missed.
 */
export const readBefore = ({ epoch, version }) => recall(KEPT) ?? remember({ epoch, wall: version, direct: {} });

/** How far is read now that the panel shows what it does: the same object, if no further. */
export function readNow(page) {
  const { read, snapshot, isOpen, place } = page;
  const { epoch, version } = snapshot;
  // The versions of another history say nothing of this one.
  if (read.epoch !== epoch) return remember({ epoch, wall: version, direct: {} });
  const newest = saidAt(page, place).at(-1)?.version ?? 0;
  if (!isOpen || document.hidden) return read;
  if (place === EVERYONE && newest > read.wall) return remember({ ...read, wall: newest });
  if (isPerson(place) && newest > (read.direct[place] ?? 0)) return remember({ ...read, direct: { ...read.direct, [place]: newest } });
  return read;
}

function remember(read) {
  keep(KEPT, read);
  return read;
}

/** How many messages of others are unread: {wall, direct, of: Map of persons}. */
export function unreadOf({ wall, direct, read, you }) {
  const of = new Map();
  for (const message of direct.list) {
    const peer = peerOf(message, you.person);
    if (message.from === peer && message.version > (read.direct[peer] ?? 0)) of.set(peer, (of.get(peer) ?? 0) + 1);
  }
  const isNew = ({ from, version }) => from !== you.person && version > read.wall;
  const sum = [...of.values()].reduce((all, n) => all + n, 0);
  return { wall: wall.list.filter(isNew).length, direct: sum, of };
}
