"""server.py: ports, deadlines and manners of the HTTP side; gevent's server in this process."""

from __future__ import annotations

import socket as plain
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import gevent
import pytest
from gevent import socket

from voting import server
from voting.server import CannotListen, create_server, listen

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Answer with TCP_NODELAY as the accepted socket has it."""
    on = environ["voting.socket"].getsockopt(plain.IPPROTO_TCP, plain.TCP_NODELAY)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "1")])
    return [b"1" if on else b"0"]


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Any]]:
    """Connections to a server that waits a twentieth of a second for a request."""
    monkeypatch.setattr(server, "REQUEST_SECONDS", 0.05)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    running = create_server(listening, app)
    running.start()
    opened = []

    def connect() -> Any:
        opened.append(socket.create_connection(listening.getsockname(), timeout=5))
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


def test_nodelay_is_on_for_every_accepted_socket(connect: Callable[[], Any]) -> None:
    """Without it, small answers on a kept-alive connection wait for 40 ms."""
    sock = connect()
    sock.sendall(REQUEST)
    assert everything(sock).endswith(b"\r\n\r\n1")


@pytest.mark.parametrize("sent", [b"", b"GET / HT", REQUEST[:-2], REQUEST])
def test_who_sends_no_whole_request_in_time_is_let_go(
    connect: Callable[[], Any], sent: bytes
) -> None:
    """Silent from the start, in the middle of a head, or after an answer: the file is freed."""
    sock = connect()
    sock.sendall(sent)
    everything(sock)


def test_who_trickles_a_request_is_let_go(connect: Callable[[], Any]) -> None:
    """The head has a deadline as a whole; a byte now and then does not move it."""
    sock = connect()

    def trickle() -> None:
        while True:
            sock.sendall(b"x")
            gevent.sleep(0.01)

    with gevent.Timeout(5), pytest.raises(OSError, match=r"reset|Broken"):
        trickle()


def test_a_body_of_unknown_length_is_not_read(connect: Callable[[], Any]) -> None:
    """It might have no end."""
    sock = connect()
    sock.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert everything(sock).startswith(b"HTTP/1.1 411 ")


@pytest.mark.parametrize("head", [b"GET / HTTP/1\r\n\r\n", b"\x00\r\n\r\n", b"GET /\r\n\r\n"])
def test_a_broken_request_is_answered_and_not_printed(
    connect: Callable[[], Any], head: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    """A stranger must not fill the presenter's terminal."""
    sock = connect()
    sock.sendall(head)
    everything(sock)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("line", [b"Host: a\r\nHost: b", b"Host : a", b"Host: a\r\n b", b"Host"])
def test_a_head_with_two_meanings_is_refused(
    connect: Callable[[], Any], line: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    """And the connection ends with it, since nobody knows where the next request begins."""
    sock = connect()
    sock.sendall(b"GET / HTTP/1.1\r\n" + line + b"\r\n\r\nGET / HTTP/1.1\r\n\r\n")
    answer = everything(sock)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert capfd.readouterr().err == ""


def test_the_next_free_port_is_taken_unless_one_was_asked_for() -> None:
    """A port in use is an error for who named it, and a step for who did not."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=f"port {port} is in use"):
            listen("127.0.0.1", port, asked=True)
        with closing(listen("127.0.0.1", port, asked=False)) as found:
            assert port < found.getsockname()[1] <= port + server.NEXT_PORTS


@pytest.mark.parametrize("host", ["203.0.113.1", "é" * 70, "no such name"])
def test_a_host_that_is_no_address_of_ours_is_a_sentence(host: str) -> None:
    """203.0.113.0/24 is nobody's (RFC 5737)."""
    with pytest.raises(CannotListen, match="is no address"):
        listen(host, 0, asked=True)
