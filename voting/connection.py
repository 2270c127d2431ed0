"""One safe WebSocket, once hands are shaken: whole frames, deadlines, bounded queues.

Owns the life of a socket. Never knows what a message means.

Reading by simple-websocket's thread, its events and wsproto's parser cost more than all the rest of
a vote. Here the event loop calls when bytes have come, and what they
say is dealt with in that call. The greenlet of the request only waits for the end.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import monotonic
from typing import Any, cast

import gevent
from gevent.event import Event
from simple_websocket import Server

from voting import logbook
from voting.config import Transport
from voting.frames import (
    CLOSE,
    PING,
    PONG,
    TEXT,
    BadFrames,
    FrameReader,
    close_code,
    close_frame,
    frame,
    text_frame,
)
from voting.handshake import Handshake
from voting.protocol import ABUSE, MAX_MESSAGE_BYTES, MISTAKE, NOT_TEXT

READ_BYTES = 2_048
"""Read in one turn: some ten votes, so that a client that never stops talking waits its turn."""

LINGER_SECONDS = 2.0
"""How long a closed connection may take to say goodbye."""

MAX_LINGER_BYTES = 1 << 20
"""What a closed connection may still send. Unread, it would turn our close frame into a reset."""

SLOW_SECONDS = 1.0
"""Who takes nothing for so long has a weak line; a moment is usual where much is sent."""

PING_FRAME = frame(PING, b"")


class Connection:
    """One client's WebSocket: hand it frames, and listen to its messages.

    Args:
        ws: hands are shaken.
        most: messages and pings that are heard in one second. What is more is not, and `too_fast`
            is told, once a second; who goes on all the same is closed, and `abused` called.
    """

    transport: Transport = "websocket"

    __slots__ = (
        "_abused",
        "_ahead",
        "_closing",
        "_excess",
        "_frames",
        "_gone",
        "_heard_after",
        "_heard_at",
        "_left",
        "_linger",
        "_most",
        "_pinged_at",
        "_receive",
        "_refilled_at",
        "_too_fast",
        "pipe",
    )

    def __init__(
        self,
        ws: Server,
        *,
        most: int = sys.maxsize,
        too_fast: bytes = b"",
        abused: Callable[[], None] = lambda: None,
    ) -> None:
        self._most, self._too_fast, self._abused = most, too_fast, abused
        self._left, self._excess = most, 0
        shaken = cast(Handshake, ws.sock)
        self.pipe, self._ahead = shaken.pipe, shaken.ahead
        # From here on it is ours: flask-sock, which would close it once more, finds it closed, and
        # wsproto's parser is not needed.
        ws.connected = False
        cast(Any, ws).ws = None
        self._frames: FrameReader | None = FrameReader(masked=True, most=MAX_MESSAGE_BYTES)
        self._receive: Callable[[bytes], None] = lambda payload: None
        self._gone = Event()
        self._heard_at = self._pinged_at = self._refilled_at = monotonic()
        self._heard_after = 0
        self._closing = False
        self._linger: Any = None

    def listen(
        self, receive: Callable[[bytes], None], begin: Callable[[], None] = lambda: None
    ) -> None:
        """Call `begin`, then `receive` with each text message, until the connection ends.

        `receive` is called by the event loop and must not wait. A mistake in either closes the
        connection with 1011: it must not become an HTTP answer inside the WebSocket's stream.
        """
        sock = self.pipe.socket
        watcher = gevent.get_hub().loop.io(sock.fileno(), 1)
        self._receive = receive
        try:
            try:
                begin()
            except Exception:
                self._made_a_mistake()
            self._take(self._ahead)
            watcher.start(self._readable, sock._sock.recv)
            self._gone.wait()
            watcher.stop()  # an end is always ready to be read: the loop would turn and turn
            self._let_leave()
        finally:
            watcher.close()
            if self._linger is not None:
                self._linger.close()
            self.pipe.end()
            self._receive = lambda payload: None

    def _readable(self, recv: Callable[[int], bytes]) -> None:
        """Take what has come; what is still there then comes in the loop's next turn."""
        try:
            data = recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            now = self._heard_at = monotonic()
            if now - self._refilled_at >= 1.0:
                self._refill(now)
            self._take(data)
        else:
            self._gone.set()

    def _take(self, data: bytes) -> None:
        if self._closing:
            self._heard_after += len(data)
            if self._heard_after > MAX_LINGER_BYTES:
                self.pipe.end()
        if self._frames is None:
            return
        try:
            for opcode, payload in self._frames.feed(data):
                if opcode == CLOSE:
                    self._hang_up(close_code(payload) or 1000, "")
                    return
                if self._closing:
                    continue
                self._left -= 1
                if self._left < 0:
                    self._pass_over()
                elif opcode == TEXT:
                    self._receive(payload)
                elif opcode == PING:
                    self.pipe.event(frame(PONG, payload))
                elif opcode != PONG:
                    self.close(NOT_TEXT, "expected text")
        except BadFrames as error:
            self._hang_up(error.code, str(error))
        except Exception:
            self._made_a_mistake()

    def _pass_over(self) -> None:
        """Deal with a frame above the rate: it is not heard."""
        self._excess += 1
        if self._left == -1:
            self.tell(self._too_fast)
        elif self._excess > self._most:
            self._abused()
            self.close(ABUSE, "too many messages")

    def _refill(self, now: float) -> None:
        """Begin another second of the rate."""
        if self._left >= 0:
            self._excess = 0
        self._left, self._refilled_at = self._most, now

    def _made_a_mistake(self) -> None:
        logbook.mistake()
        self._hang_up(MISTAKE, "the server made a mistake")

    def _hang_up(self, code: int, reason: str) -> None:
        """Say the last word, if it is not said yet, and heed nothing any more."""
        self.close(code, reason)
        self._frames = None
        self.pipe.finish()

    def _let_leave(self) -> None:
        """Wait a little for what a client that says no more has not taken yet."""
        self.pipe.finish()
        with gevent.Timeout(LINGER_SECONDS, cast(Any, False)):
            while self.pipe.behind_since is not None:
                gevent.sleep(0.01)

    def tell(self, payload: bytes) -> None:
        """Send one message that must arrive, ahead of any snapshot."""
        self.pipe.event(text_frame(payload))

    def show(self, frame: bytes, *, whole: bool) -> None:
        """Send a snapshot, made by `text_frame`; a slow client gets only the newest."""
        self.pipe.snapshot(frame, whole=whole)

    def close(self, code: int, reason: str) -> None:
        """Ask the client to go, with a close code (RFC 6455, section 7.4); `listen` then ends.

        One that does not go within LINGER_SECONDS is cut.
        """
        if self._closing or self._gone.is_set():
            return
        self._closing = True
        self.pipe.last(close_frame(code, reason))
        self._linger = gevent.get_hub().loop.timer(LINGER_SECONDS)
        self._linger.start(self.pipe.end)

    def is_slow(self, now: float) -> bool:
        """Say whether the client has taken nothing for a while of what waits for it."""
        behind_since = self.pipe.behind_since
        return behind_since is not None and now - behind_since > SLOW_SECONDS

    def check(self, now: float, *, ping_seconds: float, deadline_seconds: float) -> bool:
        """Ping a client that is silent, and cut one that is gone or takes nothing.

        Returns whether it was cut because it takes nothing. `now` is by `time.monotonic`.
        """
        silent = now - self._heard_at
        behind_since = self.pipe.behind_since
        if behind_since is not None and now - behind_since > deadline_seconds:
            self.pipe.end()
            return True
        if silent > ping_seconds:
            if silent > 2 * ping_seconds:
                self.pipe.end()
            elif now - self._pinged_at > ping_seconds:
                self._pinged_at = now
                self.pipe.event(PING_FRAME)
        return False
