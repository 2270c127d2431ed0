// The panel's markup, in the reader's language and with its words, and its style: brought when the
// room talks. Never shows anything by itself.

import { byId } from "../page/dom.js";

/** Bring the parts into the page, styled; throws when they cannot be had. */
export async function bringParts() {
  const answer = await fetch("/talk");
  if (!answer.ok) throw new Error(`expected the panel, got ${answer.status}`);
  const parts = new DOMParser().parseFromString(await answer.text(), "text/html");
  const sheet = parts.querySelector("link");
  await new Promise((done, failed) => {
    [sheet.onload, sheet.onerror] = [done, failed];
    document.head.append(sheet);
  });
  byId("badge").after(parts.getElementById("talk-open"));
  document.body.append(...parts.body.children);
}
