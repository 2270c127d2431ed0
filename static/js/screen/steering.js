// The presenter's errands to the server, one at a time: it asks for the login where that is needed,
// puts the server's question where something is at stake, and says why nothing was done.

import { byId, setText } from "../page/dom.js";
import { FRESH_MS, postAction } from "../page/remote.js";
import { aboutOf, errandFor } from "./errands.js";
import { isLit } from "./spotlight.js";

/** Returns {run(name, snapshot), render(snapshot)}; `tell(text)` says a refusal on the page. */
export function createSteering(words, tell) {
  const [ask, login] = [byId("ask"), byId("login")];
  const form = login.querySelector("form");
  let csrf = byId("csrf").value;
  let waiting = null; // the errand that waits for a yes, or for the login
  let isBusy = false;
  let about = "";
  let timer;

  /** Take no key for a moment: the second of two presses must not act on what the first has made. */
  function rest() {
    document.body.dataset.fresh = "";
    clearTimeout(timer);
    timer = setTimeout(() => delete document.body.dataset.fresh, FRESH_MS);
  }

  async function post(errand) {
    if (isBusy) return;
    isBusy = true;
    const answer = await postAction(errand.action, errand.fields, csrf);
    isBusy = false;
    rest();
    if (answer.ok) return tell("");
    waiting = errand;
    if (answer.code === "not_logged_in") return openLogin();
    if (answer.code === "sure") return putQuestion(answer.message, words[`sure_${errand.name}`]);
    tell(answer.message ?? words.no_answer);
  }

  function openLogin() {
    login.showModal();
    form.elements.password?.focus();
  }

  function putQuestion(question, yes) {
    setText(byId("ask-words"), question);
    setText(byId("ask-yes"), yes);
    ask.showModal();
  }

  async function logIn(password) {
    if (isBusy) return;
    isBusy = true;
    const answer = await postAction("login", { password: password.value }, csrf);
    isBusy = false;
    if (!answer.ok) return refuse(password, answer.message ?? words.no_answer);
    csrf = answer.csrf;
    password.value = "";
    login.close();
    post(waiting);
  }

  function refuse(password, sentence) {
    setText(byId("login-problem"), sentence);
    password.setAttribute("aria-invalid", "true");
    password.blur(); // coming back to it has the sentence read out
    password.focus();
    password.select();
  }

  function run(name, snapshot) {
    const errand = errandFor(name, snapshot);
    if (errand === null || "fresh" in document.body.dataset) return;
    if (name === "reveal" && snapshot.counts !== null) return tell(words.seen_already);
    if (name === "unlight" && !isLit(snapshot)) return tell(words.nothing_lit);
    post(errand);
  }

  /** Take the question away when it comes to be about something else. */
  function render(snapshot) {
    if (about !== "" && about !== aboutOf(snapshot)) {
      rest();
      tell("");
      ask.close();
    }
    about = aboutOf(snapshot);
  }

  byId("ask-yes").addEventListener("click", () => {
    const fields = { ...waiting.fields };
    delete fields.ask; // without it the same errand is the yes
    ask.close();
    post({ ...waiting, fields });
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    logIn(form.elements.password);
  });
  login.addEventListener("close", () => {
    if (!form.elements.password) return;
    setText(byId("login-problem"), "");
    form.elements.password.removeAttribute("aria-invalid");
  });
  for (const dialog of [ask, login]) dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  return { run, render };
}
