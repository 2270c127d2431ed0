// The admin's list of questions: which is on stage, and the way to each one's own page.

import { byId, setAttribute, setText } from "../page/dom.js";
import { keepRows } from "../page/rows.js";

let shownBefore = null; // which question the list last brought into sight

export function renderPolls({ polls, round }, words) {
  const list = byId("polls");
  keepRows(list, "poll", polls.map(({ id }) => id), byId("poll-row"));
  polls.forEach((poll, index) => renderRow(list.children[index], poll, words, round.rehearsal, polls.length > 1));
  const shown = polls.findIndex((poll) => poll.shown);
  if (shown < 0 || polls[shown].id === shownBefore) return;
  shownBefore = polls[shown].id;
  list.scrollTop = list.children[shown].offsetTop - list.offsetTop; // of a hundred, the one that matters
}

function renderRow(row, { id, question, shown, defined }, words, isRehearsal, isOneOfMany) {
  const [stage, remove] = row.querySelectorAll("form");
  setAttribute(row, "aria-current", shown ? "true" : null);
  setText(row.querySelector(".poll-question"), question);
  setText(row.querySelector(".poll-shown"), shown ? words.poll_shown : "");
  setAttribute(row.querySelector("a"), "href", `/admin/polls/${id}`);
  stage.hidden = isRehearsal || shown;
  stage.elements.poll.value = id;
  remove.hidden = isRehearsal || !isOneOfMany;
  setAttribute(remove, "action", `/admin/polls/${id}/remove`);
  remove.elements.seen.value = defined;
}

/** Say that the question on stage has a newer text, which comes with its next round. */
export function renderWaits({ poll, polls }) {
  const newest = polls.find(({ id }) => id === poll.id);
  byId("waits").hidden = !newest?.waits;
  setText(byId("waits").querySelector("bdi"), newest?.question ?? "");
}
