"""salvage.py: which ballots a journal lacks, seen from a server that has counted them."""

from __future__ import annotations

from msgspec.structs import replace

from tests.folding import POLL, Room
from voting.ballots import receipt_of
from voting.records import Ballot, Close, Poll, Rehearse
from voting.salvage import lacking
from voting.state import Receipt, Refusal

TAPS = replace(POLL, rule="taps")


def two_rooms(poll: Poll = POLL) -> tuple[Room, Room]:
    """Rooms with the same records so far: one that goes on, and one that did not hear of it."""
    return Room(poll), Room(poll)


def test_nothing_is_lacking_where_both_hold_the_same() -> None:
    """A server that begins anew from a snapshot brings nothing along."""
    held, found = two_rooms()
    for room in (held, found):
        room.cast("v", "b1", "ada")
    assert lacking(held.state, found.state) == []


def test_ballots_come_in_the_order_in_which_they_counted() -> None:
    """Whoever changed a vote ends with the last choice."""
    held, found = two_rooms()
    held.cast("w", "b1", "ada")
    held.cast("v", "b1", "ada")
    held.cast("w", "b2", "bob")
    missing = lacking(held.state, found.state)
    assert missing == [
        Ballot("w", "b1", 1, ("ada",), counted=True),
        Ballot("v", "b1", 1, ("ada",), counted=True),
        Ballot("w", "b2", 1, ("bob",), counted=True),
    ]
    for ballot in missing:
        found.record(ballot)
    assert found.round.counts == held.round.counts
    assert all(receipt_of(found.state, ballot) for ballot in missing)


def test_a_voter_who_chose_anew_elsewhere_keeps_that_choice() -> None:
    """The older one would take the newer one's place."""
    held, found = two_rooms()
    held.cast("v", "b1", "ada")
    found.cast("v", "b2", "bob")
    assert lacking(held.state, found.state) == []


def test_taps_add_up_wherever_they_were_made() -> None:
    """No tap takes another one's place."""
    held, found = two_rooms(TAPS)
    held.cast("v", "b1", "ada")
    found.cast("v", "b2", "ada")
    assert lacking(held.state, found.state) == [Ballot("v", "b1", 1, ("ada",), counted=True)]


def test_a_countdown_that_is_over_by_then_refuses_no_ballot_that_counted() -> None:
    """Until the close has come; a ballot that had not counted is late."""
    held, found = Room(POLL, seconds=10), Room(POLL, seconds=10)
    held.cast("v", "b1", "ada")
    [missing] = lacking(held.state, found.state)
    late = found.round.closes_at or 0
    assert found.record(Ballot("w", "b1", 1, ("ada",)), at=late) == Refusal(
        "round_closed", "round 1 is closed"
    )
    assert isinstance(found.record(missing, at=late), Receipt)
    assert found.round.counts["ada"] == 1
    found.steer(Close)
    again = Ballot("x", "b1", 1, ("ada",), counted=True)
    assert isinstance(found.record(again), Refusal)


def test_a_round_of_the_same_number_that_is_another_one_takes_no_ballots() -> None:
    """A room that began anew has a round 1 too."""
    held, found = two_rooms()
    held.cast("v", "b1", "ada")
    found.round.opened_at += 5
    assert lacking(held.state, found.state) == []


def test_a_rehearsals_ballots_are_not_missed() -> None:
    """They never were votes."""
    held, found = two_rooms()
    held.steer(Rehearse, 60)
    held.cast("v", "b1", "ada")
    assert lacking(held.state, found.state) == []
