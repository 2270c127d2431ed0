// Which rounds the chart shows, in words, while an earlier one stands beside the present one.

import { isComparing } from "../page/candidates.js";
import { setText } from "../page/dom.js";
import { fill } from "../page/words.js";

export function renderLegend(element, snapshot, words) {
  const shown = isComparing(snapshot);
  element.hidden = !shown;
  if (!shown) return;
  setText(element.querySelector("[data-legend=earlier]"), fill(words.round_name, { n: snapshot.compared.round }));
  setText(element.querySelector("[data-legend=present]"), fill(words.round_name, { n: snapshot.round.id }));
}
