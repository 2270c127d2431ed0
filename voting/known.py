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


class Known:
    """Person → name, "" for who gave none, and when it was given."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._known: dict[str, tuple[str, float]] = {}
        self._lent: set[str] = set()
        self._has_read = False

    def __contains__(self, person: object) -> bool:
        return person == STAGE or person in self._known

    def name_of(self, person: str) -> str:
        """Return a person's name, "" if it is unknown or there is none."""
        return self._known.get(person, ("", EARLIER))[0]

    def learn(self, person: str, name: str, since: float) -> None:
        """Note the name that a person gave then; the newest counts, whoever hears of it first."""
        if since >= self._known.get(person, ("", EARLIER))[1]:
            self._known[person] = (name, since)

    def left(self, person: str) -> None:
        """Note that a person is not here any more: a name that is kept nowhere goes along."""
        if person in self._lent:
            self._known[person] = ("", EARLIER)

    def look(self, here: Iterable[str]) -> bool:
        """Take in what earlier sessions left, once; forget what was erased, but for who is here.

        Return whether many may have another name than before.

        Raises:
            OSError: the names cannot be read now.
        """
        is_first = not self._has_read
        if is_first:
            for piece in self._names.pieces():
                for voter, name in piece.items():
                    self.learn(person_of(voter), name, EARLIER)
                gevent.sleep(0)
            self._has_read = True
        if were_erased := self._names.were_erased():
            self._lent = set(here)
            away = self._known.keys() - self._lent
            self._known |= dict.fromkeys(away, ("", EARLIER))
        self._shorten(here)
        return is_first or were_erased

    def _shorten(self, here: Iterable[str]) -> None:
        excess = len(self._known) - MOST_KNOWN
        if excess > 0:
            present = set(here)
            for person in [p for p in self._known if p not in present][:excess]:
                del self._known[person]
