// The time that is left in a round, in whole seconds by the server's clock. It redraws itself when
// the second changes, and decides nothing but how that looks.

import { setText } from "./dom.js";

const LAST_SECONDS = 10;

/** Whether a round takes ballots now; its countdown ends before the server's word of it comes. */
export function takesBallots({ state, closes_at }, clock) {
  return state === "open" && (closes_at === null || clock.now() < closes_at);
}

/**
 * Show countdowns in `element`; returns render(round), for every change of the round.
 *
 * `ended()` is called when one reaches 0:00. What can be told from `data-countdown`: running, the
 * last seconds, over (the round has closed, and the place is kept), none.
 */
export function createCountdown(element, clock, ended = () => {}) {
  let timer;

  function render(round) {
    clearTimeout(timer);
    const { state, closes_at } = round;
    const left = closes_at === null ? 0 : Math.max(0, closes_at - clock.now());
    if (left === Infinity) return; // the clock has heard nothing yet; what the server drew stands
    const seconds = Math.ceil(left / 1000);
    element.hidden = closes_at === null;
    element.dataset.countdown = closes_at === null ? "none" : state !== "open" ? "over" : seconds <= LAST_SECONDS ? "last" : "running";
    setText(element, minutes(seconds));
    if (state !== "open" || left === 0) return;
    timer = setTimeout(() => {
      render(round);
      if (clock.now() >= closes_at) ended();
    }, left % 1000 || 1000);
  }

  return render;
}

/** 83 → "1:23", 3683 → "1:01:23"; the same in every language. */
export function minutes(seconds) {
  const [hours, rest] = [Math.floor(seconds / 3600), seconds % 3600];
  const pad = (n) => String(n).padStart(2, "0");
  return `${hours ? `${hours}:${pad(Math.floor(rest / 60))}` : Math.floor(rest / 60)}:${pad(rest % 60)}`;
}
