// The column chart; the only file that names Highcharts. It is loaded when first drawn, from
// beside this file, and everything that is not a number is escaped: Highcharts reads names as
// HTML and as format strings.

import { colourOf, letterOf } from "./candidates.js";

const VENDOR = new URL("../vendor/highcharts/", import.meta.url);
const TICK_MS = 100; // no longer than the time between two updates, or bars lag behind the truth
const SMALLEST_SCALE = 3; // the first vote is a step, not a full column
const SHARE_MIN_SLOT_PX = 48; // in narrower columns the share could not be read

let loading = null;

function load() {
  loading ??= (async () => {
    // The palette is a file because the content policy forbids the style element Highcharts would write.
    await element("link", { rel: "stylesheet", href: new URL("css/highcharts-palette.css", VENDOR).href });
    await element("script", { src: new URL("highcharts.js", VENDOR).href });
    // Words of the chart itself, such as they are; without them it speaks English.
    if (document.documentElement.lang.startsWith("zh")) {
      await element("script", { src: new URL("i18n/zh-CN.js", VENDOR).href }).catch(() => {});
    }
    return window.Highcharts;
  })();
  loading.catch(() => { loading = null; });
  return loading;
}

function element(tag, attributes) {
  return new Promise((onload, onerror) => {
    document.head.append(Object.assign(document.createElement(tag), attributes, { onload, onerror }));
  });
}

/**
 * A chart in `container` that loads and draws itself at the first `update(snapshot)`.
 *
 * `letters()` says whether letters stand under the columns; `onDrawn()` and `onMissing()` tell how
 * the loading ended, once.
 */
export function createChart(container, { letters, onDrawn = () => {}, onMissing }) {
  let chart = null;
  let latest = null;
  let drawn = ""; // what the present chart was built for
  let started = false;

  function draw(Highcharts) {
    const structure = JSON.stringify([latest.poll.candidates, letters()]);
    if (structure !== drawn) {
      chart?.destroy();
      chart = Highcharts.chart(container, optionsFor(container, latest, letters()));
      drawn = structure;
    }
    const { counts, poll } = latest;
    const series = chart.series[0];
    if (poll.candidates.every(({ id }, index) => series.points[index]?.y === counts[id])) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const animation = still ? false : { duration: TICK_MS, easing: (position) => position };
    series.setData(pointsOf(latest), true, animation, true);
  }

  function fit() {
    if (chart === null || container.clientHeight === 0) return;
    draw(window.Highcharts);
    chart.update(typeFor(container, latest.poll.candidates.length, letters()), false);
    chart.reflow();
    chart.redraw(false);
  }

  function update(snapshot) {
    latest = snapshot;
    if (chart !== null) return draw(window.Highcharts);
    if (started) return;
    started = true;
    load().then(
      (Highcharts) => {
        onDrawn();
        draw(Highcharts);
        new ResizeObserver(fit).observe(container);
      },
      () => { started = false; onMissing(); },
    );
  }

  return { update };
}

function pointsOf({ poll, counts }) {
  return poll.candidates.map(({ id, name }, index) => {
    const { hue, again } = colourOf(index);
    const colour = `var(--hue-${hue})`;
    return {
      id,
      name: escape(`${letterOf(index)} ${name}`),
      y: counts[id] ?? 0,
      color: again ? "var(--ground)" : colour,
      borderColor: again ? colour : "var(--bar-edge)",
      borderWidth: !counts[id] ? 0 : again ? 4 : 2, // a hollow column of height 0 would be a line
    };
  });
}

/** Sizes that follow the container: the numbers are the heroes, but never wider than their column. */
function typeFor(container, columns, hasLetters) {
  const slot = container.clientWidth / columns;
  const height = container.clientHeight;
  const count = Math.round(Math.max(11, Math.min(slot * 0.36, Math.max(height * 0.1, Math.min(height * 0.2, innerHeight * 0.042)), 84)));
  const letter = Math.round(Math.max(12, Math.min(slot * 0.3, height * 0.05, 28)));
  return {
    chart: { marginTop: count * (slot < SHARE_MIN_SLOT_PX ? 1.4 : 2.1), marginBottom: hasLetters ? letter * 1.6 + 22 : 22 },
    xAxis: { labels: { y: letter * 1.3, style: { fontSize: `${letter}px` } } },
    plotOptions: { series: { dataLabels: { style: { fontSize: `${count}px` } } } },
  };
}

function optionsFor(container, snapshot, hasLetters) {
  const { candidates } = snapshot.poll;
  const type = typeFor(container, candidates.length, hasLetters);
  const face = getComputedStyle(container).fontFamily;
  return {
    palette: { injectCSS: false },
    chart: { type: "column", backgroundColor: "transparent", animation: false, margin: 0, spacing: [0, 0, 0, 0], style: { fontFamily: face }, ...type.chart },
    title: { text: "" },
    legend: { enabled: false },
    tooltip: { enabled: false }, // the labels say it all, and a stage has no pointer
    credits: { position: { align: "right", x: -4, verticalAlign: "bottom", y: -4 }, style: { color: "var(--quiet)", fontSize: "12px" } },
    // The page's own list says it all in words, and the module leaks elements with every redraw.
    accessibility: { enabled: false },
    xAxis: {
      categories: candidates.map(({ name }, index) => escape(`${letterOf(index)} ${name}`)),
      lineColor: "var(--edge)",
      lineWidth: 2,
      labels: {
        enabled: hasLetters,
        rotation: 0,
        step: 1,
        formatter: ({ pos }) => letterOf(pos),
        ...type.xAxis.labels,
        style: { ...type.xAxis.labels.style, color: "var(--text)", fontWeight: "700", textOverflow: "none", whiteSpace: "nowrap" },
      },
    },
    yAxis: {
      title: { text: null },
      labels: { enabled: false },
      min: 0,
      softMax: SMALLEST_SCALE, // and no padding above: the labels have the chart's margin
      maxPadding: 0,
      endOnTick: false,
      allowDecimals: false,
      gridLineColor: "var(--faint)",
    },
    plotOptions: {
      series: {
        animation: false,
        borderRadius: 0,
        pointPadding: 0.04,
        groupPadding: 0.12,
        maxPointWidth: 260,
        enableMouseTracking: false,
        states: { hover: { enabled: false }, inactive: { enabled: false } },
        dataLabels: {
          enabled: true,
          padding: 4,
          crop: false, overflow: "allow", allowOverlap: true, // a number is never left out
          formatter() { return labelOf(this); },
          style: { ...type.plotOptions.series.dataLabels.style, color: "var(--text)", fontWeight: "700", textOutline: "none" },
        },
      },
    },
    series: [{ name: "", data: pointsOf(snapshot) }],
  };
}

// Numbers only, so nothing to escape. The class, not a style attribute: the content policy forbids it.
function labelOf({ y, series }) {
  if (series.chart.plotWidth / series.points.length < SHARE_MIN_SLOT_PX) return String(y);
  return `${y}<br><span class="chart-share">${shareOf(series, y)}</span>`;
}

function shareOf(series, y) {
  const total = series.points.reduce((sum, point) => sum + point.y, 0);
  return `${total ? Math.round((y * 100) / total) : 0}%`;
}

function escape(text) {
  return text.replace(/[&<>"'{}]/g, (character) => `&#${character.codePointAt(0)};`);
}
