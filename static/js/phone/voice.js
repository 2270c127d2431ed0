// What of the voter's page is said aloud: of several sentences those that are not what was said last.

import { createAnnouncer } from "../page/announce.js";
import { byId } from "../page/dom.js";
import { join } from "../page/words.js";

/**
 * Returns {say(page, status), tell(source)}: `say` is called at each change, and a page that has just
 * come is silent; `source()`, asked when it is about to be told, returns what else is new, or "".
 */
export function createVoice(element) {
  const announce = createAnnouncer(element);
  let said = null; // as the listener knows them
  let latest = null;
  let besides = () => "";

  /** What has changed since it was last told, whatever became of it in between. */
  function news() {
    const fresh = latest.filter((sentence, place) => sentence !== said[place]);
    said = latest;
    return join(...fresh, besides());
  }

  function say({ connection, snapshot }, status) {
    if (connection.state === "connecting") return;
    const banner = snapshot.round.rehearsal && byId("rehearsal").textContent;
    const before = latest;
    latest = [banner, byId("connection").textContent, snapshot.poll.question, status ?? before?.at(-1) ?? ""];
    said ??= latest;
    if (before && latest.some((sentence, place) => sentence !== before[place])) announce(news);
  }

  function tell(source) {
    besides = source;
    if (latest) announce(news);
  }

  return { say, tell };
}
