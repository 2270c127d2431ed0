// What the admin does: each form posts without leaving the page, and the page says what came of it.
// Where something is at stake the server asks first. Without scripts the same forms post as forms.

import { byId, setText } from "../page/dom.js";
import { FRESH_MS, postAction } from "../page/remote.js";

const OWN_MS = 2000; // a change of the round so soon after an own action is that action's

const main = document.querySelector("main");
const { value: csrf } = main.querySelector("[name=csrf_token]");
let seen = ""; // what the buttons are about, as last rendered
let asked = null; // what was pressed and waits for a yes
let postedAt = -Infinity;
let timer;

/** What an action is called in words: the last part of its path, with that before it for messages. */
export const nameOf = (action) => (action.startsWith("talk/") ? action.replace("/", "-") : action.split("/").pop());

/**
 * Post every action. `onPost()` is called as one leaves, and what it returns is handed on to
 * `onDone(action, fields, that)` once it is done; `announce` reads out what is said. Returns
 * {tell, press}: tell(text, isTrouble) for what else there is to say, and press(button, action,
 * fields) for a button without a form.
 */
export function wireActions({ words, announce, onPost, onDone }) {
  const tellAll = (text, isTrouble) => {
    tell(text, isTrouble);
    if (text) announce(text);
  };
  async function post({ button, read }, isSure = false) {
    if (button.hasAttribute("aria-busy")) return;
    const { action, fields } = read();
    if (isSure) delete fields.ask;
    const name = nameOf(action);
    button.setAttribute("aria-busy", "true"); // `disabled` would take the focus away
    postedAt = performance.now();
    tell("");
    stopAsking();
    const before = onPost();
    const answer = await postAction(action, fields, csrf);
    button.removeAttribute("aria-busy");
    if (answer.code === "not_logged_in") return location.assign("/admin/login");
    if (answer.code === "sure") return askFor({ button, read }, name, answer.message, words[`sure_${name}`]);
    // Without an answer of ours nobody knows whether it was done.
    tellAll(answer.ok ? words[`done_${name}`] : (answer.message ?? words.no_answer), !answer.ok);
    if (answer.ok) onDone(action, fields, before);
  }
  main.addEventListener("submit", (event) => {
    if ("leads" in event.target.dataset) return; // to a page of its own
    event.preventDefault();
    const form = event.target;
    if (!("fresh" in main.dataset)) post({ button: buttonOf(form), read: () => readForm(form) });
  });
  byId("ask-yes").addEventListener("click", () => post(asked, true));
  byId("ask-no").addEventListener("click", stopAsking);
  byId("ask").addEventListener("keydown", ({ key }) => key === "Escape" && stopAsking());
  const press = (button, action, fields) => post({ button, read: () => ({ action, fields }) });
  return { tell: tellAll, press };
}

/** What a form says when it is posted: a page may have changed it since it was first asked about. */
function readForm(form) {
  const fields = Object.fromEntries(new FormData(form));
  delete fields.csrf_token;
  return { action: new URL(form.action).pathname.replace("/admin/", ""), fields };
}

/** The button of a form that can be seen; one of them may stand outside of it. */
function buttonOf(form) {
  const buttons = [...form.elements].filter(({ type }) => type === "submit");
  return buttons.find((button) => button.checkVisibility?.() ?? !button.closest("[hidden]")) ?? buttons[0];
}

function askFor(pressed, name, question, yes) {
  asked = pressed;
  setText(byId("ask-words"), question);
  setText(byId("ask-yes"), yes);
  byId("ask-yes").dataset.confirm = name;
  byId("ask").hidden = false;
  byId("ask").scrollIntoView({ block: "nearest" });
  byId("ask-yes").focus();
}

/** Take the question away; whoever has answered it by keyboard goes on where it came from. */
function stopAsking() {
  const isHere = byId("ask").contains(document.activeElement);
  byId("ask").hidden = true; // what it hid while it stood there can have the focus again
  if (isHere) asked.button.focus();
  asked = null;
}

function tell(text, isTrouble = false) {
  const message = byId("message");
  message.dataset.kind = isTrouble ? "told" : "done";
  setText(message, text);
}

/**
 * Take no tap for a moment, and ask no more, when the buttons come to be about something else;
 * returns whether that was somebody else's doing.
 */
export function renderActions(about) {
  const isNew = seen !== "" && seen !== about;
  seen = about;
  if (!isNew) return false;
  main.dataset.fresh = "";
  clearTimeout(timer);
  timer = setTimeout(() => delete main.dataset.fresh, FRESH_MS);
  stopAsking();
  const isOthers = performance.now() - postedAt > OWN_MS;
  if (isOthers) tell("");
  return isOthers;
}

/** Call `render`, and give the keyboard the next action if that takes away the one it was on. */
export function keepFocus(render) {
  const held = document.activeElement;
  render();
  if (held === document.body || (held?.isConnected && !held.closest("[hidden]"))) return;
  document.querySelector(".dock > form:not([hidden]) button").focus();
}
