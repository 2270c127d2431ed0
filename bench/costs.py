"""What things cost, as a simulation takes it: measured, or assumed and said to be.

Owns docs/scale.json's list of costs: what each is called, its unit, where it comes from. Never
measures, never simulates. Seconds, bytes and nothing else.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec

from bench.report import FILE as REPORT

FILE = REPORT.with_name("scale.json")


class Costs(NamedTuple):
    """What a simulation needs to know.

    Of a node, in seconds of its one core: `vote` is for a ballot of its own, from its frame to the
    receipt's, the fold not included; `fold` for any ballot of the stream; `frame` for one number
    shown to one phone; `append` and `read` for a round trip to Redis; `entry` for one entry of the
    stream, whatever it holds; `arrival` for a phone that logs in; `make` and `load` for one receipt
    of a snapshot.

    Of Redis, in seconds of its one core: `redis_append` and `redis_read` for a command,
    `redis_ballot_in` and `redis_ballot_out` for one ballot more in it, `redis_entry` for one entry
    more in an answer. `fsync` is what a turn of its loop waits for the disk where `appendfsync` is
    `always`, and `fsync_cpu` what that costs it. `redis_beat` is a node's beat, its share of all
    others' in it, and what else it asks in a silent room.

    `append_commands`, `beat_commands`: what Redis counts, the commands inside a script too.

    In bytes: of an append with nothing in it and its answer, of a read and its answer, of an entry
    with nothing in it, and of one ballot more; of a frame to a phone, heads of TCP
    and IP included, which a receipt weighs, too; of a node's beat, with all else that a node asks
    meanwhile, and of what it says in it, which each other node reads. In memory: a phone and a
    receipt at a node, a ballot in Redis's stream, a receipt in a snapshot.

    Assumed: `hop`, the seconds between a node and Redis, one way; `wire`, bytes a second of
    Redis's network.
    """

    vote: float
    fold: float
    frame: float
    append: float
    read: float
    entry: float
    arrival: float
    make: float
    load: float
    redis_append: float
    redis_read: float
    redis_ballot_in: float
    redis_ballot_out: float
    redis_entry: float
    fsync: float
    fsync_cpu: float
    redis_beat: float
    append_commands: float
    beat_commands: float
    append_bytes: float
    answer_bytes: float
    read_bytes: float
    entry_bytes: float
    ballot_bytes: float
    frame_bytes: float
    beat_bytes: float
    said_bytes: float
    phone_memory: float
    receipt_memory: float
    stream_memory: float
    snapshot_bytes: float
    hop: float
    wire: float


class Cost(msgspec.Struct, frozen=True):
    """One of them, as it is kept: its value, its unit, and where it comes from."""

    value: float
    unit: str
    source: str


class Ledger(msgspec.Struct, frozen=True):
    """All of them, of one day and machine."""

    date: str
    machine: str
    costs: dict[str, Cost]

    def plain(self) -> Costs:
        """Return the values alone."""
        return Costs(**{name: cost.value for name, cost in self.costs.items()})


def write(ledger: Ledger, file: Path = FILE) -> None:
    """Keep the costs as JSON that people can read and compare line by line."""
    file.write_bytes(msgspec.json.format(msgspec.json.encode(ledger), indent=1) + b"\n")


def read(file: Path = FILE) -> Ledger:
    """Read them back."""
    return msgspec.json.decode(file.read_bytes(), type=Ledger)
