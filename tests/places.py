"""Where each kind of journal keeps its records, and what a test can do to it from outside."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Protocol

from tests.redises import Redis
from voting import config, redis_stream
from voting.journal import Journal
from voting.journal_redis import RedisJournal
from voting.journal_sqlite import SqliteJournal
from voting.records import Record
from voting.redis_stream import Layout


class Place(Protocol):
    """A journal's place."""

    def open(self) -> Journal:
        """Open the journal that is here; the first time, a new one."""

    def again(self, opened: Journal, after: int) -> Sequence[Record]:
        """Read what is behind a version, which may have been read before."""

    def told(self, records: Sequence[Record]) -> Sequence[object]:
        """Return of records what this kind gives back as it was handed in."""

    def lose(self, version: int) -> None:
        """Take one record away behind the journal's back."""

    def block(self) -> AbstractContextManager[object]:
        """Let no append to the journal that is here succeed, within."""

    def stall(self) -> AbstractContextManager[object]:
        """Let appends wait for nothing, and fail in the end, within."""


class SqlitePlace:
    """A folder for a `SqliteJournal`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self) -> SqliteJournal:
        return SqliteJournal(self.folder)

    def again(self, opened: Journal, after: int) -> Sequence[Record]:
        return opened.read(after)

    def told(self, records: Sequence[Record]) -> Sequence[object]:
        return list(records)

    def outside(self) -> closing[sqlite3.Connection]:
        file = self.folder / "journal.sqlite"
        return closing(sqlite3.connect(file, isolation_level=None))

    def lose(self, version: int) -> None:
        with self.outside() as database:
            database.execute("DELETE FROM record WHERE version = ?", (version,))

    def block(self) -> closing[sqlite3.Connection]:
        blocker = self.outside()
        blocker.thing.execute("BEGIN IMMEDIATE")
        return blocker

    stall = block


class RedisPlace:
    """A room of its own in a Redis. Times and seals are not handed in there."""

    def __init__(self, redis: Redis, folder: Path, room: str = "") -> None:
        self.redis = redis
        self.folder = folder
        self.settings = config.Journal(url=redis.url, room=room or secrets.token_hex(6))

    def open(self) -> RedisJournal:
        return RedisJournal(self.settings, secrets.token_hex(4), self.folder)

    def again(self, opened: Journal, after: int) -> Sequence[Record]:
        with closing(self.open()) as another:
            return another.read(after)

    def told(self, records: Sequence[Record]) -> Sequence[object]:
        return [record.body for record in records]

    def key(self, name: str) -> str:
        return f"{{{self.settings.room}}}:{name}"

    @property
    def stream(self) -> str:
        layout = Layout(self.key)
        return layout.stream(layout.look(self.redis.client).history)

    def lose(self, version: int) -> None:
        for entry in redis_stream.behind(self.redis.client, self.stream, redis_stream.START):
            if entry.after < version <= entry.version:
                self.redis.client.xdel(self.stream, entry.id)

    @contextmanager
    def block(self) -> Iterator[None]:
        self.redis.client.config_set("maxmemory", "1")
        try:
            yield
        finally:
            self.redis.client.config_set("maxmemory", "0")

    def stall(self) -> AbstractContextManager[None]:
        return self.redis.paused()


PLACES: dict[str, Callable[[Path, Callable[[], Redis]], Place]] = {
    "sqlite": lambda folder, redis: SqlitePlace(folder),
    "redis": lambda folder, redis: RedisPlace(redis(), folder),
}
"""Every kind of journal keeps the contract in tests/test_journal.py."""


def body(*words: object) -> bytes:
    """Return a body as the journal sees one: a JSON object that it does not look into."""
    return json.dumps(words).encode()
