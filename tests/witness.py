"""What lies in a journal against what phones were told.

Owns the comparison. Reads a copy of a journal's file that nobody writes at the moment, so that what
the server finds when it goes on is exactly what it left behind. Whoever else has a journal's
records hands them in.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from tests.audience import Audience, Numbers
from tests.desk import Desk
from tests.retrying import Phone, Told, stand
from tests.voices import RECENT, Voice
from voting.ballots import apply
from voting.conversation import Said
from voting.records import Ballot, Command, Record, decode
from voting.speech import Say
from voting.state import Done, Outcome, Receipt, State


def read_journal(folder: Path) -> list[Record]:
    """Read all records from a copy of a journal; the original is not even opened by SQLite."""
    with tempfile.TemporaryDirectory(prefix="witness-") as aside:
        for name in ("journal.sqlite", "journal.sqlite-wal"):
            if (folder / name).exists():
                shutil.copy(folder / name, aside)
        with closing(sqlite3.connect(Path(aside) / "journal.sqlite")) as copy:
            rows = copy.execute("SELECT at, body FROM record ORDER BY version")
            return [Record(at, body) for at, body in rows]


def numbers_of(state: State) -> Numbers | None:
    """Return what pages show of a state, where a round is on stage."""
    stage = state.on_stage
    if stage is None:
        return None
    return Numbers(stage.id, dict(stage.counts), stage.ballots, stage.voted)


class Witness:
    """Follows a journal from look to look, and holds it against an audience.

    `epochs` are those that the journal has had; `anew` is how many ballots were counted once more
    in a later one, after what had counted them was lost. `wall` maps the keys of messages to their
    public names, in the order in which they were said first.
    """

    def __init__(self, audience: Audience) -> None:
        self.state = State()
        self.records: list[Record] = []
        self.commands = 0
        self.anew = 0
        self.epochs: set[str] = set()
        self._audience = audience
        self._voters: dict[str, str] = {}
        self._numbers: dict[tuple[str, int], Numbers | None] = {}
        self._counted: dict[str, dict[str, Told]] = {name: {} for name in audience.phones}
        self.wall: dict[str, str] = {}
        self._here: set[str] = set()

    def look(self, folder: Path) -> None:
        """Follow a journal's file, and compare."""
        found = read_journal(folder)
        assert found[: len(self.records)] == self.records, "what was recorded is gone, or changed"
        self.follow(found[len(self.records) :])
        assert len(self.epochs) <= 1, "a restart is no new history"
        self.compare()

    def follow(self, records: Iterable[Record]) -> None:
        """Fold what follows; a ballot must be as it was sent, of one voter, and count once."""
        for record in records:
            self._follow(record)
            self.records.append(record)

    def go_on_from(self, state: State) -> None:
        """Take a state in the place of records that are not there any more.

        Those that no server had folded are in none. What pages were shown of its epoch behind the
        last look cannot be compared with anything; receipts can.
        """
        counted: dict[str, dict[str, Told]] = {name: {} for name in self._audience.phones}
        for voter, receipts in state.receipts.items():
            for ballot, receipt in receipts.items():
                name = self._sender(ballot, voter, receipt.round, receipt.choices)
                counted[name][ballot] = told_of(receipt)
        self.state, self._counted = state, counted
        self._here = {key for answers in state.talk.said.values() for key in answers}
        unknown = self._audience.shown.keys() - self._numbers.keys()
        for epoch, version in unknown:
            if epoch == state.epoch and version <= state.version:
                del self._audience.shown[epoch, version]
        self._note()

    def compare(self) -> None:
        """Compare everything; phones may each not know yet whether one ballot has counted."""
        assert self._audience.epochs <= self.epochs, "a page was shown an epoch that never was"
        for place, numbers in self._audience.shown.items():
            assert place in self._numbers, f"a page was shown {place}, which never was"
            assert self._numbers[place] in (None, numbers), f"at {place}"
        standing = [self._standing(name) for name in self._audience.phones]
        for round in self.state.rounds.values():
            mine = [ballots[round.id] for ballots in standing if round.id in ballots]
            counts = Counter(choice for held in mine for told in held for choice in told.choices)
            assert Counter(round.counts) == counts, f"round {round.id} has other counts"
            assert (round.ballots, round.voted) == (sum(map(len, mine)), len(mine))
        for name, phone in self._audience.phones.items():
            self._compare_said(name, phone.voice)

    def _compare_said(self, name: str, voice: Voice) -> None:
        """Compare what a phone was told is said with what is; of one it may not know yet."""
        mine = {key: id for key, id in self.wall.items() if key.partition("-")[0] == name}
        assert voice.said.items() <= mine.items(), f"{name} was told of messages that are not there"
        unheard = mine.keys() - voice.said.keys()
        assert not unheard or (voice.underway and unheard == {voice.underway["key"]}), unheard
        known = self.state.talk.said.get(self._voters.get(name, ""), {})
        assert {*[*voice.said][-RECENT:]} <= known.keys(), f"{name} has said what is lost"

    def compare_export(self, desk: Desk) -> None:
        """Compare what phones hold with what a server exports, once all is answered."""
        recounted = desk.recount()
        for id, exported in desk.export().items():
            held = self._audience.counts(id)
            assert recounted[id] == held, f"rows of round {id} in the export"
            counts = {each["choice"]: each["count"] for each in exported["candidates"]}
            assert Counter(counts) == held, f"round {id} in the export"
            codes = {ballot["code"] for ballot in exported["receipts"]}
            assert codes == self._audience.codes(id), f"receipts of round {id} in the export"

    def _follow(self, record: Record) -> None:
        state, body = self.state, decode(record.body)
        outcome = apply(state, record)
        self.commands += isinstance(body, Command) and isinstance(outcome, Done)
        self._note()
        if isinstance(body, Ballot):
            name = self._sender(body.ballot, body.voter, body.round, body.choices)
            if isinstance(outcome, Receipt) and outcome.version == state.version:
                assert body.ballot not in self._counted[name], f"{body.ballot} counts twice"
                self._counted[name][body.ballot] = told_of(outcome)
        elif isinstance(body, Say):
            self._listen(body, outcome)

    def _listen(self, say: Say, outcome: Outcome) -> None:
        """Take in a message: as it was sent, of one voter, and said once in one history."""
        name = say.key.partition("-")[0]
        assert self._voters.setdefault(name, say.voter) == say.voter, say
        assert self._audience.phones[name].voice.sent.get(say.key) == say.text, say
        if isinstance(outcome, Said) and outcome.version == self.state.version:
            assert say.key not in self._here, f"{say.key} is said twice"
            self._here.add(say.key)
            assert self.wall.setdefault(say.key, outcome.id) == outcome.id, say

    def _note(self) -> None:
        """Note what pages may be shown of the state as it is."""
        self.epochs.add(self.state.epoch)
        self._numbers[self.state.epoch, self.state.version] = numbers_of(self.state)

    def _sender(self, ballot: str, voter: str, round: int, choices: tuple[str, ...]) -> str:
        """Return the phone that has sent a ballot, just so; one phone is one voter."""
        name = ballot.partition("-")[0]
        assert self._voters.setdefault(name, voter) == voter, ballot
        assert self._audience.phones[name].sent.get(ballot) == (round, choices)
        return name

    def _standing(self, name: str) -> dict[int, list[Told]]:
        """Return what counts of a phone's, after comparing its receipts with the journal's."""
        phone, counted = self._audience.phones[name], self._counted[name]
        self._renew(phone, counted)
        assert phone.receipts.items() <= counted.items(), f"{name} holds a receipt for nothing"
        assert counted.keys().isdisjoint(phone.refused), f"{name} was refused a ballot that counts"
        unheard = counted.keys() - phone.receipts.keys()
        assert not unheard or (phone.underway and unheard == {phone.underway["ballot"]}), unheard
        standing = {round: list(held) for round, held in phone.standing.items()}
        for ballot in unheard:
            told = counted[ballot]
            stand(standing, self._audience.rules[told.round], told)
        return standing

    def _renew(self, phone: Phone, counted: dict[str, Told]) -> None:
        """Let a phone know of ballots that an epoch's end had counted anew: as they were sent."""
        for ballot in list(phone.earlier):
            before, now = phone.receipts[ballot], counted.get(ballot)
            if now and now != before and now[:2] == before[:2]:
                phone.renew(ballot, now)
                self.anew += 1
        phone.earlier.clear()


def told_of(receipt: Receipt) -> Told:
    return Told(receipt.round, receipt.choices, receipt.version, receipt.code)
