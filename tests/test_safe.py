"""safe.py and safe_redis.py: what the admin's ways in rest on, for one server and for several."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.redises import Redis
from tests.rooms import Room
from voting import safe, safe_redis, shared
from voting.safe import CannotAsk, FolderSafe, Safe
from voting.safe_redis import SharedSafe


@pytest.fixture
def room(standing_redis: Redis) -> Room:
    return Room(standing_redis)


@pytest.fixture(params=["folder", "shared"])
def opens(
    request: pytest.FixtureRequest, tmp_path: Path, standing_redis: Redis
) -> Callable[[], Safe]:
    """Returns what a start finds: the same safe, once more."""
    room = Room(standing_redis)

    def open_it() -> Safe:
        return FolderSafe(tmp_path) if request.param == "folder" else opened(room)

    return open_it


def opened(room: Room, hash: str = "") -> SharedSafe:
    one = SharedSafe(room.shared(), hash)
    one.open()
    return one


# Both kinds


def test_a_password_outlives_a_start(opens: Callable[[], Safe]) -> None:
    """Before one is set there is none."""
    first = opens()
    assert first.hash() == ""
    first.keep_hash("scrypt:1")
    assert (first.hash(), opens().hash()) == ("scrypt:1", "scrypt:1")


def test_a_link_is_taken_once(opens: Callable[[], Safe]) -> None:
    """Looking at it takes nothing, and one that was never made is none."""
    one = opens()
    one.add_link("a")
    assert [one.has_link("a"), one.has_link("a"), one.has_link("b")] == [True, True, False]
    assert [one.take_link(link, "me") for link in "baa"] == [False, True, False]
    assert not one.has_link("a")


def test_of_logouts_the_newest_are_remembered(
    opens: Callable[[], Safe], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded; the oldest is forgotten first, and does not come back."""
    monkeypatch.setattr(safe, "MOST_ENDED", 3)
    monkeypatch.setattr(safe_redis, "MOST_ENDED", 3)
    one = opens()
    for mark in "abcde":
        one.end(mark)
        assert not one.look()
    assert [one.has_ended(mark) for mark in "abcde"] == [False, False, True, True, True]


# Several servers


def test_what_one_server_does_the_others_know_with_their_next_look(room: Room) -> None:
    """And a server that starts later knows it from the start."""
    one, other = opened(room), opened(room)
    one.keep_hash("scrypt:1")
    one.add_link("a")
    one.end("left")
    assert not other.has_ended("left")
    assert other.look()
    assert not other.look()
    for each in (other, opened(room)):
        assert (each.hash(), each.has_ended("left")) == ("scrypt:1", True)
    assert other.take_link("a", "me")
    assert not one.take_link("a", "me")


def test_what_was_forgotten_on_purpose_is_not_put_back(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that still remembers the oldest logouts must not push newer ones out."""
    monkeypatch.setattr(safe_redis, "MOST_ENDED", 3)
    one, other = opened(room), opened(room)
    for mark in "abcd":
        one.end(mark)
        other.look()
    assert [opened(room).has_ended(mark) for mark in "abcd"] == [False, True, True, True]


def test_a_password_of_before_is_taken_over_where_there_is_none(room: Room) -> None:
    """The first server that brings one from its data folder sets it; no other changes it."""
    opened(room, "scrypt:mine")
    assert opened(room, "scrypt:yours").hash() == "scrypt:mine"
    assert opened(room).hash() == "scrypt:mine"


def test_what_redis_has_lost_is_put_back(room: Room) -> None:
    """A password and logouts by any server that knows them; links never, they may be used."""
    one, other = opened(room), opened(room)
    one.keep_hash("scrypt:1")
    one.end("left")
    one.add_link("a")
    other.look()
    for name in ("admin", "ended", "link:a"):
        assert room.redis.client.delete(room.key(name)) == 1
    other.look()
    late = opened(room)
    assert (late.hash(), late.has_ended("left"), late.has_link("a")) == ("scrypt:1", True, False)


def test_without_redis_what_is_known_goes_on(redis: Redis) -> None:
    """A logout and a new link hold when it is back; what must be asked cannot be answered."""
    room = Room(redis)
    one, other = opened(room), opened(room)
    one.keep_hash("scrypt:1")
    redis.kill()
    one.end("left")
    one.add_link("a")
    assert not one.look()
    assert (one.hash(), one.has_ended("left")) == ("scrypt:1", True)
    for ask in (
        lambda: one.has_link("a"),
        lambda: one.take_link("a", "me"),
        lambda: one.keep_hash("scrypt:2"),
    ):
        with pytest.raises(CannotAsk):
            ask()
    assert one.hash() == "scrypt:1"
    redis.start()
    one.look()
    assert other.look()
    assert (other.hash(), other.has_ended("left")) == ("scrypt:1", True)
    assert other.take_link("a", "me")


def test_a_link_that_was_taken_without_a_word_is_kept_for_its_taker(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis did it and could not say so in time: who tries again gets in, nobody else does."""
    monkeypatch.setattr(shared, "PATIENCE_SECONDS", 0.5)
    room = Room(redis)
    one = opened(room)
    one.add_link("a")
    with redis.paused(), pytest.raises(CannotAsk):
        one.take_link("a", "me")
    monkeypatch.undo()
    redis.client.ping()  # it has done all that came before
    assert one.has_link("a")
    assert [one.take_link("a", who) for who in ("you", "me", "me")] == [False, True, False]


def test_nothing_stays_in_redis_for_ever(room: Room) -> None:
    """A link goes after a day, logouts when no session of then can be alive."""
    one = opened(room)
    one.add_link("a")
    one.end("left")
    client = room.redis.client
    assert 0 < client.ttl(room.key("link:a")) <= 86_400
    assert 86_400 < client.ttl(room.key("ended")) <= 30 * 86_400
