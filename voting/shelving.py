"""Keeps a room's stream in Redis short: a snapshot stands for what lies before it.

Owns when a snapshot is made, and that one server at a time makes one. Never reads a record: what is
put away is the state that a server has folded.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from time import monotonic

import gevent
import redis

from voting import logbook, redis_stream
from voting.redis_server import RedisServer
from voting.redis_stream import KEPT_MS, Entry, Layout, milliseconds
from voting.snapshot import Overtaken, packing
from voting.state import State

BUSY_RECORDS = 20_000
QUIET_RECORDS = 1_000
"""Behind how many records a snapshot is made, while a round is open and while none is."""

SHARE = 4
"""Behind no less than this part of all records, either: a snapshot holds them all, and costs."""

TURN_SECONDS = 120
"""How long one server may take for it, before another one tries."""

PATIENCE = 30.0
"""How long Redis may take to store a snapshot."""

AGAIN_SECONDS = 5.0
"""Between two tries: another server may have its turn, or Redis no room."""

REST_SECONDS = 0.001
"""Between two pieces of a snapshot: the room goes on."""


class Shelving:
    """One server's part in it."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self._layout = Layout(server.key)
        self._stood_for = 0
        self._version, self._id = 0, redis_stream.START
        self._tried_at = float("-inf")
        self._greenlet: gevent.Greenlet[..., None] | None = None

    def stands_for(self, version: int) -> None:
        """Note for how many records there is a snapshot."""
        self._stood_for = version

    def passed(self, entry: Entry) -> None:
        """Note the newest entry that is folded."""
        self._version, self._id = entry.version, entry.id

    def tend(self, state: State, history: str) -> None:
        """Begin to make a snapshot where one is due."""
        if state.version != self._version or (self._greenlet and not self._greenlet.dead):
            return
        current = state.on_stage
        least = BUSY_RECORDS if current and current.closed_at is None else QUIET_RECORDS
        if state.version - self._stood_for < max(least, state.version // SHARE):
            return
        if monotonic() < self._tried_at + AGAIN_SECONDS:
            return
        self._tried_at = monotonic()
        # What it shows is the state of now, whatever is folded meanwhile.
        self._greenlet = gevent.spawn(
            self._shelve, packing(state), history, self._version, self._id
        )

    def stop(self) -> None:
        """Leave what is under way to another server."""
        if self._greenlet:
            self._greenlet.kill()

    def _shelve(self, pieces: Iterator[bytes], history: str, version: int, id: bytes) -> None:
        turn = self._server.key("shelving")
        try:
            with closing(self._server.connect(PATIENCE)) as client:
                found = self._layout.look(client)
                if found.history != history or found.snapshot > self._stood_for:
                    self._stood_for = found.snapshot
                    return
                if not client.set(turn, version, nx=True, ex=TURN_SECONDS):
                    return
                try:
                    packed = []
                    for piece in pieces:
                        packed.append(piece)
                        gevent.sleep(REST_SECONDS)
                    if self._put(client, b"".join(packed), history, version, id):
                        self._forget(client, found.snapshot, history)
                finally:
                    client.delete(turn)
        except Overtaken:
            return  # the next turn begins anew
        except (redis.RedisError, OSError, ValueError) as error:
            logbook.note("not_shelved", reason=str(error))

    def _put(
        self, client: redis.Redis, packed: bytes, history: str, version: int, id: bytes
    ) -> bool:
        snapshot = self._layout.snapshot(version, history)
        client.set(snapshot, packed, ex=redis_stream.FORGOTTEN_SECONDS)
        stays = max(0, min(milliseconds(id), int(client.time()[0]) * 1_000 - KEPT_MS))
        put = client.eval(
            redis_stream.SHELVE,
            3,
            self._layout.meta,
            self._layout.stream(history),
            snapshot,
            history,
            version,
            id,
            f"{stays}-0",
        )
        if put:
            self._stood_for = version
            logbook.note("shelved", version=version, bytes=len(packed))
        return bool(put)

    def _forget(self, client: redis.Redis, version: int, history: str) -> None:
        if version:
            client.expire(self._layout.snapshot(version, history), redis_stream.FORGOTTEN_SECONDS)
