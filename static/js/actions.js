// What the admin does: each form posts without leaving the page, and says what came of it.
// Without scripts the same forms post as forms.

import { byId, setText } from "./dom.js";
import { fillCount } from "./words.js";

const FRESH_MS = 800; // a tap meant for the button that stood here before must not press the new one
const OWN_MS = 2000; // a change of the round so soon after an own action is that action's

const main = document.querySelector("main");
let shown = ""; // the round and its state, as last rendered
let postedAt = -Infinity;
let timer;

/** Post every action by fetch; `isConnected` says whether the page will see the change by itself. */
export function wireActions(words, isConnected) {
  main.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!("fresh" in main.dataset)) post(event.target, words, isConnected);
  });
  const opener = document.querySelector("button[data-action=reset]");
  const move = (open) => {
    askReset(open);
    (open ? byId("reset-ask").querySelector("button") : opener).focus();
  };
  opener.addEventListener("click", () => move(byId("reset-ask").hidden));
  byId("reset-keep").addEventListener("click", () => move(false));
  byId("reset-ask").addEventListener("keydown", ({ key }) => key === "Escape" && move(false));
}

function askReset(open) {
  byId("reset-ask").hidden = !open;
  document.querySelector("button[data-action=reset]").setAttribute("aria-expanded", String(open));
}

async function post(form, words, isConnected) {
  const button = form.querySelector("button");
  if (button.hasAttribute("aria-busy")) return;
  const name = new URL(form.action).pathname.split("/").pop();
  const fields = new FormData(form);
  button.setAttribute("aria-busy", "true"); // `disabled` would take the focus away
  postedAt = performance.now();
  tell("");
  try {
    const response = await fetch(form.action, {
      method: "POST",
      headers: { Accept: "application/json", "X-CSRFToken": fields.get("csrf_token") },
      body: new URLSearchParams(fields),
    });
    const answer = await response.json();
    if (answer.code === "not_logged_in") return location.assign("/admin/login");
    tell(answer.ok ? words[`done_${name}`] : answer.message, !answer.ok);
    if (answer.ok && !isConnected()) location.reload();
  } catch {
    // No answer, or one that is not ours: nobody knows whether it was done.
    tell(words.no_answer, true);
  } finally {
    button.removeAttribute("aria-busy");
  }
}

function tell(text, isTrouble = false) {
  const message = byId("message");
  message.dataset.kind = isTrouble ? "told" : "done";
  setText(message, text);
  if (text) message.scrollIntoView({ block: "nearest" });
}

/** The buttons are about to mean something else: to the thumb on its way, and to an open question. */
function roundChanged() {
  main.dataset.fresh = "";
  clearTimeout(timer);
  timer = setTimeout(() => delete main.dataset.fresh, FRESH_MS);
  askReset(false);
  if (performance.now() - postedAt > OWN_MS) tell("");
}

/** Show the actions that make sense now, and keep in each form what the admin has seen. */
export function renderActions({ round, version, ballots }, words) {
  const present = `${round.id} ${round.state}`;
  if (shown !== "" && shown !== present) roundChanged();
  shown = present;
  const held = document.activeElement;
  for (const place of document.querySelectorAll("[data-when]")) {
    place.hidden = !place.dataset.when.split(" ").includes(round.state);
  }
  for (const input of document.querySelectorAll("input[name=round]")) input.value = round.id;
  for (const input of document.querySelectorAll("input[name=version]")) input.value = version;
  setText(document.querySelector("button[data-action=open]"), round.state === "closed" ? words.open_next : words.open_first);
  setText(byId("reset-words"), fillCount(words, "reset", ballots));
  if (held?.closest("[hidden]")) document.querySelector(".actions [data-when]:not([hidden]) button").focus();
}
