// The list of candidates on every page: rows from the page's own <template>, numbers into their spans.

import { setAttribute, setText } from "./dom.js";

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

/** Shares in percent, as {id: 41.9…}; the sum is what was chosen, so that they add up. */
export function sharesOf(counts) {
  const total = Object.values(counts).reduce((sum, n) => sum + n, 0);
  return Object.fromEntries(Object.entries(counts).map(([id, n]) => [id, total ? (n * 100) / total : 0]));
}

/** Show `snapshot` in `list`; rows are made anew only when the candidates changed. */
export function renderCandidates(list, template, { poll, counts }) {
  const { candidates } = poll;
  if (!isShowing(list, candidates)) {
    list.replaceChildren(...candidates.map((candidate, index) => makeRow(template, candidate, index)));
    list.dataset.size = crowdOf(candidates.length);
  }
  list.dataset.numbers = counts ? "shown" : "hidden";
  const shares = sharesOf(counts ?? {});
  for (const { id } of candidates) {
    const row = rowOf(list, id);
    setText(row.querySelector(".count"), counts ? (counts[id] ?? 0) : "");
    setText(row.querySelector(".share"), counts ? `${Math.round(shares[id] ?? 0)}%` : "");
    setAttribute(row.querySelector(".strip rect"), "width", `${Number((shares[id] ?? 0).toFixed(2))}%`);
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
