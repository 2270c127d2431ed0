// Ways to the server, each with one face: open it for a view, get messages and an end, send, close.

/** Open a WebSocket. `onClose` gets the close code; `send` answers whether the line took the text. */
export function webSocket(view, { onMessage, onClose }) {
  const address = new URL("/live", location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  address.searchParams.set("view", view);
  const socket = new WebSocket(address);
  socket.onmessage = ({ data }) => onMessage(data);
  socket.onclose = ({ code }) => onClose(code);
  return {
    send(text) {
      if (socket.readyState !== WebSocket.OPEN) return false;
      socket.send(text);
      return true;
    },
    close: () => socket.close(),
  };
}
