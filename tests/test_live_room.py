"""A room of phones over real sockets: votes, late joiners, a stalled reader, restarts."""

from __future__ import annotations

import os
import random
import resource
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest

from tests.phones import PING, PONG, TEXT, Browser, Closed, Phone, Wire, frame, phone
from tests.serving import ADA, CONFIG, EDSGER, GRACE, Server, poll_config

IMPATIENT = CONFIG + "\n[live]\nsend_deadline_seconds = 1\n"


def counts(seen: Phone, **expected: int) -> None:
    """Wait until a page shows these counts."""
    wanted = {ADA: 0, GRACE: 0, EDSGER: 0} | expected
    while seen.next().get("counts") != wanted:
        pass


def test_a_vote_gets_its_receipt_and_everyone_the_count(server: Server) -> None:
    """The whole way of a vote, to the voter, another phone and the screen."""
    voter, other = phone(server, "Vera"), phone(server)
    screen = Phone(Browser(server), "screen")
    ballot = voter.vote(ADA)
    receipt = voter.until(type="receipt")
    assert (receipt["ballot"], receipt["round"], receipt["choices"]) == (ballot, 1, [ADA])
    for seen in (voter, other, screen):
        counts(seen, **{ADA: 1})


def test_a_vote_can_be_changed_while_the_round_is_open(server: Server) -> None:
    """The newer ballot takes the place of the older."""
    voter = phone(server)
    voter.vote(ADA)
    counts(voter, **{ADA: 1})
    voter.vote(GRACE)
    counts(voter, **{GRACE: 1})


def test_a_poll_may_forbid_changes(serve: Callable[..., Server]) -> None:
    """With `changes = false` the first ballot stays."""
    server = serve(poll_config(question="Once?", candidates=["Yes", "No"], changes=False))
    voter = phone(server)
    voter.vote("yes")
    voter.until(type="receipt")
    voter.vote("no")
    assert voter.until(type="refused")["code"] == "already_voted"


@pytest.mark.parametrize(
    "choices, round, code",
    [
        (["nobody"], 1, "unknown_candidate"),
        ([], 1, "wrong_choices"),
        ([ADA, GRACE], 1, "wrong_choices"),
        ([ADA], 7, "stale_round"),
    ],
)
def test_a_ballot_against_the_rules_is_refused_with_its_code(
    server: Server, choices: list[str], round: int, code: str
) -> None:
    """The phone is told which ballot was refused, and why."""
    voter = phone(server)
    ballot = voter.vote(*choices, round=round)
    refused = voter.until(type="refused")
    assert (refused["ballot"], refused["code"]) == (ballot, code)


def test_the_same_ballot_again_is_counted_once(server: Server) -> None:
    """A phone that did not hear its receipt asks again and gets the same one."""
    voter = phone(server)
    voter.vote(ADA, ballot="once")
    first = voter.until(type="receipt")
    voter.vote(GRACE, ballot="once")
    assert voter.until(type="receipt") == first
    counts(phone(server), **{ADA: 1})


@pytest.mark.parametrize("way", ["close", "reset", "restart"])
def test_a_counted_ballot_keeps_its_receipt(server: Server, admin: Browser, way: str) -> None:
    """After a close, a reset or a restart the phone that asks again hears what it heard first."""
    voter, desk = phone(server), Phone(admin, "admin")
    voter.vote(ADA, ballot="kept")
    receipt = voter.until(type="receipt")
    desk.until(type="state")
    if way == "restart":
        server.kill()
        server.start()
    else:
        assert admin.steer(way, desk.state).status == 200
    back = Phone(voter.browser)
    back.until(type="state")
    for choices in ([ADA], [GRACE], [], ["nobody"]):
        back.vote(*choices, ballot="kept")
        assert back.until(type="receipt") == receipt


def test_another_voters_ballot_id_is_an_id_like_any_other(server: Server) -> None:
    """Who tries it votes, and learns nothing of whose it was."""
    one, other = phone(server), phone(server)
    one.vote(ADA, ballot="the-same")
    receipt = one.until(type="receipt")
    other.vote(GRACE, ballot="the-same")
    answer = other.until(type="receipt")
    assert answer["choices"] == [GRACE]
    assert answer["code"] != receipt["code"]


def test_several_choices_are_one_ballot(serve: Callable[..., Server]) -> None:
    """With approval each choice gets one, up to the limit; a change replaces them all."""
    poll = poll_config(
        question="Which?", candidates=["Ada", "Bob", "Cyd"], rule="approval", max_choices=2
    )
    voter = phone(serve(poll))
    assert (voter.state["poll"]["rule"], voter.state["poll"]["max_choices"]) == ("approval", 2)
    voter.vote("ada", "bob", "cyd")
    assert voter.until(type="refused")["code"] == "wrong_choices"
    voter.vote("ada", "bob")
    assert voter.until(type="receipt")["choices"] == ["ada", "bob"]
    counted = voter.until(counts={"ada": 1, "bob": 1, "cyd": 0})
    assert (counted["ballots"], counted["voted"]) == (1, 1)
    voter.vote("cyd")
    voter.until(counts={"ada": 0, "bob": 0, "cyd": 1})


TAPS = poll_config(question="How much?", candidates=["Yes", "No"], rule="taps", taps_per_second=5)


def test_each_tap_counts_and_a_repeated_one_does_not(serve: Callable[..., Server]) -> None:
    """Three taps and one of them again are three; the voter's other tab is told of all three."""
    voter = phone(serve(TAPS))
    tab = Phone(voter.browser)
    for ballot in ("t1", "t2", "t2", "t3"):
        voter.vote("yes", ballot=ballot)
        assert voter.until(type="receipt")["ballot"] == ballot
    counted = voter.until(counts={"yes": 3, "no": 0})
    assert (counted["ballots"], counted["voted"]) == (3, 1)
    assert tab.until(type="you", ballots=3)["choices"] == ["yes"]
    assert Phone(voter.browser).until(type="you")["ballots"] == 3


def test_who_taps_too_fast_is_told_and_nobody_else_waits(serve: Callable[..., Server]) -> None:
    """Past the limit of a second taps are refused; counted ones are answered, others go on."""
    server = serve(TAPS)
    greedy, other = phone(server), phone(server)
    taps = {greedy.vote("yes") for _ in range(30)}
    answers: dict[str, str] = {}
    while answers.keys() != taps:
        said = greedy.next()
        if said["type"] in ("receipt", "refused"):
            answers[said["ballot"]] = said["code"]
    counted = [ballot for ballot, code in answers.items() if code != "too_fast"]
    assert 5 <= len(counted) < 30
    other.vote("no")
    assert other.until(type="receipt")["choices"] == ["no"]
    for ballot in counted:
        greedy.vote("yes", ballot=ballot)
        assert greedy.until(ballot=ballot)["type"] == "receipt"
    late = phone(server)
    assert late.state["counts"] == {"yes": len(counted), "no": 1}


def test_an_old_ballot_sent_again_does_not_hide_the_newer_choice(server: Server) -> None:
    """The old ballot's receipt is followed by what counts now."""
    voter = phone(server)
    voter.vote(ADA, ballot="old")
    voter.until(type="receipt")
    voter.vote(GRACE, ballot="new")
    voter.until(type="receipt")
    voter.vote(ADA, ballot="old")
    assert voter.until(type="receipt")["choices"] == [ADA]
    assert voter.until(type="you")["choices"] == [GRACE]


def test_a_second_tab_agrees(server: Server) -> None:
    """A vote in one tab reaches the voter's other tab, code and all."""
    first = phone(server, "Vera")
    second = Phone(first.browser)
    assert second.until(type="you")["choices"] is None
    first.vote(GRACE)
    receipt = first.until(type="receipt")
    told = second.until(type="you")
    assert (told["choices"], told["code"]) == ([GRACE], receipt["code"])


def test_two_tabs_are_one_voter_online(server: Server) -> None:
    """People are counted, not sockets."""
    first = phone(server)
    second = Phone(first.browser)
    assert second.until(type="state")["online"] == 1
    third = phone(server)
    assert third.state["online"] == 2


def test_who_joins_late_sees_the_numbers_at_once(server: Server) -> None:
    """The first state holds what was counted before, and what this voter chose."""
    voter = phone(server, "Vera")
    voter.vote(EDSGER)
    code = voter.until(type="receipt")["code"]
    back = Phone(voter.browser)
    told = back.until(type="you")
    assert (told["name"], told["choices"], told["code"]) == ("Vera", [EDSGER], code)
    assert back.until(type="state")["counts"][EDSGER] == 1


@pytest.mark.parametrize("crowd", [200, *([500] if os.environ.get("TEST_ALL") else [])])
def test_a_crowd_votes_at_once(server: Server, crowd: int) -> None:
    """Each gets a receipt, the counts are exactly what was cast, and no version goes back."""
    with ThreadPoolExecutor(16) as hands:
        phones = list(hands.map(lambda n: phone(server, f"phone {n}"), range(crowd)))
        picks = [random.Random(n).choice([ADA, GRACE, EDSGER]) for n in range(crowd)]
        for voter, pick in zip(phones, picks, strict=True):
            voter.vote(pick)
        cast = Counter(picks)

        def settled(voter: Phone) -> None:
            receipt = False
            while True:
                message = voter.next()
                receipt |= message["type"] == "receipt"
                if receipt and message.get("counts") == dict(cast):
                    return

        list(hands.map(settled, phones))
    for voter in phones:
        assert voter.versions == sorted(voter.versions)


def test_a_stalled_reader_is_cut_and_the_others_notice_nothing(
    serve: Callable[..., Server],
) -> None:
    """One phone stops reading; twenty others see every count, and it alone is closed."""
    names = [f"{n:02d}" + "名" * 70 for n in range(60)]
    server = serve(
        poll_config(question="Long?", candidates=names) + "\n[live]\nsend_deadline_seconds = 1\n"
    )
    admin = Browser(server).become_admin()
    stalled = phone(server, receive_buffer=4096)
    others = [phone(server) for _ in range(20)]
    # Each command sends a whole state of some 15 KB: a few fill every buffer on the way.
    for turn in range(30):
        action = "reopen" if others[0].state["round"]["state"] == "closed" else "close"
        assert admin.steer(action, others[0].state).status == 200
        others[0].until(type="state")
        if turn % 10 == 9:
            for other in others[1:]:
                while other.state["version"] < others[0].state["version"]:
                    other.next()
    for other in others:
        while other.online != len(others):
            other.next()
    with pytest.raises(Closed, match="None"):
        stalled.until(type="never")
    lines = admin.get("/admin/vitals").json
    assert (lines["phones"], lines["slow"], lines["cut"]) == (len(others), 0, 1)
    assert server.wait_for(" cut address=").count(" cut ") == 1


@pytest.mark.parametrize("way", ["stop", "kill"])
def test_a_restart_between_votes_goes_on_where_it_stopped(server: Server, way: str) -> None:
    """Same round, same counts, same choices, and the same receipt for the same ballot."""
    voter, other = phone(server, "Vera"), phone(server)
    voter.vote(ADA, ballot="before")
    receipt = voter.until(type="receipt")
    other.vote(GRACE)
    other.until(type="receipt")
    getattr(server, way)()
    server.start()
    back = Phone(voter.browser)
    told = back.until(type="you")
    assert (told["round"], told["choices"], told["code"]) == (1, [ADA], receipt["code"])
    state = back.until(type="state")
    assert (state["epoch"], state["round"]["id"]) == (voter.state["epoch"], 1)
    assert (state["counts"][ADA], state["counts"][GRACE]) == (1, 1)
    back.vote(EDSGER, ballot="before")
    assert back.until(type="receipt") == receipt
    back.vote(EDSGER)
    counts(back, **{GRACE: 1, EDSGER: 1})


def test_a_server_that_stops_tells_its_phones_to_come_back(server: Server) -> None:
    """Close code 1001, exit code 0."""
    voter = phone(server)
    assert server.stop() == 0
    with pytest.raises(Closed, match="1001"):
        voter.until(type="never")


def test_a_silent_phone_is_pinged_and_a_dead_one_is_forgotten(
    serve: Callable[..., Server],
) -> None:
    """A phone that answers no ping for two intervals is no longer online."""
    server = serve(CONFIG + "\n[live]\nping_seconds = 1\n")
    voter, dead = phone(server), phone(server)
    assert dead.state["online"] == 2
    while voter.next().get("online") != 1:
        pass
    voter.vote(ADA)
    voter.until(type="receipt")


def test_logging_out_closes_the_voters_sockets(server: Server) -> None:
    """The session behind a socket has ended, so the socket ends too: 4401."""
    voter, other = phone(server), phone(server)
    voter.browser.post("/logout")
    with pytest.raises(Closed, match="4401"):
        voter.until(type="never")
    other.vote(ADA)
    other.until(type="receipt")


@contextmanager
def flooding(greedy: Wire, burst: bytes) -> Iterator[None]:
    """Send without a pause, and read whatever comes, until the block ends."""
    stop = threading.Event()

    def talk() -> None:
        with suppress(OSError):
            while not stop.is_set():
                greedy.socket.sendall(burst)

    def hear() -> None:
        with suppress(OSError):
            while greedy.socket.recv(1 << 20):
                pass

    with ThreadPoolExecutor(2) as hands:
        hands.submit(hear)
        hands.submit(talk)
        try:
            yield
        finally:
            stop.set()
            with suppress(OSError):  # a flooder that hears too slowly may have been cut
                greedy.socket.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("opcode", [PING, PONG, TEXT])
def test_one_that_never_stops_talking_does_not_silence_the_others(
    server: Server, opcode: int
) -> None:
    """While a flood of pings, pongs or messages goes on, a vote is counted and a page is served."""
    with flooding(phone(server).wire, frame(opcode, b'{"type":"ping"}') * 500):
        voter = phone(server)
        voter.vote(ADA)
        voter.until(type="receipt")
        assert Browser(server).get("/login").status == 200


def test_one_that_asks_for_page_after_page_does_not_silence_the_others(server: Server) -> None:
    """Pipelined requests take turns with everybody else."""
    with flooding(Wire(server), b"GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 200):
        voter = phone(server)
        voter.vote(ADA)
        voter.until(type="receipt")


def test_phones_that_leave_while_they_connect_are_no_news(server: Server) -> None:
    """A page closed while loading resets its socket right after the handshake: no traceback."""
    for _ in range(30):
        wire = Wire(server)
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with suppress(Closed):
            wire.send_upgrade("/live?view=screen")
            wire.close()
    phone(server)
    assert "Traceback" not in server.said


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs Linux's prlimit")
def test_a_full_disk_is_said_and_survived(server: Server, admin: Browser) -> None:
    """No receipt lies; pages hear that nothing is saved; with room again all goes on."""
    desk, voter = Phone(admin, "admin"), phone(server)
    desk.until(type="state")
    usual = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (1, usual[1]))
    voter.vote(ADA, ballot="patient")
    assert voter.until(type="refused", ballot="patient")["code"] == "not_recorded"
    assert desk.until(type="state", recording=False)["voted"] == 0
    assert admin.steer("close", desk.state).status == 503
    assert Phone(Browser(server), "screen").until(type="state")["recording"] is False
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, usual)
    assert desk.until(type="state", recording=True)["voted"] == 0
    voter.vote(ADA, ballot="patient")
    assert voter.until(type="receipt")["ballot"] == "patient"
    server.kill()
    server.start()
    assert phone(server).state["counts"][ADA] == 1


def test_a_venue_behind_one_address_gets_in(server: Server) -> None:
    """No limit on an address keeps voters out: three hundred log in from the same one."""
    statuses = {Browser(server).post("/login", {"name": f"n{n}"}).status for n in range(300)}
    assert statuses == {303}


def test_logging_in_again_is_the_same_voter(server: Server) -> None:
    """Nobody gets a second vote by leaving and coming back."""
    voter = phone(server)
    voter.vote(ADA)
    voter.until(type="receipt")
    voter.browser.post("/logout")
    voter.browser.log_in("Somebody else")
    back = Phone(voter.browser)
    assert back.until(type="you")["choices"] == [ADA]
