// The voter's page: wires line, votes and list together; the parts know nothing of each other.

import { createClock } from "./line/clock.js";
import { connect } from "./line/connection.js";
import { createStore } from "./line/store.js";
import { renderBadge } from "./page/badge.js";
import { createCountdown, takesBallots } from "./page/countdown.js";
import { byId } from "./page/dom.js";
import { readJson } from "./page/words.js";
import { createBallots } from "./phone/ballot.js";
import { createCasting, draftBefore } from "./phone/casting.js";
import { renderChoices } from "./phone/choices.js";
import { badgeWord, createDetails } from "./phone/details.js";
import { createIntake } from "./phone/intake.js";
import { chartPanel } from "./phone/panel.js";
import { keepPlace } from "./phone/place.js";
import { renderStatus, statusOf } from "./phone/status.js";
import { createTalk } from "./phone/talk.js";
import { createTaps } from "./phone/taps.js";
import { createVoice } from "./phone/voice.js";

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
const voice = createVoice(byId("announcer"));
const talk = createTalk({ ...way, tell: voice.tell, clock });
const renderDetails = createDetails(words, { disconnect: () => line.disconnect(), reconnect: () => line.reconnect() });
const store = createStore(first, (held) => keepPlace(() => render(held)));
function render(held) {
  const { snapshot: { poll, round, recording }, connection } = held;
  Object.assign(document.body.dataset, { round: round.state, rule: poll.rule, recording });
  renderBadge(connection, words, badgeWord(held, words));
  renderDetails(held);
  panel.render(held.snapshot);
  talk.render(held);
  renderCountdown(round);
  // At a change of round `you` comes a moment before its state; half of both would be wrong.
  if (held.you.round !== round.id) return;
  const page = whole(held);
  renderChoices(page, words, casting.tap);
  voice.say(page, renderStatus(byId("status"), statusOf(page, words)));
}

byId("send").addEventListener("click", casting.submit);
const take = createIntake({ store, ballots, taps, clock });

const line = connect({
  view: "voter",
  onMessage(message) {
    take[message.type]?.(message);
    talk.take(message);
  },
  onChange(connection) {
    store.change({ connection });
    // Another line or none: what has no answer is sent again, when the state has come.
    for (const votes of [ballots, taps]) votes.line(false);
  },
  onLogin: () => location.assign("/login"),
});
