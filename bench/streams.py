"""A Redis, simulated: one core, whose loop takes all that waits, and one network card.

Owns its queues, the entries of the stream, and what it is asked. Never knows what a node is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from bench.costs import Costs
from bench.timeline import Queue, Timeline
from voting.redis_stream import COUNT


class Request(NamedTuple):
    """What a node asks of Redis: to append so many ballots, or what is behind `after` entries.

    `waits`: until there is something.
    """

    ballots: int
    after: int
    waits: bool
    answered: Callable[[int], None]


class Answer(NamedTuple):
    """So many bytes for a node, and what it does then."""

    size: float
    heard: Callable[[], None]


class Redis:
    """A stream of entries, each of so many ballots, and the one thread that keeps it.

    Who appends is told how many entries there are then; who reads is told up to where it was sent
    them, `COUNT` at most.
    """

    def __init__(self, timeline: Timeline, costs: Costs, *, always: bool) -> None:
        self.core, self.wire = Queue(timeline), Queue(timeline)
        self.commands = 0.0
        self.bytes_in = self.bytes_out = 0.0
        self.ballots = [0]
        """How many there are behind so many entries."""
        self._timeline = timeline
        self._costs = costs
        self._always = always
        self._asked: list[Request] = []
        self._blocked: list[Request] = []
        self._turns = False

    @property
    def entries(self) -> int:
        """How many there are."""
        return len(self.ballots) - 1

    def ask(self, request: Request) -> None:
        """Take a request that has just arrived."""
        costs = self._costs
        more = costs.append_bytes + costs.ballot_bytes * request.ballots
        self.bytes_in += more if request.ballots else costs.read_bytes
        self.commands += costs.append_commands if request.ballots else 1
        self._asked.append(request)
        if not self._turns:
            self._turn()

    def _turn(self) -> None:
        """Do all that waits, and answer it when the disk has it."""
        if not self._asked:
            self._turns = False
            return
        self._turns = True
        asked, self._asked = self._asked, []
        appends = [request for request in asked if request.ballots]
        reads = self._blocked + [request for request in asked if not request.ballots]
        answers: list[Answer] = []
        seconds = sum(self._append(request, answers) for request in appends)
        self._blocked = [one for one in reads if one.waits and one.after == self.entries]
        seconds += sum(
            self._read(one, answers) for one in reads if not one.waits or one.after < self.entries
        )
        waited = 0.0
        if appends and self._always:
            seconds += self._costs.fsync_cpu
            waited = self._costs.fsync
        self.core.do(seconds, partial(self._answer, answers), later=waited)

    def _append(self, request: Request, answers: list[Answer]) -> float:
        """Take an entry; return what it cost."""
        costs = self._costs
        self.ballots.append(self.ballots[-1] + request.ballots)
        answers.append(Answer(costs.answer_bytes, partial(request.answered, self.entries)))
        return costs.redis_append + costs.redis_ballot_in * request.ballots

    def _read(self, request: Request, answers: list[Answer]) -> float:
        """Send what is new; return what it cost."""
        costs, end = self._costs, min(self.entries, request.after + COUNT)
        entries, ballots = end - request.after, self.ballots[end] - self.ballots[request.after]
        size = costs.answer_bytes + costs.entry_bytes * entries + costs.ballot_bytes * ballots
        answers.append(Answer(size, partial(request.answered, end)))
        return costs.redis_read + costs.redis_entry * entries + costs.redis_ballot_out * ballots

    def _answer(self, answers: list[Answer]) -> None:
        for answer in answers:
            self.bytes_out += answer.size
            self.wire.do(answer.size / self._costs.wire, answer.heard, later=self._costs.hop)
        self._turn()
