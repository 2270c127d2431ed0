// To whom: the stage, those with whom something was said, those who are here. Also who this voter is to
// the others.

import { byId, setText } from "../page/dom.js";
import { keepRows } from "../page/rows.js";
import { fill, fillCount } from "../page/words.js";
import { callOf, writePerson } from "./naming.js";
import { isCalled, sorted, twinsOf } from "./people.js";
import { CHOOSING, STAGE, isPerson, personAt, threadsOf } from "./places.js";
import { unreadOf } from "./unread.js";

const MOST_ROWS = 100; // more than anybody reads through: the search finds the others

/** Returns render(page); `go(place)` shows a place, `listed(yes)` says whether to stand in the list. */
export function createChooser({ words, go, listed }) {
  const list = byId("talk-persons");
  const search = byId("talk-search");
  const box = byId("talk-listed");
  let latest = null;

  function persons(page) {
    const threads = threadsOf(page);
    const here = page.snapshot.talk.direct ? sorted(page.people) : [];
    const all = [{ id: STAGE, name: words.stage }, ...threads, ...here];
    const unique = [...new Map(all.reverse().map((person) => [person.id, person])).values()].reverse();
    return unique.filter(({ id, name }) => id !== page.you.person && isCalled(name || words.anonymous, search.value));
  }

  function rest(page, found) {
    const more = Math.max(0, found - MOST_ROWS) + (page.people.more ?? 0);
    if (!page.snapshot.talk.direct) return words.not_direct;
    if (search.value) return found === 0 ? words.nobody : "";
    if (page.snapshot.talk.state === "closed") return words.closed;
    if (more > 0) return fillCount(words.more, more);
    return page.people.more !== null && found <= 1 ? words.alone : "";
  }

  function renderPersons(page) {
    const found = persons(page);
    const shown = found.slice(0, MOST_ROWS);
    const isTwin = twinsOf(page);
    const { of } = unreadOf(page);
    keepRows(list, "person", shown.map(({ id }) => id), byId("talk-person"));
    shown.forEach((person, place) => {
      const row = list.children[place];
      writePerson(row, person, isTwin, words);
      if (person.id === STAGE) setText(row.querySelector(".tag"), words.stage_is);
      setText(row.querySelector(".fresh"), of.has(person.id) ? fillCount(words.below, of.get(person.id)) : "");
    });
    setText(byId("talk-more"), rest(page, found.length));
    byId("talk-named").hidden = !page.you.name;
    byId("talk-unnamed").hidden = Boolean(page.you.name);
    box.checked = page.you.listed;
  }

  function render(page) {
    latest = page;
    const isOne = page.isOpen && isPerson(page.place);
    byId("talk-with").hidden = !isOne;
    if (isOne) setText(byId("talk-alone"), page.place === STAGE ? words.with_stage : fill(words.with, { name: callOf(personAt(page, page.place), twinsOf(page), words) }));
    if (page.isOpen && page.place === CHOOSING) renderPersons(page);
  }

  for (const id of ["talk-one", "talk-others"]) byId(id).addEventListener("click", () => go(CHOOSING));
  search.addEventListener("input", () => renderPersons(latest));
  list.addEventListener("click", ({ target }) => {
    const row = target.closest("li");
    if (row) go(row.dataset.person);
  });
  box.addEventListener("change", () => {
    if (!listed(box.checked)) box.checked = latest.you.listed;
  });
  return render;
}
