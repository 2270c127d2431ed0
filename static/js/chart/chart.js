// The column chart: it loads itself when first drawn, and then follows what it is told. How it looks
// is in columns.js and sizes.js.

import { categoriesOf, optionsFor, pointsOf, roundsOf } from "./columns.js";
import { loadDepth, loadLibrary } from "./library.js";
import { ballotOrder } from "./order.js";
import { sizesFor } from "./sizes.js";

const TICK_MS = 100; // no longer than the time between two updates, or bars lag behind the truth

/**
 * A chart in `container` that loads and draws itself at the first `update(snapshot)`.
 *
 * `letters()` says whether letters stand under the columns; `onDrawn()` and `onMissing()` tell how
 * the loading ended, once. `order` is the ids of the candidates from left to right, left out as on
 * the ballot; `style` is "flat" or "3d", which stays flat where the file for it is missing.
 */
export function createChart(container, { letters, onDrawn = () => {}, onMissing }) {
  let library = null;
  let chart = null;
  let latest = null;
  let built = ""; // what the present chart was built for
  let sized = ""; // the sizes that it has
  let started = false;
  let hasDepth = false;

  function draw() {
    const { snapshot, order, style } = latest;
    const page = { snapshot, order, hasLetters: letters(), isDeep: hasDepth && style === "3d" };
    const structure = JSON.stringify([snapshot.poll.candidates, page.hasLetters, page.isDeep, snapshot.compared?.round, roundsOf(snapshot).length]);
    const isBuilt = structure === built;
    if (!isBuilt) {
      chart?.destroy();
      chart = library.chart(container, optionsFor(container, page));
      [built, sized] = [structure, ""];
    }
    const changes = [resize(page), rename(page), count(page)];
    if (changes.includes(true)) chart.redraw(isBuilt && animation());
  }

  function resize(page) {
    const sizes = sizesFor({ width: container.clientWidth, height: container.clientHeight }, innerHeight, page);
    if (JSON.stringify(sizes) === sized) return false;
    chart.update(sizes, false);
    sized = JSON.stringify(sizes);
    return true;
  }

  function rename({ snapshot, order }) {
    const [axis] = chart.xAxis;
    const categories = categoriesOf(snapshot.poll, order);
    if (categories.every((category, place) => category === axis.categories[place])) return false;
    axis.setCategories(categories, false);
    return true;
  }

  function count(page) {
    const rounds = roundsOf(page.snapshot).filter((round) => {
      const series = chart.get(round.id);
      const points = pointsOf(page, round);
      if (points.every((point, index) => isShown(series.points[index], point))) return false;
      series.setData(points, false, false, true);
      return true;
    });
    return rounds.length > 0;
  }

  function fit() {
    if (chart === null || container.clientHeight === 0) return;
    chart.reflow();
    draw();
  }

  async function load() {
    try {
      library = await loadLibrary();
    } catch {
      started = false;
      return onMissing();
    }
    onDrawn();
    draw();
    if (latest.style === "3d" && !hasDepth) deepen();
    new ResizeObserver(fit).observe(container);
  }

  async function deepen() {
    hasDepth = await loadDepth().then(() => true, () => false);
    if (chart !== null) draw();
  }

  function update(snapshot, { order = ballotOrder(snapshot.poll), style = "flat" } = {}) {
    const wasDeep = latest?.style === "3d";
    latest = { snapshot, order, style };
    if (style === "3d" && !wasDeep) deepen();
    if (library !== null) return draw();
    if (started) return;
    started = true;
    load();
  }

  return { update };
}

function isShown(point, { x, y, custom }) {
  return point.x === x && point.y === y && point.options.custom.share === custom.share;
}

function animation() {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  return still ? false : { duration: TICK_MS, easing: (position) => position };
}
