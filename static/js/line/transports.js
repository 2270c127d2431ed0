// The ways to the server, each with one face: open it for a view, get messages and an end, send,
// close. `onClose(code, later)` gets a close code, and in how many seconds to come back if that was
// said; `send(message)` answers whether the line took it.

import { CROWDED, GOING, LOGIN, MISTAKE, STOP, UNFIT } from "./ends.js";
import { openQuestions } from "./questions.js";

const WAIT_S = 25; // as long as the server lets a question wait

// What a server of ours may say before its first word. Any other end is of a proxy's making.
const MEANT = new Set([GOING, LOGIN, MISTAKE, ...STOP]);

function openSocket(view, { onMessage, onClose }) {
  const address = new URL("/live", location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  address.searchParams.set("view", view);
  const socket = new WebSocket(address);
  let hasSpoken = false;
  let isCrowded = false;

  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    isCrowded = message.code === "too_many"; // and then it is closed
    if (isCrowded) return;
    hasSpoken = true;
    onMessage(message);
  };
  socket.onclose = ({ code }) => onClose(isCrowded ? CROWDED : hasSpoken || MEANT.has(code) ? code : UNFIT);
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

/** The ways that the page may take, as [{name, open}], the best first; its address may force one. */
export function allowedWays() {
  const names = document.body.dataset.transports.split(" ");
  const forced = new URLSearchParams(location.search).get("transport");
  return (names.includes(forced) ? [forced] : names).map((name) => ({ name, open: WAYS[name] }));
}
