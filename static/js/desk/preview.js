// How a question will look on a phone, drawn while it is written. It is a picture: it takes no tap,
// and says nothing that the form does not say.

import { renderCandidates } from "../page/candidates.js";
import { minutes } from "../page/countdown.js";
import { byId, setText } from "../page/dom.js";
import { isSentOnce } from "../phone/selection.js";
import { invitationOf } from "../phone/status.js";

const MOST_SECONDS = 86_400;

/** The question as it stands in the form; what cannot be taken yet is left out. */
function pollIn(form) {
  const { question, more, rule, max_choices: most, changes } = form.elements;
  const fields = [...form.querySelectorAll("[name=candidate]")].map(({ value }) => value);
  const names = [...fields, ...more.value.split("\n")].map(tidy).filter(Boolean);
  return {
    question: tidy(question.value),
    rule: rule.value,
    max_choices: wholeIn(most.value, names.length) ?? names.length,
    changes: changes.checked,
    candidates: names.map((name, index) => ({ id: String(index), name })),
  };
}

const tidy = (text) => text.trim().replace(/\s+/g, " ");

function wholeIn(text, most) {
  const n = /^\d{1,9}$/.test(text.trim()) ? Number(text) : 0;
  return n >= 1 && n <= most ? n : null;
}

/** Draw what stands in `form`. */
export function renderPreview(form, words) {
  const poll = pollIn(form);
  const results = form.elements.results.value;
  const seconds = wholeIn(form.elements.countdown.value, MOST_SECONDS);
  const counts = results === "live" ? {} : null;
  const { say, more } = invitationOf(poll, results, words);
  setText(byId("shown-question"), poll.question || "…");
  setText(byId("shown-countdown"), seconds === null ? "" : minutes(seconds));
  renderCandidates(byId("candidates"), byId("candidate-row"), { poll, counts, ballots: 0, compared: null });
  setText(byId("status").querySelector(".say"), say);
  setText(byId("status").querySelector(".more"), more);
  byId("send").hidden = !isSentOnce(poll);
}
