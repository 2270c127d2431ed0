// Where phones can join: the code and the address, large, small, or away.

import { byId, setAttribute } from "../page/dom.js";

const NEXT = { big: "corner", corner: "none", none: "big" };

/** How the code is shown: as the presenter chose; else it is the picture until there is another. */
export function codeOf(chosen, { stage, spotlight }) {
  const wanted = chosen ?? (stage === "join" ? "big" : "corner");
  return wanted === "big" && spotlight === "on" ? "corner" : wanted;
}

export const nextCode = (shown) => NEXT[shown];

/** Show `join`, the address that phones open; null when the computer is in no network. */
export function renderInvitation(join) {
  const link = byId("join-link");
  byId("join-notice").hidden = join !== null;
  byId("join-address").hidden = join === null;
  byId("join-code").hidden = join === null;
  if (join === null || link.getAttribute("href") === join) return;
  setAttribute(byId("join-code"), "src", `/join.svg?${encodeURIComponent(join)}`);
  setAttribute(link, "href", join);
  const [, host, port] = join.match(/^https?:\/\/(.*?)(:\d+)?$/);
  // What does not fit one line breaks before the port, not inside a number.
  link.replaceChildren(host, document.createElement("wbr"), port ?? "");
}
