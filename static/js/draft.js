// The page on which a question is written: only what applies to the chosen rule is shown, beside it
// how that looks on a phone, and a second tap on "Save" saves nothing twice.

import { wireFolds } from "./desk/folds.js";
import { renderPreview } from "./desk/preview.js";
import { byId } from "./page/dom.js";
import { readJson } from "./page/words.js";

const form = byId("draft");
const words = readJson("words");

function render() {
  const rule = form.elements.rule.value;
  for (const place of form.querySelectorAll("[data-of]")) {
    place.hidden = !place.dataset.of.split(" ").includes(rule);
  }
  renderPreview(form, words);
}

form.addEventListener("input", render);
form.addEventListener("submit", (event) => {
  if (form.hasAttribute("aria-busy")) event.preventDefault();
  form.setAttribute("aria-busy", "true");
});
// Back from the desk, the page may be as it was left.
addEventListener("pageshow", () => {
  form.removeAttribute("aria-busy");
  render();
});
wireFolds();
byId("preview").hidden = false;
