// The presenter's page: the newest snapshot on the stage. Without a server the picture stays.

import { renderBadge } from "./badge.js";
import { renderCandidates } from "./candidates.js";
import { createChart } from "./chart.js";
import { connect } from "./connection.js";
import { byId, setText } from "./dom.js";
import { fitNames } from "./fit.js";
import { createStore, newest } from "./store.js";
import { clock, fill, readJson } from "./words.js";

const ALIGNED_MAX_COLUMNS = 12; // up to here the names themselves stand under the columns
const words = readJson("words");
const list = byId("candidates");
const stage = document.body.dataset;
const chart = createChart(byId("chart"), {
  letters: () => list.children.length > ALIGNED_MAX_COLUMNS || matchMedia("(max-width: 699px)").matches,
  onDrawn: () => { stage.chart = "live"; },
  onMissing: () => { stage.chart = "plain"; byId("chart-note").hidden = false; },
});

const store = createStore({ snapshot: readJson("snapshot"), connection: { state: "connecting" } }, ({ snapshot, connection }) => {
  const { poll, round, counts, voted, online, ballots, room } = snapshot;
  stage.round = round.state;
  stage.stage = voted === 0 ? "join" : counts === null ? "hidden" : "chart";
  document.title = poll.question;
  setText(byId("question"), poll.question);
  setText(byId("round-line"), words[`round_${round.state}`]);
  const figures = { voted, online, ballots, room };
  for (const place of document.querySelectorAll("[data-figure]")) setText(place, figures[place.dataset.figure]);
  renderCandidates(list, byId("candidate-row"), snapshot);
  if (counts !== null && stage.chart !== "plain") chart.update(snapshot);
  renderBadge(connection, words, sentenceOf(connection));
});

function sentenceOf({ state, since }) {
  if (state === "connected") return words.live;
  return state === "reconnecting" || state === "offline" ? fill(words.away, { time: clock(since) }) : null;
}

function takeSnapshot(message) {
  const before = store.get().snapshot.poll;
  const snapshot = newest(store.get().snapshot, message);
  store.change({ snapshot });
  if (snapshot.poll !== before) fitNames(list);
}

connect({
  view: "screen",
  onMessage: (message) => ["state", "tally"].includes(message.type) && takeSnapshot(message),
  onChange(connection) {
    // A chart that could not be fetched while the server was away is tried again.
    if (connection.state === "connected" && stage.chart === "plain") stage.chart = "waiting";
    store.change({ connection });
  },
  onLogin: () => location.assign("/login"),
});
new ResizeObserver(() => fitNames(list)).observe(list);
