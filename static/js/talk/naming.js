// What a person is called on the page, and written into its elements: the name, and a mark where the
// name alone does not say who it is.

import { setText } from "../page/dom.js";
import { mark } from "./messages.js";
import { STAGE } from "./places.js";

/** What to call a person in a sentence. */
export function callOf({ id, name }, isTwin, words) {
  if (id === STAGE) return words.stage;
  return isTwin(id, name) ? `${name || words.anonymous} ${mark(id)}` : name;
}

/** Write a person into an element that has a `.who` and a `.tag`. */
export function writePerson(element, { id, name }, isTwin, words) {
  const isStage = id === STAGE;
  setText(element.querySelector(".who"), isStage ? words.stage : name || words.anonymous);
  setText(element.querySelector(".tag"), !isStage && isTwin(id, name) ? mark(id) : "");
}
