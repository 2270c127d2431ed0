"""throttle.py: so many tries a minute, and when to come again."""

from __future__ import annotations

import pytest
from werkzeug.exceptions import TooManyRequests

from tests.redises import Redis
from tests.rooms import Room
from voting import throttle
from voting.fleet import Alone
from voting.fleet_redis import RedisFleet
from voting.throttle import Throttle, household


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What time it is; tests turn it on."""
    now = [1_000.0]
    monkeypatch.setattr(throttle, "monotonic", lambda: now[0])
    return now


def test_so_many_tries_a_minute_and_no_more(clock: list[float]) -> None:
    """The answer is in how many seconds the next one may be, and then it may."""
    tries = Throttle(3, Alone(), "tries")
    assert [tries.hit("a") for _ in range(3)] == [0, 0, 0]
    clock[0] += 12.5
    assert tries.hit("a") == 48
    assert tries.hit("b") == 0
    clock[0] += 47
    assert tries.hit("a") == 1
    clock[0] += 0.5
    assert [tries.hit("a") for _ in range(4)] == [0, 0, 0, 60]


def test_a_request_too_many_is_answered_with_a_sentence_and_a_time(clock: list[float]) -> None:
    """429, and Retry-After."""
    tries = Throttle(1, Alone(), "tries")
    tries.check("a", "Later.")
    clock[0] += 20
    with pytest.raises(TooManyRequests) as refused:
        tries.check("a", "Later.")
    assert (refused.value.code, refused.value.retry_after) == (429, 40)
    assert refused.value.description == "Later."


def test_any_number_of_visitors_takes_so_much_memory_and_no_more(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond it they share one count, until those before them are forgotten."""
    monkeypatch.setattr(throttle, "MOST_KNOWN", 5)
    tries = Throttle(2, Alone(), "tries")
    for n in range(5):
        tries.hit(f"{n}")
        clock[0] += 1
    assert [tries.hit(f"late {n}") for n in range(3)] == [0, 0, 60]
    assert tries.hit("4") == 0
    clock[0] += 56
    assert tries.hit("late again") == 0


@pytest.mark.parametrize(
    "address, counted",
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_a_network_of_ipv6_is_one_visitor(address: str, counted: str) -> None:
    """Its owner has more addresses than there are guesses."""
    assert household(address) == counted


def test_tries_on_all_nodes_are_counted_together(clock: list[float], standing_redis: Redis) -> None:
    """Once a node has beaten; what is below a small part of the limit is not told."""
    room = Room(standing_redis)
    a, b = RedisFleet(room.server), RedisFleet(room.server)
    few, more = Throttle(4, a, "guesses"), Throttle(4, b, "guesses")
    many, others = Throttle(1_000, a, "logins"), Throttle(1_000, b, "logins")
    assert [few.hit("x"), few.hit("x"), few.hit("y")] == [0, 0, 0]
    for _ in range(15):
        many.hit("x")
    clock[0] += 10
    assert more.hit("x") == 0
    for _ in range(2):
        a.beat()
        b.beat()
    assert more.hit("x") == 0
    assert [more.hit("x"), more.hit("y")] == [50, 0]
    assert a.others("tries:logins") == b.others("tries:logins") == [{}]
    many.hit("x")
    a.beat()
    b.beat()
    assert b.others("tries:logins") == [{"x": [50.0, 16]}]
    assert others.hit("x") == 0
    clock[0] += 51
    a.beat()
    b.beat()
    assert [more.hit("x"), more.hit("x"), more.hit("x")] == [0, 0, 9]
    a.stop()
    b.stop()
