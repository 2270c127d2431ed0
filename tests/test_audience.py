"""audience.py: one encoding per view and tick, nobody waits, all get the newest."""

from collections import Counter
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import gevent
import pytest
from gevent.event import Event

from tests.wired import LARGE, PATIENCE, Phone
from voting import audience as audience_module
from voting import fanout, ticks
from voting.audience import Audience, Kind
from voting.client import Client
from voting.feed import RoomFeed
from voting.state import State

NEVER = 3_600.0
"""A distance between ticks that no test lives to see."""


class Room:
    """An audience whose state is a number, and the phones in it."""

    def __init__(self, tick_seconds: float = NEVER, share: float = 1.0) -> None:
        self.audience = Audience(
            self._encode,
            RoomFeed(State(), lambda person: ""),
            lambda person: [],
            tick_seconds=tick_seconds,
            share=share,
        )
        self.number = 0
        self.encoded: list[tuple[Kind, str]] = []
        self.times: list[float] = []
        self.padding = 0
        self.costs: Callable[[], None] = lambda: None
        self.mistakes: list[Exception] = []
        self.ticked = Event()
        self.phones: list[Phone] = []
        self._running: list[gevent.Greenlet[[], None]] = []

    def _encode(self, kind: Kind, view: str) -> bytes:
        self.encoded.append((kind, view))
        self.times.append(monotonic())
        self.ticked.set()
        if self.mistakes:
            raise self.mistakes.pop()
        return f"{kind} {view} {self.number}".ljust(self.padding, ".").encode()

    def join(self, view: str = "voter") -> tuple[Phone, Client]:
        """Connect a phone."""
        phone = Phone()
        self.phones.append(phone)
        client = Client(phone.connection, view)
        self.audience.add(client)
        return phone, client

    def run(self) -> None:
        self._running.append(gevent.spawn(self.audience.run))

    def close(self) -> None:
        gevent.killall(self._running)
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
        room.close()


@pytest.fixture
def room(make: Callable[..., Room]) -> Room:
    return make()


# A tick


def test_a_tick_encodes_each_view_once(room: Room) -> None:
    """The work is one encoding per view, however many clients there are."""
    for _ in range(5):
        room.join("voter")
    room.join("screen")
    room.join("screen")
    room.join("admin")
    room.encoded.clear()
    room.audience.tick()
    assert Counter(room.encoded) == Counter(
        [("tally", "voter"), ("tally", "screen"), ("tally", "admin")]
    )


def test_all_clients_of_a_view_get_the_same_and_no_other_views_bytes(room: Room) -> None:
    """What a view may not see is not sent to it."""
    voters = [room.join("voter")[0] for n in range(3)]
    screen, _ = room.join("screen")
    room.number = 7
    assert room.audience.cpu_seconds == 0
    room.audience.tick()
    assert {phone.get() for phone in voters} == {"tally voter 7"}
    assert screen.get() == "tally screen 7"
    assert room.audience.cpu_seconds > 0


def test_a_tick_without_clients_encodes_nothing(room: Room) -> None:
    """An empty room costs nothing."""
    room.audience.tick()
    assert room.encoded == []


def test_numbers_are_a_tally_and_all_else_is_a_state(room: Room) -> None:
    """A mark for the state makes the next tick a state for everyone, and only the next."""
    phone, _ = room.join()
    room.audience.mark()
    room.audience.tick()
    room.audience.mark(state=True)
    room.audience.mark()
    room.audience.tick()
    room.audience.mark()
    room.audience.tick()
    assert [phone.get() for _ in range(3)] == [
        "tally voter 0",
        "state voter 0",
        "tally voter 0",
    ]


def test_a_page_whose_view_has_changed_is_shown_a_whole_state_of_it(room: Room) -> None:
    """In the next tick, once; the others go on with tallies of theirs."""
    voted, client = room.join("waiting")
    waiting, _ = room.join("waiting")
    room.audience.move(client, "voted", needs_state=True)
    room.audience.tick()
    room.number = 1
    room.audience.tick()
    assert [voted.get(), voted.get()] == ["state voted 0", "tally voted 1"]
    assert [waiting.get(), waiting.get()] == ["tally waiting 0", "tally waiting 1"]


def test_a_stalled_page_gets_nothing_more_of_the_view_that_it_has_left(room: Room) -> None:
    """What waits for it is replaced by what it may see now."""
    stalled, client = room.join("voted")
    room.padding = LARGE
    room.audience.tick()
    room.padding = 0
    room.audience.tick()
    room.audience.move(client, "waiting", needs_state=True)
    room.number = 1
    room.audience.tick()
    assert stalled.get().startswith("tally voted 0...")
    assert stalled.get() == "state waiting 1"


# Slow phones


def test_a_stalled_phone_does_not_hold_up_the_others(room: Room) -> None:
    """While one phone reads nothing, each tick still reaches the rest at once."""
    stalled, _ = room.join()
    room.padding = LARGE
    room.audience.tick()
    room.padding = 0
    other, _ = room.join()
    for room.number in range(1, 6):
        room.audience.tick()
        assert other.get() == f"tally voter {room.number}"
    assert not stalled.connection.pipe.ended


def test_a_stalled_phone_gets_the_newest_when_it_reads(room: Room) -> None:
    """It skips the steps between, and sees no number twice."""
    stalled, _ = room.join()
    room.padding = LARGE
    room.audience.tick()
    room.padding = 0
    for room.number in range(1, 6):
        room.audience.tick()
    assert stalled.get().startswith("tally voter 0...")
    assert stalled.get() == "tally voter 5"
    room.number = 6
    room.audience.tick()
    assert stalled.get() == "tally voter 6"


def test_a_phone_that_is_owed_a_state_gets_a_newer_state_never_a_tally(room: Room) -> None:
    """While a state is unsent, what replaces it is a state, though the others get a tally."""
    stalled, _ = room.join()
    other, _ = room.join()
    room.padding = LARGE
    room.audience.tick()
    assert other.get().startswith("tally voter 0")
    room.padding, room.number = 0, 1
    room.audience.mark(state=True)
    room.audience.tick()
    room.number = 2
    room.audience.tick()
    assert [other.get(), other.get()] == ["state voter 1", "tally voter 2"]
    assert stalled.get().startswith("tally voter 0...")
    assert stalled.get() == "state voter 2"
    room.number = 3
    room.audience.tick()
    assert stalled.get() == "tally voter 3"


# Time between ticks


def test_the_first_change_after_a_silence_is_shown_at_once(room: Room) -> None:
    """Nobody waits for the next full tick when the room was quiet."""
    phone, _ = room.join()
    room.run()
    room.number = 1
    room.audience.mark()
    assert phone.get() == "tally voter 1"


def test_changes_in_quick_succession_wait_for_the_next_tick(room: Room) -> None:
    """After a tick the next keeps its distance, whatever happens in between."""
    phone, _ = room.join()
    room.run()
    room.audience.mark()
    assert phone.get() == "tally voter 0"
    for _ in range(100):
        room.audience.mark(state=True)
        gevent.idle()
    assert room.encoded == [("tally", "voter")]


def test_ticks_keep_their_distance_and_show_the_last_change(make: Callable[..., Room]) -> None:
    """Under a stream of changes ticks are never nearer than told, and the newest is not lost."""
    distance = 0.03
    room = make(tick_seconds=distance)
    phone, _ = room.join()
    room.run()
    while len(room.times) < 9:
        room.number += 1
        room.audience.mark()
        gevent.idle()
    last = room.number
    with gevent.Timeout(PATIENCE):
        while phone.get() != f"tally voter {last}":
            pass
    # Each is seen a little late, so one gap may look shorter; all of them together may not.
    assert room.times[8] - room.times[0] >= 0.9 * 8 * distance
    assert room.number > 10 * len(room.times)


def test_a_silent_room_does_not_tick(make: Callable[..., Room]) -> None:
    """Without a change nothing is encoded and nothing is sent."""
    room = make(tick_seconds=0.001)
    room.join()
    room.run()
    room.audience.mark()
    assert room.ticked.wait(PATIENCE)
    with gevent.Timeout(PATIENCE):
        while not room.encoded:
            gevent.idle()
    room.ticked.clear()
    assert not room.ticked.wait(0.02)


def test_ticks_take_no_more_than_their_share(
    make: Callable[..., Room], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a tick has cost is paid back in rest, however fast the ticks are asked for."""
    cost, share = 0.01, 0.2
    used = [0.0]

    def thread_time() -> float:
        used[0] += cost
        return used[0]

    monkeypatch.setattr(ticks, "thread_time", thread_time)
    room = make(tick_seconds=0.001, share=share)
    room.join()
    room.run()
    with gevent.Timeout(PATIENCE):
        while len(room.times) < 4:
            room.audience.mark()
            gevent.sleep(0.001)
    gaps = [later - earlier for earlier, later in zip(room.times, room.times[1:], strict=False)]
    assert min(gaps) >= 0.99 * (cost / share - cost)


# Turns of the others


def test_others_have_a_turn_while_many_are_shown_something(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tick for thousands stops for a moment after each slice of them."""
    monkeypatch.setattr(fanout, "SLICE", 2)
    phones = [room.join()[0] for _ in range(5)]
    turns: list[int] = []

    def other() -> None:
        while len(turns) < 3:
            turns.append(sum(phone.has_word() for phone in phones))
            gevent.sleep(0)

    gevent.spawn(other)
    room.audience.tick()
    assert turns[:2] == [2, 4]
    assert [phone.get() for phone in phones] == 5 * ["tally voter 0"]


def test_a_state_that_changes_during_a_tick_ends_it(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers that the rest may not see any more are not sent: the state is, with the next tick."""
    monkeypatch.setattr(fanout, "SLICE", 1)
    phones = [room.join()[0] for _ in range(3)]
    gevent.spawn(room.audience.mark, state=True)
    room.audience.tick()
    room.number = 1
    room.audience.tick()
    room.number = 2
    room.audience.tick()
    first = []
    for phone in phones:
        first.append(phone.get())
        if first[-1] == "tally voter 0":
            assert phone.get() == "state voter 1"
        assert phone.get() == "tally voter 2"
    assert sorted(first) == ["state voter 1", "state voter 1", "tally voter 0"]


def test_those_who_need_a_state_are_shown_it_in_turns_too(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With results after the vote they are the whole storm."""
    monkeypatch.setattr(audience_module, "SLICE", 2)
    joined = [room.join("waiting") for _ in range(5)]
    for _, client in joined:
        room.audience.move(client, "voted", needs_state=True)
    turns: list[int] = []

    def other() -> None:
        while len(turns) < 3:
            turns.append(sum(phone.has_word() for phone, _ in joined))
            gevent.sleep(0)

    gevent.spawn(other)
    room.audience.tick()
    assert turns[:2] == [2, 4]
    assert [phone.get() for phone, _ in joined] == 5 * ["state voted 0"]
    room.audience.tick()
    assert [phone.get() for phone, _ in joined] == 5 * ["tally voted 0"]


# Mistakes


def test_a_mistake_in_a_tick_does_not_stop_the_screens(
    make: Callable[..., Room], logged: Callable[[], str]
) -> None:
    """The mistake is reported, and the next tick shows everything, a whole state."""
    room = make(tick_seconds=0.001)
    phone, _ = room.join()
    room.mistakes.append(LookupError("a mistake of ours"))
    room.run()
    room.number = 7
    room.audience.mark()
    assert phone.get().startswith("state voter 7")
    assert "LookupError: a mistake of ours" in logged()


def test_a_mistake_costs_nobody_the_state_that_is_needed(room: Room) -> None:
    """Who was to be shown another view when it happened is shown it with the next tick."""
    phone, client = room.join("waiting")
    room.audience.move(client, "voted", needs_state=True)
    room.mistakes.append(LookupError("a mistake of ours"))
    with pytest.raises(LookupError):
        room.audience.tick()
    room.audience.tick()
    assert phone.get() == "state voted 0"
    room.audience.tick()
    assert phone.get() == "tally voted 0"
