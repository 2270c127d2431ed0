"""What was said, as the payloads that pages are told.

Owns the bytes, each made once for all who are told the same. Who may read what is `wall.py`'s.
"""

from __future__ import annotations

from typing import cast

from voting import protocol, wall
from voting.protocol import View
from voting.state import State
from voting.wall import NameOf, Place

MOST_MADE = 64
"""Payloads that are kept for others who are told the same: from so many places, at one moment."""


class RoomFeed:
    """What is said in one room. See `arrears.Feed`."""

    def __init__(self, state: State, name_of: NameOf) -> None:
        self._state = state
        self._name_of = name_of
        self._made: dict[tuple[bool, Place | None, Place | None], bytes] = {}
        self._made_at = self.here()

    def here(self) -> Place:
        """Return the place of whoever has been told everything."""
        return wall.here(self._state)

    def is_new(self, place: Place) -> bool:
        """Say whether anything was said since."""
        return wall.is_new(self._state, place)

    def wall(self, view: str, place: Place, until: Place | None = None) -> bytes | None:
        """Return what was said to everyone since, as a view is told it; None if nothing was."""
        if not wall.is_new_to(self._state, cast(View, view), place):
            return None
        return self.heard(view, place, until)

    def heard(self, view: str, place: Place | None, until: Place | None = None) -> bytes:
        """Return the same for a page that asks, be it nothing; without a place, all there is."""
        place = wall.known(self._state, place)
        now, of = self.here(), (view == "admin", place, until)
        if now != self._made_at:
            self._made.clear()
            self._made_at = now
        if of not in self._made:
            if len(self._made) >= MOST_MADE:
                self._made.clear()
            shown = cast(View, view)
            said = wall.wall(self._state, shown, place, self._name_of, until=until)
            self._made[of] = protocol.encode(said)
        return self._made[of]

    def forget(self) -> None:
        """Make all bytes anew: those who spoke may be called otherwise."""
        self._made.clear()

    def direct(self, person: str, place: Place | None, until: Place | None = None) -> bytes | None:
        """Return what was said from and to one person alone, None if nothing was."""
        said = wall.direct(self._state, person, place, self._name_of, until=until)
        return protocol.encode(said) if said else None

    def addressed(self, place: Place) -> set[str]:
        """Return the persons for whom there is something of that kind since."""
        return wall.addressed(self._state, place)
