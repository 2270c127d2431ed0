"""protocol.py: what clients may say, and what they are told."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from voting import protocol
from voting.protocol import BadMessage, Ping, Pong, Refused, Vote, decode, encode
from voting.records import Results, Rule
from voting.state import Code, Receipt

EXAMPLES = 5_000 if os.environ.get("TEST_ALL") else 300


def vote(**changed: Any) -> str:
    """Write a good vote with some of its fields changed."""
    good = {"type": "vote", "ballot": "b-1_Z", "round": 7, "choices": ["ada"]}
    return json.dumps(good | changed)


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
        vote(round=-(2**53)),
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
        assert -(2**53) < message.round < 2**53
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


# The specification


def test_a_clients_frame_has_at_most_4_kib() -> None:
    """The number that the docstring promises."""
    assert protocol.MAX_MESSAGE_BYTES == 4 * 1024


def test_every_refusal_that_a_ballot_can_meet_is_in_the_table() -> None:
    """The docstring is the specification: no code that is not explained there."""
    table = re.findall(r"^    ([a-z_]+)   *\S", protocol.__doc__ or "", re.MULTILINE)
    of_others = {"conflict", "in_use", "not_possible", "rehearsing", "unknown_code", "code_used"}
    assert set(get_args(Code)) - of_others <= set(table)


@pytest.mark.parametrize("message", get_args(protocol.Message), ids=lambda kind: kind.__name__)
def test_every_field_of_a_message_is_specified(message: type[msgspec.Struct]) -> None:
    """No field travels that the docstring does not name, in the message or in what it holds."""
    tag = message.__struct_config__.tag
    assert f'"type":"{tag}"' in (protocol.__doc__ or "")
    named = set(re.findall(r'"(\w+)":', protocol.__doc__ or ""))
    assert set(fields_of(message)) <= named


def fields_of(kind: Any) -> Iterator[str]:
    """Name the fields of a struct, and of the structs in them."""
    for inner in get_args(kind):
        yield from fields_of(inner)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind)
        for field in msgspec.structs.fields(kind):
            yield field.encode_name
            yield from fields_of(hints[field.name])


@pytest.mark.parametrize("name", [*get_args(Rule), *get_args(Results)])
def test_every_rule_and_every_kind_of_results_is_specified(name: str) -> None:
    """A page can rely on no others."""
    assert f'"{name}"' in (protocol.__doc__ or "")


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
