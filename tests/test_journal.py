"""journal.py: what every journal keeps to, whatever it stands on."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import gevent.socket
import pytest
from gevent.event import AsyncResult
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.places import PLACES, Place, body
from tests.redises import Redis
from voting import database, survivors
from voting.journal import Damaged, Journal, NotRecorded
from voting.records import Record

EXAMPLES = 200 if os.environ.get("TEST_ALL") else 15

A, B, C = Record(1, body("a")), Record(2, body("b")), Record(2, body("\0ÿ"), b"a seal")

Make = Callable[[Path], Place]


@pytest.fixture(params=PLACES)
def make(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes places of one kind; nobody there waits for a disk, or for servers that do not exist."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.02)
    monkeypatch.setattr(survivors, "ALIVE_SECONDS", 0.0)
    monkeypatch.setattr("redis.connection.socket", gevent.socket)

    def redis() -> Redis:
        found: Redis = request.getfixturevalue("redis")
        return found

    return lambda folder: PLACES[request.param](folder, redis)


@pytest.fixture
def place(make: Make, tmp_path: Path) -> Place:
    return make(tmp_path / "data")


@pytest.fixture
def opened(place: Place) -> Iterator[Journal]:
    with closing(place.open()) as opened:
        yield opened


def holds(place: Place, opened: Journal, *records: Record, after: int = 0) -> bool:
    return place.told(place.again(opened, after)) == place.told(records)


def test_a_new_journal_is_empty(opened: Journal) -> None:
    """Before the first append there is nothing to read."""
    assert not opened.read(0)


def test_records_are_read_in_the_order_of_their_appends(place: Place, opened: Journal) -> None:
    """They come back oldest first, and each append returns its own."""
    assert place.told(opened.append(0, [A, B])) == place.told([A, B])
    assert place.told(opened.append(2, [C])) == place.told([C])
    assert holds(place, opened, A, B, C)


def test_times_never_go_back(place: Place, opened: Journal) -> None:
    """What is read again has the time that it had."""
    first = opened.append(0, [A, B])
    second = opened.append(2, [C])
    times = [record.at for record in (*first, *second)]
    assert times == sorted(times) == [record.at for record in place.again(opened, 0)]


def test_reading_begins_behind_a_version(place: Place, opened: Journal) -> None:
    """Whoever has folded some records reads only what follows; at the end that is nothing."""
    opened.append(0, [A, B])
    opened.append(2, [C])
    assert holds(place, opened, C, after=2)
    assert holds(place, opened, after=3)


def test_a_reopened_journal_has_everything(place: Place) -> None:
    """Closing loses nothing, and appending goes on behind the last version."""
    with closing(place.open()) as opened:
        opened.append(0, [A, B])
    with closing(place.open()) as opened:
        assert holds(place, opened, A, B)
        opened.append(2, [C])
        assert holds(place, opened, A, B, C)


@pytest.mark.parametrize("after", [0, 1, 3])
def test_an_exact_append_behind_another_version_is_refused(
    place: Place, opened: Journal, after: int
) -> None:
    """Whoever has folded less, or more, than the journal holds hears of it."""
    opened.append(0, [A, B])
    with pytest.raises(NotRecorded):
        opened.append(after, [C], exact=True)
    assert holds(place, opened, A, B)
    opened.append(2, [C], exact=True)
    assert holds(place, opened, A, B, C)


def test_an_empty_append_asks_whether_appending_would_work(place: Place) -> None:
    """Nothing is added, but a journal that cannot be written is told."""
    with closing(place.open()) as opened:
        opened.append(0, [A])
        assert not opened.append(1, [])
        with place.block(), pytest.raises(NotRecorded):
            opened.append(1, [])
        assert holds(place, opened, A)


def test_an_append_that_fails_leaves_nothing_and_the_next_one_works(place: Place) -> None:
    """A failed append is not in the journal, not in part either, and does not spoil it."""
    with closing(place.open()) as opened:
        opened.append(0, [A])
        with place.block(), pytest.raises(NotRecorded):
            opened.append(1, [B, C])
        assert holds(place, opened, A)
        opened.append(1, [B, C])
        assert holds(place, opened, A, B, C)


@pytest.mark.parametrize("lost, after", [(1, 0), (2, 0), (2, 1)])
def test_a_missing_record_is_noticed(place: Place, lost: int, after: int) -> None:
    """A hole in the history is an error: what follows it is not handed out as if it were whole."""
    with closing(place.open()) as opened:
        for version, record in enumerate((A, B, C)):
            opened.append(version, [record])
    place.lose(lost)
    with closing(place.open()) as opened, pytest.raises(Damaged, match=f"record {lost} is missing"):
        opened.read(after)


def test_while_an_append_waits_other_greenlets_run(place: Place) -> None:
    """The disk, a lock or a line holds up only who asked for the append."""
    with closing(place.open()) as opened:
        opened.append(0, [A])
        went_on: AsyncResult[str] = AsyncResult()
        with place.stall():
            waiting = gevent.spawn(opened.append, 1, [B])
            gevent.spawn(lambda: went_on.set("waiting" if not waiting.ready() else "done"))
            assert went_on.get(timeout=5) == "waiting"
            with pytest.raises(NotRecorded):
                waiting.get(timeout=5)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # it only makes places
)
@given(
    st.lists(
        st.lists(
            st.builds(
                Record,
                st.integers(0, 2**53),
                st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(body),
                st.just(b"seal"),
            ),
            max_size=4,
        ),
        max_size=6,
    ),
    st.integers(0, 24),
)
def test_any_records_in_any_batches_read_back(
    make: Make, batches: list[list[Record]], after: int
) -> None:
    """A journal gives back what it was given, from any version on, however it was batched."""
    written: list[Record] = []
    with tempfile.TemporaryDirectory() as folder:
        place = make(Path(folder))
        with closing(place.open()) as opened:
            for batch in batches:
                appended = opened.append(len(written), batch)
                assert place.told(appended) == place.told(batch)
                written += appended
        with closing(place.open()) as opened:
            assert holds(place, opened, *written[after:], after=min(after, len(written)))
