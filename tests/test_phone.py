"""Pretended phones on a real server: they log in, join, vote, and come back as pages do."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from random import Random

import gevent
import pytest

from rehearsal.backoff import SOURCE, Backoff, Patience, patience
from rehearsal.crowd import Crowd
from rehearsal.phone import Phone
from rehearsal.visit import Site, TurnedAway
from tests.faults import FileLimit
from tests.serving import ADA, GRACE, Server, poll_config
from voting.live import MAX_UNANSWERED

WAIT_SECONDS = 20
BALLOTS = 3 * MAX_UNANSWERED


def site(server: Server) -> Site:
    assert server.port
    return Site("127.0.0.1", server.port)


def phone(server: Server, crowd: Crowd) -> Phone:
    """Return a phone that is logged in and connected."""
    joined = Phone(crowd, site(server))
    joined.log_in()
    joined.join()
    return joined


def wait(gate: Callable[[], bool]) -> None:
    with gevent.Timeout(WAIT_SECONDS):
        while not gate():
            gevent.sleep(0.005)


def test_a_phone_votes_and_everybody_sees_it(server: Server) -> None:
    """The receipt, the numbers, and the moment at which a screen shows them are collected."""
    crowd = Crowd()
    phones = [phone(server, crowd) for _ in range(3)]
    screen = Phone(crowd, site(server), view="screen")
    screen.join()
    crowd.goal = crowd.version + 2
    phones[0].vote(ADA)
    phones[1].vote(GRACE)
    wait(lambda: len(crowd.settled) == 4 and not crowd.underway)
    assert crowd.counts == {ADA: 1, GRACE: 1, "edsger-dijks": 0}
    assert len(crowd.receipts) == 2
    for receipt in crowd.receipts:
        assert receipt.sent < receipt.at
        assert any(version >= receipt.version for _, version in crowd.shown)
    assert not crowd.refused
    assert crowd.backwards == 0


def test_a_refused_ballot_is_answered_too(serve: Callable[..., Server]) -> None:
    """It is collected by its code, and waits no longer."""
    poll = {"question": "Tea?", "candidates": ["Yes", "No"], "changes": False}
    crowd = Crowd()
    one = phone(serve(poll_config(**poll)), crowd)
    one.vote("yes")
    one.vote("no")
    wait(lambda: crowd.counts == {"yes": 1, "no": 0} and crowd.underway == 0)
    assert crowd.refused == {"already_voted": 1}


def test_refusals_for_now_are_repeated_once_each(server: Server) -> None:
    """Of ballots that came faster than they could be recorded, not of all that is under way."""
    crowd = Crowd()
    one = phone(server, crowd)
    for _ in range(BALLOTS):
        one.vote(ADA)
    wait(lambda: len(crowd.receipts) == BALLOTS)
    assert set(crowd.refused) == {"not_recorded"}
    assert crowd.refused.total() < BALLOTS * BALLOTS / MAX_UNANSWERED
    assert crowd.underway == 0


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's limits")
def test_a_ballot_that_was_refused_for_now_is_not_unanswered(server: Server) -> None:
    """It waits, but it has heard of its server."""
    crowd, disk = Crowd(), FileLimit(server.folder / "data")
    one = phone(server, crowd)
    disk.begin(server)
    one.vote(ADA)
    wait(lambda: bool(crowd.refused))
    assert (crowd.underway, one.unanswered) == (1, 0)
    disk.end(server)
    wait(lambda: not crowd.underway)


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_a_ballot_is_unanswered_as_long_as_its_line_stands(server: Server) -> None:
    """Where the line has ended, the end is its answer."""
    crowd = Crowd()
    one = phone(server, crowd)
    os.kill(server.pid, signal.SIGSTOP)
    one.vote(ADA)
    assert one.unanswered == 1
    server.kill()
    wait(lambda: not one.is_connected)
    assert one.unanswered == 0


def test_a_phone_may_vote_again_at_each_receipt(server: Server) -> None:
    """`counted` is called once for each."""
    crowd = Crowd()
    one = phone(server, crowd)

    def again() -> None:
        if len(crowd.receipts) < 5:
            one.vote(ADA)

    one.counted = again
    one.vote(ADA)
    wait(lambda: len(crowd.receipts) == 5)
    assert crowd.underway == 0


def test_a_phone_loads_what_a_browser_would(server: Server) -> None:
    """The voter's page, and the scripts and styles that it names, come with a login on demand."""
    one = Phone(Crowd(), site(server))
    assert one.log_in() < one.log_in(page=True) < one.log_in(files=True)


def test_a_phone_is_told_why_it_cannot_log_in(serve: Callable[..., Server]) -> None:
    """Where a name is asked for, one without is turned away with the page's status."""
    named = serve(
        poll_config(question="Tea?", candidates=["Yes", "No"]) + "[room]\nname_required = true\n"
    )
    with pytest.raises(TurnedAway) as turned:
        Phone(Crowd(), site(named)).log_in()
    assert turned.value.status == 422
    Phone(Crowd(), site(named)).log_in("Ada")


def test_phones_come_back_to_a_restarted_server_with_what_they_had(server: Server) -> None:
    """A ballot that found no server is sent on the next line, and counts once."""
    crowd = Crowd()
    phones = [phone(server, crowd) for _ in range(5)]
    for one in phones:
        one.keeps_coming_back = True
        one.vote(ADA)
    wait(lambda: len(crowd.receipts) == 5)
    server.kill()
    wait(lambda: not any(one.is_connected for one in phones))
    phones[0].vote(GRACE)
    server.start()
    wait(lambda: len(crowd.rejoined) == 5 and not crowd.underway)
    wait(lambda: crowd.counts == {ADA: 4, GRACE: 1, "edsger-dijks": 0})
    assert crowd.closed.total() == 5
    assert crowd.backwards == 0
    for one in phones:
        one.leave()


def test_a_phone_that_left_does_not_come_back(server: Server) -> None:
    """And gives up what waits for an answer."""
    crowd = Crowd()
    one = phone(server, crowd)
    one.keeps_coming_back = True
    one.vote(ADA)
    one.leave()
    assert crowd.underway == 0
    assert not one.is_connected


def test_the_waits_are_those_of_the_page() -> None:
    """They grow with failures in a row, are jittered, and short again after a line that held."""
    told = Patience(waits=(1.0, 4.0), steady=3.0, first_word=6.0)
    backoff = Backoff(told, Random("waits"))
    waits = [backoff.next(held=0.0) for _ in range(200)]
    assert 0.5 <= waits[0] < 1.0
    assert all(2.0 <= wait < 4.0 for wait in waits[1:])
    assert max(waits[1:]) - min(waits[1:]) > 1.5
    assert 0.5 <= backoff.next(held=3.5) < 1.0


def test_the_pages_script_says_its_waits_where_they_are_looked_for() -> None:
    """Said in another way, they are missed at once and not made up."""
    source = SOURCE.read_text(encoding="utf-8")
    found = patience(source)
    assert list(found.waits) == sorted(found.waits)
    assert 0 < found.waits[0] < found.steady
    with pytest.raises(ValueError, match="BACKOFF_MS"):
        patience(source.replace("BACKOFF_MS", "WAITS"))


def test_a_version_that_goes_backwards_is_noticed() -> None:
    """On the same phone and in the same epoch: another may be later, a new one begins anew."""
    crowd = Crowd()
    one, other = (Phone(crowd, Site("127.0.0.1", 1)) for _ in range(2))

    def tally(epoch: str, version: int) -> bytes:
        numbers = {"counts": None, "ballots": 0, "voted": 0, "online": 0, "room": 0}
        said = {"type": "tally", "epoch": epoch, "version": version, "round": 1, **numbers}
        return json.dumps(said).encode()

    for message in (tally("a", 5), tally("a", 5), tally("a", 7), tally("b", 1)):
        one.hear(message)
    other.hear(tally("b", 0))
    assert crowd.backwards == 0
    one.hear(tally("b", 0))
    assert crowd.backwards == 1
