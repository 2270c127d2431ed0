"""Several nodes on one Redis, or one on its own file, with the phones of one room on them.

Owns how the phones are spread, and when they have seen the end of a storm. Never measures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import cycle
from time import monotonic

from bench.rooms import Make, Room, Spell, spread
from bench.servers import Server, ours
from rehearsal.crowd import Crowd
from rehearsal.phone import Phone
from rehearsal.visit import Site
from voting.protocol import Snapshot, Tally


class Onlookers(Crowd):
    """A crowd that waits until so many have voted in a round.

    Versions would tell it too early: where nodes share a journal, its seals count as well, and so
    does what is said.
    """

    def __init__(self) -> None:
        super().__init__()
        self.voters = 0


class Onlooker(Phone):
    """A phone of such a crowd."""

    __slots__ = ("_settled",)

    def __init__(self, crowd: Crowd, site: Site) -> None:
        super().__init__(crowd, site)
        self._settled = 0  # the latest round of which it has shown the end

    def _see(self, message: Tally | Snapshot) -> None:
        super()._see(message)
        crowd = self.crowd
        round = message.round if isinstance(message, Tally) else message.round.id
        is_new = round != self._settled
        if is_new and isinstance(crowd, Onlookers) and message.voted >= crowd.voters > 0:
            self._settled = round
            crowd.settled.append(monotonic())


class Hall(Room):
    """A room whose phones are spread over several nodes."""

    def __init__(
        self, nodes: Sequence[Server], make: Make = Onlooker, crowd: Onlookers | None = None
    ) -> None:
        places = cycle(nodes)
        super().__init__(nodes[0], lambda crowd, _site: make(crowd, next(places).site))
        self.nodes = nodes
        self.crowd: Onlookers = crowd or Onlookers()

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
        servers = [running.enter_context(ours(url)) for _ in range(nodes)]
        yield running.enter_context(Hall(servers).filled(phones))
