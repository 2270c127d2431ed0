"""A server of ours with phones in it.

Owns how they come in and how they vote. Never measures.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random
from time import monotonic
from typing import NamedTuple, Self, TypeVar

import gevent
from gevent.pool import Pool

from bench.packages import NotMeasured
from bench.servers import Server, ours
from rehearsal.crowd import Crowd
from rehearsal.phone import Phone
from rehearsal.remote import RemoteDesk
from rehearsal.visit import Site, TurnedAway

AT_A_TIME = 32
"""Phones that come in at the same moment, where nobody measures how long all of them take."""

VOTERS = 20
"""So few phones that their frames hardly count: what is left is the cost of votes."""

PATIENCE_SECONDS = 60.0
QUIET_SECONDS = 0.3
"""Longer than a tick."""

ARRIVED_SECONDS = 2.2
"""Longer than it takes until the last arrivals are shown to those before them."""

LATE = 1.1
"""A storm that takes so many times as long as planned is another storm."""

T = TypeVar("T")

Make = Callable[[Crowd, Site], Phone]


class Spell(NamedTuple):
    """When something began, and when the last part of it was done."""

    began: float
    ended: float

    @property
    def seconds(self) -> float:
        """How long it really took."""
        return self.ended - self.began


class Room:
    """A running server, its crowd, and the phones in it; `make` makes one."""

    def __init__(self, server: Server, make: Make = Phone) -> None:
        self.server = server
        self._make = make
        self.crowd = Crowd()
        self.phones: list[Phone] = []
        self.random = Random("bench")  # noqa: S311 - the same votes in each run

    def fill(self, phones: int) -> None:
        """Let phones in until there are so many.

        Raises:
            NotMeasured: not all of them could come in.
        """
        new = [self._make(self.crowd, self.server.site) for _ in range(phones - len(self.phones))]
        self.phones += new
        try:
            for _ in Pool(AT_A_TIME).imap_unordered(_come, new):
                pass
        except (OSError, TurnedAway) as problem:
            raise NotMeasured(f"not all phones could come in: {problem}") from problem
        # Thousands of phones stay; looking through them for garbage would only be in the way.
        gc.collect()
        gc.freeze()

    def vote(self, phone: Phone) -> None:
        """Cast a ballot for one of the candidates."""
        if self.crowd.poll is not None:
            phone.vote(self.random.choice(self.crowd.poll.candidates).id)

    def vote_steadily(self, votes_per_second: float, seconds: float, voters: int) -> None:
        """Let the first phones vote in turn, evenly, for so long."""
        steadily(votes_per_second, seconds, lambda turn: self.vote(self.phones[turn % voters]))

    def storm(self, seconds: float) -> Spell:
        """Let each phone vote once, in any order, within so long; return when they did."""
        self.crowd.goal = self.crowd.version + len(self.phones)
        order = self.random.sample(self.phones, len(self.phones))
        return spread(order, seconds, self.vote)

    def desk(self) -> RemoteDesk:
        """Log in as the admin, by the link that the server has said."""
        desk = RemoteDesk(self.server.site)
        desk.log_in(re.findall(r"link=([\w-]+)", self.server.said)[0])
        return desk

    def wait_until_settled(self, limit: float = PATIENCE_SECONDS) -> None:
        """Wait until each phone shows the end and has its answer, or until the limit."""
        late = monotonic() + limit
        while monotonic() < late and len(self.crowd.settled) < len(self.phones):
            gevent.sleep(0.005)
        self.wait_for_answers(late - monotonic())

    def wait_for_answers(self, limit: float = PATIENCE_SECONDS) -> None:
        """Wait until no ballot waits for its answer, or until the limit."""
        late = monotonic() + limit
        while monotonic() < late and self.crowd.underway:
            gevent.sleep(0.005)

    def wait_for_quiet(self, seconds: float = QUIET_SECONDS) -> None:
        """Wait until so long has brought no message."""
        seen, since = self.crowd.frames, monotonic()
        while monotonic() - since < seconds:
            gevent.sleep(0.02)
            if self.crowd.frames != seen:
                seen, since = self.crowd.frames, monotonic()

    @contextmanager
    def filled(self, phones: int) -> Iterator[Self]:
        """Hold so many phones, all connected and silent, who leave at the end."""
        try:
            self.fill(phones)
            self.wait_for_quiet(ARRIVED_SECONDS)
            self.crowd.clear()
            yield self
        finally:
            self.leave()

    def leave(self) -> None:
        """Let everybody go, so that the end of the server is not part of anything."""
        for phone in self.phones:
            phone.leave()


@contextmanager
def room(phones: int, make: Make = Phone) -> Iterator[Room]:
    """Run a server of ours with so many phones, all connected and silent."""
    with ours() as server, Room(server, make).filled(phones) as full:
        yield full


def steadily(times_a_second: float, seconds: float, act: Callable[[int], None]) -> None:
    """Do something again and again, evenly, for so long; it is told which turn it is."""
    began = monotonic()
    turn = 0
    while (now := monotonic() - began) < seconds:
        while turn <= now * times_a_second:
            act(turn)
            turn += 1
        gevent.sleep(0.002)


def spread(those: Sequence[T], seconds: float, act: Callable[[T], None]) -> Spell:
    """Do something with each, evenly over so long, or longer where this machine is too slow."""
    began = monotonic()
    done = 0
    while True:
        due = min(len(those), int((monotonic() - began) / seconds * len(those)) + 1)
        for one in those[done:due]:
            act(one)
        done, now = due, monotonic()
        if done == len(those):
            return Spell(began, now)
        gevent.sleep(0.002)


def _come(phone: Phone) -> None:
    phone.log_in()
    phone.join()
