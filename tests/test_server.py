"""server.py: ports, more connections than there is room for, and requests that never come whole."""

from __future__ import annotations

import os
import resource
import select
import socket as plain
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from gevent import socket

from tests.phones import Browser, Phone, phone
from tests.serving import ADA, GRACE, ROOT
from tests.serving import Server as Process
from voting import server
from voting.exchange import REQUEST_SECONDS
from voting.server import CannotListen, Server, listen

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
FULL = " full connections="


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Answer with a letter."""
    start_response("200 OK", [("Content-Length", "1")])
    return [b"a"]


@pytest.fixture
def connect() -> Iterator[Callable[[], Any]]:
    """Connections to a server that has room for two."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    running = Server(listening, app, most=2)
    running.start()
    opened = []

    def connect() -> Any:
        opened.append(socket.create_connection(listening.getsockname(), timeout=5))
        return opened[-1]

    yield connect
    for one in opened:
        one.close()
    running.stop()


def ask(sock: Any) -> None:
    """Ask, and be answered."""
    sock.sendall(REQUEST)
    answer = b""
    while not answer.endswith(b"\r\n\r\na"):
        answer += sock.recv(4_096)


def test_who_finds_no_room_is_let_in_when_somebody_leaves(
    connect: Callable[[], Any], logged: Callable[[], str]
) -> None:
    """The third of two waits, and is answered once there is room; the log says it once."""
    first, second = connect(), connect()
    ask(first)
    ask(second)
    third, fourth = connect(), connect()
    third.sendall(REQUEST)
    third.settimeout(0.05)
    with pytest.raises(TimeoutError):
        third.recv(1)
    third.settimeout(5)
    first.close()
    assert third.recv(4_096).endswith(b"a")
    second.close()
    ask(fourth)
    assert logged().count(FULL) == 1


def test_the_room_goes_on_when_there_are_no_files_left(server: Process) -> None:
    """Nobody comes in, those who are here vote; when there is room again, phones come in."""
    voter, screen = phone(server), Phone(Browser(server), "screen")
    screen.until(type="state")
    limits = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (3, limits[1]))
    knocking = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    knocking.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    server.wait_for(FULL)
    for choice in (ADA, GRACE):
        voter.vote(choice)
        voter.until(type="receipt")
    screen.until(type="tally", voted=1)
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, limits)
    assert knocking.recv(12) == b"HTTP/1.1 200"
    assert phone(server).state["voted"] == 1
    assert server.said.count(FULL) == 1
    assert "mistake" not in server.said
    knocking.close()


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


HALF_SENT = 1_000
HURRIED = """
from gevent import monkey
monkey.patch_all()
import runpy, sys
sys.path[0] = {root!r}
from voting import exchange
exchange.REQUEST_SECONDS = 2.0
runpy.run_path({root!r} + "/dashboard.py", run_name="__main__")
"""
SENT = [b"", b"GET / HTTP/1.1\r\nHost: ", b"POST /login HTTP/1.1\r\nContent-Length: 60000\r\n\r\n"]


def memory(server: Process) -> int:
    """Return the resident bytes of a server."""
    pages = int(Path(f"/proc/{server.pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


@pytest.fixture
def hurried(serve: Callable[..., Process], tmp_path: Path) -> Process:
    """A server that waits two seconds for a request, so that a test need not wait for eight."""
    (tmp_path / "dashboard.py").write_text(HURRIED.format(root=str(ROOT)))
    return serve(root=ROOT if os.environ.get("TEST_ALL") else tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="looks at memory in /proc")
def test_a_thousand_half_sent_requests_are_closed_while_others_vote(hurried: Process) -> None:
    """Silent, in the head or in the body, all dripping: each is closed in time, memory is flat."""
    server = hurried
    voter = phone(server)
    before = memory(server)
    opened: dict[plain.socket, float] = {}
    for number in range(HALF_SENT):
        dripping = plain.create_connection(("127.0.0.1", server.port or 0))
        server.sockets.append(dripping)
        dripping.sendall(SENT[number % len(SENT)])
        opened[dripping] = monotonic()
    ready = select.poll()
    by_number = {sock.fileno(): sock for sock in opened}
    for number in by_number:
        ready.register(number, select.POLLIN)
    votes, longest, most = 0, 0.0, before
    while by_number:
        votes += 1
        voter.vote((ADA, GRACE)[votes % 2])
        voter.until(type="receipt")
        most = max(most, memory(server))
        for sock in by_number.values():
            with suppress(OSError):
                sock.send(b"x")
        for number, _ in ready.poll(200):
            sock = by_number[number]
            with suppress(ConnectionError):
                assert sock.recv(1) == b""
            longest = max(longest, monotonic() - opened[sock])
            ready.unregister(number)
            del by_number[number]
    grown = (most - before) / HALF_SENT / 1_024
    print(f"the last was closed after {longest:.1f} s; {votes} votes; {grown:.0f} KB each")  # noqa: T201
    assert REQUEST_SECONDS < 9
    assert longest < (10 if os.environ.get("TEST_ALL") else 30)
    assert votes >= 5
    assert grown < 64
    assert "mistake" not in server.said
