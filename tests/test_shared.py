"""shared.py: one line to Redis, for everybody's small questions."""

from __future__ import annotations

import gevent
import pytest
from redis import Redis as Client

from tests.redises import Redis
from tests.rooms import Room
from voting.safe import CannotAsk

PATIENCE = 30


def test_a_line_that_has_ended_is_replaced(redis: Redis) -> None:
    """A Redis that was restarted between two questions costs nobody an answer."""
    one = Room(redis).shared()
    assert one.ask(lambda client: client.ping())
    redis.stop()
    redis.start()
    assert one.ask(lambda client: client.ping())


def test_a_question_that_got_no_answer_in_time_is_not_asked_again(redis: Redis) -> None:
    """Redis may have done what it was asked; whoever asked decides."""
    one = Room(redis).shared()
    assert one.ask(lambda client: client.ping())
    asked = []

    def ask(client: Client) -> None:
        asked.append(client)
        with redis.paused():
            client.ping()

    with pytest.raises(CannotAsk):
        one.ask(ask)
    assert len(asked) == 1
    assert one.ask(lambda client: client.ping())


def test_many_who_ask_at_once_are_answered_one_after_the_other(redis: Redis) -> None:
    """Each gets its own answer."""
    one = Room(redis).shared()
    asking = [gevent.spawn(one.ask, lambda client, n=n: client.echo(n)) for n in range(50)]
    gevent.joinall(asking, timeout=PATIENCE, raise_error=True)
    assert [int(each.value) for each in asking] == list(range(50))


def test_what_redis_refuses_is_no_answer(redis: Redis) -> None:
    """A full one, or one that became a replica: nobody is told that it was done."""
    room = Room(redis)
    one = room.shared()
    redis.client.config_set("maxmemory", "1")
    with pytest.raises(CannotAsk, match=r"^Redis at redis://.* is full: give it more maxmemory$"):
        one.ask(lambda client: client.set(room.key("asked"), "1"))
    redis.client.config_set("maxmemory", "0")
    assert one.ask(lambda client: client.set(room.key("asked"), "1"))
