"""journal_sqlite.py: one suite for every journal, and what is SQLite's own."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Protocol

import gevent
import pytest
from gevent.event import AsyncResult

from tests.on_disk import NOON, TALK, contents, copied
from voting import database, engine, head, journal, journal_sqlite
from voting.folder import rename
from voting.head import Head
from voting.journal import Damaged, Journal, JournalError, NotRecorded, Unusable
from voting.journal_sqlite import SqliteJournal
from voting.records import Ballot, Record
from voting.state import Outcome, Receipt
from voting.verify import examine

EXAMPLES = 200 if os.environ.get("TEST_ALL") else 15

PROJECT = Path(journal.__file__).parent.parent

A, B, C = Record(1, b"a"), Record(2, b"b"), Record(2, b"\0\xff", b"a seal")


class Place(Protocol):
    """Where a kind of journal keeps its records, and what a test can do to it from outside."""

    def open(self) -> Journal:
        """Open the journal that is here; the first time, a new one."""

    def lose(self, version: int) -> None:
        """Take one record away behind the journal's back."""

    def block(self) -> "closing[sqlite3.Connection]":
        """Let no append to the journal that is here succeed until the returned thing is closed."""


class SqlitePlace:
    """A folder for a `SqliteJournal`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self) -> SqliteJournal:
        return SqliteJournal(self.folder)

    def outside(self) -> "closing[sqlite3.Connection]":
        file = self.folder / "journal.sqlite"
        return closing(sqlite3.connect(file, isolation_level=None))

    def lose(self, version: int) -> None:
        with self.outside() as database:
            database.execute("DELETE FROM record WHERE version = ?", (version,))

    def block(self) -> "closing[sqlite3.Connection]":
        blocker = self.outside()
        blocker.thing.execute("BEGIN IMMEDIATE")
        return blocker


PLACES = [SqlitePlace]
"""Every kind of journal keeps the contract below."""


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.02)
    made: Place = request.param(tmp_path / "data")
    return made


@pytest.fixture
def opened(place: Place) -> Iterator[Journal]:
    with closing(place.open()) as opened:
        yield opened


# The folder of a SQLite journal


def test_a_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    """The first start needs no preparation."""
    folder = tmp_path / "deep" / "down"
    with closing(SqliteJournal(folder)) as opened:
        opened.append(0, [A])
    assert (folder / "journal.sqlite").is_file()


def test_a_second_holder_of_a_folder_is_refused(tmp_path: Path) -> None:
    """Two servers on one folder would fork the history; the second is told what to do."""
    first = SqliteJournal(tmp_path)
    with pytest.raises(Unusable, match=r"another server uses .* --data") as caught:
        SqliteJournal(tmp_path)
    assert str(tmp_path) in str(caught.value)
    first.append(0, [A])
    first.close()
    with closing(SqliteJournal(tmp_path)) as second:
        assert second.read(0) == [A]


def folder_under_a_file(tmp_path: Path) -> Path:
    (tmp_path / "file").touch()
    return tmp_path / "file" / "data"


def folder_that_is_a_file(tmp_path: Path) -> Path:
    (tmp_path / "data").touch()
    return tmp_path / "data"


def folder_with_another_file_in_its_place(tmp_path: Path) -> Path:
    (tmp_path / "journal.sqlite").write_bytes(b"My thesis, chapter one. " * 100)
    return tmp_path


def folder_with_a_folder_in_its_place(tmp_path: Path) -> Path:
    (tmp_path / "journal.sqlite").mkdir()
    return tmp_path


def folder_of_somebody_else(tmp_path: Path) -> Path:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)
    return tmp_path / "data"


@pytest.mark.parametrize(
    "spoil",
    [
        folder_under_a_file,
        folder_that_is_a_file,
        folder_with_another_file_in_its_place,
        folder_with_a_folder_in_its_place,
        folder_of_somebody_else,
    ],
)
def test_a_folder_that_cannot_be_used_is_told_in_a_sentence(
    tmp_path: Path, spoil: Callable[[Path], Path]
) -> None:
    """It says which folder or file, and why; there is no traceback to read."""
    folder = spoil(tmp_path)
    told = pytest.raises(JournalError, match=r"data|journal\.sqlite|database file")
    with told as caught, closing(SqliteJournal(folder)) as opened:
        opened.read(0)
    assert "\n" not in str(caught.value)


def test_nothing_is_written_before_the_first_append(tmp_path: Path) -> None:
    """A start that stops at what it reads leaves no journal behind, and an old one as it was."""
    folder = tmp_path / "data"
    with closing(SqliteJournal(folder)) as opened:
        assert opened.read(0) == []
    assert [file.name for file in folder.iterdir()] == ["lock"]
    with closing(SqliteJournal(folder)) as opened:
        opened.append(0, [A])
        killed = copied(folder, tmp_path / "killed")
    for there in (folder, killed):
        before = contents(there)
        with closing(SqliteJournal(there)) as opened:
            assert opened.read(0) == [A]
        assert contents(there) == before


# The head of a SQLite journal


def noted(folder: Path) -> Head:
    found = head.read(folder / "journal.head")
    assert found
    return found


def test_the_head_names_the_first_append_at_once(tmp_path: Path) -> None:
    """From the first receipt on it is known that there was a journal."""
    with closing(SqliteJournal(tmp_path)) as opened:
        opened.append(0, [A, C])
        assert noted(tmp_path)[:2] == (2, C.seal)


def test_the_head_follows_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind each later append it is written by itself, as soon as its time has come."""
    assert journal_sqlite.HEAD_SECONDS < 1
    monkeypatch.setattr(journal_sqlite, "HEAD_SECONDS", 0.01)
    with closing(SqliteJournal(tmp_path)) as opened:
        for version, record in enumerate([A, B, C]):
            opened.append(version, [record])
            with gevent.Timeout(10):
                while noted(tmp_path)[:2] != (version + 1, record.seal):
                    gevent.sleep(0.001)


def test_the_head_names_everything_once_the_journal_is_closed(tmp_path: Path) -> None:
    """A journal that was closed cannot lose anything unnoticed."""
    with closing(SqliteJournal(tmp_path)) as opened:
        opened.append(0, [A])
        opened.append(1, [B, C])
    assert noted(tmp_path)[:2] == (3, C.seal)


def test_a_head_that_cannot_be_written_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not at once: the older head stays true, and what was appended is as durable as ever."""
    assert journal_sqlite.HEAD_PATIENCE_SECONDS < journal_sqlite.SLACK_SECONDS
    monkeypatch.setattr(journal_sqlite, "HEAD_PATIENCE_SECONDS", 1_000)
    (tmp_path / "journal.head-new").mkdir()
    with closing(SqliteJournal(tmp_path)) as opened:
        opened.append(0, [A])
        opened.append(1, [B])
        assert opened.read(0) == [A, B]


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A head that could not be written a moment ago stops the next append."""
    monkeypatch.setattr(journal_sqlite, "HEAD_SECONDS", 0.01)
    monkeypatch.setattr(journal_sqlite, "HEAD_PATIENCE_SECONDS", 0)


def spoil_head(folder: Path) -> None:
    """Put a folder in the head's place: root too cannot write it."""
    (folder / "journal.head").unlink()
    (folder / "journal.head").mkdir()


@pytest.mark.usefixtures("no_patience")
def test_nothing_is_appended_while_the_head_cannot_be_written_for_long(tmp_path: Path) -> None:
    """No receipt without its second witness: asked or told, the journal refuses until it can."""
    with closing(SqliteJournal(tmp_path)) as opened:
        opened.append(0, [A])
        spoil_head(tmp_path)
        opened.append(1, [B])
        with gevent.Timeout(10):
            while accepts(opened, 2):
                gevent.sleep(0.001)
        refused = pytest.raises(NotRecorded, match=r"^journal\.head cannot be written: Is a dir")
        for records in ([], [C]):
            with refused:
                opened.append(2, records)
        assert opened.read(1) == [B]
        (tmp_path / "journal.head").rmdir()
        opened.append(2, [])
        assert noted(tmp_path)[:2] == (2, B.seal)
        opened.append(2, [C])
        assert opened.read(0) == [A, B, C]
    assert noted(tmp_path)[:2] == (3, C.seal)


def accepts(opened: Journal, after: int) -> bool:
    """Say whether an append would be durable now."""
    try:
        opened.append(after, [])
    except NotRecorded:
        return False
    return True


@pytest.mark.usefixtures("no_patience")
def test_a_head_that_failed_is_tried_again_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not wait for the next vote, which may never come."""
    failed: list[OSError] = []
    write = head.write

    def spy(file: Path, noted: Head) -> None:
        try:
            write(file, noted)
        except OSError as error:
            failed.append(error)
            raise

    monkeypatch.setattr(head, "write", spy)
    with closing(SqliteJournal(tmp_path)) as opened:
        opened.append(0, [A])
        spoil_head(tmp_path)
        opened.append(1, [B])
        with gevent.Timeout(10):
            while len(failed) < 3:
                gevent.sleep(0.001)
            (tmp_path / "journal.head").rmdir()
            while not (tmp_path / "journal.head").exists():
                gevent.sleep(0.001)
        assert noted(tmp_path)[:2] == (2, B.seal)


@pytest.mark.usefixtures("no_patience")
def test_a_room_waits_for_its_head_and_goes_on_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Votes are refused, to be sent again, and counted once the head can be written."""
    monkeypatch.setattr(engine, "RETRY_SECONDS", 0.01)
    with closing(SqliteJournal(tmp_path)) as opened:
        room = engine.Engine(opened, lambda: NOON)
        room.replay()
        room.prepare([TALK], open_at_start=True)
        room.start()
        spoil_head(tmp_path)
        sent = 0

        def vote() -> Outcome:
            nonlocal sent
            sent += 1
            answer: AsyncResult[Outcome] = AsyncResult()
            room.cast(Ballot("v", f"b{sent}", 1, (("ada", "grace")[sent % 2],)), answer.set)
            return answer.get(timeout=5)

        with gevent.Timeout(10):
            while room.recording:
                answer = vote()
                gevent.sleep(0.001)
            assert answer == engine.NOT_RECORDED
            (tmp_path / "journal.head").rmdir()
            while not room.recording:
                gevent.sleep(0.001)
        assert isinstance(vote(), Receipt)
        room.stop()


def test_a_journal_that_ends_before_its_head_is_damaged(tmp_path: Path) -> None:
    """SQLite finds nothing wrong with it; the head knows what is missing."""
    with closing(SqliteJournal(tmp_path)) as opened:
        opened.append(0, [A])
        earlier = copied(tmp_path, tmp_path.with_name("earlier"))
        opened.append(1, [B, C])
    shutil.copyfile(tmp_path / "journal.head", earlier / "journal.head")
    told = pytest.raises(Damaged, match=r"^records 2 to 3 are missing$")
    with told, closing(SqliteJournal(earlier)) as opened:
        opened.read(0)


def test_a_journal_that_is_another_than_its_heads_is_damaged(tmp_path: Path) -> None:
    """As many records with another seal are another history."""
    for name, record in (("one", C), ("other", C._replace(seal=b"another seal"))):
        with closing(SqliteJournal(tmp_path / name)) as opened:
            opened.append(0, [A, record])
    shutil.copyfile(tmp_path / "one" / "journal.head", tmp_path / "other" / "journal.head")
    told = pytest.raises(Damaged, match=r"^record 2 is not the one that was recorded$")
    with told, closing(SqliteJournal(tmp_path / "other")) as opened:
        opened.read(0)


def test_a_journal_that_ends_amid_a_batch_is_damaged(tmp_path: Path) -> None:
    """The last record of each append is sealed, so one without a seal is not the last."""
    with closing(SqliteJournal(tmp_path)) as opened:
        opened.append(0, [C])
        opened.append(1, [A, B])
    told = pytest.raises(Damaged, match=r"^record 4 is missing$")
    with told, closing(SqliteJournal(tmp_path)) as opened:
        opened.read(0)


@pytest.mark.parametrize("left", ["journal.head", "journal.sqlite-wal"])
def test_a_journal_that_is_gone_is_not_replaced_by_a_new_one(tmp_path: Path, left: str) -> None:
    """Whatever is left of it, the start stops instead of beginning anew."""
    with closing(SqliteJournal(tmp_path / "data")) as opened:
        opened.append(0, [A])
        folder = copied(tmp_path / "data", tmp_path / "copy")
    for file in folder.iterdir():
        if file.name != left:
            file.unlink()
    before = contents(folder)
    with closing(SqliteJournal(folder)) as opened:
        with pytest.raises(Damaged, match=r"^journal\.sqlite is missing$"):
            opened.read(0)
        with pytest.raises(JournalError):
            opened.append(0, [A])
    assert contents(folder) == before


# A copy is told from the journal that it is a copy of


def age(folder: Path, seconds: int) -> None:
    """Make the head seem written so long before the files that are there now."""
    found = noted(folder)
    (folder / "journal.head").unlink()
    head.write(folder / "journal.head", found._replace(at=found.at - seconds * 1_000_000_000))


def is_restored(folder: Path) -> bool:
    """Look as a start does, and whether it is the same once the records were read."""
    with closing(SqliteJournal(folder)) as opened:
        first = opened.restored
        opened.read(0)
        assert opened.restored == first
        return first


def test_a_new_journal_and_its_next_start_are_no_copy(tmp_path: Path) -> None:
    """A room goes on after a restart, whoever has looked at its journal meanwhile."""
    assert not is_restored(tmp_path)
    with closing(SqliteJournal(tmp_path)) as opened:
        opened.append(0, [A])
    for _ in range(2):
        assert examine(tmp_path).records == []
        assert not is_restored(tmp_path)


def test_closing_a_journal_does_not_make_it_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long closing takes, the head is written once more when the file is at rest."""
    monkeypatch.setattr(journal_sqlite, "SLACK_SECONDS", 0)
    with closing(SqliteJournal(tmp_path)) as opened:
        opened.append(0, [A])
    assert not is_restored(tmp_path)


def test_a_file_that_was_written_over_is_restored(tmp_path: Path) -> None:
    """A file that was written over later than its head was written is the same, and a copy."""
    with closing(SqliteJournal(tmp_path)) as opened:
        opened.append(0, [A])
    age(tmp_path, seconds=journal_sqlite.SLACK_SECONDS + 1)
    assert is_restored(tmp_path)
    with closing(SqliteJournal(tmp_path)) as opened:
        opened.read(0)
        opened.append(1, [B])
    assert not is_restored(tmp_path)


def test_a_backup_that_takes_the_journals_place_is_restored(tmp_path: Path) -> None:
    """However soon: its files keep the times that they were copied with, and are others."""
    folder, backup = tmp_path / "data", tmp_path / "backup"
    with closing(SqliteJournal(folder)) as opened:
        opened.append(0, [A])
    copied(folder, backup)
    with closing(SqliteJournal(folder)) as opened:
        assert not opened.restored
        opened.append(1, [B])
    folder.rename(tmp_path / "later")
    backup.rename(folder)
    assert is_restored(folder)
    with closing(SqliteJournal(folder)) as opened:
        opened.append(1, [C])
    assert not is_restored(folder)


@pytest.mark.skipif(sys.platform == "win32", reason="cannot move what is open")
def test_a_backup_under_a_running_server_is_restored(tmp_path: Path) -> None:
    """The head that the server writes there is of the file that it has open, which is gone."""
    folder, backup = tmp_path / "data", tmp_path / "backup"
    with closing(SqliteJournal(folder)) as opened:
        opened.append(0, [A])
    copied(folder, backup)
    with closing(SqliteJournal(folder)) as opened:
        opened.append(1, [])
        folder.rename(tmp_path / "later")
        backup.rename(folder)
    assert is_restored(folder)


def test_a_folder_that_was_moved_is_no_copy(tmp_path: Path) -> None:
    """Its files are the same ones under another name."""
    with closing(SqliteJournal(tmp_path / "data")) as opened:
        opened.append(0, [A])
    (tmp_path / "data").rename(tmp_path / "moved")
    assert not is_restored(tmp_path / "moved")


def test_a_head_without_a_file_goes_by_its_time(tmp_path: Path) -> None:
    """A journal whose head is one of the first goes on after a restart."""
    with closing(SqliteJournal(tmp_path)) as opened:
        opened.append(0, [A])
    found = noted(tmp_path)
    head.write(tmp_path / "journal.head", found._replace(at=found.at + 1, inode=0))
    assert noted(tmp_path).inode == 0
    assert not is_restored(tmp_path)
    age(tmp_path, seconds=journal_sqlite.SLACK_SECONDS + 1)
    assert is_restored(tmp_path)


def test_a_journal_without_a_head_is_restored(tmp_path: Path) -> None:
    """Nobody knows how far it had come: a copy of the database alone, or an older version's."""
    with closing(SqliteJournal(tmp_path)) as opened:
        opened.append(0, [A])
    (tmp_path / "journal.head").unlink()
    assert is_restored(tmp_path)


# Journals of format 1


def test_a_journal_without_seals_is_read_and_goes_on_with_them(tmp_path: Path) -> None:
    """Its table has no place for seals; it gets one with the first append, and not before."""
    with closing(sqlite3.connect(tmp_path / "journal.sqlite", isolation_level=None)) as outside:
        outside.execute("PRAGMA journal_mode=WAL")
        outside.execute(
            "CREATE TABLE IF NOT EXISTS record"
            " (version INTEGER PRIMARY KEY, at INTEGER NOT NULL, body BLOB NOT NULL)"
        )
        outside.execute("INSERT INTO record VALUES (1, 1, x'61'), (2, 2, x'62')")
    before = contents(tmp_path)
    with closing(SqliteJournal(tmp_path)) as opened:
        assert opened.restored
        assert opened.read(0) == [A, B]
        assert contents(tmp_path) == before
        opened.append(2, [C])
        assert opened.read(0) == [A, B, C]
    with closing(SqliteJournal(tmp_path)) as opened:
        assert opened.read(0) == [A, B, C]


# Durability of a SQLite journal


class Careless(sqlite3.Connection):
    """A connection as of a SQLite that was built to wait for no disk, unless it is told to."""

    committed: ClassVar[list[tuple[int, int]]] = []

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        super().execute("PRAGMA synchronous=OFF")

    def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
        """Note before a commit how far it will wait: `synchronous` and `fullfsync`."""
        if sql == "COMMIT":
            (synchronous,) = super().execute("PRAGMA synchronous").fetchone()
            (fullfsync,) = super().execute("PRAGMA fullfsync").fetchone()
            self.committed.append((synchronous, fullfsync))
        return super().execute(sql, *args)


@pytest.fixture
def committed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """How far each commit waits for the disk, in a SQLite that does not by itself."""
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Careless))
    monkeypatch.setattr(Careless, "committed", [])
    return Careless.committed


def test_a_new_journal_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, committed: list[tuple[int, int]]
) -> None:
    """A repair throws nothing away, but a power cut must not find its journal half written."""
    database.create(tmp_path / "journal.sqlite", [A])
    assert committed == [(2, 1)]


def test_every_append_is_on_the_disk_when_it_returns(
    tmp_path: Path, committed: list[tuple[int, int]]
) -> None:
    """Synchronous FULL, and fullfsync for macOS, however SQLite was built."""
    with closing(SqliteJournal(tmp_path)) as opened:
        opened.append(0, [A])
        opened.append(1, [B])
    assert committed == [(2, 1)] * 3


@pytest.mark.skipif(sys.platform == "win32", reason="cannot open a folder to sync it")
def test_a_rename_is_on_the_disk_when_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both folders are synced once the file has its new name: it could come back with the old."""
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    (old / "one").write_text("1")
    synced: list[tuple[str, bool]] = []
    sync = os.fsync

    def spy(opened: int) -> None:
        sync(opened)
        synced.extend(
            (folder.name, (new / "other").exists())
            for folder in (old, new)
            if os.path.samestat(folder.stat(), os.fstat(opened))
        )

    monkeypatch.setattr(os, "fsync", spy)
    rename(old / "one", new / "other")
    assert sorted(synced) == [("new", True), ("old", True)]


def test_a_journal_is_a_write_ahead_log(tmp_path: Path) -> None:
    """One sync for each commit, and those who read do not hold up who appends."""
    with closing(SqliteJournal(tmp_path)) as opened:
        opened.append(0, [A])
    with SqlitePlace(tmp_path).outside() as outside:
        assert outside.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_batch_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """A record in the middle that the database will not take leaves none of the others behind."""
    bad: Any = None
    with closing(SqliteJournal(tmp_path)) as opened:
        with pytest.raises(NotRecorded):
            opened.append(0, [A, Record(1, bad), B])
        assert opened.read(0) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from voting.journal_sqlite import SqliteJournal
from voting.records import Record

opened = SqliteJournal(Path(sys.argv[1]))
for n in range(5):
    opened.append(n, [Record(n, b"x")])
os.kill(os.getpid(), signal.SIGKILL)
"""

FULL = """
import resource, signal, sys
from pathlib import Path
from voting.journal import NotRecorded
from voting.journal_sqlite import SqliteJournal
from voting.records import Record

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
batch = [Record(1, b"x" * 1_000)] * 20
opened = SqliteJournal(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
try:
    for held in range(0, 10_000, 20):
        opened.append(held, batch)
except NotRecorded:
    print("full")
assert opened.read(0) == batch * (held // 20), "a part of a batch is there"
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
opened.append(held, batch)
opened.close()
print(held + 20)
"""


def run(program: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run a program on a folder in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        cwd=PROJECT,
        timeout=60,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_what_was_appended_survives_a_kill(tmp_path: Path) -> None:
    """When append has returned, the process may die at once; the folder is free again."""
    assert run(KILLED, tmp_path).returncode == -signal.SIGKILL
    examine(tmp_path)
    with closing(SqliteJournal(tmp_path)) as opened:
        assert not opened.restored
        assert opened.read(0) == [Record(n, b"x") for n in range(5)]


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
def test_a_full_disk_is_not_recorded_and_passes(tmp_path: Path) -> None:
    """With no room left an append fails whole; with room again the same journal goes on."""
    done = run(FULL, tmp_path)
    assert done.stderr == ""
    said, held = done.stdout.split()
    assert said == "full"
    with closing(SqliteJournal(tmp_path)) as opened:
        assert len(opened.read(0)) == int(held)


def test_a_journal_serves_callers_one_after_the_other(tmp_path: Path) -> None:
    """Calls of several greenlets do not mix: of those that race one wins, the others are told."""
    with closing(SqliteJournal(tmp_path)) as opened:
        racing = [gevent.spawn(opened.append, 0, [Record(n, b"")]) for n in range(5)]
        gevent.joinall(racing, timeout=10)
        won = [n for n, greenlet in enumerate(racing) if greenlet.successful()]
        assert [record.at for record in opened.read(0)] == won
        assert len(won) == 1
