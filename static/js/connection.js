// One line to the server that comes back by itself. It owns when to open, to doubt and to replace
// a transport; it never looks into a message.

import { webSocket } from "./transports.js";

const BACKOFF_MS = [300, 600, 1200, 2500, 5000, 8000];
const STEADY_MS = 3000; // a line that held this long makes the next wait short again
const FIRST_WORD_MS = 6000; // an open line that says nothing is no line
const PONG_MS = 2000;
const QUIET_MS = 30000; // after so much silence, ask
const VAGUE_MS = 1000; // an answer that took longer tells the time too vaguely: ask again
const MOST_ASKS = 5;

// What a close code asks of the page; all others mean: come back.
const CLOSE_LOGIN = 4401;
const CLOSE_STOP = new Set([1002, 1003, 1007, 1008, 1009]); // we do something that is not taken

/**
 * Keep a line open for `view`.
 *
 * `onMessage(message)` gets each message, a pong with `askedAt`, by performance.now(): a new line is
 * asked the time at once. `onChange({state, since, stopped})` gets each change, with state
 * connecting | connected | reconnecting | offline; `onLogin()` is called when the session has ended.
 */
export function connect({ view, onMessage, onChange, onLogin, transport = webSocket }) {
  let line = null;
  let heardAt = 0; // when this line first said something
  let asked = []; // when each ping left that has no answer yet; answers come in their order
  let asks = 0;
  let attempt = 0;
  let timer; // one thing is waited for at a time: a word, a silence, or the next attempt
  let now = { state: "connecting", since: Date.now(), stopped: false };

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

  function become(state, stopped = false) {
    if (now.state === state && now.stopped === stopped) return;
    const away = now.state === "reconnecting" || now.state === "offline";
    const since = away && state !== "connected" ? now.since : Date.now();
    now = { state, since, stopped };
    onChange(now);
  }

  function open() {
    [heardAt, asked, asks] = [0, [], 0];
    // A line that was replaced may still speak or end: its callbacks know that they are old.
    const mine = transport(view, {
      onMessage: (text) => mine === line && heard(text),
      onClose: (code) => mine === line && lost(code),
    });
    line = mine;
    wait(FIRST_WORD_MS, replace);
  }

  function replace() {
    const old = line;
    line = null;
    if (old) old.close();
    become(navigator.onLine === false ? "offline" : "reconnecting");
    open();
  }

  function heard(text) {
    wait(QUIET_MS * (0.8 + 0.4 * Math.random()), check);
    if (heardAt === 0) askTheTime();
    heardAt ||= performance.now();
    // Connected means that the server has spoken: a proxy may open a line that leads nowhere.
    become("connected");
    const message = JSON.parse(text);
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
      return become("offline", true);
    }
    if (heardAt && performance.now() - heardAt > STEADY_MS) attempt = 0;
    become(navigator.onLine === false ? "offline" : "reconnecting");
    const longest = BACKOFF_MS[Math.min(attempt, BACKOFF_MS.length - 1)];
    attempt += 1;
    wait(longest * (0.5 + 0.5 * Math.random()), open);
  }

  /** Ask whether the line lives, and replace it if no answer comes; without a line, try at once. */
  function check() {
    if (now.stopped) return;
    if (line === null) open();
    else if (heardAt === 0) return;
    else if (ask()) wait(PONG_MS, replace);
    else replace();
  }

  // A locked phone comes back with a line that says "open" and is dead.
  document.addEventListener("visibilitychange", () => document.hidden || check());
  addEventListener("pageshow", ({ persisted }) => persisted && check());
  addEventListener("online", check);
  addEventListener("offline", check);

  onChange(now);
  open();
  return { send, check };
}
