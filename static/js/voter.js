// The voter's page: wires line, ballots and list together; the parts know nothing of each other.

import { renderBadge } from "./badge.js";
import { createBallots } from "./ballot.js";
import { renderChoices } from "./choices.js";
import { connect } from "./connection.js";
import { byId } from "./dom.js";
import { chartPanel } from "./panel.js";
import { renderStatus, statusOf } from "./status.js";
import { createStore, newest } from "./store.js";
import { readJson } from "./words.js";

const COUNTED_VIBRATION_MS = 30;
const words = readJson("words");
const panel = chartPanel(words);
const ballots = createBallots({
  send: (message) => line.send(message),
  changed: (box) => store.change({ box }),
  doubt: () => line.check(),
});
const first = { snapshot: readJson("snapshot"), you: readJson("you"), box: ballots.box(), connection: { state: "connecting" } };
const store = createStore(first, (page) => {
  document.body.dataset.round = page.snapshot.round.state;
  renderBadge(page.connection, words, page.connection.stopped ? words.offline : null);
  panel.render(page.snapshot);
  // At a change of round `you` comes a moment before its state; half of both would be wrong.
  if (page.you.round !== page.snapshot.round.id) return;
  renderChoices(page, words, ballots.choose);
  renderStatus(byId("status"), statusOf(page, words));
});

function takeSnapshot(message) {
  const { round } = store.get().snapshot;
  const snapshot = newest(store.get().snapshot, message);
  store.change({ snapshot });
  if (snapshot.round.id !== round.id || snapshot.round.state !== round.state) ballots.roundChanged(round, snapshot.round);
}

const take = {
  state(message) {
    takeSnapshot(message);
    ballots.line(true, store.get().snapshot.epoch);
  },
  tally: takeSnapshot,
  you: (you) => store.change({ you }),
  refused: ballots.refused,
  receipt(message) {
    const { you, snapshot } = store.get();
    // First what counts, then the end of the way there: the line never says "tap a name" between.
    if (message.round === snapshot.round.id) store.change({ you: { ...message, name: you.name } });
    const awaited = ballots.receipt(message, snapshot.round.id);
    // After a reload the page was not touched yet, and a browser would only complain.
    if (awaited && navigator.userActivation?.hasBeenActive) navigator.vibrate?.(COUNTED_VIBRATION_MS);
  },
};

const line = connect({
  view: "voter",
  onMessage: (message) => take[message.type]?.(message),
  onChange(connection) {
    store.change({ connection });
    if (connection.state !== "connected") ballots.line(false);
  },
  onLogin: () => location.assign("/login"),
});
