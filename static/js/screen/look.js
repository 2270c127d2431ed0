// How the presenter likes the screen: theme, size of text, order, style of columns, keys, wall.
// Remembered by this browser, and nobody else's business.

import { byId } from "../page/dom.js";

const PLACE = "screen"; // early.js reads it too
const SIZES = 4; // 0 is smaller than usual, the last is twice as large; sizes are in present.css

const NEXT = {
  theme: ({ theme }) => ({ theme: theme === "dark" ? "light" : "dark" }),
  // Larger than fits is had by asking twice, and lasts until less is asked for.
  larger: (look) => (isCapped(look) ? { scrolls: true } : { text: Math.min(shownText() + 1, SIZES) }),
  smaller: () => ({ text: Math.max(shownText() - 1, 0), scrolls: false }),
  sort: ({ sort }) => ({ sort: sort === "ballot" ? "ranked" : "ballot" }),
  columns: ({ columns }) => ({ columns: columns === "flat" ? "3d" : "flat" }),
  keys: ({ keys }) => ({ keys: !keys }),
  wall: ({ wall }) => ({ wall: !wall }),
};

/** The look as it was left, or the usual one, with the style of columns that the server proposes. */
export function rememberedLook(columns) {
  return { theme: "dark", text: 1, sort: "ballot", columns, keys: true, wall: false, ...read(), scrolls: false };
}

/** The look after a change, by its name in NEXT; null if there is no such change. */
export function changedLook(look, name) {
  if (!Object.hasOwn(NEXT, name)) return null;
  const changed = NEXT[name](look);
  write({ ...read(), ...changed }); // what was never chosen stays the server's to propose
  return { ...look, ...changed };
}

/** Whether the text is smaller than wanted, since no more would fit: see layout.js. */
export const isCapped = ({ text, scrolls }) => !scrolls && shownText() < text;

const shownText = () => Number(document.documentElement.dataset.text ?? 1);

export function applyLook({ theme, text, keys }) {
  Object.assign(document.documentElement.dataset, { theme, text });
  byId("keys-on").checked = keys;
}

function read() {
  try {
    return JSON.parse(localStorage.getItem(PLACE)) ?? {};
  } catch {
    return {};
  }
}

function write(look) {
  try {
    localStorage.setItem(PLACE, JSON.stringify(look));
  } catch {
    // A browser that keeps nothing: the look holds until the page is left.
  }
}
