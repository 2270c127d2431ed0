"""One kept line to Redis, for who appends: which server it leads to, and what broke it, in words.

Owns the line. Whatever goes wrong with it, it is let go, its owner is told, and the next use makes
another one: nothing is ever sent twice here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import redis

from voting.journal import NotRecorded
from voting.redis_server import RedisServer

FAULTS = (redis.RedisError, OSError, ValueError)
"""What a line may raise; the last one when it is closed while somebody waits on it."""


class Line:
    """A line that is made when it is wanted; `led_to` names the server that it led to last.

    Args:
        server: where Redis is.
        doubt: is called when the line was let go, or is made anew.
    """

    def __init__(self, server: RedisServer, doubt: Callable[[], None]) -> None:
        self.client: redis.Redis | None = None
        self.led_to = ""
        self._server = server
        self._doubt = doubt
        self._is_elsewhere = False

    @contextmanager
    def use(self) -> Iterator[redis.Redis]:
        """Use the line.

        Raises:
            NotRecorded: it cannot be made, or broke.
        """
        try:
            if self._is_elsewhere:
                self.drop()
            if self.client is None:
                self._doubt()
                self.client = self._server.connect()
                self.led_to = name_of(self.client)
                self._is_elsewhere = False
            yield self.client
        except FAULTS as error:
            self.drop()
            said = f"Redis: {error}"
            if isinstance(error, redis.RedisError):
                said = self._server.trouble(error)
            raise NotRecorded(said) from error

    def leads_elsewhere(self) -> None:
        """Note that Redis is another server by now: the next use makes the line anew."""
        self._is_elsewhere = True

    def drop(self) -> None:
        """Let go of the line."""
        self._doubt()
        client, self.client = self.client, None
        if client is not None:
            with suppress(*FAULTS):
                client.close()


def name_of(client: redis.Redis) -> str:
    """Return what tells the server at the end of a line from every other one."""
    return str(client.info("server")["run_id"])
