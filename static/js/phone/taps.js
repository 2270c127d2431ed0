// Taps on their way: each is a ballot of its own, sent with the id it was born with until the server
// has answered it. Many may be under way, no faster than the poll takes them.

import { ANSWER_MS, keep, newBallotId, recall, retryDelay } from "./sending.js";

const KEPT = "taps";
const QUEUE_SECONDS = 10; // what waits can be caught up in about so long
const MOST_UNDERWAY = 16; // half of what the server takes unanswered from one page
const SLACK = 1.1; // a little slower than allowed: a line can bunch up what left it spaced out

/**
 * Take taps to the server.
 *
 * `send` and `doubt` are as for ballots; `changed(taps)` gets {queue, stage, mine, notice} after
 * every step. The queue holds what has no answer yet, as {ballot, epoch, round, choice, gap, sent};
 * `stage` of all of it is waiting | sending | retrying. `mine` is what this tab got receipts for in
 * one round, {epoch, round, counts}. A notice is {code, n, round}.
 */
export function createTaps({ send, changed, doubt }) {
  let taps = { queue: [], mine: { counts: {} }, ...recall(KEPT), stage: "waiting", notice: null };
  const underway = new Map(); // ballot → when it left on this line
  let connected = false;
  let troubled = false; // the server cannot record: one tap at a time asks whether it can again
  let tries = 0;
  let freeAt = 0; // when the next one may leave
  let timer;

  function become(part) {
    taps = { ...taps, ...part, stage: !connected ? "waiting" : troubled ? "retrying" : "sending" };
    keep(KEPT, { queue: taps.queue, mine: taps.mine });
    changed(taps);
  }

  /** Send what may leave now, and come back when more may, or when an answer is overdue. */
  function pump() {
    clearTimeout(timer);
    if (!connected) return;
    const isFree = underway.size < (troubled ? 1 : MOST_UNDERWAY);
    const entry = isFree && taps.queue.find(({ ballot }) => !underway.has(ballot));
    if (entry && performance.now() >= freeAt) {
      transmit(entry);
      return pump();
    }
    const [oldest = Infinity] = underway.values();
    const at = Math.min(oldest + ANSWER_MS, entry ? freeAt : Infinity);
    if (at < Infinity) timer = setTimeout(at === freeAt ? pump : overdue, at - performance.now());
  }

  function transmit({ ballot, round, choice, gap }) {
    freeAt = performance.now() + gap;
    // Remembered first: a page that ends here must not take what left for what never did.
    become({ queue: taps.queue.map((entry) => (entry.ballot === ballot ? { ...entry, sent: true } : entry)) });
    if (send({ type: "vote", ballot, round, choices: [choice] })) underway.set(ballot, performance.now());
  }

  function overdue() {
    underway.clear();
    doubt();
    pump();
  }

  /** Add one to a candidate, in a poll that takes so many taps a second. */
  function tap({ epoch, round }, choice, perSecond) {
    const { queue } = taps;
    if (queue.length >= perSecond * QUEUE_SECONDS) return become({ notice: { code: "full", n: queue.length, round } });
    const entry = { ballot: newBallotId(), epoch, round, choice, gap: (SLACK * 1000) / perSecond, sent: false };
    become({ queue: [...queue, entry] });
    pump();
  }

  /** Take what is answered out of the queue; returns it, or undefined if it is none of ours. */
  function answered(ballot) {
    const entry = taps.queue.find((one) => one.ballot === ballot);
    if (entry === undefined) return entry;
    underway.delete(ballot);
    troubled = false;
    tries = 0;
    taps = { ...taps, queue: taps.queue.filter((one) => one !== entry) };
    return entry;
  }

  function receipt({ ballot }) {
    const entry = answered(ballot);
    if (entry === undefined) return;
    const { epoch, round, choice } = entry;
    const isSame = taps.mine.epoch === epoch && taps.mine.round === round;
    const counts = isSame ? taps.mine.counts : {};
    become({ mine: { epoch, round, counts: { ...counts, [choice]: (counts[choice] ?? 0) + 1 } } });
    pump();
  }

  function refused({ ballot, code }) {
    if (code === "not_recorded") return notRecorded(ballot);
    const entry = answered(ballot);
    if (entry === undefined) return;
    become({ notice: more(taps.notice, code, 1, entry.round) });
    pump();
  }

  function notRecorded(ballot) {
    if (!underway.delete(ballot)) return;
    troubled = true;
    if (underway.size === 0) {
      freeAt = performance.now() + retryDelay(tries);
      tries += 1;
    }
    become({});
    pump();
  }

  /** The line went, or came with the first state of `epoch`; taps for another journal's room go. */
  function line(isConnected, epoch) {
    if (isConnected) drop((entry) => entry.epoch !== epoch);
    if (connected === isConnected) return;
    connected = isConnected;
    underway.clear();
    // The server may have been asked for one a moment ago, on the line before.
    freeAt = performance.now() + (taps.queue[0]?.gap ?? 0);
    become({});
    pump();
  }

  /** The voter goes on: what was said of earlier taps has been read. */
  function goOn() {
    if (taps.notice) become({ notice: null });
  }

  /** Another round: what never left for the one before can only be refused, so it need not go. */
  function roundChanged(previous, present) {
    if (previous.id === present.id) return;
    become({ notice: null });
    drop(({ round, sent }) => !sent && round !== present.id);
  }

  function drop(isLate) {
    const late = taps.queue.filter(isLate);
    if (late.length === 0) return;
    const queue = taps.queue.filter((entry) => !isLate(entry));
    become({ queue, notice: more(taps.notice, "stale_round", late.length, late[0].round) });
  }

  return { tap, receipt, refused, line, goOn, roundChanged, taps: () => taps };
}

function more(notice, code, n, round) {
  const isSame = notice?.code === code && notice.round === round;
  return { code, n: isSame ? notice.n + n : n, round };
}
