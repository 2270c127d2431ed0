// The rows of messages: made from the page's own <template>, once each, and drawn again only where they
// differ. What people wrote is text, whatever it looks like.

import { byId, setAttribute, setText } from "../page/dom.js";
import { clock } from "../page/words.js";
import { writePerson } from "./naming.js";
import { STAGE } from "./places.js";

/** Returns {show(messages, look), top(), keep(top)} for a list that scrolls. */
export function createRows(list, words) {
  const template = byId("talk-row");
  const held = new Map(); // key → {row, message, look}: what is shown, and as what it was drawn

  function make(message) {
    const row = template.content.firstElementChild.cloneNode(true);
    row.dataset.key = keyOf(message);
    setText(row.querySelector(".text"), message.text);
    return { row, message: null, look: "" };
  }

  function draw(one, message, { me, isTwin, mayAnswer, isAway }) {
    const { row } = one;
    const { id, from = me, name, at, stage, code } = message;
    const isMine = from === me;
    const isInLine = stage === "waiting" && !isAway; // behind another one that is under way
    const look = [isMine, mayAnswer(from), isTwin(from, name), isInLine].join();
    if (one.message === message && one.look === look) return;
    Object.assign(one, { message, look });
    row.dataset.person = from;
    setAttribute(row, "data-from", isMine ? "me" : from === STAGE ? "stage" : null);
    setAttribute(row, "data-stage", stage ?? null);
    if (isMine) setText(row.querySelector(".who"), words.you);
    else writePerson(row, { id: from, name }, isTwin, words);
    row.querySelector(".author").disabled = isMine || !mayAnswer(from);
    setText(row.querySelector("time"), clock(at));
    const isRefused = stage === "refused";
    setText(row.querySelector(".note"), id ? "" : isRefused ? words[`refused_${code}`] ?? words.refused : words[isInLine ? "sending" : stage]);
    row.querySelector(".hands").hidden = !isRefused;
  }

  function remove(key) {
    const { row } = held.get(key);
    const hadFocus = row.contains(document.activeElement);
    row.remove();
    held.delete(key);
    if (hadFocus) list.focus({ preventScroll: true });
  }

  /** Show messages in this order; returns how many came: {mine, others}. */
  function show(messages, look) {
    const wanted = new Set(messages.map(keyOf));
    for (const key of [...held.keys()]) if (!wanted.has(key)) remove(key);
    const came = { mine: 0, others: 0 };
    let place = list.firstElementChild;
    for (const message of messages) {
      const key = keyOf(message);
      if (!held.has(key)) {
        held.set(key, make(message));
        came[(message.from ?? look.me) === look.me ? "mine" : "others"] += 1;
      }
      const one = held.get(key);
      draw(one, message, look);
      if (one.row === place) place = place.nextElementSibling;
      else list.insertBefore(one.row, place);
    }
    return came;
  }

  /** The row at the upper edge, and where it lies. */
  function top() {
    const edge = list.getBoundingClientRect().top;
    const row = [...list.children].find((one) => one.getBoundingClientRect().bottom > edge);
    return row && { row, at: row.getBoundingClientRect().top };
  }

  /** Bring a row back to where `top` has found it. */
  function keep(found) {
    if (found?.row.isConnected) list.scrollTop += found.row.getBoundingClientRect().top - found.at;
  }

  return { show, top, keep };
}

const keyOf = ({ id, key }) => id ?? key;
