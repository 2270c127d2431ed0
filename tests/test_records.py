"""records.py: what can be in a journal, and its bytes."""

import json
import os
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    Reopen,
    Reset,
    Restore,
    decode,
    encode,
)

EXAMPLES = 2_000 if os.environ.get("TEST_ALL") else 150

texts = st.text(max_size=40)
numbers = st.integers(0, 2**53 - 1)
polls = st.builds(
    Poll,
    id=texts,
    question=texts,
    candidates=st.lists(st.builds(Candidate, texts, texts), max_size=4).map(tuple),
    rule=st.just("single"),
    changes=st.booleans(),
)
bodies = st.one_of(
    st.builds(Begin, numbers, texts),
    st.builds(Define, polls, texts),
    st.builds(Ballot, texts, texts, numbers, st.lists(texts, max_size=4).map(tuple)),
    st.builds(Open, numbers, numbers, texts),
    st.builds(Close, numbers, numbers),
    st.builds(Reopen, numbers, numbers),
    st.builds(Reset, numbers, numbers),
    st.builds(Restore, numbers, numbers, numbers),
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(bodies)
def test_a_body_reads_back_as_it_was_written(body: Body) -> None:
    """Whatever the texts in a body, reading its bytes gives an equal body of the same type."""
    again = decode(encode(body))
    assert type(again) is type(body)
    assert again == body


@settings(max_examples=EXAMPLES, deadline=None)
@given(bodies)
def test_a_body_is_one_json_object_with_a_type(body: Body) -> None:
    """Any JSON parser can read a journal: UTF-8, one object, its type named."""
    tree = json.loads(encode(body).decode("utf-8"))
    assert tree["type"] == type(body).__name__.lower()


def test_every_kind_of_record_is_among_the_bodies_tried_here() -> None:
    """A new kind of record joins the round trip above."""
    assert {type(body) for body in SAMPLES} == set(get_args(Body))


POLL = Poll("poll", "谁？", (Candidate("ada", "Ada"),))
SAMPLES: list[Body] = [
    Begin(FORMAT, "e"),
    Define(POLL, "s"),
    Ballot("v", "b", 1, ("ada",)),
    Open(0, 2, "poll"),
    Close(1, 3),
    Reopen(1, 4),
    Reset(1, 5),
    Restore(2, 6, 1),
]

WRITTEN = [
    b'{"type":"begin","format":1,"epoch":"e"}',
    (
        '{"type":"define","poll":{"id":"poll","question":"谁？","candidates":[{"id":"ada",'
        '"name":"Ada"}],"rule":"single","changes":true},"source":"s"}'
    ).encode(),
    b'{"type":"ballot","voter":"v","ballot":"b","round":1,"choices":["ada"]}',
    b'{"type":"open","round":0,"version":2,"poll":"poll"}',
    b'{"type":"close","round":1,"version":3}',
    b'{"type":"reopen","round":1,"version":4}',
    b'{"type":"reset","round":1,"version":5}',
    b'{"type":"restore","round":2,"version":6,"target":1}',
]


@pytest.mark.parametrize("body, written", list(zip(SAMPLES, WRITTEN, strict=True)))
def test_a_journal_of_format_1_is_read_for_ever(body: Body, written: bytes) -> None:
    """What a server of format 1 has written means the same to every later one."""
    assert decode(written) == body


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b'{"type":"unheard of"}',
        b'{"type":"close","round":1}',
        b'{"type":"close","round":"1","version":1}',
        b'{"type":"ballot","voter":"v","ballot":"\xff","round":1,"choices":[]}',
    ],
)
def test_what_is_no_record_is_refused(written: bytes) -> None:
    """Bytes that no server of this format can have written are an error, not a guess."""
    with pytest.raises((msgspec.DecodeError, UnicodeError)):
        decode(written)
