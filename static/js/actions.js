// What the admin does: each form posts without leaving the page, and says what came of it. Where
// something is at stake the server asks first. Without scripts the same forms post as forms.

import { byId, setText } from "./dom.js";

const FRESH_MS = 800; // a tap meant for the button that stood here before must not press the new one
const OWN_MS = 2000; // a change of the round so soon after an own action is that action's

const main = document.querySelector("main");
let seen = ""; // what the buttons are about, as last rendered
let asked = null; // the form that waits for a yes
let postedAt = -Infinity;
let timer;

/** Post every action by fetch; `isConnected` says whether the page will see the change by itself. */
export function wireActions(words, isConnected) {
  main.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!("fresh" in main.dataset)) post(event.target, words, isConnected);
  });
  byId("ask-yes").addEventListener("click", () => {
    const form = asked;
    stopAsking();
    post(form, words, isConnected, true);
  });
  byId("ask-no").addEventListener("click", stopAsking);
  byId("ask").addEventListener("keydown", ({ key }) => key === "Escape" && stopAsking());
}

async function post(form, words, isConnected, isSure = false) {
  const button = form.querySelector("button");
  if (button.hasAttribute("aria-busy")) return;
  const name = nameOf(form);
  const fields = new FormData(form);
  if (isSure) fields.delete("ask");
  button.setAttribute("aria-busy", "true"); // `disabled` would take the focus away
  postedAt = performance.now();
  tell("");
  stopAsking();
  try {
    const response = await fetch(form.action, {
      method: "POST",
      headers: { Accept: "application/json", "X-CSRFToken": fields.get("csrf_token") },
      body: new URLSearchParams(fields),
    });
    const answer = await response.json();
    if (answer.code === "not_logged_in") return location.assign("/admin/login");
    if (answer.code === "sure") return askFor(form, answer.message, words[`sure_${name}`]);
    tell(answer.ok ? words[`done_${name}`] : answer.message, !answer.ok);
    if (answer.ok && !isConnected()) location.reload();
  } catch {
    // No answer, or one that is not ours: nobody knows whether it was done.
    tell(words.no_answer, true);
  } finally {
    button.removeAttribute("aria-busy");
  }
}

const nameOf = (form) => new URL(form.action).pathname.split("/").pop();

function askFor(form, question, yes) {
  asked = form;
  setText(byId("ask-words"), question);
  setText(byId("ask-yes"), yes);
  byId("ask-yes").dataset.confirm = nameOf(form);
  byId("ask").hidden = false;
  byId("ask").scrollIntoView({ block: "nearest" });
  byId("ask-yes").focus();
}

/** Take the question away; whoever has answered it by keyboard goes on where it came from. */
function stopAsking() {
  if (byId("ask").contains(document.activeElement)) asked.querySelector("button").focus();
  asked = null;
  byId("ask").hidden = true;
}

function tell(text, isTrouble = false) {
  const message = byId("message");
  message.dataset.kind = isTrouble ? "told" : "done";
  setText(message, text);
  if (text) message.scrollIntoView({ block: "nearest" });
}

/** Take no tap for a moment, and ask no more, when the buttons come to be about something else. */
export function renderActions(about) {
  if (seen !== "" && seen !== about) {
    main.dataset.fresh = "";
    clearTimeout(timer);
    timer = setTimeout(() => delete main.dataset.fresh, FRESH_MS);
    stopAsking();
    if (performance.now() - postedAt > OWN_MS) tell("");
  }
  seen = about;
}

/** Call `render`, and give the keyboard the next action if that hides the one it was on. */
export function keepFocus(render) {
  const held = document.activeElement;
  render();
  if (held?.closest("[hidden]")) document.querySelector(".actions form:not([hidden]) button").focus();
}
