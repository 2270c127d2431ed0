"""receipts.py: the public list of receipt codes, and one looked up in it."""

from __future__ import annotations

import msgspec
import pytest

from tests.folding import ADA, BOB, CYD, POLL, Room
from voting.receipts import Codes, changed, codes_by_choice, codes_of, read_code
from voting.records import Poll, Reset
from voting.state import Receipt

APPROVAL = Poll("poll", "Who?", (ADA, BOB, CYD), rule="approval", max_choices=2)
TAPS = msgspec.structs.replace(POLL, rule="taps")


def cast(room: Room, voter: str, ballot: str, *choices: str) -> str:
    """Cast a ballot and return its receipt's code."""
    receipt = room.cast(voter, ballot, *choices)
    assert isinstance(receipt, Receipt)
    return receipt.code


def codes(room: Room) -> Codes:
    """Return what became of the codes of the round on stage."""
    return codes_of(room.round, changed(room.state, room.round))


def test_a_code_stands_under_its_choice() -> None:
    """Candidates nobody has chosen have an empty list."""
    room = Room()
    one, two = cast(room, "v", "b1", "bob"), cast(room, "w", "b1", "bob")
    assert codes_by_choice(room.round) == {"ada": [], "bob": sorted([one, two])}


def test_with_approval_a_code_stands_under_each_of_its_choices() -> None:
    """One ballot, two choices, the same code twice."""
    room = Room(APPROVAL)
    code = cast(room, "v", "b1", "cyd", "ada")
    assert codes_by_choice(room.round) == {"ada": [code], "bob": [], "cyd": [code]}


def test_each_tap_has_a_code() -> None:
    """Taps of one voter are as many codes."""
    room = Room(TAPS)
    taps = [cast(room, "v", f"b{n}", "ada") for n in range(3)]
    assert codes_by_choice(room.round)["ada"] == sorted(taps)
    assert not codes(room).replaced


def test_candidates_stand_in_ballot_order() -> None:
    """Whoever was voted for first."""
    room = Room(APPROVAL)
    cast(room, "v", "b1", "cyd")
    assert list(codes_by_choice(room.round)) == ["ada", "bob", "cyd"]


def test_the_order_of_codes_does_not_tell_who_came_first() -> None:
    """The same order after any order of casting: that of the codes."""
    room = Room()
    cast_in_order = [cast(room, f"v{n}", "b1", "ada") for n in range(30)]
    listed = codes_by_choice(room.round)["ada"]
    assert listed == sorted(cast_in_order) != cast_in_order


def test_a_changed_vote_leaves_the_list_and_is_known_as_changed() -> None:
    """Its receipt is of a ballot that was counted once; the newer one counts now."""
    room = Room()
    old, new = cast(room, "v", "b1", "ada"), cast(room, "v", "b2", "bob")
    assert codes_by_choice(room.round) == {"ada": [], "bob": [new]}
    assert codes(room).choices == {new: ("bob",)}
    assert codes(room).replaced == {old}


def test_a_code_of_another_round_is_of_no_use_here() -> None:
    """Neither one that counts there, nor one that was changed there."""
    room = Room()
    old, new = cast(room, "v", "b1", "ada"), cast(room, "v", "b2", "bob")
    room.steer(Reset)
    cast(room, "v", "b3", "ada")
    cast(room, "v", "b4", "bob")
    for code in (old, new):
        assert code not in codes(room).choices
        assert code not in codes(room).replaced


@pytest.mark.parametrize(
    "typed",
    [
        "K7Q4-MX2P",
        "k7q4-mx2p",
        "K7Q4MX2P",
        "  k7q4 mx2p ",
        "K 7 Q 4 M X 2 P",
        "K7Q4–MX2P",
        "K7Q4—mx2p.",
        "“K7Q4-MX2P”",
        "Ｋ７Ｑ４－ＭＸ２Ｐ",
        "K7Q4_MX2P",
        "K7Q4\u2011MX2P\u200b",
    ],
)
def test_a_code_is_understood_however_it_is_typed(typed: str) -> None:
    """Case, spaces, dashes and a phone's full-width keyboard do not matter."""
    assert read_code(typed) == "K7Q4-MX2P"


@pytest.mark.parametrize("typed, meant", [("O1B0-1111", "OIBO-IIII"), ("8888-0000", "BBBB-OOOO")])
def test_signs_that_no_code_has_are_taken_for_the_letters_they_look_like(
    typed: str, meant: str
) -> None:
    """A code has no 0, 1 or 8, so an O, I or B was misread."""
    assert read_code(typed) == meant


@pytest.mark.parametrize(
    "typed", ["", "   ", "K7Q4-MX2", "K7Q4-MX2PA", "K7Q4-MX29", "投票", "é" * 8, "K" * 10_000]
)
def test_what_is_no_code_is_none(typed: str) -> None:
    """Too short, too long, or of other letters."""
    assert read_code(typed) is None
