"""What the servers of one room hold in common beside the journal: a few small keys in Redis.

Owns one line to Redis, for questions that are rare and short, one after the other. Knows no key:
what is asked belongs to who asks. Never waits for long, and never retries what Redis may have done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import redis
from gevent.lock import BoundedSemaphore

from voting.redis_server import RedisServer
from voting.safe import CannotAsk, InDoubt

PATIENCE_SECONDS = 1.0
"""How long one may wait for those who ask at the same moment."""


Answer = TypeVar("Answer")


class Shared:
    """A room's Redis, to be asked by whatever greenlet."""

    def __init__(self, server: RedisServer) -> None:
        self.key = server.key
        self._server = server
        self._client: redis.Redis | None = None
        self._turn = BoundedSemaphore(1)

    def ask(self, question: Callable[[redis.Redis], Answer]) -> Answer:
        """Return what Redis answers.

        A line that was kept may have ended since, or lead to a server that is a replica by now:
        then the question is asked once more, on a new one. What was not answered in time is not.

        Raises:
            InDoubt: it does not answer; whether it has done something is not known.
            CannotAsk: it cannot be asked, or refuses.
        """
        if not self._turn.acquire(timeout=PATIENCE_SECONDS):
            raise CannotAsk("Redis keeps others waiting")
        was_asked = False
        try:
            if self._client is not None:
                was_asked = True
                try:
                    return question(self._client)
                except redis.TimeoutError:
                    raise
                except (redis.RedisError, OSError):
                    self._drop()
            self._client = self._server.connect(PATIENCE_SECONDS)
            was_asked = True
            return question(self._client)
        except redis.RedisError as error:
            self._drop()
            is_no = isinstance(error, redis.ResponseError)
            kind = InDoubt if was_asked and not is_no else CannotAsk
            raise kind(self._server.trouble(error)) from error
        except OSError as error:
            self._drop()
            raise (InDoubt if was_asked else CannotAsk)(str(error)) from error
        finally:
            self._turn.release()

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()
