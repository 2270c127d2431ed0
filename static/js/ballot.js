// A vote on its way: chosen → sent → counted | refused. One ballot is under way; a newer choice
// made meanwhile replaces the one that waits. "Counted" comes from the server alone.

const KEPT = "ballot";
const ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
const ID_LENGTH = 22;
const RETRY_MS = [1000, 2000, 4000, 8000];
const ANSWER_MS = 4000; // a receipt that takes longer was perhaps lost: ask, then send again

/** A ballot id that no other phone makes. (randomUUID needs a secure context; a LAN page is none.) */
export function newBallotId() {
  const bytes = crypto.getRandomValues(new Uint8Array(ID_LENGTH));
  return Array.from(bytes, (byte) => ID_ALPHABET[byte % ID_ALPHABET.length]).join("");
}

/**
 * Take choices to the server.
 *
 * `send(message)` answers whether the line took it; `changed(box)` gets {underway, next, notice}
 * after every step; `doubt()` is called when no answer comes. An entry is {ballot, epoch, round,
 * choices, name, sent, stage}, stage waiting | sending | retrying. A notice is {code, name, round}.
 */
export function createBallots({ send, changed, doubt }) {
  let box = { underway: null, next: null, notice: null, ...recall() };
  let connected = false;
  let tries = 0;
  let timer;

  function become(part) {
    box = { ...box, ...part };
    keep(box);
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

  function choose({ epoch, round }, { id, name }) {
    const { underway } = box;
    const entry = { ballot: newBallotId(), epoch, round, choices: [id], name, sent: false, stage: "waiting" };
    if (underway?.sent) {
      // What was sent cannot be called back; back to the same choice needs no second ballot.
      const same = underway.round === round && underway.choices[0] === id;
      return become({ next: same ? null : entry, notice: null });
    }
    become({ underway: entry, next: null, notice: null });
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
    const longest = RETRY_MS[Math.min(tries, RETRY_MS.length - 1)];
    tries += 1;
    timer = setTimeout(() => transmit(), longest * (0.5 + 0.5 * Math.random()));
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

  /** Another round, or the same in another state: notices that no longer explain anything go. */
  function roundChanged(previous, present) {
    const { notice } = box;
    const explains = notice && ["stale_round", "counted_before"].includes(notice.code) && notice.round === previous.id;
    if (explains || (previous.id === present.id && present.state !== "open")) return;
    const fresh = previous.id !== 0 && previous.id !== present.id && present.state === "open";
    become({ notice: fresh ? { code: "new_round" } : null });
  }

  return { choose, refused, receipt, line, roundChanged, box: () => box };
}

// The tab remembers what has no answer yet, so that a reload sends it again. Where the browser
// allows no storage, a reload only forgets an unanswered vote; the page then says what counts.
function keep({ underway, next }) {
  try {
    if (underway) sessionStorage.setItem(KEPT, JSON.stringify({ underway, next }));
    else sessionStorage.removeItem(KEPT);
  } catch { /* see above */ }
}

function recall() {
  try {
    const { underway, next } = JSON.parse(sessionStorage.getItem(KEPT));
    return { underway: { ...underway, stage: "waiting" }, next };
  } catch {
    return {};
  }
}
