"""What lies on the disk against what phones were told.

Owns the comparison. Reads a copy of a journal that nobody writes at the moment, so that what the
server finds when it goes on is exactly what it left behind.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path

from tests.audience import Audience, Numbers
from tests.retrying import Told, stand
from voting.ballots import apply
from voting.records import Ballot, Command, Record, decode
from voting.state import Done, Receipt, State


def read_journal(folder: Path) -> list[Record]:
    """Read all records from a copy of a journal; the original is not even opened by SQLite."""
    with tempfile.TemporaryDirectory(prefix="witness-") as aside:
        for name in ("journal.sqlite", "journal.sqlite-wal"):
            if (folder / name).exists():
                shutil.copy(folder / name, aside)
        with closing(sqlite3.connect(Path(aside) / "journal.sqlite")) as copy:
            rows = copy.execute("SELECT at, body FROM record ORDER BY version")
            return [Record(at, body) for at, body in rows]


class Witness:
    """Follows a journal from look to look, and holds it against an audience."""

    def __init__(self, audience: Audience) -> None:
        self.state = State()
        self.records: list[Record] = []
        self.commands = 0
        self._audience = audience
        self._voters: dict[str, str] = {}
        self._counted: dict[str, dict[str, Told]] = {name: {} for name in audience.phones}

    def look(self, folder: Path) -> None:
        """Compare everything; phones may each not know yet whether one ballot has counted."""
        found = read_journal(folder)
        assert found[: len(self.records)] == self.records, "what was recorded is gone, or changed"
        self._compare_shown()
        for record in found[len(self.records) :]:
            self._follow(record)
            self._compare_shown()
        self.records = found
        assert len(self._audience.epochs) <= 1, "a restart is no new history"
        assert not self._audience.shown, "a page was shown what the journal does not hold"
        standing = [self._standing(name) for name in self._audience.phones]
        for round in self.state.rounds.values():
            mine = [ballots[round.id] for ballots in standing if round.id in ballots]
            counts = Counter(choice for held in mine for told in held for choice in told.choices)
            assert Counter(round.counts) == counts, f"round {round.id} has other counts"
            assert (round.ballots, round.voted) == (sum(map(len, mine)), len(mine))

    def _follow(self, record: Record) -> None:
        """Fold one record; a ballot must have been sent as it is, by one voter, and count once."""
        state, body = self.state, decode(record.body)
        outcome = apply(state, record)
        self.commands += isinstance(body, Command) and isinstance(outcome, Done)
        if isinstance(body, Ballot):
            name = body.ballot.partition("-")[0]
            assert self._voters.setdefault(name, body.voter) == body.voter, body
            assert self._audience.phones[name].sent.get(body.ballot) == (body.round, body.choices)
            if isinstance(outcome, Receipt) and outcome.version == state.version:
                assert body.ballot not in self._counted[name], f"{body.ballot} counts twice"
                told = Told(body.round, body.choices, state.version, outcome.code)
                self._counted[name][body.ballot] = told

    def _compare_shown(self) -> None:
        """Compare what pages were shown at the version of the fold with the fold."""
        shown = self._audience.shown.pop(self.state.version, None)
        stage = self.state.on_stage
        if shown is not None and stage is not None:
            numbers = Numbers(stage.id, stage.counts, stage.ballots, stage.voted)
            assert shown == numbers, f"at version {self.state.version}"

    def _standing(self, name: str) -> dict[int, list[Told]]:
        """Return what counts of a phone's, after comparing its receipts with the journal's."""
        phone, counted = self._audience.phones[name], self._counted[name]
        assert phone.receipts.items() <= counted.items(), f"{name} holds a receipt for nothing"
        assert counted.keys().isdisjoint(phone.refused), f"{name} was refused a ballot that counts"
        unheard = counted.keys() - phone.receipts.keys()
        assert not unheard or (phone.underway and unheard == {phone.underway["ballot"]}), unheard
        standing = {round: list(held) for round, held in phone.standing.items()}
        for ballot in unheard:
            told = counted[ballot]
            stand(standing, self._audience.rules[told.round], told)
        return standing
