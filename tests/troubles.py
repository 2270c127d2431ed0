"""What goes wrong with the servers of a room, or with their Redis, in the middle of a storm.

Each trouble ends by itself, with everything as it was before; what became of the votes is the
storm's to compare. How long it lasts is a matter of what phones are told, not of a clock, unless it
says so.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from tests.serving import Server
from tests.storms import SOME, Storm


def a_node_is_killed(storm: Storm) -> None:
    """Its phones go to the other one; then it comes back."""
    dying, other = storm.random.sample(storm.fleet.servers, 2)
    storm.desk.go_to(storm.random.choice([dying, other]))
    with ThreadPoolExecutor(1) as beside:
        doing = beside.submit(storm.errand)
        storm.kill(dying)
        doing.result()
    storm.desk.go_to(other)
    storm.errand()
    storm.answers(SOME)
    storm.start(dying)


def redis_is_killed(storm: Storm) -> None:
    """It starts again with what it had answered."""
    storm.redis.kill()
    storm.audience.wait_until_put_off()
    storm.redis.start()


def redis_and_a_node_are_killed(storm: Storm) -> None:
    """At once; the node comes back when Redis is there."""
    node = storm.random.choice(storm.fleet.servers)
    storm.redis.kill()
    storm.kill(node)
    storm.audience.wait_until_put_off()
    storm.redis.start()
    storm.start(node)


def everything_is_killed(storm: Storm) -> None:
    """As when the power of a whole hall goes."""
    storm.redis.kill()
    storm.kill(*storm.fleet.servers)
    storm.audience.wait_until_cut()
    storm.redis.start()
    storm.start(*storm.fleet.servers)


def redis_is_stopped(storm: Storm, seconds: float) -> None:
    """Nobody listens there for so long."""
    storm.redis.stop()
    until = time.monotonic() + seconds
    storm.audience.wait_until_put_off()
    time.sleep(max(0.0, until - time.monotonic()))
    storm.redis.start()


def redis_hangs(storm: Storm, seconds: float) -> None:
    """It takes what is sent, and answers nothing for so long."""
    with storm.redis.paused():
        until = time.monotonic() + seconds
        storm.audience.wait_until_put_off()
        time.sleep(max(0.0, until - time.monotonic()))


def redis_is_slow(storm: Storm, lengths: Sequence[float]) -> None:
    """It answers nothing again and again, for less than servers wait and for nearly as long."""
    for seconds in lengths:
        with storm.redis.paused():
            time.sleep(seconds)
        storm.answers(SOME)


def redis_is_full(storm: Storm) -> None:
    """With maxmemory and noeviction it refuses whatever would make it grow."""
    client = storm.redis.client
    client.config_set("maxmemory", "1")
    storm.audience.wait_until_put_off()
    client.config_set("maxmemory", "0")


def redis_is_emptied(storm: Storm) -> None:
    """FLUSHALL: every page goes on in a new epoch."""
    storm.read()
    ended = set(storm.witness.epochs)
    storm.redis.client.flushall()
    pages = storm.audience.phones.values()
    storm.audience.wait(lambda: not any(page.seen[0] in ended for page in pages))
    storm.answers(SOME)


def redis_is_emptied_while_a_node_sleeps(storm: Storm) -> None:
    """The other one begins anew; who wakes finds another history than the one it knew."""
    with asleep(storm.random.choice(storm.fleet.servers)):
        storm.answers(SOME)
        storm.read()
        storm.redis.client.flushall()
        storm.answers(SOME)


def a_node_sleeps_through_a_trim(storm: Storm) -> None:
    """What it has not read is in a snapshot when it wakes, and nowhere else."""
    with asleep(storm.random.choice(storm.fleet.servers)):
        storm.answers(SOME)
        storm.read()
        storm.stream.put_away(storm.witness.state)
        storm.answers(SOME)


@contextmanager
def asleep(node: Server) -> Iterator[None]:
    """Let a server do nothing, with its connections open."""
    assert node.process is not None
    node.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        node.process.send_signal(signal.SIGCONT)


def the_nodes_are_replaced(storm: Storm) -> None:
    """One after the other, as a deploy does."""
    for node in storm.fleet.servers:
        assert node.stop() == 0
        storm.answers(SOME)
        storm.start(node)
