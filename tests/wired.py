"""A phone for unit tests: a real WebSocket to a `Connection` over a socket pair, no server."""

from __future__ import annotations

from typing import Any

import gevent
from gevent.event import Event
from gevent.socket import MSG_PEEK, SHUT_WR, socketpair
from simple_websocket import Server
from wsproto import ConnectionType, events
from wsproto.connection import Connection as Wire

from voting.connection import Connection
from voting.handshake import SERVER_OPTIONS, prepare

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
"""The key of the example in RFC 6455, section 1.3."""

PATIENCE = 5
"""Seconds after which a wait that should have ended fails the test."""

LARGE = 1 << 20
"""More than the kernel takes for one client: who is shown so much and reads nothing is stalled."""


class Phone:
    """A WebSocket client at the other end of a connection, which listens in a greenlet."""

    def __init__(self, *, first: bytes = b"", listen: bool = True) -> None:
        ours, self.socket = socketpair()
        self.socket.settimeout(PATIENCE)
        self.socket.sendall(first)
        self._ours, self._reader = ours, ours.makefile("rb")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "GET",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "SERVER_SOFTWARE": "gevent/26 Python/3.11",
            "HTTP_UPGRADE": "websocket",
            "HTTP_CONNECTION": "Upgrade",
            "HTTP_SEC_WEBSOCKET_VERSION": "13",
            "HTTP_SEC_WEBSOCKET_KEY": KEY,
            "voting.socket": ours,
            "wsgi.input": self._reader,
        }
        prepare(environ)
        self.connection = Connection(Server(environ, **SERVER_OPTIONS))
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += self.socket.recv(1)
        self._wire = Wire(ConnectionType.CLIENT)
        self._got: list[events.Event] = []
        self.heard: list[str] = []
        self.woken = Event()
        self.listening = gevent.spawn(self.listen) if listen else None

    def listen(self) -> None:
        self.connection.listen(self._hear)

    def _hear(self, message: bytes) -> None:
        self.heard.append(message.decode())
        self.woken.set()
        if message == b"mistake":
            raise LookupError("a mistake of ours")

    def close(self) -> None:
        self.socket.close()
        self.left()
        self._reader.close()
        self._ours.close()

    def left(self) -> None:
        """Wait until the connection's listening, if it was begun, has ended."""
        if self.listening:
            self.listening.get(timeout=PATIENCE)

    def send(self, event: events.Event) -> None:
        self.socket.sendall(self._wire.send(event))

    def say(self, text: str) -> None:
        self.send(events.TextMessage(text))

    def has_word(self) -> bool:
        """Say whether something lies ready to be read."""
        try:
            return bool(self.socket._sock.recv(1, MSG_PEEK))
        except BlockingIOError:
            return False

    def get(self) -> Any:
        """Return the next event of the wire; texts and bytes come whole."""
        parts: list[Any] = []
        while True:
            while not self._got:
                data = self.socket.recv(65_536)
                self._wire.receive_data(data or None)
                self._got += self._wire.events()
            event = self._got.pop(0)
            if not isinstance(event, events.Message):
                return event
            parts.append(event.data)
            if event.message_finished:
                return parts[0][:0].join(parts)

    def closed(self) -> int:
        """Expect a close frame, answer it, expect the end of the connection; return the code."""
        event = self.get()
        assert isinstance(event, events.CloseConnection), event
        self.send(event.response())
        assert self.socket.recv(1) == b""
        self.socket.shutdown(SHUT_WR)
        return event.code
