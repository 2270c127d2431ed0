// What of the voter's page is said aloud: of several sentences those that have just changed.

import { createAnnouncer } from "../page/announce.js";
import { byId } from "../page/dom.js";
import { join } from "./underway.js";

/** Returns say(page, status), to be called at each change; a page that has just come is silent. */
export function createVoice(element) {
  const announce = createAnnouncer(element);
  let before = null;

  return function say({ connection, snapshot }, status) {
    if (connection.state === "connecting") return;
    const banner = snapshot.round.rehearsal && byId("rehearsal").textContent;
    const sentences = [banner, byId("connection").textContent, snapshot.poll.question, status];
    const fresh = before ? sentences.filter((sentence, place) => sentence !== before[place]) : [];
    before = sentences;
    const said = join(...fresh);
    if (said) announce(said);
  };
}
