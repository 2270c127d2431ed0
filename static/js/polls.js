// The admin's list of questions: which is on stage, and the way to each one's own page.

import { byId, setAttribute, setText } from "./dom.js";

export function renderPolls({ polls, round }, words) {
  const list = byId("polls");
  const rows = [...list.children];
  if (rows.length !== polls.length || rows.some((row, index) => row.dataset.poll !== polls[index].id)) {
    list.replaceChildren(...polls.map(() => byId("poll-row").content.firstElementChild.cloneNode(true)));
  }
  polls.forEach((poll, index) => renderRow(list.children[index], poll, words, round.rehearsal, polls.length > 1));
}

function renderRow(row, { id, question, shown, defined }, words, isRehearsal, isOneOfMany) {
  const [stage, remove] = row.querySelectorAll("form");
  row.dataset.poll = id;
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
