"""A journal that Redis has lost goes on from what servers still have in memory.

Owns who of them begins it anew: of all that were there, one that had folded most. And a server that
starts on an empty Redis gives them the time for it. Never reads a stream.
"""

from __future__ import annotations

import secrets
from time import monotonic
from typing import cast

import gevent
import redis

from voting import logbook
from voting.records import FORMAT, Begin, encode
from voting.redis_stream import Layout, Meta
from voting.snapshot import pack
from voting.state import State

ALIVE_SECONDS = 0.8
"""How soon servers are seen to live: who finds an empty Redis waits so long for them."""

OTHERS_SECONDS = 10.0
"""How long it then waits for them to begin anew."""

ELECTION_SECONDS = 1.5
"""How long servers wait for one that has more."""

LOOK_SECONDS = 0.5


class Survivors:
    """One server's part in it.

    Args:
        layout: the room's keys.
        node: what this server is called there.
    """

    def __init__(self, layout: Layout, node: str) -> None:
        self._layout = layout
        self._node = node
        self._key = layout.key("survivors")
        self._offered_at: float | None = None

    def wait(self, client: redis.Redis) -> Meta | None:
        """Return which history is in force, once nobody is left who might begin one anew."""
        gevent.sleep(ALIVE_SECONDS)
        until = monotonic() + OTHERS_SECONDS
        while True:
            found = self._layout.in_force(client)
            is_anybody = client.exists(self._layout.key("nodes"), self._key)
            if found or not is_anybody or monotonic() > until:
                return found
            gevent.sleep(LOOK_SECONDS)

    def offer(self, client: redis.Redis, state: State, lost: str) -> bool:
        """Offer a state in the place of a history that is lost; say whether it begins a new one.

        To be called again until there is one: its first calls only tell others how far this is.
        """
        client.hset(self._key, self._node, str(state.version))
        client.expire(self._key, int(OTHERS_SECONDS))
        now = monotonic()
        if self._offered_at is None or now > self._offered_at + 2 * OTHERS_SECONDS:
            self._offered_at = now
        waited = now - self._offered_at
        if waited < ELECTION_SECONDS:
            return False
        said = cast(dict[bytes, bytes], client.hgetall(self._key))
        offered = {node.decode(): int(version) for node, version in said.items()}
        best = max(offered, key=lambda node: (offered[node], node))
        if best != self._node and waited < OTHERS_SECONDS:
            return False
        history = secrets.token_hex(8)
        has_begun = self._layout.begin(
            client,
            history,
            self._node,
            [encode(Begin(FORMAT, secrets.token_hex(8)))],
            version=state.version,
            at=state.at,
            packed=pack(state),
            instead_of=lost,
        )
        if has_begun:
            logbook.note("journal_begun_again", version=state.version)
        return has_begun

    def settle(self) -> None:
        """Forget what was offered: there is a history."""
        self._offered_at = None
