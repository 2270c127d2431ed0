"""The journal on a Redis stream, which many servers share.

Owns one server's end of it: appends as scripts, so that each entry knows its version; reads what
follows, whoever wrote it; notices when what it has read is not, or not any more, what lies there.
Never interprets a record. What lies where is `redis_stream.py`'s; `shelving.py` keeps it small.

Two lines lead to Redis. By one the engine's greenlet appends and reads back, so what is returned is
in the stream, and in its order. On the other a listener waits for what others append; it hands over
nothing by itself, but has the engine called.

Whatever goes wrong with a line, the next use of the first one makes sure before anything else: that
this history is still in force, and that the newest entry read is still there. If it is not, Redis
has gone back behind what it had said (a failover, a power cut): `Restart` tells the caller. And
both lines lead to one server: what two of them say in a failover must not be mixed.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import gevent
import redis
from gevent.event import Event
from gevent.lock import BoundedSemaphore

from voting import redis_stream
from voting.clock import steady_clock
from voting.config import Journal as Settings
from voting.histogram import Histogram
from voting.journal import Damaged, Lost, Moved, NotRecorded, Restart
from voting.reading import Reading
from voting.records import Record
from voting.redis_line import FAULTS, Line, name_of
from voting.redis_server import PATIENCE, RedisServer
from voting.redis_stream import Entry, Layout, Meta
from voting.shelving import Shelving
from voting.sighting import Sighting
from voting.snapshot import unpack
from voting.state import Broken, State
from voting.survivors import Survivors

REST_SECONDS = 0.05
"""Between two appends: Redis sees servers × this pace."""

HEAR_SECONDS = 0.06
"""Between two reads: a little longer, so that a server which appends reads by that alone."""

LISTEN_MS = 1_000
"""How long the listener waits in one command; then it looks whether all is still there."""

RETRY_SECONDS = 0.5
"""Between two tries to reach Redis."""

REPLICAS_SECONDS = 1.0
"""How long an append waits for its replicas."""


class RedisJournal:
    """A journal in Redis; `entries` is how many were read.

    Args:
        settings: where Redis is, and how many replicas a receipt waits for.
        node: what this server is called in the stream.
        folder: where it keeps how far it has seen the journal, if it does.

    Raises:
        NotRecorded: Redis does not answer.
    """

    is_shared = True
    rest_seconds = REST_SECONDS

    def __init__(self, settings: Settings, node: str, folder: Path | None = None) -> None:
        self.commits = Histogram()
        self._server = RedisServer(settings)
        self._min_replicas = settings.min_replicas
        self._layout = Layout(self._server.key)
        self._node = node
        self._is_sure = Event()
        self._is_idle = Event()
        self._is_idle.set()
        self._line = Line(self._server, self._is_sure.clear)
        self._shelving = Shelving(self._server)
        self._reading = Reading(self._shelving.passed)
        self._fetched_at = float("-inf")
        self._elapsed = steady_clock()
        self._ahead = 0
        self._arrived: Callable[[], None] = lambda: None
        self._connecting = BoundedSemaphore(1)
        self._listener: gevent.Greenlet[[], None] | None = None
        self._survivors = Survivors(self._layout, node)
        self._sighting = Sighting(folder) if folder else None
        self.restored = self._went_back()

    @property
    def entries(self) -> int:
        """How many entries were read."""
        return self._reading.entries

    def clock(self) -> int:
        """Return what time a record would get now, in milliseconds since 1970, UTC."""
        return self._elapsed() + self._ahead

    def _went_back(self) -> bool:
        """Say whether this computer has seen more of the journal than there is."""
        if self._sighting is None:
            return False
        with self._line.use() as client:
            found = self._layout.look(client)
        return self._sighting.is_ahead_of(found.history, found.version)

    # Reading

    def read(self, after: int) -> list[Record]:
        with self._line.use() as client:
            self._make_sure(client)
            if self._reading.history:
                self._fetch(client)
        return self._reading.behind(after)

    def news(self, after: int) -> list[Record]:
        return self._reading.behind(after) if self._is_sure.is_set() else self.read(after)

    def _fetch(self, client: redis.Redis) -> None:
        """Read what there is now."""
        try:
            self._take(redis_stream.behind(client, self._stream, self._reading.id))
            self._fetched_at = monotonic()
        except Damaged:
            self._make_sure(client)  # it may be in a snapshot by now
            raise

    def _take(self, found: Sequence[Entry]) -> None:
        try:
            self._reading.take(found)
        except Damaged:
            self._is_sure.clear()
            raise

    # Appending

    def append(self, after: int, records: Sequence[Record], *, exact: bool = False) -> list[Record]:
        began = monotonic()
        self._is_idle.clear()
        try:
            version = self._write([record.body for record in records], str(after) if exact else "")
        finally:
            self._is_idle.set()
        if not records:
            return []
        self.commits.add(monotonic() - began)
        if self._reading.version > version:
            self._arrived()  # others' entries behind ours: the listener will not see them any more
        return self._reading.behind(after, version)

    def _write(self, bodies: Sequence[bytes], exact: str) -> int:
        """Write bodies, and read back what is there then; return the version behind them."""
        version = 0
        with self._line.use() as client:
            self._make_sure(client)
            if self._reading.history:
                version = self._append(client, bodies, exact)
            elif bodies:
                version = self._begin(client, bodies)
            self._wait_for_replicas(client)
            if bodies:
                self._fetch(client)
                # Emptied, or gone back, that very moment.
                if not self._reading.holds(version, bodies):
                    self._is_sure.clear()
                    raise NotRecorded("what was appended is not in Redis any more")
        return version

    def _append(self, client: redis.Redis, bodies: Sequence[bytes], exact: str) -> int:
        append = client.register_script(redis_stream.APPEND)
        version, _ = append(
            keys=[self._layout.meta, self._stream],
            args=[
                self._reading.history,
                len(bodies),
                self._node,
                redis_stream.joined(bodies),
                exact,
            ],
        )
        if version == -2:
            raise Moved("another server was first")
        if version == -1:
            self._is_sure.clear()
            raise NotRecorded("the journal in Redis is another one than before, or gone")
        return int(version)

    def _begin(self, client: redis.Redis, bodies: Sequence[bytes]) -> int:
        """Begin the first history of a room."""
        history = secrets.token_hex(8)
        if not self._layout.begin(client, history, self._node, bodies):
            self._is_sure.clear()
            raise Moved("another server was first")
        self._go_on(history, 0, redis_stream.START)
        return len(bodies)

    def _wait_for_replicas(self, client: redis.Redis) -> None:
        wanted = self._min_replicas
        if not wanted:
            return
        found = int(client.wait(wanted, int(1_000 * REPLICAS_SECONDS)))
        if found < wanted:
            raise NotRecorded(f"{found} of {wanted} replicas of Redis have it")

    # Making sure

    def _make_sure(self, client: redis.Redis) -> None:
        """See that what was read so far is what lies there.

        Raises:
            Restart: it is not, and this is.
            Lost: nothing lies there any more.
        """
        if self._is_sure.is_set():
            return
        self._look_at_clock(client)
        found = self._layout.in_force(client)
        if not found and not self._reading.history:
            found = self._survivors.wait(client)
            if not found and not self._layout.look(client).history:
                return  # a new journal
            found = found or self._layout.in_force(client)  # begun that very moment
        if not found:
            raise Lost("the journal is not in Redis any more")
        if found.history != self._reading.history:
            self._begin_at(client, found, "Redis holds another history", is_cut=False)
        elif found.version < self._reading.version:
            self._begin_at(client, found, "Redis has lost the newest records", is_cut=True)
        elif self._reading.version != found.snapshot and not self._has_newest(client):
            is_cut = self._reading.version > found.snapshot
            why = "Redis has lost records" if is_cut else "what followed is in a snapshot by now"
            self._begin_at(client, found, why, is_cut=is_cut)
        self._is_sure.set()

    def _has_newest(self, client: redis.Redis) -> bool:
        """Say whether the newest entry that was read is still there, and the same."""
        if self._reading.id == redis_stream.START:
            return True
        found: Any = client.xrange(self._stream, self._reading.id, self._reading.id)
        return bool(found) and redis_stream.entries(found)[0].version == self._reading.version

    def _begin_at(self, client: redis.Redis, found: Meta, reason: str, *, is_cut: bool) -> None:
        """Forget what was read, and go on where the history in force begins."""
        state, is_first = State(), not self._reading.history
        if found.snapshot:
            try:
                state = unpack(self._layout.packed(client, found))
            except Broken as error:
                raise Damaged(f"its snapshot cannot be read: {error}") from error
        self._shelving.stands_for(found.snapshot)
        self._go_on(found.history, state.version, found.snapshot_id)
        if state.version or not is_first:
            raise Restart(reason, state, is_cut=is_cut)

    def _go_on(self, history: str, version: int, id: bytes) -> None:
        self._reading.go_on(history, version, id)
        self._survivors.settle()
        self._is_sure.set()

    def _look_at_clock(self, client: redis.Redis) -> None:
        seconds, micros = client.time()
        ahead = int(client.hget(self._layout.meta, "ahead") or 0)
        self._ahead = seconds * 1_000 + micros // 1_000 + ahead - self._elapsed()

    def begin_again(self, state: State) -> None:
        with self._line.use() as client:
            self._survivors.offer(client, state, self._reading.history)

    # Listening

    def watch(self, arrived: Callable[[], None]) -> None:
        self._arrived = arrived
        self._listener = gevent.spawn(self._listen)

    def _listen(self) -> None:
        while True:
            try:
                with self._connecting:
                    client = self._server.connect(LISTEN_MS / 1_000 + PATIENCE)
                try:
                    led_to = name_of(client)
                    self._is_sure.wait()
                    if led_to != self._line.led_to:
                        self._line.leads_elsewhere()
                        raise redis.ConnectionError("it leads to another server")
                    while led_to == self._line.led_to:
                        self._hear(client)
                finally:
                    client.close()
            except (*FAULTS, Damaged):
                self._is_sure.clear()
                self._arrived()
                gevent.sleep(RETRY_SECONDS)

    def _hear(self, client: redis.Redis) -> None:
        """Rest, wait for entries, take them in and have the engine called."""
        self._is_idle.wait()  # what an append reads need not be sent twice
        while (left := self._fetched_at + HEAR_SECONDS - monotonic()) > 0:
            gevent.sleep(left)
            self._is_idle.wait()
        self._is_sure.wait()
        history, line = self._reading.history, self._line.client
        asked: Any = {self._stream: self._reading.id}
        found: Any = client.xread(asked, count=redis_stream.COUNT, block=LISTEN_MS)
        is_same = history == self._reading.history and line is self._line.client
        if not is_same or not self._is_sure.is_set():
            return
        if found:
            self._take(redis_stream.entries(found[0][1]))
            self._fetched_at = monotonic()
            self._arrived()
            return
        self._look_at_clock(client)
        version = self._reading.version
        there = self._layout.in_force(client)
        if not there or there.history != history or there.version < version:
            self._is_sure.clear()
            self._arrived()

    # The rest

    def tend(self, state: State) -> None:
        if self._is_sure.is_set():
            self._reading.behind(state.version)
            if self._sighting:
                self._sighting.note(self._reading.history, state.version)
            self._shelving.tend(state, self._reading.history)

    def close(self) -> None:
        if self._listener:
            with self._connecting:  # or a line that is just being made would stay open
                self._listener.kill()
        self._shelving.stop()
        self._line.drop()

    @property
    def _stream(self) -> str:
        return self._layout.stream(self._reading.history)
