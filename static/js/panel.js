// The chart on the voter's page: loaded only when wanted, since it is larger than all the rest.

import { byId, setAttribute, setText } from "./dom.js";

const WIDE = "(min-width: 900px)";

/** Returns {render(snapshot)}; a wide window wants the chart by itself, a phone on a tap. */
export function chartPanel(words) {
  const toggle = byId("chart-toggle");
  if (toggle === null) return { render() {} };
  const box = byId("chart");
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
    const { createChart } = await import("./chart.js");
    chart = createChart(box, { letters: () => true, onMissing: missing });
    render(latest);
  }

  function render(snapshot) {
    latest = snapshot;
    const hasNumbers = snapshot.counts !== null;
    toggle.hidden = !hasNumbers;
    setAttribute(toggle, "aria-expanded", wanted);
    setText(toggle, wanted ? words.chart_hide : words.chart_show);
    box.hidden = !wanted || !hasNumbers || !note.hidden;
    if (box.hidden) return;
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
