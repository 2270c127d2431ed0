"""exchange.py: deadlines and manners of one HTTP connection; gevent's server in this process."""

from __future__ import annotations

import socket as plain
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import gevent
import pytest
from gevent import socket
from gevent.event import Event

from voting import exchange
from voting.server import Server
from voting.web import MAX_BODY_BYTES

PIECE = 10_000
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = REQUEST.replace(b"Host", b"Connection: close\r\nHost")


class App:
    """Answers with the body that it was sent, or with TCP_NODELAY as the accepted socket has it."""

    def __init__(self) -> None:
        self.asked = 0
        self.more = b""
        self.answered = Event()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        self.asked += 1
        on = environ["voting.socket"].getsockopt(plain.IPPROTO_TCP, plain.TCP_NODELAY)
        body = (environ["wsgi.input"].read() or (b"1" if on else b"0")) + self.more
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return Parts([body], self.answered)


class Parts(list[bytes]):
    """An answer; the event is set when it has left, or never will."""

    def __init__(self, parts: list[bytes], answered: Event) -> None:
        super().__init__(parts)
        self._answered = answered

    def close(self) -> None:
        self._answered.set()


@pytest.fixture
def app() -> App:
    """What is behind the server."""
    return App()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that waits a tenth of a second for a request."""
    monkeypatch.setattr(exchange, "REQUEST_SECONDS", 0.1)


@pytest.fixture
def connect(app: App) -> Iterator[Callable[[], Any]]:
    """Connections to a server."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    running = Server(listening, app, most=None)
    running.start()
    opened = []

    def connect() -> Any:
        opened.append(socket.create_connection(listening.getsockname(), timeout=10))
        return opened[-1]

    yield connect
    for one in opened:
        one.close()
    running.stop()


def everything(sock: Any) -> bytes:
    """Read until the server closes."""
    data = b""
    while more := sock.recv(65_536):
        data += more
    return data


def post(length: int, *, last: bool = False) -> bytes:
    """Return the head of a request whose body is so long."""
    first = LAST if last else REQUEST
    return first[:-2].replace(b"GET", b"POST") + b"Content-Length: %d\r\n\r\n" % length


def upgrade(method: str, length: int = 0) -> bytes:
    """Return the head of a request for a WebSocket."""
    lines = [f"{method} /live HTTP/1.1", "Host: x", "Upgrade: websocket", "Connection: Upgrade"]
    return "\r\n".join([*lines, f"Content-Length: {length}", "", ""]).encode()


def test_nodelay_is_on_for_every_accepted_socket(connect: Callable[[], Any]) -> None:
    """Without it, small answers on a kept-alive connection wait for 40 ms."""
    sock = connect()
    sock.sendall(LAST)
    assert everything(sock).endswith(b"\r\n\r\n1")


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("sent", [b"", b"GET / HT", REQUEST[:-2], REQUEST, post(6) + b"abc"])
def test_who_sends_no_whole_request_in_time_is_let_go(
    connect: Callable[[], Any], sent: bytes
) -> None:
    """Silent from the start, in a head, after an answer, in a body: the file is freed."""
    sock = connect()
    sock.sendall(sent)
    everything(sock)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("begun", [b"", post(1_000), upgrade("GET", 1_000)])
def test_who_trickles_a_request_is_let_go(
    connect: Callable[[], Any], app: App, begun: bytes
) -> None:
    """Head and body have a deadline as a whole; a byte now and then does not move it."""
    sock = connect()
    sock.sendall(begun)

    def trickle() -> None:
        while True:
            sock.sendall(b"x")
            gevent.sleep(0.01)

    with gevent.Timeout(10), pytest.raises(OSError, match=r"reset|Broken"):
        trickle()
    assert app.asked == 0


def test_the_app_is_asked_when_the_whole_body_is_here(connect: Callable[[], Any], app: App) -> None:
    """It then need not wait for it, and the next request begins where the body ends."""
    sock = connect()
    sock.sendall(post(6) + b"abc")
    gevent.sleep(0.01)
    assert app.asked == 0
    sock.sendall(b"def" + post(2, last=True) + b"gh")
    answers = everything(sock)
    assert answers.count(b"200 OK") == 2
    assert b"\r\n\r\nabcdef" in answers
    assert answers.endswith(b"gh")


def test_who_leaves_in_the_middle_of_a_body_is_forgotten(
    connect: Callable[[], Any], app: App, logged: Callable[[], str]
) -> None:
    """No half body reaches the app, and nothing is wrong."""
    logged()
    sock = connect()
    sock.sendall(post(6) + b"abc")
    sock.shutdown(plain.SHUT_WR)
    assert everything(sock) == b""
    assert app.asked == 0
    assert logged() == ""


def test_who_takes_no_answer_is_let_go_without_a_word(
    connect: Callable[[], Any],
    app: App,
    logged: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A phone that walked out of the room is no mistake of ours."""
    monkeypatch.setattr(exchange, "ANSWER_SECONDS", 0.1)
    app.more = bytes(32 << 20)  # more than kernels hold
    logged()
    connect().sendall(LAST)
    assert app.answered.wait(10)
    assert logged() == ""


@pytest.mark.parametrize("sent", [0, 900_000])
def test_a_body_that_is_too_large_is_refused_before_it_is_read(
    connect: Callable[[], Any], app: App, sent: int
) -> None:
    """The answer says how much may come, and whoever sends all of it first hears it too."""
    sock = connect()
    sock.sendall(post(sent or MAX_BODY_BYTES + 1))
    for _ in range(0, sent, PIECE):
        sock.sendall(bytes(PIECE))
        gevent.sleep(0)
    answer = everything(sock)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"at most 65536 bytes" in answer
    assert app.asked == 0


def test_a_body_of_unknown_length_is_not_read(connect: Callable[[], Any], app: App) -> None:
    """It might have no end."""
    sock = connect()
    sock.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert everything(sock).startswith(b"HTTP/1.1 411 ")
    assert app.asked == 0


@pytest.mark.parametrize("sent", [upgrade("POST"), upgrade("GET", 5) + b"hello"])
def test_a_websocket_begins_with_a_get_without_a_body(
    connect: Callable[[], Any], app: App, sent: bytes
) -> None:
    """Whatever else asks for one is answered 400, and the connection ends."""
    sock = connect()
    sock.sendall(sent)
    assert everything(sock).startswith(b"HTTP/1.1 400 ")
    assert app.asked == 0


def test_another_upgrade_is_passed_over(connect: Callable[[], Any]) -> None:
    """Who offers HTTP/2 is answered in HTTP/1.1, body and all, and may ask on."""
    sock = connect()
    offer = b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: "
    sock.sendall(
        post(5).replace(b"Content-Length: ", offer) + b"hello" + post(3, last=True) + b"you"
    )
    answers = everything(sock)
    assert answers.count(b"200 OK") == 2
    assert b"\r\n\r\nhello" in answers
    assert answers.endswith(b"you")


@pytest.mark.parametrize("head", [b"GET / HTTP/1\r\n\r\n", b"\x00\r\n\r\n", b"GET /\r\n\r\n"])
def test_a_broken_request_is_answered(connect: Callable[[], Any], head: bytes, app: App) -> None:
    """With 400 and a sentence, before the app hears of it."""
    sock = connect()
    sock.sendall(head)
    answer = everything(sock)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"\r\n\r\nThis request is not HTTP" in answer
    assert app.asked == 0


def test_a_stranger_cannot_fill_the_terminal(
    connect: Callable[[], Any], logged: Callable[[], str]
) -> None:
    """A hundred broken requests of one address are at most a line a second."""
    logged()
    began = monotonic()
    for _ in range(100):
        sock = connect()
        sock.sendall(b"\x00\r\n\r\n")
        everything(sock)
    lines = logged().splitlines()
    assert all('bad_request address="127.0.0.1"' in line for line in lines)
    assert len(lines) <= 2 + (monotonic() - began)


@pytest.mark.parametrize("line", [b"Host: a\r\nHost: b", b"Host : a", b"Host: a\r\n b", b"Host"])
def test_a_head_with_two_meanings_is_refused(connect: Callable[[], Any], line: bytes) -> None:
    """And the connection ends with it, since nobody knows where the next request begins."""
    sock = connect()
    sock.sendall(b"GET / HTTP/1.1\r\n" + line + b"\r\n\r\nGET / HTTP/1.1\r\n\r\n")
    answer = everything(sock)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
