"""Countdowns: the server ends them by the records' own time, whoever looks and whoever is away."""

from time import sleep, time

import gevent
import pytest

from tests.engines import PATIENCE, Clock, ListJournal, Room
from tests.folding import fields, replayed
from tests.phones import Browser, Phone, phone
from tests.serving import ADA, GRACE, Server
from voting import engine as engine_module
from voting.records import Close, Extend, decode
from voting.state import Done


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the engine look at the clock all the time: a test sets it, and no alarm rings."""
    monkeypatch.setattr(engine_module, "LOOK_SECONDS", 0.001)


def count_down(room: Room, seconds: int = 5) -> int:
    """Let the round on stage end in so many seconds; return when that is."""
    assert room.steer(Extend, seconds) == Done()
    room.told.clear()
    end = room.round.closes_at
    assert end == room.state.at + 1_000 * seconds
    return end


@pytest.mark.usefixtures("often")
def test_a_round_whose_countdown_is_over_is_closed() -> None:
    """Nobody has to press a button, and everybody is told that the round has changed."""
    with Room(present=7) as room:
        end = count_down(room)
        room.news.clear()
        room.clock.now = end + 3
        assert room.told.wait(PATIENCE)
        assert room.news == [("state", True)]
        assert isinstance(decode(room.journal.records[-1].body), Close)
        assert (room.round.closed_at, room.round.room) == (end, 7)
        assert room.cast("v").code() == "round_closed"
        assert fields(room.state) == replayed(room.journal.records)


@pytest.mark.usefixtures("often")
def test_a_round_is_not_closed_before_its_countdown_is_over() -> None:
    """The last millisecond is open; a look at it changes nothing."""
    with Room() as room:
        end = count_down(room)
        records = len(room.journal.records)
        room.clock.now = end - 1
        assert not room.told.wait(0.02)
        assert len(room.journal.records) == records
        room.cast("v").receipt()
        assert room.round.state == "open"


def test_a_countdown_is_kept_by_the_engines_own_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a clock that runs by itself, the close comes at its time and not with the next look."""
    monkeypatch.setattr(engine_module, "LOOK_SECONDS", 3_600.0)
    with Room() as room:
        room.clock.runs = True
        end = count_down(room, seconds=1)
        assert room.told.wait(PATIENCE)
        assert room.round.closed_at == end


def test_a_ballot_that_waits_past_the_end_is_refused() -> None:
    """Its record's time decides, and that is given when it is committed."""
    with Room() as room:
        end = count_down(room)
        room.journal.hold()
        first = room.cast("first")
        assert room.journal.knocked.wait(PATIENCE)
        late = room.cast("late")
        assert late.times == 0
        room.clock.now = end
        room.journal.gate.set()
        first.receipt()
        assert late.code() == "round_closed"
        assert room.round.voted == 1


def test_after_the_end_a_ballot_needs_no_record_to_be_refused() -> None:
    """Even while the close is not recorded yet, stragglers do not fill the disk."""
    with Room() as room:
        end = count_down(room)
        records = len(room.journal.records)
        room.journal.hold()
        room.clock.now = end
        late = room.cast("late")
        assert late.times == 1
        assert late.code() == "round_closed"
        assert len(room.journal.records) == records


@pytest.mark.parametrize("pause", [0, 1, 86_400_000])
def test_a_countdown_that_ended_while_the_server_was_down_ended_then(pause: int) -> None:
    """The next start records the close, and the round was closed when it was due."""
    journal = ListJournal()
    with Room(journal=journal) as room:
        end = count_down(room)
    clock = Clock()
    clock.now = end + pause
    with Room(journal=journal, clock=clock) as room:
        assert room.cast("v").code() == "round_closed"
        assert room.told.wait(PATIENCE)
        assert room.round.closed_at == end


def test_a_countdown_goes_on_over_a_restart() -> None:
    """What is left of it is left."""
    journal = ListJournal()
    with Room(journal=journal) as room:
        end = count_down(room)
        room.clock.now = end - 1
    with Room(journal=journal, clock=room.clock) as room:
        room.cast("v").receipt()
        assert room.round.closes_at == end


def test_an_admin_who_extends_at_the_last_moment_wins() -> None:
    """The engine's close names what it saw; behind an extension in the same batch it is void."""
    with Room() as room:
        end = count_down(room)
        room.journal.batches.clear()
        room.clock.now = end
        assert room.steer(Extend, 60) == Done()
        assert room.journal.batches == [2]
        room.cast("v").receipt()
        assert (room.round.state, room.round.closes_at) == ("open", end + 60_000)


@pytest.mark.usefixtures("often")
def test_a_close_that_could_not_be_recorded_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Meanwhile no ballot is taken; in the end the round closed when it was due."""
    monkeypatch.setattr(engine_module, "RETRY_SECONDS", 0.001)
    with Room() as room:
        end = count_down(room)
        room.journal.trouble = ["before", "after"]
        room.clock.now = end + 9
        with gevent.Timeout(PATIENCE):
            while room.round.state == "open":
                assert room.cast("v").code() in ("round_closed", "not_recorded")
                gevent.sleep(0.001)
        assert room.round.closed_at == end
        assert fields(room.state) == replayed(room.journal.records)


# Over real sockets


def opened(server: Server, admin: Browser, seconds: int) -> Phone:
    """Open a round with a countdown from the desk; return a page that sees it."""
    desk = Phone(admin, "admin")
    assert admin.steer("close", desk.until(type="state")).status == 200
    assert admin.steer("open", desk.until(type="state"), seconds=seconds).status == 200
    now = desk.until(type="state")
    assert now["round"]["closes_at"] == now["round"]["opened_at"] + 1_000 * seconds
    return desk


def test_a_round_that_was_opened_with_a_countdown_takes_votes_until_then(
    server: Server, admin: Browser
) -> None:
    """Every page hears of the close without a button, and a vote behind it is refused."""
    voter, screen = phone(server), Phone(Browser(server), "screen")
    desk = opened(server, admin, seconds=2)
    voter.vote(ADA, ballot="in-time", round=desk.state["round"]["id"])
    receipt = voter.until(type="receipt")
    for page in (desk, voter, screen):
        assert page.until(type="state", round={**desk.state["round"], "state": "closed"})
    assert desk.state["rounds"][0]["closed_at"] == desk.state["round"]["closes_at"]
    voter.vote(GRACE)
    assert voter.until(type="refused")["code"] == "round_closed"
    voter.vote(GRACE, ballot="in-time")
    assert voter.until(type="receipt") == receipt
    assert phone(server).state["counts"][ADA] == 1


@pytest.mark.parametrize("way", ["stop", "kill"])
def test_a_countdown_that_ends_while_nobody_serves_ends_then(
    server: Server, admin: Browser, way: str
) -> None:
    """The next start closes the round at the end that was announced, not later."""
    ends = opened(server, admin, seconds=1).state["round"]["closes_at"]
    voter = phone(server)
    getattr(server, way)()
    while time() * 1_000 < ends:
        sleep(0.01)
    server.start()
    back = Phone(voter.browser)
    back.until(type="state")
    back.vote(ADA)
    assert back.until(type="refused")["code"] == "round_closed"
    desk = Phone(admin, "admin")
    while desk.until(type="state")["round"]["state"] != "closed":
        pass
    assert desk.state["rounds"][0]["closed_at"] == ends
