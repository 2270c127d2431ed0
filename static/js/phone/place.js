// The keyboard's place on the voter's page: whatever the server pushes, it is not lost.

import { rowOf } from "../page/candidates.js";
import { byId } from "../page/dom.js";

/** Run `render`; if what had the focus is gone then, the focus goes to what stands for it. */
export function keepPlace(render) {
  const held = document.activeElement;
  render();
  const isMoved = ![held, document.body].includes(document.activeElement);
  if (isMoved || held === document.body || held.getClientRects().length > 0) return;
  standInFor(held).focus({ preventScroll: true });
}

function standInFor(held) {
  if (held.closest("dialog")) return byId("details-close");
  if (held.closest(".stand")) return byId("status");
  const { candidate } = held.dataset;
  return (candidate && rowOf(byId("candidates"), candidate)) || byId("question");
}
