"""Garbage: every parser says what it is or refuses it, and a real server stays as it was.

`python -m tests.fuzz --inputs 100000` is the long form.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.answers import is_message
from tests.fuzz import LIMITS, throw
from tests.garble import FIELDS, LITERALS, PIECES, TEXTS
from tests.serving import CONFIG, Server
from voting import codes, identity, polls, protocol, tokens
from voting.frames import BadFrames, FrameReader
from voting.identity import BadName, clean_name
from voting.requests import HEAD_BYTES, BadHead, Head, check_line
from voting.tables import Bad

INPUTS = 10_000 if os.environ.get("TEST_ALL") else 600
EXAMPLES = 5_000 if os.environ.get("TEST_ALL") else 200
MOST = 4_096

some_bytes = st.lists(st.binary(max_size=8) | st.sampled_from(PIECES), max_size=30).map(b"".join)
some_text = st.lists(st.text(max_size=8) | st.sampled_from(TEXTS), max_size=20).map("".join)
stormy = settings(max_examples=EXAMPLES, deadline=None)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path, CONFIG + LIMITS)
    yield server.start()
    server.clear_up()


def test_a_server_answers_garbage_as_specified_and_stays_as_it_was(server: Server) -> None:
    """Frames, messages, requests and forms from a seed; votes are taken between them."""
    done = throw(server, "curtain", INPUTS, batch=INPUTS // 3)
    answers: Any = done["answers"]
    # It was not all refused at the door.
    for each in ("receipt", "refused", "pong", "close 1002", "close 1007", "close 1009"):
        assert answers[each], each
    for each in ("HTTP 200", "HTTP 400", "form 303", "form 422"):
        assert answers[each], each


def read(pieces: Iterator[bytes] | list[bytes]) -> tuple[list[tuple[int, bytes]], int]:
    """Return what a stream in pieces says, and how it ends: a close code, or 0."""
    reader, found = FrameReader(masked=True, most=MOST), []
    try:
        for piece in pieces:
            found.extend(reader.feed(piece))
    except BadFrames as error:
        return found, error.code
    return found, 0


masked = st.builds(
    lambda first, payload, cut: bytes([first, 0x80 | len(payload)]) + bytes(4) + payload[:cut],
    st.integers(0, 255),
    st.binary(max_size=125),
    st.integers(120, 125),
)


@stormy
@given(st.lists(masked | some_bytes, max_size=6).map(b"".join), st.data())
def test_any_bytes_are_the_same_frames_however_the_network_cuts_them(
    data: bytes, draw: st.DataObject
) -> None:
    """The reader yields, or ends with one of three codes; it raises nothing else."""
    cuts = draw.draw(st.lists(st.integers(0, len(data)), max_size=8).map(sorted))
    pieces = [data[start:end] for start, end in pairwise([0, *cuts, len(data)])]
    whole, code = read([data])
    assert read(pieces) == (whole, code)
    assert code in (0, 1002, 1007, 1009)
    assert all(len(payload) <= MOST for _, payload in whole)


@stormy
@given(some_bytes)
def test_any_bytes_are_a_head_or_none(data: bytes) -> None:
    """What is taken has no byte that could begin another line or another request."""
    lines = io.BytesIO(data + b"\r\n\r\nnext")
    try:
        head = Head(lines)
    except BadHead:
        assert lines.tell() <= HEAD_BYTES
        return
    for line in head.headers:
        assert re.fullmatch(r"[!#$%&'*+.^_`|~\w-]+: [^\0\r\n]*", line, re.ASCII | re.DOTALL)
    assert lines.read().endswith(b"next")


@stormy
@given(some_text)
@example("GET /\x85 HTTP/1.1\r\n")
def test_any_text_is_a_first_line_or_none(text: str) -> None:
    """What is taken is three words of ASCII."""
    try:
        check_line(text)
    except BadHead:
        return
    assert re.fullmatch(r"[!-~]+ [!-~]+ HTTP/1\.[01]\r\n", text)


@stormy
@given(
    st.lists(
        st.sampled_from([*FIELDS, "vote", "ping", "ada"]).map(lambda word: f'"{word}"')
        | st.sampled_from([*LITERALS, "{", "}", "[", "]", ":", ","]),
        max_size=24,
    ).map("".join)
)
@example('{"type":"vote","ballot":"b","round":1,"choices":[]}')
def test_any_json_is_the_message_that_the_specification_says(text: str) -> None:
    """Another reader, written from the protocol's page, comes to the same end."""
    expected = is_message(text.encode())
    refused = ""
    try:
        protocol.decode(text)
    except protocol.BadMessage as error:
        refused = str(error)
    assert expected in (None, not refused)
    assert protocol.encode(protocol.Refused(None, "bad_message", refused))


trees: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | some_text,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*polls.PollText.__struct_fields__, "name"]), inner)
    ),
    max_leaves=12,
)
near_polls = st.fixed_dictionaries(
    {"question": some_text, "candidates": st.lists(some_text | trees, max_size=4)},
    optional=dict.fromkeys(polls.PollText.__struct_fields__[2:], trees),
)


@stormy
@given(near_polls | trees)
def test_any_table_is_a_poll_or_a_sentence(tree: Any) -> None:
    """What is taken can be shown; what is not is told with its key."""
    poll, refused = None, ""
    try:
        poll = polls.read_poll(tree, "polls #1", id="poll")
    except Bad as error:
        refused = str(error)
    if poll is None:
        assert refused.startswith("polls #1")
        return
    ids = [candidate.id for candidate in poll.candidates]
    assert len(set(ids)) == len(ids)
    for text in (poll.question, *(candidate.name for candidate in poll.candidates)):
        assert text.strip()
        assert not re.search("[\x00-\x1f\x7f-\x9f\ud800-\udfff]", text)


@stormy
@given(some_text)
@example("ﷺ" * 100)
def test_any_text_is_a_name_a_code_and_a_token_or_none(text: str) -> None:
    """What is taken keeps to its form, and comes out again as the same."""
    try:
        name = clean_name(text)
    except BadName:
        name = ""
    assert len(name) <= identity.MAX_NAME
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", name)
    code = codes.read(text)
    assert code is None or codes.read(code) == code
    seen = tokens.read(text)
    assert seen is None or tokens.read(seen.token()) == seen
