// The voter's page: wires line, votes and list together; the parts know nothing of each other.

import { renderBadge } from "./badge.js";
import { createBallots } from "./ballot.js";
import { createCasting, draftBefore } from "./casting.js";
import { renderChoices } from "./choices.js";
import { createClock } from "./clock.js";
import { connect } from "./connection.js";
import { createCountdown, takesBallots } from "./countdown.js";
import { byId } from "./dom.js";
import { createIntake } from "./intake.js";
import { renderLegend } from "./legend.js";
import { chartPanel } from "./panel.js";
import { renderStatus, statusOf } from "./status.js";
import { createStore } from "./store.js";
import { createTaps } from "./taps.js";
import { readJson } from "./words.js";

const words = readJson("words");
const snapshot = readJson("snapshot");
const clock = createClock(snapshot.now);
const panel = chartPanel(words);
const renderCountdown = createCountdown(byId("countdown"), clock, () => store.change({}));
const way = { send: (message) => line.send(message), doubt: () => line.check() };
const ballots = createBallots({ ...way, changed: (box) => store.change({ box }) });
const taps = createTaps({ ...way, changed: (those) => store.change({ taps: those }) });
const whole = (held) => ({ ...held, open: takesBallots(held.snapshot.round, clock) });
const casting = createCasting({ page: () => whole(store.get()), ballots, taps, words, changed: (draft) => store.change({ draft }) });
const first = { snapshot, you: readJson("you"), box: ballots.box(), taps: taps.taps(), draft: draftBefore(), connection: { state: "connecting" } };
const store = createStore(first, (held) => {
  const { round, poll } = held.snapshot;
  Object.assign(document.body.dataset, { round: round.state, rule: poll.rule });
  byId("rehearsal").hidden = !round.rehearsal;
  renderBadge(held.connection, words, held.connection.stopped ? words.offline : null);
  panel.render(held.snapshot);
  renderLegend(byId("legend"), held.snapshot, words);
  renderCountdown(round);
  // At a change of round `you` comes a moment before its state; half of both would be wrong.
  if (held.you.round !== round.id) return;
  const page = whole(held);
  renderChoices(page, words, casting.tap);
  renderStatus(byId("status"), statusOf(page, words));
});
byId("send").addEventListener("click", casting.submit);
const take = createIntake({ store, ballots, taps, clock });

const line = connect({
  view: "voter",
  onMessage: (message) => take[message.type]?.(message),
  onChange(connection) {
    store.change({ connection });
    if (connection.state === "connected") return;
    ballots.line(false);
    taps.line(false);
  },
  onLogin: () => location.assign("/login"),
});
