"""The journal's interface, and what can go wrong with one.

Owns the verbs: read from a version on, append behind a version, close. Never interprets a record.
The caller names the version it has folded; a journal that has another history than the caller
refuses, instead of forking it.

A journal may be shared by several servers. Then what is read back counts, and not what was handed
in: others' records may have come before it, and its time is the journal's.

What can go wrong:

    JournalError
    ├── NotRecorded     this append did not happen, or nobody knows; read the tail again
    │   ├── Moved       because another server's records came first
    │   ├── Restart     what the caller has folded is of no use here: go on from another state
    │   └── Lost        the journal is empty, and was not when it was opened
    ├── Unusable        this journal cannot be opened; the text tells a person why
    │   └── InUse       because another process holds its folder
    └── Damaged         it does not hold what was recorded; the text tells a person what is wrong
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from voting.histogram import Histogram
from voting.records import Record
from voting.state import State


class JournalError(Exception):
    """Something about the journal is not as it should be."""


class NotRecorded(JournalError):
    """The records are not, or not known to be, in the journal."""


class Moved(NotRecorded):
    """Another server has appended since."""


class Restart(NotRecorded):
    """What lies behind the caller's version is not there any more, or never was: begin anew.

    `state` is what to go on from. `is_cut` says that the caller had folded records which the
    journal does not hold: not all that anybody was told is true, so an epoch must end.
    """

    def __init__(self, reason: str, state: State, *, is_cut: bool) -> None:
        super().__init__(reason)
        self.state = state
        self.is_cut = is_cut


class Lost(NotRecorded):
    """The journal is empty, and was not before."""


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

    is_shared: bool
    """Whether other servers may append, too."""

    rest_seconds: float
    """The least time between two appends, unless very much waits."""

    commits: Histogram
    """How long each append took."""

    @property
    def entries(self) -> int:
        """Where it is shared: how many appends have been read, whoever made them."""

    def read(self, after: int) -> Sequence[Record]:
        """Return the records behind version `after` as of now, oldest first.

        `after` never goes back: what lies before it may not be had any more. Reading changes
        nothing: evidence of a damage stays as it is.

        Raises:
            NotRecorded: the journal cannot be read now.
            Damaged: records are missing, or are not what was recorded, as far as a journal can
                tell; what their seals prove, the fold finds out.
        """

    def append(
        self, after: int, records: Sequence[Record], *, exact: bool = False
    ) -> Sequence[Record]:
        """Append records; they are durable when this returns.

        Returns the records behind version `after` up to and including these, which are the last:
        with `exact`, or where nobody else appends, no others. No records at all is a question:
        would an append be durable now?

        Raises:
            NotRecorded: they are not in the journal, or `after` is not a version of it.
        """

    def watch(self, arrived: Callable[[], None]) -> None:
        """Have `arrived` called when others may have appended, or the journal cannot be reached."""

    def news(self, after: int) -> Sequence[Record]:
        """Return what others have appended behind `after`, as far as it has come by itself.

        Raises:
            NotRecorded: nothing comes any more.
        """

    def begin_again(self, state: State) -> None:
        """Offer a state to go on from, after `Lost`; `read` then says what became of that.

        Raises:
            NotRecorded: the journal cannot be written.
        """

    def tend(self, state: State) -> None:
        """Do, at leisure, what keeps the journal small; `state` is all that was read from it."""

    def close(self) -> None:
        """Give the journal back; it is not used again."""


class Unshared:
    """What a journal has no use for that is one server's own."""

    is_shared = False
    rest_seconds = 0.0
    entries = 0

    def watch(self, arrived: Callable[[], None]) -> None:
        """Nobody else appends."""

    def news(self, after: int) -> Sequence[Record]:  # noqa: ARG002
        """Nobody else appends."""
        return ()

    def begin_again(self, state: State) -> None:
        """Such a journal stops the start instead of being lost."""

    def tend(self, state: State) -> None:
        """Such a journal stays whole."""
