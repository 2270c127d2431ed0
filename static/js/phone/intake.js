// What each message from the server changes on the voter's page.

import { newest } from "../line/store.js";

const COUNTED_VIBRATION_MS = 30;

/** Returns {type: take(message)} for the types that a voter's page hears. */
export function createIntake({ store, ballots, taps, clock }) {
  function takeSnapshot(message) {
    const { round } = store.get().snapshot;
    const snapshot = newest(store.get().snapshot, message);
    store.change({ snapshot });
    if (snapshot.round.id === round.id && snapshot.round.state === round.state) return;
    ballots.roundChanged(round, snapshot.round);
    taps.roundChanged(round, snapshot.round);
  }

  return {
    state(message) {
      clock.heard(message.now);
      takeSnapshot(message);
      for (const votes of [ballots, taps]) votes.line(true, store.get().snapshot.epoch);
    },
    tally: takeSnapshot,
    pong({ now, askedAt }) {
      clock.heard(now, askedAt);
      store.change({});
    },
    you: (you) => store.change({ you }),
    refused(message) {
      ballots.refused(message);
      taps.refused(message);
    },
    receipt(message) {
      const { you, snapshot } = store.get();
      const isNew = message.version > snapshot.version; // else `you` has told of it already
      const counting = snapshot.poll.rule === "taps" ? you.ballots + Number(isNew) : 1;
      // First what counts, then the end of the way there: the line never says "tap a name" between.
      if (message.round === snapshot.round.id) store.change({ you: { ...you, ...message, ballots: counting } });
      taps.receipt(message);
      const awaited = ballots.receipt(message, snapshot.round.id);
      // After a reload the page was not touched yet, and a browser would only complain.
      if (awaited && navigator.userActivation?.hasBeenActive) navigator.vibrate?.(COUNTED_VIBRATION_MS);
    },
  };
}
