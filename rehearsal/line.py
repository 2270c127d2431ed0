"""A client's end of one WebSocket, cheap enough for thousands beside the server that they load.

Owns the handshake and the bytes of the line. Never knows what a message means, never reconnects.

What arrives is read by a callback of the event loop, so a line costs no greenlet. `heard` and
`ended` are called from there: they must not wait.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Mapping
from typing import Any

import gevent

from rehearsal.visit import Head, Site, TurnedAway, read_head, request_head
from voting.frames import (
    CLOSE,
    PING,
    PONG,
    TEXT,
    BadFrames,
    FrameReader,
    close_code,
    masked_frame,
)
from voting.pipe import Pipe

READABLE = 1

READ_BYTES = 65_536
"""What one read takes at most. Many frames in one read are cheaper than each in its own."""

MAX_MESSAGE_BYTES = 1 << 20

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

AS_BROWSERS_OFFER = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}


class Line:
    """One WebSocket that stands: tell it messages, and listen to those of the server.

    received: bytes that came behind the handshake.
    """

    __slots__ = (
        "_ahead",
        "_ended",
        "_heard",
        "_pipe",
        "_reader",
        "_socket",
        "_watcher",
        "received",
        "sent",
    )

    def __init__(self, sock: Any, ahead: bytes) -> None:
        self.received = self.sent = 0
        self._socket = sock
        self._ahead = ahead
        self._reader = FrameReader(masked=False, most=MAX_MESSAGE_BYTES)
        self._watcher: Any = None
        self._pipe = Pipe(sock)
        self._heard: Callable[[bytes], None]
        self._ended: Callable[[int | None], None]
        sock.settimeout(0.0)

    @staticmethod
    def open(site: Site, path: str, headers: Mapping[str, str], seconds: float = 20.0) -> Line:
        """Connect, and shake hands as a browser does.

        Raises:
            TurnedAway: the server answered no WebSocket, or agreed to what this end cannot do.
            OSError: it cannot be reached, or did not answer in time.
        """
        sock = site.dial(seconds)
        try:
            key = base64.b64encode(os.urandom(16))
            asked = {
                "Host": site.name,
                "Upgrade": "websocket",
                "Connection": "Upgrade",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": key.decode(),
                **headers,
            }
            sock.sendall(request_head("GET", path, asked))
            answer, ahead = read_head(sock)
            _check(answer, key)
        except BaseException:
            sock.close()
            raise
        return Line(sock, ahead)

    def listen(self, heard: Callable[[bytes], None], ended: Callable[[int | None], None]) -> None:
        """From now on hand each text to `heard`, and the end to `ended`, once.

        `ended` gets the server's close code, 1002 and the like where its frames were none, and None
        where the line broke. A line that this end closes does not call it.
        """
        self._heard, self._ended = heard, ended
        self._watcher = gevent.get_hub().loop.io(self._socket.fileno(), READABLE)
        self._watcher.start(self._read)
        ahead, self._ahead = self._ahead, b""
        if ahead:
            self._take(ahead)

    def send(self, message: bytes) -> None:
        """Send a text; what the kernel does not take now is sent when it does."""
        self._send(masked_frame(TEXT, message, os.urandom(4)))

    def close(self) -> None:
        """Say goodbye and hang up."""
        if self._socket is not None:
            self._send(masked_frame(CLOSE, b"", os.urandom(4)))
            self._hang_up()

    def _read(self) -> None:
        try:
            data = self._socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._take(data)
        else:
            self._end(None)

    def _take(self, data: bytes) -> None:
        self.received += len(data)
        try:
            for opcode, payload in self._reader.feed(data):
                if opcode == TEXT:
                    self._heard(payload)
                elif opcode == PING:
                    self._send(masked_frame(PONG, payload, os.urandom(4)))
                elif opcode == CLOSE:
                    self._end(close_code(payload))
                if self._socket is None:
                    return
        except BadFrames as broken:
            self._end(broken.code)

    def _send(self, frame: bytes) -> None:
        self.sent += len(frame)
        # Where the line is broken, or takes nothing for too long, reading will say so.
        if self._socket is not None:
            self._pipe.event(frame)

    def _end(self, code: int | None) -> None:
        if self._socket is not None:
            self._hang_up()
            self._ended(code)

    def _hang_up(self) -> None:
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher.close()
        if self._pipe.behind_since is not None:
            self._pipe.end()
        self._socket.close()
        self._socket = None


def _check(answer: Head, key: bytes) -> None:
    if answer.status != 101:
        said = f"the server answered {answer.status} where a WebSocket was asked for"
        raise TurnedAway(said, answer.status)
    accept = base64.b64encode(hashlib.sha1(key + MAGIC, usedforsecurity=False).digest())
    if answer.headers.get("sec-websocket-accept") != accept.decode():
        raise TurnedAway("the server has not read the handshake", answer.status)
    if "sec-websocket-extensions" in answer.headers:
        raise TurnedAway("the server agreed to an extension, which this end has not", answer.status)
