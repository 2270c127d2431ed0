"""What tests of the journal on disk share: a room's records in sealed batches, and its files."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

from voting.ballots import apply
from voting.journal_sqlite import SqliteJournal
from voting.records import (
    FORMAT,
    Ballot,
    Begin,
    Body,
    Candidate,
    Define,
    Open,
    Poll,
    Record,
    encode,
    sealed,
)
from voting.state import State

DATABASE, LOG, HEAD = "journal.sqlite", "journal.sqlite-wal", "journal.head"

NOON = 1_790_000_000_000

TALK = Poll(
    "talk",
    "Who should give the next talk?",
    (Candidate("ada", "Ada Lovelace"), Candidate("grace", "Grace Hopper")),
)


class History:
    """Records as an engine would append them, a second apart, and the state that they fold into."""

    def __init__(self, poll: Poll = TALK) -> None:
        self.state = State()
        self.records: list[Record] = []
        self.batches: list[list[Record]] = []
        self.batch(Begin(FORMAT, "epoch"))
        self.batch(Define(poll, "source"), Open(0, 1, poll.id))

    def batch(self, *bodies: Body) -> list[Record]:
        """Seal the records of these bodies as one append."""
        now = NOON + 1_000 * self.state.version
        batch = sealed(self.state.chain, [Record(now, encode(body)) for body in bodies])
        for record in batch:
            apply(self.state, record)
        self.records += batch
        self.batches.append(batch)
        return batch

    def vote(self, voter: str, *choices: str, ballot: str = "b1") -> list[Record]:
        """Cast one ballot in the round on stage."""
        return self.batch(Ballot(voter, ballot, self.state.stage, choices))

    def write(self, folder: Path) -> None:
        """Append what the journal in a folder lacks, batch by batch, and close it."""
        with closing(SqliteJournal(folder)) as journal:
            self.append_to(journal)

    def append_to(self, journal: SqliteJournal) -> None:
        """Append what a journal lacks, batch by batch."""
        held, version = len(journal.read(0)), 0
        for batch in self.batches:
            if version >= held:
                journal.append(version, batch)
            version += len(batch)


def contents(folder: Path) -> dict[str, bytes]:
    """Every byte that a journal consists of; an empty log is none."""
    found = {name: folder / name for name in (DATABASE, LOG, HEAD)}
    read = {name: file.read_bytes() for name, file in found.items() if file.exists()}
    return {name: content for name, content in read.items() if content or name != LOG}


def copied(folder: Path, to: Path) -> Path:
    """Copy a folder as it lies; of an open journal, that is what a kill would leave."""
    shutil.copytree(folder, to)
    return to
