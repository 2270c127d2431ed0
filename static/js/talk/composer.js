// The line to write in: one text for each place, kept until it is sent, so that what was begun for one
// person never goes to everyone. Says how much room is left, and when one may write again.

import { byId, setAttribute, setText } from "../page/dom.js";
import { fill, fillCount } from "../page/words.js";
import { keep, recall } from "../phone/sending.js";
import { isSending } from "./enter.js";
import { callOf } from "./naming.js";
import { twinsOf } from "./people.js";
import { CHOOSING, EVERYONE, STAGE, mayWrite, personAt } from "./places.js";

const MOST = 280; // characters, as the server counts them
const TOLD = 40; // left: from there on their number is told
const KEPT = "writing";

/** Returns {render(page), takeBack(entry)}; `say(to, text)` sends. */
export function createComposer({ words, clock, say }) {
  const form = byId("talk-write");
  const box = byId("talk-text");
  let texts = recall(KEPT) ?? {}; // by place
  let page = null;
  let place = null;
  let timer;

  const text = () => box.value.normalize("NFC").trim();

  function write(value) {
    box.value = value;
    typed();
  }

  function typed() {
    texts = { ...texts, [place]: box.value };
    keep(KEPT, texts);
    renderRoom();
  }

  /** In how many seconds this voter may write again. */
  function pause() {
    const { slow } = page.snapshot.talk;
    const mine = [...page.wall.list, ...page.direct.list].filter(({ from }) => from === page.you.person);
    const said = [...mine, ...page.box.filter(({ stage }) => stage === "said")].map(({ at }) => at);
    return slow ? Math.max(0, Math.ceil((Math.max(...said) + slow * 1000 - clock.now()) / 1000)) : 0;
  }

  function renderRoom() {
    const left = MOST - [...text()].length;
    const isOver = left < 0;
    setText(byId("talk-left"), isOver ? fillCount(words.over, -left) : left <= TOLD ? fillCount(words.left, left) : "");
    form.toggleAttribute("data-over", isOver);
    setAttribute(byId("talk-send"), "aria-disabled", isOver || left === MOST || pause() > 0 ? "true" : null);
  }

  function renderNote() {
    clearTimeout(timer);
    const { state, slow } = page.snapshot.talk;
    const seconds = pause();
    if (seconds > 0) timer = setTimeout(() => { renderNote(); renderRoom(); }, 1000);
    const pace = seconds > 0 ? fillCount(words.slow_wait, seconds) : slow > 0 ? fillCount(words.slow, slow) : "";
    setText(byId("talk-note"), state === "closed" ? words.closed : form.hidden ? words.not_direct : pace);
  }

  function invitation() {
    if (place === EVERYONE) return page.you.name ? fill(words.to_everyone_as, { name: page.you.name }) : words.to_everyone;
    return place === STAGE ? words.to_stage : fill(words.to_person, { name: callOf(personAt(page, place), twinsOf(page), words) });
  }

  function render(given) {
    page = given;
    clearTimeout(timer);
    if (!page.isOpen) return;
    const isShown = page.place !== CHOOSING;
    const hadFocus = form.contains(document.activeElement);
    form.hidden = !isShown || !mayWrite(page, page.place);
    byId("talk-note").hidden = !isShown;
    if (!isShown) return;
    if (hadFocus && form.hidden) byId("talk-list").focus({ preventScroll: true });
    if (place !== page.place) {
      place = page.place;
      box.value = texts[place] ?? "";
    }
    for (const name of ["placeholder", "aria-label"]) setAttribute(box, name, invitation());
    renderNote();
    renderRoom();
  }

  function send() {
    if (byId("talk-send").getAttribute("aria-disabled")) return;
    const said = text();
    write("");
    say(place, said);
  }

  /** Put a text that was not taken back into the line, behind what was begun there. */
  function takeBack({ text: refused }) {
    write([box.value.trimEnd(), refused].filter(Boolean).join("\n"));
    box.focus();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  box.addEventListener("input", typed);
  box.addEventListener("keydown", (event) => {
    if (!isSending(event)) return;
    event.preventDefault();
    send();
  });
  // The keyboard on the glass stays where it is.
  byId("talk-send").addEventListener("pointerdown", (event) => event.preventDefault());
  return { render, takeBack };
}
