// The button that opens the panel, in the page's header, and the two that choose what it shows: each
// says how much there is to read. What is for this voter alone comes first.

import { byId, setAttribute, setText } from "../page/dom.js";
import { fill } from "../page/words.js";
import { EVERYONE } from "./places.js";
import { unreadOf } from "./unread.js";

const MOST = 99;

/** Returns render(page). */
export function createOpener(words) {
  const button = byId("talk-open");
  const numbered = (plain, withNumber, n) => (n === 0 ? plain : fill(withNumber, { n: n > MOST ? `${MOST}+` : n }));

  return function render(page) {
    const unread = unreadOf(page);
    const total = unread.wall + unread.direct;
    button.hidden = !page.snapshot.talk;
    setAttribute(button, "data-unread", unread.direct ? "direct" : total ? "wall" : null);
    setText(button, unread.direct ? numbered(words.open, words.open_direct, unread.direct) : numbered(words.open, words.open_new, total));
    const tabs = [["talk-wall", numbered(words.everyone, words.everyone_new, unread.wall)], ["talk-one", numbered(words.one, words.one_new, unread.direct)]];
    for (const [id, text] of tabs) setText(byId(id), text);
    setAttribute(byId("talk-wall"), "aria-pressed", page.place === EVERYONE);
    setAttribute(byId("talk-one"), "aria-pressed", page.place !== EVERYONE);
  };
}
