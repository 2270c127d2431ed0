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


# Over many nodes


def exchange(nodes: list[Turnout]) -> None:
    """Let each node hear what all others say now."""
    said = [node.said() for node in nodes]
    for place, node in enumerate(nodes):
        node.hear(said[:place] + said[place + 1 :])


many_steps = st.lists(
    st.one_of(
        st.tuples(st.just("vote"), st.sampled_from("abcdef")),
        st.tuples(st.just("come or go"), st.sampled_from("abcdef")),
        st.tuples(st.sampled_from([*STEPS, "exchange", "exchange"]), st.just("")),
    ),
    max_size=40,
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(many_steps)
def test_nodes_that_have_heard_each_other_agree_about_the_room(
    steps: list[tuple[str, str]],
) -> None:
    """Each then knows what a count from scratch finds; until then none shows what cannot be."""
    room = Room(POLL, ANOTHER)
    state, nodes = room.state, [Turnout(room.state) for _ in range(3)]
    here: dict[str, Turnout] = {}
    for n, (step, voter) in enumerate([*steps, ("exchange", "")]):
        match step:
            case "vote":
                room.cast(voter, f"b{n}", "ada")
            case "come or go" if voter in here:
                here.pop(voter).left(voter)
            case "come or go":
                here[voter] = nodes[n % 3]
                here[voter].came(voter)
            case "reset" | "rehearse":
                room.steer(Reset if step == "reset" else Rehearse, 600)
            case "close" | "reopen":
                room.steer(Close if step == "close" else Reopen)
            case "stage" | "back":
                room.steer(Stage, ANOTHER.id if step == "stage" else POLL.id)
        current = state.on_stage
        counted = set(current.counted) if current else set[str]()
        ended = current.room if current and current.closed_at is not None else 0
        if step == "exchange":
            exchange(nodes)
            truth = (len(here), ended or len(here.keys() | counted))
            assert {(node.online, node.room) for node in nodes} == {truth}
        assert all(ended or node.room >= max(node.online, len(counted)) for node in nodes)


def test_a_storm_of_votes_elsewhere_is_no_crowd_that_leaves() -> None:
    """Who has voted since the others spoke is taken for present, until they speak again."""
    room = Room()
    ours, theirs = Turnout(room.state), Turnout(room.state)
    for voter in ("a", "b", "c", "gone"):
        theirs.came(voter)
    room.cast("gone", "b0", "ada")
    theirs.left("gone")
    ours.came("d")
    exchange([ours, theirs])
    assert (ours.online, ours.room) == (4, 5)
    for voter in "abcd":
        room.cast(voter, "b1", "ada")
        assert 4 <= ours.room <= 5
    exchange([ours, theirs])
    assert ours.room == 5


def test_what_others_said_of_an_earlier_round_is_not_said_of_this_one() -> None:
    """Who voted in it there is not known yet, and taken for present."""
    room = Room()
    ours, theirs = Turnout(room.state), Turnout(room.state)
    for voter in "abc":
        theirs.came(voter)
    for voter in "xyz":
        room.cast(voter, "b1", "ada")
    exchange([ours, theirs])
    assert ours.room == 6
    room.steer(Reset)
    for voter in "abc":
        room.cast(voter, "b2", "ada")
    assert ours.room == 3


def test_what_is_new_of_others_is_told_once() -> None:
    """So that nobody is shown the same numbers twice; somebody has come once one came anywhere."""
    ours, theirs = Turnout(State()), Turnout(State())
    assert not ours.hear([theirs.said()])
    theirs.came("a")
    assert ours.hear([theirs.said()])
    assert not ours.hear([theirs.said()])
    assert (ours.arrived, ours.online) == (True, 1)
    assert ours.hear([])
    assert (ours.arrived, ours.online) == (True, 0)
