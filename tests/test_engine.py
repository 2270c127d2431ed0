"""engine.py: counted means durable, one batch at a time, and a restart is a replay."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import gevent
import msgspec
import pytest
from gevent.event import Event
from gevent.queue import Queue

from tests.engines import PATIENCE, Clock, ListJournal, Room
from tests.folding import OTHER, POLL, fields, replayed
from voting import engine as engine_module
from voting.engine import MAX_BATCH, Engine
from voting.journal import NotRecorded
from voting.journal_sqlite import SqliteJournal
from voting.records import (
    FORMAT,
    Ballot,
    Begin,
    Close,
    Define,
    Edit,
    Extend,
    Open,
    Poll,
    Record,
    Remove,
    Reset,
    Stage,
    decode,
    encode,
)
from voting.state import Broken, Done, Outcome, Refusal

EDITED = Poll("poll", "Who else?", POLL.candidates)


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
        assert room.round.counts == {"ada": 2_500, "bob": 0}


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
        assert room.round.counts == {"ada": 1, "bob": 0}


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
        assert room.round.voted == 1


def test_a_command_waits_for_its_outcome() -> None:
    """An admin is told what came of the command; the second of two is refused."""
    with Room() as room:
        seen = room.state.version
        assert room.engine.command(Close(1, seen)) == Done()
        refusal = room.engine.command(Reset(1, seen))
        assert isinstance(refusal, Refusal)
        assert refusal.code == "conflict"
        assert room.journal.records[seen].at == room.clock.now


def test_a_command_that_ends_a_round_takes_down_who_was_there() -> None:
    """The engine asks when the command comes, and the record keeps it for turnout."""
    with Room(present=12) as room:
        room.steer(Close)
        assert room.round.room == 12
        room.cast("v")
        room.steer(Reset)
        assert decode(room.journal.records[-1].body) == Reset(1, 4, room=12)


def test_who_watches_is_told_after_each_batch() -> None:
    """Ballots change the numbers, a command that took effect more, another round everything."""
    with Room() as room:
        room.cast("v").get()
        assert room.news == [("numbers", True)]
        assert isinstance(room.steer(Close), Done)
        assert room.news[1:] == [("state", True)]
        room.steer(Close)
        assert room.news[2:] == [("numbers", True)]
        assert isinstance(room.steer(Reset), Done)
        assert room.news[3:] == [("round", True)]


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
    logged: Callable[[], str],
) -> None:
    """The rest of the batch is answered, the mistake is reported, and the engine goes on."""

    def mistake(outcome: Outcome) -> None:
        raise LookupError("a mistake of ours")

    with Room() as room:
        room.engine.cast(Ballot("v", "b1", 1, ("ada",)), mistake)
        room.cast("w").receipt()
        room.cast("x").receipt()
    assert "LookupError: a mistake of ours" in logged()


def test_a_mistake_in_the_engine_answers_everybody_and_says_that_it_failed(
    logged: Callable[[], str],
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
    assert "LookupError: a mistake of ours" in logged()


# When the journal fails


def test_a_second_copy_gets_the_answer_of_the_first() -> None:
    """A round that closes meanwhile must not refuse for good what is about to count."""
    with Room() as room:
        room.steer(Extend, 60)
        room.journal.hold()
        first = room.cast("v")
        assert room.journal.knocked.wait(PATIENCE)
        room.clock.now += 61_000
        second = room.cast("v", choice="bob")
        assert second.times == 0
        assert room.cast("w").code() == "round_closed"
        room.journal.gate.set()
        assert first.receipt() == second.receipt()


def test_copies_of_taps_cost_no_pace() -> None:
    """A phone that sends again what is under way is not told that it was too fast."""
    with Room(msgspec.structs.replace(POLL, rule="taps", taps_per_second=2)) as room:
        room.journal.hold()
        taps = [room.cast("v", id) for id in ("t1", "t2")]
        again = [room.cast("v", id) for id in ("t1", "t2", "t1")]
        assert room.cast("v", "t3").code() == "too_fast"
        room.journal.gate.set()
        versions = [answer.receipt().version for answer in [*taps, *again]]
        assert versions == [*versions[:2], *versions[:2], versions[0]]
        assert room.round.counts == {"ada": 2, "bob": 0}


def test_while_nobody_knows_what_the_journal_holds_nothing_is_refused_for_good() -> None:
    """The commit reached the disk, its phone asks again after the countdown, and then learns."""
    with Room() as room:
        room.steer(Extend, 60)
        room.journal.trouble = ["at last"]
        assert room.cast("v").code() == "not_recorded"
        room.back.clear()
        room.clock.now += 61_000
        assert room.cast("v").code() == "not_recorded"
        room.journal.down = False
        assert room.back.wait(PATIENCE)
        assert room.cast("v").receipt().choices == ("ada",)


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
        assert room.round.counts == {"ada": 1, "bob": 0}


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
        assert room.round.counts == {"ada": 1, "bob": 0}
        assert fields(room.state) == replayed(records)


def test_what_nobody_knows_to_be_durable_is_not_shown() -> None:
    """Records that a failed commit left are folded once a write says that the disk has them."""
    with Room() as room:
        before = fields(room.state)
        room.journal.trouble = ["after"]
        room.engine.cast(Ballot("v", "b1", 1, ("ada",)), lambda outcome: room.journal.hold())
        with gevent.Timeout(PATIENCE):
            while room.journal.gate.is_set() or not room.journal.knocked.is_set():
                gevent.sleep(0)
        assert len(room.journal.records) == before["version"] + 1
        assert fields(room.state) == before
        room.journal.gate.set()
        assert room.back.wait(PATIENCE)
        assert room.round.counts == {"ada": 1, "bob": 0}
        assert room.news[-1] == ("round", True)


def test_a_command_that_reached_the_disk_all_the_same_takes_effect() -> None:
    """The admin is told that nobody knows; the room then shows what the journal says."""
    with Room() as room:
        room.journal.trouble = ["after"]
        outcome = room.steer(Close)
        assert isinstance(outcome, Refusal)
        assert outcome.code == "not_recorded"
        assert room.back.wait(PATIENCE)
        assert room.round.state == "closed"


def test_a_start_on_a_journal_that_cannot_be_written_says_so_at_once() -> None:
    """Nobody's ballot has to find out, and it mends by itself."""
    journal = ListJournal()
    engine = Engine(journal, Clock())
    engine.replay()
    engine.prepare([POLL], open_at_start=True)
    news: Queue[bool] = Queue()
    engine.watch(lambda change: news.put(engine.recording), lambda: 0)
    journal.down = True
    engine.start()
    assert news.get(timeout=PATIENCE) is False
    journal.down = False
    assert news.get(timeout=PATIENCE) is True
    engine.stop()


def test_a_journal_whose_seals_are_gone_stops_the_start() -> None:
    """Without them nothing proves what the records were."""
    with Room() as room:
        room.cast("v").receipt()
    bare = [record._replace(seal=b"") for record in room.journal.records]
    with pytest.raises(Broken, match="from 1 on have no seal"):
        Engine(ListJournal(bare), Clock()).replay()


def test_two_engines_on_one_journal_end_with_the_same_state() -> None:
    """Who finds records behind its own reads them before it appends, and history does not fork."""
    journal = ListJournal()
    with Room(journal=journal) as one, Room(journal=journal) as other:
        one.cast("v").receipt()
        assert other.cast("w").code() == "not_recorded"
        assert other.back.wait(PATIENCE)
        other.cast("w").receipt()
        assert one.cast("x").code() == "not_recorded"
        assert one.back.wait(PATIENCE)
        assert fields(one.state) == fields(other.state) == replayed(journal.records)
        assert one.round.voted == 2


def test_a_locked_file_is_trouble_that_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a real SQLite file held by another program the same promises hold."""
    monkeypatch.setattr("voting.database.BUSY_SECONDS", 0.02)
    monkeypatch.setattr(engine_module, "RETRY_SECONDS", 0.001)
    with closing(SqliteJournal(tmp_path)) as journal, Room(journal=journal) as room:
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
        assert [record.at for record in room.journal.records[-4:]] == times


def test_time_does_not_go_back_over_a_restart_either() -> None:
    """A laptop that wakes up in the past goes on from its journal's newest time."""
    journal = ListJournal()
    with Room(journal=journal) as room:
        room.clock.now = 9_000
        room.cast("v").receipt()
    with Room(journal=journal) as room:
        assert room.clock.now < 9_000
        room.cast("w").receipt()
        assert room.state.at == 9_000


def test_after_a_restart_in_the_past_time_goes_on() -> None:
    """A countdown must not wait for hours until a clock has caught up that had been wrong."""
    journal = ListJournal()
    with Room(journal=journal) as room:
        room.clock.now = 9_000_000
        room.cast("v").receipt()
    for _ in range(2):
        with Room(journal=journal) as room:
            before = room.engine.now()
            assert before == room.state.at
            room.clock.now += 5_000
            room.cast("w", f"b{before}").receipt()
            assert room.state.at == before + 5_000


def test_now_is_the_time_that_a_record_would_get() -> None:
    """Pages count down to the end that the journal knows, even when the clock was set back."""
    with Room() as room:
        room.clock.now = 7_000
        assert room.engine.now() == 7_000
        room.cast("v").receipt()
        room.clock.now = 7
        assert room.engine.now() == room.state.at == 7_000


# Pace

TAPS = msgspec.structs.replace(POLL, rule="taps", taps_per_second=3)


def test_taps_past_the_limit_are_refused_at_once() -> None:
    """They are never records, and what was counted stays."""
    with Room(TAPS) as room:
        taps = [room.cast("v", f"b{n}") for n in range(5)]
        assert [answer.code() for answer in taps[3:]] == ["too_fast"] * 2
        assert [answer.receipt().choices for answer in taps[:3]] == [("ada",)] * 3
        assert room.round.counts == {"ada": 3, "bob": 0}


def test_counted_taps_may_be_sent_again_as_fast_as_the_line_can() -> None:
    """A phone that asks for its receipts is not tapping."""
    with Room(TAPS) as room:
        receipts = [room.cast("v", f"b{n}").receipt() for n in range(3)]
        for _ in range(100):
            assert [room.cast("v", f"b{n}").receipt() for n in range(3)] == receipts


def test_one_who_taps_too_fast_does_not_slow_the_others() -> None:
    """The limit is of one voter."""
    with Room(TAPS) as room:
        greedy = [room.cast("greedy", f"b{n}") for n in range(100)]
        others = [room.cast(f"v{n}") for n in range(10)]
        assert [answer.receipt().choices for answer in others] == [("ada",)] * 10
        assert sum(isinstance(answer.get(), Refusal) for answer in greedy) == 97


def test_what_the_room_refuses_costs_no_tap() -> None:
    """Taps on a candidate that is gone leave the voter's second as it was."""
    with Room(TAPS) as room:
        for n in range(9):
            assert room.cast("v", f"x{n}", "zoe").code() == "unknown_candidate"
        assert [room.cast("v", f"b{n}").receipt() for n in range(3)]


def test_where_a_vote_can_be_changed_there_is_no_pace() -> None:
    """A voter who cannot decide is no flood; the round's number of ballots is limit enough."""
    slow = msgspec.structs.replace(POLL, taps_per_second=1)
    with Room(slow) as room:
        for n in range(9):
            room.cast("v", f"b{n}", "ada" if n % 2 else "bob").receipt()


# Starting


def test_a_restart_is_a_replay(tmp_path: Path) -> None:
    """After reopening a SQLite journal everything is as before, receipts and their codes too."""
    with closing(SqliteJournal(tmp_path)) as journal, Room(journal=journal) as room:
        receipts = [room.cast(f"v{n}").receipt() for n in range(3)]
        room.steer(Reset)
        room.cast("v0", "b2", "bob").receipt()
        before = fields(room.state)
    with closing(SqliteJournal(tmp_path)) as journal, Room(journal=journal) as room:
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


def test_a_journal_that_was_restored_goes_on_under_a_new_epoch() -> None:
    """Phones may have seen more of the old history than the copy holds; they must take the new."""
    journal = ListJournal()
    with Room(journal=journal) as room:
        receipt = room.cast("v").receipt()
        epoch = room.state.epoch
    engine = Engine(journal, Clock())
    engine.replay(restored=True)
    assert engine.state.epoch not in ("", epoch)
    assert engine.state.receipts["v"]["b1"] == receipt
    again = Engine(journal, Clock())
    again.replay()
    assert again.state.epoch == engine.state.epoch


FORMAT_1 = [
    b'{"type":"begin","format":1,"epoch":"e1"}',
    (
        b'{"type":"define","poll":{"id":"poll","question":"Who?","candidates":[{"id":"ada",'
        b'"name":"Ada"},{"id":"bob","name":"Bob"}],"rule":"single","changes":true},"source":"s"}'
    ),
    b'{"type":"open","round":0,"version":2,"poll":"poll"}',
    b'{"type":"ballot","voter":"v","ballot":"b1","round":1,"choices":["ada"]}',
    b'{"type":"close","round":1,"version":3}',
]


def test_a_journal_of_format_1_goes_on_as_one_of_this_format() -> None:
    """Its rounds and receipts are kept, its epoch too; the format is noted, once."""
    journal = ListJournal([Record(at, body) for at, body in enumerate(FORMAT_1, 1)])
    with Room(journal=journal) as room:
        assert (room.state.format, room.state.epoch) == (FORMAT, "e1")
        assert room.round.counts == {"ada": 1, "bob": 0}
        assert room.cast("v", choice="bob").receipt().choices == ("ada",)
        assert [room.state.rounds[1].results, room.round.state] == ["live", "closed"]
    records = list(journal.records)
    assert records[len(FORMAT_1)].body == encode(Begin(FORMAT, "e1"))
    with Room(journal=journal):
        assert journal.records == records


def test_every_append_is_sealed() -> None:
    """Whatever was appended together, the end of it proves the whole."""
    with Room() as room:
        assert room.state.sealed == room.state.version
        for answer in [room.cast(f"v{n}") for n in range(5)]:
            answer.get()
        assert room.state.sealed == room.state.version
        room.journal.records[-3] = room.journal.records[-3]._replace(body=b'{"type":"open"}')
        with pytest.raises(Broken):
            Engine(room.journal, Clock()).replay()


def test_a_tail_without_a_seal_is_refused() -> None:
    """What no seal proves could be anybody's; only format 1 knew none."""
    with Room() as room:
        first = room.state.version + 1
        for n in range(2):
            room.cast(f"v{n}").receipt()
    unsealed = [record._replace(seal=b"") for record in room.journal.records[first - 1 :]]
    journal = ListJournal([*room.journal.records[: first - 1], *unsealed])
    with pytest.raises(Broken, match=f"from {first} on have no seal"):
        Engine(journal, Clock()).replay()


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
    with Room(journal=journal):
        before = list(journal.records)
    with Room(journal=journal):
        assert journal.records == before


def test_an_edited_configuration_adds_one_record() -> None:
    """An edited poll is appended once, and is then what the next round takes."""
    journal = ListJournal()
    with Room(journal=journal) as room:
        room.cast("v").receipt()
    before = len(journal.records)
    with Room(EDITED, journal=journal) as room:
        assert len(journal.records) == before + 1
        assert isinstance(decode(journal.records[-1].body), Define)
        assert room.state.poll == POLL
        room.steer(Reset)
        assert room.state.poll == EDITED
        after = len(journal.records)
    with Room(EDITED, journal=journal):
        assert len(journal.records) == after


# Several polls

THIRD = Poll("third", "When?", POLL.candidates)


def listed(journal: ListJournal, *polls: Poll) -> list[Poll]:
    """Start and stop with a configuration; return the polls, which a further start leaves alone."""
    with Room(*polls, journal=journal) as room:
        found = list(room.state.polls.values())
        assert fields(room.state) == replayed(journal.records)
    records = list(journal.records)
    with Room(*polls, journal=journal):
        assert journal.records == records
    return found


def test_the_configurations_polls_are_listed_in_its_order() -> None:
    """New ones join where the file has them, moved ones move, and dropped ones go."""
    journal = ListJournal()
    assert listed(journal, POLL, OTHER) == [POLL, OTHER]
    assert listed(journal, OTHER, POLL) == [OTHER, POLL]
    assert listed(journal, OTHER, THIRD, POLL) == [OTHER, THIRD, POLL]
    assert listed(journal, POLL, THIRD) == [POLL, THIRD]
    assert listed(journal, THIRD) == [THIRD]


def test_a_poll_that_comes_back_into_the_configuration_comes_back() -> None:
    """Taken out for an evening and put in again, with the same text."""
    journal = ListJournal()
    listed(journal, POLL, OTHER)
    assert listed(journal, POLL) == [POLL]
    assert listed(journal, POLL, OTHER) == [POLL, OTHER]
    assert listed(journal, OTHER) == [OTHER]
    assert listed(journal, POLL) == [POLL]


def test_the_very_first_round_is_of_the_first_poll() -> None:
    """The others wait for the admin."""
    with Room(OTHER, POLL) as room:
        assert room.state.poll == OTHER
        assert opens(room.journal) == 1


def test_a_poll_that_left_the_configuration_keeps_its_round_on_stage() -> None:
    """Voters go on with what they see; only the list has changed."""
    journal = ListJournal()
    with Room(POLL, journal=journal) as room:
        room.cast("v").receipt()
    with Room(OTHER, journal=journal) as room:
        assert list(room.state.polls) == ["other"]
        assert room.state.poll == POLL
        assert room.round.state == "open"
        room.cast("w").receipt()


def test_an_admins_edit_outlives_a_restart_until_the_configuration_changes() -> None:
    """The journal wins over a text that was imported before, and a new text wins over both."""
    journal = ListJournal()
    newer = msgspec.structs.replace(POLL, question="Whom?")
    with Room(journal=journal) as room:
        room.steer(Edit, newer, room.state.defined["poll"])
    assert listed(journal, POLL) == [newer]
    assert listed(journal, EDITED) == [EDITED]


def test_an_admins_polls_stay_behind_the_configurations() -> None:
    """What was written on the page is in no file, so no file takes it away."""
    journal = ListJournal()
    with Room(POLL, journal=journal) as room:
        room.steer(Edit, THIRD, 0)
    assert listed(journal, POLL, OTHER) == [POLL, THIRD, OTHER]
    assert listed(journal, OTHER, POLL) == [OTHER, POLL, THIRD]


def test_a_poll_that_an_admin_removed_stays_away() -> None:
    """Until its text in the file is another one."""
    journal = ListJournal()
    with Room(POLL, OTHER, journal=journal) as room:
        room.steer(Remove, "other", room.state.defined["other"])
    assert listed(journal, POLL, OTHER) == [POLL]
    newer = msgspec.structs.replace(OTHER, question="What now?")
    assert listed(journal, POLL, newer) == [POLL, newer]


def opens(journal: ListJournal) -> int:
    return sum(isinstance(decode(record.body), Open) for record in journal.records)


def test_only_the_very_first_start_opens_a_round() -> None:
    """Whatever has happened since, no later start opens, reopens or resets anything."""
    journal = ListJournal()
    with Room(journal=journal) as room:
        assert room.round.state == "open"
        room.steer(Close)
    with Room(EDITED, journal=journal) as room:
        assert opens(journal) == 1
        assert room.state.stage == 1
        assert room.round.state == "closed"


def test_a_start_opens_no_round_where_one_poll_has_made_way_for_another() -> None:
    """On stage without a round, a poll waits for the admin, not for a restart."""
    journal = ListJournal()
    with Room(POLL, OTHER, journal=journal) as room:
        room.steer(Stage, "other")
    with Room(POLL, OTHER, journal=journal) as room:
        assert (opens(journal), room.state.stage) == (1, 0)


def test_a_start_may_leave_the_first_round_to_the_admin() -> None:
    """With `open_at_start = false` there is no round until somebody opens one."""
    journal = ListJournal()
    engine = Engine(journal, Clock())
    engine.replay()
    engine.prepare([POLL], open_at_start=False)
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
        engine.prepare([POLL], open_at_start=True)
