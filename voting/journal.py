"""The journal's interface, and what can go wrong with one.

Owns three verbs: read from a version on, append after a version, close. Never interprets a record.
The caller names the version it has folded; a journal that holds more, or less, refuses to append
instead of forking history.

What can go wrong:

    JournalError
    ├── NotRecorded     this append did not happen, or nobody knows; read the tail again
    ├── Unusable        this journal cannot be opened; the text tells a person why
    │   └── InUse       because another process holds its folder
    └── Damaged         it does not hold what was recorded; the text tells a person what is wrong
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from voting.records import Record


class JournalError(Exception):
    """Something about the journal is not as it should be."""


class NotRecorded(JournalError):
    """The records are not, or not known to be, in the journal."""


class Unusable(JournalError):
    """The journal cannot be opened; the text is for the person who started the server."""


class InUse(Unusable):
    """Another process holds the journal's folder."""


class Damaged(JournalError):
    """The journal does not hold what was recorded; the text is the half of a sentence about it."""

    @classmethod
    def missing(cls, first: int, last: int) -> Damaged:
        """Say which records are missing."""
        named = f"record {first} is" if first == last else f"records {first} to {last} are"
        return cls(f"{named} missing")


class Journal(Protocol):
    """An append-only list of records; the first has version 1."""

    restored: bool
    """Whether these records seem to be a copy that was put here; a new one is no copy."""

    def read(self, after: int) -> list[Record]:
        """Return the records behind version `after`, oldest first.

        Reading changes nothing: evidence of a damage stays as it is.

        Raises:
            NotRecorded: the journal cannot be read now.
            Damaged: records are missing, or are not what was recorded, as far as a journal can
                tell; what their seals prove, the fold finds out.
        """

    def append(self, after: int, records: Sequence[Record]) -> None:
        """Append records behind version `after`; they are durable when this returns.

        No records at all is a question: would an append be durable now?

        Raises:
            NotRecorded: they are not in the journal, or its last version is not `after`.
        """

    def close(self) -> None:
        """Give the journal back; it is not used again."""
