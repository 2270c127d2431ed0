"""The same names for all servers of a room, in Redis.

Owns the keys `names` (voter → name) and `names-erased`, which counts how often all were erased.
What logins bring is written twice a second, in one command however many they were. A server that
wrote names which it had gathered before somebody erased them would bring them back: so a batch says
after which erasure it was gathered, and is dropped if there was another one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import cast

import gevent
from redis import Redis

from voting.safe import CannotAsk
from voting.shared import Shared

WRITE_SECONDS = 0.5
"""Between two batches, and between two looks whether the names were erased."""

MOST = 100_000
"""Names that wait while Redis is gone; of more the oldest are given up."""

READ_AT_ONCE = 500
"""Names in one answer, about."""

AT_ONCE = 2_000
"""Names in one command: Redis does nothing else meanwhile."""

WRITE = """
local erased = redis.call('GET', KEYS[2]) or '0'
if ARGV[1] ~= erased then return erased end
for i = 2, #ARGV, 2 do
    if ARGV[i + 1] == '' then redis.call('HDEL', KEYS[1], ARGV[i])
    else redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
return erased
"""


class SharedNames:
    """Names that are gathered here, and kept where all servers of the room keep theirs."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._keys = [shared.key("names"), shared.key("names-erased")]
        self._gathered: dict[str, str] = {}
        self._erased = ""  # as it was counted when the first of these was gathered, or before
        self._were_erased = False

    def keep(self, voter: str, name: str) -> None:
        """Take a name along with the next batch."""
        self._gathered.pop(voter, None)
        self._gathered[voter] = name
        if len(self._gathered) > MOST:
            del self._gathered[next(iter(self._gathered))]

    @property
    def are_kept(self) -> bool:
        """Whether there may be one; nobody can say no while Redis does not answer."""
        with suppress(CannotAsk):
            there = self._shared.ask(lambda client: client.exists(self._keys[0]))
            return bool(self._gathered or there)
        return True

    def read(self) -> dict[str, str]:
        """Return what is in Redis, and what is about to be."""
        kept = cast(dict[bytes, bytes], self._shared.ask(lambda c: c.hgetall(self._keys[0])))
        names = {voter.decode(): name.decode() for voter, name in kept.items()} | self._gathered
        return {voter: name for voter, name in names.items() if name}

    def pieces(self) -> Iterator[dict[str, str]]:
        """Return what is in Redis; what is about to be is written first."""
        self._write()
        cursor = 0
        while True:
            found = self._shared.ask(partial(self._scan, cursor))
            cursor, some = cast(tuple[int, dict[bytes, bytes]], found)
            yield {voter.decode(): name.decode() for voter, name in some.items()}
            if not cursor:
                return

    def erase(self) -> None:
        """Empty what is in Redis, and what any server has gathered."""
        self._shared.ask(self._erase)
        self._gathered.clear()

    def were_erased(self) -> bool:
        """Say what was seen when names were written last, twice a second."""
        were_erased, self._were_erased = self._were_erased, False
        return were_erased

    def start(self) -> None:
        """Begin to write what was gathered, twice a second."""
        gevent.spawn(self._run)

    def finish(self) -> None:
        """Write what was gathered; what cannot be written now waits for the next time."""
        with suppress(CannotAsk):
            self._write()

    def _run(self) -> None:
        while True:
            self.finish()
            gevent.sleep(WRITE_SECONDS)

    def _write(self) -> None:
        while True:
            some = dict(list(self._gathered.items())[:AT_ONCE])
            erased = self._shared.ask(self._writing(some))
            if erased == self._erased:
                for voter, name in some.items():
                    if self._gathered.get(voter) == name:  # not another one meanwhile
                        del self._gathered[voter]
            elif self._erased:
                self._gathered.clear()
                self._were_erased = True
            self._erased = erased
            if not self._gathered:
                return

    def _writing(self, some: dict[str, str]) -> Callable[[Redis], str]:
        said = [self._erased, *(part for pair in some.items() for part in pair)]

        def write(client: Redis) -> str:
            return cast(bytes, client.eval(WRITE, len(self._keys), *self._keys, *said)).decode()

        return write

    def _scan(self, cursor: int, client: Redis) -> object:
        return client.hscan(self._keys[0], cursor, count=READ_AT_ONCE)

    def _erase(self, client: Redis) -> None:
        with client.pipeline() as written:
            written.delete(self._keys[0])
            written.incr(self._keys[1])
            written.execute()
