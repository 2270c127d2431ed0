"""names_redis.py: the names that voters gave, of all servers of a room."""

from __future__ import annotations

import gevent
import pytest

from tests.redises import Redis
from tests.rooms import Room
from voting import names_redis
from voting.names_redis import SharedNames
from voting.safe import CannotAsk

PATIENCE = 30


@pytest.fixture
def room(standing_redis: Redis) -> Room:
    return Room(standing_redis)


def names(room: Room) -> SharedNames:
    """The names as a server that runs keeps them."""
    kept = SharedNames(room.shared())
    kept.finish()
    return kept


def test_the_last_name_of_a_voter_wins_whoever_took_it(room: Room) -> None:
    """An empty one takes the one before back; what waits here is read here."""
    one, other = names(room), names(room)
    one.keep("v", "Vera")
    one.keep("w", "Wim")
    one.finish()
    other.keep("v", "Veronica")
    other.keep("w", "")
    assert other.read() == {"v": "Veronica"}
    assert one.read() == {"v": "Vera", "w": "Wim"}
    other.finish()
    assert one.read() == {"v": "Veronica"}


def test_a_storm_of_logins_is_no_storm_of_commands(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten times the logins are the same commands, and by themselves they are there soon."""
    monkeypatch.setattr(names_redis, "WRITE_SECONDS", 0.05)
    one = names(room)
    before = commands(room.redis)
    for n in range(2_000):
        one.keep(f"v{n}", f"Vera 张 {n}")
    one.finish()
    assert commands(room.redis) - before == 1
    assert one.read()["v1999"] == "Vera 张 1999"
    one.start()
    one.keep("w", "Wim")
    with gevent.Timeout(PATIENCE):
        while room.redis.client.hget(room.key("names"), "w") is None:
            gevent.sleep(0.01)


def commands(redis: Redis) -> int:
    """Return how many writes Redis was asked for; a script is one."""
    return int(redis.client.info("commandstats").get("cmdstat_eval", {}).get("calls", 0))


def test_erased_names_are_gone_also_those_on_their_way(room: Room) -> None:
    """What another server had gathered does not bring them back; later ones are kept."""
    running = names(room)
    running.keep("v", "Vera")
    running.finish()
    running.keep("w", "Wim")
    assert running.are_kept
    SharedNames(room.shared()).erase()
    running.finish()
    assert (running.read(), running.are_kept) == ({}, False)
    running.keep("x", "Xenia")
    running.finish()
    assert names(room).read() == {"x": "Xenia"}


def test_without_redis_a_login_goes_on_and_its_name_waits(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many wait; they cannot be read or erased meanwhile, and nobody can say there are none."""
    monkeypatch.setattr(names_redis, "MOST", 3)
    room = Room(redis)
    one = names(room)
    redis.kill()
    for n in range(5):
        one.keep(f"v{n}", "Vera")
    one.finish()
    assert one.are_kept
    for way in (one.read, one.erase):
        with pytest.raises(CannotAsk):
            way()
    redis.start()
    one.finish()
    assert sorted(names(room).read()) == ["v2", "v3", "v4"]


def test_who_reads_them_a_piece_at_a_time_learns_that_they_were_erased(room: Room) -> None:
    """Also by another server, while it reads; once, and reading again is no answer."""
    other = names(room)
    for number in range(2_000):
        other.keep(f"v{number}", "Vera")
    other.finish()
    running = SharedNames(room.shared())
    running.keep("w", "Wim")
    pieces = list(running.pieces())
    assert len(pieces) > 2
    assert {voter: name for piece in pieces for voter, name in piece.items()} == running.read()
    assert len(running.read()) == 2_001
    assert not running.were_erased()
    reading = running.pieces()
    next(reading)
    other.erase()
    assert len(list(reading)) >= 1
    assert not any(running.pieces())
    assert (running.were_erased(), running.were_erased()) == (True, False)
