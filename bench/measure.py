"""CPU and memory of processes, as Linux tells them in /proc.

Owns reading the clocks. Never says what a number means.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from time import monotonic, process_time
from typing import NamedTuple

BUSY = 0.9
"""A share of one core above which the load tool may have been what was slow."""


def family(pid: int) -> list[int]:
    """Return a process and all its descendants that are alive."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        fields = _stat(int(folder.name))
        if fields:
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def cpu_seconds(pids: list[int]) -> float:
    """Return the CPU time that the threads of processes have used in user and system mode.

    By the scheduler's clock, in nanoseconds: the one of `stat` counts in hundredths of a second.
    """
    used = 0
    for pid in pids:
        for file in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            with suppress(OSError):  # the thread ended while we looked
                used += int(file.read_text(encoding="ascii").split()[0])
    return used / 1e9


def resident_bytes(pids: list[int]) -> int:
    """Return the memory that processes hold."""
    total = 0
    for pid in pids:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
        total += int(pages) * os.sysconf("SC_PAGE_SIZE")
    return total


class Spent(NamedTuple):
    """What a spell of time cost: wall time, the server's CPU, and our share of a core."""

    seconds: float
    cpu: float
    load: float

    @property
    def share(self) -> float:
        """The server's share of one core."""
        return self.cpu / self.seconds


class Meter:
    """Runs from when it is made, for some processes together; `read` may be asked again."""

    def __init__(self, *pids: int) -> None:
        self._pids = [each for pid in pids for each in family(pid)]
        self._began = (monotonic(), cpu_seconds(self._pids), process_time())

    def read(self) -> Spent:
        wall, cpu, own = self._began
        seconds = monotonic() - wall
        return Spent(seconds, cpu_seconds(self._pids) - cpu, (process_time() - own) / seconds)


def _stat(pid: int) -> list[str]:
    try:
        said = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []  # it ended while we looked
    return said.rpartition(")")[2].split()
