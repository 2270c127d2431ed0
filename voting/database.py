"""The journal's SQLite file: one table, a row for each record.

Owns the table, and tells damage from trouble that may pass. Never decides what is written, or when.

Reading goes through a connection that cannot write. SQLite would otherwise tidy up when it closes:
move the log into the database, and remove it. Beside an empty database it removes the log all the
same, so that is looked at first.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from voting.folder import rename
from voting.head import Head
from voting.journal import Damaged, NotRecorded
from voting.records import Record, first_version, last_version

NAME = "journal.sqlite"

BUSY_SECONDS = 1.0
"""How long a call waits for somebody else's lock on the file before it counts as failed."""

PAGE = 4_096

DURABLE = ("synchronous=FULL", "fullfsync=ON")
"""What it takes for a commit to survive a power cut; macOS needs the second."""

_MAY_PASS = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_INTERRUPT,
}


def log_of(file: Path) -> Path:
    """Return where SQLite keeps a database's write-ahead log."""
    return file.with_name(file.name + "-wal")


def exists(file: Path, head: Head | None) -> bool:
    """Say whether there is a journal, or a place for a new one.

    Raises:
        Damaged: there was a journal, and its file is gone or empty.
    """
    log = log_of(file)
    if not file.exists():
        if head or (log.exists() and log.stat().st_size):
            raise Damaged(f"{file.name} is missing")
        return False
    if file.is_file() and file.stat().st_size <= 1:  # SQLite takes one byte for none
        raise Damaged(f"{file.name} is empty")
    return True


def open_to_read(file: Path) -> sqlite3.Connection:
    """Open a database that is there; nothing in it will change."""
    database = sqlite3.connect(
        f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS, isolation_level=None
    )
    database.text_factory = bytes  # what bytes lie there is for the seals to judge
    return database


def rows(database: sqlite3.Connection, after: int, most: int = -1) -> Iterator[Record]:
    """Read the records behind version `after`, oldest first, `most` of them or all.

    Raises:
        Damaged: the next one cannot be read, now or later.
        sqlite3.Error: it cannot be read now.
    """
    try:
        query = (
            "SELECT version, at, body, seal FROM record WHERE version > ? ORDER BY version LIMIT ?"
        )
        if not has_seals(database):
            query = query.replace("seal", "NULL")
        expected = after + 1
        for row in database.execute(query, (after, most)):
            if expected == 1:
                expected = _first(row[2])
            yield _record(expected, *row)
            expected += 1
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
        if code & 0xFF in _MAY_PASS:
            raise
        raise Damaged(f"the database file is damaged ({error})") from error


def _first(body: object) -> int:
    """Return which number the first row of all should have, as its body says."""
    return first_version([Record(0, body)]) if isinstance(body, bytes) else 1


def _record(expected: int, version: object, at: object, body: object, seal: object) -> Record:
    if isinstance(version, int) and version > expected:
        raise Damaged.missing(expected, expected)  # how many more, a damaged number cannot tell
    if (
        version != expected
        or not isinstance(at, int)
        or not isinstance(body, bytes)
        or not isinstance(seal, bytes | None)
    ):
        raise Damaged(f"record {expected} is damaged")
    return Record(at, body, seal or b"")


def has_seals(database: sqlite3.Connection) -> bool:
    """Say whether the table has a place for seals; in journals of format 1 it has none."""
    named = "SELECT count(*) FROM pragma_table_info('record') WHERE name = 'seal'"
    (found,) = database.execute(named).fetchone()
    return bool(found)


def newest(database: sqlite3.Connection) -> tuple[int, bytes]:
    """Return the last record's version and seal; 0 where there is none."""
    query = "SELECT version, seal FROM record ORDER BY version DESC LIMIT 1"
    version, seal = database.execute(query).fetchone() or (0, None)
    return version, seal or b""


def check(records: list[Record], head: Head | None) -> None:
    """Compare all records of a journal with its head.

    Raises:
        Damaged: they end before it, or are others, or end amid what was appended at once.
    """
    first, last = first_version(records), last_version(records)
    if head and last < head.version:
        raise Damaged.missing(last + 1, head.version)
    if head and (head.version < first or records[head.version - first].seal != head.seal):
        raise Damaged(f"record {head.version} is not the one that was recorded")
    if records and not records[-1].seal and any(record.seal for record in records):
        raise Damaged.missing(last + 1, last + 1)


def readable(file: Path) -> tuple[list[Record], Damaged | None]:
    """Read as far as records can be read, and say what the next one stumbled on.

    Raises:
        NotRecorded: the file cannot be read now.
    """
    records: list[Record] = []
    try:
        with closing(open_to_read(file)) as database:
            try:
                for record in rows(database, 0):
                    records.append(record)
            except Damaged as damage:
                # Python's cursor looks one row ahead, and has kept the one before the damage.
                with suppress(Damaged):
                    records += rows(database, last_version(records), most=1)
                return records, damage
    except sqlite3.Error as error:
        raise NotRecorded(f"{file}: {error}") from error
    return records, None


def salvaged(file: Path) -> Iterator[list[Record]]:
    """Read as far as records can be read when nothing is trusted, in two ways, and on a copy.

    The first page has the header and the table's definition, which are the same in every journal.
    So a new one takes its place; it does not say how many pages there are, so none is overlooked.
    The other way is to read the file as it lies.

    Raises:
        NotRecorded, OSError: it cannot be read now.
    """
    with TemporaryDirectory() as folder:
        copy = Path(folder) / NAME
        create(copy)
        page = copy.read_bytes()[:PAGE]
        for first in (page[:28] + bytes(4) + page[32:], b""):
            for source, target in [(file, copy), (log_of(file), log_of(copy))]:
                if source.exists():
                    shutil.copyfile(source, target)
            with open(copy, "r+b") as opened:
                opened.write(first)
            yield readable(copy)[0]


def create(file: Path, records: Sequence[Record] = ()) -> None:
    """Make a journal of records, over another if need be; it appears whole or not at all.

    Raises:
        NotRecorded, OSError: it cannot be written.
    """
    new = file.with_name(file.name + "-new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)  # who voted what is nobody else's on this computer
    try:
        with closing(sqlite3.connect(new, isolation_level=None)) as database:
            # A half-written one is thrown away, so no journal of SQLite's own is needed.
            for pragma in (f"page_size={PAGE}", "auto_vacuum=NONE", "journal_mode=OFF", *DURABLE):
                database.execute(f"PRAGMA {pragma}")
            database.execute("BEGIN")
            database.execute(
                "CREATE TABLE record (version INTEGER PRIMARY KEY,"
                " at INTEGER NOT NULL, body BLOB NOT NULL, seal BLOB)"
            )
            insert(database, first_version(records) - 1, records)
            database.execute("COMMIT")
            database.execute("PRAGMA journal_mode=WAL")
    except sqlite3.Error as error:
        raise NotRecorded(f"{new}: {error}") from error
    rename(new, file)


def insert(database: sqlite3.Connection, after: int, records: Iterable[Record]) -> None:
    """Insert records behind version `after`, in the transaction that is open."""
    database.executemany(
        "INSERT INTO record (version, at, body, seal) VALUES (?, ?, ?, ?)",
        [(n, at, body, seal or None) for n, (at, body, seal) in enumerate(records, after + 1)],
    )
