// The presenter's page: the newest snapshot on the stage. Without a server the picture stays.

import { renderBadge } from "./badge.js";
import { renderCandidates } from "./candidates.js";
import { createChart } from "./chart.js";
import { createClock } from "./clock.js";
import { connect } from "./connection.js";
import { createCountdown } from "./countdown.js";
import { byId } from "./dom.js";
import { fitNames } from "./fit.js";
import { renderLegend } from "./legend.js";
import { renderStage } from "./stage.js";
import { createStore, newest } from "./store.js";
import { clock as timeOfDay, fill, readJson } from "./words.js";

const ALIGNED_MAX_COLUMNS = 12; // up to here the names themselves stand under the columns
const words = readJson("words");
const first = readJson("snapshot");
const list = byId("candidates");
const stage = document.body.dataset;
const clock = createClock(first.now);
const renderCountdown = createCountdown(byId("countdown"), clock);
const chart = createChart(byId("chart"), {
  letters: () => list.children.length > ALIGNED_MAX_COLUMNS || matchMedia("(max-width: 699px)").matches,
  onDrawn: () => { stage.chart = "live"; },
  onMissing: () => { stage.chart = "plain"; byId("chart-note").hidden = false; },
});

const store = createStore({ snapshot: first, connection: { state: "connecting" } }, ({ snapshot, connection }) => {
  renderStage(snapshot, words);
  renderCountdown(snapshot.round);
  renderCandidates(list, byId("candidate-row"), snapshot, words.earlier);
  renderLegend(byId("legend"), snapshot, words);
  if (snapshot.counts !== null && stage.chart !== "plain") chart.update(snapshot);
  renderBadge(connection, words, sentenceOf(connection, snapshot));
});

function sentenceOf({ state, since }, { recording }) {
  if (state === "connected") return recording === false ? words.unsaved : words.live;
  return state === "reconnecting" || state === "offline" ? fill(words.away, { time: timeOfDay(since) }) : null;
}

connect({
  view: "screen",
  onMessage(message) {
    if ("now" in message) clock.heard(message.now, message.askedAt);
    const { poll } = store.get().snapshot;
    const snapshot = newest(store.get().snapshot, message);
    store.change({ snapshot });
    if (snapshot.poll !== poll) fitNames(list);
  },
  onChange(connection) {
    // A chart that could not be fetched while the server was away is tried again.
    if (connection.state === "connected" && stage.chart === "plain") stage.chart = "waiting";
    store.change({ connection });
  },
  onLogin: () => location.assign("/login"),
});
new ResizeObserver(() => fitNames(list)).observe(list);
