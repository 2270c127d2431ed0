// Which shape the candidates take on the screen: columns with their names below, rows, or rows in
// several columns; and what gives way where even so it is more than one window holds. It measures,
// and never changes what a row says.

import { rowOf } from "../page/candidates.js";

const MOST_COLUMNS = 12;
const MOST_ROWS = 24; // of one column of rows
const ROWS_IN_PAIRS = 25; // fifty fill two columns; each 25 more begin another one
const MOST_LINES = 3; // of a name under its column
const LEAST_DIGITS = 3; // so that neither the tenth vote nor the hundredth moves anything
const USUAL_TEXT = 1; // of the sizes in present.css
const TIGHTEST = 3; // of the steps in present.css

const stage = document.body.dataset;

/**
 * Returns layOut(facts), which measures again when anything among the facts is not as it was. A
 * window below `narrowest` pixels gets no columns, and may scroll.
 */
export function createLayout(list, narrowest = 700) {
  let seen = "";
  return function layOut(facts) {
    const about = JSON.stringify([facts, innerWidth, innerHeight]);
    if (about === seen) return;
    seen = about;
    // Larger text than fits would push candidates off the stage, unless that is wanted.
    for (let text = facts.text ?? USUAL_TEXT; ; text -= 1) {
      if (facts.text !== undefined) document.documentElement.dataset.text = text;
      shape(list, facts, narrowest);
      if (text <= USUAL_TEXT || facts.mayScroll || innerWidth < narrowest || isOneWindow()) return;
    }
  };
}

function shape(list, { poll, isPlain }, narrowest) {
  const number = poll.candidates.length;
  stage.tight = 0;
  stage.layout = number > MOST_ROWS ? "pairs" : isPlain || !areNamesFitting(list, narrowest) ? "rows" : "columns";
  if (stage.layout === "columns") return;
  measureRows(list, number);
  for (let step = 1; step <= TIGHTEST && innerWidth >= narrowest && !isOneWindow(); step += 1) stage.tight = step;
}

const isOneWindow = () => document.documentElement.scrollHeight <= innerHeight;

/** Put the rows in an order, and keep a place for the digits of the largest count. */
export function orderRows(list, order, { counts, compared }) {
  order.forEach((id, place) => {
    const row = rowOf(list, id);
    if (row.style.order !== String(place)) row.style.order = place; // the ballot's order stays in the page
  });
  const largest = Math.max(0, ...Object.values(counts ?? {}), ...Object.values(compared?.counts ?? {}));
  list.style.setProperty("--digits", Math.max(LEAST_DIGITS, String(largest).length));
}

/** Whether each name stands whole under its column, beside the code in its corner. */
function areNamesFitting(list, narrowest) {
  if (list.children.length > MOST_COLUMNS || innerWidth < narrowest) return false;
  const { code } = stage;
  stage.layout = "columns";
  if (code === "big") stage.code = "corner";
  const isFitting = [...list.querySelectorAll(".name")].every((name) => {
    const line = parseFloat(getComputedStyle(name).lineHeight);
    return name.scrollWidth <= name.clientWidth + 1 && name.scrollHeight < line * (MOST_LINES + 0.5);
  });
  stage.code = code;
  return isFitting;
}

/** Tell the style sheet the width of the longest name, so that the bars begin behind it. */
function measureRows(list, number) {
  const columns = number > MOST_ROWS ? Math.max(2, Math.ceil(number / ROWS_IN_PAIRS)) : 1;
  list.style.setProperty("--lines", Math.ceil(number / columns));
  list.toggleAttribute("data-measuring", true);
  const longest = Math.max(...[...list.querySelectorAll(".name")].map((name) => name.offsetWidth));
  list.toggleAttribute("data-measuring", false);
  list.style.setProperty("--longest", `${Math.ceil(longest)}px`);
}
