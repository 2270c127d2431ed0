// The page on which a question is written: only what applies to the chosen rule is shown, and a
// second tap on "Save" saves nothing twice.

import { byId } from "./dom.js";

const form = byId("draft");

function showWhatApplies() {
  const rule = form.elements.rule.value;
  for (const place of form.querySelectorAll("[data-of]")) {
    place.hidden = !place.dataset.of.split(" ").includes(rule);
  }
}

form.addEventListener("change", showWhatApplies);
form.addEventListener("submit", (event) => {
  if (form.hasAttribute("aria-busy")) event.preventDefault();
  form.setAttribute("aria-busy", "true");
});
// Back from the desk, the page may be as it was left.
addEventListener("pageshow", () => {
  form.removeAttribute("aria-busy");
  showWhatApplies();
});
