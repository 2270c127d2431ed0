"""ending.py: a server that ends loses no ballot and nobody, and is gone within ten seconds."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

import gevent
import pytest
from gevent import socket
from gevent.pool import Pool

from rehearsal.crowd import Crowd
from rehearsal.phone import Phone
from rehearsal.visit import Site
from tests.engines import ListJournal, Room
from tests.phones import Browser, Closed, Wire, phone
from tests.serving import ADA, CONFIG, ROOT, Server
from tests.witness import read_journal
from voting import ending, nearby
from voting.ballots import apply
from voting.ending import end
from voting.feed import RoomFeed
from voting.fleet import Alone
from voting.hub import Hub
from voting.names import FolderNames
from voting.server import Server as Listener
from voting.state import Receipt, State
from voting.turnout import Turnout

PHONES = 2_000 if os.environ.get("TEST_ALL") else 150
END_SECONDS = 10
PATIENCE = 120
"""Seconds after which a gate that should have opened fails the test."""


class Hall:
    """Phones that vote, change their vote, and come back by themselves."""

    def __init__(self, server: Server) -> None:
        self.crowd = Crowd()
        self.votes = 0
        self.is_voting = False
        self._random = Random("hall")
        site = Site("127.0.0.1", server.port or 0)
        self.phones = [Phone(self.crowd, site) for _ in range(PHONES)]
        with gevent.Timeout(PATIENCE):
            Pool(16).map(self._come, self.phones)

    @staticmethod
    def _come(phone: Phone) -> None:
        phone.log_in()
        phone.join()
        phone.keeps_coming_back = True

    def begin(self) -> None:
        """Let every phone vote, and again as soon as it is answered."""
        self.is_voting = True
        for one in self.phones:
            one.answered = lambda one=one: self._vote(one)  # type: ignore[misc]
            self._vote(one)

    def _vote(self, one: Phone) -> None:
        if self.is_voting and self.crowd.poll is not None:
            self.votes += 1
            one.vote(self._random.choice(self.crowd.poll.candidates).id)

    def wait(self, gate: Callable[[], bool]) -> None:
        with gevent.Timeout(PATIENCE):
            while not gate():
                gevent.sleep(0.005)

    def leave(self) -> None:
        for one in self.phones:
            one.leave()


@contextmanager
def hall(server: Server) -> Iterator[Hall]:
    """Phones in a room, until the end of the test."""
    filled = Hall(server)
    try:
        yield filled
    finally:
        filled.leave()


def counted(server: Server) -> list[int]:
    """Return the versions of the ballots that count, as a stopped server's journal has them."""
    state, found = State(), []
    for record in read_journal(server.folder / "data"):
        outcome = apply(state, record)
        if isinstance(outcome, Receipt) and outcome.version == state.version:
            found.append(outcome.version)
    return found


def test_a_stop_in_a_storm_loses_no_ballot_and_nobody(serve: Callable[..., Server]) -> None:
    """All are told 1001, the exit code is 0; they come back, and hold what the journal holds."""
    server = serve(CONFIG)
    with hall(server) as full:
        crowd = full.crowd
        full.begin()
        full.wait(lambda: len(crowd.receipts) > PHONES)
        began = monotonic()
        process = server.process
        assert process is not None
        process.send_signal(signal.SIGTERM)
        waves = set()
        while process.poll() is None:
            waves.add(crowd.closed.total())
            gevent.sleep(0.005)
            assert monotonic() - began < PATIENCE
        took = monotonic() - began
        full.wait(lambda: crowd.closed.total() >= PHONES)
        print(f"{PHONES} phones: over in {took:.1f} s, told in {len(waves)} waves or more")  # noqa: T201
        assert process.returncode == 0
        assert crowd.closed == {1001: PHONES}
        assert took < END_SECONDS
        assert set(crowd.refused) <= {"not_recorded"}

        server.start()
        full.wait(lambda: len(crowd.rejoined) == PHONES)
        full.is_voting = False
        full.wait(lambda: crowd.underway == 0)
        assert server.stop() == 0
        assert len(crowd.receipts) == full.votes
        assert sorted(receipt.version for receipt in crowd.receipts) == counted(server)
        assert crowd.backwards == 0


@pytest.fixture
def lingering(server: Server) -> Any:
    """A phone that says nothing when it is told to go, so that the end has to wait for it."""
    return phone(server)


def test_while_the_server_stops_it_answers_and_lets_nobody_in(
    server: Server, lingering: Any
) -> None:
    """A watcher hears that it is not ready, who waits for news hears 503, a new phone nothing."""
    assert server.process is not None
    watcher = http.client.HTTPConnection("127.0.0.1", server.port or 0, timeout=10)
    watcher.request("GET", "/readyz")
    ready = watcher.getresponse()
    assert (ready.status, ready.read()) == (200, b'{"ready":true}\n')
    news: list[Any] = []
    visitor = Browser(server).log_in()
    first = visitor.get("/live?view=voter").json
    asking = threading.Thread(
        target=lambda: news.append(visitor.get(f"/live?view=voter&wait=25&after={first['after']}"))
    )
    asking.start()
    waits = 'connections{transport="longpoll",view="voter"} 1.0'
    while waits not in visitor.get("/metrics").text:
        assert asking.is_alive()

    process = server.process
    process.send_signal(signal.SIGTERM)
    with pytest.raises(Closed, match="1001"):
        lingering.until(type="never")
    watcher.request("GET", "/readyz")
    ready = watcher.getresponse()
    assert (ready.status, ready.getheader("Retry-After")) == (503, "2")
    assert b"The server stops" in ready.read()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port))
    assert process.wait(END_SECONDS) == 0
    asking.join()
    assert (news[0].status, news[0].headers["Retry-After"]) == (503, "2")
    watcher.close()


def test_asked_twice_it_stops_at_once(server: Server, lingering: Any) -> None:
    """A second Ctrl-C waits for nobody; the exit code says that it was no good end."""
    process = server.process
    assert process is not None
    process.send_signal(signal.SIGINT)
    with pytest.raises(Closed, match="1001"):
        lingering.until(type="never")
    process.send_signal(signal.SIGINT)
    assert process.wait(END_SECONDS) == 1


@pytest.fixture
def muted(tmp_path: Path) -> Iterator[Server]:
    """A server whose standard error is a pipe that is full and that nobody reads."""
    server = Server(tmp_path)
    outlet, inlet = os.pipe()
    server.process = subprocess.Popen(
        [sys.executable, ROOT / "dashboard.py", "run", "--config", server.config, "--port", "0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=inlet,
        text=True,
    )
    said = b""
    while b"Ctrl-C stops" not in said:
        said += os.read(outlet, 65_536)
    os.set_blocking(inlet, False)
    with suppress(BlockingIOError):
        while True:
            os.write(inlet, b"x")
    os.set_blocking(inlet, True)
    server.port = (nearby.noted(tmp_path / "data") or ("", 0))[1]
    yield server
    server.clear_up()
    os.close(inlet)
    os.close(outlet)


def test_who_does_not_read_does_not_hold_up_the_end(muted: Server) -> None:
    """Neither a phone that takes nothing nor the terminal: others are told, the exit code is 0."""
    voter, stalled = phone(muted), phone(muted, receive_buffer=2_304)
    Wire(muted).socket.sendall(b"no request\r\n\r\n")
    for _ in range(400):
        stalled.tell({"type": "ping"})
    voter.vote(ADA)
    voter.until(type="receipt")
    assert muted.stop() == 0
    with pytest.raises(Closed, match="1001"):
        voter.until(type="never")


class Hung(ListJournal):
    """A journal on a disk that answers no more."""

    def close(self) -> None:
        self.gate.wait()


def test_a_disk_that_hangs_does_not_hold_up_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time of the whole end is bounded; nobody is told that a ballot counts."""
    monkeypatch.setattr(ending, "END_SECONDS", 0.2)
    journal = Hung()
    with Room(journal=journal) as room:
        hub = Hub(
            lambda kind, view: b"{}",
            RoomFeed(room.state, lambda person: ""),
            Turnout(room.state),
            tick_seconds=1,
            ping_seconds=1,
            deadline_seconds=1,
        )
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = Listener(listening, None, most=None)
        server.start()
        journal.hold()
        answer = room.cast("v")
        assert journal.knocked.wait(PATIENCE)
        with gevent.Timeout(PATIENCE):
            end(server, room.engine, hub, FolderNames(tmp_path), Alone(), journal)
        assert answer.times == 0
        assert room.cast("w").code() == "not_recorded"
        assert server.closed
