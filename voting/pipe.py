"""The bytes that leave on one connection: every frame whole, in order, and nobody waits.

Owns every byte that leaves a WebSocket, pongs and close frames too. Never knows what they mean.

What waits for a slow client is bounded: the frame half written, a few events (receipts, refusals),
and one snapshot, where the newest wins. Greenlets switch only where something waits, and nothing
here does, so there is no lock.
"""

from __future__ import annotations

import socket
import struct
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

import gevent

MAX_EVENTS = 64
"""Unsent events at which a client is cut: it comes back and asks what it missed."""

SEND_BUFFER_BYTES = 32_768
"""What the kernel may hold for one client. More would be snapshots that are no longer true."""


Write = Callable[[bytes | memoryview], int]
"""A raw socket's `send`: writes what fits, says how much that was, and never waits."""


class Pipe:
    """The way out of one connection.

    `is_free` says that a frame may be written at once: nothing waits, and the end has not come;
    `noticed` is called when that has changed. `behind_since` is when a slow client last took
    something.
    """

    __slots__ = (
        "_events",
        "_finishing",
        "_is_last",
        "_rest",
        "_snapshot",
        "_watcher",
        "behind_since",
        "ended",
        "is_free",
        "noticed",
        "owes_state",
        "socket",
        "write",
    )

    def __init__(self, sock: Any) -> None:
        self.socket = sock
        # gevent's own `send` would wait for room, and asks for it in Python: a microsecond a frame.
        self.write: Write = sock._sock.send
        self.is_free = True
        self.noticed: Callable[[Pipe], None] | None = None
        self.ended = False
        self.behind_since: float | None = None
        self.owes_state = False
        self._rest: memoryview | None = None
        self._events: deque[bytes] | None = None
        self._snapshot: bytes | None = None
        self._is_last = self._finishing = False
        self._watcher: Any = None
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)

    def event(self, frame: bytes) -> None:
        """Send a frame that must not be skipped; too many unsent ones end the connection."""
        if self.is_free:
            self._write(frame)
        elif self._is_last or self.ended:
            return
        elif len(self._waiting) < MAX_EVENTS:
            self._waiting.append(frame)
        else:
            self.end()

    def snapshot(self, frame: bytes, *, whole: bool) -> None:
        """Send a frame, or keep it in the one slot, where it replaces an older one.

        `whole` marks a `state`; while one is unsent the caller must not replace it by less.
        """
        if self.is_free:
            self._write(frame)
        elif not (self._is_last or self.ended):
            self._snapshot = frame
            self.owes_state = whole

    def last(self, frame: bytes) -> None:
        """Send a close frame, behind the events that wait; nothing may follow it."""
        if self._is_last or self.ended:
            return
        self._snapshot, self.owes_state = None, False
        self._is_last = True
        if self.is_free:
            self._set_free(False)
            self._write(frame)
        else:
            self._waiting.append(frame)

    def finish(self) -> None:
        """Let what waits leave, and then end our side of the connection."""
        self._is_last = self._finishing = True
        self._set_free(False)
        if self._rest is None:
            self._shut(socket.SHUT_WR)

    def end(self) -> None:
        """Stop now. What is unsent is dropped, and whoever reads wakes up."""
        if self.ended:
            return
        is_over = self._finishing and self._rest is None
        self.ended, self.owes_state = True, False
        self._set_free(False)
        self._rest = self._snapshot = self._events = None
        self._unwatch()
        if not is_over:
            # Without a linger of 0 the kernel would keep trying to send what a dead phone
            # never reads, long after we have forgotten it.
            with suppress(OSError):  # it was closed by the other side
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._shut(socket.SHUT_RDWR)

    def _set_free(self, is_free: bool) -> None:
        self.is_free = is_free
        if self.noticed is not None:
            self.noticed(self)

    @property
    def _waiting(self) -> deque[bytes]:
        """The unsent events; most clients never have one."""
        if self._events is None:
            self._events = deque()
        return self._events

    def _write(self, frame: bytes | memoryview) -> None:
        """Write a frame as far as the kernel takes it; `_rest` is what is left."""
        try:
            sent = self.write(frame)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.end()
            return
        if sent < len(frame):
            self.keep(frame, sent)

    def keep(self, frame: bytes | memoryview, sent: int) -> None:
        """Send the rest of a frame, of which so much has left, as soon as there is room for it."""
        self._rest = memoryview(frame)[sent:]
        if self.is_free:
            self._set_free(False)
        if self._watcher is None:
            self.behind_since = monotonic()
            self._watcher = gevent.get_hub().loop.io(self.socket.fileno(), 2)
            self._watcher.start(self._catch_up)

    def _catch_up(self) -> None:
        """Write what waits, as far as the kernel takes it: the rest, events, the snapshot."""
        while self._rest is not None:
            rest, self._rest = self._rest, None
            self._write(rest)
            if self.ended:
                return
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
        self._set_free(not self._is_last)
        if self._finishing:
            self._shut(socket.SHUT_WR)

    def _shut(self, how: int) -> None:
        with suppress(OSError):  # the other side is gone already, which is what we wanted
            self.socket.shutdown(how)

    def _unwatch(self) -> None:
        self.behind_since = None
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher.close()
            self._watcher = None
