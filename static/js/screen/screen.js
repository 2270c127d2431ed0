// All that the screen shows, drawn from one state: the stage, the code to join, the candidates as
// columns or rows. It decides nothing about the room, and speaks to no server.

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
import { renderStage, sentenceOf } from "./stage.js";

/** Returns draw(state); `onMissing` is called when the chart cannot be had, and rows take over. */
export function createScreen(words, clock, onMissing) {
  const list = byId("candidates");
  const stage = document.body.dataset;
  const renderCountdown = createCountdown(byId("countdown"), clock);
  const layOut = createLayout(list);
  const chart = createChart(byId("chart"), {
    letters: () => false, // the names stand below their columns
    onDrawn: () => { stage.chart = "live"; },
    onMissing: () => { stage.chart = "plain"; onMissing(); },
  });
  let order = [];
  let worn = null; // the look as it is, which no news from the server touches

  return function draw({ snapshot, connection, look, chosenCode }) {
    const { poll, round, counts } = snapshot;
    if (look !== worn) applyLook(look);
    worn = look;
    renderStage(snapshot, words);
    stage.code = codeOf(chosenCode, stage.stage);
    renderInvitation(snapshot.join);
    renderCountdown(round);
    renderBadge(connection, words, sentenceOf(connection, snapshot, words));
    renderCandidates(list, byId("candidate-row"), snapshot, "{n}");
    renderLegend(byId("legend"), snapshot, words);
    order = look.sort === "ranked" ? rankedOrder(snapshot, order) : ballotOrder(poll);
    orderRows(list, order, snapshot);
    const around = [stage.code, stage.stage, stage.compared, connection.state, round.state, round.closes_at, round.rehearsal];
    layOut({ poll, isPlain: stage.chart === "plain", text: look.text, around });
    if (counts !== null && stage.layout === "columns") chart.update(snapshot, { order, style: look.columns });
  };
}
