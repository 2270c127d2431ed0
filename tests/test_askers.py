"""askers.py: a page without a socket that asks another node each time is here once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from time import monotonic
from typing import Any, cast

import gevent
import pytest
from gevent.socket import socketpair

from tests import rooms
from tests.engines import PATIENCE
from tests.engines import Room as EngineRoom
from tests.redises import Redis
from voting import askers, hub, presence, waiting
from voting.askers import Askers, TurnedAway
from voting.config import Limits, Messages, Server
from voting.doorway import Doorway
from voting.feed import RoomFeed
from voting.fleet_redis import RedisFleet
from voting.gate import Gate
from voting.hub import Hub
from voting.identity import Admin
from voting.live import Live
from voting.names import FolderNames
from voting.people import People
from voting.safe import FolderSafe
from voting.scene import Scene
from voting.talking import Talking
from voting.turnout import Turnout
from voting.visitors import NoRoom, Visitors
from voting.waiting import AWAY_SECONDS, Poller

SECONDS = {"ping_seconds": 25.0, "deadline_seconds": 10.0}

VERA = {"voter": "vera", "name": "Vera"}
WIM = {"voter": "wim", "name": "Wim"}


class Node:
    """One node, from its journal to its pages; it beats when a test says so."""

    def __init__(self, room: EngineRoom, server: rooms.Room, folder: Path) -> None:
        self.fleet = RedisFleet(server.server)
        self.sockets = socketpair()
        self.turnout = Turnout(room.state)
        doorway = Doorway(Server(public_url="http://vote.example"), 5000, folder)
        people = People(room.state, FolderNames(folder), self.fleet)
        scene = Scene(room.engine, self.turnout, doorway, people.name_of)
        feed = RoomFeed(room.state, people.name_of)
        self.hub = Hub(scene.encode, feed, self.turnout, tick_seconds=1, **SECONDS)
        gate = Gate(room.engine, asks=False)
        limits = Limits(sockets_per_voter=2, sockets_per_address=4)
        admin = Admin(FolderSafe(folder))
        self.visitors = Visitors(self.hub, admin, gate, limits, self.fleet)
        talking = Talking(room.engine, self.hub, scene, feed, people, Messages())
        live = Live(room.engine, self.hub, scene, self.visitors, talking)
        self.askers = Askers(live, self.visitors, self.fleet)
        presence.share(self.fleet, self.turnout, self.hub)

    def ask(self, line: str = "", tab: str = "", held: dict[str, Any] = VERA) -> str:
        """Ask once; return the name of the line."""
        client = self.askers.who(line, "voter", tab, held, "192.0.2.1")
        poller = cast(Poller, client.connection)
        poller.heard()
        return poller.name

    def poller(self, voter: str) -> Poller:
        (client,) = self.hub.of_voter(voter)
        return cast(Poller, client.connection)

    def wait(self, voter: str) -> gevent.Greenlet[[], str]:
        """Let a voter's page wait for news."""
        question = gevent.spawn(self.poller(voter).wait, self.sockets[0], PATIENCE)
        gevent.sleep(0)
        return question

    def says(self) -> tuple[int, int]:
        """Return how many this node shows as here, and how many it says are here with it."""
        return self.turnout.online, self.turnout.said().present


class Nodes:
    """Three nodes of a room, and the time between two questions, which a test makes pass."""

    def __init__(self, room: EngineRoom, redis: Redis, folder: Path) -> None:
        shared = rooms.Room(redis)
        self.all = [Node(room, shared, folder) for _ in range(3)]
        self.a, self.b, self.c = self.all
        self.now = monotonic()
        self.beat(2)

    def monotonic(self) -> float:
        return self.now

    def beat(self, times: int = 1) -> None:
        for _ in range(times):
            for node in self.all:
                assert node.fleet.beat()

    def later(self, seconds: float) -> None:
        """Let so many seconds pass, with beats and looks for who is gone."""
        for _ in range(round(seconds)):
            self.now += 1
            self.beat()
            for node in self.all:
                node.hub.sweep()

    def close(self) -> None:
        for node in self.all:
            node.fleet.stop()
            for end in node.sockets:
                end.close()


@pytest.fixture
def nodes(
    standing_redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Nodes]:
    with EngineRoom() as room, closing(Nodes(room, standing_redis, tmp_path)) as nodes:
        for module in (askers, hub, waiting):
            monkeypatch.setattr(module, "monotonic", nodes.monotonic)
        yield nodes


def test_a_page_that_asks_many_nodes_in_turn_is_here_once(nodes: Nodes) -> None:
    """For as long as it asks any of them; soon after that it is gone from all."""
    line = nodes.a.ask()
    for n in range(6):
        assert (nodes.b, nodes.c, nodes.a)[n % 3].ask(line) == line
        nodes.beat()
        assert [node.says() for node in nodes.all] == [(1, 1), (1, 0), (1, 0)]
    for _ in range(8):  # the way to one of them is broken
        assert nodes.b.ask(line) == nodes.c.ask(line) == line
        nodes.later(4)
        assert [node.says() for node in nodes.all] == [(1, 1), (1, 0), (1, 0)]
    nodes.later(2 * AWAY_SECONDS + 5)
    assert [node.says() for node in nodes.all] == [(0, 0)] * 3
    assert [len(node.hub) for node in nodes.all] == [0] * 3


def test_a_page_is_here_with_the_node_that_is_left(nodes: Nodes) -> None:
    """At its next question, or where one is open, at once."""
    asks, waits = nodes.a.ask(), nodes.a.ask(held=WIM)
    nodes.b.ask(asks)
    nodes.b.ask(waits, held=WIM)
    question = nodes.b.wait("wim")
    nodes.beat()
    nodes.a.fleet.stop()
    nodes.b.fleet.beat()
    assert nodes.b.says() == (0, 0)
    nodes.now += AWAY_SECONDS / 2
    nodes.b.fleet.beat()
    assert nodes.b.says() == (1, 1)
    assert not question.ready()
    line = nodes.b.ask(asks)
    assert nodes.b.says() == (2, 2)
    assert nodes.b.ask(line) == line != asks


def test_a_page_that_its_node_has_forgotten_is_here_with_the_one_that_it_asks(
    nodes: Nodes,
) -> None:
    """As after a while without Redis, in which nobody could say that it asks."""
    line = nodes.a.ask()
    nodes.b.ask(line)
    nodes.now += AWAY_SECONDS + 1
    nodes.a.hub.sweep()
    assert nodes.b.ask(line) == line
    nodes.later(6)
    assert (nodes.a.says(), nodes.b.says()) == ((1, 0), (1, 1))
    line = nodes.b.poller("vera").name
    assert nodes.a.ask(line) == line
    nodes.beat()
    assert (nodes.a.says(), nodes.b.says()) == ((1, 0), (1, 1))


def test_a_page_that_is_turned_away_is_told_so_wherever_it_asks_next(nodes: Nodes) -> None:
    """Also where it waits: else it would come in again there as a new page."""
    waits, asks = nodes.a.ask(tab="1"), nodes.a.ask(tab="2")
    nodes.b.ask(waits, tab="1")
    question = nodes.b.wait("vera")
    nodes.a.ask(tab="3")
    nodes.a.ask(tab="4")
    nodes.beat(2)
    assert question.get(timeout=PATIENCE) == "ended"
    with pytest.raises(TurnedAway):
        nodes.b.ask(asks)
    assert len(nodes.b.hub) == 0


def test_a_visitors_pages_on_all_nodes_count_together(nodes: Nodes) -> None:
    """The oldest of a voter's go, wherever they are; of an address no more come in."""
    oldest, older = nodes.a.ask(tab="1"), nodes.a.ask(tab="2")
    nodes.beat()
    newest = nodes.b.ask(tab="3")
    nodes.beat(3)
    with pytest.raises(TurnedAway):
        nodes.a.ask(oldest)
    assert nodes.a.ask(older) == older
    assert nodes.b.ask(newest) == newest
    nodes.b.ask(held=WIM)
    nodes.b.ask(held=WIM)
    nodes.beat(2)
    for node in (nodes.a, nodes.b):
        with pytest.raises(NoRoom):
            node.ask(held={"voter": "zoe", "name": "Zoe"})


def test_who_claims_to_be_elsewhere_gets_no_room_by_that(nodes: Nodes) -> None:
    """Guests are counted by themselves, to the same limits."""
    for n in range(4):
        nodes.b.ask(f"{nodes.a.fleet.node}-{n}", held={"voter": f"voter {n}", "name": ""})
    with pytest.raises(NoRoom):
        nodes.b.ask(f"{nodes.a.fleet.node}-5", held={"voter": "voter 5", "name": ""})
    assert nodes.b.ask()


def test_who_is_not_known_elsewhere_is_here_as_far_as_there_is_room(nodes: Nodes) -> None:
    """A claim that its node has denied is no way around the limit of an address."""
    lines: dict[str, str] = {}
    for n in range(12):
        voter = f"voter {n}"
        claim = f"{nodes.a.fleet.node}-{n}"
        with suppress(NoRoom):
            lines[voter] = nodes.b.ask(claim, held={"voter": voter, "name": ""})
        for _ in range(8):
            for known in lines:
                nodes.b.poller(known).heard()
            nodes.later(1)
    assert nodes.b.says()[1] == nodes.b.hub.of_address("192.0.2.1") == 4
    assert len(lines) == 8
