"""One safe WebSocket over simple-websocket: whole frames, deadlines, bounded queues, one greenlet.

Owns the handshake's checks and the life of a socket. Never knows what a message means.

simple-websocket does the handshake and the parsing; it is held by its own extension points. Its
socket is a `Pipe`, which writes each frame whole and in order and never waits; its thread and its
event are stand-ins that let the greenlet of the request do the reading, so a phone costs one
greenlet and one file descriptor, and nothing is read that nobody has asked for.
"""

from __future__ import annotations

import base64
import binascii
import sys
import traceback
from collections.abc import Callable
from time import monotonic
from types import SimpleNamespace
from typing import Any, cast

from simple_websocket import ConnectionClosed, Server

from voting.pipe import LINGER_SECONDS, Pipe, text_frame
from voting.protocol import MAX_MESSAGE_BYTES, MISTAKE, NOT_TEXT, TOO_LARGE

PING_FRAME = bytes((0x89, 0))


class BadUpgrade(Exception):
    """The request is no WebSocket handshake (RFC 6455, section 4.2.1); the text says what is."""


def prepare(environ: dict[str, Any]) -> None:
    """Make a WSGI environ ready for flask-sock: a checked handshake, no extensions, our socket.

    Raises:
        BadUpgrade: the client must be answered 400.
    """
    key = environ.get("HTTP_SEC_WEBSOCKET_KEY", "")
    try:
        good_key = len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        good_key = False
    if environ["REQUEST_METHOD"] != "GET" or environ["SERVER_PROTOCOL"] != "HTTP/1.1":
        raise BadUpgrade("expected GET over HTTP/1.1")
    if environ.get("HTTP_SEC_WEBSOCKET_VERSION") != "13":
        raise BadUpgrade("expected Sec-WebSocket-Version: 13")
    if not good_key:
        raise BadUpgrade("expected Sec-WebSocket-Key: 16 bytes in base64")
    # simple-websocket writes the handshake anew from these headers and accepts any extension that
    # is offered. With the rest gone there is no compression to pay for, and nothing to trip over.
    for header in [name for name in environ if name.startswith("HTTP_")]:
        del environ[header]
    environ.update(
        HTTP_HOST="host",
        HTTP_UPGRADE="websocket",
        HTTP_CONNECTION="Upgrade",
        HTTP_SEC_WEBSOCKET_KEY=key,
        HTTP_SEC_WEBSOCKET_VERSION="13",
    )
    pipe = Pipe(environ["voting.socket"], _read_ahead(environ))
    environ["wsgi.input"] = SimpleNamespace(raw=SimpleNamespace(_sock=pipe))


def _read_ahead(environ: dict[str, Any]) -> bytes:
    """Take what the HTTP parser has read past the handshake; an eager client sends frames in it."""
    sock = environ["voting.socket"]
    sock.settimeout(0.0)
    try:
        ahead: bytes = environ["wsgi.input"].peek()
    except OSError:
        ahead = b""  # it is gone already; the first read will find out
    finally:
        sock.settimeout(None)
    return ahead


class _ThreadInPlace:
    """Stands where simple-websocket starts a thread: `Connection.listen` runs it instead."""

    def __init__(self, target: Callable[[], None]) -> None:
        self.name = ""
        self.run = target

    def start(self) -> None:
        """Nothing runs before somebody listens."""


class _Arrival:
    """Stands where simple-websocket sets an event: messages lie ready, or the end has come."""

    def __init__(self) -> None:
        self.arrived: Callable[[], None] = lambda: None

    def set(self) -> None:
        self.arrived()


SERVER_OPTIONS = {
    "thread_class": _ThreadInPlace,
    "event_class": _Arrival,
    "max_message_size": MAX_MESSAGE_BYTES,
}


class Connection:
    """One client's WebSocket: hand it frames, and listen to its messages."""

    def __init__(self, ws: Server) -> None:
        self._ws = ws
        self._pipe = cast(Pipe, ws.sock)
        self._thread = cast(_ThreadInPlace, ws.thread)
        self._event = cast(_Arrival, ws.event)
        self._closing_at: float | None = None
        self._pinged_at = monotonic()

    @property
    def owes_state(self) -> bool:
        """Whether a `state` is still unsent, so that no `tally` may take its place."""
        return self._pipe.owes_state

    @property
    def _is_open(self) -> bool:
        """Whether frames may still be sent: no close frame has left, ours or simple-websocket's."""
        return self._closing_at is None and self._ws.connected

    def listen(
        self, receive: Callable[[str], None], begin: Callable[[], None] = lambda: None
    ) -> None:
        """Call `begin`, then `receive` with each text message, until the connection ends.

        All in this greenlet. A mistake in either closes the connection with 1011: it must not
        become an HTTP answer inside the WebSocket's stream.
        """

        def arrived() -> None:
            messages = self._ws.input_buffer
            while messages:
                message = messages.pop(0)
                if self._closing_at is not None:
                    continue
                if isinstance(message, bytes):
                    self.close(NOT_TEXT, "expected text")
                elif len(message.encode("utf-8", "replace")) > MAX_MESSAGE_BYTES:
                    self.close(TOO_LARGE, f"expected at most {MAX_MESSAGE_BYTES} bytes")
                else:
                    receive(message)

        self._event.arrived = arrived
        try:
            begin()
            self._thread.run()
        except Exception:
            traceback.print_exc(file=sys.stderr)
            self.close(MISTAKE, "the server made a mistake")
            self._pipe.close()
        finally:
            self._event.arrived = lambda: None

    def tell(self, payload: bytes) -> None:
        """Send one message that must arrive, ahead of any snapshot."""
        if self._is_open:
            self._pipe.event(text_frame(payload))

    def show(self, frame: bytes, *, whole: bool) -> None:
        """Send a snapshot, made by `text_frame`; a slow client gets only the newest."""
        if self._is_open:
            self._pipe.snapshot(frame, whole=whole)

    def close(self, code: int, reason: str) -> None:
        """Ask the client to go, with a close code (RFC 6455, section 7.4); `listen` then ends."""
        if self._closing_at is None:
            self._closing_at = monotonic()
            self._pipe.drop_snapshot()
            try:
                self._ws.close(cast(Any, code), reason)
            except ConnectionClosed:
                self._pipe.end()

    def check(self, *, ping_seconds: float, deadline_seconds: float) -> bool:
        """Ping a client that is silent, and cut one that is gone; False when it was cut."""
        now, pipe = monotonic(), self._pipe
        behind = pipe.behind_since is not None and now - pipe.behind_since > deadline_seconds
        gone = now - pipe.heard_at > 2 * ping_seconds
        left = self._closing_at is not None and now - self._closing_at > LINGER_SECONDS
        if behind or gone or left:
            pipe.end()
        elif self._is_open and now - max(pipe.heard_at, self._pinged_at) > ping_seconds:
            self._pinged_at = now
            pipe.event(PING_FRAME)
        return not pipe.ended
