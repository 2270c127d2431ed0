"""What one thing costs, measured alone: a ballot folded, a receipt kept and packed, Redis's turns.

    python -m bench.pricing PORT PID        of the redis-server that is to be used

Owns these measurements, and prints them as JSON, in seconds and bytes (`costs.py` says of what). It
is a process of its own: what it fills memory with is not to be in anybody's way, and a journal in
Redis needs gevent's sockets.
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()  # before every other import: they must see gevent's sockets

# ruff: noqa: E402
import gc
import os
import secrets
import sys
import uuid
from collections.abc import Callable
from contextlib import closing
from time import monotonic, process_time
from typing import Any, NamedTuple

import msgspec
import redis

from bench.measure import cpu_seconds, resident_bytes
from bench.servers import HOST
from voting.ballots import apply
from voting.config import Journal
from voting.journal_redis import RedisJournal
from voting.records import FORMAT, Ballot, Begin, Body, Candidate, Define, Open, Poll, Record
from voting.records import encode as encoded
from voting.redis_stream import COUNT
from voting.snapshot import packing, unpack
from voting.state import State

RECEIPTS = 100_000
POLL = Poll("poll", "Who should give the next talk?", (Candidate("ada", "Ada Lovelace"),))

COUNTED = ("net_input_bytes", "net_output_bytes", "commands_processed")

MANY = 500
"""Ballots in a large entry."""

SMALL, LARGE = 1_000, 100
"""So many entries with one ballot, and with many."""


class Price(NamedTuple):
    """What things cost: seconds, CPU of this process and of Redis, bytes to and from it, its
    commands."""

    seconds: float
    own: float
    redis: float
    bytes_in: float
    bytes_out: float
    commands: float

    def less(self, other: Price, times: float = 1) -> Price:
        """Return what is left without another thing, done so often."""
        return Price(*(one - times * two for one, two in zip(self, other, strict=True)))

    def each(self, times: int) -> Price:
        """Return what one of so many cost."""
        return Price(*(one / times for one in self))


class Till:
    """Prices what is done with a Redis."""

    def __init__(self, port: int, pid: int) -> None:
        self._client = redis.Redis(HOST, port, single_connection_client=True)
        self._pid = pid

    def price(self, act: Callable[[], object]) -> Price:
        """Do something and return what it cost."""
        before, began, own, used = self._told(), monotonic(), process_time(), self._cpu()
        act()
        spent = (monotonic() - began, process_time() - own, self._cpu() - used)
        told = (now - then for now, then in zip(self._told(), before, strict=True))
        return Price(*spent, *told)

    def _cpu(self) -> float:
        return cpu_seconds([self._pid])

    def memory(self) -> int:
        """Return how many bytes it holds."""
        return int(self._client.info("memory")["used_memory"])

    def _told(self) -> list[int]:
        told: dict[str, Any] = self._client.info("stats")
        return [told[f"total_{name}"] for name in COUNTED]


def folding() -> dict[str, float]:
    """Measure a ballot that is folded, and what its receipt holds; then the same in a snapshot."""
    state = State()
    for body in (Begin(FORMAT, secrets.token_hex(8)), Define(POLL, "")):
        apply(state, _record(body))
    apply(state, _record(Open(0, state.version, POLL.id)))
    records = [_ballot() for _ in range(RECEIPTS)]
    gc.collect()
    held, began = resident_bytes([os.getpid()]), process_time()
    for record in records:
        apply(state, record)
    folded, held = process_time() - began, resident_bytes([os.getpid()]) - held
    began = process_time()
    packed = b"".join(packing(state))
    made, began = process_time() - began, process_time()
    unpack(packed)
    return {
        "fold": folded / RECEIPTS,
        "receipt_memory": held / RECEIPTS,
        "make": made / RECEIPTS,
        "load": (process_time() - began) / RECEIPTS,
        "snapshot_bytes": len(packed) / RECEIPTS,
    }


def streaming(port: int, pid: int) -> dict[str, float]:
    """Measure entries as they are appended, and as another node reads them."""
    till = Till(port, pid)
    small = _entries(till, port, "small", SMALL, 1)
    large = _entries(till, port, "large", LARGE, MANY)
    # Unknown are the price of a read, of an entry in it, of a ballot in that; and of an append.
    read = small.nothing
    entries = small.reading.less(read, SMALL / COUNT).each(SMALL)
    ballot = large.reading.less(read, LARGE / COUNT).less(entries, LARGE).each(LARGE * (MANY - 1))
    entry = entries.less(ballot)
    append = small.appending.less(read).less(entry).less(ballot)
    more = large.appending.less(small.appending).each(MANY - 1).less(ballot)
    return {
        "append_seconds": append.seconds,
        "entry": entry.own,
        "redis_append": append.redis - more.redis,
        "redis_ballot_in": more.redis,
        "redis_read": read.redis,
        "redis_entry": entry.redis,
        "redis_ballot_out": ballot.redis,
        "append_commands": append.commands,
        "append_bytes": append.bytes_in - more.bytes_in,
        "answer_bytes": append.bytes_out,
        "read_bytes": read.bytes_in,
        "entry_bytes": entry.bytes_out,
        "ballot_bytes": more.bytes_in,
        "stream_memory": large.memory / LARGE / MANY,
    }


class Entries(NamedTuple):
    """What entries of one size cost: each append; all of them read; a read that brings nothing."""

    appending: Price
    reading: Price
    nothing: Price
    memory: float


def _entries(till: Till, port: int, room: str, entries: int, ballots: int) -> Entries:
    settings = Journal(url=f"redis://{HOST}:{port}/0", room=room)
    with closing(RedisJournal(settings, "a")) as one, closing(RedisJournal(settings, "b")) as other:
        one.append(0, [_record(Begin(FORMAT, "epoch"))])
        other.read(0)
        batch = [_ballot() for _ in range(ballots)]

        def append() -> None:
            for place in range(entries):
                one.append(1 + place * ballots, batch)

        def ask() -> None:
            for _ in range(entries):
                other.read(1 + entries * ballots)

        held = till.memory()
        appending = till.price(append).each(entries)
        held = till.memory() - held
        return Entries(
            appending, till.price(lambda: other.read(1)), till.price(ask).each(entries), held
        )


def _record(body: Body) -> Record:
    return Record(0, encoded(body))


def _ballot() -> Record:
    """Return a ballot of a new voter, as a phone makes it."""
    return _record(Ballot(uuid.uuid4().hex, secrets.token_hex(8), 1, ("ada",)))


if __name__ == "__main__":
    port, pid = map(int, sys.argv[1:])
    sys.stdout.buffer.write(msgspec.json.encode(folding() | streaming(port, pid)))
