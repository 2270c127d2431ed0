"""What a room would use instead: each pushes every vote to every phone, as its own examples do.

    python peers.py flask-sock|gevent-websocket|flask-socketio|tornado PORT

Owns nothing but that: no durability, no rules, no limit. Runs in .venv-bench, never in the server.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

if sys.argv[1] in ("flask-sock", "flask-socketio"):
    from gevent import monkey

    monkey.patch_all()  # before every other import: they must see gevent's sockets

HOST = "127.0.0.1"
BACKLOG = 4_096

counts = {"1": 0, "2": 0, "3": 0}


def count(candidate: str) -> dict[str, object]:
    """Count a vote; return what everybody is told."""
    counts[candidate] += 1
    return {"user": candidate, "count": counts[candidate]}


def flask_sock(port: int) -> None:
    """Serve with flask-sock under gevent: a loop over a set of clients."""
    from flask import Flask
    from flask_sock import Sock
    from gevent.pywsgi import WSGIServer

    app = Flask(__name__)
    clients: set[Any] = set()

    @Sock(app).route("/message")  # type: ignore[untyped-decorator]
    def message(client: Any) -> None:
        clients.add(client)
        try:
            while True:
                told = json.dumps(count(client.receive()))
                for other in list(clients):
                    other.send(told)
        finally:
            clients.discard(client)

    WSGIServer((HOST, port), app, log=None, backlog=BACKLOG).serve_forever()


def gevent_websocket(port: int) -> None:
    """Serve with gevent-websocket: its chat example's loop."""
    from flask import Flask, request
    from gevent.pywsgi import WSGIServer
    from geventwebsocket.handler import WebSocketHandler

    app = Flask(__name__)
    clients: dict[int, Any] = {}

    @app.route("/message", websocket=True)
    def message() -> str:
        client = request.environ["wsgi.websocket"]
        clients[id(client)] = client
        try:
            while vote := client.receive():
                told = json.dumps(count(vote))
                for other in list(clients.values()):
                    other.send(told)
        finally:
            del clients[id(client)]
        return ""

    server = WSGIServer(
        (HOST, port), app, handler_class=WebSocketHandler, log=None, backlog=BACKLOG
    )
    server.serve_forever()


def flask_socketio(port: int) -> None:
    """Serve with Flask-SocketIO under gevent: `emit` with `broadcast`."""
    from flask import Flask
    from flask_socketio import SocketIO, emit

    app = Flask(__name__)
    sockets = SocketIO(app, async_mode="gevent")

    @sockets.on("vote")  # type: ignore[untyped-decorator]
    def vote(candidate: str) -> None:
        emit("count", count(candidate), broadcast=True)

    sockets.run(app, HOST, port, log_output=False)


def tornado(port: int) -> None:
    """Serve with Tornado: `write_message` to each of a set of handlers."""
    from tornado.web import Application
    from tornado.websocket import WebSocketHandler

    clients: set[Any] = set()

    class Message(WebSocketHandler):  # type: ignore[misc]
        def check_origin(self, _origin: str) -> bool:
            return True

        def open(self) -> None:
            clients.add(self)

        def on_close(self) -> None:
            clients.discard(self)

        def on_message(self, vote: str) -> None:
            told = json.dumps(count(vote))
            for client in clients:
                client.write_message(told)

    async def serve() -> None:
        Application([("/message", Message)]).listen(port, HOST, backlog=BACKLOG)
        await asyncio.Event().wait()

    asyncio.run(serve())


PEERS = {
    "flask-sock": flask_sock,
    "gevent-websocket": gevent_websocket,
    "flask-socketio": flask_socketio,
    "tornado": tornado,
}

if __name__ == "__main__":
    PEERS[sys.argv[1]](int(sys.argv[2]))
