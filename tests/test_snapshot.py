"""snapshot.py: a state as bytes and back, and a journal that begins with one."""

from __future__ import annotations

import os
import sqlite3
import zlib
from base64 import b64decode
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engines import Room as EngineRoom
from tests.folding import OTHER, POLL, Room, holding
from tests.histories import streams
from tests.on_disk import DATABASE, HEAD, NOON, TALK, History, contents, copied
from voting import database, head, verify
from voting.backup import back_up
from voting.ballots import apply
from voting.head import Head
from voting.journal_sqlite import SqliteJournal
from voting.records import (
    FORMAT,
    Ballot,
    Begin,
    Body,
    Claim,
    Close,
    Define,
    Issue,
    Open,
    Record,
    Rehearse,
    Remove,
    Resume,
    Seal,
    Show,
    encode,
    sealed,
)
from voting.repair import repair
from voting.snapshot import MARK, PIECE, Overtaken, pack, packing, unpack
from voting.speech import (
    MAX_KEYS,
    Attend,
    Hide,
    Say,
    Spotlight,
    Talk,
    message_id,
    person_of,
)
from voting.state import Broken, Newer, State

OF_FORM_1 = (
    b"c2hvdy1vZi1oYW5kcyBzbmFwc2hvdCAxCngBzVPNaxNBFJ9N8KNVSwXtVRFBUIK21Ab0IG0ONlg1FW2llzDZec0u"
    b"bnbWmdltC16M4MHbbpTiLU33I1sP+geIhLZ4Uw8eBQ9e7H8RZ3cTETwLXmbex+/9ePOb9xDKX/iOJnyxYYGvASbh"
    b"KmUNLA4FYFFVy87IAcZ1ao4FqoZ1c//saUs/tXN5/NtJ9vXHh9cT73+euXb98KWD+Xfs/Md6ZTwXcsAGENTB4gtC"
    b"Snu/YpyICKzqJpCnvkUNIxdxajMVeDN1w8wLqNCADZ0a1G1TiRnIvhgHooQGFsBFxqAEXKNrZloecIHr0O9aDByd"
    b"2hx1VdqwMJMtRFwASON4IGBd8NaLjk7Smu5jW3LJV/nLGr2xo2KT6CTh95oSso0J9k3cgO1ZgtNAjdaywJw0mG1A"
    b"yHWzbkAkNTHrwPfeNPB6VdWoLl+lvBXY4lULWJWDSk0yGjHgtiG4b+gOxCq1TUFk+720qoYNgwr+KX/wP7f3GSnP"
    b"20mD2Tf9FjBY1rD4U0E3FUzdIJlgJWn8M8GCZJq4i0ImJSXc3UTKcOTyQ2O0l89kH4wSNlqbSn+YPdbLrMWlRyiF"
    b"KUh+VoM6QF7mlN0hbAQhdPFZuiiBSgnwQDAdyG7oUCHXw/N89QqBLUfekwTaEn3ub/TeAO16fhGuFhPUk2bGmdDw"
    b"QbrlSZ5Xndqk4iaDeCQuT1dmCvdmZ5ZkcEoG5TCOxJWV29OFh/fnFr2tNXeAlomj8a2F0nyhtPLgjhfLjRBgEiAp"
    b"oJ/SjcXlqYVy4W7xZvkXi2G0Bw=="
)
EXAMPLES = 2_000 if os.environ.get("TEST_ALL") else 80


def in_order(found: Any) -> Any:
    """What dicts hold as lists, so that their order counts; nothing is known of a set's."""
    if isinstance(found, dict):
        return [(key, in_order(value)) for key, value in found.items()]
    if isinstance(found, list | tuple):
        return [in_order(each) for each in found]
    return found


def folded(records: list[Record], state: State | None = None) -> State:
    state = state or State()
    for record in records:
        apply(state, record)
    return state


def full(voters: int) -> Room:
    """A room with many votes in several parts, a tap now and then, and codes."""
    room = Room(msgspec.structs.replace(POLL, rule="taps"))
    room.record(Issue(tuple(f"code {n}" for n in range(voters))))
    for n in range(voters):
        room.cast(f"voter {n}", "first", "ada")
        if n % 3 == 0:
            room.cast(f"voter {n // 2}", f"more {n}", "bob")
    return room


@settings(max_examples=EXAMPLES, deadline=None)
@given(streams, st.data())
def test_a_state_that_was_unpacked_goes_on_as_the_packed_one(
    records: list[Record], data: st.DataObject
) -> None:
    """It holds the same in the same order, packs to the same bytes, folds what follows alike."""
    cut = data.draw(st.integers(1, len(records)))
    there = folded(records[:cut])
    packed = pack(there)
    back = unpack(packed)
    assert in_order(holding(back)) == in_order(holding(there))
    assert pack(back) == packed
    for record in records[cut:]:
        assert apply(back, record) == apply(there, record)
    assert in_order(holding(back)) == in_order(holding(there))
    assert pack(back) == pack(there)


def test_ballots_claims_and_commands_may_come_between_the_pieces() -> None:
    """The bytes are of the state as it was when the packing began."""
    room = full(3 * PIECE)
    expected = pack(room.state)
    pieces = packing(room.state)
    made = []
    for n, piece in enumerate(pieces):
        made.append(piece)
        if n == 7:  # a server that finds out that its journal holds other records
            vars(room.state).update(vars(full(5).state))
        room.cast(f"voter {n}", f"between {n}", "bob")
        room.cast(f"new {n}", "first", "ada")
        room.record(Claim(f"code {n}", f"new {n}"))
        room.record(Issue((f"between {n}",)))
        room.steer(Show, 1, "hidden")
    assert b"".join(made) == expected
    assert len(made) > 8


def test_messages_may_come_between_the_pieces() -> None:
    """What was said, hidden, answered and noted by then is in the bytes, and nothing of since."""
    room = Room()
    room.record(Talk("open", direct=True))
    for n in range(3 * PIECE):
        room.record(Say(f"voter {n}", "first", "hello", person_of(f"voter {n + 1}")))
        room.record(Attend(person_of(f"voter {n}"), listed=False))
        room.record(Say(f"voter {n}", "to all", "hello"))
    room.record(Spotlight(message_id(f"voter {3 * PIECE - 1}", "to all")))
    expected = pack(room.state)
    made = []
    for n, piece in enumerate(packing(room.state)):
        made.append(piece)
        last = f"voter {3 * PIECE - 1 - n}"
        room.record(Hide(message_id(last, "to all"), hidden=True))
        room.record(Attend(person_of(last), listed=True, here=False))
        for k in range(2 * MAX_KEYS):
            room.record(Say(last, f"{n} {k}", "more", person_of(f"voter {k}")))
    assert b"".join(made) == expected
    assert len(made) > 12
    assert in_order(holding(unpack(pack(room.state)))) == in_order(holding(room.state))


def test_a_voter_with_very_many_votes_is_packed_in_pieces_too() -> None:
    """No piece holds more than twice what one should."""
    room = Room(msgspec.structs.replace(POLL, rule="taps", max_ballots=100_000))
    for n in range(10 * PIECE):
        room.cast("voter", f"tap {n}", "ada")
    raw = zlib.decompress(pack(room.state).removeprefix(MARK))
    sizes = []
    while raw:
        end = 4 + int.from_bytes(raw[:4], "big")
        sizes.append(raw[4:end].count(b"tap "))
        raw = raw[end:]
    assert sum(sizes) == 10 * PIECE
    assert max(sizes) <= 2 * PIECE
    assert in_order(holding(unpack(pack(room.state)))) == in_order(holding(room.state))


def test_the_end_of_a_rehearsal_overtakes_a_packing() -> None:
    """What it showed is not there any more; one that began before the rehearsal shows it not."""
    room = full(3 * PIECE)
    room.steer(Close)
    before, expected = packing(room.state), pack(room.state)
    made = [next(before), next(before)]
    room.steer(Rehearse, 60)
    for n in range(2 * PIECE):
        room.cast(f"voter {n}", "rehearsed", "bob")
    amid = packing(room.state)
    for _ in range(4):
        next(amid)
    room.steer(Close)
    with pytest.raises(Overtaken):
        list(amid)
    assert b"".join([*made, *before]) == expected


def test_what_is_no_snapshot_is_broken() -> None:
    """Cut short, changed in a byte, of another kind, or of a newer program."""
    packed = pack(full(20).state)
    for n in range(0, len(packed), 7):
        with pytest.raises(Broken):
            unpack(packed[:n])
        spoiled = packed[:n] + bytes([packed[n] ^ 4]) + packed[n + 1 :]
        with suppress(Broken):  # zlib can say the same in two ways
            assert pack(unpack(spoiled)) == packed
    for newer in (
        packed.replace(b"snapshot 1\n", b"snapshot 2\n", 1),
        MARK + rewritten(packed, lambda raw: raw.replace(*formats(FORMAT, FORMAT + 1), 1)),
        # With a part of a kind that this program has never heard of.
        MARK
        + rewritten(
            packed,
            lambda raw: raw.replace(*formats(FORMAT, FORMAT + 1), 1) + b"\0\0\0\1\x01",
        ),
    ):
        with pytest.raises(Newer):
            unpack(newer)
    for of_nothing in (rewritten(packed, lambda raw: b""), rewritten(packed, lambda raw: raw * 2)):
        with pytest.raises(Broken):
            unpack(MARK + of_nothing)


def rewritten(packed: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """What a snapshot holds, changed and compressed again."""
    return zlib.compress(change(zlib.decompress(packed.removeprefix(MARK))), 1)


def formats(*numbers: int) -> list[bytes]:
    return [b"\xa6format" + bytes([number]) for number in numbers]


def test_a_snapshot_of_the_first_form_is_read_for_ever() -> None:
    """Journals begin with such bytes; what they say is a promise as records are."""
    bodies: list[Body] = [
        Begin(5, "epoch"),
        Define(POLL, "source"),
        Define(OTHER, "source"),
        Open(0, 3, "poll"),
        Issue(("c0de", "c1de")),
        Claim("c0de", "v"),
        Ballot("v", "b1", 1, ("ada",)),
        Ballot("w", "b1", 1, ("bob",)),
        Ballot("v", "b2", 1, ("bob",)),
        Remove(1, 9, "other", 3),
        Close(1, 10, room=3),
        Rehearse(1, 11, 60),
        Issue(("7e57",), -1),
        Ballot("pretended", "b1", -1, ("ada",)),
    ]
    state = folded([Record(NOON + n, encode(body)) for n, body in enumerate(bodies)])
    assert state.rehearsal is not None
    assert in_order(holding(unpack(b64decode(OF_FORM_1)))) == in_order(holding(state))


# A journal that begins with a state


def test_a_journal_goes_on_behind_a_state_as_behind_its_records() -> None:
    """Versions, chain, seals and receipts are those of the journal with all the records."""
    history = History()
    history.vote("v", "ada")
    resumed = [resume(history.state)]
    for n in range(3):
        resumed += history.vote(f"w {n}", "grace")
    resumed += history.batch(Seal(history.state.chain.hex()))
    state = folded(resumed)
    assert in_order(holding(state)) == in_order(holding(history.state))
    assert state.sealed == state.version == history.state.version


@pytest.mark.parametrize(
    "spoiled, said",
    [
        (lambda records: [records[0]._replace(at=5), *records[1:]], "not what was sealed"),
        (lambda records: [records[0]._replace(at=5, seal=b"")], "another version or time"),
        (
            lambda records: [*records, Record(2 * NOON, records[0].body)],
            "nowhere but at the beginning",
        ),
        (lambda records: [Record(9, encode(Resume(3, b"nonsense")))], "does not begin like one"),
        (lambda records: [Record(9, encode(Seal("00" * 32)))], "expected a Begin or a Resume"),
        (
            lambda records: [*records, Record(2 * NOON, encode(Seal("00" * 32)))],
            "record 6 is not the seal",
        ),
    ],
    ids=["seal", "time", "second", "nonsense", "no beginning", "seal record"],
)
def test_a_state_that_is_not_the_one_that_was_sealed_is_broken(
    spoiled: Callable[[list[Record]], list[Record]], said: str
) -> None:
    """Nor may one stand anywhere but at the beginning, nor a seal prove what is not there."""
    history = History()
    history.vote("v", "ada")
    records = [resume(history.state), *history.vote("w", "ada")]
    with pytest.raises(Broken, match=said):
        folded(spoiled(records))


def test_a_journal_in_sqlite_may_begin_with_a_state(tmp_path: Path) -> None:
    """It is read, appended to, backed up, repaired and verified, and its numbers go on."""
    history = History()
    for n in range(20):
        history.vote(f"v {n}", "ada")
    first = resume(history.state)
    records = [first, *history.vote("w", "grace")]
    there = tmp_path / "there"
    there.mkdir()
    database.create(there / DATABASE, records)
    with closing(SqliteJournal(there)) as journal:
        room = EngineRoom(TALK, journal=journal)
        with room:
            receipt = room.cast("x").receipt()
            assert receipt.version == room.state.version == history.state.version + 2  # a begin
    report = verify.examine(there)
    assert report.problem is None
    assert report.state.rounds[1].counts == {"ada": 21, "grace": 1}
    copy = back_up(there, tmp_path / "copy")
    assert copy.records == report.records
    assert contents(copied(there, tmp_path / "again")) == contents(there)

    shorter = tmp_path / "shorter"
    shorter.mkdir()
    database.create(shorter / DATABASE, records)
    head.write(shorter / HEAD, Head(history.state.version + 3, b"seal", 0, 0))
    report = verify.examine(shorter)
    assert report.problem == "records 25 to 27 are missing"
    assert report.left_out == 3
    repair(shorter, lambda: 2 * NOON)
    report = verify.examine(shorter)
    assert (report.problem, report.state.version) == (None, history.state.version + 1)

    headless = tmp_path / "headless"
    headless.mkdir()
    database.create(headless / DATABASE, history.records)
    with closing(sqlite3.connect(headless / DATABASE)) as opened, opened:
        opened.execute("DELETE FROM record WHERE version < 5")
    assert verify.examine(headless).problem == "record 1 is missing"


def resume(state: State) -> Record:
    """A record that stands for all of a state's, sealed."""
    return sealed(state.chain, [Record(state.at, encode(Resume(state.version, pack(state))))])[0]
