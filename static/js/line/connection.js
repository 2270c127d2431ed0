// One line to the server that comes back by itself. It owns when to open, to doubt and to replace
// a transport, and knows why there is none; it never looks into what a message says of the room.

import { webSocket } from "./transports.js";

const BACKOFF_MS = [300, 600, 1200, 2500, 5000, 8000];
const STEADY_MS = 3000; // a line that held this long makes the next wait short again
const FIRST_WORD_MS = 6000; // an open line that says nothing is no line
const PONG_MS = 2000;
const QUIET_MS = 30000; // after so much silence, ask
const VAGUE_MS = 1000; // an answer that took longer tells the time too vaguely: ask again
const MOST_ASKS = 5;
const BURST_MS = 1000; // what a phone tells of its network within so long is one piece of news
const RESTART_MS = 20000; // a server that said goodbye and is away for longer has not just restarted

// What a close code asks of the page; all others mean: come back.
const CLOSE_GOING = 1001;
const CLOSE_LOGIN = 4401;
const CLOSE_STOP = new Set([1002, 1003, 1007, 1008, 1009]); // we do something that is not taken

/**
 * Keep a line open for `view`.
 *
 * `onMessage(message)` gets each message, a pong with `askedAt`, by performance.now(): a new line is
 * asked the time at once. `onChange({state, reason, since})` gets each change, with state
 * connecting | connected | reconnecting | offline, and the reason why there is no line: restarting |
 * silent (no answer) | network (this device has none) | hand | stopped (for good), else null.
 * `onLogin()` is called when the session has ended.
 */
export function connect({ view, onMessage, onChange, onLogin, transport = webSocket }) {
  let line = null;
  let openedAt = 0;
  let heardAt = 0; // when this line first said something
  let asked = []; // when each ping left that has no answer yet; answers come in their order
  let asks = 0;
  let isDoubted = false; // a ping is out whose answer decides whether this line lives
  let attempt = 0;
  let restartsUntil = 0;
  let timer; // one thing is waited for at a time: a word, a silence, or the next attempt
  let now = { state: "connecting", reason: null, since: Date.now() };

  const send = (message) => line !== null && line.send(JSON.stringify(message));

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

  function become(state, reason = null) {
    if (now.state === state && now.reason === reason) return;
    const isSameAbsence = isAway(now.state) && isAway(state);
    now = { state, reason, since: isSameAbsence ? now.since : Date.now() };
    onChange(now);
  }

  /** Say why there is no line, as far as a device can know. */
  function away() {
    if (navigator.onLine === false) become("offline", "network");
    else become("reconnecting", performance.now() < restartsUntil ? "restarting" : "silent");
  }

  function open() {
    [openedAt, heardAt, asked, asks, isDoubted] = [performance.now(), 0, [], 0, false];
    // A line that was replaced may still speak or end: its callbacks know that they are old.
    const mine = transport(view, {
      onMessage: (text) => mine === line && heard(text),
      onClose: (code) => mine === line && lost(code),
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

  function heard(text) {
    const message = JSON.parse(text);
    // What had come before a phone was locked proves nothing: only an answer ends a doubt.
    if (message.type === "pong") isDoubted = false;
    if (!isDoubted) wait(QUIET_MS * (0.8 + 0.4 * Math.random()), check);
    if (heardAt === 0) askTheTime();
    heardAt ||= performance.now();
    restartsUntil = 0;
    // Connected means that the server has spoken: a proxy may open a line that leads nowhere.
    become("connected");
    onMessage(message.type === "pong" ? answered(message) : message);
  }

  function askTheTime() {
    asks += 1;
    if (asks <= MOST_ASKS) ask();
  }

  function answered(pong) {
    const askedAt = asked.shift();
    if (performance.now() - askedAt > VAGUE_MS) askTheTime();
    return { ...pong, askedAt };
  }

  function lost(code) {
    line = null;
    if (code === CLOSE_LOGIN) return onLogin();
    if (CLOSE_STOP.has(code)) {
      clearTimeout(timer);
      return become("offline", "stopped");
    }
    if (code === CLOSE_GOING) restartsUntil = performance.now() + RESTART_MS;
    if (heardAt && performance.now() - heardAt > STEADY_MS) attempt = 0;
    away();
    const longest = BACKOFF_MS[Math.min(attempt, BACKOFF_MS.length - 1)];
    attempt += 1;
    wait(longest * (0.5 + 0.5 * Math.random()), open);
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

  // A locked phone comes back with a line that says "open" and is dead; one that went from one Wi-Fi
  // to another does not even notice.
  document.addEventListener("visibilitychange", () => document.hidden || check());
  document.addEventListener("resume", check);
  addEventListener("pageshow", ({ persisted }) => persisted && check());
  addEventListener("online", check);
  addEventListener("offline", check);
  // Estimates of speed change all the time, too; only another kind of network is news.
  let network = navigator.connection?.type;
  navigator.connection?.addEventListener("change", () => {
    if (navigator.connection.type === network) return;
    network = navigator.connection.type;
    check();
  });

  onChange(now);
  open();
  return { send, check, disconnect, reconnect };
}

const isAway = (state) => state === "reconnecting" || state === "offline";
