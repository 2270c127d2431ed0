"""A rehearsal in the fold and in the engine: it is on stage while it lasts, and then never was."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import engines
from tests.folding import ADA, OTHER, POLL, Room, code, fields, holding, replayed
from tests.histories import aimed, ballots, commands, informed, listings
from tests.on_disk import History
from voting import export
from voting.records import (
    FORMAT,
    Ballot,
    Begin,
    Candidate,
    Close,
    Command,
    Compare,
    Define,
    Edit,
    Extend,
    Open,
    Poll,
    Record,
    Rehearse,
    Remove,
    Reopen,
    Reset,
    Restore,
    Show,
    Stage,
    encode,
    sealed,
)
from voting.state import Done, Receipt, State
from voting.verify import examine, lines

EXAMPLES = 2_000 if os.environ.get("TEST_ALL") else 150

MOVED_ON = {"version", "chain", "at", "rehearsed", "steered"}
"""What a rehearsal may leave behind: that there were records, and that its id is used up."""

STRICT = Poll("strict", "Who?", (ADA,), changes=False, results="hidden", max_ballots=2)


def differing(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    return {name for name in after if after[name] != before[name]}


def ended(room: Room) -> Room:
    """Close the round on stage."""
    room.steer(Close)
    return room


def compared(room: Room) -> Room:
    """Put the round before beside an empty one that is open."""
    room.cast("v", "b1", "ada")
    room.steer(Reset)
    room.steer(Compare, 1)
    return room


@pytest.mark.parametrize(
    "room",
    [
        Room(open=False),
        Room(),
        ended(Room()),
        ended(Room(seconds=60)),
        compared(Room()),
        ended(Room(POLL, OTHER)),
    ],
    ids=["no round yet", "open, empty", "closed", "countdown over", "compared", "two polls"],
)
def test_a_rehearsal_gives_the_stage_back_as_it_was(room: Room) -> None:
    """The round, what was beside it, what could be undone: all as before, whatever was tried."""
    before = fields(room.state)
    assert room.steer(Rehearse, 60) == Done()
    assert room.state.stage == -1
    assert (room.round.state, room.state.compared) == ("open", 0)
    for n in range(5):
        assert isinstance(room.cast("v", f"tried{n}", "ada"), Receipt)
    assert isinstance(room.cast("w", "tried", "bob"), Receipt)
    assert room.counts == {"ada": 1, "bob": 1}
    assert room.steer(Close) == Done()
    assert differing(before, holding(room.state)) == MOVED_ON
    assert replayed(room.records) == holding(room.state)


def test_a_rehearsal_is_never_among_the_rounds() -> None:
    """Exports, lists and public results look among the rounds, and must not find it."""
    room = Room()
    room.steer(Rehearse, 60)
    room.cast("v", "b1", "ada")
    assert list(room.state.rounds) == [1]
    assert room.state.rounds[1].ballots == 0
    assert room.state.latest == {"poll": 1}


def test_an_id_of_a_rehearsal_is_never_used_again() -> None:
    """A ballot that comes late is for no round that ever counts."""
    room = ended(Room())
    room.steer(Rehearse, 60)
    room.steer(Close)
    room.open()
    assert room.state.stage == 2  # as if it had not been
    assert code(room.cast("v", "b1", "ada", round=-1)) == "stale_round"
    room.steer(Close)
    room.steer(Rehearse, 60)
    assert room.state.stage == -2


def test_a_rehearsal_takes_every_ballot_and_shows_every_count() -> None:
    """Pretended phones vote again and again, for everybody to see, whatever the poll says."""
    room = Room(STRICT)
    room.steer(Rehearse, 60)
    for n in range(5):
        assert isinstance(room.cast("v", f"b{n}", "ada"), Receipt)
    assert room.round.is_public
    assert room.round.poll.candidates == STRICT.candidates


def test_a_ballot_of_a_rehearsal_counts_once() -> None:
    """Sent again it gets the same receipt, as in earnest; afterwards its id is free."""
    room = Room()
    room.steer(Rehearse, 60)
    first = room.cast("v", "b1", "ada")
    assert room.cast("v", "b1", "bob") == first
    assert room.counts == {"ada": 1, "bob": 0}
    room.steer(Close)
    again = room.cast("v", "b1", "bob")
    assert isinstance(again, Receipt)
    assert (again.round, again.choices) == (1, ("bob",))


def test_receipts_of_earlier_rounds_outlive_a_rehearsal() -> None:
    """A voter who was there before keeps what counts."""
    room = Room()
    kept = room.cast("v", "b1", "ada")
    room.steer(Close)
    room.steer(Rehearse, 60)
    room.cast("v", "b2", "bob")
    room.cast("w", "b2", "bob")
    room.steer(Close)
    assert room.state.receipts == {"v": {"b1": kept}}


def test_nobodys_vote_makes_way_for_a_rehearsal() -> None:
    """A round that is open has to be closed first, if it holds ballots or a countdown runs."""
    room = Room()
    room.cast("v", "b1", "ada")
    for busy in (room, Room(seconds=60)):
        before = fields(busy.state)
        assert code(busy.steer(Rehearse, 60)) == "in_use"
        assert differing(before, holding(busy.state)) == {"version", "chain", "at"}


@pytest.mark.parametrize(
    "kind, rest",
    [
        (Rehearse, (60,)),
        (Open, ("poll", None)),
        (Reopen, ()),
        (Extend, (30,)),
        (Reset, ()),
        (Restore, (1,)),
        (Stage, ("other",)),
        (Show, (1, "hidden")),
        (Compare, (1,)),
        (Edit, (Poll("new", "?", (Candidate("a", "A"),)), 0)),
        (Remove, ("other", 3)),
    ],
)
def test_everything_else_waits_for_the_end_of_a_rehearsal(
    kind: type[Command], rest: tuple[object, ...]
) -> None:
    """Whatever an admin presses, the refusal says what to do first."""
    room = Room(POLL, OTHER)
    room.steer(Rehearse, 60)
    assert code(room.steer(kind, *rest)) == "rehearsing"
    assert room.state.rehearsal


def test_a_rehearsal_ends_when_its_time_is_over() -> None:
    """Later ballots are refused even before its end is recorded."""
    room = Room()
    room.steer(Rehearse, 60, at=1_000)
    assert isinstance(room.cast("v", "b1", "ada", at=60_999), Receipt)
    assert code(room.cast("v", "b2", "ada", at=61_000)) == "round_closed"


def test_an_edited_configuration_does_not_touch_a_rehearsal() -> None:
    """It goes on with the words that it began with."""
    room = Room()
    room.steer(Rehearse, 60)
    room.record(Define(Poll("poll", "Who then?", (ADA,)), "newer"))
    assert room.round.poll.question == "Who?"
    assert room.state.stage == -1


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    polls=listings,
    before=st.lists(ballots | commands, max_size=12),
    tried=st.lists(ballots | commands, max_size=12),
    after=st.lists(ballots | commands, max_size=12),
)
def test_results_are_the_same_with_a_rehearsal_and_without(
    polls: list[Poll],
    before: list[Ballot | Command],
    tried: list[Ballot | Command],
    after: list[Ballot | Command],
) -> None:
    """Wherever in a history it was; only codes and versions tell that there were other records."""
    rooms = Room(*polls), Room(*polls)
    for room in rooms:
        play(room, before)
        end_rehearsal(room)
        room.steer(Close)
    with_rehearsal, without = rooms
    assert with_rehearsal.steer(Rehearse, 3_600) == Done()
    play(with_rehearsal, [step for step in tried if not isinstance(step, Close)])
    with_rehearsal.steer(Close)
    without.state.rehearsed += 1  # so that the next one has the same id
    for room in rooms:
        room.record(Define(polls[0], "later"), at=100_000)
        play(room, after)
    assert told(with_rehearsal.state) == told(without.state)


def play(room: Room, steps: list[Ballot | Command]) -> None:
    for step in steps:
        is_ballot = isinstance(step, Ballot)
        room.record(aimed(step, room.state) if is_ballot else informed(step, room.state))


def end_rehearsal(room: Room) -> None:
    if room.state.rehearsal:
        room.steer(Close)


def told(state: State) -> Any:
    """What is told of the rounds to whoever asks; codes are of the chain, and left out."""
    results = [export.result(current, room=9) for current in state.rounds.values()]
    receipts = {
        voter: {id: (receipt.round, receipt.choices) for id, receipt in held.items()}
        for voter, held in state.receipts.items()
    }
    stage = state.stage, state.shown, state.previous, state.compared, state.latest
    return [
        (found.round, found.opened, found.closed, found.room, found.candidates, found.voted)
        for found in results
    ], (receipts, stage)


# With an engine


def test_the_engine_ends_a_rehearsal_in_time() -> None:
    """Nobody has to be there for it."""
    with engines.Room() as room:
        room.clock.runs = True
        room.told.clear()
        room.steer(Rehearse, 1)
        while room.state.rehearsal:
            room.told.clear()
            assert room.told.wait(engines.PATIENCE)
        assert (room.state.stage, room.round.state) == (1, "open")


def test_a_start_ends_a_rehearsal_that_a_stop_left_behind() -> None:
    """Before it takes in an edited configuration, which is for the round that counts."""
    with engines.Room() as room:
        room.steer(Rehearse, 3_600)
        room.cast("v").receipt()
        journal = room.journal
    edited = Poll("poll", "Who then?", POLL.candidates)
    with engines.Room(edited, journal=journal) as room:
        assert room.state.rehearsal is None
        assert room.state.receipts == {}
        assert room.round.poll == edited


def test_a_journal_of_format_2_goes_on_as_one_of_this_format() -> None:
    """Its round and receipts are kept, its epoch too, and then it may hold a rehearsal."""
    bodies = [Begin(2, "e2"), Define(POLL, "s"), Open(0, 2, "poll"), Ballot("v", "b1", 1, ("ada",))]
    records = sealed(bytes(32), [Record(1, encode(body)) for body in bodies])
    with engines.Room(journal=engines.ListJournal(records)) as room:
        assert (room.state.format, room.state.epoch) == (FORMAT, "e2")
        assert room.round.counts == {"ada": 1, "bob": 0}
        room.steer(Close)
        assert room.steer(Rehearse, 60) == Done()


def test_a_journal_is_in_order_while_a_rehearsal_is_on(tmp_path: Path) -> None:
    """`verify` beside a running server recounts its ballots too, and does not list it."""
    history = History()
    history.batch(Rehearse(1, history.state.version, 60))
    history.vote("tried", "ada")
    history.write(tmp_path)
    report = examine(tmp_path)
    assert report.problem is None
    (round, _) = lines(report)
    assert "Round 1 · Who should give the next talk? · open · 0 ballots" in round
