// A line made of questions: what is new is asked for, again and again; ballots and messages are posted.
// To the rest of the page it is a line like a socket. Never comes back by itself: it says how it ended.

import { CROWDED, GOING, LOGIN, LOST, UNFIT } from "./ends.js";
import { reach } from "./reach.js";
import { TAB } from "./tab.js";

const PERIOD_MS = 2000; // between questions that do not wait
const STORM_MS = 200; // between those that do while there is always news: two ticks of the server
const LATE_MS = 5000; // an answer that is later will not come
const POST_MS = 15000; // a disk may take its time
const CUT_MS = 1000; // a wait that ended sooner was not cut for its length
const LEAST_WAIT_S = 3;

const ENDS = { 401: LOGIN, 429: CROWDED, 503: GOING };

/** Open such a line; a question may wait `wait` seconds for news, with 0 one comes every two seconds. */
export function openQuestions(view, { onMessage, onClose }, wait) {
  const underway = new Set(); // an AbortController for each request
  let waiting = null; // the one of the question that waits for news
  let endPause = null;
  let after; // the server's name for the newest that is here
  let pings = 0; // to be asked
  let heard; // since when to be told what was said: asked until it is answered
  let people; // the newest list of who is here, while the page wants it
  let calls = 0; // for the next question, before its time
  let isProving = false; // a wait was cut: the next question shows whether there is a line
  let isOver = false;

  async function run() {
    while (!isOver) await ask();
  }

  async function ask() {
    const [isPing, hears, before, leaves] = [pings > 0, heard, calls, performance.now()];
    const isWaiting = after !== undefined && !isPing && !hears && !isProving && mayWait();
    const talk = { ...(hears && { heard: hears }), ...(people && { people }) };
    const asks = new URLSearchParams({ view, tab: TAB, ...(after && { after }), ...(isWaiting && { wait }), ...(isPing && { ping: 1 }), ...talk });
    const stop = new AbortController();
    if (isWaiting) waiting = stop;
    const answer = await request(`/live?${asks}`, LATE_MS + (isWaiting ? wait * 1000 : 0), stop);
    waiting = null;
    const took = performance.now() - leaves;
    if (isOver) return;
    if (answer === null) {
      if (!isWaiting) end(LOST);
      else if (calls === before) cut(took);
      return;
    }
    isProving = false;
    pings -= Number(isPing);
    if (heard === hears) heard = undefined;
    take(answer);
    if (isOver || pings > 0) return;
    if (!mayWait()) await pause(PERIOD_MS * (0.8 + 0.4 * Math.random()));
    else if (isWaiting) await pause(STORM_MS - took);
  }

  // A browser opens six connections to a server, for all its tabs together: those that nobody looks at
  // must not hold them, or no vote gets through.
  const ASKS = {
    ping: () => { pings += 1; },
    hear: (message) => { heard = message.after || "0"; },
    people: ({ on }) => { people = on ? "0" : undefined; },
  };

  const mayWait = () => wait > 0 && !document.hidden;

  /** A wait ended without an answer: by a proxy that has no patience, or because the line went. */
  function cut(took) {
    if (took < CUT_MS) return end(LOST);
    isProving = true;
    wait = wait / 2 < LEAST_WAIT_S ? 0 : Math.floor(wait / 2);
  }

  async function pause(milliseconds) {
    if (milliseconds <= 0) return;
    await new Promise((resolve) => {
      endPause = resolve;
      setTimeout(resolve, milliseconds);
    });
    endPause = null;
  }

  function take({ status, body, later }) {
    if (status === 204) return;
    if (status !== 200) return end(ENDS[status] ?? UNFIT, later);
    if (!body?.after || !Array.isArray(body.messages)) return end(UNFIT); // a portal's, not ours
    after = body.after;
    for (const message of body.messages) {
      if (message.type === "people" && people) people = message.after;
      if (!isOver) onMessage(message);
    }
  }

  async function post(message) {
    const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(message) };
    const path = message.type === "vote" ? "/ballots" : `/messages?view=${view}`;
    const answer = await request(path, POST_MS, new AbortController(), options);
    if (isOver) return;
    // Who has to log in first keeps the vote, or the message, until then, as on a socket.
    if (answer === null || answer.status === 401 || !answer.body?.type) return end(ENDS[answer?.status] ?? LOST, answer?.later);
    onMessage(answer.body);
    endPause?.(); // the numbers with this vote, the wall with this message
  }

  async function request(path, patience, stop, options) {
    underway.add(stop);
    const answer = await reach(path, patience, stop, options);
    underway.delete(stop);
    return answer;
  }

  function call() {
    calls += 1;
    waiting?.abort();
    endPause?.();
  }

  function close() {
    isOver = true;
    document.removeEventListener("visibilitychange", call);
    for (const stop of underway) stop.abort();
    endPause?.();
  }

  function end(code, later) {
    close();
    onClose(code, later);
  }

  document.addEventListener("visibilitychange", call);
  run();
  return {
    send(message) {
      if (isOver) return false;
      const ask = ASKS[message.type];
      if (!ask) post(message);
      else {
        ask(message);
        call();
      }
      return true;
    },
    close,
  };
}
