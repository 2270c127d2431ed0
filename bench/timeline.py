"""Time that is not waited for: moments to come, and what has a queue before it.

Owns the order in which things happen in a simulation. Never knows what they are.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

Act = Callable[[], None]


class Timeline:
    """Moments to come; those of the same time in the order in which they were asked for."""

    def __init__(self) -> None:
        self.now = 0.0
        self._moments: list[tuple[float, int, Act]] = []
        self._turns = count()

    def at(self, moment: float, act: Act) -> None:
        """Do something at a moment, or now if that is past."""
        heapq.heappush(self._moments, (max(moment, self.now), next(self._turns), act))

    def after(self, seconds: float, act: Act) -> None:
        """Do something so much later."""
        self.at(self.now + seconds, act)

    def run(self) -> None:
        """Go on until nothing is to come."""
        while self._moments:
            self.now, _, act = heapq.heappop(self._moments)
            act()


class Queue:
    """What does one thing after the other: a core, or a network card with bytes to send.

    `busy` is for how many seconds it has worked.
    """

    def __init__(self, timeline: Timeline) -> None:
        self.busy = 0.0
        self._timeline = timeline
        self._free = 0.0

    def do(self, seconds: float, then: Act, *, later: float = 0.0) -> None:
        """Work for so long when it is its turn; `then` is done at the end, or so much `later`."""
        self._free = max(self._free, self._timeline.now) + seconds
        self.busy += seconds
        self._timeline.at(self._free + later, then)
