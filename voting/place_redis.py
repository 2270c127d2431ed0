"""A room in Redis, for the command line: looked at, held, filled, while no server need run.

Owns what `places.py` owns, for Redis.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from voting import redis_server, verify
from voting.config import Journal
from voting.journal import Damaged, Unusable
from voting.names import Names
from voting.names_redis import SharedNames
from voting.redis_room import RedisRoom
from voting.redis_server import RedisServer
from voting.safe_redis import SharedSafe
from voting.shared import Shared
from voting.state import Broken, State
from voting.verify import Report


class InRedis:
    """A room in Redis."""

    def __init__(self, settings: Journal) -> None:
        self._settings = settings
        self._room = RedisRoom(settings)
        self.shown = self._room.shown
        self.names: Names = SharedNames(Shared(RedisServer(settings)))

    def examine(self) -> Report:
        """Look at it; servers may run."""
        try:
            return verify.examine_records(self._room.read())
        except (Damaged, Broken) as damage:
            return Report([], State(), str(damage))

    def password(self) -> str:
        """Ask for the room's."""
        safe = SharedSafe(Shared(RedisServer(self._settings)))
        safe.open()
        return safe.hash()

    @contextmanager
    def held(self) -> Iterator[None]:
        """See that nobody beats there, and that it stays as it is."""
        before = self._room.newest()
        if self._room.is_served():
            raise Unusable(f"servers are running for {self.shown}; stop them first")
        yield
        if self._room.newest() != before:
            raise Unusable(f"{self.shown} has changed meanwhile; a server must be running")

    def fill(self, report: Report) -> None:
        """Make the room, unless Redis would lose it."""
        redis_server.check(self._settings)
        self._room.put(report.records, report.state)
