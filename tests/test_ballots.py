"""ballots.py: the state as the fold of its records, and the rules of a ballot."""

import base64
import hashlib
import os
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.folding import fields
from voting import ballots
from voting.ballots import MAX_BALLOTS_PER_VOTER, Broken, apply, judge
from voting.records import (
    FORMAT,
    Ballot,
    Begin,
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
    encode,
)
from voting.state import Done, Outcome, Receipt, Refusal, State

EXAMPLES = 1_000 if os.environ.get("TEST_ALL") else 100

ADA, BOB, CYD = Candidate("ada", "Ada"), Candidate("bob", "Bob"), Candidate("cyd", "Cyd")
POLL = Poll("poll", "Who?", (ADA, BOB))
ONCE = Poll("poll", "Who?", (ADA, BOB), changes=False)


class Room:
    """A state and the records that made it; time goes on by one with each."""

    def __init__(self, poll: Poll = POLL, *, open: bool = True) -> None:
        self.state = State()
        self.records: list[Record] = []
        self.record(Begin(FORMAT, "epoch"))
        self.record(Define(poll, "source"))
        if open:
            self.open()

    def record(self, body: Body) -> Outcome:
        record = Record(self.state.at + 1, encode(body))
        self.records.append(record)
        return apply(self.state, record)

    def cast(self, voter: str, ballot: str, choice: str, round: int | None = None) -> Outcome:
        at = self.state.stage if round is None else round
        return self.record(Ballot(voter, ballot, at, (choice,)))

    def steer(self, kind: type[Command], *rest: Any) -> Outcome:
        return self.record(kind(self.state.stage, self.state.version, *rest))

    def open(self, poll: str = "poll") -> Outcome:
        return self.steer(Open, poll)

    @property
    def counts(self) -> dict[str, int]:
        assert self.state.on_stage
        return self.state.on_stage.counts


def code(outcome: Outcome) -> str:
    assert isinstance(outcome, Refusal), outcome
    return outcome.code


# Ballots


def test_a_ballot_is_counted_and_gets_a_receipt() -> None:
    """A good ballot adds one to its candidate, and its receipt names ballot, round and choice."""
    room = Room()
    receipt = room.cast("v", "b1", "bob")
    assert isinstance(receipt, Receipt)
    assert (receipt.ballot, receipt.round, receipt.choices) == ("b1", 1, ("bob",))
    assert receipt.version == room.state.version
    assert room.counts == {"ada": 0, "bob": 1}


def test_a_change_moves_the_vote() -> None:
    """A voter who chooses anew still has one vote, for the newer choice."""
    room = Room()
    room.cast("v", "b1", "ada")
    assert isinstance(room.cast("v", "b2", "bob"), Receipt)
    assert room.counts == {"ada": 0, "bob": 1}
    assert room.state.on_stage
    assert room.state.on_stage.voted == room.state.on_stage.ballots == 1


def test_a_ballot_sent_again_counts_once_and_gets_the_same_receipt() -> None:
    """A second record of a counted ballot changes no number and gets the first one's receipt."""
    room = Room()
    first = room.cast("v", "b1", "ada")
    assert room.cast("v", "b1", "ada") == first
    assert room.counts == {"ada": 1, "bob": 0}


def test_other_choices_under_a_counted_id_change_nothing() -> None:
    """The id decides: what else the phone says under it is not looked at."""
    room = Room()
    first = room.cast("v", "b1", "ada")
    assert room.cast("v", "b1", "bob") == first
    assert room.record(Ballot("v", "b1", 99, ())) == first
    assert room.counts == {"ada": 1, "bob": 0}


def test_two_voters_may_use_the_same_ballot_id() -> None:
    """An id is its voter's own; another voter's ballot under it counts too."""
    room = Room()
    assert room.cast("v", "b1", "ada") != room.cast("w", "b1", "ada")
    assert room.counts == {"ada": 2, "bob": 0}


def test_a_refused_id_may_be_used_again() -> None:
    """Only a counted ballot uses up its id."""
    room = Room()
    assert code(room.cast("v", "b1", "zoe")) == "unknown_candidate"
    assert isinstance(room.cast("v", "b1", "ada"), Receipt)


@pytest.mark.parametrize(
    "round, choices, expected",
    [
        (0, ("ada",), "stale_round"),
        (2, ("ada",), "stale_round"),
        (1, (), "wrong_choices"),
        (1, ("ada", "bob"), "wrong_choices"),
        (1, ("ada", "ada"), "wrong_choices"),
        (1, ("zoe",), "unknown_candidate"),
        (1, ("",), "unknown_candidate"),
        (1, ("Ada",), "unknown_candidate"),
    ],
)
def test_a_ballot_that_breaks_a_rule_is_refused(
    round: int, choices: tuple[str, ...], expected: str
) -> None:
    """Each rule has its code, and a refused ballot changes no number."""
    room = Room()
    assert code(room.record(Ballot("v", "b1", round, choices))) == expected
    assert room.counts == {"ada": 0, "bob": 0}
    assert room.state.receipts == {}


def test_before_any_round_every_ballot_is_stale() -> None:
    """With no round on stage there is nothing to vote in, not even for round 0."""
    room = Room(open=False)
    assert code(room.cast("v", "b1", "ada", round=0)) == "stale_round"


def test_a_closed_round_takes_no_ballot() -> None:
    """After the close a new ballot is refused, and a reopened round takes it."""
    room = Room()
    room.steer(Close)
    assert code(room.cast("v", "b1", "ada")) == "round_closed"
    room.steer(Reopen)
    assert isinstance(room.cast("v", "b1", "ada"), Receipt)


def test_a_poll_without_changes_refuses_the_second_choice() -> None:
    """With `changes = false` the first counted choice stays, in that round."""
    room = Room(ONCE)
    room.cast("v", "b1", "ada")
    assert code(room.cast("v", "b2", "bob")) == "already_voted"
    assert room.counts == {"ada": 1, "bob": 0}
    room.steer(Reset)
    assert isinstance(room.cast("v", "b3", "bob"), Receipt)


def test_a_voter_may_spend_a_thousand_ids_in_a_round_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Past the limit new ids are refused, counted ones keep their receipts, others go on voting."""
    assert MAX_BALLOTS_PER_VOTER == 1_000
    monkeypatch.setattr(ballots, "MAX_BALLOTS_PER_VOTER", 3)
    room = Room()
    first, _, third = (room.cast("v", f"b{n}", "ada") for n in range(3))
    assert isinstance(third, Receipt)
    assert code(room.cast("v", "b3", "bob")) == "too_fast"
    assert room.cast("v", "b0", "bob") == first
    assert isinstance(room.cast("w", "b0", "bob"), Receipt)
    room.steer(Reset)
    assert isinstance(room.cast("v", "b4", "bob"), Receipt)


def test_judging_agrees_with_folding_and_changes_nothing() -> None:
    """`judge` says None exactly where the fold would count, and else the fold's own answer."""
    room = Room(ONCE)
    room.cast("v", "b1", "ada")
    tried = [
        Ballot("v", "b1", 1, ("bob",)),
        Ballot("v", "b2", 1, ("bob",)),
        Ballot("w", "b1", 1, ("bob",)),
        Ballot("w", "b2", 2, ("bob",)),
        Ballot("x", "b1", 1, ()),
        Ballot("x", "b1", 1, ("zoe",)),
    ]
    for ballot in tried:
        before = fields(room.state)
        answer = judge(room.state, ballot)
        assert fields(room.state) == before
        outcome = room.record(ballot)
        assert answer == outcome if answer else isinstance(outcome, Receipt)


def test_a_receipts_code_hangs_on_chain_voter_and_ballot() -> None:
    """The code is eight base32 characters of SHA-256(chain before ‖ voter ‖ ballot id)."""
    room = Room()
    chain = room.state.chain
    receipt = room.cast("voter", "ballot", "ada")
    digest = hashlib.sha256(chain + b"voter" + b"ballot").digest()
    letters = base64.b32encode(digest).decode()[:8]
    assert isinstance(receipt, Receipt)
    assert receipt.code == f"{letters[:4]}-{letters[4:]}"
    assert room.state.on_stage
    assert room.state.on_stage.codes == {"voter": receipt.code}


# Commands


def test_rounds_count_up_and_an_id_is_never_used_again() -> None:
    """Open, reset and restore give each new round an id above all others."""
    room = Room()
    room.steer(Reset)
    room.steer(Restore, 1)
    room.steer(Reset)
    assert room.state.stage == 3
    room.steer(Close)
    room.open()
    assert room.state.stage == 4
    assert list(room.state.rounds) == [1, 2, 3, 4]


def test_a_reset_archives_the_ballots_and_begins_at_zero() -> None:
    """Nothing is destroyed: the round before keeps its counts, closed and archived."""
    room = Room()
    room.cast("v", "b1", "ada")
    assert isinstance(room.steer(Reset), Done)
    before = room.state.rounds[1]
    assert (before.state, before.counts) == ("closed", {"ada": 1, "bob": 0})
    assert before.closed_at == room.state.at
    assert room.state.stage == 2
    assert room.counts == {"ada": 0, "bob": 0}


def test_a_restored_round_comes_back_closed_with_its_ballots() -> None:
    """Restore brings an archived round on stage and archives the present one with its ballots."""
    room = Room()
    room.cast("v", "b1", "ada")
    room.steer(Reset)
    room.cast("w", "b1", "bob")
    assert isinstance(room.steer(Restore, 1), Done)
    assert room.state.stage == 1
    assert room.state.rounds[1].state == "closed"
    assert room.counts == {"ada": 1, "bob": 0}
    assert room.state.rounds[2].state == "closed"
    assert room.state.rounds[2].counts == {"ada": 0, "bob": 1}


def test_a_reopened_round_goes_on_with_its_ballots() -> None:
    """Reopen undoes a close: the same round, the same ballots, and voters may change them."""
    room = Room()
    room.cast("v", "b1", "ada")
    room.steer(Close)
    room.steer(Reopen)
    assert room.state.stage == 1
    assert room.counts == {"ada": 1, "bob": 0}
    room.cast("v", "b2", "bob")
    assert room.counts == {"ada": 0, "bob": 1}


def test_closing_keeps_the_time() -> None:
    """A round knows when it was opened and closed, by its records' times."""
    room = Room()
    opened = room.state.at
    room.cast("v", "b1", "ada")
    room.steer(Close)
    assert room.state.on_stage
    assert (room.state.on_stage.opened_at, room.state.on_stage.closed_at) == (opened, room.state.at)


@pytest.mark.parametrize(
    "steps, command",
    [
        ([], Open(1, 99, "poll")),
        ([Close], Open(1, 99, "no such poll")),
        ([Close], Close(1, 99)),
        ([], Reopen(1, 99)),
        ([], Restore(1, 99, 1)),
        ([], Restore(1, 99, 2)),
        ([], Restore(1, 99, 0)),
    ],
)
def test_a_command_that_makes_no_sense_is_refused(
    steps: list[type[Close]], command: Command
) -> None:
    """What is impossible now changes nothing and says so."""
    room = Room()
    for step in steps:
        room.steer(step)
    before = fields(room.state)["rounds"]
    assert code(room.record(command)) == "not_possible"
    assert fields(room.state)["rounds"] == before


@pytest.mark.parametrize("command", [Close(0, 9), Reopen(0, 9), Reset(0, 9)])
def test_before_any_round_only_an_open_is_possible(command: Command) -> None:
    """There is nothing to close, to reopen or to reset before the first round."""
    assert code(Room(open=False).record(command)) == "not_possible"


def test_the_second_of_two_admins_is_told() -> None:
    """A command that names the room as it was before another command took effect is refused."""
    room = Room()
    seen = room.state.version
    assert isinstance(room.record(Close(1, seen)), Done)
    assert code(room.record(Reset(1, seen))) == "conflict"
    assert code(room.record(Reopen(1, seen))) == "conflict"
    assert room.state.stage == 1


def test_ballots_do_not_make_an_admins_view_stale() -> None:
    """While the room votes, a command that saw older numbers still takes effect."""
    room = Room()
    seen = room.state.version
    room.cast("v", "b1", "ada")
    assert isinstance(room.record(Close(1, seen)), Done)


def test_a_refused_command_does_not_make_the_others_stale() -> None:
    """Only what took effect counts as a change of the room."""
    room = Room()
    seen = room.state.version
    assert code(room.record(Reopen(1, seen))) == "not_possible"
    assert isinstance(room.record(Close(1, seen)), Done)


def test_a_command_for_another_round_is_a_conflict() -> None:
    """A close meant for the round before never ends the new one."""
    room = Room()
    room.steer(Reset)
    assert code(room.record(Close(1, room.state.version))) == "conflict"
    assert room.state.on_stage
    assert room.state.on_stage.state == "open"


# Polls


def test_an_edit_reaches_the_open_round_while_nobody_has_voted() -> None:
    """Before the first ballot an edited poll is what phones show, in the same round."""
    room = Room()
    opened = room.state.rounds[1].opened_at
    edited = Poll("poll", "Who?", (ADA, CYD))
    room.record(Define(edited, "s2"))
    assert room.state.poll == edited
    assert room.state.stage == 1
    assert room.state.rounds[1].opened_at == opened
    assert isinstance(room.cast("v", "b1", "cyd"), Receipt)
    assert code(room.cast("w", "b1", "bob")) == "unknown_candidate"


def test_a_round_with_ballots_keeps_the_text_they_were_cast_for() -> None:
    """An edit after the first ballot waits for the next round."""
    room = Room()
    room.cast("v", "b1", "bob")
    edited = Poll("poll", "Who?", (ADA, CYD))
    room.record(Define(edited, "s2"))
    assert room.state.poll == POLL
    assert room.counts == {"ada": 0, "bob": 1}
    room.steer(Reset)
    assert room.state.poll == edited
    assert room.counts == {"ada": 0, "cyd": 0}
    assert room.state.rounds[1].poll == POLL


def test_a_closed_empty_round_keeps_its_text() -> None:
    """A result is of the poll that was shown, even when nobody voted."""
    room = Room()
    room.steer(Close)
    room.record(Define(Poll("poll", "Who?", (ADA, CYD)), "s2"))
    assert room.state.rounds[1].poll == POLL


def test_a_poll_of_its_own_does_not_touch_the_round_of_another() -> None:
    """Defining a second poll leaves the stage as it is; it can be opened later."""
    room = Room()
    other = Poll("other", "What?", (CYD,))
    room.record(Define(other, "s2"))
    assert room.state.poll == POLL
    room.steer(Close)
    assert isinstance(room.open("other"), Done)
    assert room.state.poll == other
    assert room.counts == {"cyd": 0}


# Records


def test_the_chain_is_a_digest_over_times_and_bodies() -> None:
    """Each link is SHA-256(link before ‖ time in 8 bytes ‖ body), from 32 zeros on."""
    room = Room()
    room.cast("v", "b1", "zoe")  # a refused record is a link, too
    chain = bytes(32)
    for at, body in room.records:
        chain = hashlib.sha256(chain + at.to_bytes(8, "big") + body).digest()
    assert room.state.chain == chain
    assert room.state.version == len(room.records)


def test_a_history_begins_with_its_begin_and_has_no_other() -> None:
    """A record before the begin, or a second begin, is no history of this program's."""
    with pytest.raises(Broken, match="record 1 "):
        apply(State(), Record(1, encode(Close(0, 0))))
    with pytest.raises(Broken, match="record 4 "):
        Room().record(Begin(FORMAT, "again"))


def test_a_history_may_begin_at_any_time() -> None:
    """A fresh state is older than every record, and holds nothing."""
    state = State()
    assert (state.version, state.at, state.stage, state.steered, state.epoch) == (0, 0, 0, 0, "")
    assert apply(state, Record(0, encode(Begin(FORMAT, "epoch")))) == Done()


def test_a_begin_names_the_epoch_and_a_define_its_source() -> None:
    """Both take effect, and what they name is in the state."""
    room = Room(open=False)
    assert room.state.epoch == "epoch"
    assert room.state.sources == {"poll": "source"}
    assert room.record(Define(POLL, "newer")) == Done()
    assert room.state.sources == {"poll": "newer"}


def test_a_newer_format_is_not_read() -> None:
    """A journal of a later program is refused rather than half understood."""
    with pytest.raises(Broken, match=f"format {FORMAT + 1}"):
        apply(State(), Record(1, encode(Begin(FORMAT + 1, "epoch"))))


def test_time_does_not_go_back() -> None:
    """A record older than the one before it is no history; one of the same time is."""
    room = Room()
    apply(room.state, Record(room.state.at, encode(Close(1, 99))))
    with pytest.raises(Broken, match="older"):
        apply(room.state, Record(room.state.at - 1, encode(Reopen(1, 99))))


@pytest.mark.parametrize(
    "body", [b"{", b"null", b'{"type":"open","round":1,"version":4,"poll":"\xff"}']
)
def test_bytes_that_are_no_record_break_the_history(body: bytes) -> None:
    """What cannot be read is named by its number."""
    room = Room()
    with pytest.raises(Broken, match="record 4 "):
        apply(room.state, Record(99, body))


# Any history

voters = st.sampled_from(["v", "w", "x"])
ids = st.sampled_from(["b1", "b2", "b3", "b4"])
choices = st.sampled_from([("ada",), ("bob",), ("cyd",), (), ("ada", "bob")])
votes = st.builds(Ballot, voters, ids, st.integers(0, 4), choices)
commands = st.one_of(
    st.builds(Open, st.integers(0, 4), st.integers(0, 60), st.just("poll")),
    st.builds(Close, st.integers(0, 4), st.integers(0, 60)),
    st.builds(Reopen, st.integers(0, 4), st.integers(0, 60)),
    st.builds(Reset, st.integers(0, 4), st.integers(0, 60)),
    st.builds(Restore, st.integers(0, 4), st.integers(0, 60), st.integers(0, 4)),
)
edits = st.builds(
    lambda named, changes: Define(Poll("poll", "?", (ADA, named), changes=changes), "s"),
    st.sampled_from([BOB, CYD]),
    st.booleans(),
)
histories = st.lists(
    st.integers(0, 19).flatmap(
        lambda roll: votes if roll < 14 else commands if roll < 19 else edits
    ),
    max_size=40,
)


def aimed(body: Body, state: State, dice: random.Random) -> Body:
    """Let most of what is tried meet the room as it is, or nothing would ever happen in it."""
    if isinstance(body, Define) or dice.random() < 0.2:
        return body
    changed = {"round": state.stage}
    if not isinstance(body, Ballot):
        changed["version"] = state.version
    return type(body)(**{name: getattr(body, name) for name in body.__struct_fields__} | changed)


@settings(max_examples=EXAMPLES, deadline=None)
@given(histories, st.randoms(use_true_random=False))
def test_a_counted_id_gets_its_first_receipt_whatever_followed(
    history: list[Body], dice: random.Random
) -> None:
    """After closes, resets, restores, edits and changes a counted id still has its own receipt."""
    room = Room()
    first: dict[tuple[str, str], Receipt] = {}
    for body in history:
        body = aimed(body, room.state, dice)
        outcome = room.record(body)
        if isinstance(body, Ballot) and isinstance(outcome, Receipt):
            assert first.setdefault((body.voter, body.ballot), outcome) == outcome
        for (voter, ballot), receipt in first.items():
            assert judge(room.state, Ballot(voter, ballot, 99, ("zoe",))) == receipt


@settings(max_examples=EXAMPLES, deadline=None)
@given(histories, st.randoms(use_true_random=False))
def test_counts_are_the_newest_choices_and_sum_to_the_voters(
    history: list[Body], dice: random.Random
) -> None:
    """In every round, archived ones too, each voter's newest receipt is one vote and no more."""
    room = Room()
    newest: dict[int, dict[str, tuple[str, ...]]] = {}
    seen: set[tuple[str, str]] = set()
    for body in history:
        body = aimed(body, room.state, dice)
        outcome = room.record(body)
        if not (isinstance(body, Ballot) and isinstance(outcome, Receipt)):
            pass
        elif (body.voter, body.ballot) not in seen:
            seen.add((body.voter, body.ballot))
            newest.setdefault(body.round, {})[body.voter] = body.choices
        for round in room.state.rounds.values():
            chosen = newest.get(round.id, {})
            assert +Counter(round.counts) == Counter(c for own in chosen.values() for c in own)
            assert sum(round.counts.values()) == round.voted == len(chosen)


@settings(max_examples=EXAMPLES, deadline=None)
@given(histories, st.randoms(use_true_random=False))
def test_only_the_round_on_stage_ever_changes(history: list[Body], dice: random.Random) -> None:
    """An archived round keeps its result: only the round on stage is open, or counts a ballot."""
    room = Room()
    for body in history:
        others = {id: r for id, r in fields(room.state)["rounds"].items() if id != room.state.stage}
        outcome = room.record(aimed(body, room.state, dice))
        now = fields(room.state)["rounds"]
        if isinstance(outcome, Receipt):
            assert all(now[id] == before for id, before in others.items())
        for round in room.state.rounds.values():
            assert round.state == "closed" or round.id == room.state.stage
