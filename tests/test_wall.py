"""wall.py: what each view is told of what was said, from wherever it goes on."""

from __future__ import annotations

import os
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.folding import Room
from tests.histories import conversations
from tests.talkers import Wall
from voting import wall
from voting.ballots import apply
from voting.protocol import View, encode
from voting.records import FORMAT, Begin, Record
from voting.speech import (
    STAGE,
    Clear,
    Hide,
    Moderation,
    Mute,
    Say,
    Spoken,
    Spotlight,
    Talk,
    message_id,
    person_of,
)
from voting.state import State
from voting.wall import Place

EXAMPLES = 2_000 if os.environ.get("TEST_ALL") else 60
LONG = 20 if os.environ.get("TEST_ALL") else 1
"""Long conversations: some hundreds of messages each."""

OPEN = Talk("open", direct=True)
V, W = person_of("v"), person_of("w")
NAMES = {V: "Vera", W: "Will"}


def name_of(person: str) -> str:
    return NAMES.get(person, "")


class Page:
    """A page of a view that is told what is new, from its place on."""

    def __init__(self, view: View = "waiting") -> None:
        self.wall = Wall()
        self._view = view
        self._place: Place | None = None

    def hear(self, state: State) -> Page:
        told = wall.wall(state, self._view, self._place, name_of)
        self.wall.take(msgspec.json.decode(encode(told)))
        self._place = wall.here(state)
        return self


def talking(*spoken: Spoken) -> Room:
    """A room that talks, in which this was said and done."""
    room = Room(open=False)
    for body in (OPEN, *spoken):
        room.record(body)
    return room


# Catching up


def compare(records: list[Record], random: Random) -> None:
    """Let pages hear these records in cuts of many sizes; whenever they hear, they agree."""
    state = State()
    often = {view: Page(view) for view in ("waiting", "screen", "admin")}
    rates = [1 / random.choice([2, 5, 30, 150]) for _ in range(2)]
    others = [(view, Page(view), rate) for view in often for rate in rates]
    for record in records:
        apply(state, record)
        late = {view: Page(view).hear(state).wall.messages for view in often}
        for view, page in often.items():
            assert page.hear(state).wall.messages == late[view], view
        for view, page, rate in others:
            if random.random() < rate:
                assert page.hear(state).wall.messages == late[view], view
    for view, page, _ in others:
        assert page.hear(state).wall.messages == often[view].wall.messages


@settings(max_examples=EXAMPLES, deadline=None)
@given(conversations, st.randoms(use_true_random=False))
def test_who_hears_now_and_then_holds_what_who_hears_everything_holds(
    records: list[Record], random: Random
) -> None:
    """Cut wherever it likes, and so does who comes only now; nothing twice, nothing missing."""
    compare(records, random)


@pytest.mark.parametrize("seed", range(LONG))
def test_a_long_conversation_is_the_same_to_all_who_hear_it(seed: int) -> None:
    """With more messages than are kept, hidden and shown ones among those that had to go."""
    random = Random(seed)
    room = talking()
    for n in range(450):
        voter = random.choice("vwx")
        room.record(Say(voter, f"k{n}", f"text {n}", random.choice(["", "", "", "", STAGE])))
        for _ in range(random.choice([0, 0, 0, 1, 1, 2])):
            newest = [*room.state.talk.wall]
            one = random.choice(random.choice([newest, newest[:4], newest[-4:]]) or [""])
            cleared = room.state.version - random.randrange(120)
            moderation: list[Moderation] = [Hide(one, hidden=True)] * 4
            moderation += [Hide(one, hidden=False)] * 2
            moderation += [Clear(cleared), Talk("off", direct=True)] if n % 40 == 39 else []
            room.record(random.choice(moderation))
            if room.state.talk.state == "off":
                room.record(OPEN)
    compare(room.records, random)


def test_another_epoch_and_a_place_that_is_none_are_told_everything_afresh() -> None:
    """What a page holds of a history that has ended takes nobody in."""
    room = talking(Say("v", "k1", "one"))
    page = Page().hear(room.state)
    room.record(Begin(FORMAT, "later"))
    room.record(Say("v", "k2", "two"))
    assert page.hear(room.state).wall.texts == ["one", "two"]
    assert (page.wall.afresh, page.wall.epoch) == (2, "later")
    assert wall.read_place("later.7") == Place("later", 7)
    for none in ("", "0", "7", "later", "later.", "later.-1", "later.1e3", "later." + "9" * 17):
        place = wall.read_place(none)
        assert place is None or place.epoch != "later"


# Who is told what


def test_a_direct_message_is_told_to_two_and_one_to_the_stage_to_admins() -> None:
    """Neither a voter's page nor a screen finds it on the wall, nor an admin what is not for it."""
    room = talking(
        Say("v", "k1", "to will", W),
        Say("v", "k2", "to the stage", STAGE),
        Say("", "k3", "from the stage", W),
        Say("v", "k4", "to everyone"),
    )
    views: tuple[View, ...] = ("waiting", "voted", "screen")
    for view in views:
        assert Page(view).hear(room.state).wall.texts == ["to everyone"]
    admin = Page("admin").hear(room.state).wall
    addressed = [
        (each["text"], each["from"], each.get("to"), each.get("to_name")) for each in admin.messages
    ]
    assert addressed == [
        ("to the stage", V, STAGE, ""),
        ("from the stage", STAGE, W, "Will"),
        ("to everyone", V, None, None),
    ]
    assert told_alone(room, V) == ["to will", "to the stage"]
    assert told_alone(room, W) == ["to will", "from the stage"]
    assert told_alone(room, person_of("x")) == []
    assert wall.addressed(room.state, Place("epoch", 0)) == {V, W}
    assert wall.addressed(room.state, wall.here(room.state)) == set()


def test_who_comes_back_is_told_of_its_direct_messages_what_is_new() -> None:
    """From its place on; on another history all that are kept."""
    room = talking(Say("v", "k1", "one", W))
    place = wall.here(room.state)
    room.record(Say("v", "k2", "two", W))
    assert told_alone(room, W, place) == ["two"]
    assert told_alone(room, W, wall.here(room.state)) == []
    assert told_alone(room, W, Place("another", 9)) == ["one", "two"]


def test_nobody_but_an_admin_is_told_anything_while_messages_are_off() -> None:
    """Nothing of the wall, nothing of what is one's own; on again, all of it is back."""
    room = talking(Say("v", "k1", "to everyone"), Say("v", "k2", "to will", W))
    page, admin = Page().hear(room.state), Page("admin").hear(room.state)
    room.record(Talk("off", direct=True))
    assert page.hear(room.state).wall.texts == []
    assert told_alone(room, W) == []
    assert wall.talk(room.state, "waiting", name_of) is msgspec.UNSET
    assert admin.hear(room.state).wall.texts == ["to everyone"]
    room.record(OPEN)
    assert page.hear(room.state).wall.texts == ["to everyone"]
    assert told_alone(room, W) == ["to will"]


def test_how_the_room_may_talk_is_told_with_the_state() -> None:
    """The screen's message to everybody, and to admins alone who is muted."""
    room = talking(Say("v", "k", "large"), Spotlight(message_id("v", "k")), Mute(W, muted=True))
    told = msgspec.to_builtins(wall.talk(room.state, "screen", name_of))
    assert (told["state"], told["slow"], told["direct"]) == ("open", 0, True)
    assert (told["spotlight"]["text"], told["spotlight"]["name"]) == ("large", "Vera")
    assert "muted" not in told
    told = msgspec.to_builtins(wall.talk(room.state, "admin", name_of))
    assert told["muted"] == ({"id": W, "name": "Will"},)


def told_alone(room: Room, person: str, place: Place | None = None) -> list[str]:
    """What is told to one person's pages alone."""
    told = wall.direct(room.state, person, place, name_of)
    return [message.text for message in told.messages] if told else []


def test_a_frame_says_behind_which_change_of_the_wall_it_goes_on() -> None:
    """Ballots make versions too: who was told of the last change of the wall lacks nothing."""
    room = Room()
    for body in (OPEN, Say("v", "k1", "one")):
        room.record(body)
    page = Page().hear(room.state)
    room.cast("v", "b1", "ada")
    place = wall.here(room.state)
    room.record(Say("v", "k2", "two"))
    frame = wall.wall(room.state, "waiting", place, name_of)
    assert page.wall.version == frame.after < place.version
    assert wall.wall(room.state, "waiting", None, name_of).after == 0
