"""A room of two hundred phones on one server: exactly the numbers cast, whoever stalls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from time import monotonic

import gevent
import pytest
from gevent.pool import Pool

from rehearsal.crowd import Crowd
from rehearsal.phone import Phone
from rehearsal.visit import Site
from tests.phones import phone as stalling_phone
from tests.serving import Server, poll_config

PHONES = 200
TICKS = 60
"""So many times everybody is shown new numbers: far more than the kernel holds for one phone."""

VOTES_PER_SECOND = 100
WAIT_SECONDS = 20
AT_ONCE_SECONDS = 1.0
"""Far more than a tick or a receipt takes, far less than a server waits for a phone that stalls."""

NAMES = [f"Candidate number {number} of a long list" for number in range(100)]
CONFIG = (
    poll_config(question="Who of all these?", candidates=NAMES) + "[live]\nticks_per_second = 30\n"
)
"""Long tallies, often: what one phone does not read fills the kernel's buffers within the storm."""


class Room:
    """The phones of one server, and what they have cast.

    longest_without_news: seconds in a storm in which one of them was shown no newer numbers.
    """

    def __init__(self, server: Server) -> None:
        self.crowd = Crowd()
        self.chosen: dict[Phone, str] = {}
        self.votes = 0
        self.longest_without_news = 0.0
        self.phones = [
            Phone(self.crowd, Site("127.0.0.1", server.port or 0)) for _ in range(PHONES)
        ]
        self._random = Random("load")
        with gevent.Timeout(WAIT_SECONDS):
            Pool(16).map(self._come, self.phones)

    def storm(self) -> None:
        """Let phones vote, and change their votes, until all have been shown enough."""
        before = seen = self.crowd.version
        news = monotonic()
        with gevent.Timeout(WAIT_SECONDS):
            while self.crowd.frames < TICKS * PHONES:
                self._vote()
                gevent.sleep(1 / VOTES_PER_SECOND)
                last = min(phone.version for phone in self.phones)
                self.longest_without_news = max(self.longest_without_news, monotonic() - news)
                if last > seen:
                    seen, news = last, monotonic()
            self.crowd.goal = before + self.votes + 1
            self._vote()
            while len(self.crowd.settled) < PHONES or self.crowd.underway:
                gevent.sleep(0.005)

    def _vote(self) -> None:
        assert self.crowd.poll is not None
        phone = self.phones[self.votes % PHONES]
        self.chosen[phone] = self._random.choice(self.crowd.poll.candidates[:7]).id
        phone.vote(self.chosen[phone])
        self.votes += 1

    def leave(self) -> None:
        for phone in self.phones:
            phone.leave()

    @staticmethod
    def _come(phone: Phone) -> None:
        phone.log_in()
        phone.join()


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    """A server whose tallies are long and frequent."""
    return serve(CONFIG)


@pytest.fixture
def room(server: Server) -> Iterator[Room]:
    """Two hundred phones, all connected."""
    filled = Room(server)
    yield filled
    filled.leave()


def test_a_storm_is_counted_exactly_though_one_phone_stalls(server: Server, room: Room) -> None:
    """The others see every vote, in order, at once; who stalled skips to the newest numbers."""
    stalled = stalling_phone(server, receive_buffer=2_304)
    room.crowd.clear()
    room.storm()

    crowd = room.crowd
    assert +Counter(crowd.counts) == Counter(room.chosen.values())
    assert (len(crowd.receipts), crowd.ballots) == (room.votes, len(room.chosen))
    assert (crowd.backwards, crowd.refused.total(), crowd.closed.total()) == (0, 0, 0)
    assert max(receipt.at - receipt.sent for receipt in crowd.receipts) < AT_ONCE_SECONDS
    assert room.longest_without_news < AT_ONCE_SECONDS

    seen = len(stalled.versions)
    stalled.until(type="tally", version=crowd.version)
    versions = stalled.versions[seen:]
    assert versions == sorted(versions)
    assert len(versions) < crowd.frames / PHONES / 2
