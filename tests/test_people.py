"""people.py: the list of who is here, who stands in it, and who is told of it how often."""

from __future__ import annotations

import gc
import json
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from tests.wired import LARGE, Phone
from voting import known, people, roster
from voting.client import Client
from voting.connection import Connection
from voting.fleet import Alone
from voting.frames import text_frame
from voting.names import FolderNames
from voting.people import People
from voting.speech import TalkState, person_of
from voting.state import State

NEVER = 3_600.0
"""A distance between two changes of the list that no test lives to see."""

COMERS = 10_000 if os.environ.get("TEST_ALL") else 2_000
REMEMBERED = 100


class Room:
    """The people of one node; the list is brought up to date when a test says so."""

    def __init__(self, folder: Path) -> None:
        self.names = FolderNames(folder)
        self.state = State()
        self.state.talk.state = "open"
        self.woken = self.renamed = 0
        self.people = People(self.state, self.names, Alone())
        self.people.start(self._wake, self._renamed)
        self.phones: list[Phone] = []

    def _wake(self) -> None:
        self.woken += 1

    def _renamed(self) -> None:
        self.renamed += 1

    def come(self, voter: str, name: str) -> tuple[Phone, Client]:
        """Let a page of a voter come, which is not told of the list yet."""
        phone = Phone()
        self.phones.append(phone)
        return phone, self.take(phone.connection, voter, name)

    def take(self, connection: Connection, voter: str, name: str) -> Client:
        """Note a page of a voter at a line that others may have, too."""
        client = Client(connection, "waiting", voter=voter, name=name)
        self.people.came(client)
        return client

    def attend(self, voter: str, *, listed: bool) -> None:
        """Do what a record of a voter's wish does."""
        talk, person = self.state.talk, person_of(voter)
        if listed:
            del talk.unlisted[person]
        else:
            talk.unlisted[person] = None
        talk.attended += 1

    def listed(self) -> list[str]:
        """Return the names that a page without a socket is told."""
        self.people.publish()
        told = self.people.message("0")
        return sorted(person.name for person in told.people) if told else []

    def close(self) -> None:
        for phone in self.phones:
            phone.close()


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    monkeypatch.setattr(people, "LIST_SECONDS", NEVER)
    room = Room(tmp_path)
    yield room
    room.close()


def heard(phone: Phone) -> dict[str, Any]:
    """Return the next message of the list that a phone is told."""
    told: dict[str, Any] = json.loads(phone.get())
    assert told["type"] == "people"
    return told


def has_heard_all(phone: Phone) -> bool:
    """Say whether a phone was told nothing that it has not taken yet."""
    phone.connection.tell(b"the end")
    return bool(phone.get() == "the end")


def test_nobody_is_listed_who_gave_no_name_or_asked_not_to_be(room: Room) -> None:
    """They are known all the same: whoever was here can be written to."""
    room.come("v", "Vera")
    _, nameless = room.come("n", "")
    room.come("u", "Uma")
    room.attend("u", listed=False)
    assert room.listed() == ["Vera"]
    assert [room.people.name_of(person_of(voter)) for voter in "vnu"] == ["Vera", "", "Uma"]
    assert all(room.people.knows(person_of(voter)) for voter in "vnu")
    assert not room.people.knows(person_of("x"))
    room.attend("u", listed=True)
    assert room.listed() == ["Uma", "Vera"]
    room.people.left(nameless)
    assert room.people.knows(nameless.person)


def test_who_left_is_not_in_the_list_and_keeps_the_name(room: Room) -> None:
    """Two of one name are two, each by what the server calls them."""
    _, one = room.come("v", "Vera")
    _, other = room.come("w", "Vera")
    assert room.listed() == ["Vera", "Vera"]
    room.people.left(one)
    room.people.publish()
    told = room.people.message("0")
    assert told is not None
    assert [person.id for person in told.people] == [other.person]
    assert room.people.name_of(one.person) == "Vera"


def test_another_name_takes_the_place_of_the_old_one(room: Room) -> None:
    """Who logs in again under another name; the tab that was open before changes nothing."""
    room.come("v", "Vera")
    room.come("v", "Veronica")
    assert room.listed() == ["Veronica"]


def test_however_many_come_a_page_is_told_once(room: Room) -> None:
    """All who have seen the same are told the same bytes, and a second time nothing."""
    watching = [room.come(f"w{number}", "") for number in range(3)]
    for _, client in watching:
        room.people.subscribe(client)
    room.people.publish()
    assert all(heard(phone)["afresh"] for phone, _ in watching)
    for number in range(20):
        room.come(f"v{number}", f"Vera {number}")
    leaving = room.come("x", "Xenia")[1]
    room.people.left(leaving)
    room.people.publish()
    room.people.publish()
    told = [heard(phone) for phone, _ in watching]
    assert [len(each["people"]) for each in told] == [20] * 3
    assert not any(each["afresh"] for each in told)
    assert all(has_heard_all(phone) for phone, _ in watching)


def test_who_does_not_want_to_be_told_any_more_is_not(room: Room) -> None:
    """A page that left, or closed its list."""
    phone, client = room.come("v", "Vera")
    room.people.subscribe(client)
    heard(phone)
    room.people.unsubscribe(client)
    room.people.unsubscribe(client)
    room.come("w", "Wim")
    room.people.publish()
    assert has_heard_all(phone)


def test_who_asks_again_and_again_is_not_shown_the_list_each_time(room: Room) -> None:
    """The whole of it is long: it comes with the next change of the list, at most."""
    phone, client = room.come("v", "Vera")
    room.people.publish()
    began = monotonic()
    for _ in range(30):
        room.people.unsubscribe(client)
        room.people.subscribe(client)
    phone.connection.tell(b"the end")
    told = list(iter(phone.get, "the end"))
    assert 1 <= len(told) <= 1 + monotonic() - began
    room.people.publish()
    assert heard(phone)["afresh"]
    assert has_heard_all(phone)


def test_a_slow_page_skips_steps_and_nothing_waits_for_it(room: Room) -> None:
    """When it has taken what was before, it is told what is true then."""
    phone, client = room.come("v", "Vera")
    room.people.publish()
    room.people.subscribe(client)
    heard(phone)
    phone.connection.show(text_frame(bytes(LARGE)), whole=False)
    for name in ("Wim", "Xenia", "Yves"):
        room.come(name, name)
        room.people.publish()
    assert len(phone.get()) == LARGE
    room.people.publish()
    assert [person["name"] for person in heard(phone)["people"]] == ["Wim", "Xenia", "Yves"]


def test_a_page_without_a_socket_is_woken_where_it_has_asked(room: Room) -> None:
    """And nobody is for a list that nobody wants."""
    room.come("v", "Vera")
    room.people.publish()
    assert room.woken == 0
    told = room.people.message("")
    assert told is not None
    assert room.people.message(told.after) is None
    room.come("w", "Wim")
    assert room.people.message(told.after) is None
    room.people.publish()
    assert room.woken == 1
    room.come("x", "Xenia")
    room.people.publish()
    assert room.woken == 1
    told = room.people.message(told.after)
    assert told is not None
    assert [person.name for person in told.people] == ["Wim", "Xenia"]


def test_where_there_are_no_messages_nobody_is_told_who_is_here(room: Room) -> None:
    """Switched on, the list has all who came meanwhile."""
    room.state.talk.state = "off"
    phone, client = room.come("v", "Vera")
    room.people.subscribe(client)
    room.people.publish()
    assert has_heard_all(phone)
    assert room.people.message("0") is None
    room.state.talk.state = "closed"
    assert room.listed() == ["Vera"]


def test_names_that_were_erased_are_gone_with_who_leaves(room: Room) -> None:
    """A name lives as long as its page then; whoever has made something of names hears of it."""
    names = room.names
    _, vera = room.come("v", "Vera")
    _, wim = room.come("w", "Wim")
    for voter in ("v", "w"):
        names.keep(voter, "kept")
    room.people.remember()
    assert room.renamed == 1
    room.people.left(wim)
    names.erase()
    room.people.remember()
    assert room.renamed == 2
    assert [room.people.name_of(each.person) for each in (vera, wim)] == ["Vera", ""]
    room.people.remember()
    room.people.left(vera)
    room.people.publish()
    assert room.renamed == 3
    assert room.people.name_of(vera.person) == ""
    assert room.people.knows(vera.person)


def test_names_that_were_erased_while_there_were_no_messages_stay_so(room: Room) -> None:
    """Who looked in and left wrote something once: switched on, nobody is told who that was."""
    names = room.names
    room.state.talk.state = "off"
    names.keep("v", "Vera")
    vera = room.come("v", "Vera")[1]
    room.people.left(vera)
    room.people.publish()
    room.people.remember()
    names.erase()
    names.keep("w", "Wim, who logged in later")
    room.state.talk.state = "open"
    room.people.remember()
    assert room.renamed == 1
    assert [room.people.name_of(person_of(voter)) for voter in "vw"] == [
        "",
        "Wim, who logged in later",
    ]


@pytest.mark.parametrize("talk", ["off", "open"])
def test_whoever_came_and_left_takes_no_memory_for_good(
    room: Room, monkeypatch: pytest.MonkeyPatch, talk: TalkState
) -> None:
    """Some are remembered, and of all evenings together no more than of one."""
    monkeypatch.setattr(known, "MOST_KNOWN", REMEMBERED)
    monkeypatch.setattr(roster, "MOST_CHANGES", REMEMBERED)
    room.state.talk.state = talk
    connection = room.come("v", "Vera")[0].connection

    def memory_after(evening: str) -> int:
        for number in range(COMERS):
            room.people.left(room.take(connection, f"{evening} {number}", "Wim"))
        room.people.publish()
        room.people.remember()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        one, other = memory_after("one"), memory_after("other")
    finally:
        tracemalloc.stop()
    assert other - one < COMERS * 10


def test_however_many_open_the_list_at_once_its_bytes_are_there_once(room: Room) -> None:
    """The whole of it is long; who came since is in it for whoever opens it then."""
    phone = room.come("v", "Vera")[0]
    for number in range(1_500):
        room.take(phone.connection, f"v{number}", f"Somebody whose name is rather long {number}")
    room.people.publish()
    opening = [room.come(f"w{number}", "") for number in range(10)]
    tracemalloc.start()
    try:
        room.people.subscribe(opening[0][1])
        before = tracemalloc.get_traced_memory()[0]
        for _, client in opening[1:]:
            room.people.subscribe(client)
        more = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    lists = [phone.get() for phone, _ in opening]
    assert len(set(lists)) == 1
    assert more < len(lists[0])
    room.come("x", "Xenia")
    room.people.publish()
    phone, client = room.come("y", "")
    room.people.subscribe(client)
    assert {person["name"] for person in heard(phone)["people"]} >= {"Xenia"}
