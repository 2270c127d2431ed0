// A vote on its way: chosen → sent → counted | refused. One ballot is under way; a newer choice
// made meanwhile replaces the one that waits. "Counted" comes from the server alone.

import { ANSWER_MS, keep, newBallotId, recall, retryDelay } from "./sending.js";

const KEPT = "ballot";

/**
 * Take choices to the server.
 *
 * `send(message)` answers whether the line took it; `changed(box)` gets {underway, next, notice}
 * after every step; `doubt()` is called when no answer comes. An entry is {ballot, epoch, round,
 * choices, name, sent, stage}, stage waiting | sending | retrying. A notice is {code, name, round}.
 */
export function createBallots({ send, changed, doubt }) {
  let box = { underway: null, next: null, notice: null, ...remembered() };
  let connected = false;
  let tries = 0;
  let timer;

  function become(part) {
    box = { ...box, ...part };
    // The tab remembers what has no answer yet, so that a reload sends it again.
    keep(KEPT, box.underway && { underway: box.underway, next: box.next });
    changed(box);
  }

  function transmit() {
    clearTimeout(timer);
    const entry = box.underway;
    if (entry === null) return;
    const { ballot, round, choices } = entry;
    if (connected && send({ type: "vote", ballot, round, choices })) {
      become({ underway: { ...entry, sent: true, stage: "sending" } });
      timer = setTimeout(() => { doubt(); transmit(); }, ANSWER_MS);
    } else {
      become({ underway: { ...entry, stage: "waiting" } });
    }
  }

  /** Vote for `choices`, ids in ballot order; `name` is what to call them. */
  function choose({ epoch, round }, choices, name) {
    const { underway } = box;
    const entry = { ballot: newBallotId(), epoch, round, choices, name, sent: false, stage: "waiting" };
    if (underway?.sent) {
      // What was sent cannot be called back; back to the same choice needs no second ballot.
      const same = underway.round === round && String(underway.choices) === String(choices);
      return become({ next: same ? null : entry });
    }
    become({ underway: entry, next: null });
    tries = 0;
    transmit();
  }

  function answered(notice) {
    tries = 0;
    become({ underway: box.next, next: null, notice: box.next ? null : notice });
    transmit();
  }

  function refused({ ballot, code }) {
    const entry = box.underway;
    const unread = ballot === null && code === "bad_message"; // it could not even be read
    if (entry === null || (ballot !== entry.ballot && !unread)) return;
    if (code !== "not_recorded") return answered({ code, name: entry.name, round: entry.round });
    clearTimeout(timer);
    // It may have reached the disk all the same: the same ballot is asked for again, and a newer
    // choice waits for that answer.
    become({ underway: { ...entry, stage: "retrying" } });
    timer = setTimeout(transmit, retryDelay(tries));
    tries += 1;
  }

  /** Take a receipt; answers whether it was for the ballot under way. */
  function receipt({ ballot }, presentRound) {
    const entry = box.underway;
    if (entry === null || ballot !== entry.ballot) return false;
    const before = entry.round !== presentRound;
    answered(before ? { code: "counted_before", name: entry.name, round: entry.round } : null);
    return true;
  }

  /**
   * The line went, or came with the first state of `epoch`. What has no answer is sent again with
   * the same id: it counts once. A choice made for another journal's room is forgotten.
   */
  function line(isConnected, epoch) {
    const entry = box.underway;
    if (isConnected && entry !== null && entry.epoch !== epoch) {
      become({ underway: null, next: null, notice: { code: "stale_round", name: entry.name, round: entry.round } });
    }
    if (connected === isConnected) return;
    connected = isConnected;
    transmit();
  }

  /** The voter goes on: what was said of earlier ballots has been read. */
  function goOn() {
    if (box.notice) become({ notice: null });
  }

  /** Another round, or the same in another state: notices that no longer explain anything go. */
  function roundChanged(previous, present) {
    const { notice } = box;
    const explains = notice && ["stale_round", "counted_before"].includes(notice.code) && notice.round === previous.id;
    if (explains || (previous.id === present.id && present.state !== "open")) return;
    const counts = !previous.rehearsal && !present.rehearsal; // the banner says all about a rehearsal
    const fresh = counts && previous.id !== 0 && previous.id !== present.id && present.state === "open";
    become({ notice: fresh ? { code: "new_round" } : null });
  }

  return { choose, refused, receipt, line, goOn, roundChanged, box: () => box };
}

function remembered() {
  const kept = recall(KEPT);
  return kept && { underway: { ...kept.underway, stage: "waiting" }, next: kept.next };
}
