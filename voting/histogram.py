"""How long something took, counted in buckets: cheap enough for every vote.

Owns the buckets and the sum. Never looks at a clock.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""From what nobody feels to what everybody does."""


class Histogram:
    """Values in buckets, each up to and including its bound, and one for those above all bounds."""

    __slots__ = ("_bounds", "_counts", "total")

    def __init__(self, bounds: Sequence[float] = SECONDS) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.total += value

    @property
    def count(self) -> int:
        """How many values there were."""
        return sum(self._counts)

    def buckets(self) -> list[tuple[float, int]]:
        """Return for each bound, infinity too, how many values were not above it."""
        return list(zip((*self._bounds, float("inf")), accumulate(self._counts), strict=True))
