"""By what name each person is known: who is here, and who came before.

Owns these names in memory, and that they are forgotten there when somebody erases those that are
kept. Never writes one: `names.py` keeps them.
"""

from __future__ import annotations

from collections.abc import Iterable

import gevent

from voting.names import Names
from voting.speech import STAGE, person_of

MOST_KNOWN = 100_000
"""People; of more those who came first are forgotten, unless they are here."""

EARLIER = 0.0
"""When the names of earlier sessions were given: before all others."""

NAMELESS = ("", EARLIER)


class Known:
    """Person → name, "" for who gave none, and when it was given.

    A name that was erased is lent: a page that is here, or slept meanwhile, brings it, and it goes
    when the page goes.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self._known: dict[str, tuple[str, float]] = {}
        self._lent: set[str] = set()
        self._is_read = False

    def __contains__(self, person: object) -> bool:
        return person == STAGE or person in self._known

    def name_of(self, person: str) -> str:
        """Return a person's name, "" if it is unknown or there is none."""
        return self._known.get(person, NAMELESS)[0]

    def learn(self, person: str, name: str, since: float) -> None:
        """Note the name that a person gave then; the newest counts, whoever hears of it first."""
        if since >= self._known.get(person, NAMELESS)[1]:
            self._known[person] = (name, since)

    def left(self, persons: Iterable[str]) -> bool:
        """Note that people are here no more; return whether any may be called otherwise now.

        Whose name was erased once is called what is kept: nothing, or what was given since, which
        the next look finds.
        """
        lent = self._lent.intersection(persons)
        self._known |= dict.fromkeys(lent, NAMELESS)
        self._is_read &= not lent
        return bool(lent)

    def look(self, here: Iterable[str], *, reads: bool) -> bool:
        """Forget what was erased, but for who is here; with `reads`, take in what is kept.

        Return whether many may be called otherwise than before. What cannot be read now a later
        look reads.
        """
        if were_erased := self._names.were_erased():
            self._lent = set(self._known)
            self._known |= dict.fromkeys(self._lent.difference(here), NAMELESS)
            self._is_read = False
        were_read = reads and not self._is_read and self._read()
        self._shorten(here)
        return were_erased or were_read

    def _read(self) -> bool:
        self._is_read = True  # before it is so: who leaves meanwhile may have to be read again
        try:
            for piece in self._names.pieces():
                for voter, name in piece.items():
                    person = person_of(voter)
                    self.learn(person, name, EARLIER)
                    self._lent.discard(person)
                gevent.sleep(0)
        except OSError:
            self._is_read = False
            return False
        return True

    def _shorten(self, here: Iterable[str]) -> None:
        excess = len(self._known) - MOST_KNOWN
        if excess > 0:
            present = set(here)
            for person in [p for p in self._known if p not in present][:excess]:
                del self._known[person]
