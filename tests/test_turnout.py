"""turnout.py: the room, counted as voters come, vote and leave."""

import os

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.folding import POLL, Room
from voting.records import Close, Rehearse, Reopen, Reset, Stage
from voting.state import State
from voting.turnout import Turnout

ANOTHER = msgspec.structs.replace(POLL, id="another", question="Another?")

EXAMPLES = 1_000 if os.environ.get("TEST_ALL") else 60


def test_the_room_is_who_is_present_or_has_voted() -> None:
    """A voter who voted and left still counts, and one who is here and voted counts once."""
    room = Room()
    turnout = Turnout(room.state)
    turnout.came("here")
    turnout.came("undecided")
    room.cast("gone", "b1", "ada")
    room.cast("here", "b1", "ada")
    assert (turnout.online, turnout.room) == (2, 3)
    turnout.left("undecided")
    assert (turnout.online, turnout.room) == (1, 2)


def test_before_the_first_round_the_room_is_who_is_present() -> None:
    """Nobody can have voted yet."""
    turnout = Turnout(State())
    turnout.came("early")
    assert (turnout.online, turnout.room) == (1, 1)


STEPS = ["close", "reopen", "reset", "stage", "back", "rehearse"]

steps = st.lists(
    st.one_of(
        st.tuples(st.just("vote"), st.sampled_from("abcdef")),
        st.tuples(st.just("come or go"), st.sampled_from("abcdef")),
        st.tuples(st.sampled_from(STEPS), st.just("")),
    ),
    max_size=40,
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(steps, st.data())
def test_the_room_is_always_what_a_count_from_scratch_finds(
    steps: list[tuple[str, str]], data: st.DataObject
) -> None:
    """However voters and rounds come and go, and however rarely somebody asks."""
    room, present = Room(POLL, ANOTHER), set[str]()
    state, turnout = room.state, Turnout(room.state)
    for n, (step, voter) in enumerate(steps):
        match step:
            case "vote":
                room.cast(voter, f"b{n}", data.draw(st.sampled_from(["ada", "bob"])))
            case "come or go" if voter in present:
                present.remove(voter)
                turnout.left(voter)
            case "come or go":
                present.add(voter)
                turnout.came(voter)
            case "close":
                room.steer(Close)  # by one who did not look into the room
            case "reopen":
                room.steer(Reopen)
            case "reset":
                room.steer(Reset)
            case "stage":
                room.steer(Stage, ANOTHER.id)
            case "back":
                room.steer(Stage, POLL.id)
            case "rehearse":  # a close ends it
                room.steer(Rehearse, 600)
        if data.draw(st.booleans()):
            current = state.on_stage
            counted = set(current.counted) if current else set[str]()
            ended = current.room if current and current.closed_at is not None else 0
            assert turnout.online == len(present)
            assert turnout.room == (ended or len(present | counted))
