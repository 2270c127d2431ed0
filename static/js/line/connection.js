// One line to the server that comes back by itself. It owns when to open, to doubt and to replace it,
// and knows why there is none; which way it takes is the ladder's. It never looks into what a message
// says of the room.

import { CROWDED, GOING, LOGIN, STOP } from "./ends.js";
import { createLadder } from "./ladder.js";
import { watchDevice } from "./news.js";
import { allowedWays } from "./transports.js";

const BACKOFF_MS = [300, 600, 1200, 2500, 5000, 8000];
const STEADY_MS = 3000; // a line that held this long makes the next wait short again
const FIRST_WORD_MS = 6000; // an open line that says nothing is no line
const PONG_MS = 2000;
const QUIET_MS = 30000; // after so much silence, ask
const VAGUE_MS = 1000; // an answer that took longer tells the time too vaguely: ask again
const MOST_ASKS = 5;
const BURST_MS = 1000; // what a phone tells of its network within so long is one piece of news
const RESTART_MS = 20000; // a server that said goodbye and is away for longer has not just restarted
const CROWDED_MS = 20000; // where there is no room, there is none a moment later

/**
 * Keep a line open for `view`.
 *
 * `onMessage(message)` gets each message, a pong with `askedAt`, by performance.now(): a new line is
 * asked the time at once. `onChange({state, reason, way, since})` gets each change, with state
 * connecting | connected | reconnecting | offline, and the reason why there is no line: restarting |
 * silent (no answer) | network (this device has none) | crowded (too many lines) | hand | stopped
 * (for good), else null. `way` is the line's, as {name, isBest}, or null. A connected line that gets
 * another way is a new line: what had no answer on the old one gets none. `onLogin()` is called when
 * the session has ended.
 */
export function connect({ view, onMessage, onChange, onLogin }) {
  const openLine = createLadder(allowedWays(), FIRST_WORD_MS);
  let line = null;
  let openedAt = 0;
  let heardAt = 0; // when this line first said something
  let asked = []; // when each ping left that has no answer yet; answers come in their order
  let asks = 0;
  let isDoubted = false; // a ping is out whose answer decides whether this line lives
  let attempt = 0;
  let restartsUntil = 0;
  let isCrowded = false;
  let timer; // one thing is waited for at a time: a word, a silence, or the next attempt
  let now = { state: "connecting", reason: null, way: null, since: Date.now() };

  const send = (message) => line !== null && line.send(message);

  function ask() {
    const leaves = performance.now();
    const isSent = send({ type: "ping" });
    if (isSent) asked.push(leaves);
    return isSent;
  }

  function wait(milliseconds, then) {
    clearTimeout(timer);
    timer = setTimeout(then, milliseconds);
  }

  function become(state, reason = null, way = null) {
    if (now.state === state && now.reason === reason && now.way?.name === way?.name) return;
    const isSame = now.state === state || (isAway(now.state) && isAway(state));
    now = { state, reason, way, since: isSame ? now.since : Date.now() };
    onChange(now);
  }

  /** Say why there is no line, as far as a device can know. */
  function away() {
    if (navigator.onLine === false) become("offline", "network");
    else become("reconnecting", isCrowded ? "crowded" : performance.now() < restartsUntil ? "restarting" : "silent");
  }

  function open() {
    [openedAt, heardAt] = [performance.now(), 0];
    // A line that was replaced may still speak or end: its callbacks know that they are old.
    const mine = openLine(view, {
      onWay: (way) => mine === line && began(way),
      onMessage: (message) => mine === line && heard(message),
      onClose: (code, later) => mine === line && lost(code, later),
    });
    line = mine;
    wait(FIRST_WORD_MS, replace);
  }

  function leave() {
    clearTimeout(timer);
    const old = line;
    line = null;
    if (old) old.close();
  }

  function replace() {
    leave();
    away();
    open();
  }

  /** Connected means that the server has spoken: a proxy may open a line that leads nowhere. */
  function began(way) {
    heardAt ||= performance.now();
    [asked, asks, isDoubted, isCrowded, restartsUntil] = [[], 0, false, false, 0];
    become("connected", null, way);
    if (!way.tellsTime) askTheTime();
  }

  function heard(message) {
    // What had come before a phone was locked proves nothing: only an answer ends a doubt.
    if (message.type === "pong") isDoubted = false;
    if (!isDoubted) wait(QUIET_MS * (0.8 + 0.4 * Math.random()), check);
    onMessage(message.type === "pong" ? answered(message) : message);
  }

  function askTheTime() {
    asks += 1;
    if (asks <= MOST_ASKS) ask();
  }

  function answered(pong) {
    const askedAt = pong.askedAt ?? asked.shift();
    if (performance.now() - askedAt > VAGUE_MS) askTheTime();
    return { ...pong, askedAt };
  }

  function lost(code, later) {
    line = null;
    if (code === LOGIN) return onLogin();
    if (STOP.has(code)) {
      clearTimeout(timer);
      return become("offline", "stopped");
    }
    // Counted from the first time: a proxy may say so again and again, for a server that is gone.
    if (code === GOING) restartsUntil ||= performance.now() + RESTART_MS;
    isCrowded = code === CROWDED;
    if (heardAt && performance.now() - heardAt > STEADY_MS) attempt = 0;
    away();
    const usual = BACKOFF_MS[Math.min(attempt, BACKOFF_MS.length - 1)];
    const longest = isCrowded ? Math.max(CROWDED_MS, later * 2000 || 0) : usual;
    attempt += 1;
    wait(longest * (0.5 + 0.5 * Math.random()), comeBack);
  }

  function comeBack() {
    // Of too many lines the server ends the oldest: pages that nobody looks at would push out the one
    // that somebody does.
    if (!isCrowded || !document.hidden) open();
  }

  /** Ask whether the line lives, and replace it if no answer comes; without a line, try now. */
  function check() {
    if (now.reason === "stopped" || now.reason === "hand") return;
    if (line === null) {
      away();
      if (performance.now() - openedAt > BURST_MS) open();
    } else if (heardAt === 0) {
      if (performance.now() - openedAt > PONG_MS) replace();
    } else if (!isDoubted) {
      isDoubted = ask();
      if (isDoubted) wait(PONG_MS, replace);
      else replace();
    }
  }

  /** By hand: no line, and none by itself, until `reconnect`. */
  function disconnect() {
    leave();
    become("offline", "hand");
  }

  /** By hand: try now, whatever was waited for. */
  function reconnect() {
    attempt = 0;
    if (now.reason === "hand") become("connecting");
    if (line === null) open();
    else check();
  }

  watchDevice(() => {
    line?.climb();
    check();
  });
  onChange(now);
  open();
  return { send, check, disconnect, reconnect };
}

const isAway = (state) => state === "reconnecting" || state === "offline";
