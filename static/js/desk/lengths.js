// The lengths of countdowns that are offered: for the next round, and for the one that is open.

import { byId, setText } from "../page/dom.js";
import { fill } from "../page/words.js";

/** Preselect the proposal once for each text and round; a choice made since then stands. */
export function renderProposed({ poll, polls, round }, words) {
  const select = byId("seconds");
  const newest = polls.find(({ id }) => id === poll.id) ?? poll;
  const about = `${poll.id} ${newest.defined} ${round.id}`;
  if (select.dataset.about === about) return;
  select.dataset.about = about;
  const wanted = newest.countdown ?? "";
  if (![...select.options].some(({ value }) => value === String(wanted))) {
    select.append(new Option(sayLength(wanted, words), wanted));
  }
  select.value = wanted;
}

/** Offer a countdown, or more of the one that runs. */
export function renderLengths({ round }, words) {
  const runs = round.closes_at !== null;
  const place = document.querySelector(".lengths");
  place.dataset.runs = runs;
  for (const form of place.querySelectorAll("form")) {
    const { value } = form.elements.seconds;
    if (value) setText(form.querySelector("button"), (runs ? "+" : "") + sayLength(value, words));
  }
}

function sayLength(seconds, words) {
  return seconds % 60 ? fill(words.seconds, { n: seconds }) : fill(words.minutes, { n: seconds / 60 });
}
