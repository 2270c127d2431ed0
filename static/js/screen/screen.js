// All that the screen shows, drawn from one state: the stage, the code to join, the candidates as
// columns or rows, the wall beside them, one message over them. It decides nothing about the room, and
// speaks to no server.

import { createChart } from "../chart/chart.js";
import { renderLegend } from "../chart/legend.js";
import { ballotOrder, rankedOrder } from "../chart/order.js";
import { renderBadge } from "../page/badge.js";
import { renderCandidates } from "../page/candidates.js";
import { createCountdown } from "../page/countdown.js";
import { byId } from "../page/dom.js";
import { codeOf, renderInvitation } from "./invitation.js";
import { createLayout, orderRows } from "./layout.js";
import { applyLook } from "./look.js";
import { createSpotlight, isLit } from "./spotlight.js";
import { renderStage, sentenceOf } from "./stage.js";
import { createWall } from "./wall.js";

/**
 * Returns draw(state), which answers what is said of the line to the server; `again()` is called when
 * the state has to be drawn once more: the chart has come, or cannot be had, and rows take over.
 */
export function createScreen(words, clock, announce, again) {
  const list = byId("candidates");
  const stage = document.body.dataset;
  const renderCountdown = createCountdown(byId("countdown"), clock);
  const layOut = createLayout(list);
  const [renderWall, renderSpotlight] = [createWall(words), createSpotlight(announce, words)];
  const chart = createChart(byId("chart"), {
    letters: () => false, // the names stand below their columns
    onDrawn: () => { stage.chart = "live"; again(); },
    onMissing: () => { stage.chart = "plain"; again(); },
  });
  let order = [];
  let ordered = null; // the round that it is of
  let worn = null; // the look as it is, which no news from the server touches

  return function draw({ snapshot, connection, look, chosenCode, heard }) {
    const { poll, round, counts } = snapshot;
    if (look !== worn) applyLook(look);
    worn = look;
    renderStage(snapshot, words);
    Object.assign(stage, { wall: look.wall && snapshot.talk ? "shown" : "none", spotlight: isLit(snapshot) ? "on" : "none" });
    stage.code = codeOf(chosenCode, stage);
    renderInvitation(snapshot.join);
    renderCountdown(round);
    const line = sentenceOf(connection, snapshot, words);
    renderBadge(connection, words, line);
    renderCandidates(list, byId("candidate-row"), snapshot, "{n}");
    renderLegend(byId("legend"), snapshot, words);
    if (round.id !== ordered) order = []; // who led before leads no more
    ordered = round.id;
    order = look.sort === "ranked" ? rankedOrder(snapshot, order) : ballotOrder(poll);
    orderRows(list, order, snapshot);
    const around = [stage.code, stage.wall, stage.spotlight, stage.stage, stage.compared, connection.state, round.state, round.closes_at, round.rehearsal];
    const isRetried = stage.chart === "retried";
    layOut({ poll, isPlain: isRetried || stage.chart === "plain", text: look.text, mayScroll: look.scrolls, around });
    if (counts !== null && (isRetried || stage.layout === "columns")) chart.update(snapshot, { order, style: look.columns });
    if (stage.wall === "shown") renderWall(heard.list, snapshot.talk);
    renderSpotlight(snapshot, heard.list);
    return line;
  };
}
