"""The journal in a SQLite file, and its head beside it, in a folder that this process holds.

Owns durability: when `append` returns, the records survive a power cut. Never interprets a record.

Until the first append nothing in the folder changes, so a damaged journal is found while it is
still as it was found. From then on the head follows the journal: at once behind the first append,
within a second behind each other one, and at close. Where it cannot be written for long, nothing
is appended until it can.

The limit: SQLite drops what follows a damaged place in its write-ahead log without a word, and this
is noticed up to the head. What was committed less than a second before a crash, and is then damaged
too, can go missing unnoticed; so can anything if the head is lost at the same time. While the head
cannot be written, that second is HEAD_PATIENCE_SECONDS more.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import gevent
from gevent.event import Event

from voting import database, head
from voting.clock import steady_clock
from voting.folder import hold
from voting.head import Head
from voting.histogram import Histogram
from voting.journal import Damaged, NotRecorded, Unshared, Unusable
from voting.records import Record
from voting.worker import Worker

T = TypeVar("T")

HEAD_SECONDS = 0.5
"""How long the head stays behind the journal; with the disk's own time this is under a second."""

HEAD_PATIENCE_SECONDS = 5
"""How long the head may fail to be written before that stops the appends: a fault may pass."""

SLACK_SECONDS = 10
"""Files changed so much later than their head were changed by somebody else."""


class SqliteJournal(Unshared):
    """A journal in one SQLite file.

    SQLite's calls wait for the disk, and under gevent that would stop every phone: one native
    thread makes them all, one after the other, while the caller's greenlet waits alone.
    WAL with synchronous=FULL is what survives a power cut. `commits` is how long each took, with
    its wait for the thread.
    """

    def __init__(self, folder: Path) -> None:
        """Hold the folder; nothing in it is read but when its files were changed.

        Raises:
            Unusable: the folder cannot be used, or another server holds it.
        """
        self._file = folder / database.NAME
        self._head = folder / head.NAME
        self.commits = Histogram()
        self.clock = steady_clock()
        self._held = hold(folder)
        self._worker = Worker()
        self._reader: sqlite3.Connection | None = None
        self._writer: sqlite3.Connection | None = None
        self._inode = 0
        self._noted = False
        self._failing_since: float | None = None
        self._appended = Event()
        self._keeper: gevent.Greenlet[[], None] | None = None
        try:
            self.restored = self._on_thread(self._is_restored)
        except NotRecorded as error:
            self._give_back()
            raise Unusable(str(error)) from error

    def _is_restored(self) -> bool:
        """Say whether somebody else put the file here.

        It then has no head, or the head is another file's, or the file was written over later than
        its head. The log is not asked: it looks changed when root has read it. A whole disk that
        was set back to an earlier time looks like a restart; so does, within the slack, what was
        written over the same file, or got the number of one that had just been removed.
        """
        try:
            noted = head.read(self._head)
            if not database.exists(self._file, noted):
                return False
        except Damaged:
            return False  # who reads it will hear
        found = self._file.stat()
        return (
            noted is None
            or noted.inode not in (found.st_ino, 0)
            or found.st_ctime_ns > noted.at + SLACK_SECONDS * 1_000_000_000
        )

    def read(self, after: int) -> list[Record]:
        return self._on_thread(lambda: self._read(after))

    def _read(self, after: int) -> list[Record]:
        noted = None if after else head.read(self._head)
        opened = self._writer or self._reader
        if opened is None and database.exists(self._file, noted):
            opened = self._reader = database.open_to_read(self._file)
        records = list(database.rows(opened, after)) if opened else []
        if not after:
            database.check(records, noted)
        return records

    def append(
        self,
        after: int,
        records: Sequence[Record],
        *,
        exact: bool = True,  # noqa: ARG002 - it always is: nobody else appends
    ) -> Sequence[Record]:
        if self._keeper is None:
            self._keeper = gevent.spawn(self._keep_head)
        began = time.monotonic()
        try:
            self._on_thread(lambda: self._append(after, records))
            self.commits.add(time.monotonic() - began)
        finally:
            # A failed one has touched the files as well.
            self._appended.set()
        return records

    def _append(self, after: int, records: Sequence[Record]) -> None:
        opened = self._open_to_write()
        self._insist_on_head()
        opened.execute("BEGIN IMMEDIATE")
        try:
            last, _ = database.newest(opened)
            if last != after:
                raise NotRecorded(f"{self._file} is at version {last}, expected {after}")
            if not records:
                # Something must be written, or a full disk would look well.
                (probes,) = opened.execute("PRAGMA user_version").fetchone()
                opened.execute(f"PRAGMA user_version = {(probes + 1) % 1_000}")
            database.insert(opened, after, records)
            opened.execute("COMMIT")
        except BaseException:
            # A failed COMMIT may leave the transaction open; the next BEGIN would then fail.
            if opened.in_transaction:
                opened.execute("ROLLBACK")
            raise
        if not self._noted:
            self._try_to_note(self._newest())

    def _open_to_write(self) -> sqlite3.Connection:
        if self._writer:
            return self._writer
        if not database.exists(self._file, head.read(self._head)):
            database.create(self._file)
        opened = sqlite3.connect(self._file, timeout=database.BUSY_SECONDS, isolation_level=None)
        try:
            for pragma in ("journal_mode=WAL", *database.DURABLE):
                opened.execute(f"PRAGMA {pragma}")
            if not database.has_seals(opened):
                opened.execute("ALTER TABLE record ADD COLUMN seal BLOB")
            opened.text_factory = bytes
            # Of the file that is open, whatever is put in its place later.
            self._inode = self._file.stat().st_ino
        except (sqlite3.Error, OSError):
            opened.close()
            raise
        self._writer = opened
        return opened

    def _keep_head(self) -> None:
        while True:
            self._appended.wait()
            gevent.sleep(HEAD_SECONDS)
            self._appended.clear()
            self._on_thread(lambda: self._try_to_note(self._newest()))
            if self._failing_since is not None:
                self._appended.set()

    def _insist_on_head(self) -> None:
        """Write the head first if it has failed for long.

        Receipts would otherwise go on without the witness that they rely on.
        """
        since = self._failing_since
        if since is None or time.monotonic() < since + HEAD_PATIENCE_SECONDS:
            return
        try:
            self._note(self._newest())
        except OSError as error:
            raise NotRecorded(f"{head.NAME} cannot be written: {error.strerror}") from error

    def _newest(self) -> tuple[int, bytes]:
        with suppress(sqlite3.Error):
            if self._writer:
                return database.newest(self._writer)
        return 0, b""

    def _try_to_note(self, newest: tuple[int, bytes]) -> None:
        with suppress(OSError):  # the older head stays true, and `append` insists in time
            self._note(newest)

    def _note(self, newest: tuple[int, bytes]) -> None:
        if not newest[0]:
            return
        if self._failing_since is None:
            self._failing_since = time.monotonic()  # until it is known to be written
        # A clock that was set back must not make the file look as if it was changed behind us.
        at = max(time.time_ns(), self._file.stat().st_ctime_ns)
        head.write(self._head, Head(*newest, at, self._inode))
        self._noted, self._failing_since = True, None

    def close(self) -> None:
        if self._keeper:
            self._keeper.kill()
        try:
            self._on_thread(self._close)
        finally:
            self._give_back()

    def _close(self) -> None:
        newest = self._newest()
        self._try_to_note(newest)
        for opened in (self._reader, self._writer):
            if opened:
                opened.close()
        # Again: closing has changed the file, and it must not look restored.
        self._try_to_note(newest)

    def _give_back(self) -> None:
        self._worker.end()
        self._held.close()

    def _on_thread(self, work: Callable[[], T]) -> T:
        try:
            return self._worker.do(work)
        except (sqlite3.Error, OSError) as error:
            raise NotRecorded(f"{self._file}: {error}") from error
