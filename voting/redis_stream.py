"""What lies in Redis for one room, under which keys, and the scripts that change it at once.

Owns that layout. Never connects, and keeps nothing: each function is handed a client.

    {room}:meta                  a hash: `history`, the name of the stream in force; `version`, how
                                 many records it has had; `at`, the time of the newest, and `ahead`,
                                 by how much that runs before Redis's clock since this was set back;
                                 `snapshot` and `snapshot_id`, the version that a snapshot stands
                                 for, and the id of the entry where it ends
    {room}:journal:<history>     the stream; an entry is what one server appended at once
    {room}:snapshot:<version>:<history>   a state (`snapshot.py`)

An entry has the fields `v`, the version behind its last record; `n`, the server that appended it;
`r`, the records' bodies as a JSON list. Its id is their time. Entries say by `v` how they follow
each other, so whoever reads notices every hole: Redis itself tells of entries that were deleted one
by one (`max-deleted-entry-id`), and not of those that were trimmed (7.0.15, measured).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, cast

import msgspec
import redis

from voting.journal import Damaged
from voting.records import Record

START = b"0-0"
"""Before the first entry."""

COUNT = 200
"""Entries that are read at once."""

KEPT_MS = 60_000
"""How long an entry stays after a snapshot stands for it: who is behind need not begin anew."""

FORGOTTEN_SECONDS = 600
"""How long a snapshot stays that is not in force: somebody may be reading it."""

_NOW = """
local time = redis.call('TIME')
local at = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(meta[3] or '0')
local last = tonumber(meta[4] or '0')
if at < last then
  redis.call('HINCRBY', KEYS[1], 'ahead', string.format('%.0f', last - at))
  at = last
end
"""
"""The journal's time: Redis's clock, but it never goes back, and never stands still."""

APPEND = (
    """
local meta = redis.call('HMGET', KEYS[1], 'history', 'version', 'ahead', 'at')
if meta[1] ~= ARGV[1] or redis.call('EXISTS', KEYS[2]) == 0 then return {-1, ''} end
if ARGV[5] ~= '' and meta[2] ~= ARGV[5] then return {-2, ''} end
if ARGV[2] == '0' then return {redis.call('HINCRBY', KEYS[1], 'version', 0), ''} end
local version = string.format('%.0f', tonumber(meta[2] or '0') + tonumber(ARGV[2]))
"""
    + _NOW
    + """
local id = redis.call('XADD', KEYS[2], string.format('%.0f-*', at),
                      'v', version, 'n', ARGV[3], 'r', ARGV[4])
redis.call('HSET', KEYS[1], 'version', version, 'at', string.format('%.0f', at))
return {tonumber(version), id}
"""
)
"""KEYS: meta, stream. ARGV: history, how many bodies, server, bodies, the version or "".

Returns the version and the entry's id; -1 if the history is another one or gone, -2 if `exact` and
somebody has appended since. The entry comes first: where Redis refuses it, no version is given out.
"""

BEGIN = (
    """
local meta = redis.call('HMGET', KEYS[1], 'history', 'version', 'ahead', 'at')
if meta[1] and (meta[1] ~= ARGV[1] or redis.call('EXISTS', KEYS[4]) == 1) then return 0 end
redis.call('HDEL', KEYS[1], 'snapshot', 'snapshot_id')
redis.call('HSET', KEYS[1], 'history', ARGV[2], 'version', ARGV[3])
if ARGV[7] ~= '' then
  redis.call('SET', KEYS[3], ARGV[7])
  redis.call('HSET', KEYS[1], 'snapshot', ARGV[3], 'snapshot_id', '0-0')
end
if tonumber(ARGV[8]) > tonumber(meta[4] or '0') then meta[4] = ARGV[8] end
local version = redis.call('HINCRBY', KEYS[1], 'version', ARGV[4])
"""
    + _NOW
    + """
redis.call('XADD', KEYS[2], string.format('%.0f-*', at),
           'v', version, 'n', ARGV[5], 'r', ARGV[6])
redis.call('HSET', KEYS[1], 'at', string.format('%.0f', at))
return version
"""
)
"""KEYS: meta, the new stream, its snapshot, the old stream. ARGV: the old history or "", the new
one, the snapshot's version or 0, how many bodies, server, bodies, the snapshot or "", its time.

Returns 0 if there is a history already.
"""

SHELVE = """
local meta = redis.call('HMGET', KEYS[1], 'history', 'snapshot')
if meta[1] ~= ARGV[1] or tonumber(meta[2] or '0') >= tonumber(ARGV[2]) then return 0 end
local ends = redis.call('XRANGE', KEYS[2], ARGV[3], ARGV[3])
if not ends[1] or ends[1][2][2] ~= ARGV[2] then return 0 end
if redis.call('PERSIST', KEYS[3]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'snapshot', ARGV[2], 'snapshot_id', ARGV[3])
redis.call('XTRIM', KEYS[2], 'MINID', ARGV[4])
return 1
"""
"""KEYS: meta, stream, snapshot. ARGV: history, the snapshot's version and id, the first id to stay.

Returns 0 if another one stands for as much, or the stream does not hold what this one stands for.
"""


class Entry(NamedTuple):
    """What one server appended at once; `version` is the one behind its last record."""

    id: bytes
    version: int
    node: str
    bodies: list[bytes]

    @property
    def after(self) -> int:
        """The version before its first record."""
        return self.version - len(self.bodies)

    @property
    def records(self) -> list[Record]:
        """Its records; they have one time."""
        at = milliseconds(self.id)
        return [Record(at, body) for body in self.bodies]


class Meta(NamedTuple):
    """What a room's hash says; no history means that there is none."""

    history: str
    version: int
    snapshot: int
    snapshot_id: bytes


_bodies = msgspec.json.Decoder(list[msgspec.Raw]).decode


def milliseconds(id: bytes) -> int:
    """Return an entry's time, since 1970, UTC."""
    return int(id.partition(b"-")[0])


def order(id: bytes) -> tuple[int, int]:
    """Return what ids are compared by."""
    at, _, number = id.partition(b"-")
    return int(at), int(number)


def expect(version: int, entry: Entry) -> None:
    """Expect an entry to follow the records up to a version.

    Raises:
        Damaged: it does not.
    """
    if entry.after > version:
        raise Damaged.missing(version + 1, entry.after)
    if entry.after < version:
        raise Damaged(f"record {entry.after + 1} is there twice")


def joined(bodies: Iterable[bytes]) -> bytes:
    """Return bodies as an entry holds them."""
    return b"[%b]" % b",".join(bodies)


def entries(found: Sequence[tuple[bytes, dict[bytes, bytes]]]) -> list[Entry]:
    """Return what XRANGE or XREAD found.

    Raises:
        Damaged: it is none of ours.
    """
    return [_entry(id, fields) for id, fields in found]


def _entry(id: bytes, fields: dict[bytes, bytes]) -> Entry:
    try:
        bodies = [bytes(body) for body in _bodies(fields[b"r"])]
        return Entry(id, int(fields[b"v"]), fields[b"n"].decode(), bodies)
    except (KeyError, ValueError, msgspec.DecodeError) as error:
        raise Damaged(f"entry {id.decode()} cannot be read") from error


def behind(client: redis.Redis, stream: str, id: bytes) -> list[Entry]:
    """Return the entries behind an id as of now, oldest first."""
    found: list[Entry] = []
    while True:
        read: Any = client.xrange(stream, min=b"(" + id, count=COUNT)
        found += entries(read)
        if len(read) < COUNT:
            return found
        id = read[-1][0]


class Layout:
    """The keys of one room, and what is read and begun under them.

    Args:
        key: makes a key of the room from a name.
    """

    def __init__(self, key: Callable[[str], str]) -> None:
        self.key = key
        self.meta = key("meta")

    def stream(self, history: str) -> str:
        """Return the key of a history's stream."""
        return self.key(f"journal:{history}")

    def snapshot(self, version: int, history: str) -> str:
        """Return the key of a snapshot."""
        return self.key(f"snapshot:{version}:{history}")

    def look(self, client: redis.Redis) -> Meta:
        """Read what the room's hash says."""
        fields = ["history", "version", "snapshot", "snapshot_id"]
        found = cast(list[bytes | None], client.hmget(self.meta, fields))
        history, version, snapshot, snapshot_id = found
        return Meta(
            (history or b"").decode(), int(version or 0), int(snapshot or 0), snapshot_id or START
        )

    def in_force(self, client: redis.Redis) -> Meta | None:
        """Return the same if the stream that it names is there."""
        found = self.look(client)
        is_there = found.history and client.exists(self.stream(found.history))
        return found if is_there else None

    def packed(self, client: redis.Redis, found: Meta) -> bytes:
        """Return the snapshot that a room's hash names, empty if it is gone."""
        return cast(bytes, client.get(self.snapshot(found.snapshot, found.history)) or b"")

    def begin(
        self,
        client: redis.Redis,
        history: str,
        node: str,
        bodies: Sequence[bytes],
        *,
        version: int = 0,
        at: int = 0,
        packed: bytes = b"",
        instead_of: str = "",
    ) -> bool:
        """Begin a history with one entry, in the place of one that is gone; False if there is one.

        Before the entry are `version` records, up to the time `at`: in a packed state, or in the
        stream already.
        """
        keys = [
            self.meta,
            self.stream(history),
            self.snapshot(version, history),
            self.stream(instead_of),
        ]
        size, text = len(bodies), joined(bodies)
        what: list[Any] = [instead_of, history, version, size, node, text, packed, at]
        return bool(client.eval(BEGIN, len(keys), *keys, *what))
