// The column chart; the only file that names Highcharts. It is loaded when first drawn, from
// beside this file.

import { optionsFor, pointsOf, roundsOf, sizesFor } from "./columns.js";

const VENDOR = new URL("../vendor/highcharts/", import.meta.url);
const TICK_MS = 100; // no longer than the time between two updates, or bars lag behind the truth

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
    const { poll, compared } = latest;
    const rounds = roundsOf(latest);
    const structure = JSON.stringify([poll.candidates, letters(), rounds.length, compared?.round]);
    if (structure !== drawn) {
      chart?.destroy();
      chart = Highcharts.chart(container, optionsFor(container, latest, letters()));
      drawn = structure;
    }
    let isNew = false;
    for (const round of rounds) {
      const points = pointsOf(poll, round);
      const series = chart.get(round.id);
      if (points.every(({ y, custom }, index) => isShown(series.points[index], y, custom))) continue;
      series.setData(points, false, false, true);
      isNew = true;
    }
    if (isNew) chart.redraw(animation());
  }

  function fit() {
    if (chart === null || container.clientHeight === 0) return;
    draw(window.Highcharts);
    chart.update(sizesFor(container, latest, letters()), false);
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

function isShown(point, y, { share }) {
  return point.y === y && point.options.custom.share === share;
}

function animation() {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  return still ? false : { duration: TICK_MS, easing: (position) => position };
}
