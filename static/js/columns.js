// How the chart looks: its columns, colours and sizes. Everything that is not a number is escaped,
// since names are read as HTML and as format strings there.

import { colourOf, isComparing, letterOf, shareOf } from "./candidates.js";

const SMALLEST_SCALE = 3; // the first vote is a step, not a full column
const SHARE_MIN_SLOT_PX = 48; // in narrower columns the share could not be read

/** The rounds that stand side by side, the earlier one first, as [{id, counts, ballots}]. */
export function roundsOf(snapshot) {
  const { compared, counts, ballots } = snapshot;
  const earlier = isComparing(snapshot) ? [{ ...compared, id: "earlier" }] : [];
  return [...earlier, { id: "present", counts, ballots }];
}

/** One round's columns. A candidate that the round did not have gets none. */
export function pointsOf({ candidates }, { counts, ballots }) {
  return candidates.map(({ id, name }, index) => {
    const { hue, again } = colourOf(index);
    const colour = `var(--hue-${hue})`;
    return {
      id,
      name: escape(`${letterOf(index)} ${name}`),
      y: counts[id] ?? null,
      custom: { share: `${Math.round(shareOf(counts[id] ?? 0, ballots))}%` },
      color: again ? "var(--ground)" : colour,
      borderColor: again ? colour : "var(--bar-edge)",
      borderWidth: !counts[id] ? 0 : again ? 4 : 2, // a hollow column of height 0 would be a line
    };
  });
}

/** Sizes that follow the container: the numbers are the heroes, but never wider than their column. */
export function sizesFor(container, snapshot, hasLetters) {
  const place = container.clientWidth / snapshot.poll.candidates.length;
  const slot = place / roundsOf(snapshot).length;
  const height = container.clientHeight;
  const count = Math.round(Math.max(11, Math.min(slot * 0.36, Math.max(height * 0.1, Math.min(height * 0.2, innerHeight * 0.042)), 84)));
  const letter = Math.round(Math.max(12, Math.min(place * 0.3, height * 0.05, 28)));
  return {
    chart: { marginTop: 8 + count * (slot < SHARE_MIN_SLOT_PX ? 1.3 : 2.1), marginBottom: hasLetters ? letter * 1.6 + 22 : 22 },
    xAxis: { labels: { y: letter * 1.3, style: { fontSize: `${letter}px` } } },
    plotOptions: { series: { dataLabels: { style: { fontSize: `${count}px` } } } },
  };
}

/** The whole chart of a snapshot. */
export function optionsFor(container, snapshot, hasLetters) {
  const { poll } = snapshot;
  const sizes = sizesFor(container, snapshot, hasLetters);
  const face = getComputedStyle(container).fontFamily;
  return {
    palette: { injectCSS: false },
    chart: { type: "column", backgroundColor: "transparent", animation: false, margin: 0, spacing: [0, 0, 0, 0], style: { fontFamily: face }, ...sizes.chart },
    title: { text: "" },
    legend: { enabled: false }, // the page has one, in its own words
    tooltip: { enabled: false }, // the labels say it all, and a stage has no pointer
    credits: { position: { align: "right", x: -4, verticalAlign: "bottom", y: -4 }, style: { color: "var(--quiet)", fontSize: "12px" } },
    // The page's own list says it all in words, and the module leaks elements with every redraw.
    accessibility: { enabled: false },
    xAxis: {
      categories: poll.candidates.map(({ name }, index) => escape(`${letterOf(index)} ${name}`)),
      lineColor: "var(--edge)",
      lineWidth: 2,
      labels: {
        enabled: hasLetters,
        rotation: 0,
        step: 1,
        formatter: ({ pos }) => letterOf(pos),
        ...sizes.xAxis.labels,
        style: { ...sizes.xAxis.labels.style, color: "var(--text)", fontWeight: "700", textOverflow: "none", whiteSpace: "nowrap" },
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
          formatter() { return labelOf(this.point ?? this); },
          style: { ...sizes.plotOptions.series.dataLabels.style, color: "var(--text)", fontWeight: "700", textOutline: "none" },
        },
      },
    },
    series: roundsOf(snapshot).map((round) => ({
      id: round.id,
      name: "",
      className: `chart-${round.id}`, // base.css makes the earlier round's columns paler
      data: pointsOf(poll, round),
      dataLabels: round.id === "earlier" ? { style: { color: "var(--quiet)", fontWeight: "600" } } : {},
    })),
  };
}

// Numbers only, so nothing to escape. The class, not a style attribute: the content policy forbids it.
function labelOf({ y, series, options }) {
  const { chart, points } = series;
  if (chart.plotWidth / points.length / chart.series.length < SHARE_MIN_SLOT_PX) return String(y);
  return `${y}<br><span class="chart-share">${options.custom.share}</span>`;
}

function escape(text) {
  return text.replace(/[&<>"'{}]/g, (character) => `&#${character.codePointAt(0)};`);
}
