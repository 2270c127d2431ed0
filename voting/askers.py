"""Pages without a socket, by the names of their lines: which of them asks now.

Owns the names, and where such a page is here. It may ask another node with each question; the node
that named its line counts it, and is told of it by the others, to whom it is a guest. Never answers
a question.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from time import monotonic
from typing import cast

from voting import protocol
from voting.client import Client
from voting.fleet import Fleet
from voting.live import Live
from voting.visitors import NoRoom, Page, Visitors
from voting.waiting import AWAY_SECONDS, Poller

TELL_SECONDS = AWAY_SECONDS / 3
"""How often a guest's own node hears that the page still asks."""

MOST_TURNED_AWAY = 10_000
"""Pages that were turned away between two questions, and are told so at the next."""


class TurnedAway(Exception):
    """There are too many pages, and this was the oldest."""


class Askers:
    """The pages that ask this node again and again."""

    def __init__(self, live: Live, visitors: Visitors, fleet: Fleet) -> None:
        self._live = live
        self._visitors = visitors
        self._fleet = fleet
        self._lines: dict[str, Client] = {}
        self._turned_away: dict[str, None] = {}
        self._told_at = monotonic()
        fleet.hear("line_asks", self._hear_of)
        fleet.hear("line_unknown", self._hear_nobody_knows)
        fleet.hear("line_turned_away", self._hear_turned_away)
        fleet.watch(self._look)

    def who(
        self, line: str, page: Page, tab: str, held: Mapping[str, object], address: str
    ) -> Client:
        """Return who asks: the page of this line, if it is this visitor's, else a new one.

        Raises:
            NotLoggedIn, NoRoom, TurnedAway: nobody who is answered.
        """
        if line in self._turned_away:
            # Taken for a new page, it would push out the next one.
            del self._turned_away[line]
            raise TurnedAway
        known = self._lines.get(line)
        if known is not None and self._visitors.is_still(known, page, held):
            if known.is_guest and not self._is_elsewhere(line):
                self._settle(known)
            return known
        is_guest = known is None and page == "voter" and self._is_elsewhere(line)
        name = line if is_guest else self._new_name()
        poller = Poller(name, lambda: self.forget(poller))
        client = self._visitors.client(poller, page, tab, held, address, is_guest=is_guest)
        self._lines[name] = client
        self._live.welcome(client)
        return client

    def forget(self, poller: Poller) -> None:
        """Forget a page, if it is here."""
        client = self._lines.pop(poller.name, None)
        if client is None:
            return
        if poller.ended == protocol.ABUSE and not poller.is_waiting:
            self._turn_away(poller.name)
            if not client.is_guest:
                self._fleet.tell("line_turned_away", poller.name)
        self._live.leave(client)

    def _new_name(self) -> str:
        return f"{self._fleet.node}-{secrets.token_urlsafe(6)}"

    def _is_elsewhere(self, line: str) -> bool:
        return line.partition("-")[0] in self._fleet.nodes[1:]

    def _settle(self, guest: Client) -> None:
        """Let a guest be here, where no other node counts it any more.

        Raises:
            NoRoom: its address has too many pages; it stays a guest, and of those there is an end.
        """
        self._visitors.expect_room(guest.address)
        poller = cast(Poller, guest.connection)
        del self._lines[poller.name]
        self._live.leave(guest)
        guest.is_guest = False
        poller.name = self._new_name()
        self._lines[poller.name] = guest
        self._live.welcome(guest)

    def _turn_away(self, line: str) -> None:
        self._turned_away[line] = None
        if len(self._turned_away) > MOST_TURNED_AWAY:
            del self._turned_away[next(iter(self._turned_away))]

    def _look(self) -> None:
        """Tell other nodes of their pages that ask here, and take those in whose node is gone."""
        now = monotonic()
        if now - self._told_at < TELL_SECONDS:
            return
        before, self._told_at = self._told_at, now
        for line, client in list(self._lines.items()):
            poller = cast(Poller, client.connection)
            if client.is_guest and (poller.is_waiting or poller.heard_at >= before):
                if self._is_elsewhere(line):
                    self._fleet.tell("line_asks", line)
                elif poller.is_waiting:
                    with suppress(NoRoom):
                        self._settle(client)

    def _hear_of(self, line: str) -> None:
        known = self._lines.get(line)
        if known is not None and not known.is_guest:
            cast(Poller, known.connection).heard()
        elif line.partition("-")[0] == self._fleet.node:
            self._fleet.tell("line_unknown", line)

    def _hear_nobody_knows(self, line: str) -> None:
        known = self._lines.get(line)
        if known is not None and known.is_guest:
            with suppress(NoRoom):
                self._settle(known)

    def _hear_turned_away(self, line: str) -> None:
        guest = self._lines.get(line)
        if guest is not None:
            guest.connection.close(protocol.ABUSE, "more pages than one voter may have open")
        else:
            self._turn_away(line)
