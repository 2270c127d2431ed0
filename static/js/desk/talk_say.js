// What the stage says from the desk: to everyone, or as an answer to one person. The text stays in its
// field until it is said; how it gets there is the outbox's.

import { byId, setText } from "../page/dom.js";
import { fill } from "../page/words.js";
import { isSending } from "../talk/enter.js";
import { createOutbox } from "../talk/outbox.js";
import { EVERYONE } from "../talk/places.js";
import { wholeName } from "./talk_rows.js";

const PENDING = ["waiting", "sending", "retrying"];

/**
 * Returns {answer, heard, onLine}: answer(message) writes to its author; heard(message) takes the
 * server's word, onLine(connection) the line that there is, or null. `tell(text, isTrouble)` says
 * what came of it; `send`, `doubt` and `clock` are the outbox's.
 */
export function createSay({ words, tell, send, doubt, clock }) {
  const form = byId("say");
  const field = form.elements.text;
  const to = byId("say-to");
  const outbox = createOutbox({ name: "desk.outbox", send, doubt, clock, changed });
  let receiver = EVERYONE;
  let hasLine = false;

  function address(person, sentence) {
    receiver = person;
    to.hidden = person === EVERYONE;
    setText(to.querySelector("p"), sentence);
    setText(form.querySelector("label"), person === EVERYONE ? words.say_everyone : words.say_one);
  }

  function changed([entry]) {
    const isPending = PENDING.includes(entry?.stage);
    form.querySelector("[type=submit]").toggleAttribute("aria-busy", isPending);
    if (entry?.stage === "said") {
      if (field.value === entry.text) field.value = "";
      if (receiver === entry.to) address(EVERYONE, "");
      tell(words.said);
    } else if (entry?.stage === "refused") {
      tell(words[`unsaid_${entry.code}`] ?? words.unsaid, true);
    } else if (entry?.stage === "retrying") {
      tell(words.unsaid_not_recorded, true);
    } else if (isPending && !hasLine) {
      tell(words.say_waiting, true);
    }
    if (entry && !isPending) outbox.drop(entry.key);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation(); // the desk's forms are posted; this one goes on the line
    if (outbox.box().length === 0) outbox.say(receiver, field.value);
  });
  field.addEventListener("keydown", (event) => {
    if (!isSending(event)) return;
    event.preventDefault();
    form.requestSubmit();
  });
  to.querySelector("button").addEventListener("click", () => {
    address(EVERYONE, "");
    field.focus();
  });
  return {
    answer({ from, name, text }) {
      address(from, fill(words.talk_answer, { name: wholeName(from, name, words), text }));
      field.focus();
    },
    heard: (message) => (message.type === "said" ? outbox.said(message) : outbox.unsaid(message)),
    onLine(connection) {
      hasLine = connection !== null;
      outbox.line(connection);
    },
  };
}
