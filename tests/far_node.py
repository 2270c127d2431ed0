"""A node in a process of its own that folds what it is sent, as nodes do: for test_determinism.py.

Owns that process. Its clocks are some seconds from ours and its PYTHONHASHSEED says how it orders
sets. It takes so many records at once, judges between them by its clock as servers do, and goes on
from a snapshot once.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import BinaryIO, NamedTuple

import msgspec

from tests.serving import ROOT
from voting.ballots import apply, judge
from voting.records import Ballot, Record
from voting.snapshot import pack, unpack
from voting.state import Outcome, State


class Came(NamedTuple):
    """What became of records: each outcome, and the state."""

    outcomes: bytes
    packed: bytes


class Sent(NamedTuple):
    """Records, and the version at which a node goes on from a snapshot."""

    records: list[Record]
    cut: int


def folded(sent: Sent, most: int) -> Came:
    """Fold records, so many at once."""
    state = State()
    outcomes: list[Outcome] = []
    for first in range(0, len(sent.records), most):
        for record in sent.records[first : first + most]:
            outcomes.append(apply(state, record))
            if state.version == sent.cut:
                state = unpack(pack(state))
        judge(state, Ballot("v", "asked", state.stage, ("ada",)), int(time.time() * 1_000))
    return Came(msgspec.json.encode(outcomes), pack(state))


class FarNode:
    """The other end of that process's pipes."""

    def __init__(self, hash_seed: int, clock_seconds: int, most: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.far_node", str(clock_seconds), str(most)],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def send(self, sent: Sent) -> None:
        """Let it begin to fold."""
        assert self._process.stdin
        _write(self._process.stdin, sent)

    def came(self) -> Came:
        """Return what came of what it was sent."""
        assert self._process.stdout
        return msgspec.msgpack.decode(_read(self._process.stdout), type=Came)

    def end(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def _write(pipe: BinaryIO, what: Sent | Came) -> None:
    written = msgspec.msgpack.encode(what)
    pipe.write(len(written).to_bytes(4, "big") + written)
    pipe.flush()


def _read(pipe: BinaryIO) -> bytes:
    return pipe.read(int.from_bytes(pipe.read(4), "big"))


def _main(clock_seconds: int, most: int) -> None:
    true = time.time
    time.time = lambda: true() + clock_seconds
    time.time_ns = lambda: int(1e9 * time.time())
    while said := _read(sys.stdin.buffer):
        _write(sys.stdout.buffer, folded(msgspec.msgpack.decode(said, type=Sent), most))


if __name__ == "__main__":
    _main(*map(int, sys.argv[1:]))
