"""A client's line to a server: the handshake, the frames, the end."""

from __future__ import annotations

import base64
import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest
from gevent import socket
from gevent.event import Event

from rehearsal.line import AS_BROWSERS_OFFER, Line
from rehearsal.visit import Site, TurnedAway
from tests.serving import Server
from voting.frames import CLOSE, PING, PONG, TEXT, FrameReader, frame, text_frame

WAIT_SECONDS = 10


class Host:
    """A server of one connection that says exactly what a test wants it to say."""

    def __init__(self) -> None:
        self._listening = socket.socket()
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        self._listening.bind(("127.0.0.1", 0))
        self._listening.listen()
        self.site = Site(*self._listening.getsockname())
        self.socket: Any = None
        self._reader = FrameReader(masked=True, most=1 << 20)
        self._frames: deque[tuple[int, bytes]] = deque()

    def answer(self, head: str, then: bytes = b"") -> None:
        """Accept, read the request, and answer; {accept} is what the key asks for."""
        self.socket, _ = self._listening.accept()
        self.socket.settimeout(WAIT_SECONDS)
        request = b""
        while b"\r\n\r\n" not in request:
            request += self.socket.recv(4_096)
        said = dict(line.split(": ", 1) for line in request.decode().split("\r\n")[1:-2])
        key = said["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.socket.sendall(head.format(accept=accept).replace("\n", "\r\n").encode() + then)

    def hear(self) -> tuple[int, bytes]:
        """Return the client's next frame."""
        while not self._frames:
            self._frames += self._reader.feed(self.socket.recv(65_536))
        return self._frames.popleft()

    def close(self) -> None:
        for opened in (self.socket, self._listening):
            if opened is not None:
                opened.close()


SWITCHING = (
    "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\n"
    "Sec-WebSocket-Accept: {accept}\n\n"
)


@pytest.fixture
def host() -> Iterator[Host]:
    """A host that listens."""
    opened = Host()
    yield opened
    opened.close()


class Ear:
    """What came on a line, with gates to wait at."""

    def __init__(self) -> None:
        self.texts: list[bytes] = []
        self.ends: list[int | None] = []
        self._changed = Event()

    def heard(self, payload: bytes) -> None:
        self.texts.append(payload)
        self._changed.set()

    def ended(self, code: int | None) -> None:
        self.ends.append(code)
        self._changed.set()

    def wait(self, gate: Callable[[], bool]) -> None:
        with gevent.Timeout(WAIT_SECONDS):
            while not gate():
                self._changed.wait()
                self._changed.clear()


def open_line(host: Host, then: bytes = b"", head: str = SWITCHING) -> tuple[Line, Ear]:
    answering = gevent.spawn(host.answer, head, then)
    try:
        line = Line.open(host.site, "/live", {}, WAIT_SECONDS)
    finally:
        answering.get(timeout=WAIT_SECONDS)
    ear = Ear()
    line.listen(ear.heard, ear.ended)
    return line, ear


def test_a_text_that_came_with_the_handshake_is_heard(host: Host) -> None:
    """A server that speaks at once may put its first frame behind the head of its answer."""
    _, ear = open_line(host, text_frame(b"first"))
    assert ear.texts == [b"first"]


def test_texts_are_heard_whole_and_in_order_however_they_are_cut(host: Host) -> None:
    """Frames that come in pieces, and several in one piece, are the same messages."""
    line, ear = open_line(host)
    sent = [b"a" * size for size in (0, 1, 125, 126, 70_000)]
    stream = b"".join(map(text_frame, sent))
    for cut in (slice(0, 3), slice(3, 200), slice(200, None)):
        host.socket.sendall(stream[cut])
        gevent.sleep(0)
    ear.wait(lambda: len(ear.texts) == len(sent))
    assert ear.texts == sent
    assert line.received == len(stream)


def test_texts_are_sent_masked_and_whole(host: Host) -> None:
    """Where they are more than the kernel takes at once, the rest is sent when it can be."""
    line, _ = open_line(host)
    sent = [bytes([65 + number]) * 500_000 for number in range(20)]
    for text in sent:
        line.send(text)
    assert [host.hear() for _ in sent] == [(TEXT, text) for text in sent]


def test_a_ping_is_answered(host: Host) -> None:
    """The pong carries what the ping carried."""
    open_line(host)
    host.socket.sendall(frame(PING, b"still there"))
    assert host.hear() == (PONG, b"still there")


@pytest.mark.parametrize(
    "goodbye, code",
    [
        (frame(CLOSE, b"\x03\xe9"), 1001),
        (frame(CLOSE, b""), None),
        (b"\xc1\x00", 1002),  # a compressed frame, which nobody has agreed to
    ],
)
def test_the_end_is_told_once_with_its_code(host: Host, goodbye: bytes, code: int | None) -> None:
    """What comes behind it is not heard."""
    _, ear = open_line(host)
    host.socket.sendall(goodbye + text_frame(b"too late"))
    ear.wait(lambda: bool(ear.ends))
    host.socket.close()
    gevent.sleep(0)
    assert ear.ends == [code]
    assert ear.texts == []


def test_a_line_that_breaks_ends_without_a_code(host: Host) -> None:
    """The other side may be gone without a word."""
    _, ear = open_line(host)
    host.socket.close()
    ear.wait(lambda: bool(ear.ends))
    assert ear.ends == [None]


def test_a_line_that_is_closed_here_says_goodbye_and_tells_nobody(host: Host) -> None:
    """Who hangs up knows it."""
    line, ear = open_line(host)
    line.close()
    assert host.hear() == (CLOSE, b"")
    assert host.socket.recv(1) == b""
    assert ear.ends == []


@pytest.mark.parametrize(
    "head, status",
    [
        ("HTTP/1.1 403 Forbidden\nContent-Length: 0\n\n", 403),
        ("HTTP/1.1 101 Switching Protocols\nSec-WebSocket-Accept: stale\n\n", 101),
        (SWITCHING.replace("\n\n", "\nSec-WebSocket-Extensions: permessage-deflate\n\n"), 101),
        ("SSH-2.0-server\n\n", None),
    ],
)
def test_an_answer_that_is_no_websocket_turns_away(
    host: Host, head: str, status: int | None
) -> None:
    """The HTTP status is told, where there is one."""
    with pytest.raises(TurnedAway) as turned:
        open_line(host, head=head)
    assert turned.value.status == status


def test_our_server_takes_a_line_that_offers_compression(server: Server) -> None:
    """It does not agree to it, and lets a stranger know by its close code."""
    site = Site("127.0.0.1", server.port or 0)
    ear = Ear()
    headers = {"Origin": site.origin, **AS_BROWSERS_OFFER}
    line = Line.open(site, "/live?view=voter", headers)
    line.listen(ear.heard, ear.ended)
    ear.wait(lambda: bool(ear.ends))
    assert ear.ends == [4401]
