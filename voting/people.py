"""Who is here, by name: the list of them, and who is told of it.

Owns the pace of that list, the pages that are told of its changes, and who stands in it: whoever
gave a name and did not ask to be left out. Like counts it is state: at most once a second all who
have seen the same are handed the same bytes, and a page that is slow skips steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

import gevent

from voting import logbook, protocol
from voting.client import Client
from voting.connection import Connection
from voting.fanout import SLICE
from voting.fleet import Fleet
from voting.frames import text_frame
from voting.gathering import Gathering, Seat
from voting.known import Known
from voting.names import Names
from voting.pace import Pace
from voting.protocol import PeopleMessage
from voting.roster import Roster
from voting.state import State

LIST_SECONDS = 1.0
"""Between two changes of the list, and between two looks whether names were erased."""


class People:
    """The people of a room, over all nodes.

    Args:
        state: says whether there are messages, and who stands in no list.
        names: those that were given in earlier sessions.
        fleet: the other nodes; their people are here, too.
    """

    def __init__(self, state: State, names: Names, fleet: Fleet) -> None:
        self._state = state
        self._known = Known(names)
        self._gathering = Gathering(fleet, self._is_on, self._note)
        self._roster = Roster(fleet.node)
        self._touched: dict[str, None] = {}
        self._unlisted: frozenset[str] = frozenset()
        self._attended = ("", 0)
        self._told: dict[Client, str] = {}
        self._frames: dict[str, bytes | None] = {}
        self._framed = ""
        self._pace = Pace()
        self._is_asked = False
        self._wake: Callable[[], None] = lambda: None
        self._renamed: Callable[[], None] = lambda: None

    def start(self, wake: Callable[[], None], renamed: Callable[[], None]) -> None:
        """Begin to tell of changes.

        `wake` lets pages without a socket look for them, `renamed` is called when people who are
        not here may have other names than before.
        """
        self._wake, self._renamed = wake, renamed
        for step in (self.publish, self.remember):
            gevent.spawn(self._keep_on, step)

    # Who is here

    def came(self, client: Client) -> None:
        """Note that a page of a voter is here."""
        self._gathering.came(Seat(client.person, client.name, client.came_at))

    def left(self, client: Client) -> None:
        """Note that a voter's last page here has left."""
        self._gathering.left(client.person)

    def knows(self, person: str) -> bool:
        """Say whether there is, or was, such a person: somebody who can be written to."""
        return person in self._known

    def name_of(self, person: str) -> str:
        """Return a person's name, "" if there is none or it is not known."""
        return self._known.name_of(person)

    # Who is told

    def subscribe(self, client: Client) -> None:
        """Show the list to a page with a socket, and its changes from now on."""
        self._told[client] = ""
        # Who asks again and again is shown it with the next change, or this would be a storm.
        if self._is_on() and self._pace.allows(client.person or client.session, 1):
            self._show(client)

    def unsubscribe(self, client: Client) -> None:
        """Tell a page no more, if it is told."""
        self._told.pop(client, None)

    def message(self, after: str) -> PeopleMessage | None:
        """Return what is new to a page without a socket that was told so far; None if nothing is.

        Whoever then waits is woken when there is.
        """
        if not self._is_on():
            return None
        self._is_asked = True
        return self._roster.since(after)

    def publish(self) -> None:
        """Bring the list up to date, and hand what is new to all who are told."""
        self._bring_up_to_date()
        # Without messages nobody is told, but who came and left must not pile up here meanwhile.
        if not self._is_on():
            return
        for place, client in enumerate(list(self._told), 1):
            if client in self._told:  # it may have left in another's turn
                self._show(client)
            if place % SLICE == 0:
                gevent.sleep(0)

    def remember(self) -> None:
        """Look whether names were erased, and where there are messages, for those of earlier."""
        if self._known.look(self._gathering, reads=self._is_on()):
            self._renamed()

    def _is_on(self) -> bool:
        return self._state.talk.state != "off"

    def _note(self, seats: Iterable[Seat]) -> None:
        for seat in seats:
            self._touched[seat.person] = None
            self._known.learn(seat.person, seat.name, seat.since)

    def _bring_up_to_date(self) -> None:
        touched = self._take_touched()
        if not touched:
            return
        if self._known.left(person for person in touched if person not in self._gathering):
            self._renamed()
        self._roster.update({person: self._listed(person) for person in touched})
        if self._is_asked:
            self._is_asked = False
            self._wake()

    def _take_touched(self) -> dict[str, None]:
        """Return those of whom something may be new since the list was brought up to date."""
        attended = self._state.epoch, self._state.talk.attended
        if attended != self._attended:
            unlisted = frozenset(self._state.talk.unlisted)
            self._touched |= dict.fromkeys(unlisted ^ self._unlisted)
            self._attended, self._unlisted = attended, unlisted
        touched, self._touched = self._touched, {}
        return touched

    def _listed(self, person: str) -> str:
        """Return the name under which a person is listed, "" if not at all."""
        is_listed = person in self._gathering and person not in self._unlisted
        return self._known.name_of(person) if is_listed else ""

    def _show(self, client: Client) -> None:
        """Tell a page what is new to it; one that is not free has its turn a second later."""
        pipe = cast(Connection, client.connection).pipe
        if not pipe.is_free:
            return
        before, self._told[client] = self._told[client], self._roster.mark
        frame = self._frame(before)
        if frame is not None:
            pipe.event(frame)

    def _frame(self, before: str) -> bytes | None:
        """Return what is new since, made once while the list is the same."""
        if self._framed != self._roster.mark:
            self._frames.clear()
            self._framed = self._roster.mark
        if before not in self._frames:
            news = self._roster.since(before)
            self._frames[before] = None if news is None else text_frame(protocol.encode(news))
        return self._frames[before]

    def _keep_on(self, step: Callable[[], None]) -> None:
        while True:
            gevent.sleep(LIST_SECONDS)
            try:
                step()
            except Exception:
                logbook.mistake()
