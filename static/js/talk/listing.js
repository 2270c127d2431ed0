// What was said at a place, oldest first, with what is on its way behind it. A row that stays is not
// touched; a reader who is further up keeps the place, and is told how much came below.

import { byId, setText } from "../page/dom.js";
import { fillCount } from "../page/words.js";
import { twinsOf } from "./people.js";
import { CHOOSING, isPerson, mayWrite, saidAt } from "./places.js";
import { createRows } from "./rows.js";

const NEAR_PX = 48; // so far from the end counts as there

/** Returns render(page); `go(person)` opens what was said with one, `takeBack(entry)` gives a text back. */
export function createListing({ words, go, outbox, takeBack }) {
  const list = byId("talk-list");
  const newest = byId("talk-newest");
  const rows = createRows(list, words);
  let place = null; // what is shown
  let isFollowing = true; // the reader is at the end, and stays there whatever comes
  let height = 0; // of the list, when it was last measured
  let below = 0; // messages that came below what the reader looks at

  function toEnd() {
    isFollowing = true;
    list.scrollTop = list.scrollHeight;
    showBelow(0);
  }

  function scrolled() {
    if (list.clientHeight !== height) return; // not by the reader: `resized` comes next
    isFollowing = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_PX;
    if (isFollowing) showBelow(0);
  }

  function showBelow(n) {
    below = n;
    newest.hidden = n === 0;
    if (n > 0) setText(newest, fillCount(words.below, n));
  }

  function render(page) {
    const isPeople = page.place === CHOOSING;
    byId("talk-said").hidden = isPeople;
    byId("talk-people").hidden = !isPeople;
    if (isPeople || !page.isOpen) {
      place = null;
      return;
    }
    const said = saidAt(page, page.place);
    if (place !== page.place) isFollowing = true;
    const top = isFollowing ? null : rows.top();
    const going = page.box.filter(({ to }) => to === page.place);
    place = page.place;
    const mayAnswer = (id) => !isPerson(place) && mayWrite(page, id);
    const isAway = page.connection.state !== "connected";
    const came = rows.show([...said, ...going], { me: page.you.person, isTwin: twinsOf(page), mayAnswer, isAway });
    const isEmpty = said.length + going.length === 0;
    byId("talk-empty").hidden = !isEmpty;
    if (isEmpty) setText(byId("talk-empty"), isPerson(place) ? words.empty_person : words.empty_wall);
    if (isFollowing || came.mine) toEnd();
    else {
      rows.keep(top);
      showBelow(below + came.others);
    }
  }

  /** The line to write in has grown, or a keyboard came up. */
  function resized() {
    height = list.clientHeight;
    if (isFollowing) toEnd();
  }

  list.addEventListener("scroll", scrolled, { passive: true });
  new ResizeObserver(resized).observe(list);
  newest.addEventListener("click", () => {
    list.focus({ preventScroll: true });
    toEnd();
  });
  list.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (!button) return;
    const { person, key } = button.closest("li").dataset;
    if (button.dataset.do === "again") outbox.again(key);
    else if (button.dataset.do === "back") takeBack(outbox.drop(key));
    else go(person);
  });
  return render;
}
