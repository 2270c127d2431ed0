"""What nodes and their Redis did in a spell of time.

Owns the look at all of them together, and what is said of Redis's part.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from bench.halls import Hall, hall
from bench.measure import Meter, Spent
from bench.report import Figure
from bench.stores import Done, Store, store

ALWAYS, EVERYSEC = "always", "everysec"
"""When a Redis writes to its disk: before it answers, or once a second."""

ANSWER_SECONDS = 10.0
COMMANDS = "commands of Redis"


class Spell(NamedTuple):
    """What nodes and Redis did in a spell of time."""

    spent: Spent
    redis: Done | None


class Watch:
    """Runs from when it is made, for nodes and their Redis."""

    def __init__(self, full: Hall, store: Store | None) -> None:
        self._store = store
        self._before = store.look() if store else None
        self._meter = Meter(*full.pids)

    def read(self) -> Spell:
        """Return what was done since."""
        spent = self._meter.read()
        if self._store is None or self._before is None:
            return Spell(spent, None)
        return Spell(spent, self._store.look().since(self._before))


@contextmanager
def running(phones: int, nodes: int, fsync: str) -> Iterator[tuple[Hall, Store | None]]:
    """Run nodes with phones on them, on a Redis of their own if it is said how that writes."""
    if not fsync:
        with hall(phones, nodes) as full:
            yield full, None
        return
    with store(fsync) as redis, hall(phones, nodes, redis.url) as full:
        yield full, redis


def of_redis(run: str, when: str, spell: Spell) -> list[Figure]:
    """Return what Redis did in a spell, as figures of a run."""
    if spell.redis is None:
        return []
    done = spell.redis
    return [
        Figure(run, f"{when}{COMMANDS}", done.commands / done.at, "a second"),
        Figure(run, f"{when}CPU of Redis", 100 * done.cpu / done.at, "% of a core"),
        Figure(run, f"{when}to Redis", done.bytes_in / done.at / 1e3, "KB a second"),
        Figure(run, f"{when}from Redis", done.bytes_out / done.at / 1e3, "KB a second"),
    ]
