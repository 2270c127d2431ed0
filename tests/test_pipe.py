"""pipe.py: whole frames in order, the newest snapshot, and an end for whoever does not read."""

import os
from collections.abc import Iterator
from contextlib import closing

import gevent
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ends import Ends, texts_in
from tests.wired import LARGE, PATIENCE
from voting import pipe
from voting.frames import close_frame, text_frame
from voting.pipe import MAX_EVENTS

EXAMPLES = 1_000 if os.environ.get("TEST_ALL") else 60

# The pipe


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
    reading = gevent.spawn(ends.pipe.socket.recv, 1)
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


# The goodbye


def test_nothing_follows_the_last_frame(ends: Ends) -> None:
    """Neither events nor snapshots, nor another last frame."""
    ends.pipe.last(text_frame(b"last"))
    ends.pipe.event(text_frame(b"event"))
    ends.pipe.snapshot(text_frame(b"snapshot"), whole=True)
    ends.pipe.last(close_frame(1000, ""))
    assert not ends.pipe.is_free
    assert ends.rest() == [b"last"]


def test_what_waits_leaves_before_the_goodbye(ends: Ends) -> None:
    """A finished pipe writes the rest and the events, then its end; a snapshot is for who stays."""
    large = ends.stall()
    ends.pipe.event(text_frame(b"event"))
    ends.pipe.snapshot(text_frame(b"snapshot"), whole=True)
    ends.pipe.last(text_frame(b"last"))
    ends.pipe.finish()
    while data := ends.phone.recv(65_536):
        ends.read += data
    assert texts_in(ends.read) == [large, b"event", b"last"]
    assert not ends.pipe.ended


def test_a_pipe_with_nothing_to_say_is_finished_at_once(ends: Ends) -> None:
    """The phone sees the end, and what it still says can be read."""
    ends.pipe.finish()
    assert ends.phone.recv(1) == b""
    ends.phone.sendall(b"bye")
    assert ends.pipe.socket.recv(3) == b"bye"


def test_a_goodbye_to_a_phone_that_is_gone_is_quiet(ends: Ends) -> None:
    """Finishing after the other side has vanished, or twice, raises nothing."""
    ends.pipe.event(text_frame(b"unread, so that the end is a reset"))
    ends.phone.close()
    for _ in range(2):
        ends.pipe.finish()
        ends.pipe.end()
        ends.pipe.last(close_frame(1000, ""))
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
