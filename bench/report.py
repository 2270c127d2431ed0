"""Figures, the targets they are held against, and the file that holds a run of them.

Owns their shapes. Never measures, never draws.
"""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

import msgspec

FILE = Path(__file__).parent.parent / "docs" / "benchmark.json"


class Figure(msgspec.Struct, frozen=True, omit_defaults=True):
    """One number of one run. `most` or `least` is its target; without either it is only told.

    `load` is the load tool's own share of a core; `note` says what a reader must know.
    """

    run: str
    what: str
    value: float | None
    unit: str
    most: float | None = None
    least: float | None = None
    load: float | None = None
    note: str = ""

    @property
    def is_reached(self) -> bool | None:
        """Whether the target is reached; None where there is none."""
        if self.most is None and self.least is None:
            return None
        if self.value is None:
            return False
        above = self.least is None or self.value >= self.least
        return above and (self.most is None or self.value <= self.most)


class Rival(msgspec.Struct, frozen=True, omit_defaults=True):
    """One server under the storm that all are measured by.

    `settle` maps phones to the seconds from the last vote until the last phone shows the final
    numbers, None where it took longer than the limit. `frames`, `cpu` and `load` are of the largest
    room that was tried: messages delivered, CPU seconds of the server, our share of a core.
    """

    name: str
    settle: dict[int, float | None] = {}
    phones: int = 0
    frames: int = 0
    cpu: float = 0.0
    load: float = 0.0
    note: str = ""


class Report(msgspec.Struct, frozen=True):
    """One run of the benchmark."""

    date: str
    machine: str
    figures: list[Figure]
    rivals: list[Rival]


def new_report(figures: list[Figure], rivals: list[Rival]) -> Report:
    """Return a report of now and here."""
    today = datetime.now(UTC).date().isoformat()
    return Report(today, _machine(), figures, rivals)


def write(report: Report, file: Path) -> None:
    """Keep a report as JSON that people can read and compare line by line."""
    file.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")


def read(file: Path) -> Report:
    """Read a report back."""
    return msgspec.json.decode(file.read_bytes(), type=Report)


def _machine() -> str:
    """Describe the computer as far as numbers depend on it; nothing that names it."""
    told = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"^model name\s*: (.+)$", told, re.MULTILINE)
    cores = f"{os.cpu_count()} × {model[1] if model else platform.machine()}"
    return f"{cores}; Linux {platform.release()}; Python {platform.python_version()}"
