"""engine.py: counted means durable, one batch at a time, and a restart is a replay."""

import os
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent.event import AsyncResult, Event
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.folding import fields, replayed
from voting import engine as engine_module
from voting.engine import MAX_BATCH, Change, Engine
from voting.journal import Journal, NotRecorded, SqliteJournal
from voting.records import (
    Ballot,
    Body,
    Candidate,
    Close,
    Command,
    Define,
    Open,
    Poll,
    Record,
    Reopen,
    Reset,
    Restore,
    decode,
)
from voting.state import Done, Outcome, Receipt, Refusal, State

EXAMPLES = 600 if os.environ.get("TEST_ALL") else 150
DISK_EXAMPLES = 100 if os.environ.get("TEST_ALL") else 8
PATIENCE = 10
"""Seconds after which a gate that should have opened fails the test."""

POLL = Poll("poll", "Who?", (Candidate("ada", "Ada"), Candidate("bob", "Bob")))
EDITED = Poll("poll", "Who else?", POLL.candidates)


class ListJournal:
    """A journal in a list, which a test can hold up and make fail.

    `gate` holds up appends while it is clear, and `knocked` says that one waits there. `trouble`
    names what becomes of the appends to come: "before" fails with nothing written, "after" with
    everything written; while `down`, reading fails too.
    """

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.batches: list[int] = []
        self.gate = Event()
        self.gate.set()
        self.knocked = Event()
        self.trouble: list[str] = []
        self.down = False
        self.mistake: Exception | None = None

    def hold(self) -> None:
        """Hold up the appends to come, until the gate is set."""
        self.gate.clear()
        self.knocked.clear()

    def read(self, after: int) -> list[Record]:
        if self.down:
            raise NotRecorded("down")
        return self.records[after:]

    def append(self, after: int, records: Sequence[Record]) -> None:
        self.knocked.set()
        self.gate.wait()
        if self.mistake:
            raise self.mistake
        trouble = self.trouble.pop(0) if self.trouble and records else ""
        if self.down or trouble == "before" or after != len(self.records):
            raise NotRecorded("not written")
        self.records += records
        self.batches.append(len(records))
        if trouble == "after":
            raise NotRecorded("written, but nobody knows")

    def close(self) -> None:
        """Nothing to give back."""


class Clock:
    """A time that a test sets."""

    def __init__(self) -> None:
        self.now = 1_000

    def __call__(self) -> int:
        return self.now


class Room:
    """A started engine with the poll's first round open; a context, so that it always stops."""

    def __init__(
        self,
        journal: Journal | None = None,
        poll: Poll = POLL,
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        self.journal: Any = journal or ListJournal()
        self.clock = Clock()
        self.engine = Engine(self.journal, self.clock)
        self.engine.replay()
        self.engine.prepare(poll, open_at_start=True)
        self.news: list[tuple[Change, bool]] = []
        self.back = Event()
        self.engine.watch(self._changed)
        self.engine.start(failed)

    def _changed(self, change: Change) -> None:
        self.news.append((change, self.engine.recording))
        if self.engine.recording:
            self.back.set()

    def __enter__(self) -> "Room":
        return self

    def __exit__(self, *error: object) -> None:
        if isinstance(self.journal, ListJournal):
            self.journal.gate.set()
        self.engine.stop()

    @property
    def state(self) -> State:
        return self.engine.state

    def cast(self, voter: str, ballot: str = "b1", choice: str = "ada") -> "Answer":
        answer = Answer()
        self.engine.cast(Ballot(voter, ballot, self.state.stage, (choice,)), answer)
        return answer

    def steer(self, kind: type[Command], *rest: Any) -> Outcome:
        return self.engine.command(kind(self.state.stage, self.state.version, *rest))


class Answer:
    """What a caster is told, and how often."""

    def __init__(self) -> None:
        self._result: AsyncResult[Outcome] = AsyncResult()
        self.times = 0

    def __call__(self, outcome: Outcome) -> None:
        self.times += 1
        self._result.set(outcome)

    def get(self) -> Outcome:
        outcome = self._result.get(timeout=PATIENCE)
        assert self.times == 1
        return outcome

    def receipt(self) -> Receipt:
        outcome = self.get()
        assert isinstance(outcome, Receipt), outcome
        return outcome

    def code(self) -> str:
        outcome = self.get()
        assert isinstance(outcome, Refusal), outcome
        return outcome.code


# Counted means durable


def test_a_ballot_is_answered_after_its_commit_and_not_before() -> None:
    """While the journal writes, nobody is told and the state is what it was."""
    with Room() as room:
        before = fields(room.state)
        room.journal.hold()
        answer = room.cast("v")
        assert room.journal.knocked.wait(PATIENCE)
        gevent.idle()
        assert answer.times == 0
        assert fields(room.state) == before
        room.journal.gate.set()
        assert answer.receipt().version == room.state.version
        assert fields(room.state) == replayed(room.journal.records)


def test_what_came_meanwhile_is_one_batch() -> None:
    """Ballots that arrive during a commit are all in the next one, in the order of arrival."""
    with Room() as room:
        room.journal.batches.clear()
        room.journal.hold()
        first = room.cast("first")
        assert room.journal.knocked.wait(PATIENCE)
        rest = [room.cast(f"v{n}") for n in range(7)]
        room.journal.gate.set()
        versions = [answer.receipt().version for answer in [first, *rest]]
        assert room.journal.batches == [1, 7]
        assert versions == sorted(versions)
        assert len(set(versions)) == 8


def test_a_batch_has_at_most_a_thousand_records() -> None:
    """A flood is cut into batches, so that the first in it are answered soon."""
    assert MAX_BATCH == 1_000
    with Room() as room:
        room.journal.batches.clear()
        answers = [room.cast(f"v{n}") for n in range(2_500)]
        assert {answer.receipt().choices for answer in answers} == {("ada",)}
        assert room.journal.batches == [1_000, 1_000, 500]
        assert room.state.on_stage.counts == {"ada": 2_500, "bob": 0}


def test_what_needs_no_record_is_answered_at_once() -> None:
    """A counted ballot sent again, and one that breaks a rule, do not wait for the journal."""
    with Room() as room:
        receipt = room.cast("v").receipt()
        records = list(room.journal.records)
        room.journal.hold()
        again, wrong = room.cast("v"), room.cast("w", choice="zoe")
        assert again.times == wrong.times == 1
        assert again.get() == receipt
        assert wrong.code() == "unknown_candidate"
        assert room.journal.records == records


def test_a_ballot_twice_in_one_batch_counts_once() -> None:
    """Two tabs that send the same ballot at the same moment get the same receipt."""
    with Room() as room:
        one, other = room.cast("v"), room.cast("v", choice="bob")
        assert one.receipt() == other.receipt()
        assert room.state.on_stage.counts == {"ada": 1, "bob": 0}


def test_a_ballot_behind_a_close_in_the_same_batch_is_refused() -> None:
    """The order in the journal decides, not how things stood when the ballot came."""
    with Room() as room:
        room.journal.hold()
        room.cast("first")
        assert room.journal.knocked.wait(PATIENCE)
        closing_down = gevent.spawn(room.steer, Close)
        gevent.idle()
        late = room.cast("late")
        room.journal.gate.set()
        assert isinstance(closing_down.get(timeout=PATIENCE), Done)
        assert late.code() == "round_closed"
        assert room.state.on_stage.voted == 1


def test_a_command_waits_for_its_outcome() -> None:
    """An admin is told what came of the command; the second of two is refused."""
    with Room() as room:
        seen = room.state.version
        assert room.engine.command(Close(1, seen)) == Done()
        refusal = room.engine.command(Reset(1, seen))
        assert isinstance(refusal, Refusal)
        assert refusal.code == "conflict"
        assert room.journal.records[seen].at == room.clock.now


def test_who_watches_is_told_after_each_batch() -> None:
    """Ballots change the numbers, a command that took effect changes more than those."""
    with Room() as room:
        room.cast("v").get()
        assert room.news == [("numbers", True)]
        assert isinstance(room.steer(Close), Done)
        assert room.news[1:] == [("round", True)]
        room.steer(Close)
        assert room.news[2:] == [("numbers", True)]


# Stopping


def test_a_stop_commits_and_answers_what_waits() -> None:
    """Nobody who was waiting is left without an answer."""
    with Room() as room:
        room.journal.hold()
        answers = [room.cast("v")]
        assert room.journal.knocked.wait(PATIENCE)
        answers += [room.cast("w"), room.cast("x")]
        stopping = gevent.spawn(room.engine.stop)
        gevent.idle()
        assert not stopping.ready()
        room.journal.gate.set()
        stopping.get(timeout=PATIENCE)
        assert all(answer.times == 1 and answer.receipt() for answer in answers)
        assert fields(room.state) == replayed(room.journal.records)


def test_a_stop_does_not_wait_for_a_journal_that_is_down() -> None:
    """What cannot be recorded is refused, and the engine ends."""
    with Room() as room:
        room.journal.down = True
        answer = room.cast("v")
        room.engine.stop()
        assert answer.code() == "not_recorded"


def test_after_the_stop_ballots_are_refused() -> None:
    """`answered` is called for every ballot, also for one that comes as the server goes."""
    with Room() as room:
        room.engine.stop()
        answer = room.cast("v")
        assert answer.times == 1
        assert answer.code() == "not_recorded"


# When the program fails


def test_a_mistake_in_telling_one_caster_costs_the_others_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The rest of the batch is answered, the mistake is reported, and the engine goes on."""

    def mistake(outcome: Outcome) -> None:
        raise LookupError("a mistake of ours")

    with Room() as room:
        room.engine.cast(Ballot("v", "b1", 1, ("ada",)), mistake)
        room.cast("w").receipt()
        room.cast("x").receipt()
    assert "LookupError: a mistake of ours" in capsys.readouterr().err


def test_a_mistake_in_the_engine_answers_everybody_and_says_that_it_failed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nobody waits for an answer that will not come; what comes later is refused."""
    failed = Event()
    room = Room(failed=failed.set)
    room.journal.mistake = LookupError("a mistake of ours")
    answer = room.cast("v")
    assert failed.wait(PATIENCE)
    assert answer.code() == "not_recorded"
    assert room.cast("w").code() == "not_recorded"
    assert not room.engine.recording
    assert "LookupError: a mistake of ours" in capsys.readouterr().err


# When the journal fails


def test_a_failed_commit_leaves_everything_as_it_was() -> None:
    """Each caster is told not_recorded, and no number on any screen has changed."""
    with Room() as room:
        before = fields(room.state)
        room.journal.trouble = ["before"]
        answers = [room.cast("v"), room.cast("w")]
        assert [answer.code() for answer in answers] == ["not_recorded"] * 2
        assert fields(room.state) == before
        assert room.journal.records == room.journal.records[: before["version"]]


def test_recording_goes_on_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the journal is down ballots are refused at once; when it is back they are counted."""
    monkeypatch.setattr(engine_module, "RETRY_SECONDS", 0.001)
    with Room() as room:
        room.journal.down = True
        assert room.cast("v").code() == "not_recorded"
        assert not room.engine.recording
        refused = room.cast("w")
        assert refused.times == 1
        assert refused.code() == "not_recorded"
        assert room.steer(Close) == refused.get()
        room.back.clear()
        room.journal.down = False
        assert room.back.wait(PATIENCE)
        assert room.cast("v").receipt().version == room.state.version
        assert room.state.on_stage.counts == {"ada": 1, "bob": 0}


def test_who_watches_is_told_of_trouble_and_of_its_end() -> None:
    """Pages show that nothing is being recorded, and then that all is well again."""
    with Room() as room:
        room.journal.trouble = ["before"]
        assert room.cast("v").code() == "not_recorded"
        assert room.back.wait(PATIENCE)
        assert room.news == [("state", False), ("state", True)]


def test_those_who_waited_behind_a_failed_commit_are_refused() -> None:
    """Nobody waits in line for a journal that is down."""
    with Room() as room:
        room.journal.hold()
        first = room.cast("v")
        assert room.journal.knocked.wait(PATIENCE)
        behind = room.cast("w")
        room.journal.down = True
        room.journal.gate.set()
        assert [first.code(), behind.code()] == ["not_recorded"] * 2


def test_a_commit_that_reached_the_disk_all_the_same_counts_once() -> None:
    """Its ballots are folded from the journal, and a phone that asks again gets the receipt."""
    with Room() as room:
        room.journal.trouble = ["after"]
        assert room.cast("v").code() == "not_recorded"
        assert room.back.wait(PATIENCE)
        records = list(room.journal.records)
        receipt = room.cast("v").receipt()
        assert receipt.version == len(records) == len(room.journal.records)
        assert room.state.on_stage.counts == {"ada": 1, "bob": 0}
        assert fields(room.state) == replayed(records)


def test_a_command_that_reached_the_disk_all_the_same_takes_effect() -> None:
    """The admin is told that nobody knows; the room then shows what the journal says."""
    with Room() as room:
        room.journal.trouble = ["after"]
        outcome = room.steer(Close)
        assert isinstance(outcome, Refusal)
        assert outcome.code == "not_recorded"
        assert room.back.wait(PATIENCE)
        assert room.state.on_stage.state == "closed"


def test_two_engines_on_one_journal_end_with_the_same_state() -> None:
    """Who finds records behind its own reads them before it appends, and history does not fork."""
    journal = ListJournal()
    with Room(journal) as one, Room(journal) as other:
        one.cast("v").receipt()
        assert other.cast("w").code() == "not_recorded"
        assert other.back.wait(PATIENCE)
        other.cast("w").receipt()
        assert one.cast("x").code() == "not_recorded"
        assert one.back.wait(PATIENCE)
        assert fields(one.state) == fields(other.state) == replayed(journal.records)
        assert one.state.on_stage.voted == 2


def test_a_locked_file_is_trouble_that_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a real SQLite file held by another program the same promises hold."""
    monkeypatch.setattr("voting.journal.BUSY_SECONDS", 0.02)
    monkeypatch.setattr(engine_module, "RETRY_SECONDS", 0.001)
    with closing(SqliteJournal(tmp_path)) as journal, Room(journal) as room:
        with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as blocker:
            blocker.execute("BEGIN IMMEDIATE")
            assert room.cast("v").code() == "not_recorded"
            assert room.cast("w").code() == "not_recorded"
            room.back.clear()
        assert room.back.wait(PATIENCE)
        room.cast("v").receipt()
        assert fields(room.state) == replayed(journal.read(0))


# Time


def test_time_never_decreases() -> None:
    """When the clock is set back, records keep the newest time until it has caught up."""
    with Room() as room:
        times = []
        for now in (5_000, 4_000, 0, 5_001):
            room.clock.now = now
            room.cast(f"v{now}").receipt()
            times.append(room.state.at)
        assert times == [5_000, 5_000, 5_000, 5_001]
        assert [at for at, _ in room.journal.records[-4:]] == times


def test_time_does_not_go_back_over_a_restart_either() -> None:
    """A laptop that wakes up in the past goes on from its journal's newest time."""
    journal = ListJournal()
    with Room(journal) as room:
        room.clock.now = 9_000
        room.cast("v").receipt()
    with Room(journal) as room:
        assert room.clock.now < 9_000
        room.cast("w").receipt()
        assert room.state.at == 9_000


def test_now_is_the_clocks_time() -> None:
    """What pages are told as `now` is not bent by the journal."""
    with Room() as room:
        room.clock.now = 7
        assert room.engine.now() == 7


# Starting


def test_a_restart_is_a_replay(tmp_path: Path) -> None:
    """After reopening a SQLite journal everything is as before, receipts and their codes too."""
    with closing(SqliteJournal(tmp_path)) as journal, Room(journal) as room:
        receipts = [room.cast(f"v{n}").receipt() for n in range(3)]
        room.steer(Reset)
        room.cast("v0", "b2", "bob").receipt()
        before = fields(room.state)
    with closing(SqliteJournal(tmp_path)) as journal, Room(journal) as room:
        assert fields(room.state) == before
        assert [room.cast(f"v{n}").receipt() for n in range(3)] == receipts
        assert len(journal.read(0)) == before["version"]


def test_a_new_journal_gets_an_epoch_of_its_own() -> None:
    """Two histories are never taken for one; a restart goes on with the same."""
    journals = [ListJournal(), ListJournal()]
    epochs = []
    for journal in [*journals, *journals]:
        engine = Engine(journal, Clock())
        engine.replay()
        epochs.append(engine.state.epoch)
    assert epochs[:2] == epochs[2:]
    assert epochs[0] != epochs[1]
    assert all(epochs)


def test_replaying_twice_folds_nothing_twice() -> None:
    """A replay goes on from where the state is."""
    with Room() as room:
        room.cast("v").receipt()
        before = fields(room.state)
        room.engine.replay()
        assert fields(room.state) == before


def test_the_same_configuration_adds_no_record() -> None:
    """A restart with an unchanged config.toml leaves the journal as it is."""
    journal = ListJournal()
    with Room(journal):
        before = list(journal.records)
    with Room(journal):
        assert journal.records == before


def test_an_edited_configuration_adds_one_record() -> None:
    """An edited poll is appended once, and is then what the next round takes."""
    journal = ListJournal()
    with Room(journal) as room:
        room.cast("v").receipt()
    before = len(journal.records)
    with Room(journal, EDITED) as room:
        assert len(journal.records) == before + 1
        assert isinstance(decode(journal.records[-1].body), Define)
        assert room.state.poll == POLL
        room.steer(Reset)
        assert room.state.poll == EDITED
        after = len(journal.records)
    with Room(journal, EDITED):
        assert len(journal.records) == after


def opens(journal: ListJournal) -> int:
    return sum(isinstance(decode(body), Open) for _, body in journal.records)


def test_only_the_very_first_start_opens_a_round() -> None:
    """Whatever has happened since, no later start opens, reopens or resets anything."""
    journal = ListJournal()
    with Room(journal) as room:
        assert room.state.on_stage.state == "open"
        room.steer(Close)
    with Room(journal, EDITED) as room:
        assert opens(journal) == 1
        assert room.state.stage == 1
        assert room.state.on_stage.state == "closed"


def test_a_start_may_leave_the_first_round_to_the_admin() -> None:
    """With `open_at_start = false` there is no round until somebody opens one."""
    journal = ListJournal()
    engine = Engine(journal, Clock())
    engine.replay()
    engine.prepare(POLL, open_at_start=False)
    assert opens(journal) == 0
    assert engine.state.stage == 0
    assert engine.state.poll == POLL


def test_a_journal_that_fails_at_the_start_stops_it() -> None:
    """A start that cannot read, or write, its journal says so instead of running."""
    journal = ListJournal()
    journal.down = True
    with pytest.raises(NotRecorded):
        Engine(journal, Clock()).replay()
    journal.down, journal.trouble = False, ["before"]
    with pytest.raises(NotRecorded):
        Engine(journal, Clock()).replay()
    engine = Engine(journal, Clock())
    engine.replay()
    journal.trouble = ["before"]
    with pytest.raises(NotRecorded):
        engine.prepare(POLL, open_at_start=True)


# Any history

voters = st.sampled_from(["v", "w", "x"])
steps = st.one_of(
    *[
        st.tuples(
            st.just("cast"),
            st.lists(
                st.tuples(
                    voters,
                    st.sampled_from(["b1", "b2", "b3"]),
                    st.integers(-1, 1),
                    st.sampled_from([("ada",), ("bob",), ("zoe",), ()]),
                ),
                min_size=1,
                max_size=4,
            ),
        )
    ]
    * 3,
    st.tuples(
        st.just("steer"),
        st.sampled_from([Open, Close, Reopen, Reset, Restore]),
        st.sampled_from([0, 0, 0, -1, 1]),
        st.sampled_from([0, 0, 0, 1, 3]),
        st.integers(0, 3),
    ),
    st.tuples(st.just("clock"), st.integers(-2_000, 2_000)),
    st.tuples(st.just("trouble"), st.sampled_from(["before", "after"])),
)
histories = st.lists(steps, max_size=20)


class Model:
    """Votes counted the simplest way: each voter's newest good choice in each round."""

    def __init__(self) -> None:
        self.version = self.steered = self.stage = 0
        self.open = False
        self.chosen: dict[int, dict[str, str]] = {}
        self.spent: set[tuple[str, str]] = set()

    def read(self, body: Body) -> None:
        self.version += 1
        if isinstance(body, Ballot):
            fresh = (body.voter, body.ballot) not in self.spent
            good = body.choices in (("ada",), ("bob",))
            if fresh and good and self.open and body.round == self.stage:
                self.spent.add((body.voter, body.ballot))
                self.chosen[self.stage][body.voter] = body.choices[0]
        elif isinstance(body, Command) and self.saw(body) and self.steer(body):
            self.steered = self.version

    def saw(self, body: Command) -> bool:
        return body.round == self.stage and body.version >= self.steered

    def steer(self, body: Command) -> bool:
        match body:
            case Close():
                possible, self.open = self.open, False
            case Reopen():
                possible, self.open = not self.open and self.stage > 0, self.stage > 0
            case Restore(target=target):
                possible = target in self.chosen and target != self.stage
                if possible:
                    self.stage, self.open = target, False
            case _:
                possible = self.stage > 0 if isinstance(body, Reset) else not self.open
                if possible:
                    self.stage, self.open = max(self.chosen, default=0) + 1, True
                    self.chosen[self.stage] = {}
        return possible


def play(room: Room, history: list[Any]) -> None:
    """Let phones and admins do things; after each, memory, journal, receipts and model agree."""
    receipts: dict[tuple[str, str], Receipt] = {}
    for kind, *step in history:
        answers: list[Answer] = []
        stage, version = room.state.stage, room.state.version
        if kind == "cast":
            for voter, id, off, choices in step[0]:
                answers.append(Answer())
                room.engine.cast(Ballot(voter, id, stage + off, choices), answers[-1])
        elif kind == "steer":
            command, off, behind, target = step
            rest = {Open: ("poll",), Restore: (target,)}.get(command, ())
            room.engine.command(command(stage + off, max(0, version - behind), *rest))
        elif kind == "clock":
            room.clock.now = max(0, room.clock.now + step[0])
        elif isinstance(room.journal, ListJournal):
            room.journal.trouble = step
        for answer in answers:
            answer.get()
        if not room.engine.recording:
            room.back.clear()
            assert room.back.wait(PATIENCE)
        records = room.journal.read(0)
        assert fields(room.state) == replayed(records)
        model = Model()
        for _, body in records:
            model.read(decode(body))
        assert room.state.stage == model.stage
        for round in room.state.rounds.values():
            assert +Counter(round.counts) == Counter(model.chosen[round.id].values())
            assert round.voted == sum(round.counts.values())
        for voter, id in model.spent:
            answer = Answer()
            room.engine.cast(Ballot(voter, id, 99, ()), answer)
            assert answer.times == 1
            assert receipts.setdefault((voter, id), answer.receipt()) == answer.receipt()
        assert sum(map(len, room.state.receipts.values())) == len(model.spent)


@settings(max_examples=EXAMPLES, deadline=None)
@given(histories)
def test_any_history_is_its_replay_and_counts_as_a_simple_model_does(history: list[Any]) -> None:
    """Duplicates, changes, stale admins, clock steps and failed commits: always one truth."""
    with Room() as room:
        play(room, history)


@settings(max_examples=DISK_EXAMPLES, deadline=None)
@given(histories)
def test_any_history_survives_the_disk(history: list[Any]) -> None:
    """What a reopened SQLite journal replays is the state that was in memory."""
    with tempfile.TemporaryDirectory() as folder:
        with closing(SqliteJournal(Path(folder))) as journal, Room(journal) as room:
            play(room, history)
            before = fields(room.state)
        with closing(SqliteJournal(Path(folder))) as journal:
            engine = Engine(journal, Clock())
            engine.replay()
            assert fields(engine.state) == before
