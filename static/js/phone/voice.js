// What of the voter's page is said aloud: of several sentences those that are not what was said last.

import { createAnnouncer } from "../page/announce.js";
import { byId } from "../page/dom.js";
import { join } from "../page/words.js";

/** Returns say(page, status), to be called at each change; a page that has just come is silent. */
export function createVoice(element) {
  const announce = createAnnouncer(element);
  let said = null; // as the listener knows them
  let latest = null;

  /** What has changed since it was last told, whatever became of it in between. */
  function news() {
    const fresh = latest.filter((sentence, place) => sentence !== said[place]);
    said = latest;
    return join(...fresh);
  }

  return function say({ connection, snapshot }, status) {
    if (connection.state === "connecting") return;
    const banner = snapshot.round.rehearsal && byId("rehearsal").textContent;
    const before = latest;
    latest = [banner, byId("connection").textContent, snapshot.poll.question, status ?? before?.at(-1) ?? ""];
    said ??= latest;
    if (before && latest.some((sentence, place) => sentence !== before[place])) announce(news);
  };
}
