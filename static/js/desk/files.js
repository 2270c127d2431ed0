// What can be saved of a round: its tables, from the server, and its chart as a picture, drawn here
// by what is fetched when a picture is first wanted.

import { byId, setAttribute } from "../page/dom.js";

/** Make a button with `data-picture` save that kind of picture; `snapshotOf(button)` is of what. */
export function wirePictures(snapshotOf, words, tell) {
  document.querySelector("main").addEventListener("click", async ({ target }) => {
    const button = target.closest("[data-picture]");
    if (!button || button.hasAttribute("aria-busy")) return;
    button.setAttribute("aria-busy", "true");
    try {
      const { savePicture } = await import("../chart/picture.js");
      await savePicture(await snapshotOf(button), button.dataset.picture, words);
    } catch {
      tell(words.no_picture);
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
}

/** Point to the tables of the round on stage; of a rehearsal nothing is kept. */
export function renderFiles({ round, results }) {
  const place = byId("files");
  const [csv, json, list] = place.querySelectorAll("a");
  place.hidden = round.state === "none" || round.rehearsal === true;
  setAttribute(csv, "href", `/admin/rounds/${round.id}.csv`);
  setAttribute(json, "href", `/admin/rounds/${round.id}.json`);
  setAttribute(list, "href", `/rounds/${round.id}`);
  list.hidden = round.state !== "closed" || results === "hidden";
}
