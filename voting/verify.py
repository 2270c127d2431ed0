"""A look at a journal without a server: is it what was recorded, and what was counted?

Owns the report and its words. Changes nothing, and needs no lock: a server may be running on the
same folder.
"""

from __future__ import annotations

import csv
import io
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from voting import database, head
from voting.ballots import apply
from voting.export import LIST_COLUMNS, public_list
from voting.journal import Damaged, JournalError
from voting.records import SEALED_SINCE, Record, first_version, last_version
from voting.state import Broken, Newer, Receipt, Round, State

PREPARED = "journal.repaired"
"""A repaired journal on its way to its place: it is there only while a repair has not ended."""


@dataclass(frozen=True)
class Report:
    """The good records of a journal, the room as of the last of them, and what is wrong.

    A good record is one that a seal proves, or that is older than seals and can be folded.
    `is_damaged` says that a repair would help, `left_out` how many records it would leave out, as
    far as that is known.
    """

    records: list[Record]
    state: State
    problem: str | None = None
    is_damaged: bool = False
    left_out: int = 0


def examine(folder: Path) -> Report:
    """Read, fold and recount the journal in a folder.

    Raises:
        JournalError, OSError: it cannot be read now.
    """
    records, damage = _read(folder)
    good, state, broken = _prove(records)
    if isinstance(broken, Newer):
        problem = f"a newer version of this program wrote it ({broken})"
        return Report(good, state, problem)
    if damage or broken:
        return _damaged(folder, good, last_version(records), str(damage or broken))
    return Report(good, state, miscounted(state))


def examine_records(records: list[Record]) -> Report:
    """Fold and recount the records of a journal that lies elsewhere."""
    good, state, broken = _prove(records)
    return Report(good, state, str(broken) if broken else miscounted(state))


def _damaged(folder: Path, good: list[Record], known: int, problem: str) -> Report:
    if (folder / PREPARED).exists():
        problem = "its repair was begun and has not ended"
        good, _ = database.readable(folder / PREPARED)
    else:
        for records in database.salvaged(folder / database.NAME):
            good = max(good, _prove(records)[0], key=len)
    with suppress(Damaged):
        noted = head.read(folder / head.NAME)
        known = max(known, noted.version if noted else 0)
    left_out = max(0, known - last_version(good))
    return Report(good, _fold(good), problem, is_damaged=True, left_out=left_out)


def _read(folder: Path) -> tuple[list[Record], Damaged | None]:
    file = folder / database.NAME
    records: list[Record] = []
    try:
        noted = head.read(folder / head.NAME)
        if database.exists(file, noted):
            records, damage = database.readable(file)
            if damage:
                raise damage
            database.check(records, noted)
    except Damaged as damage:
        return records, damage
    return records, None


def _prove(records: list[Record]) -> tuple[list[Record], State, Broken | None]:
    """Return the good records, the room as of them, and what is wrong with those behind them."""
    state, good = State(), 0
    broken: Broken | None = None
    for number, record in enumerate(records, 1):
        try:
            apply(state, record)
        except Broken as error:
            broken = error
            break
        if record.seal or state.format < SEALED_SINCE:
            good = number
    if broken is None and good == len(records):
        return records, state, None
    broken = broken or Broken(f"the records from {first_version(records) + good} on have no seal")
    return records[:good], _fold(records[:good]), broken


def _fold(records: list[Record]) -> State:
    state = State()
    for record in records:
        apply(state, record)
    return state


def miscounted(state: State) -> str | None:
    """Count all receipts again, another way than the fold, and say where the counts differ."""
    standing: dict[int, dict[tuple[str, str], Receipt]] = defaultdict(dict)
    rounds = state.rounds | ({state.stage: state.rehearsal.round} if state.rehearsal else {})
    for voter, receipts in state.receipts.items():
        for receipt in receipts.values():
            # A tap adds to those before it, any other ballot takes their place.
            taps = rounds[receipt.round].poll.rule == "taps"
            standing[receipt.round][voter, receipt.ballot if taps else ""] = receipt
    came_by = Counter(voter for voter in state.admission.codes.values() if voter)
    if came_by != Counter(state.admission.voters):
        return "not every voter who came by a code has one of their own"
    for current in rounds.values():
        found = standing[current.id]
        counts = Counter(choice for receipt in found.values() for choice in receipt.choices)
        voted = len({voter for voter, _ in found})
        if (counts, len(found), voted) != (
            +Counter(current.counts),
            current.ballots,
            current.voted,
        ):
            return f"the counts of round {current.id} are not those of its ballots"
    return None


def lines(report: Report) -> list[str]:
    """Say it in lines: one for each round, one for the codes if there are any, and the verdict."""
    return [*map(_line, report.state.rounds.values()), *_codes(report), _verdict(report)]


def damage_sentence(folder: Path, shown: str) -> str:
    """Say what is wrong with the journal in a folder, where the good part ends, and what to do.

    `shown` is how the folder is named to the person who started the server.
    """
    try:
        report = examine(folder)
    except (JournalError, OSError) as error:
        return f"The journal in {shown} is damaged, and cannot be looked through: {error}."
    if not report.is_damaged:
        return f"The journal in {shown} cannot be used: {report.problem}."
    return (
        f"The journal in {shown} is damaged: {report.problem}. {_last_good(report)} {_FIRST} To go"
        f" on from there, run: python3 start.py verify --data {shlex.quote(shown)} --repair"
        " (it keeps the damaged files)."
    )


def _line(current: Round) -> str:
    counts = ", ".join(
        f"{candidate.name} {current.counts[candidate.id]:,}"
        for candidate in current.poll.candidates
    )
    ballots = "1 ballot" if current.ballots == 1 else f"{current.ballots:,} ballots"
    voters = "1 voter" if current.voted == 1 else f"{current.voted:,} voters"
    question = " ".join(current.poll.question.split())
    parts = [f"Round {current.id}", question, current.state, f"{ballots} by {voters}", counts]
    return " · ".join(parts)


def _codes(report: Report) -> list[str]:
    admission = report.state.admission
    if not admission.codes:
        return []
    return [f"Codes · {len(admission.codes):,} made, {len(admission.voters):,} used"]


def _verdict(report: Report) -> str:
    state = report.state
    if report.is_damaged:
        return (
            f"The journal is damaged: {report.problem}. {_last_good(report)} {_FIRST} To go on from"
            " there, repeat this with --repair (it keeps the damaged files)."
        )
    if report.problem:
        return f"The journal cannot be used: {report.problem}."
    if not report.records:
        return "There is no journal yet."
    records = "1 record" if state.version == 1 else f"{state.version:,} records"
    if (first := first_version(report.records)) > 1:
        records += f", those up to {first:,} as one state"
    chain = "chain unbroken" if state.sealed else "older than seals"
    return f"{records}, {chain}, up to {_time(state)}."


def _last_good(report: Report) -> str:
    if not report.records:
        return "No record of it is good."
    good = f"The last good record is number {report.state.version:,}, of {_time(report.state)}"
    match report.left_out:
        case 0:
            return f"{good}."
        case 1:
            return f"{good}; a repair leaves out the one behind it."
        case n:
            return f"{good}; a repair leaves out the {n:,} behind it."


_FIRST = "If a file was lost, or there is a backup, put that back first."


def _time(state: State) -> str:
    return f"{datetime.fromtimestamp(state.at / 1_000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def check_list(state: State, text: str) -> list[str]:
    """Say in sentences where a public list of receipts differs from the journal."""
    try:
        header, *rows = _cells(text)
    except (csv.Error, ValueError):
        header, rows = [], []
    if tuple(header) != LIST_COLUMNS:
        return [f"This is no list of receipts: it does not begin with {','.join(LIST_COLUMNS)}."]
    rounds = {str(id): current for id, current in state.rounds.items()}
    listed: dict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
    differences = []
    for number, row in enumerate(rows, 1):
        if len(row) != len(LIST_COLUMNS):
            differences.append(f"Row {number} has {len(row)} cells instead of {len(LIST_COLUMNS)}.")
        elif row[0] not in rounds:
            differences.append(f"There is no round {row[0]} in the journal.")
        else:
            listed[row[0]][tuple(row)] += 1
    for id, found in listed.items():
        differences += _compare(rounds[id], found)
    if not rows and all(current.ballots for current in state.rounds.values()):
        differences.append("The list is empty, and each round in the journal holds ballots.")
    return list(dict.fromkeys(differences))


def _compare(current: Round, listed: Counter[tuple[str, ...]]) -> Iterator[str]:
    counted = Counter(map(tuple, _cells(public_list(current))[1:]))
    codes = {code for *_, code in counted}
    for row in sorted(listed - counted):
        _, choice, name, code = row
        if code not in codes:
            yield f"Round {current.id}: code {code} does not count in the journal."
        elif row in counted:
            yield f"Round {current.id}: code {code} is listed more than once under {name}."
        else:
            yield f"Round {current.id}: code {code} is not under {name} ({choice}) in the journal."
    for _, _, name, code in sorted(counted - listed):
        yield f"Round {current.id}: code {code} under {name} is missing from the list."


def _cells(text: str) -> list[list[str]]:
    return [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
