// The screen's ear for the wall. On each new line it asks for what was said since it heard last, and
// takes nothing before it has asked: what came first would hide that something is missing.

import { foldTalk, hearAfter } from "../talk/messages.js";

/** Returns {ask, fold}; `send(message)` goes over the line there is. */
export function createHearing(send) {
  let current = null; // the line that there is, as its connection tells of it
  let asked = null; // the one on which was asked

  /** Ask, once on each line and as soon as the screen `wants` to hear. */
  function ask(wants, { connection, heard }) {
    current = connection;
    if (!wants || connection.state !== "connected" || connection === asked) return;
    asked = connection;
    send(hearAfter(heard));
  }

  /** What is heard after a `talk` message. */
  const fold = (heard, message) => (current === asked ? foldTalk(heard, message) : heard);

  return { ask, fold };
}
