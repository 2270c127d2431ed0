"""Several nodes on one Redis, or one on its own file, with the phones of one room on them.

Owns how the phones are spread, and when they have seen the end of a storm. Never measures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import cycle
from time import monotonic

from bench.rooms import ARRIVED_SECONDS, Room, Spell, spread
from bench.servers import Server, ours
from rehearsal.crowd import Crowd
from rehearsal.phone import Phone
from rehearsal.visit import Site
from voting.protocol import Snapshot, Tally


class Onlookers(Crowd):
    """A crowd that waits until so many have voted.

    Versions would tell it too early: where nodes share a journal, its seals count as well.
    """

    def __init__(self) -> None:
        super().__init__()
        self.voters = 0


class Onlooker(Phone):
    """A phone of such a crowd."""

    __slots__ = ("_waits_for",)

    def __init__(self, crowd: Crowd, site: Site) -> None:
        super().__init__(crowd, site)
        self._waits_for = 0

    def _see(self, message: Tally | Snapshot) -> None:
        super()._see(message)
        crowd = self.crowd
        if isinstance(crowd, Onlookers) and message.voted >= crowd.voters > self._waits_for:
            self._waits_for = crowd.voters
            crowd.settled.append(monotonic())


class Hall(Room):
    """A room whose phones are spread over several nodes."""

    def __init__(self, nodes: Sequence[Server]) -> None:
        super().__init__(nodes[0])
        self.nodes = nodes
        self.crowd: Onlookers = Onlookers()
        places = cycle(nodes)
        self._make = lambda crowd, _site: Onlooker(crowd, next(places).site)

    @property
    def pids(self) -> list[int]:
        """The processes that serve."""
        return [node.pid for node in self.nodes]

    def storm(self, seconds: float) -> Spell:
        """Let each phone vote once, in any order, within so long; return when they did."""
        self.crowd.voters = len(self.phones)
        order = self.random.sample(self.phones, len(self.phones))
        return spread(order, seconds, self.vote)


@contextmanager
def hall(phones: int, nodes: int = 1, url: str = "") -> Iterator[Hall]:
    """Run so many nodes on a Redis, or one without, with phones connected and silent."""
    with ExitStack() as running:
        filled = Hall([running.enter_context(ours(url)) for _ in range(nodes)])
        try:
            filled.fill(phones)
            filled.wait_for_quiet(ARRIVED_SECONDS)
            filled.crowd.clear()
            yield filled
        finally:
            filled.leave()
