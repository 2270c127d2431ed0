// What the admin does: each form posts without leaving the page, and says what came of it.
// Without scripts the same forms post as forms.

import { byId, setText } from "./dom.js";
import { fillCount } from "./words.js";

/** Post every action by fetch; `isConnected` says whether the page will see the change by itself. */
export function wireActions(words, isConnected) {
  document.querySelector("main").addEventListener("submit", (event) => {
    event.preventDefault();
    post(event.target, words, isConnected);
  });
  const ask = byId("reset-ask");
  const opener = document.querySelector("button[data-action=reset]");
  const show = (open) => {
    ask.hidden = !open;
    opener.setAttribute("aria-expanded", String(open));
    (open ? ask.querySelector("button") : opener).focus();
  };
  opener.addEventListener("click", () => show(ask.hidden));
  byId("reset-keep").addEventListener("click", () => show(false));
  ask.addEventListener("keydown", ({ key }) => key === "Escape" && show(false));
}

async function post(form, words, isConnected) {
  const button = form.querySelector("button");
  if (button.disabled) return;
  const name = new URL(form.action).pathname.split("/").pop();
  const fields = new FormData(form);
  button.disabled = true;
  try {
    const response = await fetch(form.action, {
      method: "POST",
      headers: { Accept: "application/json", "X-CSRFToken": fields.get("csrf_token") },
      body: new URLSearchParams(fields),
    });
    const answer = await response.json();
    if (answer.code === "not_logged_in") return location.assign("/admin/login");
    tell(answer.ok ? words[`done_${name}`] : (words[`code_${answer.code}`] ?? words.code_other), !answer.ok);
    if (answer.ok && !isConnected()) location.reload();
    if (answer.ok) byId("reset-ask").hidden = true;
  } catch {
    // No answer, or one that is not ours: nobody knows whether it was done.
    tell(words.no_answer, true);
  } finally {
    button.disabled = false;
  }
}

function tell(text, isTrouble) {
  const message = byId("message");
  message.dataset.kind = isTrouble ? "told" : "done";
  setText(message, text);
  message.scrollIntoView({ block: "nearest" });
}

/** Show the actions that make sense now, and keep in each form what the admin has seen. */
export function renderActions({ round, version, ballots }, words) {
  for (const place of document.querySelectorAll("[data-when]")) {
    place.hidden = !place.dataset.when.split(" ").includes(round.state);
  }
  for (const input of document.querySelectorAll("input[name=round]")) input.value = round.id;
  for (const input of document.querySelectorAll("input[name=version]")) input.value = version;
  setText(document.querySelector("button[data-action=open]"), round.state === "closed" ? words.open_next : words.open_first);
  setText(byId("reset-words"), fillCount(words, "reset", ballots));
}
