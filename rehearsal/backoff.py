"""How long a page waits before it comes back, as static/js/line/connection.js says it.

Owns the reading of those numbers, so that a pretended phone cannot have others than a real one.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random
from typing import NamedTuple

SOURCE = Path(__file__).parent.parent / "static" / "js" / "line" / "connection.js"


class Patience(NamedTuple):
    """The page's numbers, in seconds: waits after failures in a row, and what ends the row.

    A line that held for `steady` makes the next wait short again; one that says nothing for
    `first_word` is given up.
    """

    waits: tuple[float, ...]
    steady: float
    first_word: float


def patience(source: str) -> Patience:
    """Read the numbers from the page's own script.

    Raises:
        ValueError: the script says them in another way than it did.
    """
    waits = tuple(ms / 1_000 for ms in _constant(source, "BACKOFF_MS"))
    (steady,) = _constant(source, "STEADY_MS")
    (first_word,) = _constant(source, "FIRST_WORD_MS")
    return Patience(waits, steady / 1_000, first_word / 1_000)


class Backoff:
    """The waits of one phone, each jittered as the page jitters it."""

    def __init__(self, patience: Patience, random: Random) -> None:
        self._patience = patience
        self._random = random
        self._failures = 0

    def next(self, held: float) -> float:
        """Return the seconds to wait after a line that held for so many; 0 if it never stood."""
        if held > self._patience.steady:
            self._failures = 0
        waits = self._patience.waits
        longest = waits[min(self._failures, len(waits) - 1)]
        self._failures += 1
        return longest * (0.5 + 0.5 * self._random.random())


def _constant(source: str, name: str) -> list[float]:
    said = re.search(rf"^const {name} = \[?([0-9, ]+)\]?;", source, re.MULTILINE)
    if said is None:
        raise ValueError(f"expected a line `const {name} = …;` in {SOURCE.name}")
    found: list[float] = json.loads(f"[{said[1]}]")
    return found
