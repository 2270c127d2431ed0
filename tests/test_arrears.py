"""arrears.py and audience.py: what was said reaches every page once, however slow it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import gevent
import pytest

from tests.folding import Room as Fold
from tests.wired import LARGE, PATIENCE, Phone
from voting import arrears, fanout
from voting.arrears import pipe_of
from voting.audience import Audience, Kind
from voting.client import Client
from voting.feed import RoomFeed
from voting.records import Open
from voting.speech import MAX_WALL, STAGE, Hide, Say, Talk, message_id, person_of

NEVER = 3_600.0
"""A distance between ticks that no test lives to see."""


class Room:
    """An audience of a room that talks; its numbers are a text of some length."""

    def __init__(self) -> None:
        self.fold = Fold()
        self.fold.record(Talk("open", direct=True))
        self.padding = 0
        self.clients: list[Client] = []
        self.phones: list[Phone] = []
        self.audience = Audience(
            self._encode,
            RoomFeed(self.fold.state, lambda person: ""),
            lambda person: [client for client in self.clients if client.person == person],
            tick_seconds=NEVER,
            share=1.0,
        )

    def _encode(self, kind: Kind, view: str) -> bytes:
        return json.dumps({"type": kind, "view": view, "pad": "." * self.padding}).encode()

    def join(self, voter: str = "", view: str = "voter") -> Phone:
        """Connect a phone."""
        phone = Phone()
        self.phones.append(phone)
        client = Client(phone.connection, view, voter=voter or None)
        self.clients.append(client)
        self.audience.add(client)
        return phone

    def say(self, text: str, *, voter: str = "vera", to: str = "") -> str:
        """Say something, by a key that is the text; return the message's id."""
        self.fold.record(Say(voter, text, text, to))
        self.audience.mark_said()
        return message_id(voter, text)

    def tick(self) -> None:
        """Tick as the audience does by itself: once, if there is anything new."""
        if self.audience._news.is_set():
            self.audience._news.clear()
            self.audience.tick()

    def stall(self) -> None:
        """Show so much that who reads nothing is stalled, and say nothing with it."""
        self.padding = LARGE
        self.audience.mark()
        self.tick()
        self.padding = 0

    def close(self) -> None:
        for phone in self.phones:
            phone.close()


@pytest.fixture
def room() -> Iterator[Room]:
    room = Room()
    yield room
    room.close()


def told(phone: Phone) -> dict[str, Any]:
    """Return what a phone is told next, a `tally` as its type alone."""
    message: dict[str, Any] = json.loads(phone.get())
    return message


def texts(message: dict[str, Any]) -> list[str]:
    return [said["text"] for said in message["messages"]]


def is_silent(phone: Phone) -> bool:
    gevent.sleep(0)
    return not phone.has_word() and not phone._got


def catch_up(room: Room, phone: Phone) -> None:
    """Let a stalled phone read, and tick until nothing is owed to it."""
    assert told(phone)["type"] in ("tally", "state")
    with gevent.Timeout(PATIENCE):
        while room.audience._arrears:
            room.audience.mark_said()
            room.tick()
            gevent.sleep(0.01)


def test_what_is_said_comes_without_numbers_where_none_are_new(room: Room) -> None:
    """A message makes no tally: two thousand phones would be told the same counts again."""
    phone = room.join()
    room.say("one")
    room.say("two")
    room.tick()
    message = told(phone)
    assert (message["type"], texts(message)) == ("talk", ["one", "two"])
    assert is_silent(phone)


def test_numbers_and_what_is_said_come_with_one_tick(room: Room) -> None:
    """In whichever order they became new."""
    phone = room.join()
    room.say("one")
    room.audience.mark()
    room.tick()
    assert [told(phone)["type"], told(phone)["type"]] == ["tally", "talk"]
    room.audience.mark()
    room.say("two")
    room.tick()
    assert [told(phone)["type"], told(phone)["type"]] == ["tally", "talk"]


def test_who_comes_is_told_what_is_said_from_then_on(room: Room) -> None:
    """Also where nobody was here for a while, and so no tick."""
    room.say("before anybody")
    phone = room.join()
    room.say("one")
    room.tick()
    assert texts(told(phone)) == ["one"]


@pytest.mark.parametrize("needs_state", [False, True])
def test_who_votes_while_others_are_told_is_told_too(
    room: Room, monkeypatch: pytest.MonkeyPatch, needs_state: bool
) -> None:
    """A page that goes over to another view before its turn came, or after it, hears it once."""
    monkeypatch.setattr(fanout, "SLICE", 1)
    phones = [room.join(view="waiting") for _ in range(3)]

    def all_vote() -> None:
        for client in room.clients:
            room.audience.move(client, "voted", needs_state=needs_state)

    room.say("one")
    gevent.spawn(all_vote)
    room.tick()
    room.say("two")
    while room.audience._news.is_set():
        room.tick()
    for phone in phones:
        heard: list[str] = []
        while len(heard) < 2:
            message = told(phone)
            heard += texts(message) if message["type"] == "talk" else []
        assert heard == ["one", "two"]
        assert is_silent(phone)


def test_a_slow_phone_is_told_all_that_it_has_missed_and_nothing_twice(room: Room) -> None:
    """The others do not wait for it, and go on from where they are."""
    stalled, other = room.join(), room.join()
    room.stall()
    assert told(other)["type"] == "tally"
    for text in ("one", "two"):
        room.say(text)
        room.tick()
        assert texts(told(other)) == [text]
    catch_up(room, stalled)
    assert texts(told(stalled)) == ["one", "two"]
    room.say("three")
    room.tick()
    assert texts(told(stalled)) == texts(told(other)) == ["three"]
    assert is_silent(stalled)


def test_what_a_slow_phone_missed_and_was_hidden_since_it_never_gets(room: Room) -> None:
    """And what it had is taken away."""
    stalled = room.join()
    seen = room.say("seen")
    room.tick()
    assert texts(told(stalled)) == ["seen"]
    room.stall()
    bad = room.say("bad")
    room.say("good")
    room.tick()
    for id in (bad, seen):
        room.fold.record(Hide(id, hidden=True))
    room.audience.mark_said()
    catch_up(room, stalled)
    message = told(stalled)
    assert (texts(message), message["hidden"]) == (["good"], [seen])


def test_who_has_missed_more_than_is_kept_gets_the_newest_afresh(room: Room) -> None:
    """It stays connected, and what waits for it is bounded: one place, whatever is said."""
    stalled = room.join()
    room.say("known")
    room.tick()
    told(stalled)
    room.stall()
    for number in range(MAX_WALL + 50):
        room.say(f"m{number}")
        if number % 10 == 0:
            room.tick()
    room.tick()
    catch_up(room, stalled)
    message = told(stalled)
    assert message["afresh"]
    assert texts(message) == [f"m{number}" for number in range(50, MAX_WALL + 50)]


def test_a_direct_message_goes_to_both_its_ends_and_nobody_else(room: Room) -> None:
    """To every page of each of them, with the tick; no other page is even told that it happened."""
    vera, bob, tab, eve = (room.join(voter) for voter in ("vera", "bob", "bob", "eve"))
    room.say("psst", to=person_of("bob"))
    room.tick()
    for phone in (vera, bob, tab):
        message = told(phone)
        assert (message["type"], texts(message)) == ("direct", ["psst"])
    assert is_silent(eve)


def test_a_message_to_the_stage_is_told_to_admins_and_its_sender(room: Room) -> None:
    """A screen, which anybody can open, is no admin."""
    vera, eve = room.join("vera"), room.join("eve")
    screen, admin = room.join(view="screen"), room.join(view="admin")
    room.say("May I ask?", to=STAGE)
    room.tick()
    assert texts(told(vera)) == texts(told(admin)) == ["May I ask?"]
    assert all(map(is_silent, (eve, screen)))


def test_a_slow_phones_direct_messages_wait_for_it(room: Room) -> None:
    """What was said to all meanwhile comes first, and once."""
    bob = room.join("bob")
    room.stall()
    room.say("psst", to=person_of("bob"))
    room.tick()
    room.say("to all")
    room.tick()
    room.say("hey", to=person_of("bob"))
    room.tick()
    catch_up(room, bob)
    messages = [told(bob), told(bob)]
    assert [texts(message) for message in messages] == [["to all"], ["psst", "hey"]]
    assert is_silent(bob)


def test_a_page_that_moves_to_another_view_misses_nothing(room: Room) -> None:
    """A vote makes a page one of those who have voted, in the middle of what is said."""
    phone = room.join("vera", view="waiting")
    client = room.clients[0]
    room.say("one")
    room.audience.move(client, "voted", needs_state=True)
    room.tick()
    catch_up(room, phone)
    assert texts(told(phone)) == ["one"]


def test_a_state_that_changes_meanwhile_does_not_cut_short_what_is_said(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers would come with the next tick; a message would not."""
    monkeypatch.setattr(fanout, "SLICE", 1)
    phones = [room.join() for _ in range(3)]
    room.say("one")
    room.audience.mark()
    ticking = gevent.spawn(room.tick)
    gevent.sleep(0)  # one phone has been shown it
    room.fold.steer(Open, "poll")
    room.audience.mark(state=True)
    ticking.get(timeout=PATIENCE)
    for phone in phones:
        assert [told(phone)["type"], told(phone)["type"]] == ["tally", "talk"]


def test_a_page_that_has_gone_is_owed_nothing(room: Room) -> None:
    """Or ticks would go on for ever for its sake."""
    room.join()
    room.stall()
    room.say("one")
    room.tick()
    assert room.audience._arrears
    room.audience.remove(room.clients[0])
    assert not room.audience._arrears


def test_what_is_said_while_a_tick_goes_on_is_left_to_the_next(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or some would be told it twice: with this tick, which cannot reach all, and with the next."""
    monkeypatch.setattr(fanout, "SLICE", 1)
    monkeypatch.setattr(arrears, "SLICE", 1)
    slow = [room.join("vera"), room.join("bob")]
    room.stall()
    room.say("one", to=person_of("bob"))
    room.tick()
    for phone in slow:
        told(phone)
    with gevent.Timeout(PATIENCE):
        while not all(pipe_of(client).is_free for client in room.clients):
            gevent.sleep(0.01)
    room.say("two")
    ticking = gevent.spawn(room.tick)
    gevent.sleep(0)  # one of them has got what it was owed
    room.say("three")
    room.say("four", to=person_of("bob"))
    ticking.get(timeout=PATIENCE)
    room.tick()
    room.tick()
    for phone in slow:
        heard: list[str] = []
        while len(heard) < 4:
            heard += texts(told(phone))
        assert sorted(heard) == ["four", "one", "three", "two"]
        assert is_silent(phone)
