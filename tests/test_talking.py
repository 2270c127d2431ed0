"""talking.py: what pages say and ask, where it does not need a socket to be seen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import gevent
import pytest

from tests.engines import PATIENCE, Answer, ListJournal
from tests.engines import Room as EngineRoom
from voting import talking as talking_module
from voting.client import Client
from voting.config import Messages, Server
from voting.doorway import Doorway
from voting.feed import RoomFeed
from voting.fleet import Alone
from voting.hub import Hub
from voting.names import FolderNames
from voting.people import People
from voting.protocol import Attend, Say
from voting.records import Body, decode
from voting.scene import Scene
from voting.speech import Talk, person_of
from voting.state import Done
from voting.talking import Talking
from voting.turnout import Turnout
from voting.waiting import Poller


class Room:
    """A room that talks, and its journal; pages in it have no socket."""

    def __init__(self, room: EngineRoom, journal: ListJournal, folder: Path) -> None:
        self.engine, self.journal = room.engine, journal
        turnout = Turnout(room.state)
        doorway = Doorway(Server(public_url="http://vote.example"), 5000, folder)
        self.people = People(room.state, FolderNames(folder), Alone())
        name_of = self.people.name_of
        scene, feed = (
            Scene(room.engine, turnout, doorway, name_of),
            RoomFeed(room.state, name_of),
        )
        self.hub = Hub(
            scene.encode, feed, turnout, tick_seconds=1, ping_seconds=25, deadline_seconds=10
        )
        limits = Messages(voter_per_second=3, room_per_second=5)
        self.talking = Talking(room.engine, self.hub, scene, feed, self.people, limits)
        self.engine.append(Talk("open", direct=True))

    def join(self, voter: str) -> Client:
        client = Client(Poller(voter, lambda: None), "waiting", voter=voter, name=voter.title())
        self.hub.join(client)
        self.talking.welcome(client)
        return client

    def written(self, kind: type[Body]) -> int:
        """How many records of a kind there are."""
        return sum(isinstance(decode(record.body), kind) for record in self.journal.records)

    def say(self, text: str, voter: str = "vera", *, to: str = "", key: str = "") -> str:
        """Say something; return the code of its refusal, or "said"."""
        answer = Answer()
        self.talking.take(voter, Say(key or text[:20], text, to), answer)
        outcome = answer.get()
        return getattr(outcome, "code", "said")


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    journal = ListJournal()
    with EngineRoom(journal=journal) as engine_room:
        yield Room(engine_room, journal, tmp_path)


def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    with gevent.Timeout(PATIENCE):
        while not is_so():
            gevent.sleep(0.01)


def test_who_is_here_has_not_left_whatever_came_first(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A logout that is recorded behind the next login, here or at another server, is mended."""
    monkeypatch.setattr(talking_module, "LOOK_SECONDS", 0.02)
    room.join("vera")
    room.talking.log_out("vera")
    until(lambda: person_of("vera") in room.engine.state.talk.gone)
    assert room.say("psst", "bob", to=person_of("vera")) == "gone"
    watching = gevent.spawn(room.talking.watch)
    until(lambda: person_of("vera") not in room.engine.state.talk.gone)
    assert room.say("psst", "bob", to=person_of("vera")) == "said"
    watching.kill()


def test_leaving_is_noted_once(room: Room) -> None:
    """Who presses the button again and again writes no more into the journal."""
    vera = room.join("vera")
    room.hub.leave(vera)
    for _ in range(20):
        room.talking.log_out("vera")
    until(lambda: person_of("vera") in room.engine.state.talk.gone)
    for _ in range(20):
        room.talking.log_out("vera")
    room.engine.append(Talk("open"))
    assert room.written(talking_module.speech.Attend) <= talking_module.NOTES_PER_SECOND


def test_a_wish_that_is_fulfilled_is_no_record(room: Room) -> None:
    """It is answered all the same."""
    for listed in (True, False, False):
        answer = Answer()
        room.talking.take("vera", Attend(listed), answer)
        assert answer.get() == Done()
    assert room.written(talking_module.speech.Attend) == 1


def test_what_is_refused_anyway_costs_nobody_his_turn(room: Room) -> None:
    """Who is muted, or writes to nobody, uses up neither his own messages nor the room's."""
    room.engine.append(talking_module.speech.Mute(person_of("eve"), muted=True))
    for n in range(20):
        assert room.say(f"noise {n}", "eve") == "muted"
        assert room.say(f"letter {n}", "bob", to="nobody") == "unknown_person"
    assert [room.say(f"m{n}", "vera") for n in range(4)] == ["said"] * 3 + ["too_fast"]
    assert room.say("first", "bob") == "said"


def test_a_page_that_has_left_is_told_no_more_of_who_is_here(room: Room) -> None:
    """Or closed pages would be kept for ever."""
    client = room.join("vera")
    room.people._told[client] = ""
    room.hub.leave(client)
    room.talking.leave(client)
    assert client not in room.people._told


def test_a_frame_names_persons_and_no_voter(room: Room) -> None:
    """A voter's own id stays with the server."""
    room.join("vera")
    assert room.say("hello", "vera") == "said"
    feed = room.talking._feed
    told = json.loads(feed.heard("waiting", None))
    assert [message["from"] for message in told["messages"]] == [person_of("vera")]
    assert b'"vera"' not in feed.heard("waiting", None)
