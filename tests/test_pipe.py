"""pipe.py: whole frames in order, the newest snapshot, and an end for whoever does not read."""

import os
import struct
from collections.abc import Iterator
from contextlib import closing, suppress

import gevent
import pytest
from gevent.socket import SHUT_WR, socketpair
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto import ConnectionType
from wsproto.connection import Connection as Wire

from voting import pipe
from voting.pipe import MAX_EVENTS, MAX_LINGER_BYTES, Pipe, text_frame

EXAMPLES = 1_000 if os.environ.get("TEST_ALL") else 60
PATIENCE = 5
"""Seconds after which a wait that should have ended fails the test."""

LARGE = 1 << 20
"""More than the kernel takes for one client: who is shown so much and reads nothing is stalled."""


# Frames


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
    frame = text_frame(payload)
    assert frame == bytes.fromhex(head) + payload
    wire = Wire(ConnectionType.CLIENT)
    wire.receive_data(frame)
    got = list(wire.events())
    assert "".join(event.data for event in got) == payload.decode()
    assert [event.message_finished for event in got][-1:] == [True]


def texts_in(data: bytes) -> list[bytes]:
    """Cut a stream of unmasked frames into their payloads; it must be whole frames and no more."""
    found = []
    while data:
        assert data[0] == 0x81, f"expected the begin of a text frame, got {data[:20]!r}"
        size, at = data[1], 2
        if size == 126:
            (size,), at = struct.unpack_from("!H", data, 2), 4
        elif size == 127:
            (size,), at = struct.unpack_from("!Q", data, 2), 10
        assert len(data) >= at + size, "the last frame is cut"
        found.append(data[at : at + size])
        data = data[at + size :]
    return found


# The pipe


class Ends:
    """A pipe over a real socket, and the phone at the other end."""

    def __init__(self) -> None:
        ours, self.phone = socketpair()
        self.phone.settimeout(PATIENCE)
        self.pipe = Pipe(ours, b"")
        self.read = b""

    def close(self) -> None:
        self.pipe.end()
        self.pipe.socket.close()
        self.phone.close()

    def stall(self) -> bytes:
        """Write more than the kernel takes; return the payload, of which a part has left."""
        payload = b"large".ljust(LARGE, b".")
        self.pipe.event(text_frame(payload))
        assert self.pipe.behind_since is not None
        return payload

    def take(self, size: int) -> None:
        """Let the phone read a little of what lies ready, and the pipe go on."""
        self.phone.settimeout(0.0)
        try:
            self.read += self.phone.recv(size)
        except BlockingIOError:
            pass
        finally:
            self.phone.settimeout(PATIENCE)
        gevent.sleep(0)
        gevent.sleep(0)

    def rest(self) -> list[bytes]:
        """Let the phone read everything; return the payloads of all frames it ever got."""
        while self.pipe.behind_since is not None:
            self.read += self.phone.recv(65_536)
        self.pipe.socket.shutdown(SHUT_WR)
        while data := self.phone.recv(65_536):
            self.read += data
        return texts_in(self.read)


@pytest.fixture
def ends() -> Iterator[Ends]:
    with closing(Ends()) as ends:
        yield ends


def test_a_phone_that_reads_gets_everything(ends: Ends) -> None:
    """With room in the kernel, events and snapshots leave at once, in order."""
    ends.pipe.event(text_frame(b"1"))
    ends.pipe.snapshot(text_frame(b"2"), whole=True)
    ends.pipe.snapshot(text_frame(b"3"), whole=False)
    assert ends.pipe.behind_since is None
    assert not ends.pipe.owes_state
    assert ends.rest() == [b"1", b"2", b"3"]


def test_a_frame_half_written_is_finished_before_any_other(ends: Ends) -> None:
    """What the kernel does not take is kept, and nothing gets in between."""
    large = ends.stall()
    ends.pipe.event(text_frame(b"event"))
    ends.pipe.snapshot(text_frame(b"snapshot"), whole=True)
    assert ends.rest() == [large, b"event", b"snapshot"]


def test_the_newest_snapshot_wins(ends: Ends) -> None:
    """A slow phone skips steps: of the snapshots that waited it gets the last."""
    large = ends.stall()
    for n in range(100):
        ends.pipe.snapshot(text_frame(b"%d" % n), whole=False)
    assert ends.rest() == [large, b"99"]


def test_events_go_before_the_snapshot_and_none_is_skipped(ends: Ends) -> None:
    """Receipts are not state: each arrives, in order, also when it came later than a snapshot."""
    large = ends.stall()
    ends.pipe.event(text_frame(b"1"))
    ends.pipe.snapshot(text_frame(b"s"), whole=False)
    ends.pipe.event(text_frame(b"2"))
    assert ends.rest() == [large, b"1", b"2", b"s"]


def test_a_state_is_owed_until_it_begins_to_leave(ends: Ends) -> None:
    """While a state waits in the slot the pipe says so; with a tally in the slot it does not."""
    ends.stall()
    ends.pipe.snapshot(text_frame(b"tally"), whole=False)
    assert not ends.pipe.owes_state
    ends.pipe.snapshot(text_frame(b"state"), whole=True)
    assert ends.pipe.owes_state
    ends.rest()
    assert not ends.pipe.owes_state


def test_too_many_unsent_events_end_the_connection(ends: Ends) -> None:
    """The queue of events is bounded: the phone is cut, and whoever reads for it wakes up."""
    reading = gevent.spawn(ends.pipe.recv, 1)
    ends.stall()
    for _ in range(MAX_EVENTS):
        ends.pipe.event(text_frame(b"event"))
    assert not ends.pipe.ended
    ends.pipe.event(text_frame(b"one more"))
    assert ends.pipe.ended
    assert reading.get(timeout=PATIENCE) == b""


def test_after_the_end_nothing_is_kept_or_sent(ends: Ends) -> None:
    """What is written to an ended pipe is dropped, and what was unsent is too."""
    ends.stall()
    ends.pipe.snapshot(text_frame(b"s"), whole=True)
    ends.pipe.end()
    ends.pipe.event(text_frame(b"e"))
    ends.pipe.snapshot(text_frame(b"t"), whole=True)
    assert ends.pipe.behind_since is None
    while data := ends.phone.recv(65_536):
        ends.read += data
    assert len(ends.read) < LARGE
    assert ends.read == text_frame(b"large".ljust(LARGE, b"."))[: len(ends.read)]


def test_a_phone_that_went_away_ends_the_pipe(ends: Ends) -> None:
    """Writing to a socket without another end raises nothing."""
    ends.phone.close()
    ends.pipe.event(text_frame(b"e"))
    assert ends.pipe.ended


def test_a_phone_that_goes_away_while_it_is_behind_ends_the_pipe(ends: Ends) -> None:
    """What waits for a phone that is gone is given up as soon as the kernel says so."""
    ends.stall()
    ends.phone.close()
    with gevent.Timeout(PATIENCE):
        while not ends.pipe.ended:
            gevent.idle()


def test_progress_renews_the_deadline(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow phone that takes something is not behind since the beginning."""
    now = [100.0]
    monkeypatch.setattr(pipe, "monotonic", lambda: now[0])
    ends.stall()
    assert ends.pipe.behind_since == 100.0
    now[0] = 105.0
    before = ends.pipe.behind_since
    with gevent.Timeout(PATIENCE):
        while ends.pipe.behind_since == before:
            ends.take(65_536)
    assert ends.pipe.behind_since == 105.0


def test_bytes_read_with_the_handshake_come_first() -> None:
    """An eager phone's first frame may arrive in the packet of its handshake."""
    ours, phone = socketpair()
    pipe = Pipe(ours, b"abc")
    phone.sendall(b"def")
    assert [pipe.recv(2), pipe.recv(2), pipe.recv(2), pipe.recv(2)] == [b"ab", b"c", b"de", b"f"]
    pipe.end()
    ours.close()
    phone.close()


# The goodbye


def test_what_waits_leaves_before_the_goodbye(ends: Ends) -> None:
    """A closed pipe writes the rest and the events, then its end; a snapshot is for who stays."""
    large = ends.stall()
    ends.pipe.event(text_frame(b"event"))
    ends.pipe.snapshot(text_frame(b"snapshot"), whole=True)
    closed = gevent.spawn(ends.pipe.close)
    while data := ends.phone.recv(65_536):
        ends.read += data
    assert texts_in(ends.read) == [large, b"event"]
    assert not ends.pipe.ended
    ends.phone.shutdown(SHUT_WR)
    closed.get(timeout=PATIENCE)
    assert ends.pipe.ended


def test_a_goodbye_hears_a_little_more_and_not_for_ever(ends: Ends) -> None:
    """What a phone still had under way is read; one that goes on and on is cut."""
    assert MAX_LINGER_BYTES == 1 << 20
    closed = gevent.spawn(ends.pipe.close)
    assert ends.phone.recv(1) == b""
    sent = 0
    with suppress(BrokenPipeError, ConnectionResetError):
        while sent < 8 * MAX_LINGER_BYTES:
            sent += ends.phone.send(bytes(65_536))
    assert MAX_LINGER_BYTES <= sent < 8 * MAX_LINGER_BYTES
    closed.get(timeout=PATIENCE)
    assert ends.pipe.ended


@pytest.mark.parametrize("stalled", [False, True])
def test_a_goodbye_without_an_answer_ends_in_time(
    ends: Ends, monkeypatch: pytest.MonkeyPatch, stalled: bool
) -> None:
    """A phone that neither reads nor leaves holds nothing up."""
    monkeypatch.setattr(pipe, "LINGER_SECONDS", 0.02)
    if stalled:
        ends.stall()
    gevent.spawn(ends.pipe.close).get(timeout=PATIENCE)
    assert ends.pipe.ended


def test_a_goodbye_to_a_phone_that_is_gone_is_quiet(ends: Ends) -> None:
    """Closing after the other side has vanished, or closing twice, raises nothing."""
    ends.pipe.event(text_frame(b"unread, so that the end is a reset"))
    ends.phone.close()
    ends.pipe.close()
    ends.pipe.close()
    assert ends.pipe.ended


# Any phone


actions = st.lists(
    st.one_of(
        st.tuples(st.just("event"), st.integers(0, 70_000)),
        st.tuples(st.just("state"), st.integers(0, 70_000)),
        st.tuples(st.just("tally"), st.integers(0, 70_000)),
        st.tuples(st.just("read"), st.integers(1, 100_000)),
    ),
    max_size=MAX_EVENTS,
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(actions)
def test_however_a_phone_reads_it_gets_whole_frames_in_order(
    actions: list[tuple[str, int]],
) -> None:
    """Every event in order, of the snapshots some in order and the newest always."""
    sent: dict[str, list[bytes]] = {"event": [], "snapshot": []}
    with closing(Ends()) as ends:
        for n, (kind, size) in enumerate(actions):
            payload = f"{'event' if kind == 'event' else 'snapshot'} {n} ".encode().ljust(
                size, b"."
            )
            if kind == "read":
                ends.take(size)
            elif kind == "event":
                sent["event"].append(payload)
                ends.pipe.event(text_frame(payload))
            else:
                sent["snapshot"].append(payload)
                ends.pipe.snapshot(text_frame(payload), whole=kind == "state")
        got = ends.rest()
    assert [payload for payload in got if payload.startswith(b"event")] == sent["event"]
    shown = [payload for payload in got if payload.startswith(b"snapshot")]
    assert shown[-1:] == sent["snapshot"][-1:]
    later = iter(sent["snapshot"])
    assert all(payload in later for payload in shown)
