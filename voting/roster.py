"""The list of who is here as pages are told it: whole, or what has changed since they were told.

Owns the list's end, its numbering, and how far back it knows its changes. Knows nobody's voter, and
sends nothing. Pure.

A page says how far it was told by a mark. The mark names the contents beside the place: a page that
asks another node each time is told nothing anew where the list there is the same.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from itertools import takewhile

from voting.protocol import PeopleMessage, PersonView

MAX_LISTED = 2_000
"""Names in the list. Of those who come later it says how many they are, until there is room."""

MOST_CHANGES = 4_000
"""People whose last change is known; who was told less is told all."""

_MARK = re.compile(r"([a-z0-9]{1,40})\.([0-9]{1,16})\.([a-z0-9]{1,40})")


class Roster:
    """The list. `node` is a name under which nobody else gives numbers to changes."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._listed: dict[str, str] = {}
        self._later: dict[str, str] = {}
        self._number = 0
        self._changes: dict[str, int] = {}  # of each person the last one's, in their order
        self._forgotten = 0
        self._digest = 0
        self._whole: PeopleMessage | None = None

    @property
    def mark(self) -> str:
        """How far a page has been told that is told all there is now."""
        return f"{self._node}.{self._number}.{self._contents}"

    @property
    def _contents(self) -> str:
        return f"{self._digest:x}x{len(self._later)}"

    def update(self, names: Mapping[str, str]) -> None:
        """Take in what people are called now; "" is for those who stand in no list."""
        before = self._contents
        self._number += 1
        for person, name in names.items():
            if person in self._listed:
                self._put(person, name)
            elif name:
                self._later[person] = name
            else:
                self._later.pop(person, None)
        while self._later and len(self._listed) < MAX_LISTED:
            person = next(iter(self._later))
            self._put(person, self._later.pop(person))
        if self._contents != before:
            self._whole = None

    def since(self, mark: str) -> PeopleMessage | None:
        """Return what is new to a page that was told so far, or all; None if nothing is."""
        found = _MARK.fullmatch(mark)
        if found and found[3] == self._contents:
            return None
        if found is None or found[1] != self._node or int(found[2]) < self._forgotten:
            return self._all()
        number, listed = int(found[2]), self._listed
        newest = reversed(self._changes.items())
        changed = [person for person, _ in takewhile(lambda change: change[1] > number, newest)]
        return PeopleMessage(
            self.mark,
            afresh=False,
            people=tuple(PersonView(id, listed[id]) for id in reversed(changed) if id in listed),
            left=tuple(id for id in reversed(changed) if id not in listed),
            more=len(self._later),
        )

    def _all(self) -> PeopleMessage:
        if self._whole is None:
            people = tuple(PersonView(id, name) for id, name in self._listed.items())
            self._whole = PeopleMessage(self.mark, True, people, (), len(self._later))
        return self._whole

    def _put(self, person: str, name: str) -> None:
        """List a person under a name, or with "" no more."""
        before = self._listed.get(person, "")
        if name == before:
            return
        if before:
            self._digest ^= _hash(person, before)
        if name:
            self._listed[person] = name
            self._digest ^= _hash(person, name)
        else:
            del self._listed[person]
        self._changes.pop(person, None)
        self._changes[person] = self._number
        if len(self._changes) > MOST_CHANGES:
            self._forgotten = self._changes.pop(next(iter(self._changes)))


def _hash(person: str, name: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{person} {name}".encode(), digest_size=8).digest())
