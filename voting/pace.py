"""How fast one voter may go. At the edge: nothing here is ever a record.

Owns a token bucket for each voter who tapped within the last second. A bucket holds one second's
worth, so quick taps in a row are fine, and more than the rate over a second are not.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from time import monotonic

FULL_SECONDS = 1.0
"""After so long without a tap a bucket is full again, and need not be remembered."""


class Pace:
    """The pace of each voter; `clock` counts seconds and never goes back."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def allows(self, voter: str, per_second: int) -> bool:
        """Say whether a voter may act once more now, and if so count it."""
        now = self._clock()
        left, since = self._buckets.pop(voter, (float(per_second), now))
        left = min(float(per_second), left + (now - since) * per_second)
        allowed = left >= 1
        self._buckets[voter] = (left - 1 if allowed else left, now)
        self._forget(now)
        return allowed

    def _forget(self, now: float) -> None:
        # Taken out and put back with each tap, the buckets lie in the order of their last one.
        for voter, (_, since) in list(islice(self._buckets.items(), 2)):
            if now - since >= FULL_SECONDS:
                del self._buckets[voter]
