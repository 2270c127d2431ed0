"""hub.py: who comes and goes, who is told of it, and an end that waits for everyone."""

from collections.abc import Iterator

import gevent
import pytest
from gevent.socket import SHUT_WR
from wsproto import events

from tests.wired import LARGE, PATIENCE, Phone
from voting import connection, pipe
from voting import hub as hub_module
from voting.audience import Kind
from voting.client import Client
from voting.feed import RoomFeed
from voting.frames import text_frame
from voting.hub import Hub
from voting.protocol import GOING_AWAY
from voting.state import State
from voting.turnout import Turnout

NEVER = 3_600.0
"""A distance between ticks that no test lives to see."""


class Room:
    """A hub that shows how many are online, and the phones connected to it."""

    def __init__(self) -> None:
        self.turnout = Turnout(State())
        self.hub = Hub(
            self._encode,
            RoomFeed(State(), lambda person: ""),
            self.turnout,
            tick_seconds=NEVER,
            ping_seconds=25,
            deadline_seconds=10,
        )
        self.number = 0
        self.phones: list[Phone] = []

    def _encode(self, kind: Kind, view: str) -> bytes:
        return f"{kind} {view} {self.number} {self.turnout.online}".encode()

    def join(self, view: str = "voter", voter: str | None = None) -> tuple[Phone, Client]:
        """Connect a phone that has seen its first state; it leaves when its listening ends."""
        phone = Phone(listen=False)
        self.phones.append(phone)
        client = Client(phone.connection, view, voter=voter)
        self.hub.join(client)

        def listen() -> None:
            try:
                phone.listen()
            finally:
                self.hub.leave(client)

        phone.listening = gevent.spawn(listen)
        assert phone.get() == f"state {view} {self.number} {self.turnout.online}"
        return phone, client

    def close(self) -> None:
        self.hub.close(GOING_AWAY, "")
        for phone in self.phones:
            phone.close()


@pytest.fixture
def room() -> Iterator[Room]:
    room = Room()
    yield room
    for phone in room.phones:
        phone.socket.close()
    room.close()


# Who is here


def test_online_counts_voters_not_pages(room: Room) -> None:
    """Two tabs are one voter; the screen and the admin are none."""
    first, first_client = room.join("voter", "v")
    _, second_client = room.join("voter", "v")
    room.join("voter", "w")
    room.join("screen")
    room.join("admin")
    assert (room.turnout.online, len(room.hub)) == (2, 5)
    first.socket.close()
    first.left()
    assert (room.turnout.online, len(room.hub)) == (2, 4)
    assert room.hub.of_voter("v") == [second_client]
    assert first_client not in room.hub.phones()


def test_the_last_page_of_a_voter_takes_the_voter_along(room: Room) -> None:
    """Who has closed every tab is not here any more, and leaving twice is harmless."""
    phone, client = room.join("voter", "v")
    phone.socket.close()
    phone.left()
    room.hub.leave(client)
    assert (room.turnout.online, len(room.hub), room.hub.of_voter("v")) == (0, 0, [])


def test_coming_is_shown_to_the_screen_at_once(room: Room) -> None:
    """The number of those present is a number like the others: a change of it makes a tick."""
    screen, _ = room.join("screen")
    room.hub.start()
    room.join("voter", "v")
    assert screen.get() == "tally screen 0 1"


def test_going_is_shown_to_the_screen_at_once(room: Room) -> None:
    """A voter who leaves is taken off the number on the screen."""
    screen, _ = room.join("screen")
    phone, client = room.join("voter", "v")
    room.hub.start()
    assert screen.get() == "tally screen 0 1"
    room.hub.leave(client)
    assert room.turnout.online == 0
    phone.socket.close()


def test_phones_are_told_who_came_by_the_next_sweep(room: Room) -> None:
    """Two thousand phones that arrive within seconds are not all told of each other each time."""
    phone, _ = room.join("voter", "v")
    room.hub.start()
    room.hub.sweep()
    assert phone.get() == "tally voter 0 1"
    room.join("voter", "w")
    gevent.idle()
    assert not phone.has_word()


def test_a_vote_tells_phones_of_arrivals_too(room: Room) -> None:
    """Numbers travel together: a tick that comes anyway has the newest of all."""
    phone, _ = room.join("voter", "v")
    room.join("voter", "w")
    room.hub.start()
    room.number = 1
    room.hub.mark()
    assert phone.get() == "tally voter 1 2"


def test_who_joins_is_shown_the_state_of_this_moment(room: Room) -> None:
    """The first message is a state with the newest numbers, not the one of the last tick."""
    room.join()
    room.number = 9
    phone, _ = room.join()  # expects the state of number 9
    assert not phone.connection.pipe.ended


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
    for module in (connection, hub_module, pipe):
        monkeypatch.setattr(module, "monotonic", watch)
    stalled, _ = room.join("voter", "stalled")
    stalled.connection.show(text_frame(b"x" * LARGE), whole=True)
    silent, _ = room.join("voter", "silent")
    watch.now += 11
    room.hub.sweep()
    stalled.left()
    assert room.turnout.online == 1
    watch.now += 15
    room.hub.sweep()
    assert isinstance(silent.get(), events.Ping)


def test_sweeping_begins_with_the_start(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to ask for it: a phone that is gone is found while the hub runs."""
    monkeypatch.setattr(hub_module, "SWEEP_SECONDS", 0.001)
    watch = Watch()
    for module in (connection, hub_module, pipe):
        monkeypatch.setattr(module, "monotonic", watch)
    phone, _ = room.join("voter", "v")
    room.hub.start()
    watch.now += 51
    phone.left()
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


def test_at_the_end_a_few_are_told_at_a_time(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """They come back to the next start in waves, with a moment of chance length between two."""
    monkeypatch.setattr(hub_module, "DRAIN_BATCH", 2)
    pauses: list[tuple[float, float]] = []
    waves: list[int] = []

    def chance(least: float, most: float) -> float:
        pauses.append((least, most))
        waves.append(sum(phone.has_word() for phone in phones))
        return 0

    monkeypatch.setattr("voting.hub.random.uniform", chance)
    phones = [room.join("voter", f"v{n}")[0] for n in range(5)]
    ending = gevent.spawn(room.hub.close, GOING_AWAY, "")
    while len(waves) < 3:
        gevent.sleep(0)
    ending.kill()
    assert waves[:3] == [2, 4, 5]
    assert set(pauses) == {(0, 2 * hub_module.DRAIN_PAUSE)}


def test_who_does_not_leave_is_not_waited_for_for_ever(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A phone that answers nothing holds up the end by the draining time, and no longer."""
    monkeypatch.setattr(hub_module, "DRAIN_SECONDS", 0.01)
    room.join("voter", "v")
    gevent.spawn(room.hub.close, GOING_AWAY, "").get(timeout=PATIENCE)
    assert len(room.hub) == 1
