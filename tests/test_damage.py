"""A damaged journal: found, named, and repaired to the last good record, wherever the damage is.

The journal under test is what a kill leaves: a database, and a log of commits that it lacks.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.on_disk import DATABASE, HEAD, LOG, History, contents, copied
from voting import head
from voting.ballots import apply
from voting.engine import Engine
from voting.head import SLOT, Head
from voting.journal import Damaged
from voting.journal_sqlite import SqliteJournal
from voting.records import Begin, Candidate, Define, Poll, Record, decode
from voting.repair import repair
from voting.state import Broken, State
from voting.verify import damage_sentence, examine

EXAMPLES = 2_000 if os.environ.get("TEST_ALL") else 40
PROJECT = Path(__file__).parent.parent

PAGE, LOG_HEADER, FRAME_HEADER = 4_096, 32, 24
FRAME = FRAME_HEADER + PAGE

LONG = Poll("long", "Who?", tuple(Candidate(f"c{n}", f"Candidate number {n}") for n in range(99)))
"""A poll that needs overflow pages."""


@dataclass(frozen=True)
class Original:
    """A good journal: its folder, its history, and how many records each file holds.

    `commits` are the log's sizes after each append, with the version then.
    """

    folder: Path
    history: History
    in_database: int
    commits: list[tuple[int, int]]

    @property
    def records(self) -> list[Record]:
        return self.history.records

    def in_log_before(self, offset: int) -> int:
        """The version that the first bytes of the log reach."""
        return max(
            [version for size, version in self.commits if size <= offset],
            default=self.in_database,
        )


@pytest.fixture(scope="module", autouse=True)
def memory() -> Iterator[Path]:
    """Where syncing costs nothing, if there is such a place; temporary files go there too."""
    shared = Path("/dev/shm")
    with (
        tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


@pytest.fixture
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def original(memory: Path) -> Original:
    live = memory / "live"
    history = History(LONG)
    for n in range(90):
        history.vote(f"voter-{n:03}", f"c{n}")
    history.write(live)
    in_database, commits = len(history.records), []
    with closing(SqliteJournal(live)) as journal:
        for n in range(90, 98):
            history.vote(f"voter-{n:03}", f"c{n}")
            history.append_to(journal)
            commits.append(((live / LOG).stat().st_size, len(history.records)))
        history.batch(Define(LONG, "again"))
        history.append_to(journal)
        folder = copied(live, memory / "killed")
    name_newest(folder, history.records)
    return Original(folder, history, in_database, commits)


@pytest.fixture(scope="module")
def closed(original: Original, memory: Path) -> Path:
    """The original once it was closed: all is in the database, and there is no log."""
    original.history.write(memory / "closed")
    return memory / "closed"


def name_newest(folder: Path, records: list[Record]) -> None:
    """Write the head that a journal of these records has a moment later."""
    noted = head.read(folder / HEAD)
    assert noted
    head.write(
        folder / HEAD, noted._replace(version=len(records), seal=records[-1].seal, at=noted.at + 1)
    )


def started(folder: Path) -> list[Record]:
    """Start on a folder as a server does, up to the first append; return what it has read."""
    with closing(SqliteJournal(folder)) as journal:
        records, state = journal.read(0), State()
        for record in records:
            apply(state, record)
        return records


def survives(original: Original, folder: Path) -> int:
    """Start on a damaged folder; return how many records are good after a repair, if need be.

    Either the history is whole, or the start stops, says why, and touches nothing.
    """
    before = contents(folder)
    try:
        assert started(folder) == original.records, "a part of the history is gone without a word"
    except (Damaged, Broken):
        assert contents(folder) == before
        return repaired(original, folder)
    assert contents(folder) == before
    assert examine(folder).problem is None
    return len(original.records)


def repaired(original: Original, folder: Path) -> int:
    """Repair a damaged folder; return how many records were good."""
    before, report = contents(folder), examine(folder)
    good = len(report.records)
    assert report.problem
    assert report.records == original.records[:good]
    assert report.state.version in (good, 0)
    sentence = damage_sentence(folder, "data")
    assert sentence.startswith(f"The journal in data is damaged: {report.problem}. ")
    assert ("No record of it is good." if not good else f"number {good}, of ") in sentence
    aside = repair(folder, lambda: 5)
    assert aside
    assert contents(aside) == before
    goes_on(original, folder, good)
    return good


def goes_on(original: Original, folder: Path, good: int) -> None:
    """See that a repaired journal starts, with the good records and a new epoch."""
    records = started(folder)
    assert records[:-1] == original.records[:good]
    begin = decode(records[-1].body)
    assert isinstance(begin, Begin)
    assert begin.epoch != "epoch"
    with closing(SqliteJournal(folder)) as journal:
        assert not journal.restored
        engine = Engine(journal, lambda: 7)
        engine.replay()
        assert engine.state.version == engine.state.sealed == good + 1
        journal.append(good + 1, [])
    assert examine(folder).problem is None
    assert repair(folder, lambda: 5) is None


def flip(folder: Path, name: str, offset: int, mask: int = 0xFF) -> None:
    content = bytearray((folder / name).read_bytes())
    content[offset] ^= mask
    (folder / name).write_bytes(content)


# A flipped byte in the database


def row(original: Original, version: int) -> int:
    """Find a record's body in the database; its header and time are before it, its seal behind."""
    body = original.records[version - 1].body
    return (original.folder / DATABASE).read_bytes().index(body[:100])


PARTS = {
    "the size of the row": -15,
    "the number of the row": -13,
    "the size of the header": -12,
    "the type of the number": -11,
    "the type of the time": -10,
    "the type of the body": -9,
    "the type of the seal": -7,
    "the time": -6,
    "the time, at its end": -1,
    "the body": 0,
    "the body, in the middle": 40,
}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("version", [5, 40, 70])
def test_a_flipped_byte_in_a_record_costs_what_is_behind_it(
    original: Original, scratch: Path, version: int, part: str
) -> None:
    """The records before it are good; itself it can only be if its body is found all the same."""
    folder = copied(original.folder, scratch / "data")
    flip(folder, DATABASE, row(original, version) + PARTS[part], 0x02)
    assert survives(original, folder) in (version - 1, version)


@pytest.mark.parametrize("version", [5, 40, 70])
@pytest.mark.parametrize("back", [1, 16, 32])
def test_a_flipped_byte_in_a_seal_costs_what_it_sealed(
    original: Original, scratch: Path, version: int, back: int
) -> None:
    """What a seal does not prove is not good."""
    folder = copied(original.folder, scratch / "data")
    record = original.records[version - 1]
    flip(folder, DATABASE, row(original, version) + len(record.body) + 32 - back, 0x01)
    assert survives(original, folder) == version - 1


def pages(original: Original, kind: int) -> list[int]:
    """Find the database's pages of a kind that the log does not hold in a newer version."""
    content = (original.folder / DATABASE).read_bytes()
    log = (original.folder / LOG).read_bytes()
    newer = {log[at + 3] for at in range(LOG_HEADER, len(log), FRAME)}
    starts = range(PAGE, len(content), PAGE)
    return [at for at in starts if content[at] == kind and at // PAGE + 1 not in newer]


FIRST_PAGE = {
    "the magic word": 0,
    "the size of a page": 16,
    "the version to write": 18,
    "the version to read": 19,
    "the reserved bytes": 20,
    "the fractions of a page": 21,
    "the counter of changes": 27,
    "the number of pages": 31,
    "the first free page": 35,
    "the number of free pages": 39,
    "the cookie of the schema": 43,
    "the format of the schema": 47,
    "the encoding": 59,
    "what is reserved for later": 75,
    "the counter that the number of pages is good for": 95,
    "the kind of the page": 100,
    "the number of definitions": 104,
    "the pointer to the definition": 109,
}


@pytest.mark.parametrize("part", FIRST_PAGE)
@pytest.mark.parametrize("mask", [0x01, 0xFF])
def test_a_flipped_byte_in_the_first_page_costs_nothing(
    original: Original, closed: Path, scratch: Path, part: str, mask: int
) -> None:
    """SQLite may find no table any more, or no database; a repair finds every record."""
    folder = copied(closed, scratch / "data")
    flip(folder, DATABASE, FIRST_PAGE[part], mask)
    assert survives(original, folder) == len(original.records)


@pytest.mark.parametrize("word", [b"CREATE", b"record", b"INTEGER PRIMARY", b"body", b"seal"])
def test_a_flipped_byte_in_the_definition_costs_nothing(
    original: Original, closed: Path, scratch: Path, word: bytes
) -> None:
    """The table may have another name, or a column; a repair finds every record."""
    folder = copied(closed, scratch / "data")
    flip(folder, DATABASE, (folder / DATABASE).read_bytes().index(word), 0x07)
    assert survives(original, folder) == len(original.records)


INTERIOR, LEAF = 5, 13
HEADER_PARTS = {"kind": 0, "free block": 1, "cells": 4, "content": 5, "fragments": 7, "pointer": 9}


@pytest.mark.parametrize("part", HEADER_PARTS)
@pytest.mark.parametrize("which", [0, 1, -1])
def test_a_flipped_byte_in_a_pages_header_costs_what_is_behind_it(
    original: Original, scratch: Path, which: int, part: str
) -> None:
    """The records of the pages before are good."""
    folder = copied(original.folder, scratch / "data")
    leaves = pages(original, LEAF)
    flip(folder, DATABASE, leaves[which] + HEADER_PARTS[part])
    assert survives(original, folder) >= records_before(original, leaves[which])


def records_before(original: Original, page: int) -> int:
    """Count the records in the leaves before a page; they lie in the order of their making."""
    content = (original.folder / DATABASE).read_bytes()[page : page + PAGE]
    found = [record.body[:100] in content for record in original.records]
    return found.index(True)


@pytest.mark.parametrize("part", [0, 3, 4, 8, 11, 12, 13, PAGE - 1, PAGE - 3, PAGE - 12])
def test_a_flipped_byte_in_the_root_stops_the_start(
    original: Original, closed: Path, scratch: Path, part: int
) -> None:
    """Its pointers lead to the leaves; what they do not lead to any more is missed."""
    folder = copied(closed, scratch / "data")
    assert (folder / DATABASE).read_bytes()[PAGE] == INTERIOR
    flip(folder, DATABASE, PAGE + part)
    survives(original, folder)


@pytest.mark.parametrize("part", [0, 3, 4, 1_000, PAGE - 1])
def test_a_flipped_byte_in_an_overflow_page_costs_what_is_behind_it(
    original: Original, scratch: Path, part: int
) -> None:
    """The long text of a poll goes on there; records before it are good."""
    folder = copied(original.folder, scratch / "data")
    defined = original.records[1]
    content = (folder / DATABASE).read_bytes()
    inside = content.index(defined.body[-100:])
    flip(folder, DATABASE, inside // PAGE * PAGE + (part if part < 1_000 else inside % PAGE))
    assert survives(original, folder) in (1, len(original.records))


# A flipped byte in the log

LOG_HEADER_PARTS = {"magic": 0, "version": 7, "page": 10, "salt": 16, "sum": 24, "last sum": 31}
FRAME_PARTS = {
    "the number of its page": 3,
    "the size after the commit": 7,
    "the first salt": 8,
    "the second salt": 15,
    "the first sum": 16,
    "the second sum": 23,
    "its content": FRAME_HEADER,
    "its content, in the middle": FRAME_HEADER + 2_000,
    "its content, at the end": FRAME - 1,
}


@pytest.mark.parametrize("part", LOG_HEADER_PARTS)
def test_a_flipped_byte_in_the_logs_header_costs_the_log(
    original: Original, scratch: Path, part: str
) -> None:
    """SQLite then takes the log for none; what had reached the database is good."""
    folder = copied(original.folder, scratch / "data")
    flip(folder, LOG, LOG_HEADER_PARTS[part])
    assert survives(original, folder) == original.in_database


@pytest.mark.parametrize("part", FRAME_PARTS)
@pytest.mark.parametrize("frame", [0, 4, 9, -1])
def test_a_flipped_byte_in_the_log_costs_the_commits_from_there_on(
    original: Original, scratch: Path, frame: int, part: str
) -> None:
    """SQLite drops them without a word; the head knows of them, and those before are good."""
    folder = copied(original.folder, scratch / "data")
    starts = range(LOG_HEADER, (folder / LOG).stat().st_size, FRAME)
    flip(folder, LOG, starts[frame] + FRAME_PARTS[part])
    assert survives(original, folder) == original.in_log_before(starts[frame])


def test_commits_behind_the_head_may_be_lost_without_a_word(
    original: Original, scratch: Path
) -> None:
    """The limit: what came after the last head and is damaged is missed by nobody."""
    folder = copied(original.folder, scratch / "data")
    known = original.in_database + 3
    (folder / HEAD).unlink()
    head.write(folder / HEAD, Head(known, original.records[known - 1].seal, 2**62, 0))
    flip(folder, LOG, LOG_HEADER + 7 * FRAME)
    assert known < len(started(folder)) < len(original.records)
    name_newest(folder, original.records)
    with pytest.raises(Damaged):
        started(folder)


# A file that ends early, or is gone


@pytest.mark.parametrize("size", [0, 1, 20, 100, 512, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE])
def test_a_database_cut_at_its_beginning_is_damage(
    original: Original, scratch: Path, size: int
) -> None:
    """However little is left, it is not taken for a new journal, and its log is not removed."""
    folder = copied(original.folder, scratch / "data")
    os.truncate(folder / DATABASE, size)
    assert survives(original, folder) < original.in_database


@pytest.mark.parametrize("which", [1, 2, -1])
@pytest.mark.parametrize("more", [-1, 0, 1, 2_000])
def test_a_database_cut_at_a_page_costs_what_is_behind_it(
    original: Original, scratch: Path, which: int, more: int
) -> None:
    """The records of the pages before are good."""
    folder = copied(original.folder, scratch / "data")
    page = pages(original, LEAF)[which]
    os.truncate(folder / DATABASE, page + more)
    # One byte less is the last of the page before, which holds the first of its records.
    before = page if more >= 0 else pages(original, LEAF)[which - 1]
    assert survives(original, folder) >= records_before(original, before)


@pytest.mark.parametrize("frame", [0, 1, 5, 9])
@pytest.mark.parametrize("more", [-1, 0, 1, 23, 24, 2_000])
def test_a_log_cut_anywhere_costs_the_commits_from_there_on(
    original: Original, scratch: Path, frame: int, more: int
) -> None:
    """SQLite takes it for a log that ends there; the head knows better."""
    folder = copied(original.folder, scratch / "data")
    size = LOG_HEADER + frame * FRAME + more
    os.truncate(folder / LOG, size)
    assert survives(original, folder) == original.in_log_before(size)


@pytest.mark.parametrize("size", [0, 1, 31])
def test_a_log_cut_at_its_beginning_costs_the_log(
    original: Original, scratch: Path, size: int
) -> None:
    """What had reached the database is good."""
    folder = copied(original.folder, scratch / "data")
    os.truncate(folder / LOG, size)
    assert survives(original, folder) == original.in_database


def test_a_log_that_is_gone_is_missed(original: Original, scratch: Path) -> None:
    """To SQLite a database without a log is a database that was closed."""
    folder = copied(original.folder, scratch / "data")
    (folder / LOG).unlink()
    assert survives(original, folder) == original.in_database


@pytest.mark.parametrize("others", [[], [LOG], [HEAD]])
def test_a_database_that_is_gone_is_missed(
    original: Original, scratch: Path, others: list[str]
) -> None:
    """A start does not begin anew where there was a journal."""
    folder = copied(original.folder, scratch / "data")
    for name in [DATABASE, *others]:
        (folder / name).unlink()
    assert survives(original, folder) < original.in_database


def test_a_database_whose_log_has_everything_costs_nothing(scratch: Path) -> None:
    """As long as nothing was moved out of the log, a repair finds every record there."""
    history, live = History(), scratch / "live"
    with closing(SqliteJournal(live)) as journal:
        for n in range(10):
            history.vote(f"voter-{n}", "ada")
        history.append_to(journal)
        folder = copied(live, scratch / "data")
    name_newest(folder, history.records)
    original = Original(folder, history, 0, [])
    (folder / DATABASE).unlink()
    assert survives(original, folder) == len(history.records)


def test_a_log_without_its_index_costs_nothing(original: Original, scratch: Path) -> None:
    """SQLite makes the index anew; a copy that was made without it is whole."""
    folder = copied(original.folder, scratch / "data")
    (folder / f"{DATABASE}-shm").unlink()
    assert started(folder) == original.records


# The head


@pytest.mark.parametrize("offsets", [[0, SLOT], [90, SLOT + 90], [SLOT - 1, 2 * SLOT - 1]])
def test_a_head_with_both_slots_damaged_stops_the_start(
    original: Original, scratch: Path, offsets: list[int]
) -> None:
    """It could no longer say what is missing; the records themselves are good."""
    folder = copied(original.folder, scratch / "data")
    for offset in offsets:
        flip(folder, HEAD, offset)
    with pytest.raises(Damaged, match=r"^journal\.head is damaged$"):
        started(folder)
    assert survives(original, folder) == len(original.records)


@pytest.mark.parametrize("size", [0, 1, 100])
def test_a_head_that_was_cut_stops_the_start(original: Original, scratch: Path, size: int) -> None:
    """A file of nothing is not a missing one: it is never written so."""
    folder = copied(original.folder, scratch / "data")
    os.truncate(folder / HEAD, size)
    assert survives(original, folder) == len(original.records)
    assert "journal.head is damaged" not in str(examine(folder).problem)


def test_a_head_with_one_slot_damaged_is_still_a_head(original: Original, scratch: Path) -> None:
    """The other slot is a little older, and what it names is there."""
    for offset in (0, SLOT):
        folder = copied(original.folder, scratch / f"data-{offset}")
        flip(folder, HEAD, offset)
        assert started(folder) == original.records
        (folder / LOG).unlink()
        with pytest.raises(Damaged):
            started(folder)


def test_a_journal_whose_head_is_gone_begins_a_new_epoch(original: Original, scratch: Path) -> None:
    """Nobody knows whether it is whole, so no phone may take it for the one it knew."""
    folder = copied(original.folder, scratch / "data")
    (folder / HEAD).unlink()
    with closing(SqliteJournal(folder)) as journal:
        assert journal.restored
        assert journal.read(0) == original.records


# A repair that is killed

KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from voting.repair import repair

CHANGES = ("open", "os.rename", "os.remove", "os.mkdir", "sqlite3.connect")

damaged, cases = map(Path, sys.argv[1:])
for step in range(1, 1_000):
    folder = shutil.copytree(damaged, cases / f"{step:03}")
    child = os.fork()
    if not child:
        left = [step]
        def hook(event, arguments):
            if event in CHANGES and str(arguments[0]).startswith(str(folder)):
                left[0] -= event != "open" or bool(arguments[2] & (os.O_WRONLY | os.O_RDWR))
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(hook)
        repair(folder, lambda: 5)
        os._exit(0)
    if not os.waitpid(child, 0)[1]:
        break
"""


def flip_a_body(original: Original, folder: Path) -> None:
    flip(folder, DATABASE, row(original, 40))


def flip_a_body_and_lose_the_head(original: Original, folder: Path) -> None:
    flip(folder, DATABASE, row(original, 40))
    (folder / HEAD).unlink()


def flip_the_log(original: Original, folder: Path) -> None:
    flip(folder, LOG, LOG_HEADER + 5 * FRAME)


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
@pytest.mark.parametrize("spoil", [flip_a_body, flip_a_body_and_lose_the_head, flip_the_log])
def test_a_repair_that_is_killed_anywhere_can_be_repeated(
    original: Original, scratch: Path, spoil: Callable[[Original, Path], None]
) -> None:
    """No start takes what it leaves for a whole journal, and the next repair loses nothing."""
    folder, cases = copied(original.folder, scratch / "data"), scratch / "cases"
    spoil(original, folder)
    before, good = contents(folder), len(examine(folder).records)
    program = [sys.executable, "-c", KILLED, str(folder), str(cases)]
    cases.mkdir()
    subprocess.run(program, cwd=PROJECT, timeout=60, check=True)
    steps = sorted(cases.iterdir())
    assert len(steps) > 10
    for step in steps:
        if examine(step).problem:
            with pytest.raises((Damaged, Broken)):
                started(step)
            assert len(examine(step).records) in (good, good + 1)
            assert repair(step, lambda: 5)
        goes_on(original, step, good)
        kept = {file.read_bytes() for file in step.rglob("*") if file.is_file()}
        assert kept >= set(before.values())


# Anywhere


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.data())
def test_damage_anywhere_is_found_and_repaired(original: Original, data: st.DataObject) -> None:
    """A few flipped bytes, or a cut, in one of the files: whole or stopped, never shorter."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = copied(original.folder, Path(scratch) / "data")
        name = data.draw(st.sampled_from([DATABASE, DATABASE, LOG, LOG, HEAD]))
        size = (folder / name).stat().st_size
        for offset, mask in data.draw(
            st.lists(st.tuples(st.integers(0, size - 1), st.integers(1, 255)), max_size=3)
        ):
            flip(folder, name, offset, mask)
        if data.draw(st.booleans()):
            os.truncate(folder / name, data.draw(st.integers(0, size - 1)))
        good = survives(original, folder)
        if name == HEAD:
            assert good == len(original.records)
        elif name == LOG:
            assert good >= original.in_database
