"""The same safe for all servers of a room, in Redis.

Owns the keys `admin` (the password's hash, and a count of logouts), `ended` (their marks) and
`link:<digest>`. What is asked with every request is answered from memory; a look each second
brings what others have changed. What Redis has lost is put back by whoever still knows it, but for
links: a link that is gone may have been used.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import cast

from redis import Redis

from voting.keys import GRACE
from voting.safe import MOST_ENDED, CannotAsk
from voting.shared import Shared

LINK_SECONDS = 86_400
"""A link that nobody has used by then is no good any more."""

TAKE = """
local taker = redis.call('GET', KEYS[1])
if taker == '' then
    redis.call('SET', KEYS[1], ARGV[1], 'KEEPTTL')
    return 1
end
return taker == ARGV[1] and 1 or 0
"""


class SharedSafe:
    """A safe of which each server of the room has a copy, a second old at most.

    Args:
        shared: the room's Redis.
        hash: the password that held in the data folder, taken over if the room has none.
    """

    def __init__(self, shared: Shared, hash: str = "") -> None:
        self._shared = shared
        self._hash = hash
        self._ended: dict[str, None] = {}  # the oldest first
        self._count: bytes | None = None  # of logouts, when they were read last
        self._untold: dict[str, None] = {}  # those of them that Redis has not been told of
        self._links: list[str] = []  # new ones, likewise
        self._are_new = False  # whether some came from elsewhere since the last look
        self._admin, self._marks = shared.key("admin"), shared.key("ended")

    def open(self) -> None:
        """Learn what the room knows.

        Raises:
            CannotAsk: nobody may come in on what this server alone knows.
        """
        self._agree()

    def hash(self) -> str:
        """Return the hash as of the last look."""
        return self._hash

    def keep_hash(self, hash: str) -> None:
        """Put it in force on all servers, here at once."""
        self._shared.ask(lambda client: client.hset(self._admin, "password", hash))
        self._hash = hash

    def add_link(self, digest: str) -> None:
        """Let any server take it, within a day; if need be, from a later look on."""
        self._links.append(digest)
        with suppress(CannotAsk):
            self._tell_links()

    def has_link(self, digest: str) -> bool:
        """Ask whether it is there."""
        return bool(self._shared.ask(lambda client: client.exists(self._link(digest))))

    def take_link(self, digest: str, taker: str) -> bool:
        """Write the first taker's name on it, then delete it.

        What Redis did without our hearing of it has not spent the link: the same taker gets it.
        """
        link = self._link(digest)
        is_taken = bool(self._shared.ask(lambda client: client.eval(TAKE, 1, link, taker)))
        if is_taken:
            with suppress(CannotAsk):
                self._shared.ask(lambda client: client.delete(link))
        return is_taken

    def end(self, mark: str) -> None:
        """Remember a logout here at once, and elsewhere with a look; if need be, a later one."""
        self._ended[mark] = self._untold[mark] = None
        with suppress(CannotAsk):
            self._agree()

    def has_ended(self, mark: str) -> bool:
        """Say whether this server knows it."""
        return mark in self._ended

    def look(self) -> bool:
        """Compare with Redis; what cannot be asked now is asked with the next look."""
        with suppress(CannotAsk):
            self._agree()
        are_new, self._are_new = self._are_new, False
        return are_new

    def _tell_links(self) -> None:
        while self._links:
            link = self._links.pop()
            try:
                self._shared.ask(
                    partial(Redis.set, name=self._link(link), value="", ex=LINK_SECONDS)
                )
            except CannotAsk:
                self._links.append(link)
                raise

    def _agree(self) -> None:
        self._tell_links()
        hash, count = self._shared.ask(self._read)
        if hash:
            self._hash = hash.decode()
        elif known := self._hash:
            # Never one in the place of another: somebody may have set a new one meanwhile.
            self._shared.ask(lambda client: client.hsetnx(self._admin, "password", known))
        if count != self._count or self._untold:
            self._agree_on_logouts()
            self._count = count

    def _agree_on_logouts(self) -> None:
        listed = self._shared.ask(lambda client: client.zrange(self._marks, 0, -1))
        theirs = dict.fromkeys(mark.decode() for mark in cast(list[bytes], listed))
        # Where there are as many as are kept, what is not among them was forgotten on purpose.
        known = self._ended if len(theirs) < MOST_ENDED else self._untold
        if missing := [mark for mark in known if mark not in theirs]:
            self._shared.ask(lambda client: self._write(client, missing))
        self._are_new = self._are_new or not theirs.keys() <= self._ended.keys()
        for mark in [*theirs, *missing]:
            self._ended[mark] = None
            self._untold.pop(mark, None)
        for mark in list(self._ended)[:-MOST_ENDED]:
            del self._ended[mark]

    def _read(self, client: Redis) -> list[bytes | None]:
        return cast(list[bytes | None], client.hmget(self._admin, ["password", "ended"]))

    def _write(self, client: Redis, marks: Iterable[str]) -> None:
        now = time.time()
        with client.pipeline() as written:
            written.zadd(self._marks, dict.fromkeys(marks, now))
            written.zremrangebyrank(self._marks, 0, -MOST_ENDED - 1)
            written.expire(self._marks, GRACE)  # no session lives longer
            written.hincrby(self._admin, "ended", 1)
            written.execute()

    def _link(self, digest: str) -> str:
        return self._shared.key(f"link:{digest}")
