// The admin's list of rounds: a picture of each, made of the file that is there for everybody's use.

import { wirePictures } from "./desk/files.js";
import { createAnnouncer } from "./page/announce.js";
import { byId, setText } from "./page/dom.js";
import { readJson } from "./page/words.js";

const announce = createAnnouncer(byId("announcer"));

/** A kept round as a snapshot of it would have been. */
async function snapshotOf(button) {
  const response = await fetch(`/admin/rounds/${button.dataset.round}.json`);
  const { rounds } = await response.json();
  const [{ round, question, opened, voted, room, ballots, candidates }] = rounds;
  return {
    poll: { question, candidates: candidates.map(({ choice, name }) => ({ id: choice, name })) },
    round: { id: round, opened_at: Date.parse(opened) },
    counts: Object.fromEntries(candidates.map(({ choice, count }) => [choice, count])),
    ballots,
    voted,
    room: room ?? voted,
    compared: null,
  };
}

wirePictures(snapshotOf, readJson("words"), (text) => {
  byId("message").hidden = false;
  setText(byId("message"), text);
  announce(text);
});
