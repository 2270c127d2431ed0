"""gathering.py: who is here with which node, and that nodes which missed something mend it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing

import msgspec
import pytest

from tests.redises import Redis
from tests.rooms import Room
from voting import gathering
from voting.fleet_redis import RedisFleet
from voting.gathering import Gathering, Seat

BEATS = 5
"""Within so many a node has found out that it lacks something, has asked, and has been told."""


class Node:
    """One node of a room, which beats when a test says so; `changed` are those it had news of."""

    def __init__(self, room: Room) -> None:
        self.is_on = True
        self.changed: set[str] = set()
        self.fleet = RedisFleet(room.server)
        self.gathering = Gathering(self.fleet, lambda: self.is_on, self._note)

    def _note(self, seats: Iterable[Seat]) -> None:
        self.changed |= {seat.person for seat in seats}

    def came(self, *persons: str) -> None:
        for person in persons:
            self.gathering.came(Seat(person, person.upper(), 1.5))

    @property
    def name(self) -> bytes:
        return self.fleet.node.encode()

    @property
    def people(self) -> list[str]:
        return sorted(self.gathering)

    def close(self) -> None:
        self.fleet.stop()


class Pair:
    """Two nodes that know of each other."""

    def __init__(self, redis: Redis) -> None:
        self.room = Room(redis)
        self.a, self.b = Node(self.room), Node(self.room)

    def beat(self, times: int = 1) -> None:
        for _ in range(times):
            for node in (self.a, self.b):
                node.fleet.beat()

    def close(self) -> None:
        self.a.close()
        self.b.close()


@pytest.fixture
def pair(standing_redis: Redis) -> Iterator[Pair]:
    with closing(Pair(standing_redis)) as pair:
        pair.beat(2)
        yield pair


def test_a_node_hears_who_comes_and_leaves_elsewhere(pair: Pair) -> None:
    """In one notice a beat, however many they are, and nobody's id but the public one."""
    pair.a.came(*(f"p{number}" for number in range(500)))
    pair.b.came("p1", "x")
    pair.beat()
    told = [msgspec.msgpack.decode(entry[b"told"]) for _, entry in entries(pair.room)]
    assert [len(notices) for notices in told] == [1, 1]
    pair.beat()
    everybody = sorted([*(f"p{number}" for number in range(500)), "p1", "x"])
    assert pair.a.people == pair.b.people == everybody
    pair.a.gathering.left("p1")
    assert "p1" in pair.a.gathering
    pair.b.gathering.left("p1")
    pair.b.changed.clear()
    pair.beat(2)
    assert "p1" not in pair.a.gathering
    assert pair.b.changed == {"p1"}
    assert len(entries(pair.room)) == 4


def entries(room: Room) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """Return the notices that lie in Redis."""
    found: list[tuple[bytes, dict[bytes, bytes]]] = room.redis.client.xrange(room.key("notices"))
    return found


def test_another_name_is_told_and_the_same_one_is_not(pair: Pair) -> None:
    """A second tab is no news, nor is a page of somebody who is here with another node."""
    pair.a.came("p")
    pair.beat(2)
    pair.b.changed.clear()
    pair.a.came("p")
    pair.a.gathering.left("q")
    pair.beat(2)
    assert pair.b.changed == set()
    pair.a.gathering.came(Seat("p", "Polly", 2.5))
    pair.beat(2)
    assert pair.b.changed == {"p"}


def test_a_node_that_starts_hears_of_everybody(pair: Pair) -> None:
    """It asks, and who has not asked takes nothing of the answer."""
    pair.a.came("p", "q")
    pair.beat(2)
    late = Node(pair.room)
    pair.b.changed.clear()
    try:
        for _ in range(BEATS):
            late.fleet.beat()
            pair.beat()
        assert late.people == pair.a.people == pair.b.people == ["p", "q"]
        assert pair.b.changed == set()
        # Nor does it answer, since nobody has asked it.
        assert not [entry for _, entry in entries(pair.room) if entry[b"by"] == pair.b.name]
    finally:
        late.close()


def test_a_node_that_missed_a_notice_asks_again(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Redis that lost what it held costs nobody a name for long."""
    monkeypatch.setattr(gathering, "ASK_SECONDS", 0)
    pair.a.came("p")
    pair.beat(2)
    pair.a.came("q")
    pair.a.gathering.left("p")
    pair.a.fleet.beat()
    pair.room.redis.client.delete(pair.room.key("notices"))
    pair.beat()
    assert pair.b.people == ["p"]
    pair.beat(BEATS)
    assert pair.b.people == ["q"]
    assert pair.b.changed == {"p", "q"}


def test_the_people_of_a_node_that_is_gone_are_gone(pair: Pair) -> None:
    """One that stops says so; of one that comes back after a silence all are here again."""
    pair.a.came("p")
    pair.b.came("q")
    pair.beat(2)
    pair.a.fleet.stop()
    pair.b.changed.clear()
    pair.b.fleet.beat()
    assert pair.b.people == ["q"]
    assert pair.b.changed == {"p"}


def test_where_there_are_no_messages_no_name_leaves_a_node(pair: Pair) -> None:
    """Switched on, all are told of; switched off, others' people are forgotten."""
    pair.a.is_on = pair.b.is_on = False
    pair.a.came("p")
    pair.beat(3)
    assert entries(pair.room) == []
    assert (pair.a.people, pair.b.people) == (["p"], [])
    pair.a.is_on = pair.b.is_on = True
    pair.beat(BEATS)
    assert pair.b.people == ["p"]
    pair.b.is_on = False
    pair.beat()
    assert pair.b.people == []
