"""Rows of docs/reliability.md that no other test shows: whole faults, over a real server."""

from __future__ import annotations

import os
import socket
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import gevent
import pytest
from gevent.pool import Pool

from rehearsal.crowd import Crowd
from rehearsal.phone import Phone as Herded
from rehearsal.visit import Site
from tests.audience import Audience
from tests.crash import quiet_port
from tests.desk import Desk
from tests.phones import PING, Browser, Closed, Phone, phone
from tests.serving import ADA, CONFIG, EDSGER, GRACE, Server
from tests.witness import Witness
from voting.open_files import raise_file_limit

PHONES = 40
HERD = 2_000 if os.environ.get("TEST_ALL") else 200
PATIENCE = 120
HOUR = 3_600
FAKETIME = "*/faketime/libfaketimeMT.so.1"


class Clock:
    """The clock of a server's computer, which can be set while the server runs.

    What measures time passing goes on, as it does when a real clock is set.
    """

    def __init__(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        found = next(Path("/usr/lib").glob(FAKETIME), None)
        if found is None:
            missing = "libfaketime is missing; on Debian: apt install libfaketime"
            if os.environ.get("CI") == "true":
                pytest.fail(missing)
            pytest.skip(missing)
        self._file = file
        self.set(0)
        monkeypatch.setenv("LD_PRELOAD", str(found))
        monkeypatch.setenv("FAKETIME_TIMESTAMP_FILE", str(file))
        monkeypatch.setenv("FAKETIME_NO_CACHE", "1")
        monkeypatch.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")

    def set(self, seconds: int) -> None:
        """Set it to so many seconds from the true time."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{seconds:+d}\n", encoding="ascii")
        fresh.replace(self._file)


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of every server that is started from now on."""
    return Clock(tmp_path / "clock", monkeypatch)


def counted_down(admin: Browser, seconds: int) -> Phone:
    """Open a new round with a countdown; return the desk that has seen it."""
    desk = Phone(admin, "admin")
    if desk.until(type="state")["round"]["state"] == "open":
        assert admin.steer("close", desk.state).status == 200
        desk.until(type="state")
    assert admin.steer("open", desk.state, seconds=seconds).status == 200
    desk.until(type="state")
    return desk


@pytest.mark.parametrize("hours", [1, -1] if os.environ.get("TEST_ALL") else [-1])
def test_a_servers_clock_that_is_set_ends_no_round_and_logs_nobody_out(
    hours: int, clock: Clock, serve: Callable[..., Server]
) -> None:
    """Countdowns take their time, votes count, and a restart goes on with the same room."""
    server = serve()
    admin, voter = Browser(server).become_admin(), phone(server, "Vera")
    desk = counted_down(admin, 600)
    voter.until(type="state", round=desk.state["round"])
    clock.set(hours * HOUR)
    voter.tell({"type": "ping"})
    assert abs(voter.until(type="pong")["now"] - voter.state["now"]) < 600_000
    voter.vote(ADA)
    assert voter.until(type="receipt")
    assert phone(server, "New").state["round"] == desk.state["round"]

    clock.set(-hours * HOUR)
    desk = counted_down(admin, 1)
    ended = desk.until(type="state", round={**desk.state["round"], "state": "closed"})
    assert ended["rounds"][0]["closed_at"] == ended["round"]["closes_at"]
    assert admin.steer("reopen", ended).status == 200
    voter.vote(GRACE, ballot="before", round=ended["round"]["id"])
    receipt = voter.until(type="receipt")
    server.kill()
    server.start()
    back = Phone(voter.browser)
    own = back.until(type="you")
    assert (own["name"], own["choices"], own["code"]) == ("Vera", [GRACE], receipt["code"])
    assert back.until(type="state")["epoch"] == voter.state["epoch"]
    back.vote(EDSGER)
    assert back.until(type="receipt")
    assert Phone(admin, "admin").until(type="state")


def test_a_phone_that_is_gone_without_a_word_is_found_within_two_pings(
    serve: Callable[..., Server],
) -> None:
    """Before it would be asked a second time it is cut, and counted as here no longer."""
    server = serve(CONFIG + "\n[live]\nping_seconds = 1\n")
    there, gone = phone(server), phone(server)
    assert gone.state["online"] == 2

    def answer() -> None:
        with suppress(Closed, OSError):
            there.until(type="never")

    def listen() -> int:
        asked = 0
        with suppress(Closed, OSError):
            while True:
                asked += gone.wire.receive()[0] == PING
        return asked

    with ThreadPoolExecutor(2) as beside:
        beside.submit(answer)
        asked = beside.submit(listen).result()
        online = phone(server).state["online"]
        there.wire.socket.shutdown(socket.SHUT_RDWR)
    assert (online, asked <= 1) == (2, True)


def test_resets_in_a_storm_put_each_ballot_into_one_round(server: Server) -> None:
    """Those on their way count before it or are told that they came too late."""
    resets = 5
    desk = Desk(server, "reset")
    with Audience(server, PHONES, "reset") as audience:
        witness = Witness(audience)
        for _ in range(resets):
            audience.wait_for_answers(3 * PHONES)
            desk.press("reset")
        audience.wait_for_answers(3 * PHONES)
        audience.settle()
        witness.look(server.folder / "data")
        exported = desk.export()
        assert sorted(exported) == list(range(1, resets + 2))
        for id, round in exported.items():
            counts = {each["choice"]: each["count"] for each in round["candidates"]}
            assert Counter(counts) == audience.counts(id)
            assert {ballot["code"] for ballot in round["receipts"]} == audience.codes(id)
        refused = [ballot for one in audience.phones.values() for ballot in one.refused]
        assert refused, "expected ballots that came too late"


def test_a_herd_that_lost_its_server_at_once_comes_back_with_its_votes(
    serve: Callable[..., Server],
) -> None:
    """Each has tapped meanwhile; all are let in, all are counted, and a stranger is served."""
    server = serve(CONFIG, "--port", str(quiet_port()))
    raise_file_limit()
    crowd = Crowd()
    phones = [Herded(crowd, Site("127.0.0.1", server.port or 0)) for _ in range(HERD)]
    with gevent.Timeout(PATIENCE):
        Pool(16).map(come, phones)
        server.kill()
        wait_until(lambda: crowd.closed.total() == HERD)
        for one in phones:
            one.vote(ADA)
        server.start()
        wait_until(lambda: len(crowd.rejoined) > HERD / 2)
        assert Browser(server).log_in("Late").get("/").status == 200
        wait_until(lambda: len(crowd.rejoined) == HERD and not crowd.underway)
        wait_until(lambda: crowd.counts == {ADA: HERD, GRACE: 0, EDSGER: 0})
    assert (len(crowd.receipts), crowd.backwards) == (HERD, 0)
    assert (crowd.refused.total(), crowd.closed.total()) == (0, HERD)
    for one in phones:
        one.leave()
    assert "Traceback" not in server.said


def come(one: Herded) -> None:
    one.log_in()
    one.join()
    one.keeps_coming_back = True


def wait_until(gate: Callable[[], bool]) -> None:
    while not gate():
        gevent.sleep(0.005)
