// The page for slides and streams: the newest snapshot as a chart alone. Without a server the picture
// stays.

import { createChart } from "./chart/chart.js";
import { renderLegend } from "./chart/legend.js";
import { ballotOrder } from "./chart/order.js";
import { connect } from "./line/connection.js";
import { createStore, newest } from "./line/store.js";
import { createAnnouncer } from "./page/announce.js";
import { awaySentence } from "./page/badge.js";
import { isComparing, renderCandidates } from "./page/candidates.js";
import { byId, setText } from "./page/dom.js";
import { fillCount, readJson } from "./page/words.js";
import { createLayout, orderRows } from "./screen/layout.js";
import { createReport } from "./screen/report.js";

const [words, first] = [readJson("words"), readJson("snapshot")];
const [list, stage] = [byId("candidates"), document.body.dataset];
const announce = createAnnouncer(byId("announcer"));
const report = createReport(announce, words);
const layOut = createLayout(list, 320); // pixels: a frame may be small and seen from near
const chart = createChart(byId("chart"), {
  letters: () => false,
  onDrawn: () => { stage.chart = "live"; store.change({}); },
  onMissing: () => { stage.chart = "plain"; store.change({}); },
});

function render({ snapshot, connection }) {
  const { poll, round, counts, voted, room } = snapshot;
  const away = awaySentence(connection, words);
  Object.assign(stage, { connection: connection.state, round: round.state, compared: isComparing(snapshot) });
  stage.stage = voted === 0 && !isComparing(snapshot) ? "waiting" : counts === null ? "hidden" : "chart";
  document.title = poll.question;
  setText(byId("question"), poll.question);
  setText(byId("instead"), stage.stage === "waiting" ? words[`round_${round.state}`] : fillCount(words.turnout, voted, { voted, all: room }));
  byId("rehearsal").hidden = !round.rehearsal;
  byId("away").hidden = away === null;
  setText(byId("away"), away ?? "");
  renderCandidates(list, byId("candidate-row"), snapshot, "{n}");
  renderLegend(byId("legend"), snapshot, words);
  orderRows(list, ballotOrder(poll), snapshot);
  const isRetried = stage.chart === "retried";
  layOut({ poll, isPlain: isRetried || stage.chart === "plain", around: [stage.stage, stage.compared, round.rehearsal] });
  if (stage.stage === "chart" && (isRetried || stage.layout === "columns")) chart.update(snapshot, { style: stage.columns });
  report(snapshot, away ?? words.live);
}

const store = createStore({ snapshot: first, connection: { state: "connecting" } }, render);

addEventListener("resize", () => store.change({}));
connect({
  view: "screen",
  onMessage: (message) => store.change({ snapshot: newest(store.get().snapshot, message) }),
  onChange(connection) {
    const isBack = connection.state === "connected" && store.get().connection.state !== "connecting";
    if (isBack && stage.chart === "plain") stage.chart = "retried"; // the rows stay until it is there
    store.change({ connection });
  },
  onLogin: () => location.reload(),
});
