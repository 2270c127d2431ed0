"""talk.py and conversation.py: what records do to the room's talk."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.folding import Room, code, fields, holding, replayed
from tests.histories import conversations
from voting.ballots import Cast, apply, judge
from voting.conversation import Said
from voting.records import FORMAT, Ballot, Begin, Record, decode
from voting.salvage import lacking
from voting.snapshot import pack, unpack
from voting.speech import (
    MAX_ALL_DIRECT,
    MAX_DIRECT,
    MAX_KEYS,
    MAX_WALL,
    STAGE,
    Attend,
    Clear,
    Hide,
    Mute,
    Say,
    Slow,
    Spoken,
    Spotlight,
    Talk,
    message_id,
    person_of,
)
from voting.state import Done, Refusal, State

EXAMPLES = 2_000 if os.environ.get("TEST_ALL") else 60

OPEN = Talk("open", direct=True)
V, W = person_of("v"), person_of("w")


def talking(*spoken: Spoken) -> Room:
    """A room that talks, in which this was said and done."""
    room = Room(open=False)
    for body in (OPEN, *spoken):
        room.record(body)
    return room


def texts(room: Room) -> list[str]:
    """What stands on the wall."""
    return [each.text for each in room.state.talk.wall.values() if not each.hidden]


def box(room: Room, person: str) -> list[str]:
    """What one person has written to others alone, and been written."""
    return [each.text for each in room.state.talk.boxes.get(person, {}).values()]


# Whatever comes


@settings(max_examples=EXAMPLES, deadline=None)
@given(conversations)
def test_whatever_comes_each_key_is_said_once_and_answered_alike(records: list[Record]) -> None:
    """For as long as the message is kept, and longer; nothing stands twice, or where it must not.

    What is refused changes nothing.
    """
    state = State()
    answers: dict[tuple[str, str], Said] = {}
    for record in records:
        before, body = fields(state)["talk"], decode(record.body)
        kept = {m.id: m.version for m in (*state.talk.wall.values(), *state.talk.directs.values())}
        outcome = apply(state, record)
        talk = state.talk
        if isinstance(outcome, Refusal):
            assert vars(talk) == before
        if isinstance(body, Say) and isinstance(outcome, Said):
            assert outcome.id == message_id(body.voter, body.key)
            assert outcome.version == kept.get(outcome.id, outcome.version)
            if body.key in before["said"].get(body.voter, {}):
                assert outcome == answers[body.voter, body.key]
            answers[body.voter, body.key] = outcome
        versions = [each.version for each in talk.wall.values()]
        assert versions == sorted(set(versions))
        assert {each.to for each in talk.wall.values()} <= {""}
        for person, letters in talk.boxes.items():
            assert all(person in (each.author, each.to) for each in letters.values())
            assert letters.keys() <= talk.directs.keys()
    assert {said.id for said in answers.values()} >= {each.id for each in state.talk.wall.values()}


@settings(max_examples=EXAMPLES, deadline=None)
@given(conversations, st.data())
def test_a_restart_and_a_snapshot_at_any_point_hold_what_one_long_life_holds(
    records: list[Record], data: st.DataObject
) -> None:
    """Replay is live, and who begins with a packed state goes on as the one that packed it."""
    there = State()
    for record in records[: data.draw(st.integers(1, len(records)))]:
        apply(there, record)
    back = unpack(pack(there))
    for record in records[there.version :]:
        assert apply(back, record) == apply(there, record)
    assert holding(back) == holding(there) == replayed(records)
    assert pack(back) == pack(there)


@settings(max_examples=EXAMPLES, deadline=None)
@given(conversations, st.data())
def test_what_a_journal_lost_is_said_again_once(records: list[Record], data: st.DataObject) -> None:
    """Whatever its newest records were: no text is missing, and none that was hidden is shown."""
    held, found = State(), State()
    kept = data.draw(st.integers(1, len(records)))
    for place, record in enumerate(records):
        apply(held, record)
        if place < kept:
            apply(found, record)
    again = Room(open=False)
    again.state = found
    for missing in lacking(held, found):
        again.record(missing)
    assert lacking(held, found) == []
    is_cleared = any(isinstance(decode(record.body), Clear) for record in records[kept:])
    if not is_cleared:
        visible = [each.id for each in held.talk.wall.values() if not each.hidden]
        assert {*visible} <= {each.id for each in found.talk.wall.values()}
    hidden = {each.id for each in held.talk.wall.values() if each.hidden}
    assert not hidden & {each.id for each in found.talk.wall.values() if not each.hidden}


# What may be said


@pytest.mark.parametrize(
    "before, say, expected",
    [
        ([Talk("off", direct=True)], Say("v", "k", "Hello"), "talk_closed"),
        ([Talk("off", direct=True)], Say("", "k", "Hello"), "talk_closed"),
        ([Talk("closed", direct=True)], Say("v", "k", "Hello"), "talk_closed"),
        ([Talk("closed", direct=True)], Say("v", "k", "Hello", STAGE), "talk_closed"),
        ([Mute(V, muted=True)], Say("v", "k", "Hello"), "muted"),
        ([Mute(V, muted=True)], Say("v", "k", "Hello", STAGE), "muted"),
        ([Talk("open", direct=False)], Say("v", "k", "Hello", W), "not_allowed"),
        ([Attend(W, here=False)], Say("v", "k", "Hello", W), "gone"),
        ([Attend(W, here=False)], Say("", "k", "Hello", W), "gone"),
        ([], Say("v", "k", "Hello", V), "unknown_person"),
        ([], Say("", "k", "Hello", STAGE), "unknown_person"),
        ([Slow(1), Say("v", "first", "First")], Say("v", "k", "Again"), "slow_down"),
        ([Slow(1), Say("v", "first", "First", W)], Say("v", "k", "Again"), "slow_down"),
    ],
)
def test_what_may_not_be_said_is_refused_with_its_reason(
    before: list[Spoken], say: Say, expected: str
) -> None:
    """At once, and also when the reason came first in the journal."""
    room = talking(*before)
    assert code(as_refusal(judge(room.state, say, room.state.at))) == expected
    assert code(room.record(say)) == expected
    assert say.text not in texts(room) + box(room, V) + box(room, W)


@pytest.mark.parametrize(
    "before, say",
    [
        ([Talk("closed", direct=True)], Say("", "k", "Hello")),
        ([Talk("closed", direct=False)], Say("", "k", "Hello", W)),
        ([Talk("open", direct=False)], Say("v", "k", "Hello", STAGE)),
        ([Mute(V, muted=True), Mute(V, muted=False)], Say("v", "k", "Hello")),
        ([Mute(W, muted=True)], Say("v", "k", "Hello", W)),
        (
            [Attend(W, here=False), Attend(W, here=True)],
            Say("v", "k", "Hello", W),
        ),
        ([Slow(5), Say("", "first", "Hello")], Say("", "k", "Hello")),
        ([Slow(5), Say("w", "first", "Hello")], Say("v", "k", "Hello")),
        ([Slow(5), Say("v", "first", "Hello"), Slow(0)], Say("v", "k", "Hello")),
    ],
)
def test_what_was_not_meant_may_be_said(before: list[Spoken], say: Say) -> None:
    """The stage while others may not, others than who is muted or gone, and who may again."""
    room = talking(*before)
    assert judge(room.state, say, room.state.at) is None
    assert isinstance(room.record(say), Said)


def test_slow_is_over_when_it_is_over() -> None:
    """One message in so many seconds, to the millisecond, by the journal's time."""
    room = talking(Slow(2))
    room.record(Say("v", "k1", "one"), at=10_000)
    assert code(room.record(Say("v", "k2", "two"), at=11_999)) == "slow_down"
    assert isinstance(room.record(Say("v", "k2", "two"), at=12_000), Said)
    assert texts(room) == ["one", "two"]


def test_a_key_keeps_its_answer_whatever_happens() -> None:
    """Muted, closed, hidden, cleared, slow, with another text: what is said is said."""
    room = talking(Say("v", "k", "Hello"))
    said = room.record(Say("v", "k", "Hello"))
    assert isinstance(said, Said)
    for reason in (
        Mute(V, muted=True),
        Slow(600),
        Hide(said.id, hidden=True),
        Clear(room.state.version),
        Talk("off", direct=True),
    ):
        room.record(reason)
        assert room.record(Say("v", "k", "Something else")) == said
    assert isinstance(judge(room.state, Say("w", "k", "Hello"), room.state.at), Refusal)


# Moderation


def test_a_hidden_message_is_kept_and_can_be_shown_again() -> None:
    """It stays where it was said; hidden it is not on the screen either."""
    room = talking(*(Say("v", f"k{n}", f"text {n}") for n in range(3)))
    id = message_id("v", "k1")
    assert room.record(Spotlight(id)) == Done()
    assert room.record(Hide(id, hidden=True)) == Done()
    assert texts(room) == ["text 0", "text 2"]
    assert room.state.talk.spotlight is None
    assert code(room.record(Spotlight(id))) == "not_possible"
    assert room.record(Hide(id, hidden=True)) == Done()
    assert room.record(Hide(id, hidden=False)) == Done()
    assert texts(room) == ["text 0", "text 1", "text 2"]


def test_the_screen_keeps_its_message_until_it_is_taken_off() -> None:
    """Though two hundred others have come; unless the wall is cleared."""
    room = talking(Say("v", "k", "large"))
    room.record(Spotlight(message_id("v", "k")))
    for n in range(MAX_WALL + 1):
        room.record(Say("w", f"k{n}", f"text {n}"))
    shown = room.state.talk.spotlight
    assert shown is not None
    assert shown.text == "large"
    room.record(Clear(room.state.version))
    assert room.state.talk.spotlight is None
    room.record(Spotlight(""))
    assert room.state.talk.spotlight is None


def test_a_wall_is_cleared_as_far_as_the_admin_saw_it() -> None:
    """What came meanwhile stays, and so does what was written to one person."""
    room = talking(Say("v", "k1", "seen"), Say("v", "k2", "for you", W))
    seen = room.state.version
    room.record(Say("w", "k1", "not seen yet"))
    room.record(Clear(seen))
    assert texts(room) == ["not seen yet"]
    assert box(room, W) == ["for you"]


@pytest.mark.parametrize(
    "unknown",
    [Hide("nothing", hidden=True), Hide(message_id("v", "k"), hidden=True), Spotlight("nothing")],
)
def test_what_is_not_on_the_wall_is_not_moderated(unknown: Spoken) -> None:
    """Nobody is told of anything: nothing has changed; a direct message has no moderator."""
    room = talking(Say("v", "k", "for you", W))
    before = fields(room.state)["talk"]
    assert code(room.record(unknown)) == "not_possible"
    assert vars(room.state.talk) == before


# How much is kept


def test_no_more_is_kept_than_whoever_joins_late_is_told() -> None:
    """Of ten thousand messages the newest 200, 50 of a person, and ten keys of a voter."""
    room = talking()
    for n in range(6_000):
        room.record(Say(f"v{n % 40}", f"k{n}", f"text {n}"))
        room.record(Say(f"v{n % 40}", f"d{n}", f"direct {n}", person_of(f"v{(n + 1) % 40}")))
        room.record(Say(f"lone {n}", "d", f"lone {n}", person_of(f"lone {n + 1}")))
    talk = room.state.talk
    assert texts(room) == [f"text {n}" for n in range(6_000 - MAX_WALL, 6_000)]
    assert max(map(len, talk.boxes.values())) == MAX_DIRECT
    assert len(talk.directs) == MAX_ALL_DIRECT
    assert {id for letters in talk.boxes.values() for id in letters} == talk.directs.keys()
    assert max(map(len, talk.said.values())) == MAX_KEYS
    assert isinstance(room.record(Say("v39", "k5999", "again")), Said)
    assert len(texts(room)) == MAX_WALL


def test_hidden_messages_take_nobodys_place() -> None:
    """The newest 200 that can be read are kept, and of the hidden ones no more either."""
    room = talking()
    for n in range(3 * MAX_WALL):
        for bad in (f"bad {n}", f"worse {n}"):
            room.record(Say("w", bad, bad))
            room.record(Hide(message_id("w", bad), hidden=True))
        room.record(Say("v", f"good {n}", f"good {n}"))
    assert texts(room) == [f"good {n}" for n in range(2 * MAX_WALL, 3 * MAX_WALL)]
    assert len(room.state.talk.wall) == 2 * MAX_WALL
    for n in range(2 * MAX_WALL + MAX_WALL // 2, 3 * MAX_WALL):
        assert room.record(Hide(message_id("w", f"worse {n}"), hidden=False)) == Done()
    assert len(texts(room)) == MAX_WALL


def test_what_is_said_changes_nothing_about_the_votes() -> None:
    """Counts, rounds and what commands have to have seen stay as they are."""
    room = Room()
    room.cast("v", "b1", "ada")
    kept = ("rounds", "receipts", "steered", "polls", "stage")
    before = {name: fields(room.state)[name] for name in kept}
    for body in (OPEN, Say("v", "b1", "Hello"), Slow(3), Attend(V, listed=False), Clear(99)):
        room.record(body)
    assert {name: fields(room.state)[name] for name in kept} == before
    assert isinstance(judge(room.state, ballot("v", "b1"), room.state.at), object)


def test_a_journal_of_before_has_no_talk() -> None:
    """Its format is older; off is what it says, until somebody switches it on."""
    room = Room()
    assert room.state.talk.state == "off"
    room.record(Begin(FORMAT, "later"))
    assert vars(room.state.talk) == vars(State().talk)


def ballot(voter: str, key: str) -> Cast:
    return Ballot(voter, key, 1, ("ada",))


def as_refusal(answer: Any) -> Refusal | None:
    return answer if isinstance(answer, Refusal) else None


def test_a_message_that_is_kept_is_never_said_again_in_other_words() -> None:
    """However many keys its author has used since: it stays what was read, where it was read.

    Else one voter could empty everybody's wall, put other words on the screen, or show again what
    an admin has hidden.
    """
    room = talking(Say("v", "k", "nice"), Say("w", "other", "still here"))
    room.record(Spotlight(message_id("v", "k")))
    room.record(Say("v", "d", "for you", W))
    for n in range(2 * MAX_KEYS):
        room.record(Say("v", f"k{n}", f"more {n}"))
    for key, to in (("k", ""), ("d", W)):
        assert isinstance(room.record(Say("v", key, "NASTY", to)), Said)
    assert texts(room)[:2] == ["nice", "still here"]
    assert box(room, W) == ["for you"]
    for _ in range(2 * MAX_WALL):
        room.record(Say("w", f"fill {_}", "fill"))
    assert isinstance(room.record(Say("v", "k", "NASTY")), Said)
    lit = room.state.talk.spotlight
    assert lit is not None
    assert lit.text == "nice"
    assert room.record(Hide(lit.id, hidden=True)) == Done()
    assert room.state.talk.spotlight is None


def test_nobody_can_push_out_what_others_wrote_to_somebody() -> None:
    """Of a full box the oldest of whoever wrote most goes, and what no box holds is no more."""
    room = talking(Say("friend", "k", "call me", W))
    for n in range(2 * MAX_DIRECT):
        room.record(Say("loud", f"k{n}", f"noise {n}", W))
    assert box(room, W)[0] == "call me"
    assert len(box(room, W)) == MAX_DIRECT
    room.record(Say("ann", "k", "hello", V))
    for n in range(MAX_ALL_DIRECT):
        room.record(Say("one", f"k{n}", "to and fro", person_of("two")))
    assert box(room, V) == ["hello"]


def test_what_an_admin_cleared_or_muted_stays_so_where_redis_went_back() -> None:
    """And who wanted to stand in no list is in none."""
    before = talking(*[Say("v", f"k{n}", f"insult {n}") for n in range(3)])
    after = talking(*[Say("v", f"k{n}", f"insult {n}") for n in range(3)])
    for body in (Clear(after.state.version), Mute(V, muted=True), Attend(W, listed=False)):
        after.record(body)
    for missing in lacking(after.state, before.state):
        before.record(missing)
    assert texts(before) == []
    assert (list(before.state.talk.muted), list(before.state.talk.unlisted)) == ([V], [W])
