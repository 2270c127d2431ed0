"""Rounds as tables: CSV for spreadsheets, JSON for scripts, and the public list of receipts.

Owns the columns and how a cell is written. Decides nothing about who may have them, and never
names a voter unless it is handed names. Pure.

The CSV is one table. A row is a `candidate` with its count, beside everything about its round, or a
`ballot`: one receipt code under one choice, so that counting the rows gives the counts again.
Ballots are in the order of their codes, which tells nothing of when they were cast.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from voting.receipts import codes_by_choice, counted
from voting.records import Results, Rule
from voting.state import Round

Kind = Literal["csv", "json"]

COLUMNS = (
    "row",
    "round",
    "poll",
    "question",
    "rule",
    "results",
    "state",
    "opened",
    "closed",
    "room",
    "voted",
    "turnout",
    "ballots",
    "choice",
    "name",
    "count",
    "share",
    "code",
    "voter",
)
"""The columns of the CSV, always all of them; an empty cell does not apply, or is not known."""

LIST_COLUMNS = ("round", "choice", "name", "code")

_FORMULA = re.compile(r"[\t\r]|[\s\ufeff\u200b]*[=+\-@＝＋－＠]")
"""What makes a spreadsheet run a cell instead of showing it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Cell = str | int | None


class CandidateResult(msgspec.Struct, frozen=True):
    """One candidate's part; `share` is of ballots: where each may name several, shares pass 1."""

    choice: str
    name: str
    count: int
    share: float


class CountedBallot(msgspec.Struct, frozen=True):
    """A ballot that counts, known by its receipt's code; `voter` is a name, where asked for."""

    code: str
    choices: tuple[str, ...]
    voter: str | None


class Result(msgspec.Struct, frozen=True):
    """One round as it is exported. Times are UTC; what is not known is null."""

    round: int
    poll: str
    question: str
    rule: Rule
    results: Results
    state: Literal["open", "closed"]
    opened: str
    closed: str | None
    room: int | None
    voted: int
    turnout: float | None
    ballots: int
    candidates: tuple[CandidateResult, ...]
    receipts: tuple[CountedBallot, ...]


def written(kind: Kind, results: Iterable[Result]) -> bytes:
    """Return results as a file: JSON, or CSV in UTF-8 with the mark that spreadsheets look for."""
    if kind == "json":
        return msgspec.json.encode({"rounds": list(results)}) + b"\n"
    rows = (row for found in results for row in _rows(found))
    table = _table(COLUMNS, (_cells(row.get(name) for name in COLUMNS) for row in rows))
    return table.encode("utf-8-sig")


def public_list(current: Round) -> str:
    """Return the receipts of a round as CSV, one row for each code and choice."""
    codes = codes_by_choice(current)
    return _table(
        LIST_COLUMNS,
        (
            (*shown, code)
            for candidate in current.poll.candidates
            # Once for all of its codes; a code itself is no formula.
            for shown in [_cells((current.id, candidate.id, candidate.name))]
            for code in codes[candidate.id]
        ),
    )


def result(current: Round, names: Mapping[str, str] | None = None, room: int = 0) -> Result:
    """Return everything that is exported of a round.

    Args:
        current: the round.
        names: voter → name, to say who cast a ballot; without it no voter is named.
        room: how many are present or have voted now, if the round is open; 0 is unknown.
    """
    poll = current.poll
    present = room if current.closed_at is None else current.room
    return Result(
        round=current.id,
        poll=poll.id,
        question=poll.question,
        rule=poll.rule,
        results=current.results,
        state=current.state,
        opened=utc(current.opened_at),
        closed=None if current.closed_at is None else utc(current.closed_at),
        room=present or None,
        voted=current.voted,
        turnout=_fraction(current.voted, present) if present else None,
        ballots=current.ballots,
        candidates=tuple(
            CandidateResult(
                candidate.id,
                candidate.name,
                current.counts[candidate.id],
                _fraction(current.counts[candidate.id], current.ballots),
            )
            for candidate in poll.candidates
        ),
        receipts=_ballots(current, names),
    )


def utc(at: int) -> str:
    """Write a time as ISO 8601 in UTC."""
    moment = _EPOCH + timedelta(milliseconds=at)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def defused(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def _ballots(current: Round, names: Mapping[str, str] | None) -> tuple[CountedBallot, ...]:
    found = (
        CountedBallot(receipt.code, receipt.choices, None if names is None else names.get(voter))
        for voter, receipt in counted(current)
    )
    return tuple(sorted(found, key=lambda ballot: ballot.code))


def _rows(found: Result) -> Iterator[dict[str, Cell]]:
    about: dict[str, Cell] = {
        "round": found.round,
        "poll": found.poll,
        "question": found.question,
        "rule": found.rule,
        "results": found.results,
        "state": found.state,
        "opened": found.opened,
        "closed": found.closed,
        "room": found.room,
        "voted": found.voted,
        "turnout": None if found.turnout is None else f"{found.turnout:.4f}",
        "ballots": found.ballots,
    }
    for each in found.candidates:
        yield {
            "row": "candidate",
            **about,
            "choice": each.choice,
            "name": each.name,
            "count": each.count,
            "share": f"{each.share:.4f}",
        }
    names = {each.choice: each.name for each in found.candidates}
    for ballot in found.receipts:
        for choice in ballot.choices:
            yield {
                "row": "ballot",
                "round": found.round,
                "choice": choice,
                "name": names[choice],
                "code": ballot.code,
                "voter": ballot.voter,
            }


def _table(columns: Iterable[str], rows: Iterable[Iterable[Cell]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()


def _cells(row: Iterable[Cell]) -> list[Cell]:
    return [defused(cell) if isinstance(cell, str) else cell for cell in row]


def _fraction(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
