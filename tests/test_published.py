"""published.py: a closed round is made once for all its readers, while the room goes on."""

from __future__ import annotations

import gevent
import msgspec
import pytest

from tests.folding import POLL, Room
from voting.published import MAX_KEPT, Published, Shelf
from voting.receipts import codes_by_choice
from voting.records import Ballot, Close, Compare, Open, Reopen, Show

TAPS = msgspec.structs.replace(POLL, rule="taps", max_ballots=100_000)


def closed(ballots: int = 2) -> Room:
    """Return a room whose round holds taps of one voter, and is closed."""
    room = Room(TAPS)
    for n in range(ballots):
        room.record(Ballot("v", f"b{n}", 1, ("ada",)))
    room.steer(Close)
    return room


@pytest.fixture
def shelf() -> Shelf:
    """A shelf with nothing on it."""
    return Shelf()


def taken(shelf: Shelf, room: Room) -> Published:
    """Take the round on stage from a shelf."""
    return shelf.take(room.state, room.round)


def test_many_readers_get_what_was_made_once(shelf: Shelf) -> None:
    """Also those who come while it is being made."""
    room = closed()
    for read in (Published.listed, Published.codes):
        readers = [gevent.spawn(lambda read=read: read(taken(shelf, room))) for _ in range(5)]
        first, *others = [reader.get() for reader in readers]
        assert all(other is first for other in others)
        assert read(taken(shelf, room)) is first


def test_the_room_goes_on_while_a_list_is_made(shelf: Shelf) -> None:
    """Whoever has something to do does it before a large list is there."""
    kept = taken(shelf, closed(60_000))
    reader = gevent.spawn(kept.listed)
    for _ in range(4):  # turns; made in one of them, the list would be there after three
        gevent.sleep(0)
    assert not reader.ready()
    assert reader.get().count(b"\r\n") == 60_001


def test_what_was_taken_stays_as_it_was(shelf: Shelf) -> None:
    """A round that is reopened while its list is made does not change under the maker's hands."""
    room = closed()
    kept, before = taken(shelf, room), codes_by_choice(room.round)
    room.steer(Reopen)
    room.cast("v", "later", "bob")
    room.cast("w", "first", "ada")
    assert kept.codes().by_choice == before
    assert (kept.round.counts, kept.round.voted) == ({"ada": 2, "bob": 0}, 1)


def test_a_command_makes_a_kept_round_old(shelf: Shelf) -> None:
    """What comes afterwards is made of the round as it is then."""
    room = closed()
    kept = taken(shelf, room)
    room.steer(Reopen)
    room.cast("v", "later", "bob")
    room.steer(Close)
    assert taken(shelf, room) is not kept
    assert taken(shelf, room).codes().by_choice == codes_by_choice(room.round)
    kept = taken(shelf, room)
    room.steer(Show, 1, "hidden")
    assert taken(shelf, room) is not kept


def test_what_was_refused_makes_nothing_old(shelf: Shelf) -> None:
    """A straggler's ballot or a command that is not possible costs no work."""
    room = closed()
    kept = taken(shelf, room)
    room.cast("w", "late", "ada")
    room.steer(Compare, 9)
    assert taken(shelf, room) is kept


def test_few_rounds_are_kept(shelf: Shelf) -> None:
    """The one that is read again and again stays, the others make room."""
    room = closed()
    for _ in range(MAX_KEPT):
        room.steer(Open, "poll")
        room.steer(Close)
    rounds = room.state.rounds
    first, second = (shelf.take(room.state, rounds[id]) for id in (1, 2))
    for id in range(3, MAX_KEPT + 2):
        shelf.take(room.state, rounds[id])
        assert shelf.take(room.state, rounds[1]) is first
    assert shelf.take(room.state, rounds[2]) is not second
