"""How the server is: what it costs its computer, how the lines to the pages are, what disk is left.

Owns the look at the process, at the computer's memory and disk. Never asks another program, never
waits.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from pathlib import Path

import msgspec

from voting.gate import Gate
from voting.hub import Hub

_STATM = Path("/proc/self/statm")
_MEMINFO = Path("/proc/meminfo")


class Vitals(msgspec.Struct, frozen=True):
    """The state of one moment. What a system does not tell is None.

    cpu_seconds: of all threads since the start. memory: resident bytes; where a system tells only
    the highest so far, that. memory_free: bytes that programs may still take. files: how many may
    be open at once. disk_free: bytes that are left where votes are kept. clients: pages that are
    connected: phones, of voters, and screens, desks among them. slow: phones that have taken
    nothing for a second of what waits for them. cut: pages that were cut since the start for taking
    nothing. arrived: whether any voter has come since the start. ticks_cpu_seconds: what has gone
    into showing the pages what is new. codes_made, codes_used: one-time codes that there are, and
    those of them that have let somebody in.
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


def vitals(hub: Hub, gate: Gate, data: Path, *, arrived: bool) -> Vitals:
    """Return the vitals of this process; `data` is the folder of the votes."""
    used = cpu_seconds()
    lines = hub.lines()
    return Vitals(
        cpu_seconds=used,
        memory=memory(),
        memory_free=_memory_free(),
        files=_files(),
        disk_free=_disk_free(data),
        clients=lines.phones + lines.screens,
        phones=lines.phones,
        screens=lines.screens,
        slow=lines.slow,
        cut=lines.cut,
        arrived=arrived,
        ticks_cpu_seconds=hub.cpu_seconds,
        codes_made=gate.made,
        codes_used=gate.used,
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
