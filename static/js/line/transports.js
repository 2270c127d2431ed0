// The ways to the server, each with one face: open it for a view, get messages and an end, send,
// close. `onClose(code, later)` gets a close code, and in how many seconds to come back if that was
// said; `send(message)` answers whether the line took it.

import { CROWDED, GOING, LOGIN, MISTAKE, STOP, UNFIT } from "./ends.js";
import { openQuestions } from "./questions.js";
import { TAB } from "./tab.js";

const WAIT_S = 25; // as long as the server lets a question wait

// What a server of ours may say before its first word. Any other end is of a proxy's making.
const MEANT = new Set([GOING, LOGIN, MISTAKE, ...STOP]);

function openSocket(view, { onMessage, onClose }) {
  const address = new URL("/live", location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  address.search = new URLSearchParams({ view, tab: TAB });
  const socket = new WebSocket(address);
  let held = []; // what came before it is known that the server hears us: then null
  let askedAt;
  let isCrowded = false;

  function hear(message) {
    if (held === null) return onMessage(message);
    if (message.type !== "pong") return held.push(message);
    const first = held;
    held = null;
    first.forEach(onMessage);
    onMessage({ ...message, askedAt });
  }

  // Some proxies let pass what the server says, and nothing that the page does.
  socket.onopen = () => {
    askedAt = performance.now();
    socket.send(JSON.stringify({ type: "ping" }));
  };
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    isCrowded = message.code === "too_many"; // and then it is closed
    if (!isCrowded) hear(message);
  };
  socket.onclose = ({ code }) => onClose(isCrowded ? CROWDED : held === null || MEANT.has(code) ? code : UNFIT);
  return {
    send(message) {
      if (socket.readyState !== WebSocket.OPEN) return false;
      socket.send(JSON.stringify(message));
      return true;
    },
    close: () => socket.close(),
  };
}

const WAYS = {
  websocket: openSocket,
  longpoll: (view, ears) => openQuestions(view, ears, WAIT_S),
  poll: (view, ears) => openQuestions(view, ears, 0),
};

/**
 * The ways that the page may take, as [{name, tellsTime, open}], the best first; its address may force
 * one. A way that tells the time begins with a pong, `askedAt` in it.
 */
export function allowedWays() {
  const names = document.body.dataset.transports.split(" ");
  const forced = new URLSearchParams(location.search).get("transport");
  return (names.includes(forced) ? [forced] : names).map((name) => ({ name, tellsTime: name === "websocket", open: WAYS[name] }));
}
