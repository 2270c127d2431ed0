// What a room would use instead, on Node: each pushes every vote to every phone, as its own examples
// do. No durability, no rules, no limit.
//
//     node peers.mjs ws|socket.io PORT

import { createServer } from "node:http";

const [name, port] = [process.argv[2], Number(process.argv[3])];
const HOST = "127.0.0.1";
const BACKLOG = 4096;
const counts = { 1: 0, 2: 0, 3: 0 };

/** Count a vote; return what everybody is told. */
function count(candidate) {
  counts[candidate] += 1;
  return { user: candidate, count: counts[candidate] };
}

async function serveWs() {
  const { WebSocketServer, WebSocket } = await import("ws");
  const http = createServer();
  const server = new WebSocketServer({ server: http, path: "/message" });
  server.on("connection", (client) => {
    client.on("message", (vote) => {
      const told = JSON.stringify(count(vote.toString()));
      for (const other of server.clients) {
        if (other.readyState === WebSocket.OPEN) other.send(told);
      }
    });
  });
  http.listen({ port, host: HOST, backlog: BACKLOG });
}

async function serveSocketIo() {
  const { Server } = await import("socket.io");
  const http = createServer();
  const server = new Server(http);
  server.on("connection", (client) => {
    client.on("vote", (candidate) => server.emit("count", count(candidate)));
  });
  http.listen({ port, host: HOST, backlog: BACKLOG });
}

await { ws: serveWs, "socket.io": serveSocketIo }[name]();
