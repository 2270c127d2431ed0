"""signing.py: which key signs where several servers must open what each of them signs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.redises import Redis
from tests.rooms import Room
from voting import signing
from voting.fleet_redis import RedisFleet
from voting.keys import BadSecret, Keys, keys, rotate
from voting.signing import Signing


class Node:
    """A server of a room, as far as keys go; it looks and beats when the test says so."""

    def __init__(self, room: Room, given: Keys, folder: Path = Path("data")) -> None:
        self._fleet = RedisFleet(room.server)
        self.signing = Signing(room.shared(), self._fleet, given, folder)
        self.used = self.signing.look()

    def look(self) -> bytes:
        """Hear the others, and return the key that signs now."""
        assert self._fleet.beat()
        self.used = self.signing.look()
        return self.used.current

    def stop(self) -> None:
        self._fleet.stop()


@pytest.fixture
def starts(
    standing_redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Keys], Node]]:
    """Starts servers of one room; each has heard of those before it."""
    monkeypatch.setattr(signing, "SETTLED_SECONDS", 0.0)
    room = Room(standing_redis)
    nodes: list[Node] = []

    def start(given: Keys) -> Node:
        nodes.append(Node(room, given))
        for each in (*nodes, *nodes):
            each._fleet.beat()
        return nodes[-1]

    yield start
    for one in nodes:
        one.stop()


def rotated(folder: Path) -> tuple[Keys, Keys]:
    """Return the keys of a folder before and after a rotation."""
    before = keys(folder)
    after = rotate(folder)
    assert after is not None
    return before, after


def test_a_new_key_signs_once_every_server_opens_it(
    tmp_path: Path, starts: Callable[[Keys], Node]
) -> None:
    """Given to one after the other: on the way each opens whatever any other signs."""
    old, new = rotated(tmp_path)
    a, b = starts(old), starts(old)
    a.stop()
    a = starts(new)
    for _ in range(3):
        assert (a.look(), b.look()) == (old.current, old.current)
    assert set(a.used.all) == set(new.all)
    assert a.used.name == b.used.name
    b.stop()
    b = starts(new)
    b.look()
    assert (a.look(), b.look()) == (new.current, new.current)
    assert a.used == b.used == new


def test_a_server_with_another_secret_is_told_how_to_get_the_rooms(
    tmp_path: Path, starts: Callable[[Keys], Node]
) -> None:
    """Also one that was forgotten when all others were given a new key."""
    old, new = rotated(tmp_path / "ours")
    running = starts(new)
    with pytest.raises(
        BadSecret, match=r"^The other.* key: give this one theirs.* data/secret\.key"
    ):
        starts(keys(tmp_path / "theirs"))
    with pytest.raises(BadSecret, match="SHOW_OF_HANDS_SECRET"):
        starts(old)
    assert running.look() == new.current


def test_the_cookie_keeps_its_name(tmp_path: Path, starts: Callable[[Keys], Node]) -> None:
    """A key from the environment has no room for a name, and must not log everybody out."""
    old = keys(tmp_path)
    running = starts(old)
    assert starts(old._replace(name="another")).used.name == old.name
    assert running.used.name == old.name


def test_redis_never_holds_a_key_and_forgets_which_one_signed(
    standing_redis: Redis, tmp_path: Path, starts: Callable[[Keys], Node]
) -> None:
    """After the last server's end a room may begin anew with another secret."""
    given = keys(tmp_path)
    starts(given).look()
    client = standing_redis.client
    found = [key for key in client.keys("*:signing") if client.ttl(key) > 0]
    assert len(found) == len(client.keys("*:signing")) > 0
    for key in found:
        digest = client.get(key)
        assert digest is not None
        assert digest not in given.current
        assert given.current not in digest


def test_what_redis_has_lost_is_put_back(
    standing_redis: Redis, tmp_path: Path, starts: Callable[[Keys], Node]
) -> None:
    """The servers that run go on with the key that signs, and the cookie's name."""
    old, new = rotated(tmp_path)
    a, b = starts(old), starts(new)
    client = standing_redis.client
    for name in ("signing", "cookie"):
        for key in client.keys(f"*:{name}"):
            client.delete(key)
    assert (b.look(), a.look()) == (old.current, old.current)
    assert b.used.name == old.name


def test_a_full_redis_lets_a_server_start(
    standing_redis: Redis, tmp_path: Path, starts: Callable[[Keys], Node]
) -> None:
    """One that died has a successor, also where Redis takes no vote just now."""
    given = keys(tmp_path)
    starts(given)
    standing_redis.client.config_set("maxmemory", "1")
    try:
        assert starts(given).look() == given.current
    finally:
        standing_redis.client.config_set("maxmemory", "0")
