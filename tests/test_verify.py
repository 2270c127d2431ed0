"""verify.py: what a look at a journal says, and repair.py: when it goes on from there."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.on_disk import DATABASE, HEAD, LOG, NOON, TALK, History, contents, copied
from voting.engine import Engine
from voting.export import public_list
from voting.journal import Unusable
from voting.journal_sqlite import SqliteJournal
from voting.records import (
    FORMAT,
    Ballot,
    Begin,
    Candidate,
    Close,
    Poll,
    Record,
    Reset,
    encode,
    sealed,
)
from voting.repair import repair
from voting.verify import check_list, damage_sentence, examine, lines, miscounted

ANY = Poll(
    "any",
    "Which  of\nthese?",
    (Candidate("tea", "Tea"), Candidate("milk", "=Milk, hot"), Candidate("none", 'No "drink"')),
    rule="approval",
    max_choices=2,
)
ASKED = TALK.question
TAPS = Poll("taps", "How loud?", (Candidate("up", "Up"), Candidate("down", "Down")), rule="taps")


@pytest.fixture
def history() -> History:
    """Two rounds of one poll: 3 votes and a change, then one vote."""
    history = History()
    history.batch(Ballot("v", "b1", 1, ("ada",)), Ballot("w", "b1", 1, ("grace",)))
    history.vote("x", "grace")
    history.vote("v", "grace", ballot="b2")
    history.batch(Close(1, history.state.version))
    history.batch(Reset(1, history.state.version))
    history.vote("v", "ada", ballot="b3")
    return history


# What it says of a journal that is whole


def test_a_whole_journal_is_told_round_by_round(history: History, tmp_path: Path) -> None:
    """One line for each round, and one for the records."""
    history.write(tmp_path)
    report = examine(tmp_path)
    assert report.problem is None
    assert report.records == history.records
    assert lines(report) == [
        f"Round 1 · {ASKED} · closed · 3 ballots by 3 voters · Ada Lovelace 0, Grace Hopper 3",
        f"Round 2 · {ASKED} · open · 1 ballot by 1 voter · Ada Lovelace 1, Grace Hopper 0",
        "10 records, chain unbroken, up to 2026-09-21 14:13:29 UTC.",
    ]


def test_a_round_is_one_line_and_large_numbers_can_be_read(tmp_path: Path) -> None:
    """Whatever was written into a question, and however many voted."""
    history = History(ANY)
    history.batch(*(Ballot(f"v{n}", "b", 1, ("tea", "milk")) for n in range(1_234)))
    history.write(tmp_path)
    counts = 'Tea 1,234, =Milk, hot 1,234, No "drink" 0'
    assert lines(examine(tmp_path)) == [
        f"Round 1 · Which of these? · open · 1,234 ballots by 1,234 voters · {counts}",
        "1,237 records, chain unbroken, up to 2026-09-21 14:13:23 UTC.",
    ]


def test_where_nothing_was_recorded_nothing_is_wrong(tmp_path: Path) -> None:
    """A folder that is new, or not there, gets a sentence, and is not made."""
    for folder in (tmp_path, tmp_path / "none"):
        report = examine(folder)
        assert report.problem is None
        assert lines(report) == ["There is no journal yet."]
        assert repair(folder, lambda: 5) is None
    assert not list(tmp_path.iterdir())


def test_a_journal_may_be_looked_at_while_it_is_written(history: History, tmp_path: Path) -> None:
    """Every look finds what was appended before it; the server does not notice."""
    written: list[Record] = []
    with closing(SqliteJournal(tmp_path)) as journal:
        for batch in history.batches:
            journal.append(len(written), batch)
            written += batch
            before = contents(tmp_path)
            report = examine(tmp_path)
            assert report.problem is None
            assert report.records == written
            assert contents(tmp_path) == before


def test_a_look_leaves_a_journal_as_it_lies(history: History, tmp_path: Path) -> None:
    """After a kill too: the log is not moved into the database, and the next start goes on."""
    with closing(SqliteJournal(tmp_path / "data")) as journal:
        history.append_to(journal)
        folder = copied(tmp_path / "data", tmp_path / "killed")
    before = contents(folder)
    assert LOG in before
    assert examine(folder).records == history.records
    assert contents(folder) == before


# Journals of other formats


def of_format_1(folder: Path) -> list[Record]:
    """Write a journal as the first version did, and return its records."""
    poll = {
        "id": "talk",
        "question": "Who?",
        "candidates": [{"id": "ada", "name": "Ada"}],
        "rule": "single",
        "changes": True,
    }
    bodies = [
        {"type": "begin", "format": 1, "epoch": "first"},
        {"type": "define", "poll": poll, "source": "0"},
        {"type": "open", "round": 0, "version": 2, "poll": "talk"},
        {"type": "ballot", "voter": "v", "ballot": "b1", "round": 1, "choices": ["ada"]},
    ]
    records = [Record(NOON, json.dumps(body).encode()) for body in bodies]
    folder.mkdir(exist_ok=True)
    with closing(sqlite3.connect(folder / DATABASE, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute(
            "CREATE TABLE IF NOT EXISTS record"
            " (version INTEGER PRIMARY KEY, at INTEGER NOT NULL, body BLOB NOT NULL)"
        )
        rows = [(n, record.at, record.body) for n, record in enumerate(records, 1)]
        database.executemany("INSERT INTO record VALUES (?, ?, ?)", rows)
    return records


def test_a_journal_older_than_seals_is_whole_without_them(tmp_path: Path) -> None:
    """All that folds is good."""
    records = of_format_1(tmp_path)
    report = examine(tmp_path)
    assert report.problem is None
    assert report.records == records
    assert lines(report) == [
        "Round 1 · Who? · open · 1 ballot by 1 voter · Ada 1",
        "4 records, older than seals, up to 2026-09-21 14:13:20 UTC.",
    ]


def test_a_damaged_journal_older_than_seals_is_repaired_to_the_last_that_folds(
    tmp_path: Path,
) -> None:
    """What cannot be read, or is missing, ends it; from then on it has seals."""
    records = of_format_1(tmp_path)
    with closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as database:
        database.execute("UPDATE record SET body = x'7b' WHERE version = 4")
    report = examine(tmp_path)
    assert report.is_damaged
    assert report.records == records[:3]
    assert repair(tmp_path, lambda: 5)
    again = examine(tmp_path)
    assert again.problem is None
    assert again.records[:3] == records[:3]
    assert (again.state.format, again.state.sealed) == (FORMAT, 4)


def test_damage_after_the_upgrade_does_not_cost_what_was_before(tmp_path: Path) -> None:
    """The first seal comes with the second format; if it does not fit, the old records stay."""
    records = of_format_1(tmp_path)
    with closing(SqliteJournal(tmp_path)) as journal:
        engine = Engine(journal, lambda: NOON)
        engine.replay(restored=journal.restored)
        assert engine.state.sealed == 5
    with closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as database:
        database.execute("UPDATE record SET seal = x'00' WHERE version = 5")
    report = examine(tmp_path)
    assert report.is_damaged
    assert report.records == records


def test_a_newer_journal_is_no_damage_and_is_left_alone(history: History, tmp_path: Path) -> None:
    """The newer program can read it; a repair by this one would cut it short."""
    history.write(tmp_path)
    # What a newer program appends; this one's fold would refuse to make it.
    newer = Record(NOON * 2, encode(Begin(FORMAT + 1, "epoch")))
    with closing(SqliteJournal(tmp_path)) as journal:
        journal.append(len(history.records), sealed(history.state.chain, [newer]))
    before = contents(tmp_path)
    report = examine(tmp_path)
    assert not report.is_damaged
    assert report.problem
    assert "newer version" in report.problem
    assert lines(report)[-1] == f"The journal cannot be used: {report.problem}."
    assert damage_sentence(tmp_path, "data").startswith("The journal in data cannot be used: ")
    with pytest.raises(Unusable, match="newer version"):
        repair(tmp_path, lambda: 5)
    assert contents(tmp_path) == before


# What it says of a journal that is not whole


@pytest.fixture
def shortened(history: History, tmp_path: Path) -> Path:
    """A folder whose last three records are gone from the database."""
    history.write(tmp_path)
    with closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as database:
        database.execute("DELETE FROM record WHERE version > 7")
    return tmp_path


def test_a_damaged_journal_is_told_with_its_last_good_record(shortened: Path) -> None:
    """What is wrong, how far it is good, and how to go on from there."""
    report = examine(shortened)
    assert report.is_damaged
    assert report.problem == "records 8 to 10 are missing"
    *rounds, verdict = lines(report)
    assert rounds == [
        f"Round 1 · {ASKED} · open · 3 ballots by 3 voters · Ada Lovelace 0, Grace Hopper 3"
    ]
    assert verdict == (
        "The journal is damaged: records 8 to 10 are missing. The last good record is number 7, of"
        " 2026-09-21 14:13:26 UTC; a repair leaves out the 3 behind it. If a file was lost, or"
        " there is a backup, put that back first. To go on from there, repeat this with --repair"
        " (it keeps the damaged files)."
    )


def test_a_start_says_what_to_type(shortened: Path) -> None:
    """The folder is named as it was to the person who started the server, ready for a shell."""
    assert damage_sentence(shortened, "my data") == (
        "The journal in my data is damaged: records 8 to 10 are missing. The last good record is"
        " number 7, of 2026-09-21 14:13:26 UTC; a repair leaves out the 3 behind it. If a file was"
        " lost, or there is a backup, put that back first. To go on from there, run: python3"
        " start.py verify --data 'my data' --repair (it keeps the damaged files)."
    )


def test_a_journal_of_which_nothing_is_good_says_so(history: History, tmp_path: Path) -> None:
    """And a repair begins a new one, with the damaged files beside it."""
    history.write(tmp_path)
    (tmp_path / DATABASE).write_bytes(b"My thesis, chapter one. " * 1_000)
    assert "No record of it is good." in damage_sentence(tmp_path, "data")
    before = contents(tmp_path)
    aside = repair(tmp_path, lambda: 5)
    assert aside
    assert contents(aside) == before
    assert lines(examine(tmp_path)) == ["1 record, chain unbroken, up to 1970-01-01 00:00:00 UTC."]


def test_a_repair_goes_on_with_the_time(shortened: Path) -> None:
    """A clock that runs behind the last good record does not make a record older than it."""
    assert repair(shortened, lambda: NOON + 60_000)
    assert examine(shortened).state.at == NOON + 60_000
    (shortened / HEAD).write_bytes(b"")
    assert repair(shortened, lambda: 5)
    assert examine(shortened).state.at == NOON + 60_000


def test_each_repair_keeps_its_own_files(shortened: Path) -> None:
    """The second does not write over what the first put aside."""
    first = repair(shortened, lambda: 5)
    assert first
    before = contents(first)
    (shortened / HEAD).write_bytes(b"")
    second = repair(shortened, lambda: 5)
    assert second not in (None, first)
    assert contents(first) == before


def test_what_was_put_aside_can_be_looked_at(shortened: Path) -> None:
    """The files keep their names, so that the folder is one that `verify --data` takes."""
    before = examine(shortened)
    aside = repair(shortened, lambda: 5)
    assert aside
    assert lines(examine(aside)) == lines(before)


def test_a_repair_waits_for_the_server_to_stop(shortened: Path) -> None:
    """It must not take away the files that a server writes to."""
    before = contents(shortened)
    with (
        closing(SqliteJournal(shortened)),
        pytest.raises(Unusable, match="another server uses the data folder"),
    ):
        repair(shortened, lambda: 5)
    assert contents(shortened) == before


def test_a_repaired_journal_is_no_copy_and_goes_on(shortened: Path) -> None:
    """The repair has begun the new epoch; the start need not begin another."""
    assert repair(shortened, lambda: 5)
    epoch = examine(shortened).state.epoch
    assert epoch not in ("", "epoch")
    with closing(SqliteJournal(shortened)) as journal:
        engine = Engine(journal, lambda: NOON)
        engine.replay(restored=journal.restored)
        assert engine.state.epoch == epoch
        assert engine.state.version == 8


def test_a_repair_of_a_whole_journal_does_nothing(history: History, tmp_path: Path) -> None:
    """There is nothing to keep aside, and the epoch stays."""
    history.write(tmp_path)
    before = contents(tmp_path)
    assert repair(tmp_path, lambda: 5) is None
    assert contents(tmp_path) == before


def test_a_backup_of_the_database_alone_is_taken_as_it_is(history: History, tmp_path: Path) -> None:
    """Without a head nothing is known to be missing; a start gives it a new epoch."""
    history.write(tmp_path / "data")
    (tmp_path / "backup").mkdir()
    shutil.copyfile(tmp_path / "data" / DATABASE, tmp_path / "backup" / DATABASE)
    assert examine(tmp_path / "backup").problem is None
    with closing(SqliteJournal(tmp_path / "backup")) as journal:
        engine = Engine(journal, lambda: NOON)
        engine.replay(restored=journal.restored)
        assert engine.state.epoch != "epoch"


# The recount

Cast = tuple[str, str, tuple[int, ...]]
casts = st.lists(
    st.tuples(
        st.sampled_from("vwx"),
        st.sampled_from(["b1", "b2", "b3", "b4"]),
        st.sampled_from([(0,), (1,), (0, 1), (1, 0)]),
    ),
    max_size=12,
)


@given(st.sampled_from([TALK, ANY, TAPS]), casts, casts)
def test_a_recount_agrees_with_the_fold(poll: Poll, first: list[Cast], second: list[Cast]) -> None:
    """Under every rule, with changes, repeated ballots and refused ones, in several rounds."""
    history = History(poll)
    for casts in (first, second):
        for voter, ballot, chosen in casts:
            history.vote(voter, *(poll.candidates[n].id for n in chosen), ballot=ballot)
        assert miscounted(history.state) is None
        history.batch(Reset(history.state.stage, history.state.version))


@pytest.mark.parametrize("poll", [TALK, ANY, TAPS])
@pytest.mark.parametrize("wrong", ["counts", "ballots", "counted"])
def test_a_miscount_is_told_and_is_nothing_to_repair(poll: Poll, wrong: str) -> None:
    """Whatever a mistake of the program did to the counters, the receipts say otherwise."""
    history = History(poll)
    one, other = (candidate.id for candidate in poll.candidates[:2])
    history.vote("v", one)
    history.vote("w", other)
    history.vote("v", other, ballot="b2")
    current = history.state.rounds[1]
    if wrong == "counts":
        current.counts[one] += 1
    elif wrong == "ballots":
        current.ballots += 1
    else:
        del current.counted["w"]
    assert miscounted(history.state) == "the counts of round 1 are not those of its ballots"


# A public list


@pytest.fixture
def listed(history: History) -> str:
    return public_list(history.state.rounds[1])


Forgery = Callable[[list[str]], object]


def test_the_list_of_a_round_agrees_with_its_journal(history: History, listed: str) -> None:
    """As it was downloaded, or saved again by an editor with other ends of line."""
    assert check_list(history.state, listed) == []
    assert check_list(history.state, listed.replace("\r\n", "\n") + "\n\n") == []


@pytest.mark.parametrize("poll", [ANY, TAPS])
def test_a_list_may_have_a_voter_more_than_once(poll: Poll) -> None:
    """Several choices of a ballot, and several taps, are rows of their own."""
    history = History(poll)
    one, other = (candidate.id for candidate in poll.candidates[:2])
    history.vote("v", *([one, other] if poll is ANY else [one]))
    history.vote("v", one, ballot="b2")
    history.vote("w", other)
    text = public_list(history.state.rounds[1])
    assert check_list(history.state, text) == []
    shorter = text.splitlines(keepends=True)[:-1]
    assert len(check_list(history.state, "".join(shorter))) == 1


def code_of(history: History, voter: str) -> str:
    newest = history.state.rounds[1].newest(voter)
    assert newest
    return newest.code


def test_a_code_that_was_left_out_is_missed(history: History, listed: str) -> None:
    """Somebody's vote is not in the list."""
    code = code_of(history, "w")
    rows = [row for row in listed.splitlines() if code not in row]
    assert check_list(history.state, "\n".join(rows)) == [
        f"Round 1: code {code} under Grace Hopper is missing from the list."
    ]


def test_a_code_that_was_made_up_is_found(history: History, listed: str) -> None:
    """The code of a ballot that was changed does not count any more, either."""
    changed = history.state.receipts["v"]["b1"].code
    for code in ("AAAA-AAAA", changed):
        assert check_list(history.state, f"{listed}1,ada,Ada Lovelace,{code}\n") == [
            f"Round 1: code {code} does not count in the journal."
        ]


def test_a_code_under_another_choice_is_found(history: History, listed: str) -> None:
    """It is missed where it belongs, and found where it does not."""
    code = code_of(history, "w")
    moved = listed.replace(f"grace,Grace Hopper,{code}", f"ada,Ada Lovelace,{code}")
    assert check_list(history.state, moved) == [
        f"Round 1: code {code} is not under Ada Lovelace (ada) in the journal.",
        f"Round 1: code {code} under Grace Hopper is missing from the list.",
    ]


def test_a_choice_with_another_name_is_found(history: History, listed: str) -> None:
    """People read the name, not the id."""
    code = code_of(history, "w")
    renamed = listed.replace(f"grace,Grace Hopper,{code}", f"grace,Ada Lovelace,{code}")
    assert check_list(history.state, renamed)


def test_a_row_that_is_there_twice_is_found(history: History, listed: str) -> None:
    """Counting the rows would give a vote too many."""
    code = code_of(history, "w")
    assert check_list(history.state, f"{listed}1,grace,Grace Hopper,{code}\n") == [
        f"Round 1: code {code} is listed more than once under Grace Hopper."
    ]


def test_a_list_of_an_unknown_round_is_told(history: History) -> None:
    """It may belong to another journal."""
    for id in ("3", "0", "one", "-1", "١"):
        text = f"round,choice,name,code\n{id},ada,Ada Lovelace,AAAA-AAAA\n"
        assert check_list(history.state, text) == [f"There is no round {id} in the journal."]


@pytest.mark.parametrize(
    "text",
    ["", "\n", "voter,choice\nv,ada\n", "\0", '"', "PK\3\4", "round;choice;name;code\n"],
)
def test_what_is_no_list_is_told(history: History, text: str) -> None:
    """One sentence, whatever the file is."""
    (told,) = check_list(history.state, text)
    assert told.startswith("This is no list of receipts")


def test_a_row_that_was_cut_is_told(history: History, listed: str) -> None:
    """As in a download that broke off."""
    cut = listed[: listed.rindex(",")]
    told = check_list(history.state, cut)
    assert told[0] == "Row 3 has 3 cells instead of 4."
    assert len(told) == 2


def test_an_empty_list_agrees_with_a_round_without_ballots(history: History, listed: str) -> None:
    """Where every round holds ballots, somebody has emptied it."""
    empty = listed.splitlines()[0]
    assert check_list(history.state, empty) == [
        "The list is empty, and each round in the journal holds ballots."
    ]
    history.batch(Reset(2, history.state.version))
    assert check_list(history.state, empty) == []
