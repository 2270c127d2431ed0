"""When clients are shown what is new: at once after a silence, then at a pace.

Owns the pace. Never knows what is shown, or to whom: each kind of audience says what a tick does.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic, thread_time

import gevent
from gevent.event import Event

from voting import logbook
from voting.histogram import Histogram

QUIET_SECONDS = 1.0
"""Without a tick for so long, nobody is waiting for anything."""


class Ticks:
    """Ticks that keep their distance, and so much of it that they take no more than their share.

    `cpu_seconds` is what all ticks have cost, `durations` how long each took.

    Args:
        tick_seconds: the least time between two ticks.
        share: how much of one core the ticks may take, at most. Where there is more to do than that
            is enough for, ticks come later, and each still shows the newest.
    """

    def __init__(self, *, tick_seconds: float, share: float) -> None:
        self.cpu_seconds = 0.0
        self.durations = Histogram()
        self._tick_seconds = tick_seconds
        self._share = share
        self._news = Event()
        self._state_changed = False
        self._must_end = False
        self._ticked_at = 0.0

    @property
    def is_empty(self) -> bool:
        """Whether there is nobody to show anything."""
        raise NotImplementedError

    def turns(self) -> Iterator[None]:
        """Do a tick's work, a slice in each step; others have a turn in between."""
        raise NotImplementedError

    def mark(self, *, state: bool = False) -> None:
        """Say that something changed: the numbers, or with `state` anything else too."""
        if not self.is_empty:  # who comes later is shown the whole state
            self._state_changed |= state
            self._news.set()

    @property
    def is_quiet(self) -> bool:
        """Whether nothing has been new for a while."""
        return not self._news.is_set() and monotonic() - self._ticked_at > QUIET_SECONDS

    def tick(self) -> None:
        """Show every client what is true now.

        If the state changes meanwhile, the rest waits for that: it comes with the next tick. A tick
        that tells of what happened must end, or the rest would never hear of it.
        """
        turns = self.turns()
        while self._has_done(turns):
            gevent.sleep(0)
            if self._state_changed and not self._must_end:
                return

    def _has_done(self, turns: Iterator[None]) -> bool:
        """Do one more turn of a tick, and note what it cost; False when there is none."""
        began = thread_time()
        is_more = next(turns, self) is not self
        self.cpu_seconds += thread_time() - began
        return is_more

    def run(self) -> None:
        """Tick whenever there is something new, for ever."""
        while True:
            self._news.wait()
            self._news.clear()
            self._ticked_at, before = monotonic(), self.cpu_seconds
            try:
                self.tick()
            except Exception:
                # Without its next turn the room would stand still for good.
                logbook.mistake()
                self.mark(state=True)
            self.durations.add(monotonic() - self._ticked_at)
            self.rest(self._ticked_at, self.cpu_seconds - before)

    def rest(self, began: float, spent: float) -> None:
        """Keep the distance to a tick that began then, by `monotonic`, and cost so much."""
        left = self._tick_seconds - (monotonic() - began)
        gevent.sleep(max(left, spent * (1 / self._share - 1)))
