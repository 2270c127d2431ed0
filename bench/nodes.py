"""A node, simulated: what it does, one thing after the other, and what it waits for.

Owns its one core, where ballots, entries of the stream and slices of a tick take turns. The pace is
the program's own: its batches, ticks and shares.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from bench.costs import Costs
from bench.streams import Redis, Request
from bench.timeline import Queue, Timeline
from voting.config import Live
from voting.engine import MAX_BATCH
from voting.fanout import SLICE
from voting.hub import PHONES_SHARE
from voting.journal_redis import HEAR_SECONDS, REST_SECONDS

TICK_SECONDS = 1 / Live().ticks_per_second


class Clump(NamedTuple):
    """Ballots that come to a node at the same moment."""

    at: float
    ballots: int


class Node:
    """One process that serves so many phones.

    `delays`: from a ballot's coming to its receipt. `shown_at`: when the last phone was shown
    something. `folding` and `showing`: seconds of the core that went into ballots of the stream,
    and into ticks. `pause`: the least seconds between two appends; the listener's is in proportion.
    """

    def __init__(
        self, timeline: Timeline, redis: Redis, costs: Costs, phones: int, pause: float
    ) -> None:
        self.core = Queue(timeline)
        self.delays: list[float] = []
        self.shown_at = self.folding = self.showing = 0.0
        self.frames = 0
        self._timeline = timeline
        self._redis = redis
        self._costs = costs
        self._phones = phones
        self._pause = pause
        self._hear = pause * HEAR_SECONDS / REST_SECONDS
        self._fetched_at = -self._hear
        self._waiting: deque[Clump] = deque()
        self._is_appending = self._has_news = self._wants_to_listen = False
        self._is_ticking = True
        self._ready_at = 0.0
        self._seen = self.folded = 0

    def start(self, part: float) -> None:
        """Be in the midst of a tick's round, so far before its end, and listen."""
        whole = max(TICK_SECONDS, self._costs.frame * self._phones / PHONES_SHARE)
        self._timeline.after(part * whole, self._woken)
        self._listen()

    def cast(self, clump: Clump) -> None:
        """Take ballots from phones."""
        self.core.do(self._costs.vote / 2 * clump.ballots, partial(self._take, clump))

    def _listen(self) -> None:
        """Ask Redis for what others append, and wait for it; an append reads that, too."""
        left = self._fetched_at + self._hear - self._timeline.now
        if left > 0:
            self._timeline.after(left, self._listen)
        elif self._is_appending:
            self._wants_to_listen = True
        else:
            self._ask(0, self._heard, waits=True)

    def _ask(self, ballots: int, answered: Callable[[int], None], *, waits: bool = False) -> None:
        request = Request(ballots, self._seen, waits, answered)
        self._timeline.after(self._costs.hop, partial(self._redis.ask, request))

    def _take(self, clump: Clump) -> None:
        self._waiting.append(clump)
        self._append_if_ready()

    def _append_if_ready(self) -> None:
        if self._waiting and not self._is_appending:
            self._is_appending = True
            is_full = sum(clump.ballots for clump in self._waiting) >= MAX_BATCH
            self._timeline.at(0.0 if is_full else self._ready_at, self._append)

    def _append(self) -> None:
        """Send what waits, as one entry; then read back what is in the stream up to it."""
        batch = [self._waiting.popleft()]
        size = batch[0].ballots
        while self._waiting and size + self._waiting[0].ballots <= MAX_BATCH:
            size += self._waiting[0].ballots
            batch.append(self._waiting.popleft())
        self._ready_at = self._timeline.now + self._pause
        then = partial(self._read_back, batch)
        self.core.do(self._costs.append, partial(self._ask, size, then))

    def _read_back(self, batch: list[Clump], wanted: int) -> None:
        self._ask(0, partial(self._came_back, batch, wanted))

    def _came_back(self, batch: list[Clump], wanted: int, end: int) -> None:
        self._fetched_at = self._timeline.now
        has_all = max(end, self._seen) >= wanted
        then = partial(self._settle, batch) if has_all else partial(self._read_back, batch, wanted)
        self._fold(end, 0.0, then)

    def _settle(self, batch: list[Clump]) -> None:
        self._is_appending = False
        if self._wants_to_listen:
            self._wants_to_listen = False
            self._listen()
        ballots = sum(clump.ballots for clump in batch)
        self.core.do(self._costs.vote / 2 * ballots, partial(self._tell, batch))
        self._append_if_ready()

    def _tell(self, batch: list[Clump]) -> None:
        self.delays += [self._timeline.now - clump.at for clump in batch]

    def _heard(self, end: int) -> None:
        self._fetched_at = self._timeline.now
        self._fold(end, self._costs.read, self._listen)

    def _fold(self, end: int, more: float, then: Callable[[], None]) -> None:
        """Fold what is new up to an entry; what the other line has brought is folded already."""
        end = max(end, self._seen)
        ballots = self._redis.ballots[end] - self._redis.ballots[self._seen]
        seconds = self._costs.entry * (end - self._seen) + self._costs.fold * ballots
        self._seen = end
        self.folding += seconds
        self.core.do(more + seconds, partial(self._folded, ballots, then))

    def _folded(self, ballots: int, then: Callable[[], None]) -> None:
        self.folded += ballots
        self._has_news |= ballots > 0
        if self._has_news and not self._is_ticking:
            self._is_ticking = True
            self._tick()
        then()

    def _tick(self) -> None:
        """Show every phone what is true now, a slice at a time."""
        self._has_news = False
        self._show(self._timeline.now, self._phones)

    def _show(self, began: float, left: int) -> None:
        if not left:
            self._rest(began)
            return
        slice = min(SLICE, left)
        self.frames += slice
        seconds = self._costs.frame * slice
        self.showing += seconds
        self.core.do(seconds, partial(self._show, began, left - slice))

    def _rest(self, began: float) -> None:
        """Keep the distance to the tick that has just been, as `voting/ticks.py` does."""
        self.shown_at = self._timeline.now
        spent = self._costs.frame * self._phones
        rest = max(began + TICK_SECONDS - self._timeline.now, spent * (1 / PHONES_SHARE - 1))
        self._timeline.after(rest, self._woken)

    def _woken(self) -> None:
        self._is_ticking = self._has_news
        if self._has_news:
            self._tick()
