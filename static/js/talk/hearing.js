// What the page asks to be told: on every new line what was said since, the whole wall once somebody
// looks at it, and who is here while somebody chooses.

import { hearAfter } from "./messages.js";
import { CHOOSING } from "./places.js";

const AGAIN_MS = 1000; // a server that was asked too often hears again by then

/** Returns {render(page), hears(), unsaid(message)}; `later()` has the page rendered once more. */
export function createHearing(send, later) {
  let line = null; // the connection that was asked last
  let isWholeAsked = false;
  let isWatching = false; // who is here is being told

  function render({ connection, snapshot, wall, isWhole, isOpen, place }) {
    if (connection.state !== "connected" || !snapshot.talk) {
      line = null;
      return;
    }
    const isNew = connection !== line;
    if (isNew) [line, isWholeAsked, isWatching] = [connection, false, false];
    if (isOpen && !isWhole && !isWholeAsked) isWholeAsked = send({ type: "hear", after: "" });
    else if (isNew) send(hearAfter(wall));
    const watches = isOpen && place === CHOOSING;
    if (watches !== isWatching && send({ type: "people", on: watches })) isWatching = watches;
  }

  /** Whether what comes goes on where the page was: what comes before it has asked would leave a gap. */
  const hears = () => line !== null;

  function unsaid({ key, code }) {
    if (key !== null || code !== "too_fast") return;
    setTimeout(() => {
      line = null;
      later();
    }, AGAIN_MS);
  }

  return { render, hears, unsaid };
}
