"""fanout.py: one frame for many, a slice at a time, and never into the middle of another."""

from collections.abc import Iterator

import pytest

from tests.ends import Ends
from voting import fanout
from voting.fanout import Fanout
from voting.frames import text_frame
from voting.pipe import Pipe

ONE, TWO = text_frame(b"1"), text_frame(b"2")


@pytest.fixture
def phones() -> Iterator[list[Ends]]:
    phones = [Ends() for _ in range(3)]
    yield phones
    for phone in phones:
        phone.close()


def fan(*phones: Ends) -> Fanout:
    """Make a fanout with these in it."""
    made = Fanout()
    for phone in phones:
        made.add(phone.pipe)
    return made


def show(fanout: Fanout, frame: bytes) -> list[Pipe]:
    """Show a frame to all; return who was not free, and keeps it."""
    behind: list[Pipe] = []

    def keep(pipe: Pipe) -> None:
        behind.append(pipe)
        pipe.snapshot(frame, whole=False)

    for _ in fanout.show(frame, keep):
        pass
    return behind


def test_a_frame_is_shown_to_all(phones: list[Ends]) -> None:
    """Who is free has it at once."""
    assert show(fan(*phones), ONE) == []
    assert [phone.rest() for phone in phones] == 3 * [[b"1"]]


def test_who_is_behind_is_handed_back(phones: list[Ends]) -> None:
    """Nothing is written into the middle of a frame that has not left whole."""
    slow, free, _ = phones
    large = slow.stall()
    assert show(fan(*phones), ONE) == [slow.pipe]
    assert free.rest() == [b"1"]
    assert slow.rest() == [large, b"1"]


def test_who_falls_behind_later_is_handed_back_and_who_catches_up_is_not(
    phones: list[Ends],
) -> None:
    """A fanout follows its members."""
    slow, _, _ = phones
    room = fan(*phones)
    large = slow.stall()
    assert show(room, ONE) == [slow.pipe]
    assert slow.rest() == [large, b"1"]
    assert show(room, TWO) == []


def test_a_frame_that_does_not_fit_is_finished_before_the_next(phones: list[Ends]) -> None:
    """Shown to many, a frame is as whole as one shown alone."""
    large = b"large".ljust(1 << 20, b".")
    room = fan(phones[0])
    assert show(room, text_frame(large)) == []
    assert show(room, ONE) == [phones[0].pipe]
    assert phones[0].rest() == [large, b"1"]


def test_who_is_gone_is_ended_and_not_in_the_way(phones: list[Ends]) -> None:
    """The others are shown the frame; the loop of events finds out about the one."""
    gone, other, _ = phones
    gone.phone.close()
    room = fan(gone, other)
    show(room, ONE)
    assert other.rest() == [b"1"]
    assert not gone.pipe.is_free


def test_who_is_forgotten_is_shown_nothing(phones: list[Ends]) -> None:
    """Forgetting twice, or somebody else, is harmless."""
    left, stays, stranger = phones
    room = fan(left, stays)
    for pipe in (left.pipe, left.pipe, stranger.pipe):
        room.remove(pipe)
    assert len(room) == 1
    show(room, ONE)
    assert left.rest() == []
    assert stays.rest() == [b"1"]


# Between two slices


@pytest.fixture
def by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let others have a turn after each client."""
    monkeypatch.setattr(fanout, "SLICE", 1)


@pytest.mark.usefixtures("by_one")
def test_who_falls_behind_between_two_slices_keeps_the_frame(phones: list[Ends]) -> None:
    """It would be missed else: no other tick may come."""
    first, stalls, _ = phones
    kept: list[Pipe] = []
    slices = fan(first, stalls).show(ONE, kept.append)
    next(slices)
    large = stalls.stall()
    assert list(slices) == [None]
    assert kept == [stalls.pipe]
    assert first.rest() == [b"1"]
    assert stalls.rest() == [large]


@pytest.mark.usefixtures("by_one")
def test_who_leaves_between_two_slices_is_shown_nothing(phones: list[Ends]) -> None:
    """Least of all in the middle of what it is shown where it went."""
    first, leaves, _ = phones
    room = fan(first, leaves)
    slices = room.show(ONE, lambda pipe: None)
    next(slices)
    room.remove(leaves.pipe)
    fan(leaves)
    large = leaves.stall()
    assert list(slices) == [None]
    assert leaves.rest() == [large]


@pytest.mark.usefixtures("by_one")
def test_who_comes_between_two_slices_is_not_shown_an_older_frame(phones: list[Ends]) -> None:
    """A newcomer has seen the state of its own moment already."""
    first, _, comes = phones
    room = fan(first)
    slices = room.show(ONE, lambda pipe: None)
    room.add(comes.pipe)
    for _ in slices:
        pass
    assert first.rest() == [b"1"]
    assert comes.rest() == []
