"""A room in Redis as a whole, read and made without a server.

Owns the way from the stream to a journal's records and back. Follows nothing, and changes nothing
in a room that is there.

Records that a snapshot stands for are read as the `resume` that begins such a journal. In Redis no
record has a seal beside it, so each gets one here: a file that they are written to proves them.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import groupby

import redis

from voting import redis_stream
from voting.config import Journal
from voting.journal import Damaged, NotRecorded, Unusable
from voting.records import FORMAT, Begin, Record, Resume, encode, first_version, link
from voting.redis_server import RedisServer
from voting.redis_stream import Entry, Layout, Meta
from voting.snapshot import pack, unpack
from voting.state import State

PATIENCE = 30.0
"""How long Redis may take to bring or to store a snapshot."""

LOOK_SECONDS = 1.5
"""In this time a server that runs has said something new."""

TOGETHER = 1_000
"""Records in one entry at most."""

ENTRIES = 100
"""Entries on their way at once."""

NODE = "copy"
"""What entries say of who has appended them."""


class RedisRoom:
    """One room of a Redis, asked now and then."""

    def __init__(self, settings: Journal) -> None:
        self._server = RedisServer(settings)
        self._layout = Layout(self._server.key)
        self.shown = f"{self._server.shown} (room {settings.room})"

    def newest(self) -> Meta:
        """Return what changes with every record.

        Raises:
            NotRecorded: Redis does not answer.
        """
        with self._line() as client:
            return self._layout.look(client)

    def is_served(self) -> bool:
        """Say whether a server is running for this room.

        Raises:
            NotRecorded: Redis does not answer.
        """
        nodes = self._server.key("nodes")
        with self._line() as client:
            before = client.hgetall(nodes)
            if not before:
                return False
            time.sleep(LOOK_SECONDS)
            # A server that was killed stays there for a while, and says nothing new.
            return any(before.get(node) != said for node, said in client.hgetall(nodes).items())

    def read(self) -> list[Record]:
        """Return the journal's records, none if there is no journal.

        Raises:
            Damaged: some are missing.
            Broken: the snapshot that stands for earlier ones cannot be read.
            NotRecorded: Redis does not answer.
        """
        with self._line() as client:
            found = self._layout.look(client)
            if not found.history:
                return []
            records, chain = [], bytes(32)
            version, id = 0, redis_stream.START
            if found.snapshot:
                packed = self._layout.packed(client, found)
                state = unpack(packed)
                first = Record(state.at, encode(Resume(state.version, packed)))
                chain = state.chain
                records.append(first._replace(seal=link(chain, first)))
                version, id = state.version, found.snapshot_id
            for entry in redis_stream.behind(client, self._layout.stream(found.history), id):
                redis_stream.expect(version, entry)
                for record in entry.records:
                    chain = link(chain, record)
                    records.append(record._replace(seal=chain))
                version = entry.version
            if version < found.version:  # there may be newer ones by now
                raise Damaged.missing(version + 1, found.version)
            return records

    def put(self, records: Sequence[Record], state: State) -> None:
        """Make this room of a journal's records, with the state that they give, in a new epoch.

        Where one of them stands for earlier ones, a snapshot of the state stands for them all.
        Servers that start meanwhile find nothing here, or everything.

        Raises:
            Unusable: there is a journal already.
            NotRecorded: Redis does not answer, or takes no more.
        """
        history = secrets.token_hex(8)
        stream, snapshot = (
            self._layout.stream(history),
            self._layout.snapshot(state.version, history),
        )
        is_whole = first_version(records) == 1
        begin = encode(Begin(FORMAT, secrets.token_hex(8)))
        with self._line() as client:
            if self._layout.look(client).history:
                raise Unusable(f"there is a journal in {self.shown} already")
            try:
                if is_whole:
                    _append(client, stream, records)
                begun = self._layout.begin(
                    client,
                    history,
                    NODE,
                    [begin],
                    version=state.version,
                    at=state.at,
                    packed=b"" if is_whole else pack(state),
                )
            except BaseException:
                client.delete(stream, snapshot)
                raise
            if not begun:
                client.delete(stream)
                raise Unusable(f"there is a journal in {self.shown} already")

    @contextmanager
    def _line(self) -> Iterator[redis.Redis]:
        try:
            with closing(self._server.connect(PATIENCE)) as client:
                yield client
        except redis.RedisError as error:
            raise NotRecorded(self._server.trouble(error)) from error
        except OSError as error:
            raise NotRecorded(f"Redis at {self._server.shown} {error}") from error


def _append(client: redis.Redis, stream: str, records: Sequence[Record]) -> None:
    """Append records at their own times."""
    entries = list(_entries(records))
    for first in range(0, len(entries), ENTRIES):
        with client.pipeline(transaction=False) as sent:
            for entry in entries[first : first + ENTRIES]:
                bodies = redis_stream.joined(entry.bodies)
                sent.xadd(stream, {"v": entry.version, "n": NODE, "r": bodies}, id=entry.id)
            sent.execute()


def _entries(records: Sequence[Record]) -> Iterator[Entry]:
    """Return the entries that records make: those of one time go together."""
    version = 0
    for at, together in groupby(records, lambda record: record.at):
        bodies = [record.body for record in together]
        for number, first in enumerate(range(0, len(bodies), TOGETHER), 1):
            some = bodies[first : first + TOGETHER]
            version += len(some)
            yield Entry(f"{at}-{number}".encode(), version, NODE, some)
