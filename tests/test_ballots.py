"""ballots.py: the state as the fold of its records, and the rules of a ballot."""

import base64
import hashlib
from itertools import product

import msgspec
import pytest

from tests.folding import ADA, BOB, CYD, OTHER, POLL, Room, code, fields
from voting.ballots import apply, judge
from voting.records import (
    FORMAT,
    Arrange,
    Ballot,
    Begin,
    Close,
    Define,
    Extend,
    Poll,
    Record,
    Reopen,
    Reset,
    Restore,
    Stage,
    encode,
    sealed,
)
from voting.state import Broken, Done, Newer, Receipt, State

ONCE = msgspec.structs.replace(POLL, changes=False)
APPROVAL = Poll("poll", "Which?", (ADA, BOB, CYD), rule="approval", max_choices=2)
TAPS = Poll("poll", "How much?", (ADA, BOB), rule="taps")

# Every rule


def test_a_ballot_is_counted_and_gets_a_receipt() -> None:
    """A good ballot adds one to its candidate, and its receipt names ballot, round and choice."""
    room = Room()
    receipt = room.cast("v", "b1", "bob")
    assert isinstance(receipt, Receipt)
    assert (receipt.ballot, receipt.round, receipt.choices) == ("b1", 1, ("bob",))
    assert receipt.version == room.state.version
    assert room.counts == {"ada": 0, "bob": 1}


def test_two_voters_may_use_the_same_ballot_id() -> None:
    """An id is its voter's own; another voter's ballot under it counts too."""
    room = Room()
    assert room.cast("v", "b1", "ada") != room.cast("w", "b1", "ada")
    assert room.counts == {"ada": 2, "bob": 0}


def test_another_voters_id_tells_nothing() -> None:
    """Who tries a stranger's ballot id is answered exactly as for one that nobody has used."""
    room = Room(ONCE)
    room.cast("v", "b1", "ada")
    room.cast("w", "c1", "ada")
    for closed in (False, True):
        if closed:
            room.steer(Close)
        for voter, choice in product(["w", "x"], ["bob", "zoe"]):
            tried, unused = (
                judge(room.state, Ballot(voter, id, 1, (choice,)), room.state.at)
                for id in ("b1", "unused")
            )
            assert tried == unused


def test_a_refused_id_may_be_used_again() -> None:
    """Only a counted ballot uses up its id."""
    room = Room()
    assert code(room.cast("v", "b1", "zoe")) == "unknown_candidate"
    assert isinstance(room.cast("v", "b1", "ada"), Receipt)


@pytest.mark.parametrize("poll", [POLL, APPROVAL, TAPS], ids=lambda poll: poll.rule)
@pytest.mark.parametrize(
    "round, choices, expected",
    [
        (0, ("ada",), "stale_round"),
        (2, ("ada",), "stale_round"),
        (1, (), "wrong_choices"),
        (1, ("ada", "bob", "ada"), "wrong_choices"),
        (1, ("ada", "ada"), "wrong_choices"),
        (1, ("zoe",), "unknown_candidate"),
        (1, ("",), "unknown_candidate"),
        (1, ("Ada",), "unknown_candidate"),
    ],
)
def test_a_ballot_that_breaks_a_rule_is_refused(
    poll: Poll, round: int, choices: tuple[str, ...], expected: str
) -> None:
    """Each rule has its code, and a refused ballot changes no number."""
    room = Room(poll)
    assert code(room.record(Ballot("v", "b1", round, choices))) == expected
    assert set(room.counts.values()) == {0}
    assert room.state.receipts == {}
    assert room.round.voted == room.round.ballots == 0


@pytest.mark.parametrize("poll", [POLL, TAPS], ids=lambda poll: poll.rule)
def test_only_approval_takes_several_choices(poll: Poll) -> None:
    """A poll that once was approval may still say how many; with another rule it is one."""
    room = Room(msgspec.structs.replace(poll, max_choices=2))
    assert code(room.cast("v", "b1", "ada", "bob")) == "wrong_choices"
    assert isinstance(room.cast("v", "b1", "ada"), Receipt)


def test_before_any_round_every_ballot_is_stale() -> None:
    """With no round on stage there is nothing to vote in, not even for round 0."""
    room = Room(open=False)
    assert code(room.cast("v", "b1", "ada", round=0)) == "stale_round"


def test_a_new_ballot_for_an_old_round_is_stale() -> None:
    """After a reset the round before takes nothing more, whatever its poll."""
    room = Room()
    room.steer(Reset)
    assert code(room.cast("v", "b1", "ada", round=1)) == "stale_round"
    assert room.state.rounds[1].counts == {"ada": 0, "bob": 0}


def test_a_closed_round_takes_no_ballot() -> None:
    """After the close a new ballot is refused, and a reopened round takes it."""
    room = Room()
    room.steer(Close)
    assert code(room.cast("v", "b1", "ada")) == "round_closed"
    room.steer(Reopen)
    assert isinstance(room.cast("v", "b1", "ada"), Receipt)


def test_a_receipts_code_hangs_on_chain_voter_and_ballot() -> None:
    """The code is eight base32 characters of SHA-256(chain before ‖ voter ‖ ballot id)."""
    room = Room()
    chain = room.state.chain
    receipt = room.cast("voter", "ballot", "ada")
    digest = hashlib.sha256(chain + b"voter" + b"ballot").digest()
    letters = base64.b32encode(digest).decode()[:8]
    assert isinstance(receipt, Receipt)
    assert receipt.code == f"{letters[:4]}-{letters[4:]}"
    assert room.round.newest("voter") == receipt
    assert room.round.newest("somebody else") is None


# single


def test_a_change_moves_the_vote() -> None:
    """A voter who chooses anew still has one vote, for the newer choice."""
    room = Room()
    room.cast("v", "b1", "ada")
    newer = room.cast("v", "b2", "bob")
    assert room.counts == {"ada": 0, "bob": 1}
    assert room.round.voted == room.round.ballots == 1
    assert room.round.newest("v") == newer


def test_choosing_the_same_again_is_a_change_like_any_other() -> None:
    """A new id with the old choice is counted in the old one's place."""
    room = Room()
    first, second = room.cast("v", "b1", "ada"), room.cast("v", "b2", "ada")
    assert isinstance(second, Receipt)
    assert second != first
    assert room.counts == {"ada": 1, "bob": 0}


def test_a_poll_without_changes_refuses_the_second_choice() -> None:
    """With `changes = false` the first counted choice stays, in that round."""
    room = Room(ONCE)
    room.cast("v", "b1", "ada")
    assert code(room.cast("v", "b2", "bob")) == "already_voted"
    assert room.counts == {"ada": 1, "bob": 0}
    room.steer(Close)
    room.steer(Reopen)
    assert code(room.cast("v", "b2", "bob")) == "already_voted"
    room.steer(Reset)
    assert isinstance(room.cast("v", "b3", "bob"), Receipt)


# approval


def test_approval_counts_each_choice_once() -> None:
    """A ballot with two choices is one ballot of one voter, and one for each candidate."""
    room = Room(APPROVAL)
    receipt = room.cast("v", "b1", "cyd", "ada")
    assert isinstance(receipt, Receipt)
    assert receipt.choices == ("cyd", "ada")
    room.cast("w", "b1", "ada")
    assert room.counts == {"ada": 2, "bob": 0, "cyd": 1}
    assert room.round.voted == room.round.ballots == 2


def test_approval_takes_back_all_choices_of_the_ballot_before() -> None:
    """A changed ballot replaces the whole of the older one, not a part."""
    room = Room(APPROVAL)
    room.cast("v", "b1", "ada", "bob")
    room.cast("v", "b2", "bob", "cyd")
    assert room.counts == {"ada": 0, "bob": 1, "cyd": 1}
    room.cast("v", "b3", "ada")
    assert room.counts == {"ada": 1, "bob": 0, "cyd": 0}
    assert room.round.voted == room.round.ballots == 1


def test_approval_has_a_limit_of_choices() -> None:
    """`max_choices` may be chosen, one more may not, and one of them unknown spoils all."""
    room = Room(APPROVAL)
    assert code(room.cast("v", "b1", "ada", "bob", "cyd")) == "wrong_choices"
    assert code(room.cast("v", "b1", "ada", "zoe")) == "unknown_candidate"
    assert room.counts == {"ada": 0, "bob": 0, "cyd": 0}
    assert isinstance(room.cast("v", "b1", "ada", "bob"), Receipt)


def test_approval_may_forbid_changes_like_any_rule() -> None:
    """Without changes the first ballot stays, even if it had room for another choice."""
    room = Room(msgspec.structs.replace(APPROVAL, changes=False))
    room.cast("v", "b1", "ada")
    assert code(room.cast("v", "b2", "ada", "bob")) == "already_voted"
    assert room.counts == {"ada": 1, "bob": 0, "cyd": 0}


# taps


def test_each_tap_adds_one() -> None:
    """Every ballot of a voter counts and takes nothing from the ones before."""
    room = Room(TAPS)
    taps = [room.cast("v", f"b{n}", choice) for n, choice in enumerate(["ada", "ada", "bob"])]
    room.cast("w", "b0", "bob")
    assert room.counts == {"ada": 2, "bob": 2}
    assert (room.round.voted, room.round.ballots) == (2, 4)
    assert room.round.counted["v"] == taps
    assert room.round.newest("v") == taps[-1]


def test_a_tap_sent_again_adds_nothing() -> None:
    """Exactly once holds for taps, too: the id tells a second tap from a repeated one."""
    room = Room(TAPS)
    first = room.cast("v", "b1", "ada")
    room.cast("v", "b2", "ada")
    assert room.cast("v", "b1", "bob") == first
    assert room.counts == {"ada": 2, "bob": 0}


def test_taps_know_no_change_so_none_can_be_forbidden() -> None:
    """`changes = false` is about taking a vote back; a tap takes none back."""
    room = Room(msgspec.structs.replace(TAPS, changes=False))
    room.cast("v", "b1", "ada")
    assert isinstance(room.cast("v", "b2", "ada"), Receipt)
    assert room.counts == {"ada": 2, "bob": 0}


# Exactly once


@pytest.mark.parametrize(
    "poll", [POLL, ONCE, APPROVAL, TAPS], ids=lambda p: f"{p.rule} {p.changes}"
)
def test_a_counted_id_gets_its_first_receipt_whatever_has_happened(poll: Poll) -> None:
    """After a close, a reset, an edit, another poll and a restore: one count, one receipt."""
    room = Room(poll, OTHER)
    first = room.cast("v", "b1", "ada")
    room.cast("v", "b2", "bob")
    counts = dict(room.counts)
    edited = msgspec.structs.replace(poll, candidates=(CYD,))
    steps = [
        lambda: room.steer(Close),
        lambda: room.steer(Reopen),
        lambda: room.record(Define(edited, "edited")),
        lambda: room.steer(Reset),
        lambda: room.steer(Stage, "other"),
        lambda: room.open("other"),
        lambda: room.steer(Restore, 1),
    ]
    for step in steps:
        assert step() == Done()
        for round, choices in product([0, 1, 2, 99], [(), ("bob",), ("zoe",), ("ada", "bob")]):
            again = Ballot("v", "b1", round, choices)
            assert judge(room.state, again, room.state.at) == first
            assert room.record(again) == first
    assert room.state.rounds[1].counts == counts
    assert all(set(room.state.rounds[id].counts.values()) == {0} for id in (2, 3))


def test_a_sent_again_ballot_does_not_undo_a_later_change() -> None:
    """The old id gets the old receipt; what counts is the newer choice."""
    room = Room()
    first = room.cast("v", "b1", "ada")
    newer = room.cast("v", "b2", "bob")
    assert room.cast("v", "b1", "ada") == first
    assert room.counts == {"ada": 0, "bob": 1}
    assert room.round.newest("v") == newer


@pytest.mark.parametrize("poll", [POLL, TAPS], ids=lambda poll: poll.rule)
def test_a_voter_may_spend_so_many_ids_in_a_round_and_no_more(poll: Poll) -> None:
    """Past the limit new ids are refused, counted ones keep their receipts, others go on voting."""
    room = Room(msgspec.structs.replace(poll, max_ballots=3))
    first, _, third = (room.cast("v", f"b{n}", "ada") for n in range(3))
    assert isinstance(third, Receipt)
    assert code(room.cast("v", "b3", "bob")) == "too_fast"
    assert room.cast("v", "b0", "bob") == first
    assert isinstance(room.cast("w", "b0", "bob"), Receipt)
    room.steer(Reset)
    assert isinstance(room.cast("v", "b4", "bob"), Receipt)


def test_a_poll_takes_a_thousand_ballots_of_a_voter_unless_it_says_otherwise() -> None:
    """What a journal of format 1 took for granted."""
    assert POLL.max_ballots == 1_000


def test_judging_agrees_with_folding_and_changes_nothing() -> None:
    """`judge` says None exactly where the fold would count, and else the fold's own answer."""
    room = Room(ONCE, seconds=1)
    end = room.round.closes_at
    assert end
    room.cast("v", "b1", "ada")
    tried = [
        Ballot("v", "b1", 1, ("bob",)),
        Ballot("v", "b2", 1, ("bob",)),
        Ballot("w", "b1", 1, ("bob",)),
        Ballot("w", "b2", 2, ("bob",)),
        Ballot("x", "b1", 1, ()),
        Ballot("x", "b1", 1, ("zoe",)),
    ]
    for at, ballot in product([end - 2, end - 1, end, end + 1], tried):
        before = fields(room.state)
        answer = judge(room.state, ballot, at)
        assert fields(room.state) == before
        outcome = room.record(ballot, at=at)
        assert answer == outcome if answer else isinstance(outcome, Receipt)


# Countdowns


def test_a_countdown_ends_by_the_records_own_time() -> None:
    """The last millisecond counts, the next does not, and nobody has to close the round."""
    room = Room(seconds=60)
    end = room.round.opened_at + 60_000
    assert room.round.closes_at == end
    assert isinstance(room.cast("v", "b1", "ada", at=end - 1), Receipt)
    assert code(room.cast("w", "b1", "ada", at=end)) == "round_closed"
    assert code(room.cast("w", "b1", "ada", at=end + 1)) == "round_closed"
    assert room.round.state == "open"  # until the record of its close


def test_after_the_countdown_a_counted_ballot_still_has_its_receipt() -> None:
    """Looking up comes before the countdown, as before every other rule."""
    room = Room(seconds=1)
    first = room.cast("v", "b1", "ada")
    again = Ballot("v", "b1", 1, ("bob",))
    assert judge(room.state, again, room.state.at + 2_000) == first


def test_an_extended_countdown_takes_ballots_again() -> None:
    """Even if it was over for a moment, while nobody had recorded the close."""
    room = Room(seconds=1)
    end = room.round.closes_at
    assert end
    assert code(room.cast("v", "b1", "ada", at=end)) == "round_closed"
    room.steer(Extend, 1)
    assert isinstance(room.cast("v", "b1", "ada"), Receipt)


# Records


def test_the_chain_is_a_digest_over_times_and_bodies() -> None:
    """Each link is SHA-256(link before ‖ time in 8 bytes ‖ body), from 32 zeros on."""
    room = Room()
    room.cast("v", "b1", "zoe")  # a refused record is a link, too
    chain = bytes(32)
    for record in room.records:
        chain = hashlib.sha256(chain + record.at.to_bytes(8, "big") + record.body).digest()
    assert room.state.chain == chain
    assert room.state.version == len(room.records)


def test_a_seal_proves_the_records_up_to_it() -> None:
    """What was proved is known; what came since is not, until the next seal."""
    room = Room()
    bodies = [Ballot("v", "b1", 1, ("ada",)), Close(1, 4)]
    for record in sealed(room.state.chain, [Record(9, encode(body)) for body in bodies]):
        apply(room.state, record)
    assert room.state.sealed == room.state.version == 5
    room.steer(Reopen)
    assert (room.state.sealed, room.state.version) == (5, 6)


@pytest.mark.parametrize(
    "spoiled",
    [
        Record(10, encode(Ballot("v", "b1", 1, ("ada",)))),
        Record(9, encode(Ballot("v", "b1", 1, ("bob",)))),
        Record(9, encode(Ballot("v", "b1", 1, ("ada",))) + b" "),
    ],
)
def test_a_seal_that_does_not_fit_breaks_the_history(spoiled: Record) -> None:
    """No byte before a seal can change unnoticed, and the sentence says where to look."""
    room = Room()
    ballot = Record(9, encode(Ballot("v", "b1", 1, ("ada",))))
    last = sealed(room.state.chain, [ballot, Record(10, encode(Close(1, 4)))])[-1]
    apply(room.state, spoiled)
    with pytest.raises(Broken, match="records 1 to 5 are not what was sealed"):
        apply(room.state, last)


def test_a_history_begins_with_its_begin() -> None:
    """A record before the begin is no history of this program's."""
    with pytest.raises(Broken, match="record 1 "):
        apply(State(), Record(1, encode(Close(0, 0))))


def test_a_history_may_begin_at_any_time() -> None:
    """A fresh state is older than every record, and holds nothing."""
    state = State()
    assert (state.version, state.at, state.stage, state.steered, state.epoch) == (0, 0, 0, 0, "")
    assert apply(state, Record(0, encode(Begin(FORMAT, "epoch")))) == Done()


def test_a_history_may_go_on_under_another_epoch() -> None:
    """After a repair clients take any version; the rounds and receipts are what they were."""
    room = Room()
    first = room.cast("v", "b1", "ada")
    room.record(Begin(FORMAT, "another"))
    assert room.state.epoch == "another"
    assert room.cast("v", "b1", "ada") == first
    assert room.counts == {"ada": 1, "bob": 0}


def test_a_begin_names_the_epoch_and_a_define_its_source() -> None:
    """Both take effect, and what they name is in the state."""
    room = Room(open=False)
    assert room.state.epoch == "epoch"
    assert room.state.sources == {"poll": "source"}
    assert room.record(Define(POLL, "newer")) == Done()
    assert room.state.sources == {"poll": "newer"}


@pytest.mark.parametrize("format", [1, FORMAT])
def test_an_older_format_is_read(format: int) -> None:
    """What earlier programs began, this one goes on with, and knows it for what it is."""
    state = State()
    apply(state, Record(1, encode(Begin(format, "epoch"))))
    assert state.format == format
    apply(state, Record(2, encode(Begin(FORMAT, "epoch"))))
    assert state.format == FORMAT


def test_a_newer_format_is_not_read() -> None:
    """A journal that a later program began, or went on with, is refused, not half understood."""
    newer = Begin(FORMAT + 1, "epoch")
    for state in (State(), Room().state):
        with pytest.raises(Newer, match=f"format {FORMAT + 1}, .* up to {FORMAT}"):
            apply(state, Record(99, encode(newer)))


def test_time_does_not_go_back() -> None:
    """A record older than the one before it is no history; one of the same time is."""
    room = Room()
    room.record(Close(1, 99), at=room.state.at)
    with pytest.raises(Broken, match="older"):
        room.record(Reopen(1, 99), at=room.state.at - 1)


@pytest.mark.parametrize("at", [-1, 2**64])
def test_a_time_that_no_clock_shows_breaks_the_history(at: int) -> None:
    """A damaged time is said, not raised as something else."""
    with pytest.raises(Broken, match="record 4 "):
        Room().record(Close(1, 99), at=at)


@pytest.mark.parametrize(
    "body",
    [b"{", b"null", b'{"type":"open","round":1,"version":4,"poll":"\xff"}', b'{"type":"applaud"}'],
)
def test_bytes_that_are_no_record_break_the_history(body: bytes) -> None:
    """What cannot be read is named by its number."""
    room = Room()
    with pytest.raises(Broken, match="record 4 "):
        apply(room.state, Record(99, body))


# Polls of the configuration


def test_an_edit_reaches_the_open_round_while_nobody_has_voted() -> None:
    """Before the first ballot an edited poll is what phones show, in a round that is open."""
    room = Room()
    edited = Poll("poll", "Who?", (ADA, CYD))
    room.record(Define(edited, "s2"))
    assert room.state.poll == edited
    assert room.round.state == "open"
    assert isinstance(room.cast("v", "b1", "cyd"), Receipt)
    assert code(room.cast("w", "b1", "bob")) == "unknown_candidate"


def test_a_round_with_ballots_keeps_the_text_they_were_cast_for() -> None:
    """An edit after the first ballot waits for the next round."""
    room = Room()
    room.cast("v", "b1", "bob")
    edited = Poll("poll", "Who?", (ADA, CYD), rule="taps", results="hidden")
    room.record(Define(edited, "s2"))
    assert room.state.poll == POLL
    assert (room.counts, room.round.results) == ({"ada": 0, "bob": 1}, "live")
    room.steer(Reset)
    assert room.state.poll == edited
    assert (room.counts, room.round.results) == ({"ada": 0, "cyd": 0}, "hidden")
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
    room.record(Define(OTHER, "s2"))
    assert room.state.poll == POLL
    room.steer(Close)
    assert isinstance(room.open("other"), Done)
    assert room.state.poll == OTHER
    assert room.counts == {"cyd": 0}


def test_polls_are_arranged_and_those_not_named_come_last() -> None:
    """An arrangement may name polls that are gone; nothing is lost by it."""
    polls = [msgspec.structs.replace(POLL, id=id) for id in "abcd"]
    room = Room(*polls, open=False)
    assert list(room.state.polls) == ["a", "b", "c", "d"]
    assert room.record(Arrange(("d", "gone", "b"))) == Done()
    assert list(room.state.polls) == ["d", "b", "a", "c"]


def test_without_a_round_the_first_poll_is_what_is_shown() -> None:
    """Before anybody has put a poll on stage, pages need something to show."""
    assert State().poll is None
    room = Room(POLL, OTHER, open=False)
    assert room.state.poll == POLL
    room.record(Arrange(("other", "poll")))
    assert room.state.poll == OTHER
