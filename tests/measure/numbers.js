// Whether everything on a page that tells a count tells the same.

import { SEEN } from "./texts.js";

const SLACK_PERCENT = 0.05;

/** What tells something else than these counts, by span, share, strip and chart; with null, what tells any. */
export function disagreements(wanted, ballots) {
  const rows = [...document.querySelectorAll("[data-candidate]")].map(tellingOf);
  const points = drawn();
  if (wanted === null) return [...rows.filter(({ count, share }) => count || share), ...(points ? [points] : [])];
  const most = Math.max(...Object.values(wanted));
  const longest = Math.max(...rows.map(({ length }) => length));
  const isRight = ({ id, count, share, length }) => {
    const percent = ballots ? Math.round((wanted[id] * 100) / ballots) : 0;
    // Some pages draw shares of all, some of the leader: in both, twice the count is twice as long.
    const isInProportion = Math.abs(length * most - longest * wanted[id]) <= SLACK_PERCENT * most;
    const isDrawn = points === null || points[id] === wanted[id];
    return count === String(wanted[id]) && share === `${percent}%` && isInProportion && isDrawn;
  };
  const missing = Object.keys(wanted).filter((id) => rows.every((row) => row.id !== id));
  return [...missing, ...rows.filter((row) => !isRight(row)).map((row) => ({ ...row, wanted: wanted[row.id], points }))];
}

function tellingOf(row) {
  const textOf = (selector) => row.querySelector(selector).textContent;
  const length = parseFloat(row.querySelector(".strip rect").getAttribute("width"));
  return { id: row.dataset.candidate, count: textOf("[data-count]"), share: textOf("[data-share]"), length };
}

/** What the page's chart draws of the present round, by candidate; null while none is to be seen. */
function drawn() {
  const chart = window.Highcharts?.charts.find(Boolean);
  if (!chart?.container.checkVisibility(SEEN)) return null;
  return Object.fromEntries(chart.get("present").points.map(({ id, y }) => [id, y]));
}
