"""export.py: rounds as CSV and JSON, and the public list of receipts."""

from __future__ import annotations

import csv
import io
import json
import os
from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.folding import POLL, Room
from voting import export
from voting.records import Candidate, Close, Open, Poll, Reopen, Reset, Rule
from voting.state import Receipt, Round

EXAMPLES = 1_000 if os.environ.get("TEST_ALL") else 100

SIGNS = "=+-@＝＋－＠"
LEADS = [
    "",
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    " =",
    "\t+",
    " \r\n@",
    "＝",
    "　－",
    "'",
    '"',
    ",",
    ";",
]
TEXTS = st.builds(
    str.__add__, st.sampled_from(LEADS), st.text(st.characters(exclude_categories=["Cs"]))
)


@st.composite
def rooms(draw: st.DrawFn) -> Room:
    """A room of some rule, whose names may be anything, after some votes and maybe a close."""
    rule: Rule = draw(st.sampled_from(["single", "approval", "taps"]))
    names = draw(st.lists(TEXTS, min_size=1, max_size=4))
    ids = [f"c{n}" for n in range(len(names))]
    room = Room(
        Poll(
            "poll",
            draw(TEXTS),
            tuple(map(Candidate, ids, names)),
            rule=rule,
            max_choices=len(ids) if rule == "approval" else 1,
        )
    )
    most = len(ids) if rule == "approval" else 1
    choices = st.lists(st.sampled_from(ids), min_size=1, max_size=most, unique=True)
    for n, (voter, chosen) in enumerate(
        draw(st.lists(st.tuples(st.sampled_from(VOTERS), choices), max_size=15))
    ):
        room.cast(voter, f"b{n}", *chosen)
    if draw(st.booleans()):
        room.steer(Close, draw(st.integers(0, 9)))
    return room


VOTERS = [f"1b671a64-40d5-491e-99b0-da01ff1f3{n:03}" for n in range(5)]
NAMES = st.dictionaries(st.sampled_from(VOTERS), TEXTS)


def table(written: bytes) -> list[dict[str, str]]:
    """Read a CSV as a spreadsheet does."""
    text = written.decode("utf-8-sig")
    assert text != written.decode(), "a spreadsheet needs the mark to read Chinese"
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def rows(current: Round, kind: str, **more: Any) -> list[dict[str, str]]:
    """Return the rows of a kind that a round has in the CSV."""
    written = export.written("csv", [export.result(current, **more)])
    return [row for row in table(written) if row["row"] == kind]


def cast(room: Room, voter: str, ballot: str, *choices: str) -> str:
    """Cast a ballot and return its receipt's code."""
    receipt = room.cast(voter, ballot, *choices)
    assert isinstance(receipt, Receipt)
    return receipt.code


def in_json(current: Round, **more: Any) -> Any:
    """Return a round as a script reads it."""
    (only,) = json.loads(export.written("json", [export.result(current, **more)]))["rounds"]
    return only


# Counts


@given(room=rooms())
@settings(max_examples=EXAMPLES)
def test_counting_the_ballots_gives_the_counts(room: Room) -> None:
    """In the CSV, in the JSON and in the public list, whatever the rule and the changes."""
    current = room.round
    listed = csv.DictReader(io.StringIO(export.public_list(current), newline=""), strict=True)
    recounted = {
        "csv": Counter(row["choice"] for row in rows(current, "ballot")),
        "json": Counter(c for ballot in in_json(current)["receipts"] for c in ballot["choices"]),
        "list": Counter(row["choice"] for row in listed),
    }
    counts = {row["choice"]: int(row["count"]) for row in rows(current, "candidate")}
    assert counts == {c["choice"]: c["count"] for c in in_json(current)["candidates"]}
    assert counts == current.counts
    for counter in recounted.values():
        assert counter == +Counter(counts)


@given(room=rooms())
@settings(max_examples=EXAMPLES)
def test_shares_are_of_the_ballots(room: Room) -> None:
    """Four digits, from 0 to 1; where a ballot may name several, together more than 1."""
    shares = [row["share"] for row in rows(room.round, "candidate")]
    assert all(len(share) == 6 and 0 <= float(share) <= 1 for share in shares)
    ballots = in_json(room.round)["receipts"]
    named = sum(len(ballot["choices"]) for ballot in ballots) / (len(ballots) or 1)
    assert sum(map(float, shares)) == pytest.approx(named, abs=0.0001 * len(shares))
    in_script = [c["share"] for c in in_json(room.round)["candidates"]]
    assert in_script == list(map(float, shares))


def test_a_changed_vote_is_exported_once() -> None:
    """Under its newest choice, with its newest code."""
    room = Room()
    room.cast("v", "b1", "ada")
    newest = cast(room, "v", "b2", "bob")
    (row,) = rows(room.round, "ballot")
    assert (row["choice"], row["name"], row["code"]) == ("bob", "Bob", newest)
    (candidate, _) = rows(room.round, "candidate")
    assert (candidate["voted"], candidate["ballots"], candidate["count"]) == ("1", "1", "0")


# Cells


@given(room=rooms(), names=NAMES)
@settings(max_examples=EXAMPLES)
def test_no_cell_is_a_formula(room: Room, names: dict[str, str]) -> None:
    """Question, candidates and voters' names alike, in the CSV and in the public list."""
    written = export.written("csv", [export.result(room.round, names)]).decode("utf-8-sig")
    for text in (written, export.public_list(room.round)):
        for row in csv.reader(io.StringIO(text, newline=""), strict=True):
            for cell in row:
                assert not cell.startswith(("\t", "\r"))
                assert cell.strip()[:1] not in [*SIGNS]


@given(room=rooms(), names=NAMES)
@settings(max_examples=EXAMPLES)
def test_text_comes_back_as_it_is_but_for_an_apostrophe(room: Room, names: dict[str, str]) -> None:
    """Commas, quotes and line breaks survive; JSON has no apostrophe that nobody wrote."""
    poll = room.round.poll
    asked, chosen = poll.question, [candidate.name for candidate in poll.candidates]
    written = rows(room.round, "candidate")
    assert all(row["question"] in (asked, f"'{asked}") for row in written)
    for row, name in zip(written, chosen, strict=True):
        assert row["name"] in (name, f"'{name}")
    found = in_json(room.round, names=names)
    assert (found["question"], [c["name"] for c in found["candidates"]]) == (asked, chosen)
    assert {ballot["voter"] for ballot in found["receipts"]} <= {None, *names.values()}


@pytest.mark.parametrize("text", ["Ada", "'t Hooft", "A=B", "3-1", "n@b", "屠呦呦", " ", ""])
def test_a_text_that_is_no_formula_is_left_alone(text: str) -> None:
    """A sign inside a name is no harm."""
    assert export.defused(text) == text


# Ballots


@given(room=rooms(), names=NAMES)
@settings(max_examples=EXAMPLES)
def test_ballots_stand_in_the_order_of_their_codes(room: Room, names: dict[str, str]) -> None:
    """Which tells nothing of when they were cast; the public list has it under each choice."""
    codes = [row["code"] for row in rows(room.round, "ballot", names=names)]
    assert codes == sorted(codes)
    codes = [ballot["code"] for ballot in in_json(room.round, names=names)["receipts"]]
    assert codes == sorted(codes)
    ids = [candidate.id for candidate in room.round.poll.candidates]
    _, *listed = csv.reader(io.StringIO(export.public_list(room.round), newline=""))
    ranks = [(ids.index(choice), code) for _, choice, _, code in listed]
    assert ranks == sorted(ranks)


@given(room=rooms(), names=NAMES)
@settings(max_examples=EXAMPLES)
def test_no_voter_is_known_by_a_uuid(room: Room, names: dict[str, str]) -> None:
    """With names or without, and a ballot's id is nowhere either."""
    found = export.result(room.round, names)
    for text in (
        export.written("csv", [found]).decode(),
        export.written("json", [found]).decode(),
        export.public_list(room.round),
    ):
        assert not any(voter in text for voter in VOTERS)


def test_a_voter_is_named_only_where_names_are_handed_over() -> None:
    """Who gave none stays nameless among those who did."""
    room = Room()
    room.cast("v", "b1", "ada")
    room.cast("w", "b1", "ada")
    assert {row["voter"] for row in rows(room.round, "ballot")} == {""}
    assert {row["voter"] for row in rows(room.round, "ballot", names={"v": "Vera"})} == {"", "Vera"}
    assert {b["voter"] for b in in_json(room.round)["receipts"]} == {None}


# About the round


def test_a_round_is_told_with_its_times_in_utc() -> None:
    """All columns of a candidate's row, for a script and for a person."""
    room = Room(msgspec.structs.replace(POLL, results="after_vote"), open=False)
    room.steer(Open, "poll", at=1_700_000_000_001)
    room.cast("v", "b1", "ada")
    room.steer(Close, 4, at=1_700_000_061_234)
    (ada, _) = rows(room.round, "candidate")
    assert ada == {
        "row": "candidate",
        "round": "1",
        "poll": "poll",
        "question": "Who?",
        "rule": "single",
        "results": "after_vote",
        "state": "closed",
        "opened": "2023-11-14T22:13:20.001Z",
        "closed": "2023-11-14T22:14:21.234Z",
        "room": "4",
        "voted": "1",
        "turnout": "0.2500",
        "ballots": "1",
        "choice": "ada",
        "name": "Ada",
        "count": "1",
        "share": "1.0000",
        "code": "",
        "voter": "",
    }
    found = in_json(room.round)
    assert (found["opened"], found["closed"]) == (ada["opened"], ada["closed"])
    assert (found["room"], found["turnout"]) == (4, 0.25)


def test_what_is_not_known_is_empty() -> None:
    """An open round has no end, and nobody has looked how many were in the room."""
    room = Room()
    room.cast("v", "b1", "ada")
    (ada, _) = rows(room.round, "candidate")
    assert (ada["state"], ada["closed"], ada["room"], ada["turnout"]) == ("open", "", "", "")
    found = in_json(room.round)
    assert (found["closed"], found["room"], found["turnout"]) == (None, None, None)


def test_the_room_of_now_is_the_open_rounds_alone() -> None:
    """A closed round has the one of when it was closed, and a reopened one that of now."""
    room = Room()
    room.cast("v", "b1", "ada")
    room.steer(Close, 4)
    assert in_json(room.round, room=10)["room"] == 4
    room.steer(Reopen)
    assert (in_json(room.round, room=10)["room"], in_json(room.round)["room"]) == (10, None)


def test_all_rounds_are_one_table() -> None:
    """In the order they are given, with the same columns as one alone."""
    room = Room()
    room.cast("v", "b1", "ada")
    room.steer(Reset)
    room.cast("v", "b2", "bob")
    results = [export.result(current) for current in room.state.rounds.values()]
    written = table(export.written("csv", results))
    assert [(row["row"], row["round"]) for row in written] == [
        ("candidate", "1"),
        ("candidate", "1"),
        ("ballot", "1"),
        ("candidate", "2"),
        ("candidate", "2"),
        ("ballot", "2"),
    ]
    assert [r["round"] for r in json.loads(export.written("json", results))["rounds"]] == [1, 2]


def test_the_public_list_begins_with_its_columns() -> None:
    """Whoever checks it relies on them."""
    room = Room()
    code = cast(room, "v", "b1", "bob")
    assert export.public_list(room.round).splitlines() == [
        "round,choice,name,code",
        f"1,bob,Bob,{code}",
    ]
