"""Which key signs in a room of several servers: one that opens on all of them.

Owns the keys `signing` (the digest of the key that signs now) and `cookie` (what the room's cookie
is called) in Redis, which never holds a key itself. A server that has a newer key, after a
rotation, goes on to sign with the older one until every other has been given the newer one too; so
servers are given it one after the other, in any order, and nobody is logged out on the way. The
digest is gone a few seconds after the last server: then a room may begin with another secret.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import cast

import gevent
from redis import Redis

from voting import logbook
from voting.fleet import Fleet
from voting.keys import FILE, VARIABLE, BadSecret, Earlier, Keys
from voting.safe import CannotAsk
from voting.shared import Shared

LOOK_SECONDS = 1.0

KEPT_SECONDS = 15
"""How long it is remembered in Redis which key signs, while no server says so."""

SETTLED_SECONDS = 7.0
"""After a start, how long until this server knows which others there are."""

AGREE = f"""#!lua flags=allow-oom
local signing = redis.call('SET', KEYS[1], ARGV[1], 'NX', 'GET', 'EX', {KEPT_SECONDS})
redis.call('EXPIRE', KEYS[1], {KEPT_SECONDS})
local name = redis.call('SET', KEYS[2], ARGV[2], 'NX', 'GET')
return {{signing, name}}
"""
"""A full Redis takes this too, or no server that died could be started again."""


class Signing:
    """The keys of this server, in the order in which the room uses them.

    Args:
        shared: the room's Redis.
        fleet: tells the others which keys open here, and this server which open there.
        keys: what this server was given.
        folder: where it looks for them, unless the environment gives them.
    """

    def __init__(self, shared: Shared, fleet: Fleet, keys: Keys, folder: Path) -> None:
        self._shared = shared
        self._fleet = fleet
        self._given = keys
        self._file = folder / FILE
        self._own = {_digest(key): key for key in keys.all}
        self._newest = self._signing = _digest(keys.current)
        self._name = keys.name
        self._settled_at = monotonic() + SETTLED_SECONDS
        fleet.say("keys", lambda: list(self._own))

    def look(self) -> Keys:
        """Return the keys as they are to be used from now on, and see whether the newest may sign.

        Raises:
            BadSecret: the others sign with a key that this server was not given.
            CannotAsk: Redis does not say.
        """
        signing, name = self._shared.ask(self._agree)
        if signing not in self._own:
            raise BadSecret(
                "The other servers of this room sign with another key: give this one theirs, by"
                f" their secret.key as {self._file} or by the same {VARIABLE} (or stop all of"
                f" them, and start {KEPT_SECONDS} seconds later)."
            )
        if signing != self._newest and self._is_everywhere():
            signing = self._newest
            self._shared.ask(lambda client: client.set(*self._key(signing), ex=KEPT_SECONDS))
        self._signing, self._name = signing, name
        return self._ordered()

    def watch(self, changed: Callable[[Keys], None]) -> None:
        """Look every second, for ever; `changed` is called when another key signs."""
        while True:
            gevent.sleep(LOOK_SECONDS)
            before = self._signing
            try:
                now = self.look()
            except BadSecret as error:
                logbook.note_rarely("foreign_key", "", reason=str(error))
            except CannotAsk:
                pass  # what was agreed on holds
            else:
                if self._signing != before:
                    changed(now)

    def _agree(self, client: Redis) -> tuple[str, str]:
        where = self._shared.key("signing"), self._shared.key("cookie")
        found = client.eval(AGREE, len(where), *where, self._signing, self._name)
        signing, name = cast(list[bytes | None], found)
        return (
            signing.decode() if signing else self._signing,
            name.decode() if name else self._name,
        )

    def _is_everywhere(self) -> bool:
        """Say whether every server of the room opens what the newest key signs."""
        others = self._fleet.others("keys")
        is_known = self._fleet.reachable and monotonic() >= self._settled_at
        return is_known and all(self._newest in theirs for theirs in others)

    def _key(self, digest: str) -> tuple[str, str]:
        return self._shared.key("signing"), digest

    def _ordered(self) -> Keys:
        """Return all keys, with the one that signs in its place; the rest only open."""
        until = {earlier.key: earlier for earlier in self._given.earlier}
        current = self._own[self._signing]
        if current == self._given.current:
            return self._given._replace(name=self._name)
        newest = Earlier(self._given.current, until[current].until)
        earlier = [newest, *(one for one in self._given.earlier if one.key != current)]
        return Keys(current, self._name, tuple(earlier))


def _digest(key: bytes) -> str:
    return hashlib.sha256(b"digest of " + key).hexdigest()[:16]
