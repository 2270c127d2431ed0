"""hub.py: one encoding per view and tick, nobody waits for a slow phone, all get the newest."""

from collections import Counter
from collections.abc import Callable, Iterator, Set
from time import monotonic
from typing import Any

import gevent
import pytest
from gevent.event import Event
from gevent.socket import SHUT_WR
from wsproto import events

from tests.wired import LARGE, PATIENCE, Phone
from voting import connection
from voting import hub as hub_module
from voting.hub import Client, Hub, Kind
from voting.protocol import GOING_AWAY

NEVER = 3_600.0
"""A distance between ticks that no test lives to see."""


class Room:
    """A hub whose state is a number, and the phones connected to it."""

    def __init__(self, tick_seconds: float = NEVER) -> None:
        self.hub = Hub(
            self._encode, tick_seconds=tick_seconds, ping_seconds=25, deadline_seconds=10
        )
        self.number = 0
        self.encoded: list[tuple[Kind, str]] = []
        self.times: list[float] = []
        self.padding = 0
        self.mistakes: list[Exception] = []
        self.ticked = Event()
        self.phones: list[Phone] = []

    def _encode(self, kind: Kind, view: str, present: Set[str]) -> bytes:
        self.encoded.append((kind, view))
        self.times.append(monotonic())
        self.ticked.set()
        if self.mistakes:
            raise self.mistakes.pop()
        return f"{kind} {view} {self.number} {len(present)}".ljust(self.padding, ".").encode()

    def join(self, view: str = "voter", voter: str | None = None) -> tuple[Phone, Client]:
        """Connect a phone that has seen its first state; it leaves when its listening ends."""
        phone = Phone(listen=False)
        self.phones.append(phone)
        client = Client(phone.connection, view, voter=voter)
        self.hub.join(client)

        def listen() -> None:
            try:
                phone.connection.listen(phone.heard.append)
            finally:
                self.hub.leave(client)

        phone.listening = gevent.spawn(listen)
        assert phone.get().startswith(f"state {view} {self.number} {len(self.hub.present)}")
        self.encoded.clear()
        self.times.clear()
        return phone, client

    def close(self) -> None:
        self.hub.close(GOING_AWAY, "")
        for phone in self.phones:
            phone.close()


@pytest.fixture
def make() -> Iterator[Callable[..., Room]]:
    """Make rooms that end with the test."""
    made: list[Room] = []

    def make(**settings: Any) -> Room:
        made.append(Room(**settings))
        return made[-1]

    yield make
    for room in made:
        for phone in room.phones:
            phone.socket.close()
        room.close()


@pytest.fixture
def room(make: Callable[..., Room]) -> Room:
    return make()


# A tick


def test_a_tick_encodes_each_view_once(room: Room) -> None:
    """The work is one encoding per view, however many clients there are."""
    for n in range(5):
        room.join("voter", f"v{n}")
    room.join("screen")
    room.join("screen")
    room.join("admin")
    room.encoded.clear()
    room.hub.tick()
    assert Counter(room.encoded) == Counter(
        [("tally", "voter"), ("tally", "screen"), ("tally", "admin")]
    )


def test_all_clients_of_a_view_get_the_same_and_no_other_views_bytes(room: Room) -> None:
    """What a view may not see is not sent to it."""
    voters = [room.join("voter", f"v{n}")[0] for n in range(3)]
    screen, _ = room.join("screen")
    room.number = 7
    room.hub.tick()
    assert {phone.get() for phone in voters} == {"tally voter 7 3"}
    assert screen.get() == "tally screen 7 3"


def test_a_tick_without_clients_encodes_nothing(room: Room) -> None:
    """An empty room costs nothing."""
    room.hub.tick()
    assert room.encoded == []


def test_numbers_are_a_tally_and_all_else_is_a_state(room: Room) -> None:
    """A mark for the state makes the next tick a state for everyone, and only the next."""
    phone, _ = room.join()
    room.hub.mark()
    room.hub.tick()
    room.hub.mark(state=True)
    room.hub.mark()
    room.hub.tick()
    room.hub.mark()
    room.hub.tick()
    assert [phone.get() for _ in range(3)] == [
        "tally voter 0 0",
        "state voter 0 0",
        "tally voter 0 0",
    ]


def test_a_page_whose_view_has_changed_is_shown_a_whole_state_of_it(room: Room) -> None:
    """In the next tick, once; the others go on with tallies of theirs."""
    voted, client = room.join("waiting", "v")
    waiting, _ = room.join("waiting", "w")
    client.view, client.needs_state = "voted", True
    room.hub.tick()
    room.number = 1
    room.hub.tick()
    assert [voted.get(), voted.get()] == ["state voted 0 2", "tally voted 1 2"]
    assert [waiting.get(), waiting.get()] == ["tally waiting 0 2", "tally waiting 1 2"]


def test_a_stalled_page_gets_nothing_more_of_the_view_that_it_has_left(room: Room) -> None:
    """What waits for it is replaced by what it may see now."""
    stalled, client = room.join("voted", "v")
    room.padding = LARGE
    room.hub.tick()
    room.padding = 0
    room.hub.tick()
    client.view, client.needs_state = "waiting", True
    room.number = 1
    room.hub.tick()
    assert stalled.get().startswith("tally voted 0 1...")
    assert stalled.get() == "state waiting 1 1"


# Slow phones


def test_a_stalled_phone_does_not_hold_up_the_others(room: Room) -> None:
    """While one phone reads nothing, each tick still reaches the rest at once."""
    stalled, _ = room.join()
    room.padding = LARGE
    room.hub.tick()
    room.padding = 0
    other, _ = room.join()
    for room.number in range(1, 6):
        room.hub.tick()
        assert other.get() == f"tally voter {room.number} 0"
    assert stalled.connection.check(ping_seconds=25, deadline_seconds=10)


def test_a_stalled_phone_gets_the_newest_when_it_reads(room: Room) -> None:
    """It skips the steps between, and sees no number twice."""
    stalled, _ = room.join()
    room.padding = LARGE
    room.hub.tick()
    room.padding = 0
    for room.number in range(1, 6):
        room.hub.tick()
    assert stalled.get().startswith("tally voter 0 0...")
    assert stalled.get() == "tally voter 5 0"
    room.number = 6
    room.hub.tick()
    assert stalled.get() == "tally voter 6 0"


def test_a_phone_that_is_owed_a_state_gets_a_newer_state_never_a_tally(room: Room) -> None:
    """While a state is unsent, what replaces it is a state, though the others get a tally."""
    stalled, _ = room.join()
    other, _ = room.join()
    room.padding = LARGE
    room.hub.tick()
    assert other.get().startswith("tally voter 0 0")
    room.padding, room.number = 0, 1
    room.hub.mark(state=True)
    room.hub.tick()
    room.number = 2
    room.hub.tick()
    assert [other.get(), other.get()] == ["state voter 1 0", "tally voter 2 0"]
    assert stalled.get().startswith("tally voter 0 0...")
    assert stalled.get() == "state voter 2 0"
    room.number = 3
    room.hub.tick()
    assert stalled.get() == "tally voter 3 0"


# Time between ticks


def test_the_first_change_after_a_silence_is_shown_at_once(room: Room) -> None:
    """Nobody waits for the next full tick when the room was quiet."""
    phone, _ = room.join()
    room.hub.start()
    room.number = 1
    room.hub.mark()
    assert phone.get() == "tally voter 1 0"


def test_changes_in_quick_succession_wait_for_the_next_tick(room: Room) -> None:
    """After a tick the next keeps its distance, whatever happens in between."""
    phone, _ = room.join()
    room.hub.start()
    room.hub.mark()
    assert phone.get() == "tally voter 0 0"
    for _ in range(100):
        room.hub.mark(state=True)
        gevent.idle()
    assert room.encoded == [("tally", "voter")]


def test_ticks_keep_their_distance_and_show_the_last_change(make: Callable[..., Room]) -> None:
    """Under a stream of changes ticks are never nearer than told, and the newest is not lost."""
    distance = 0.03
    room = make(tick_seconds=distance)
    phone, _ = room.join()
    room.hub.start()
    while len(room.times) < 4:
        room.number += 1
        room.hub.mark()
        gevent.idle()
    last = room.number
    with gevent.Timeout(PATIENCE):
        while phone.get() != f"tally voter {last} 0":
            pass
    gaps = [later - earlier for earlier, later in zip(room.times, room.times[1:], strict=False)]
    assert min(gaps) >= distance * 0.99
    assert room.number > 10 * len(room.times)


def test_a_silent_room_does_not_tick(make: Callable[..., Room]) -> None:
    """Without a change nothing is encoded and nothing is sent."""
    room = make(tick_seconds=0.001)
    room.join()
    room.hub.start()
    room.hub.mark()
    assert room.ticked.wait(PATIENCE)
    with gevent.Timeout(PATIENCE):
        while not room.encoded:
            gevent.idle()
    room.ticked.clear()
    assert not room.ticked.wait(0.02)


# Who is here


def test_online_counts_voters_not_pages(room: Room) -> None:
    """Two tabs are one voter; the screen and the admin are none."""
    first, first_client = room.join("voter", "v")
    _, second_client = room.join("voter", "v")
    room.join("voter", "w")
    room.join("screen")
    room.join("admin")
    assert (len(room.hub.present), len(room.hub)) == (2, 5)
    first.socket.close()
    assert first.listening
    first.listening.join(PATIENCE)
    assert (len(room.hub.present), len(room.hub)) == (2, 4)
    assert room.hub.of_voter("v") == [second_client]
    assert first_client not in room.hub.voters()


def test_the_last_page_of_a_voter_takes_the_voter_along(room: Room) -> None:
    """Who has closed every tab is not here any more, and leaving twice is harmless."""
    phone, client = room.join("voter", "v")
    phone.socket.close()
    assert phone.listening
    phone.listening.join(PATIENCE)
    room.hub.leave(client)
    assert (len(room.hub.present), len(room.hub), room.hub.of_voter("v")) == (0, 0, [])


def test_coming_and_going_is_shown(room: Room) -> None:
    """The number of those present is a number like the others: a change of it makes a tick."""
    screen, _ = room.join("screen")
    room.hub.start()
    room.join("voter", "v")
    assert screen.get() == "tally screen 0 1"


def test_going_is_shown(room: Room) -> None:
    """A voter who leaves is taken off the number on the screen."""
    screen, _ = room.join("screen")
    phone, _ = room.join("voter", "v")
    room.hub.tick()
    assert screen.get() == "tally screen 0 1"
    phone.socket.close()
    room.hub.start()
    assert phone.listening
    phone.listening.join(PATIENCE)
    assert screen.get() in ("tally screen 0 0", "tally screen 0 1")
    assert len(room.hub.present) == 0


def test_who_joins_is_shown_the_state_of_this_moment(room: Room) -> None:
    """The first message is a state with the newest numbers, not the one of the last tick."""
    room.join()
    room.hub.tick()
    room.number = 9
    phone, _ = room.join()  # expects the state of number 9
    assert phone.connection.check(ping_seconds=25, deadline_seconds=10)


# Phones that are gone, and the end


class Watch:
    """A time that a test sets, in seconds."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_a_sweep_cuts_who_takes_nothing_and_asks_who_is_silent(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deadline and the ping are the hub's settings; a cut phone leaves by itself."""
    watch = Watch()
    monkeypatch.setattr(connection, "monotonic", watch)
    monkeypatch.setattr("voting.pipe.monotonic", watch)
    stalled, _ = room.join("voter", "stalled")
    room.padding = LARGE
    room.hub.tick()
    room.padding = 0
    silent, _ = room.join("voter", "silent")
    watch.now += 11
    room.hub.sweep()
    assert stalled.listening
    stalled.listening.join(PATIENCE)
    assert len(room.hub.present) == 1
    watch.now += 15
    room.hub.sweep()
    assert isinstance(silent.get(), events.Ping)


def test_sweeping_begins_with_the_start(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to ask for it: a phone that is gone is found while the hub runs."""
    monkeypatch.setattr(hub_module, "SWEEP_SECONDS", 0.001)
    watch = Watch()
    monkeypatch.setattr(connection, "monotonic", watch)
    monkeypatch.setattr("voting.pipe.monotonic", watch)
    phone, _ = room.join("voter", "v")
    room.hub.start()
    watch.now += 51
    assert phone.listening
    phone.listening.join(PATIENCE)
    assert len(room.hub) == 0


def test_at_the_end_everyone_is_told_and_waited_for(room: Room) -> None:
    """Every client gets the close code, and closing returns when all have left."""
    phones = [room.join("voter", f"v{n}")[0] for n in range(3)]
    ending = gevent.spawn(room.hub.close, GOING_AWAY, "the server stops")
    events_got = [phone.get() for phone in phones]
    assert {event.code for event in events_got} == {GOING_AWAY}
    assert not ending.ready()
    for phone, event in zip(phones, events_got, strict=True):
        phone.send(event.response())
        phone.socket.shutdown(SHUT_WR)
    ending.get(timeout=PATIENCE)
    assert len(room.hub) == 0


def test_who_does_not_leave_is_not_waited_for_for_ever(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A phone that answers nothing holds up the end by the draining time, and no longer."""
    monkeypatch.setattr(hub_module, "DRAIN_SECONDS", 0.01)
    room.join("voter", "v")
    gevent.spawn(room.hub.close, GOING_AWAY, "").get(timeout=PATIENCE)
    assert len(room.hub) == 1


def test_a_mistake_in_a_tick_does_not_stop_the_screens(
    make: Callable[..., Room], capsys: pytest.CaptureFixture[str]
) -> None:
    """The mistake is reported, and the next tick shows everything, a whole state."""
    room = make(tick_seconds=0.001)
    phone, _ = room.join()
    room.mistakes.append(LookupError("a mistake of ours"))
    room.hub.start()
    room.number = 7
    room.hub.mark()
    assert phone.get().startswith("state voter 7")
    assert "LookupError: a mistake of ours" in capsys.readouterr().err
