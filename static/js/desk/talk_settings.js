// How the room may talk: the switch, the rules, who is muted, and what stands on the screen.

import { byId, setAttribute, setText } from "../page/dom.js";
import { keepRows } from "../page/rows.js";
import { renderAuthor } from "./talk_rows.js";

const isOn = ({ state }) => state !== "off";

/** Show what is set; what is about messages themselves is there only while there are any. */
export function renderSettings(talk, words) {
  const { state, slow, direct, muted, spotlight } = talk;
  const place = byId("talk");
  if (isOn(talk) && place.dataset.talk === "off") place.open = true; // perhaps another admin's doing
  place.dataset.talk = state;
  place.querySelector("[data-part=talking]").hidden = !isOn(talk);
  setText(byId("talk-line"), words[`talk_${state}`]);
  press("state", "state", state);
  press("slow", "seconds", slow);
  press("direct", "on", Number(direct));
  renderSpotlight(spotlight, words);
  renderMuted(muted, words);
}

function renderSpotlight(message, words) {
  const place = byId("spotlight");
  place.hidden = message === null;
  if (message === null) return;
  renderAuthor(place, message, words);
  setText(place.querySelector(".said-text"), message.text);
}

/** Of the values beside each other, press the one in force. */
function press(name, field, value) {
  for (const form of document.querySelectorAll(`[data-options=${name}] form`)) {
    setAttribute(form.querySelector("button"), "aria-pressed", form.elements[field].value === String(value));
  }
}

function renderMuted(muted, words) {
  const list = byId("muted");
  list.parentElement.hidden = muted.length === 0;
  keepRows(list, "person", muted.map(({ id }) => id), byId("muted-row"));
  muted.forEach(({ id, name }, index) => {
    const row = list.children[index];
    renderAuthor(row, { from: id, name }, words);
    row.querySelector("[name=person]").value = id;
  });
}
