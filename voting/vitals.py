"""How the server is: what it costs its computer, how the lines to the pages are, what disk is left.

Owns the look at the process, at the computer's memory and disk, and the sums over all nodes. Never
asks another program, never waits.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from pathlib import Path

import msgspec

from voting.fleet import Fleet
from voting.gate import Gate
from voting.hub import Hub
from voting.turnout import Turnout

_STATM = Path("/proc/self/statm")
_MEMINFO = Path("/proc/meminfo")


class Vitals(msgspec.Struct, frozen=True):
    """The state of one moment. What a system does not tell is None.

    Where many nodes serve the room, what they cost and their lines are sums, a second old; memory
    that is free, files and disk are those of the node that was asked.

    cpu_seconds: of all threads since the start. memory: resident bytes; where a system tells only
    the highest so far, that. memory_free: bytes that programs may still take. files: how many may
    be open at once. disk_free: bytes that are left where votes are kept, if it is here. clients:
    pages that are connected: phones, of voters, and screens, desks among them. slow: phones that
    have taken nothing for a second of what waits for them. cut: pages that were cut since the start
    for taking nothing. arrived: whether any voter has come since the start. ticks_cpu_seconds: what
    has gone into showing the pages what is new. codes_made, codes_used: one-time codes that there
    are, and those of them that have let somebody in. nodes: how many processes serve the room.
    """

    cpu_seconds: float
    memory: int | None
    memory_free: int | None
    files: int | None
    disk_free: int | None
    clients: int
    phones: int
    screens: int
    slow: int
    cut: int
    arrived: bool
    ticks_cpu_seconds: float
    codes_made: int
    codes_used: int
    nodes: int = 1


class Share(msgspec.Struct, frozen=True, array_like=True):
    """What one node adds to the sums; what a later version adds stands last, and has a default."""

    cpu_seconds: float
    memory: int | None
    phones: int
    screens: int
    slow: int
    cut: int
    ticks_cpu_seconds: float


class Ward:
    """The vitals of all nodes, as this one knows them.

    Args:
        data: the folder of the votes.
    """

    def __init__(self, hub: Hub, turnout: Turnout, gate: Gate, data: Path, fleet: Fleet) -> None:
        self._hub = hub
        self._turnout = turnout
        self._gate = gate
        self._data = data
        self._fleet = fleet
        fleet.say("vitals", self._share)

    def vitals(self) -> Vitals:
        """Return the vitals of this moment."""
        shares = [self._share(), *msgspec.convert(self._fleet.others("vitals"), list[Share])]
        phones, screens = sum(s.phones for s in shares), sum(s.screens for s in shares)
        held = [s.memory for s in shares if s.memory is not None]
        return Vitals(
            cpu_seconds=sum(s.cpu_seconds for s in shares),
            memory=sum(held) if held else None,
            memory_free=_memory_free(),
            files=_files(),
            disk_free=None if self._fleet.is_shared else _disk_free(self._data),
            clients=phones + screens,
            phones=phones,
            screens=screens,
            slow=sum(s.slow for s in shares),
            cut=sum(s.cut for s in shares),
            arrived=self._turnout.arrived,
            ticks_cpu_seconds=sum(s.ticks_cpu_seconds for s in shares),
            codes_made=self._gate.made,
            codes_used=self._gate.used,
            nodes=len(self._fleet.nodes),
        )

    def _share(self) -> Share:
        lines = self._hub.lines()
        return Share(
            cpu_seconds(),
            memory(),
            lines.phones,
            lines.screens,
            lines.slow,
            lines.cut,
            self._hub.cpu_seconds,
        )


def _disk_free(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def cpu_seconds() -> float:
    """Return what this process has used of its computer's processors, all threads together."""
    return time.process_time()


def memory() -> int | None:
    """Return the bytes of memory that this process has, or at most had; None if nobody tells."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        pass
    try:
        import resource
    except ImportError:  # Windows
        return None
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest if sys.platform == "darwin" else highest * 1_024


def _memory_free() -> int | None:
    try:
        found = re.search(r"^MemAvailable: +(\d+) kB$", _MEMINFO.read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) * 1_024 if found else None


def _files() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft
