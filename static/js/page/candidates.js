// The list of candidates on every page: rows from the page's own <template>, numbers into their spans.

import { setAttribute, setText } from "./dom.js";
import { fill } from "./words.js";

/** What a full column or bar stands for, at least: so the first vote is a step, not a triumph. */
export const SMALLEST_SCALE = 3;

const COLOURS = 8;
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** 0 → A, 25 → Z, 26 → AA. */
export function letterOf(index) {
  const first = index >= LETTERS.length ? LETTERS[Math.floor(index / LETTERS.length) - 1] : "";
  return first + LETTERS[index % LETTERS.length];
}

/** The colour's number in tokens.css, and whether it comes for the second time. */
export function colourOf(index) {
  return { hue: index % COLOURS, again: index >= COLOURS };
}

/** A share in percent. It is of ballots: where each may name several candidates, they pass 100 %. */
export function shareOf(count, ballots) {
  return ballots ? (count * 100) / ballots : 0;
}

/** Whether an earlier round can be shown: next to numbers that are hidden it would be a hint. */
export const isComparing = ({ compared, counts }) => compared !== null && counts !== null;

/**
 * Show `snapshot` in `list`; rows are made anew only when the candidates changed. With
 * `earlier`, the words for the count of the round compared, that is told too. A bar is the share of
 * all ballots; in a list with `data-bars="leader"`, read from afar, the leader's fills its place.
 */
export function renderCandidates(list, template, snapshot, earlier) {
  const { poll, counts, ballots, compared } = snapshot;
  const { candidates } = poll;
  if (!isShowing(list, candidates)) {
    list.replaceChildren(...candidates.map((candidate, index) => makeRow(template, candidate, index)));
    list.dataset.size = crowdOf(candidates.length);
  }
  list.dataset.numbers = counts ? "shown" : "hidden";
  const whole = list.dataset.bars === "leader" ? Math.max(SMALLEST_SCALE, ...Object.values(counts ?? {})) : ballots;
  for (const { id } of candidates) {
    const row = rowOf(list, id);
    const count = counts?.[id] ?? 0;
    const share = shareOf(count, ballots);
    setText(row.querySelector(".count"), counts ? count : "");
    setText(row.querySelector(".share"), counts ? `${Math.round(share)}%` : "");
    const before = earlier && isComparing(snapshot) ? compared.counts[id] : undefined;
    setText(row.querySelector(".earlier"), before === undefined ? "" : fill(earlier, { n: before }));
    setAttribute(row.querySelector(".strip rect"), "width", `${Number(shareOf(count, whole).toFixed(2))}%`);
  }
}

/** The element of one candidate. */
export function rowOf(list, id) {
  return list.querySelector(`[data-candidate="${CSS.escape(id)}"]`);
}

function crowdOf(number) {
  return number <= 6 ? "few" : number <= 12 ? "some" : number <= 24 ? "many" : "crowd";
}

function isShowing(list, candidates) {
  const rows = [...list.querySelectorAll("[data-candidate]")];
  return (
    rows.length === candidates.length &&
    rows.every((row, index) => {
      const { id, name } = candidates[index];
      return row.dataset.candidate === id && row.querySelector(".name").textContent === name;
    })
  );
}

function makeRow(template, { id, name }, index) {
  const item = template.content.firstElementChild.cloneNode(true);
  const row = item.matches("[data-candidate]") ? item : item.querySelector("[data-candidate]");
  const { hue, again } = colourOf(index);
  row.dataset.candidate = id;
  row.dataset.hue = hue;
  row.toggleAttribute("data-again", again);
  row.querySelector(".letter").textContent = letterOf(index);
  row.querySelector(".name").textContent = name;
  row.querySelector(".share").dataset.share = id;
  row.querySelector(".count").dataset.count = id;
  return item;
}
