// What every vote on its way needs: an id of its own, a memory that outlives a reload, patience.

const ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
const ID_LENGTH = 22;
const RETRY_MS = [1000, 2000, 4000, 8000];

/** A receipt that takes longer was perhaps lost: ask, then send again. */
export const ANSWER_MS = 4000;

/** A ballot id that no other phone makes. (randomUUID needs a secure context; a LAN page is none.) */
export function newBallotId() {
  const bytes = crypto.getRandomValues(new Uint8Array(ID_LENGTH));
  return Array.from(bytes, (byte) => ID_ALPHABET[byte % ID_ALPHABET.length]).join("");
}

/** How long to wait before what could not be recorded is sent again; phones must not come as one. */
export function retryDelay(tries) {
  return RETRY_MS[Math.min(tries, RETRY_MS.length - 1)] * (0.5 + 0.5 * Math.random());
}

/**
 * Have the tab remember a value under a name; null forgets it. Where the browser allows no storage,
 * a reload only forgets unanswered votes; the page then says what counts.
 */
export function keep(name, value) {
  try {
    if (value === null) sessionStorage.removeItem(name);
    else sessionStorage.setItem(name, JSON.stringify(value));
  } catch { /* see above */ }
}

/** What `keep` was given last, else null. */
export function recall(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name));
  } catch {
    return null;
  }
}
