"""A room on two servers in a storm: phones that go to whichever lives, and what is compared after.

Owns the comparison of two servers with each other, with the stream and with the phones. What goes
wrong meanwhile is in tests/troubles.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from typing import Any

from tests.audience import PATIENCE, Audience, Numbers
from tests.crash import quiet_port
from tests.desk import Desk
from tests.fleets import Fleet
from tests.phones import Browser, Phone
from tests.redises import Redis
from tests.serving import Server, dashboard
from tests.witness import Witness, numbers_of
from voting import redis_stream
from voting.config import Journal
from voting.records import Record
from voting.redis_server import RedisServer
from voting.redis_stream import Layout
from voting.snapshot import pack, unpack
from voting.state import State

SOME = 60
"""Answers to wait for: enough that each of a few phones has had some."""

Trouble = Callable[["Storm"], None]


class Stream:
    """A room's stream as it lies in Redis, read on from look to look."""

    def __init__(self, fleet: Fleet) -> None:
        self.redis = fleet.redis
        settings = Journal(url=fleet.redis.url, room=fleet.room)
        self.layout = Layout(RedisServer(settings).key)
        self._history, self._version, self._id = "", 0, redis_stream.START

    def snapshot(self) -> State | None:
        """Return what a history begins with that is another one than before."""
        found = self.layout.look(self.redis.client)
        is_first, is_same = not self._history, found.history == self._history
        if is_same:
            return None
        self._history, self._version, self._id = found.history, found.snapshot, found.snapshot_id
        if is_first and not found.snapshot:
            return None
        return unpack(self.layout.packed(self.redis.client, found))

    def records(self) -> Iterator[Record]:
        """Yield what follows, without a hole and nothing twice."""
        stream = self.layout.stream(self._history)
        for entry in redis_stream.behind(self.redis.client, stream, self._id):
            assert entry.after == self._version, f"entry {entry.id.decode()} does not follow"
            yield from entry.records
            self._version, self._id = entry.version, entry.id

    def put_away(self, state: State) -> None:
        """Let a snapshot stand for all that was read, and trim the stream, as servers do."""
        assert state.version == self._version
        with self.redis.client.pipeline() as together:
            together.set(self.layout.snapshot(self._version, self._history), pack(state))
            together.hset(self.layout.meta, "snapshot", str(self._version))
            together.hset(self.layout.meta, "snapshot_id", self._id.decode())
            stream = self.layout.stream(self._history)
            together.xtrim(stream, minid=self._id.decode(), approximate=False)
            assert together.execute()[-1] > 0


class Storm:
    """Two servers, their audience and a desk.

    `random` draws what is left to chance. `errand` is what an admin does while a server is killed.
    """

    def __init__(self, fleet: Fleet, audience: Audience, seed: str) -> None:
        self.fleet = fleet
        self.redis = fleet.redis
        self.audience = audience
        self.random = Random(f"{seed} storm")
        self.witness = Witness(audience)
        self.stream = Stream(fleet)
        self.desk = Desk(fleet.one, seed)
        self.errand: Callable[[], None] = lambda: None

    def answers(self, more: int) -> None:
        """Wait until phones have had so many more answers."""
        self.audience.wait_for_answers(more)

    def read(self) -> None:
        """Follow the stream up to now."""
        state = self.stream.snapshot()
        if state is not None:
            self.witness.go_on_from(state)
        self.witness.follow(self.stream.records())

    def survives(self, trouble: Trouble) -> None:
        """Let phones vote, something go wrong, and everything be compared."""
        self.answers(SOME)
        trouble(self)
        self.compare()

    def kill(self, *servers: Server) -> None:
        """Kill servers as a power cut does."""
        for server in servers:
            assert no_mistake_in(server)
            server.kill()

    def start(self, *servers: Server) -> None:
        """Start servers again, all at once."""
        with ThreadPoolExecutor() as beside:
            list(beside.map(Server.start, servers))

    def compare(self) -> None:
        """Let every phone have its answer; then all who hold numbers must hold the same."""
        self.audience.settle()
        shown = self._agreed()
        self.witness.compare()
        state = self.witness.state
        numbers = numbers_of(state)
        assert numbers is not None
        for server, page in zip(self.fleet.servers, shown, strict=True):
            assert (page["epoch"], page["version"]) == (state.epoch, state.version)
            assert shown_in(page) == numbers
            self.desk.go_to(server)
            self.witness.compare_export(self.desk)
            assert no_mistake_in(server)
        pages = self.audience.phones.values()
        wanted = (state.epoch, numbers.counts)
        self.audience.wait(lambda: all((p.seen[0], p.seen[2]) == wanted for p in pages))
        self.audience.vote()

    def verify(self) -> None:
        """Have the command line prove the stream."""
        verified = dashboard("verify", "--config", self.fleet.one.config)
        assert verified.returncode == 0, verified.stdout + verified.stderr

    def _agreed(self) -> list[dict[str, Any]]:
        """Return what each server shows, once all are where the stream ends; a seal may come."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.read()
            found = [look(server) for server in self.fleet.servers]
            if {one["version"] for one in found} == {self.witness.state.version}:
                return found
        raise AssertionError(f"the stream ends at {self.witness.state.version}, shown is {found}")


def look(server: Server) -> dict[str, Any]:
    """Return what a server shows to a screen that comes now."""
    with closing(Phone(Browser(server), "screen")) as screen:
        return screen.until(type="state")


def shown_in(state: dict[str, Any]) -> Numbers:
    return Numbers(state["round"]["id"], state["counts"], state["ballots"], state["voted"])


def no_mistake_in(server: Server) -> bool:
    """Say whether a server has made none, as far as it said."""
    return "mistake" not in server.said and "Traceback" not in server.said


@contextmanager
def storm(folder: Path, redis: Redis, config: str, phones: int, seed: str) -> Iterator[Storm]:
    """Start two servers of a room, and an audience that votes at both."""
    fleet = Fleet(folder, redis, config)
    try:
        for server in fleet.servers:
            server.port = quiet_port()
            server.start()  # the next quiet port is another one
        with Audience(fleet.one, phones, seed, [fleet.two]) as audience:
            yield Storm(fleet, audience, seed)
    finally:
        fleet.clear_up()
