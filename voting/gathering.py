"""Who is here with which node: each tells the others of its people, by name.

Owns what this node has heard of each, and that nothing of it is lost: with each beat a node says
how many are here with it and a digest of them, and who has heard otherwise asks for them all. Lists
nobody, and says nothing while there are no messages. A voter's own id stays with its node.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from time import monotonic

import msgspec

from voting.fleet import Fleet

ASK_SECONDS = 2.0
"""Between two questions for all the people of a node: the first may be on its way yet."""

TOLD = "people"
"""The notice of who came and left, and what is said of them with each beat."""

WANTED = "people_wanted"
"""The notice that a node is asked for all of its people."""


class Seat(msgspec.Struct, frozen=True, array_like=True):
    """A person's place at a node, the name that came with it, and when, by that node's computer.

    In a deploy nodes of two versions hear each other: what a later one adds stands last, and has a
    default.
    """

    person: str
    name: str
    since: float


class Told(msgspec.Struct, frozen=True, array_like=True):
    """What a node tells of its people: changes, or `afresh` all that are there."""

    node: str
    afresh: bool
    came: list[Seat]
    left: list[str]


class Headcount(msgspec.Struct, frozen=True, array_like=True):
    """What a node says of its people with each beat."""

    node: str
    count: int
    digest: int


class Table:
    """The people who are here with one node, and a digest of all their seats."""

    def __init__(self) -> None:
        self.seats: dict[str, Seat] = {}
        self.digest = 0

    def put(self, seat: Seat) -> None:
        """Give a person a seat, or another one."""
        self.take(seat.person)
        self.seats[seat.person] = seat
        self.digest ^= _hash(seat)

    def take(self, person: str) -> None:
        """Free a person's seat, if there is one."""
        seat = self.seats.pop(person, None)
        if seat is not None:
            self.digest ^= _hash(seat)


class Gathering:
    """The people of all nodes; a voter with pages on two nodes is one person.

    Args:
        fleet: the other nodes.
        is_on: says whether there are messages.
        changed: is called with those of whom there is something new, here or elsewhere.
    """

    def __init__(
        self, fleet: Fleet, is_on: Callable[[], bool], changed: Callable[[Iterable[Seat]], None]
    ) -> None:
        self._fleet = fleet
        self._is_on = is_on
        self._changed = changed
        self._own = Table()
        self._others: dict[str, Table] = {}
        self._untold: dict[str, None] = {}
        self._is_wanted = False
        self._asked_at: dict[str, float] = {}
        fleet.say(TOLD, self._say)
        fleet.hear(TOLD, self._hear)
        fleet.hear(WANTED, self._hear_wish)
        fleet.watch(self._look)

    def __contains__(self, person: object) -> bool:
        return any(person in table.seats for table in self._tables)

    def __iter__(self) -> Iterator[str]:
        """Yield everybody who is here, whoever is with two nodes twice."""
        return (person for table in self._tables for person in table.seats)

    @property
    def _tables(self) -> Iterator[Table]:
        yield self._own
        yield from self._others.values()

    def came(self, seat: Seat) -> None:
        """Note that a person is here with this node, by that name."""
        before = self._own.seats.get(seat.person)
        if before is None or before.name != seat.name:
            self._own.put(seat)
            self._note(seat)

    def left(self, person: str) -> None:
        """Note that a person is not here with this node any more, if it was."""
        seat = self._own.seats.get(person)
        if seat is not None:
            self._own.take(person)
            self._note(seat)

    def _note(self, seat: Seat) -> None:
        if self._fleet.is_shared:  # else nobody ever takes what is untold
            self._untold[seat.person] = None
        self._changed([seat])

    def _say(self) -> Headcount | None:
        """Tell of all changes, and say what there is then: both leave with the same beat."""
        untold, self._untold = self._untold, {}
        is_wanted, self._is_wanted = self._is_wanted, False
        if not self._is_on():
            return None
        own = self._own.seats
        if untold:
            came = [own[person] for person in untold if person in own]
            self._tell(afresh=False, came=came, left=[p for p in untold if p not in own])
        if is_wanted:
            self._tell(afresh=True, came=[*own.values()], left=[])
        return Headcount(self._fleet.node, len(own), self._own.digest)

    def _tell(self, *, afresh: bool, came: list[Seat], left: list[str]) -> None:
        told = Told(self._fleet.node, afresh, came, left)
        self._fleet.tell(TOLD, msgspec.json.encode(told).decode())

    def _hear(self, what: str) -> None:
        told = msgspec.json.decode(what, type=Told)
        if told.afresh:
            if told.node not in self._asked_at:
                return  # it is for others, and says nothing that was not told before
            self._forget(told.node)
        table = self._others.setdefault(told.node, Table())
        gone = [table.seats[person] for person in told.left if person in table.seats]
        for seat in told.came:
            table.put(seat)
        for seat in gone:
            table.take(seat.person)
        self._changed([*told.came, *gone])

    def _hear_wish(self, node: str) -> None:
        self._is_wanted |= node == self._fleet.node

    def _look(self) -> None:
        """Forget the people of nodes that are gone, and ask for those that were not heard of."""
        heard = [each for each in self._fleet.others(TOLD) if each is not None and self._is_on()]
        said = {each.node: each for each in msgspec.convert(heard, list[Headcount])}
        for node in self._others.keys() - said.keys():
            self._forget(node)
        for node, each in said.items():
            table = self._others.setdefault(node, Table())
            if (len(table.seats), table.digest) != (each.count, each.digest):
                self._ask(node)

    def _ask(self, node: str) -> None:
        now = monotonic()
        if now - self._asked_at.get(node, -ASK_SECONDS) >= ASK_SECONDS:
            self._asked_at[node] = now
            self._fleet.tell(WANTED, node)

    def _forget(self, node: str) -> None:
        table = self._others.pop(node, None)
        self._asked_at.pop(node, None)
        if table is not None:
            self._changed(table.seats.values())


def _hash(seat: Seat) -> int:
    said = f"{seat.person} {seat.since} {seat.name}".encode()
    return int.from_bytes(hashlib.blake2b(said, digest_size=8).digest())
