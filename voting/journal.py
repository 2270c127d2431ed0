"""The journal: an ordered list of records, and the one that lives in a SQLite file.

Owns durability: when `append` returns, the records survive a power cut. Never interprets a record.

`Journal` is the interface, three verbs: read from a version on, append after a version, close. The
caller names the version it has folded; a journal that holds more, or less, refuses to append
instead of forking history.

What can go wrong:

    JournalError
    ├── NotRecorded     this append did not happen, or nobody knows; read the tail again
    └── Unusable        this journal cannot be opened; the text tells a person why
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar, cast

from gevent.threadpool import ThreadPool

from voting.records import Record

T = TypeVar("T")

BUSY_SECONDS = 1.0
"""How long a commit waits for somebody else's lock on the file before it counts as failed."""


class JournalError(Exception):
    """Something about the journal is not as it should be."""


class NotRecorded(JournalError):
    """The records are not, or not known to be, in the journal."""


class Unusable(JournalError):
    """The journal cannot be opened; the text is for the person who started the server."""


class Journal(Protocol):
    """An append-only list of records; the first has version 1."""

    def read(self, after: int) -> list[Record]:
        """Return the records behind version `after`, oldest first.

        Raises:
            NotRecorded: the journal cannot be read now.
        """

    def append(self, after: int, records: Sequence[Record]) -> None:
        """Append records behind version `after`; they are durable when this returns.

        No records at all is a question: would an append be durable now?

        Raises:
            NotRecorded: they are not in the journal, or its last version is not `after`.
        """

    def close(self) -> None:
        """Give the journal back; it is not used again."""


class SqliteJournal:
    """A journal in one SQLite file.

    SQLite's calls wait for the disk, and under gevent that would stop every phone: one native
    thread makes them all, one after the other, while the caller's greenlet waits alone.
    WAL with synchronous=FULL is what survives a power cut; macOS needs `fullfsync` too.
    """

    def __init__(self, folder: Path) -> None:
        """Open or create the journal in a folder.

        Raises:
            Unusable: the folder or the file cannot be used, or another server holds them.
        """
        self._file = folder / "journal.sqlite"
        self._held = _hold(folder)
        self._thread = ThreadPool(1)
        try:
            self._database: sqlite3.Connection = self._on_thread(self._open)
        except NotRecorded as error:
            self._thread.kill()
            self._held.close()
            raise Unusable(str(error)) from error

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._file, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "fullfsync=ON"):
                database.execute(f"PRAGMA {pragma}")
            database.execute(
                "CREATE TABLE IF NOT EXISTS record"
                " (version INTEGER PRIMARY KEY, at INTEGER NOT NULL, body BLOB NOT NULL)"
            )
        except sqlite3.Error:
            database.close()
            raise
        return database

    def read(self, after: int) -> list[Record]:
        return self._on_thread(lambda: list(self._read(after)))

    def _read(self, after: int) -> Iterator[Record]:
        rows = self._database.execute(
            "SELECT version, at, body FROM record WHERE version > ? ORDER BY version", (after,)
        )
        for expected, (version, at, body) in enumerate(rows, after + 1):
            if version != expected:
                raise NotRecorded(f"{self._file}: record {expected} is missing")
            if not (isinstance(at, int) and isinstance(body, bytes)):
                raise NotRecorded(f"{self._file}: record {expected} is damaged")
            yield Record(at, body)

    def append(self, after: int, records: Sequence[Record]) -> None:
        self._on_thread(lambda: self._append(after, records))

    def _append(self, after: int, records: Sequence[Record]) -> None:
        database = self._database
        database.execute("BEGIN IMMEDIATE")
        try:
            (last,) = database.execute("SELECT coalesce(max(version), 0) FROM record").fetchone()
            if last != after:
                raise NotRecorded(f"{self._file} is at version {last}, expected {after}")
            if not records:
                # Something must be written, or a full disk would look well.
                (probes,) = database.execute("PRAGMA user_version").fetchone()
                database.execute(f"PRAGMA user_version = {(probes + 1) % 1_000}")
            database.executemany(
                "INSERT INTO record VALUES (?, ?, ?)",
                [(after + i, at, body) for i, (at, body) in enumerate(records, 1)],
            )
            database.execute("COMMIT")
        except BaseException:
            # A failed COMMIT may leave the transaction open; the next BEGIN would then fail.
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise

    def close(self) -> None:
        self._on_thread(self._database.close)
        self._thread.kill()
        self._held.close()

    def _on_thread(self, work: Callable[[], T]) -> T:
        def attempt() -> T | Exception:
            # gevent prints what a pool's thread raises, even if it is caught here.
            try:
                return work()
            except (sqlite3.Error, JournalError) as error:
                return error

        result = self._thread.apply(attempt)
        if isinstance(result, sqlite3.Error):
            raise NotRecorded(f"{self._file}: {result}") from result
        if isinstance(result, JournalError):
            raise result
        return cast(T, result)


def _hold(folder: Path) -> BinaryIO:
    """Hold the folder for this process, until the returned file is closed or the process ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = open(folder / "lock", "ab")  # noqa: SIM115 - held open on purpose
    except OSError as error:
        raise Unusable(f"the data folder {folder} cannot be used: {error.strerror}") from error
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise Unusable(
            f"another server uses the data folder {folder}; stop it, or give this one its own"
            " with --data"
        ) from None
    os.set_inheritable(file.fileno(), False)
    return file
