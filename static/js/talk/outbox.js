// Messages on their way: waiting → sending → said | refused. One is under way; the others wait for it.
// "Sent" comes from the server alone, and nothing that was typed is lost.

import { ANSWER_MS, keep, newBallotId, recall, retryDelay } from "../phone/sending.js";
import { EVERYONE } from "./places.js";

const PENDING = ["waiting", "sending", "retrying"];
const AGAIN = ["not_recorded", "too_fast"]; // the same message is taken a moment later

/**
 * Take messages to the server.
 *
 * `send(message)` answers whether the line took it; `changed(box)` gets the entries after every step;
 * `doubt()` is called when no answer comes. An entry is {key, to, text, at, stage, code?, said?, version?},
 * stage waiting | sending | retrying | refused | said, the oldest first. `at` is the server's time
 * by `clock`. What is said stays until it has come back as a message. The tab remembers what is on its
 * way under `name`.
 */
export function createOutbox({ send, changed, doubt, clock, name = "outbox" }) {
  let box = (recall(name) ?? []).map((entry) => (entry.stage === "refused" ? entry : { ...entry, stage: "waiting" }));
  let line = null;
  let tries = 0;
  let timer;

  const underway = () => box.find(({ stage }) => PENDING.includes(stage));

  function become(entries) {
    box = entries;
    const kept = box.filter(({ stage }) => stage !== "said");
    keep(name, kept.length > 0 ? kept : null);
    changed(box);
  }

  const change = (key, part) => become(box.map((entry) => (entry.key === key ? { ...entry, ...part } : entry)));

  function transmit() {
    clearTimeout(timer);
    const entry = underway();
    if (!entry) return;
    const { key, to, text } = entry;
    if (line && send({ type: "say", key, to, text })) {
      timer = setTimeout(() => { doubt(); transmit(); }, ANSWER_MS);
      change(key, { stage: "sending" });
    } else if (entry.stage !== "waiting") {
      change(key, { stage: "waiting" });
    }
  }

  function settled() {
    clearTimeout(timer);
    tries = 0;
  }

  function goOn() {
    if (underway()?.stage === "waiting") transmit();
  }

  /** Say a text to `to`. */
  function say(to, text) {
    become([...box, { key: newBallotId(), to, text, at: clock.now(), stage: "waiting" }]);
    goOn();
  }

  function said({ key, id, version, at }) {
    if (key === underway()?.key) settled();
    change(key, { stage: "said", said: id, version, at });
    goOn();
  }

  function unsaid({ key, code }) {
    const entry = underway();
    const unread = key === null && code === "bad_message"; // it could not even be read
    // Who has to log in first keeps it until then.
    if (!entry || code === "not_logged_in" || (key !== entry.key && !unread)) return;
    clearTimeout(timer);
    if (AGAIN.includes(code)) {
      // It may have reached the disk all the same: the same key is asked for again.
      timer = setTimeout(transmit, retryDelay(tries));
      tries += 1;
      return change(entry.key, { stage: "retrying" });
    }
    settled();
    change(entry.key, { stage: "refused", code });
    goOn();
  }

  /** Take out what was refused; returns it. */
  function drop(key) {
    const dropped = box.find((entry) => entry.key === key);
    become(box.filter((entry) => entry !== dropped));
    return dropped;
  }

  /** Send what was refused once more, behind what was said meanwhile. */
  function again(key) {
    const { to, text } = drop(key);
    say(to, text);
  }

  /** Forget what has come back as a message, or never will: it was hidden meanwhile. */
  function settle({ wall, direct }) {
    const isHeld = ({ to, said: wanted, version }) => {
      const held = to === EVERYONE ? wall : direct;
      return version <= held.version || held.list.some(({ id }) => id === wanted);
    };
    const left = box.filter((entry) => entry.stage !== "said" || !isHeld(entry));
    if (left.length < box.length) become(left);
  }

  /** The page has another line, or with a falsy one none: what has no answer is sent again. */
  function onLine(present) {
    if ((present || null) === line) return;
    line = present || null;
    transmit();
  }

  return { say, said, unsaid, again, drop, settle, line: onLine, box: () => box };
}
