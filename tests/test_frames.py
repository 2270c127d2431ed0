"""frames.py: messages into frames and back, as RFC 6455 says and wsproto does."""

import os
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto import ConnectionType, events
from wsproto.connection import Connection as Wire

from voting.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    BadFrames,
    FrameReader,
    close_code,
    close_frame,
    frame,
    masked_frame,
    text_frame,
)

EXAMPLES = 2_000 if os.environ.get("TEST_ALL") else 100
KEY = b"\x37\xfa\x21\x3d"
MOST = 4_096


def read(data: bytes, *, masked: bool = True) -> list[tuple[int, bytes]]:
    """Read what a client sent (or, not masked, a server)."""
    return list(FrameReader(masked=masked, most=MOST).feed(data))


@pytest.mark.parametrize(
    "size, head",
    [
        (0, "81 00"),
        (1, "81 01"),
        (125, "81 7d"),
        (126, "81 7e 00 7e"),
        (65_535, "81 7e ff ff"),
        (65_536, "81 7f 00 00 00 00 00 01 00 00"),
    ],
)
def test_a_text_frame_says_its_size_as_the_rfc_does(size: int, head: str) -> None:
    """One final, unmasked text frame, its length in the shortest of the three forms."""
    payload = b"x" * size
    written = text_frame(payload)
    assert written == bytes.fromhex(head) + payload
    wire = Wire(ConnectionType.CLIENT)
    wire.receive_data(written)
    got = list(wire.events())
    assert "".join(event.data for event in got) == payload.decode()
    assert [event.message_finished for event in got][-1:] == [True]


def test_the_examples_of_the_rfc() -> None:
    """Section 5.7: "Hello", unmasked, masked, in two fragments, and a masked pong."""
    assert read(bytes.fromhex("810548656c6c6f"), masked=False) == [(TEXT, b"Hello")]
    assert read(bytes.fromhex("818537fa213d7f9f4d5158")) == [(TEXT, b"Hello")]
    assert masked_frame(TEXT, b"Hello", KEY) == bytes.fromhex("818537fa213d7f9f4d5158")
    assert read(bytes.fromhex("010348656c80026c6f"), masked=False) == [(TEXT, b"Hello")]
    assert read(bytes.fromhex("8a8537fa213d7f9f4d5158")) == [(PONG, b"Hello")]


kinds = st.sampled_from([TEXT, BINARY, PING, PONG, CLOSE])
messages = st.lists(
    st.tuples(kinds, st.text(max_size=40) | st.text(min_size=100, max_size=1_200)), max_size=8
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(messages, st.data())
def test_messages_come_out_as_they_went_in_however_they_are_cut(
    messages: list[tuple[int, str]], data: st.DataObject
) -> None:
    """A client's frames, split anywhere by the network, some of them in fragments."""
    stream, sent = b"", []
    for kind, text in messages:
        payload = text.encode()[: 125 if kind >= CLOSE else None].decode(errors="ignore").encode()
        sent.append((kind, payload))
        if kind < CLOSE and data.draw(st.booleans()):
            middle = data.draw(st.integers(0, len(payload)))
            first = bytearray(masked_frame(kind, payload[:middle], os.urandom(4)))
            first[0] &= 0x7F
            stream += bytes(first)
            if data.draw(st.booleans()):  # a control frame may come between
                stream += masked_frame(PING, b"between", KEY)
                sent.insert(-1, (PING, b"between"))
            stream += masked_frame(CONTINUATION, payload[middle:], os.urandom(4))
        else:
            stream += masked_frame(kind, payload, os.urandom(4))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    reader = FrameReader(masked=True, most=MOST)
    got = []
    for start, end in pairwise([0, *cuts, len(stream)]):
        got += list(reader.feed(stream[start:end]))
    assert got == sent


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.text(max_size=400), st.integers(0, 400))
def test_what_another_library_writes_is_read_the_same(text: str, middle: int) -> None:
    """wsproto's client is understood, whole and in two fragments."""
    wire = Wire(ConnectionType.CLIENT)
    whole = wire.send(events.TextMessage(text))
    parts = wire.send(events.TextMessage(text[:middle], message_finished=False)) + wire.send(
        events.TextMessage(text[middle:])
    )
    assert read(whole) == read(parts) == [(TEXT, text.encode())]


@pytest.mark.parametrize(
    "data, code",
    [
        ("81 02 7b 7d", 1002),  # not masked
        ("f1 80 00000000", 1002),  # reserved bits
        ("83 80 00000000", 1002),  # reserved opcodes
        ("8b 80 00000000", 1002),
        ("80 80 00000000", 1002),  # a continuation of nothing
        ("01 80 00000000 81 80 00000000", 1002),  # a message within a message
        ("09 80 00000000", 1002),  # a ping in fragments
        ("89 fe 007e 00000000", 1002),  # a ping that is too long
        ("81 82 00000000 ffff", 1007),  # not UTF-8
        ("01 81 00000000 e8 80 81 00000000 00", 1007),  # not UTF-8 when put together
        ("81 fe 1001 00000000", 1009),  # larger than allowed
        ("81 ff ffffffffffffffff 00000000", 1009),
        ("01 fe 1000 00000000" + "78" * MOST + "80 81 00000000 78", 1009),  # fragments together
    ],
)
def test_what_breaks_the_rules_ends_it_with_the_code_for_it(data: str, code: int) -> None:
    """The reader says which close code answers it."""
    with pytest.raises(BadFrames) as caught:
        read(bytes.fromhex(data))
    assert caught.value.code == code


def test_what_came_before_the_broken_frame_is_heard() -> None:
    """A good message in the same packet is not lost."""
    reader = FrameReader(masked=True, most=MOST).feed(
        masked_frame(TEXT, b"good", KEY) + b"\xff\xff"
    )
    assert next(reader) == (TEXT, b"good")
    with pytest.raises(BadFrames):
        next(reader)


def test_a_message_of_the_largest_size_is_read() -> None:
    """The limit itself is within the limit."""
    payload = b"x" * MOST
    assert read(masked_frame(TEXT, payload, KEY)) == [(TEXT, payload)]


def test_a_close_frame_says_code_and_reason() -> None:
    """Another library reads it; a reason too long is cut between two characters."""
    wire = Wire(ConnectionType.CLIENT)
    wire.receive_data(close_frame(1001, "谁" * 100))
    (event,) = list(wire.events())
    assert isinstance(event, events.CloseConnection)
    assert (event.code, event.reason) == (1001, "谁" * 41)


@pytest.mark.parametrize(
    "payload, code", [("", None), ("03e8", 1000), ("1131", 4401), ("03e9 627965", 1001)]
)
def test_a_close_code_is_read(payload: str, code: int | None) -> None:
    """With a reason, without, or none at all."""
    assert close_code(bytes.fromhex(payload)) == code


@pytest.mark.parametrize(
    "payload, answer",
    [("03", 1002), ("03ed", 1002), ("0000", 1002), ("1388", 1002), ("03e8 ff", 1007)],
)
def test_a_close_frame_that_may_not_be_sent_is_refused(payload: str, answer: int) -> None:
    """Half a code, codes for logs alone or of nobody, and a reason that is no UTF-8."""
    with pytest.raises(BadFrames) as caught:
        close_code(bytes.fromhex(payload))
    assert caught.value.code == answer


def test_a_servers_ping_is_read_by_a_client() -> None:
    """The control frames of a server are its own, unmasked."""
    assert read(frame(PING, b"?"), masked=False) == [(PING, b"?")]
