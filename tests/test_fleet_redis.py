"""fleet_redis.py and fleet.py: what nodes tell each other, and a Redis that comes and goes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import msgspec
import pytest
import redis as redis_py

from tests.redises import Redis
from tests.rooms import Room
from voting.fleet import GROUP, Alone
from voting.fleet_redis import RedisFleet
from voting.neighbours import LOST_SECONDS


class Pair:
    """Two nodes of one room, which beat when a test says so."""

    def __init__(self, redis: Redis) -> None:
        self.room = Room(redis)
        self.a, self.b = RedisFleet(self.room.server), RedisFleet(self.room.server)
        self.heard: list[str] = []
        for fleet in (self.a, self.b):
            fleet.say("name", lambda fleet=fleet: fleet.node)
            fleet.hear("notice", self.heard.append)

    def beat(self, times: int = 1) -> bool:
        """Let both beat; return whether Redis took part."""
        beats = [fleet.beat() for _ in range(times) for fleet in (self.a, self.b)]
        return all(beats)

    @property
    def know_each_other(self) -> bool:
        both = {self.a.node, self.b.node}
        said = {*self.a.others("name"), *self.b.others("name")}
        return {*self.a.nodes} == {*self.b.nodes} == said == both

    def close(self) -> None:
        self.a.stop()
        self.b.stop()


@pytest.fixture
def pair(standing_redis: Redis) -> Iterator[Pair]:
    with closing(Pair(standing_redis)) as pair:
        assert pair.beat(2)
        yield pair


def test_nodes_hear_what_each_other_says(pair: Pair) -> None:
    """With each beat anew, and of nobody what only some say."""
    assert pair.know_each_other
    numbers = iter(range(10))
    pair.a.say("number", lambda: [next(numbers), {"of": "three"}])
    pair.beat(2)
    assert pair.b.others("number") == [[1, {"of": "three"}]]
    assert pair.a.others("number") == []


def test_a_notice_comes_to_all_others_once(pair: Pair) -> None:
    """In order, not to who sent it, and not to who starts later."""
    third = RedisFleet(pair.room.server)
    third.hear("notice", lambda what: pair.heard.append(f"third: {what}"))
    third.beat()
    pair.a.tell("notice", "one")
    pair.a.tell("another kind", "none")
    pair.a.tell("notice", "two")
    pair.beat(2)
    assert pair.heard == ["one", "two"]
    third.beat()
    third.beat()
    assert pair.heard[2:] == ["third: one", "third: two"]
    third.stop()


def test_a_mistake_in_hearing_costs_nobody_else_anything(pair: Pair) -> None:
    """The next notice is heard, and the node beats on."""

    def fail(what: str) -> None:
        raise LookupError(what)

    pair.b.hear("bad", fail)
    pair.a.tell("bad", "one")
    pair.a.tell("notice", "two")
    looked: list[None] = []
    pair.b.watch(lambda: fail("three"))
    pair.b.watch(lambda: looked.append(None))
    assert pair.beat(2)
    assert pair.heard == ["two"]
    assert len(looked) == 2


def test_who_stops_is_gone_with_the_next_beat(pair: Pair) -> None:
    """And leaves nothing behind; its last notices arrive."""
    pair.a.tell("notice", "last")
    pair.a.stop()
    pair.b.beat()
    assert pair.b.nodes == (pair.b.node,)
    assert pair.b.others("name") == []
    assert pair.heard == ["last"]
    pair.b.stop()
    assert pair.room.redis.client.exists(pair.room.key("nodes")) == 0


def test_what_lies_in_redis_goes_by_itself(pair: Pair) -> None:
    """A room that nobody serves any more costs a Redis nothing."""
    pair.a.tell("notice", "one")
    pair.beat()
    client = pair.room.redis.client
    for key in ("nodes", "notices"):
        assert 0 < client.ttl(pair.room.key(key)) <= LOST_SECONDS


def test_a_full_redis_takes_beats(pair: Pair) -> None:
    """They take no more room than before, and without them nodes would be taken for dead."""
    client = pair.room.redis.client
    client.config_set("maxmemory", 1_000_000)
    try:
        with pytest.raises(redis_py.OutOfMemoryError):
            client.set("more", "than fits")
        pair.a.tell("notice", "one")
        assert pair.beat(2)
    finally:
        client.config_set("maxmemory", 0)
    assert pair.heard == ["one"]
    assert pair.know_each_other


def test_redis_may_go_and_come_back_and_lose_everything(redis: Redis) -> None:
    """Nothing raises; what was heard last holds, and what was told meanwhile arrives then."""
    with closing(Pair(redis)) as pair:
        assert pair.beat()
        pair.a.tell("notice", "before")
        assert pair.beat()
        redis.kill()
        pair.a.tell("notice", "meanwhile")
        assert not pair.beat(2)
        assert not pair.a.reachable
        assert pair.know_each_other
        redis.start()
        assert pair.beat(2)
        redis.client.flushall()
        redis.client.script_flush()
        pair.b.tell("notice", "after")
        assert pair.beat()
        assert pair.know_each_other
        assert pair.beat()
        assert pair.heard == ["before", "meanwhile", "after"]


def test_notices_are_heard_where_another_redis_counts_from_an_earlier_time(pair: Pair) -> None:
    """Its clock may be behind that of the one that is gone."""
    pair.a.tell("notice", "one")
    assert pair.beat(2)
    client, key = pair.room.redis.client, pair.room.key("notices")
    client.delete(key)
    for time, told in (("5-0", []), ("6-0", [("notice", "two")])):
        client.xadd(key, {"by": "third", "told": msgspec.msgpack.encode(told)}, id=time)
        assert pair.beat()
    assert pair.heard == ["one", "two", "two"]


def test_what_is_said_apart_is_gathered_as_of_now(
    standing_redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever node of a group is asked next, no number is less than the last one told."""
    monkeypatch.setenv(GROUP, "one port")
    with closing(Pair(standing_redis)) as pair:
        monkeypatch.setenv(GROUP, "another")
        stranger = RedisFleet(pair.room.server)
        counts = dict.fromkeys((pair.a, pair.b, stranger), 0)

        def count(fleet: RedisFleet) -> int:
            counts[fleet] += 1
            return counts[fleet]

        for fleet in counts:
            fleet.say("count", lambda fleet=fleet: count(fleet), apart=True)
        for _ in range(2):
            assert pair.beat()
            assert stranger.beat()
        seen = {pair.a.node: 0, pair.b.node: 0}
        for n in range(20):
            found = (pair.a, pair.b)[n % 2].gathered("count")
            assert found.keys() == seen.keys()
            assert all(found[node] >= seen[node] for node in seen)
            seen = found
        assert min(seen.values()) >= 10
        assert pair.a.others("count") == []
        assert stranger.gathered("count").keys() == {stranger.node}
        pair.b.stop()
        assert pair.a.gathered("count").keys() == {pair.a.node}
        stranger.stop()


def test_who_cannot_reach_redis_gathers_its_own(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it knows of the others may be older than what somebody was told."""
    monkeypatch.setenv(GROUP, "one port")
    with closing(Pair(redis)) as pair:
        for fleet in (pair.a, pair.b):
            fleet.say("count", lambda: 1, apart=True)
        assert pair.beat(2)
        assert len(pair.a.gathered("count")) == 2
        redis.kill()
        assert pair.a.gathered("count") == pair.a.gathered("count") == {pair.a.node: 1}


def test_one_node_alone_is_a_fleet_too() -> None:
    """It tells nobody anything, and hears nobody."""
    fleet = Alone()
    fleet.hear("notice", lambda what: pytest.fail(what))
    fleet.watch(lambda: pytest.fail("nothing beats"))
    fleet.say("name", lambda: 1)
    fleet.say("count", lambda: 2, apart=True)
    fleet.start()
    fleet.tell("notice", "one")
    assert (fleet.nodes, fleet.others("name")) == ((fleet.node,), [])
    assert fleet.gathered("count") == {fleet.node: 2}
    assert not fleet.is_shared
    fleet.stop()
