// One state, one render. Also the rule for what comes from the server: the newest wins.

/** Hold one value; each change goes through `render` with the whole of it. */
export function createStore(value, render) {
  return {
    get: () => value,
    change(part) {
      value = { ...value, ...part };
      render(value);
    },
  };
}

/**
 * Fold a `state` or `tally` message into the snapshot held.
 *
 * A lower version of the same epoch is ignored, an equal one taken, any version of a new epoch
 * taken. A tally belongs to the state before it: one of another epoch or round waits for its state.
 */
export function newest(held, message) {
  const sameEpoch = message.epoch === held.epoch;
  if (sameEpoch && message.version < held.version) return held;
  if (message.type === "state") return message;
  if (message.type !== "tally" || !sameEpoch || message.round !== held.round.id) return held;
  const { version, counts, ballots, voted, online, room } = message;
  return { ...held, version, counts, ballots, voted, online, room };
}
