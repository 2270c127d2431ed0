// What was said on the wall, as `talk` messages bring it. Pure.

/** As many of each kind as the server keeps. */
export const MOST = 200;

/** A wall of which nothing has been heard yet. */
export const NOTHING_SAID = { epoch: "", version: 0, list: [] };

/**
 * Fold a `talk` message into what is held: {epoch, version, list}, the list by version, oldest first.
 *
 * What comes twice is there once, and what was hidden is gone, or for an admin marked. What was
 * said on the wall before the `first` is gone, too. Where what is told goes on behind what is missing
 * here, it is shown, and the page still asks for what it lacks: its version stays.
 */
export function foldTalk(held, { epoch, version, after, first = 0, afresh = false, messages, hidden = [] }) {
  const isOther = afresh || epoch !== held.epoch;
  const known = new Map(isOther ? [] : held.list.map((message) => [message.id, message]));
  for (const message of messages) known.set(message.id, message);
  for (const id of hidden) known.delete(id);
  const newestFirst = [...known.values()].sort((one, other) => other.version - one.version);
  const room = { wall: MOST, hidden: MOST, direct: MOST };
  const isKept = (message) => (message.to || message.version >= first) && room[kindOf(message)]-- > 0;
  const list = newestFirst.filter(isKept).reverse();
  const isNext = isOther || after <= held.version;
  return { epoch, version: isOther ? version : isNext ? Math.max(version, held.version) : held.version, list };
}

const kindOf = ({ to, hidden }) => (to ? "direct" : hidden ? "hidden" : "wall");

/** What a page says to hear all that it has missed; with nothing held, the newest. */
export const hearAfter = ({ epoch, version }) => ({ type: "hear", after: epoch && `${epoch}.${version}` });

/** A short mark that tells two people of one name apart. */
export const mark = (person) => `· ${person.slice(0, 3)}`;
