// How the chart looks: its columns and colours. Everything that is not a number is escaped, since
// names are read as HTML and as format strings there.

import { colourOf, isComparing, letterOf, shareOf, SMALLEST_SCALE } from "../page/candidates.js";
import { GROUP_PADDING } from "./sizes.js";

const DEPTH_PX = 90;
// Seen from straight ahead and a little above: the fronts stand upright on one line, over their names,
// and as high as they do flat; only tops and inner sides show the depth.
const DEEP = { enabled: true, alpha: 5, beta: 0, depth: DEPTH_PX, viewDistance: 36, fitToPlot: false, frame: { visible: false } };
const PALE = { earlier: 45, again: 50 }; // percent of the colour in a body's, whose inside would show if it were translucent

/** The rounds that stand side by side, the earlier one first, as [{id, counts, ballots}]. */
export function roundsOf(snapshot) {
  const { compared, counts, ballots } = snapshot;
  const earlier = isComparing(snapshot) ? [{ ...compared, id: "earlier" }] : [];
  return [...earlier, { id: "present", counts, ballots }];
}

/** One round's columns, each at its place in `order`. A candidate that the round did not have gets none. */
export function pointsOf({ snapshot, order, isDeep }, round) {
  const { counts, ballots } = round;
  return snapshot.poll.candidates.map(({ id, name }, index) => ({
    id,
    name: plain(`${letterOf(index)} ${name}`),
    x: order.indexOf(id),
    y: counts[id] ?? null,
    custom: { share: `${Math.round(shareOf(counts[id] ?? 0, ballots))}%` },
    ...(isDeep ? body(index, round) : face(index, counts[id])),
  }));
}

function face(index, count) {
  const { hue, again } = colourOf(index);
  const colour = `var(--hue-${hue})`;
  return {
    className: again ? "chart-again" : "", // base.css washes its colour out
    color: colour,
    borderColor: again ? `var(--again-edge, ${colour})` : "var(--bar-edge)",
    borderWidth: !count ? 0 : again ? 3 : 2, // the edge of a column of height 0 would be a line
  };
}

function body(index, round) {
  const { hue, again } = colourOf(index);
  const colour = `var(--hue-${hue})`;
  const parts = [again && PALE.again, round.id === "earlier" && PALE.earlier].filter(Boolean);
  return { color: parts.reduce((mixed, part) => `color-mix(in srgb, ${mixed} ${part}%, var(--ground))`, colour) };
}

/** What stands at the places under the columns: the letters of `order`. */
export function categoriesOf({ candidates }, order) {
  return order.map((id) => letterOf(candidates.findIndex((candidate) => candidate.id === id)));
}

/** The whole chart but for its sizes. */
export function optionsFor(container, page) {
  const { snapshot, order, hasLetters, isDeep } = page;
  return {
    palette: { injectCSS: false },
    chart: {
      type: "column",
      backgroundColor: "transparent",
      animation: false,
      margin: 0,
      spacing: [0, 0, 0, 0],
      style: { fontFamily: getComputedStyle(container).fontFamily },
      ...(isDeep ? { options3d: DEEP } : {}),
    },
    title: { text: "" },
    legend: { enabled: false }, // the page has one, in its own words
    tooltip: { enabled: false }, // the labels say it all, and a stage has no pointer
    credits: { position: { align: "right", x: -4, verticalAlign: "bottom", y: -4 }, style: { color: "var(--quiet)", fontSize: "12px" } },
    // The page's own list says it all in words, and the module leaks elements with every redraw.
    accessibility: { enabled: false },
    xAxis: {
      categories: categoriesOf(snapshot.poll, order),
      lineColor: "var(--edge)",
      lineWidth: 2,
      labels: {
        enabled: hasLetters,
        rotation: 0,
        step: 1,
        style: { color: "var(--text)", fontWeight: "700", textOverflow: "none", whiteSpace: "nowrap" },
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
        groupPadding: GROUP_PADDING,
        maxPointWidth: 260,
        enableMouseTracking: false,
        states: { hover: { enabled: false }, inactive: { enabled: false } },
        dataLabels: {
          enabled: true,
          padding: 4,
          crop: false,
          overflow: "allow",
          allowOverlap: true, // a number is never left out
          formatter() { return labelOf(this.point ?? this); },
          style: { color: "var(--text)", fontWeight: "700", textOutline: "none" },
        },
      },
      column: { depth: DEPTH_PX, edgeColor: "var(--bar-edge)", edgeWidth: 2 },
    },
    series: roundsOf(snapshot).map((round) => ({
      id: round.id,
      name: "",
      className: `chart-${round.id}`, // base.css makes the earlier round's columns paler
      data: pointsOf(page, round),
      dataLabels: round.id === "earlier" ? { style: { color: "var(--quiet)", fontWeight: "600" } } : {},
    })),
  };
}

// Numbers only, so nothing to escape. The class, not a style attribute: the content policy forbids it.
function labelOf({ y, series, options }) {
  if (!series.options.custom?.hasShares) return String(y);
  return `${y}<br><span class="chart-share">${options.custom.share}</span>`;
}

/** Text that is neither HTML nor a format string to the chart. */
function plain(text) {
  return text.replace(/[&<>"'{}]/g, (character) => `&#${character.codePointAt(0)};`);
}
