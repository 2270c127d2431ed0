// The chart on the voter's page: loaded only when wanted, since it is larger than all the rest.

import { renderLegend } from "../chart/legend.js";
import { byId, setAttribute, setText } from "../page/dom.js";

const WIDE = "(min-width: 900px)";
const MOST_COLUMNS = 12; // more would be too narrow for their numbers; the list has a bar for each

/** Returns {render(snapshot)}; a wide window wants the chart by itself, a phone on a tap. */
export function chartPanel(words) {
  const toggle = byId("chart-toggle");
  if (toggle === null) return { render() {} };
  const box = byId("drawing"); // the chart, and what its tones mean
  const note = byId("chart-note");
  let chart = null;
  let loading = null;
  let wanted = matchMedia(WIDE).matches;
  let latest = null;

  function missing() {
    loading = null;
    wanted = false;
    note.hidden = false;
    render(latest);
  }

  async function load() {
    const { createChart } = await import("../chart/chart.js");
    chart = createChart(byId("chart"), { letters: () => true, onMissing: missing });
    render(latest);
  }

  function render(snapshot) {
    latest = snapshot;
    const isPossible = snapshot.counts !== null && snapshot.poll.candidates.length <= MOST_COLUMNS;
    toggle.hidden = !isPossible;
    setAttribute(toggle, "aria-expanded", wanted);
    setText(toggle, wanted ? words.chart_hide : words.chart_show);
    box.hidden = !wanted || !isPossible || !note.hidden;
    if (box.hidden) return;
    renderLegend(byId("legend"), snapshot, words);
    if (chart !== null) chart.update(snapshot);
    else loading ??= load().catch(missing);
  }

  toggle.addEventListener("click", () => {
    wanted = !wanted;
    note.hidden = true;
    render(latest);
  });
  return { render };
}
