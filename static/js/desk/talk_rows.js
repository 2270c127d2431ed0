// The rows of the queue: who said what to whom, and what a thumb can do about it.

import { setAttribute, setText } from "../page/dom.js";
import { keepRows } from "../page/rows.js";
import { clock, fill } from "../page/words.js";
import { mark } from "../talk/messages.js";
import { STAGE } from "../talk/places.js";

/** A name with its mark: a sentence, too, must tell two people of one name apart. */
export const wholeName = (person, name, words) => `${name || words.anonymous} ${mark(person)}`;

/** Show in `place` who has written: the stage, or a name with its mark. */
export function renderAuthor(place, { from, name }, words) {
  const isOurs = from === STAGE;
  setText(place.querySelector(".author"), isOurs ? words.stage : name || words.anonymous);
  setText(place.querySelector(".mark"), isOurs ? "" : mark(from));
}

/** Show messages in `list`, in this order; a row that says the same is not touched. */
export function renderRows(list, template, messages, { spotlight, muted }, words) {
  keepRows(list, "message", messages.map(({ id }) => id), template);
  const quiet = new Set(muted.map(({ id }) => id));
  messages.forEach((message, index) => {
    const row = list.children[index];
    const [isShown, isMuted] = [spotlight?.id === message.id, quiet.has(message.from)];
    const about = [message.version, message.hidden === true, isShown, isMuted].join(" ");
    if (row.dataset.about === about) return;
    row.dataset.about = about;
    renderRow(row, message, { isShown, isMuted }, words);
  });
}

function renderRow(row, { id, at, from, name, to, to_name: toName, text, hidden = false }, { isShown, isMuted }, words) {
  const part = (name) => row.querySelector(name);
  const isOurs = from === STAGE;
  const button = (name) => part(`[data-do=${name}]`);
  row.dataset.hidden = hidden;
  row.dataset.from = from;
  row.dataset.to = to ?? "";
  row.dataset.spotlight = isShown;
  renderAuthor(row, { from, name }, words);
  setText(part(".said-to"), toWhom(to, toName, hidden, words));
  setText(part("time"), clock(at));
  setText(part(".said-text"), text);
  part(".said-text").id = `said-${id}`;
  for (const one of row.querySelectorAll("button")) setAttribute(one, "aria-describedby", `said-${id}`);
  setText(button("hide"), hidden ? words.talk_show : words.talk_hide);
  setText(button("spotlight"), isShown ? words.talk_unspot : words.talk_spot);
  setText(button("mute"), isMuted ? words.talk_unmute : words.talk_mute);
  button("hide").hidden = to !== undefined;
  button("spotlight").hidden = to !== undefined || hidden;
  button("mute").hidden = isOurs;
  button("answer").hidden = isOurs;
}

function toWhom(to, name, hidden, words) {
  if (to !== undefined && to !== STAGE) return fill(words.talk_to, { name: wholeName(to, name, words) });
  return hidden ? words.talk_hidden : "";
}
