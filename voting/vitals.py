"""What the server costs the computer that it runs on, as the process itself can tell.

Owns the look at the process and at the computer's memory. Never asks another program, never waits.
"""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

import msgspec

_STATM = Path("/proc/self/statm")
_MEMINFO = Path("/proc/meminfo")


class Vitals(msgspec.Struct, frozen=True):
    """The costs of one moment. What a system does not tell is None.

    cpu_seconds: of all threads since the start. memory: resident bytes; where a system tells only
    the highest so far, that. memory_free: bytes that programs may still take. files: how many may
    be open at once. clients: pages that are connected. ticks_cpu_seconds: what has gone into
    showing them what is new.
    """

    cpu_seconds: float
    memory: int | None
    memory_free: int | None
    files: int | None
    clients: int
    ticks_cpu_seconds: float


def vitals(clients: int, ticks_cpu_seconds: float) -> Vitals:
    """Return the vitals of this process."""
    used = time.process_time()
    return Vitals(used, _memory(), _memory_free(), _files(), clients, ticks_cpu_seconds)


def _memory() -> int | None:
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
