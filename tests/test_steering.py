"""steering.py: what an admin's commands do, and when they are refused."""

import os
from collections.abc import Callable
from itertools import product
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.folding import ADA, BOB, CYD, OTHER, POLL, Room, code, fields
from tests.histories import PARTS, commands, informed
from voting.ballots import apply
from voting.records import (
    Ballot,
    Begin,
    Close,
    Command,
    Compare,
    Define,
    Edit,
    Extend,
    Open,
    Poll,
    Record,
    Remove,
    Reopen,
    Reset,
    Restore,
    Show,
    Stage,
    encode,
)
from voting.state import Done, Receipt, Refusal, State

EXAMPLES = 2_000 if os.environ.get("TEST_ALL") else 150

NEWER = Poll("poll", "Who then?", (ADA, CYD))
THIRD = Poll("third", "When?", (BOB,))


def edit(to: Room, poll: Poll, **more: Any) -> Edit:
    """Write an edit of an admin who has seen everything."""
    seen = to.state.defined.get(poll.id, 0)
    return Edit(to.state.stage, to.state.version, poll, seen, **more)


def remove(to: Room, poll: str, **more: Any) -> Remove:
    """Write a removal by an admin who has seen everything."""
    seen = to.state.defined.get(poll, 0)
    return Remove(to.state.stage, to.state.version, poll, seen, **more)


# Rounds


def test_rounds_count_up_and_an_id_is_never_used_again() -> None:
    """Open, reset and a restart by an edit give each new round an id above all others."""
    room = Room()
    room.steer(Reset)
    room.steer(Restore, 1)
    room.steer(Reset)
    assert room.state.stage == 3
    room.steer(Close)
    room.open()
    room.cast("v", "b1", "ada")
    room.record(edit(room, NEWER, restart=True))
    assert room.state.stage == 5
    assert list(room.state.rounds) == [1, 2, 3, 4, 5]


def test_a_reset_archives_the_ballots_and_begins_at_zero() -> None:
    """Nothing is destroyed: the round before keeps its counts, closed and archived."""
    room = Room()
    room.cast("v", "b1", "ada")
    assert room.steer(Reset) == Done()
    before = room.state.rounds[1]
    assert (before.state, before.counts) == ("closed", {"ada": 1, "bob": 0})
    assert before.closed_at == room.state.at
    assert (room.state.stage, room.state.previous) == (2, 1)
    assert room.counts == {"ada": 0, "bob": 0}


def test_a_restored_round_comes_back_closed_with_its_ballots() -> None:
    """Restore brings an archived round on stage and archives the present one with its ballots."""
    room = Room()
    room.cast("v", "b1", "ada")
    room.steer(Reset)
    room.cast("w", "b1", "bob")
    assert room.steer(Restore, 1) == Done()
    assert (room.state.stage, room.state.previous) == (1, 2)
    assert room.round.state == "closed"
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


def test_closing_keeps_the_time_and_the_room() -> None:
    """A round knows when it was opened and closed, by its records' times, and who was there."""
    room = Room()
    opened = room.state.at
    room.cast("v", "b1", "ada")
    room.steer(Close, room=7)
    assert (room.round.opened_at, room.round.closed_at) == (opened, room.state.at)
    assert room.round.room == 7


def test_the_room_holds_at_least_those_who_voted() -> None:
    """Turnout is never above one, whatever the command says of the room."""
    room = Room()
    room.cast("v", "b1", "ada")
    room.cast("w", "b1", "ada")
    room.steer(Close, room=1)
    assert room.round.room == 2


@pytest.mark.parametrize(
    "end",
    [
        lambda room: room.steer(Close, room=7),
        lambda room: room.steer(Reset, room=7),
        lambda room: room.steer(Stage, "other", room=7),
        lambda room: room.record(edit(room, NEWER, restart=True, room=7)),
        lambda room: room.steer(Restore, 1, room=7),
    ],
    ids=["close", "reset", "stage", "edit", "restore"],
)
def test_whatever_ends_a_round_says_how_many_were_there(end: Callable[[Room], Any]) -> None:
    """Turnout is kept for each way out; a round that had been closed keeps its own."""
    room = Room(POLL, OTHER)
    room.steer(Reset, room=3)
    room.cast("v", "b1", "ada")
    assert end(room) == Done()
    assert (room.state.rounds[1].room, room.state.rounds[2].room) == (3, 7)


def test_the_round_before_is_one_step_back() -> None:
    """What a command has archived is offered again; a poll on stage has its own way back."""
    room = Room(POLL, OTHER)
    assert room.state.previous == 0
    room.steer(Close)
    room.open()
    assert room.state.previous == 1
    room.steer(Reset)
    assert room.state.previous == 2
    room.steer(Stage, "other")
    assert room.state.previous == 0


# Countdowns


@pytest.mark.parametrize("late", [0, 1, 60_000])
def test_a_countdown_that_was_over_is_when_the_round_ended(late: int) -> None:
    """However late its close is recorded, a round was closed at the end of its countdown."""
    room = Room(seconds=5)
    end = room.round.opened_at + 5_000
    room.steer(Close, at=end + late)
    assert room.round.closed_at == end


@pytest.mark.parametrize("command", [Reset, Stage, Restore])
def test_a_round_that_leaves_after_its_countdown_ended_with_it(command: type[Command]) -> None:
    """The way out makes no difference."""
    room = Room(POLL, OTHER)
    room.steer(Reset, 5)
    end = room.round.closes_at
    assert end
    room.steer(command, *{Stage: ["other"], Restore: [1]}.get(command, []), at=end + 1)
    assert room.state.rounds[2].closed_at == end


def test_a_countdown_may_be_ended_early() -> None:
    """A close before the countdown's end is the end."""
    room = Room(seconds=5)
    room.steer(Close)
    assert room.round.closed_at == room.state.at


def test_a_reset_may_carry_a_countdown() -> None:
    """The new round's own; that of the round before is no concern of it."""
    room = Room(seconds=5)
    room.steer(Reset, 9)
    assert room.round.closes_at == room.state.at + 9_000
    room.steer(Reset)
    assert room.round.closes_at is None


def test_a_reopened_round_has_no_countdown() -> None:
    """It was over; what comes now is by hand, or extended."""
    room = Room(seconds=5)
    room.steer(Close, at=room.state.at + 9_000)
    room.steer(Reopen)
    assert (room.round.closed_at, room.round.closes_at) == (None, None)
    assert isinstance(room.cast("v", "b1", "ada"), Receipt)


def test_a_countdown_is_extended_from_its_end_or_from_now() -> None:
    """From its end while it runs; from now where it was over, or there was none."""
    room = Room(seconds=5)
    end = room.round.opened_at + 5_000
    room.steer(Extend, 10)
    assert room.round.closes_at == end + 10_000
    room.steer(Extend, 10, at=end + 15_000)
    assert room.round.closes_at == end + 25_000
    room.steer(Extend, None)
    assert room.round.closes_at is None
    room.steer(Extend, 3)
    assert room.round.closes_at == room.state.at + 3_000


# The stage


def test_a_poll_comes_on_stage_with_its_latest_round() -> None:
    """What was there is closed, keeps its ballots, and comes back the same way."""
    room = Room(POLL, OTHER)
    room.cast("v", "b1", "ada")
    assert room.steer(Stage, "other") == Done()
    assert (room.state.stage, room.state.poll) == (0, OTHER)
    assert room.state.rounds[1].state == "closed"
    room.open("other")
    room.cast("v", "b2", "cyd")
    assert room.steer(Stage, "poll") == Done()
    assert (room.state.stage, room.state.poll) == (1, POLL)
    assert (room.round.state, room.counts) == ("closed", {"ada": 1, "bob": 0})
    room.steer(Stage, "other")
    assert (room.state.stage, room.counts) == (2, {"cyd": 1})


def test_a_polls_latest_round_is_the_one_that_was_on_stage_last() -> None:
    """A restored round is its poll's latest, even if a newer one exists."""
    room = Room(POLL, OTHER)
    room.steer(Reset)
    room.steer(Restore, 1)
    room.steer(Stage, "other")
    room.steer(Stage, "poll")
    assert room.state.stage == 1


def test_a_restored_round_brings_its_poll_along() -> None:
    """A round of another poll in the archive is that poll on stage again."""
    room = Room(POLL, OTHER)
    room.steer(Stage, "other")
    room.open("other")
    room.steer(Restore, 1)
    assert (room.state.shown, room.state.poll) == ("poll", POLL)
    room.steer(Stage, "other")
    assert room.state.stage == 2


def test_a_poll_without_a_round_is_opened_where_it_stands() -> None:
    """On stage without a round there is a poll to look at, and nothing to close or reset."""
    room = Room(POLL, OTHER)
    room.steer(Stage, "other")
    for kind in (Close, Reopen, Reset):
        assert code(room.steer(kind)) == "not_possible"
    assert room.open("other", seconds=5) == Done()
    assert room.round.closes_at == room.state.at + 5_000


# Who sees the counts


def test_a_round_begins_as_its_poll_says_and_can_be_switched() -> None:
    """Each round has its own answer to who sees its counts; a switch touches no other."""
    room = Room(msgspec.structs.replace(POLL, results="hidden"))
    assert room.round.results == "hidden"
    room.steer(Show, 1, "after_vote")
    room.steer(Reset)
    assert (room.state.rounds[1].results, room.round.results) == ("after_vote", "hidden")
    room.steer(Show, 1, "live")
    assert (room.state.rounds[1].results, room.round.results) == ("live", "hidden")


def test_an_edit_of_the_words_does_not_reveal_what_an_admin_has_hidden() -> None:
    """Only a poll whose own `results` changed changes those of the empty round on stage."""
    room = Room()
    room.steer(Show, 1, "hidden")
    room.record(edit(room, NEWER))
    assert (room.state.poll, room.round.results) == (NEWER, "hidden")
    room.record(edit(room, msgspec.structs.replace(NEWER, results="after_vote")))
    assert room.round.results == "after_vote"


@pytest.mark.parametrize(
    "results, closed, public",
    [
        ("live", False, True),
        ("live", True, True),
        ("after_vote", False, False),
        ("after_vote", True, True),
        ("hidden", False, False),
        ("hidden", True, False),
    ],
)
def test_anyone_may_see_what_is_live_or_what_was_asked_and_is_over(
    results: str, closed: bool, public: bool
) -> None:
    """A hidden result stays hidden when the round is closed, until somebody reveals it."""
    room = Room()
    room.steer(Show, 1, results)
    if closed:
        room.steer(Close)
    assert room.round.is_public is public


# Side by side


def test_an_earlier_round_of_the_poll_is_put_beside() -> None:
    """And taken away again by 0."""
    room = Room()
    room.steer(Reset)
    assert room.steer(Compare, 1) == Done()
    assert room.state.compared == 1
    assert room.steer(Compare, 0) == Done()
    assert room.state.compared == 0


@pytest.mark.parametrize("target", [2, 3, 4, -1])
def test_what_cannot_stand_beside_is_refused(target: int) -> None:
    """Not the round itself, not one of another poll, and not one that never was."""
    room = Room(POLL, OTHER)
    room.steer(Reset)
    room.steer(Stage, "other")
    room.open("other")
    room.steer(Restore, 2)
    assert code(room.steer(Compare, target)) == "not_possible"
    assert room.state.compared == 0


@pytest.mark.parametrize("command", [Reset, Stage, Restore])
def test_another_round_on_stage_stands_alone(command: type[Command]) -> None:
    """What was put beside a round goes with it."""
    room = Room(POLL, OTHER)
    room.steer(Reset)
    room.steer(Compare, 1)
    room.steer(command, *{Stage: ["other"], Restore: [1]}.get(command, []))
    assert room.state.compared == 0


# What makes no sense


@pytest.mark.parametrize(
    "steps, command",
    [
        ([], Open(1, 99, "poll")),
        ([Close], Open(1, 99, "no such poll")),
        ([Close], Close(1, 99)),
        ([], Reopen(1, 99)),
        ([Close], Extend(1, 99, 5)),
        ([], Restore(1, 99, 1)),
        ([], Restore(1, 99, 2)),
        ([], Restore(1, 99, 0)),
        ([], Stage(1, 99, "poll")),
        ([], Stage(1, 99, "no such poll")),
        ([], Show(1, 99, 0, "live")),
        ([], Show(1, 99, 2, "live")),
    ],
)
def test_a_command_that_makes_no_sense_is_refused(
    steps: list[type[Close]], command: Command
) -> None:
    """What is impossible now changes nothing but the number of records, and says so."""
    room = Room()
    for step in steps:
        room.steer(step)
    before = fields(room.state)
    assert code(room.record(command)) == "not_possible"
    after = fields(room.state)
    assert [name for name in after if after[name] != before[name]] == ["version", "chain", "at"]


@pytest.mark.parametrize(
    "command", [Close(0, 9), Reopen(0, 9), Reset(0, 9), Extend(0, 9, 5), Compare(0, 9, 0)]
)
def test_before_any_round_only_an_open_is_possible(command: Command) -> None:
    """There is nothing to close, to reopen or to reset before the first round."""
    assert code(Room(open=False).record(command)) == "not_possible"


# Two admins


def test_the_second_of_two_admins_is_told() -> None:
    """A command that names the room as it was before another command took effect is refused."""
    room = Room()
    seen = room.state.version
    assert room.record(Close(1, seen)) == Done()
    assert code(room.record(Reset(1, seen))) == "conflict"
    assert code(room.record(Reopen(1, seen))) == "conflict"
    assert room.state.stage == 1


def test_of_two_resets_at_once_one_makes_a_round() -> None:
    """The other admin is told, and the room has one new round."""
    room = Room()
    reset = Reset(1, room.state.version)
    assert room.record(reset) == Done()
    assert code(room.record(reset)) == "conflict"
    assert list(room.state.rounds) == [1, 2]


def test_every_command_that_took_effect_makes_what_others_saw_old() -> None:
    """Whatever it was: the other admin has not seen it."""
    seen = Room(POLL, OTHER)
    seen.steer(Reset)
    at = seen.state.stage, seen.state.version
    took: list[Command] = [
        Close(*at),
        Extend(*at, 5),
        Reset(*at),
        Restore(*at, 1),
        Stage(*at, "other"),
        Show(*at, 1, "hidden"),
        Compare(*at, 1),
        edit(seen, THIRD),
        remove(seen, "other"),
    ]
    checked: list[Command] = [Close(*at), Reset(*at), Show(*at, 2, "live"), Stage(*at, "other")]
    for first, second in product(took, checked):
        room = Room(POLL, OTHER)
        room.steer(Reset)
        assert room.record(first) == Done(), first
        assert code(room.record(second)) == "conflict", (first, second)


def test_ballots_do_not_make_an_admins_view_stale() -> None:
    """While the room votes, a command that saw older numbers still takes effect."""
    room = Room()
    seen = room.state.version
    room.cast("v", "b1", "ada")
    assert room.record(Close(1, seen)) == Done()


def test_a_refused_command_does_not_make_the_others_stale() -> None:
    """Only what took effect counts as a change of the room."""
    room = Room()
    seen = room.state.version
    assert code(room.record(Reopen(1, seen))) == "not_possible"
    assert room.record(Close(1, seen)) == Done()


def test_a_command_for_another_round_is_a_conflict() -> None:
    """A close meant for the round before never ends the new one."""
    room = Room()
    room.steer(Reset)
    assert code(room.record(Close(1, room.state.version))) == "conflict"
    assert room.round.state == "open"


# Writing polls


def test_a_new_poll_joins_the_list() -> None:
    """It comes last, and is on stage when somebody puts it there."""
    room = Room()
    assert room.record(edit(room, THIRD)) == Done()
    assert list(room.state.polls.values()) == [POLL, THIRD]
    assert room.state.poll == POLL
    assert room.steer(Stage, "third") == Done()


def test_a_new_poll_does_not_take_the_id_of_another() -> None:
    """Two admins who each write a new poll under one id: the second is told."""
    room = Room()
    new = edit(room, THIRD)
    assert room.record(new) == Done()
    assert code(room.record(new)) == "conflict"


def test_of_two_who_edit_the_same_text_the_second_is_told() -> None:
    """The words that somebody saved meanwhile are not overwritten unseen."""
    room = Room()
    one, other = edit(room, NEWER), edit(room, msgspec.structs.replace(POLL, question="Whom?"))
    assert room.record(one) == Done()
    assert code(room.record(other)) == "conflict"
    assert room.state.polls["poll"] == NEWER


def test_editing_one_poll_does_not_wait_for_another() -> None:
    """Whoever writes is only in conflict with who wrote the same poll, not with a close."""
    room = Room(POLL, OTHER)
    write = edit(room, msgspec.structs.replace(OTHER, question="What else?"))
    room.steer(Close)
    room.record(edit(room, NEWER))
    assert room.record(write) == Done()


def test_an_edit_of_the_empty_open_round_is_seen_at_once() -> None:
    """Nobody has voted for the old words, so nobody is asked, and the countdown goes on."""
    room = Room()
    room.steer(Extend, 60)
    room.steer(Show, 1, "hidden")
    closes_at = room.round.closes_at
    assert room.record(edit(room, NEWER)) == Done()
    assert room.state.poll == NEWER
    assert room.counts == {"ada": 0, "cyd": 0}
    assert (room.round.state, room.round.closes_at) == ("open", closes_at)
    assert room.round.results == "hidden"


def test_a_ballot_on_its_way_never_counts_for_other_words() -> None:
    """The empty round gives its place to one with another id, and the late ballot is told."""
    room = Room()
    room.record(edit(room, msgspec.structs.replace(POLL, candidates=POLL.candidates[::-1])))
    assert code(room.cast("v", "b1", "bob", round=1)) == "stale_round"
    assert list(room.state.rounds) == [2]
    room.steer(Close)
    room.open()
    assert room.state.stage == 3


def test_how_a_round_begins_is_no_word_of_it() -> None:
    """Who sees the numbers, or what countdown is proposed, is taken by the same round."""
    room = Room()
    assert room.record(edit(room, msgspec.structs.replace(POLL, results="hidden"))) == Done()
    assert (room.state.stage, room.round.results) == (1, "hidden")


def test_a_round_of_format_1_takes_new_words_as_it_did_then() -> None:
    """Its ballots were counted for them, under the same id, and still are."""
    state = State()
    for body in (
        Begin(1, "epoch"),
        Define(POLL, "source"),
        Open(0, 2, "poll"),
        Define(NEWER, "other"),
        Ballot("v", "b1", 1, ("cyd",)),
    ):
        outcome = apply(state, Record(1, encode(body)))
    assert isinstance(outcome, Receipt)
    assert state.rounds[1].counts == {"ada": 0, "cyd": 1}


def test_an_edit_under_ballots_asks_first() -> None:
    """Undecided, it changes nothing: neither the round nor what the next one asks."""
    room = Room()
    room.cast("v", "b1", "bob")
    assert code(room.record(edit(room, NEWER))) == "in_use"
    assert room.state.polls["poll"] == POLL
    assert room.counts == {"ada": 0, "bob": 1}


def test_an_edit_may_wait_for_the_next_round() -> None:
    """The round with ballots keeps its words; the next one has the new ones."""
    room = Room()
    room.cast("v", "b1", "bob")
    assert room.record(edit(room, NEWER, restart=False)) == Done()
    assert (room.state.stage, room.state.poll) == (1, POLL)
    assert isinstance(room.cast("w", "b1", "bob"), Receipt)
    room.steer(Reset)
    assert room.state.poll == NEWER


@pytest.mark.parametrize("closed", [False, True])
def test_an_edit_may_begin_a_new_round(closed: bool) -> None:
    """The round with ballots goes into the archive as it is, and the new words are open."""
    room = Room()
    room.cast("v", "b1", "bob")
    if closed:
        room.steer(Close)
    assert room.record(edit(room, NEWER, restart=True)) == Done()
    assert (room.state.stage, room.state.previous, room.state.poll) == (2, 1, NEWER)
    assert room.round.state == "open"
    before = room.state.rounds[1]
    assert (before.poll, before.state, before.counts) == (POLL, "closed", {"ada": 0, "bob": 1})


def test_a_new_round_is_not_begun_over_one_that_the_admin_has_not_seen() -> None:
    """Somebody has reset meanwhile: the edit would end a round that its writer knows nothing of."""
    room = Room()
    room.cast("v", "b1", "bob")
    write = edit(room, NEWER, restart=True)
    room.steer(Reset)
    room.cast("v", "b2", "bob")
    assert code(room.record(write)) == "conflict"
    assert (room.state.stage, room.state.polls["poll"]) == (2, POLL)


def test_without_ballots_there_is_no_round_to_begin_anew() -> None:
    """An edit that would restart finds nothing to archive."""
    room = Room()
    assert room.record(edit(room, NEWER, restart=True)) == Done()
    assert (list(room.state.rounds), room.state.poll) == ([2], NEWER)


def test_a_removed_poll_leaves_its_rounds() -> None:
    """It is off the list; its round stays on stage, and in the archive, with its receipts."""
    room = Room(POLL, OTHER)
    first = room.cast("v", "b1", "ada")
    assert room.record(remove(room, "poll")) == Done()
    assert list(room.state.polls) == ["other"]
    assert (room.state.poll, room.counts) == (POLL, {"ada": 1, "bob": 0})
    assert room.steer(Reset) == Done()
    assert room.state.poll == POLL
    assert room.cast("v", "b1", "bob") == first
    assert room.steer(Stage, "other") == Done()
    assert code(room.steer(Stage, "poll")) == "not_possible"
    assert room.steer(Restore, 1) == Done()


def test_a_removed_poll_on_stage_without_a_round_makes_way() -> None:
    """Pages show the first poll that is left."""
    room = Room(POLL, OTHER, open=False)
    room.steer(Stage, "other")
    room.record(remove(room, "other"))
    assert room.state.poll == POLL
    assert room.open("poll") == Done()


def test_the_last_poll_stays() -> None:
    """A room without a poll would have nothing to show."""
    room = Room()
    assert code(room.record(remove(room, "poll"))) == "not_possible"
    assert room.state.poll == POLL


def test_a_removed_poll_is_put_back_where_it_stood() -> None:
    """The same text under the same id, in its place, and on stage if it was shown there."""
    room = Room(POLL, OTHER, THIRD)
    room.steer(Stage, "other")
    assert room.record(remove(room, "other")) == Done()
    assert (list(room.state.polls), room.state.shown) == (["poll", "third"], "")
    back = msgspec.structs.replace(edit(room, OTHER, restart=False), back=True)
    assert room.record(back) == Done()
    assert list(room.state.polls) == ["poll", "other", "third"]
    assert (room.state.poll, room.state.removed) == (OTHER, None)


def test_a_poll_that_is_written_again_is_a_new_one_at_the_end() -> None:
    """Journals of before there was a way back mean what they meant."""
    room = Room(POLL, OTHER, THIRD)
    room.steer(Stage, "other")
    room.record(remove(room, "other"))
    assert room.record(edit(room, OTHER, restart=False)) == Done()
    assert list(room.state.polls) == ["poll", "third", "other"]
    assert room.state.poll == POLL


def test_a_poll_that_left_the_file_is_not_offered_back() -> None:
    """Only what an admin took off the list is an admin's to put back."""
    room = Room(POLL, OTHER)
    room.record(remove(room, "other", unlisted=True))
    assert room.state.removed is None


def test_a_poll_that_is_gone_cannot_be_removed_again() -> None:
    """The second admin is told; a removal that saw an older text is, or none at all, too."""
    room = Room(POLL, OTHER)
    old = remove(room, "other")
    room.record(Define(OTHER, "again"))
    assert code(room.record(old)) == "conflict"
    twice = remove(room, "other")
    assert room.record(twice) == Done()
    assert code(room.record(twice)) == "conflict"
    assert code(room.record(remove(room, "other"))) == "not_possible"


def test_a_poll_that_the_configuration_dropped_is_forgotten_there() -> None:
    """Its text is new when it comes back; what an admin removed is still known."""
    room = Room(POLL, OTHER, THIRD)
    room.record(remove(room, "other"))
    room.record(remove(room, "third", unlisted=True))
    assert set(room.state.sources) == {"poll", "other"}


# Any command


def test_every_kind_of_command_is_tried_below() -> None:
    """A new one joins them."""
    assert set(PARTS) == set(get_args(Command))


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(st.tuples(commands, st.booleans(), st.booleans()), max_size=30))
def test_any_command_takes_effect_or_is_refused_and_leaves_no_trace(
    history: list[tuple[Command, bool, bool]],
) -> None:
    """However wrong a command is, the fold goes on, and what it refuses it does not half do."""
    room = Room(msgspec.structs.replace(POLL, id="a"), msgspec.structs.replace(OTHER, id="b"))
    for n, (command, meets, votes) in enumerate(history):
        before = fields(room.state)
        outcome = room.record(informed(command, room.state) if meets else command)
        after = fields(room.state)
        changed = {name for name in after if after[name] != before[name]}
        if isinstance(outcome, Refusal):
            assert changed == {"version", "chain", "at"}
        else:
            assert outcome == Done()
            assert room.state.steered == room.state.version
        open = {id for id, round in room.state.rounds.items() if round.state == "open"}
        assert open <= {room.state.real_stage}
        assert room.state.polls
        gone = before["rounds"].keys() - after["rounds"].keys()
        assert not any(before["rounds"][id]["used"] for id in gone)
        tried = before["rehearsal"] and not after["rehearsal"]
        assert after["receipts"] == before["receipts"] or tried
        if votes and room.state.stage:
            room.cast("v", f"b{n}", room.round.poll.candidates[0].id)
