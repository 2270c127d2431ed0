"""Where a room's votes, names and password are kept: a data folder, or a room in Redis.

Owns what the command line can do with either while no server need run: look, hold, fill. Never
follows a journal, and mends none.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from voting import database, head, sighting, verify
from voting.config import Config, Journal
from voting.folder import hold
from voting.head import Head
from voting.journal import InUse, Unusable
from voting.names import FolderNames, Names
from voting.records import FORMAT, Begin, Record, encode, sealed
from voting.safe import FolderSafe
from voting.verify import Report


class Place(Protocol):
    """One of the two; `shown` is what people call it, without a password."""

    shown: str
    names: Names

    def examine(self) -> Report:
        """Read, fold and recount the journal.

        Raises:
            JournalError, OSError: it cannot be read now.
        """

    def password(self) -> str:
        """Return the hash of the admin's password, "" if there is none.

        Raises:
            OSError: nobody can say now.
        """

    def held(self) -> AbstractContextManager[None]:
        """See that no server runs on it.

        Raises:
            Unusable: one does, or, at the end, did.
            NotRecorded: nobody can say.
        """

    def fill(self, report: Report) -> None:
        """Write the records of a journal that is whole; they go on in a new epoch.

        Raises:
            Unusable: there is a journal already, or it cannot be here.
            NotRecorded, OSError: it cannot be written now.
        """


class Folder:
    """A data folder."""

    def __init__(self, folder: Path) -> None:
        self.shown = str(folder)
        self.names: Names = FolderNames(folder)
        self.folder = folder

    def examine(self) -> Report:
        """Look at it; a server may run."""
        return verify.examine(self.folder)

    def password(self) -> str:
        """Return what its file holds."""
        return FolderSafe(self.folder).hash()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold it."""
        if not self.folder.exists():
            raise Unusable(f"there is no folder {self.shown}")
        with self._holding():
            yield

    def fill(self, report: Report) -> None:
        """Make the journal's file, which appears whole, and its head."""
        state = report.state
        now = max(state.at, time.time_ns() // 1_000_000)
        begin = Record(now, encode(Begin(FORMAT, secrets.token_hex(8))))
        records = [*report.records, *sealed(state.chain, [begin])]
        with self._holding():
            found = self.examine()
            if found.records or found.problem:
                raise Unusable(
                    f"there is a journal in {self.shown} already; move its journal.* elsewhere, or"
                    " choose another folder"
                )
            file = self.folder / database.NAME
            database.create(file, records)
            newest = Head(state.version + 1, records[-1].seal, time.time_ns(), file.stat().st_ino)
            head.write(self.folder / head.NAME, newest)
            sighting.is_here_again(self.folder)

    def _holding(self) -> AbstractContextManager[BinaryIO]:
        """Hold the folder, which is made if need be."""
        try:
            return closing(hold(self.folder))
        except InUse:
            raise Unusable(f"a server is running on {self.shown}; stop it first") from None


def in_redis(settings: Journal) -> Place:
    """Return a room in Redis."""
    # redis-py takes 70 ms to load: who has no room there need not wait for that.
    from voting.place_redis import InRedis

    return InRedis(settings)


def place_of(settings: Config) -> Place:
    """Return where a server with this configuration keeps votes and names.

    Raises:
        Elsewhere: that is in Redis, and the configuration does not say so.
    """
    if settings.journal.url:
        return in_redis(settings.journal)
    sighting.expect_here(settings.data)
    return Folder(settings.data)
