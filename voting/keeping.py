"""What outlives a server, and where it is kept: here, in the data folder.

Owns the choice of what keeps a room in a folder. In Redis it is `keeping_redis.py`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voting import keys, sighting
from voting.config import Config
from voting.fleet import Alone, Fleet
from voting.journal import Journal
from voting.journal_sqlite import SqliteJournal
from voting.keys import Keys
from voting.names import FolderNames, Names
from voting.safe import FolderSafe, Safe

if TYPE_CHECKING:
    from voting.signing import Signing


@dataclass(frozen=True)
class Kept:
    """What is kept, and what is known of it before the start.

    `promise` says what a crash of a shared journal can lose. `ran_before`: whether there should be
    a journal already.
    """

    fleet: Fleet
    journal: Journal
    clock: Callable[[], int]
    keys: Keys
    safe: Safe
    names: Names
    ran_before: bool
    signing: Signing | None = None
    promise: str = ""


def in_folder(config: Config) -> Kept:
    """Keep everything in the data folder: one server, alone.

    Raises:
        JournalError, BadSecret: it cannot be kept there.
    """
    folder = config.data
    sighting.expect_here(folder)
    journal = SqliteJournal(folder)
    ran_before = keys.exist(folder)
    own = keys.keys(folder)
    safe, names = FolderSafe(folder), FolderNames(folder)
    return Kept(Alone(), journal, journal.clock, own, safe, names, ran_before)
