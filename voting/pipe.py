"""The bytes of one connection: every frame whole and in order, and nobody waits for a slow phone.

Owns every byte that leaves a WebSocket, pongs and close frames too. Never knows what they mean.

What waits for a slow client is bounded: the frame half written, a few events (receipts, refusals),
and one snapshot, where the newest wins. Greenlets switch only where something waits, and nothing
here does while it writes, so there is no lock.
"""

from __future__ import annotations

import socket
import struct
from collections import deque
from time import monotonic
from typing import Any, cast

import gevent

MAX_EVENTS = 64
"""Unsent events at which a client is cut: it comes back and asks what it missed."""

SEND_BUFFER_BYTES = 32_768
"""What the kernel may hold for one client. More would be snapshots that are no longer true."""

LINGER_SECONDS = 2.0
"""How long a closed connection may take to say goodbye."""

MAX_LINGER_BYTES = 1 << 20
"""What a closed connection may still send. Unread, it would turn our close frame into a reset."""


def text_frame(payload: bytes) -> bytes:
    """Encode one whole, unmasked text frame (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65_536:
        return struct.pack("!BBH", 0x81, 126, size) + payload
    return struct.pack("!BBQ", 0x81, 127, size) + payload


class Pipe:
    """The bytes of one connection: the socket that simple-websocket holds."""

    def __init__(self, sock: Any, ahead: bytes) -> None:
        self.socket = sock
        self._ahead = ahead
        self.ended = False
        self.heard_at = monotonic()
        self.behind_since: float | None = None
        self._rest: memoryview | None = None
        self._events: deque[bytes] = deque()
        self._snapshot: bytes | None = None
        self.owes_state = False
        self._watcher: Any = None
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)

    # simple-websocket's side

    def dup(self) -> Pipe:
        return self

    def recv(self, size: int) -> bytes:
        if self._ahead:
            ahead, self._ahead = self._ahead[:size], self._ahead[size:]
            return ahead
        # gevent reads what is there without a pause, and one client that never stops talking
        # would have the only thread to itself.
        gevent.sleep(0)
        data: bytes = self.socket.recv(size)
        self.heard_at = monotonic()
        return data

    def send(self, data: bytes) -> int:
        self.event(data)
        return len(data)

    def close(self) -> None:
        """Say goodbye: let what waits leave, end our side, and hear the other's end."""
        self.drop_snapshot()
        try:
            with gevent.Timeout(LINGER_SECONDS, cast(Any, False)):
                while self._rest is not None and not self.ended:
                    gevent.sleep(0.01)
                if not self.ended:
                    self.socket.shutdown(socket.SHUT_WR)
                heard = 0
                while heard < MAX_LINGER_BYTES and (data := self.socket.recv(16_384)):
                    heard += len(data)
        except OSError:
            pass  # the other side is gone already, which is what we wanted
        self.end()

    # our side

    def event(self, frame: bytes) -> None:
        """Send a frame that must not be skipped; too many unsent ones end the connection."""
        if self._rest is None:
            self._write(frame)
        elif len(self._events) < MAX_EVENTS:
            self._events.append(frame)
        else:
            self.end()

    def snapshot(self, frame: bytes, *, whole: bool) -> None:
        """Send a frame, or keep it in the one slot, where it replaces an older one.

        `whole` marks a `state`; while one is unsent the caller must not replace it by less.
        """
        if self._rest is None:
            self._write(frame)
        else:
            self._snapshot = frame
            self.owes_state = whole

    def drop_snapshot(self) -> None:
        """Forget a snapshot that is still unsent; nothing may follow a close frame."""
        self._snapshot = None
        self.owes_state = False

    def end(self) -> None:
        """Stop now. What is unsent is dropped, and whoever reads wakes up."""
        if self.ended:
            return
        self.ended = True
        self._unwatch()
        self._rest = None
        self.drop_snapshot()
        self._events.clear()
        try:
            # Without a linger of 0 the kernel would keep trying to send what a dead phone
            # never reads, long after we have forgotten it.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it was closed by the other side

    def _write(self, frame: bytes | memoryview) -> None:
        if self.ended:
            return
        try:
            sent = self.socket.send(frame, 0, 0.0)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.end()
            return
        if sent == len(frame):
            return
        self._rest = memoryview(frame)[sent:]
        if self._watcher is None:
            self.behind_since = monotonic()
            self._watcher = gevent.get_hub().loop.io(self.socket.fileno(), 2)
            self._watcher.start(self._catch_up)

    def _catch_up(self) -> None:
        """Write what waits, as far as the kernel takes it: the rest, events, the snapshot."""
        while self._rest is not None and not self.ended:
            rest, self._rest = self._rest, None
            self._write(rest)
            if self._rest is not None:
                if len(self._rest) < len(rest):
                    self.behind_since = monotonic()
                return
            self.behind_since = monotonic()
            if self._events:
                self._rest = memoryview(self._events.popleft())
            elif self._snapshot is not None:
                self._rest, self._snapshot = memoryview(self._snapshot), None
                self.owes_state = False
        self._unwatch()

    def _unwatch(self) -> None:
        self.behind_since = None
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher.close()
            self._watcher = None
