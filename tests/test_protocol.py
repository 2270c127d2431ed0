"""protocol.py: what clients may say, and what they are told."""

import json
import os
import re
from contextlib import suppress
from typing import Any, get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from voting import protocol
from voting.ballots import apply
from voting.protocol import BadMessage, Ping, Pong, Refused, Vote, decode, encode
from voting.records import (
    FORMAT,
    Ballot,
    Begin,
    Body,
    Candidate,
    Close,
    Define,
    Open,
    Poll,
    Record,
    Reset,
)
from voting.records import encode as encode_record
from voting.state import Code, Receipt, State

EXAMPLES = 5_000 if os.environ.get("TEST_ALL") else 300

POLL = Poll("poll", "谁？", (Candidate("ada", "Ada"), Candidate("bob", "Bob")))


def vote(**changed: Any) -> str:
    """Write a good vote with some of its fields changed."""
    good = {"type": "vote", "ballot": "b-1_Z", "round": 7, "choices": ["ada"]}
    return json.dumps(good | changed)


def folded(*bodies: Body) -> State:
    """Fold records, one a millisecond, after the begin and the poll."""
    state = State()
    for at, body in enumerate([Begin(FORMAT, "epoch"), Define(POLL, "s"), *bodies], 1):
        apply(state, Record(at, encode_record(body)))
    return state


def said(message: protocol.Message) -> Any:
    """Read a message as a client reads it."""
    return json.loads(encode(message))


# From a client


def test_a_vote_is_read() -> None:
    """A vote names its ballot, its round and its choices."""
    assert decode(vote()) == Vote("b-1_Z", 7, ("ada",))


def test_a_ping_is_read() -> None:
    """A ping has nothing but its type."""
    assert decode('{"type":"ping"}') == Ping()


def test_unknown_fields_are_ignored() -> None:
    """A newer page can talk to an older server."""
    assert decode('{"type":"ping","mood":{"deep":[1]}}') == Ping()
    assert decode(vote(colour="red")) == decode(vote())


@pytest.mark.parametrize(
    "frame",
    [
        vote(ballot="a" * 64),
        vote(ballot="-"),
        vote(round=0),
        vote(round=2**53 - 1),
        vote(choices=[]),
        vote(choices=["x"] * 100),
        vote(choices=["é" * 64]),
    ],
)
def test_the_largest_and_the_smallest_vote_are_read(frame: str) -> None:
    """The limits themselves are inside; whether a vote makes sense is not decided here."""
    assert isinstance(decode(frame), Vote)


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "ping",
        "null",
        "7",
        "[]",
        "{}",
        '{"type":"ping"',
        '{"type":"ping"} {"type":"ping"}',
        '{"type":"Ping"}',
        '{"type":null}',
        '{"type":"state"}',
        '{"type":"vote"}',
        vote(ballot=""),
        vote(ballot="a" * 65),
        vote(ballot="a b"),
        vote(ballot="b1\n"),
        vote(ballot="é"),
        vote(ballot=7),
        vote(ballot=None),
        vote(round=-1),
        vote(round=2**53),
        vote(round="7"),
        vote(round=7.5),
        vote(round=True),
        vote(round=None),
        vote(choices="ada"),
        vote(choices=None),
        vote(choices=["x"] * 101),
        vote(choices=["x" * 65]),
        vote(choices=[1]),
        vote(choices={"ada": 1}),
        vote().replace("7", "9" * 5_000),
        vote().replace("7", "1e400"),
        vote().replace("7", "NaN"),
        vote().replace('"ada"', r'"\ud800"'),
        vote().replace('"ada"', '"\ud800"'),
        "[" * 100_000,
        '{"type":"ping","deep":' + '{"deep":' * 100_000,
    ],
    ids=lambda frame: frame[:40].encode("ascii", "backslashreplace").decode(),
)
def test_what_is_no_message_is_refused_with_words_that_can_be_sent(frame: str) -> None:
    """Whatever a client sends, it is a message or a BadMessage, whose text fits into an answer."""
    with pytest.raises(BadMessage) as caught:
        decode(frame)
    assert str(caught.value)
    assert encode(Refused(None, "bad_message", str(caught.value)))


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
LIMITS = [-1, 0, 1, 2**53 - 1, 2**53]
plain = st.sampled_from("aZ09_-")
near_votes = st.fixed_dictionaries(
    {
        "type": st.just("vote"),
        "ballot": st.text(plain, min_size=1, max_size=64) | st.text(plain | st.just("\n")),
        "round": st.sampled_from(LIMITS),
        "choices": st.lists(st.text(max_size=9), max_size=9)
        | st.builds(lambda size, number: ["x" * size] * number, *[st.integers(60, 105)] * 2),
    }
)
spoiled_votes = st.builds(
    lambda vote, key, tree: vote | {key: tree},
    near_votes,
    st.sampled_from(["type", "ballot", "round", "choices"]),
    trees,
)
frames = (
    st.text()
    | trees.map(json.dumps)
    | near_votes.map(json.dumps)
    | spoiled_votes.map(json.dumps)
    | st.builds(lambda vote, cut: json.dumps(vote)[:cut], near_votes, st.integers(0, 99))
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(frames)
@example(vote(ballot="a\n"))
@example("\ud800")
def test_any_text_is_a_message_within_the_limits_or_a_bad_message(frame: str) -> None:
    """Nothing but BadMessage is raised, and what is accepted keeps to the specification."""
    message: Vote | Ping | None = None
    with suppress(BadMessage):
        message = decode(frame)
    if isinstance(message, Vote):
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", message.ballot)
        assert 0 <= message.round < 2**53
        assert len(message.choices) <= 100
        assert all(isinstance(c, str) and len(c) <= 64 for c in message.choices)


# From the server


def test_a_receipt_travels_as_specified() -> None:
    """A receipt says ballot, round, choices, version and code."""
    assert said(Receipt("b1", 7, ("ada",), 42, "K7Q4-MX2P")) == {
        "type": "receipt",
        "ballot": "b1",
        "round": 7,
        "choices": ["ada"],
        "version": 42,
        "code": "K7Q4-MX2P",
    }


def test_a_refusal_travels_as_specified() -> None:
    """A refusal says which ballot, a code for pages, and a message for logs."""
    assert said(Refused("b1", "stale_round", "gone")) == {
        "type": "refused",
        "ballot": "b1",
        "code": "stale_round",
        "message": "gone",
    }
    assert said(Refused(None, "bad_message", "what?"))["ballot"] is None


def test_a_pong_travels_as_specified() -> None:
    """A pong says the server's time."""
    assert said(Pong(1_700_000_000_000)) == {"type": "pong", "now": 1_700_000_000_000}


def voters(count: int) -> set[str]:
    """So many voters with a page open; none of them is "v"."""
    return {f"voter {n}" for n in range(count)}


def test_the_room_is_who_is_present_or_has_voted() -> None:
    """A voter who voted and left still counts, and one who is here and voted counts once."""
    state = folded(
        Open(0, 2, "poll"), Ballot("gone", "b1", 1, ("ada",)), Ballot("here", "b1", 1, ("ada",))
    )
    tally = protocol.tally(state, {"here", "undecided"})
    assert (tally.voted, tally.online, tally.room) == (2, 2, 3)


def test_a_state_before_the_first_round_says_so() -> None:
    """With no round on stage the poll is shown with zeros, in a round 0 that is none."""
    state = folded()
    message = protocol.snapshot(state, "voter", now=99, present=voters(3), recording=True)
    assert said(message) == {
        "type": "state",
        "epoch": "epoch",
        "version": 2,
        "now": 99,
        "poll": {
            "id": "poll",
            "question": "谁？",
            "rule": "single",
            "max_choices": 1,
            "changes": True,
            "candidates": [{"id": "ada", "name": "Ada"}, {"id": "bob", "name": "Bob"}],
        },
        "round": {"id": 0, "state": "none", "opened_at": None, "closes_at": None},
        "results": "live",
        "recording": True,
        "counts": {"ada": 0, "bob": 0},
        "ballots": 0,
        "voted": 0,
        "online": 3,
        "room": 3,
    }


def test_a_state_shows_the_round_on_stage() -> None:
    """A state has the stage's round and numbers, and says when nothing can be recorded."""
    state = folded(Open(0, 2, "poll"), Ballot("v", "b1", 1, ("ada",)), Close(1, 4))
    tree = said(protocol.snapshot(state, "screen", now=99, present=voters(3), recording=False))
    assert tree["round"] == {"id": 1, "state": "closed", "opened_at": 3, "closes_at": None}
    assert tree["counts"] == {"ada": 1, "bob": 0}
    assert (tree["ballots"], tree["voted"], tree["version"]) == (1, 1, 5)
    assert tree["recording"] is False


def test_a_state_needs_a_poll() -> None:
    """Before the engine has defined one there is nothing to show, and no page may ask."""
    with pytest.raises(ValueError, match="a poll"):
        protocol.snapshot(State(), "voter", now=99, present=voters(0), recording=True)


def test_only_an_admin_is_told_of_all_rounds() -> None:
    """The admin's state lists every round, newest first; the others' has no such list."""
    state = folded(Open(0, 2, "poll"), Ballot("v", "b1", 1, ("ada",)), Reset(1, 4))
    assert said(protocol.snapshot(state, "admin", now=99, present=voters(0), recording=True))[
        "rounds"
    ] == [
        {
            "id": 2,
            "state": "open",
            "archived": False,
            "opened_at": 5,
            "closed_at": None,
            "ballots": 0,
            "voted": 0,
        },
        {
            "id": 1,
            "state": "closed",
            "archived": True,
            "opened_at": 3,
            "closed_at": 5,
            "ballots": 1,
            "voted": 1,
        },
    ]
    for view in ("voter", "screen"):
        message = protocol.snapshot(state, view, now=99, present=voters(0), recording=True)
        assert "rounds" not in said(message)


def test_a_tally_is_the_numbers_alone() -> None:
    """A tally has the stage's numbers and nothing that a tick could leave out."""
    state = folded(Open(0, 2, "poll"), Ballot("v", "b1", 1, ("bob",)))
    assert said(protocol.tally(state, voters(5))) == {
        "type": "tally",
        "epoch": "epoch",
        "version": 4,
        "round": 1,
        "counts": {"ada": 0, "bob": 1},
        "ballots": 1,
        "voted": 1,
        "online": 5,
        "room": 6,
    }


def test_a_tally_and_a_state_of_one_moment_agree() -> None:
    """Whichever of the two a client gets, it shows the same numbers."""
    state = folded(Open(0, 2, "poll"), Ballot("v", "b1", 1, ("bob",)))
    tally = said(protocol.tally(state, voters(5)))
    whole = said(protocol.snapshot(state, "voter", now=99, present=voters(5), recording=True))
    assert tally.pop("type") != whole["type"]
    assert tally.pop("round") == whole["round"]["id"]
    assert tally.items() <= whole.items()


def test_you_says_what_this_voter_has_in_the_round_on_stage() -> None:
    """A voter's own choice and code are those of the stage's round, or null before voting."""
    ballot = Ballot("v", "b1", 1, ("bob",))
    state = folded(Open(0, 2, "poll"), ballot)
    receipt = state.receipts["v"]["b1"]
    nothing = {"type": "you", "name": "Eve", "round": 1, "choices": None, "code": None}
    assert said(protocol.you(state, "v", "Eve")) == nothing | {
        "choices": ["bob"],
        "code": receipt.code,
    }
    assert said(protocol.you(state, "w", "Eve")) == nothing
    assert said(protocol.you(folded(), "v", "Eve")) == nothing | {"round": 0}
    after = folded(Open(0, 2, "poll"), ballot, Reset(1, 4))
    assert said(protocol.you(after, "v", "Eve")) == nothing | {"round": 2}


# The specification


def test_a_clients_frame_has_at_most_4_kib() -> None:
    """The number that the docstring promises."""
    assert protocol.MAX_MESSAGE_BYTES == 4 * 1024


def test_every_refusal_that_a_ballot_can_meet_is_in_the_table() -> None:
    """The docstring is the specification: no code that is not explained there."""
    table = re.findall(r"^    ([a-z_]+)   *\S", protocol.__doc__ or "", re.MULTILINE)
    for_admins = {"conflict", "not_possible"}
    assert set(get_args(Code)) - for_admins <= set(table)


def test_every_close_code_is_in_the_table() -> None:
    """The docstring explains every close code that the server uses."""
    codes = {
        protocol.GOING_AWAY,
        protocol.NOT_TEXT,
        protocol.ABUSE,
        protocol.TOO_LARGE,
        protocol.MISTAKE,
        protocol.NOT_LOGGED_IN,
    }
    assert codes == {1001, 1003, 1008, 1009, 1011, 4401}
    for code in codes:
        assert re.search(rf"\b{code}  \S", protocol.__doc__ or ""), code
