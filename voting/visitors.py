"""Whose page it is that connects, how many pages one visitor may have, and whose time is up.

Owns who is admitted, by session, code and number. What a page is then shown and told is `live`'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from voting import identity, protocol
from voting.client import Client, Line
from voting.config import Limits
from voting.elsewhere import Elsewhere, by_tab
from voting.fleet import Fleet
from voting.gate import Gate
from voting.hub import Hub
from voting.logbook import note_rarely
from voting.protocol import View

Page = Literal["voter", "screen", "admin"]
"""Who connects; what a voter's page is shown depends on whether it has voted (`View`)."""

PAGES: tuple[Page, ...] = get_args(Page)

TAB = re.compile(r"[A-Za-z0-9_-]{1,40}")

MOST_LINES = 3
"""Of one tab: the one it has, one that it tries, and one that is dead and not known to be."""

WAITING: View = "waiting"
"""The view of a voter's page, until `live` has looked whether the voter has voted."""


LEFT = "voter_left"
"""The notice to other nodes that a voter has logged out."""


class NotLoggedIn(Exception):
    """The page is for somebody who has logged in."""


class NoRoom(Exception):
    """An address has as many pages connected as it may have."""


class Visitors:
    """Who is behind the pages of a hub.

    Args:
        hub: knows which pages are connected.
        admin: knows the admins' sessions.
        gate: says which voters may come in.
        limits: how many pages there may be.
        fleet: the other nodes; a visitor's pages there count, too.
    """

    def __init__(
        self, hub: Hub, admin: identity.Admin, gate: Gate, limits: Limits, fleet: Fleet
    ) -> None:
        self._hub = hub
        self._admin = admin
        self._gate = gate
        self._limits = limits
        self._fleet = fleet
        self._elsewhere = Elsewhere(fleet, hub, limits)
        fleet.hear(LEFT, self._sign_out_here)
        fleet.watch(self._turn_excess_away)

    def who(self, held: Mapping[str, object]) -> tuple[str, str] | None:
        """Return the (uuid, name) of the voter whose session holds this, or None: log in first."""
        who = identity.logged_in(held)
        return who if who and self._gate.admits_by_now(who[0]) else None

    def sign_out(self, voter: str) -> None:
        """End a voter's open sockets on all nodes, because the session behind them has ended."""
        self._sign_out_here(voter)
        self._fleet.tell(LEFT, voter)

    def _sign_out_here(self, voter: str) -> None:
        self._dismiss(self._hub.of_voter(voter))

    def sign_out_admin(self, session: str) -> None:
        """End the sockets of one admin's session."""
        self._dismiss(self._hub.of_session(session))

    def sign_out_stale_admins(self) -> None:
        """End the sockets of admins who left on another node, or whose password is another."""
        for session in self._hub.sessions():
            if not self._admin.is_good(session):
                self.sign_out_admin(session)

    def sign_out_turned_away(self) -> None:
        """End the pages of voters who may not be here any more: a rehearsal's codes end with it."""
        self._dismiss(c for c in self._hub.everyone() if c.voter and not self._gate.admits(c.voter))

    def _dismiss(self, clients: Iterable[Client]) -> None:
        for client in clients:
            client.connection.close(protocol.NOT_LOGGED_IN, "logged out")

    def client(
        self,
        line: Line,
        page: Page,
        tab: str,
        held: Mapping[str, object],
        address: str,
        *,
        is_guest: bool = False,
    ) -> Client:
        """Return who connects by a line from an address, with a session that holds this.

        `tab` is what the page calls itself, as it came. A guest is here with another node.

        Raises:
            NotLoggedIn: the page needs a login that is not there.
            NoRoom: the address has too many pages.
        """
        client = self._client(line, page, held, address)
        if client is None:
            raise NotLoggedIn
        client.is_guest = is_guest
        self.expect_room(address, guests=is_guest)
        client.tab = tab if TAB.fullmatch(tab) else ""
        return client

    def expect_room(self, address: str, *, guests: bool = False) -> None:
        """See that one more page from an address may be here, or be a guest.

        Raises:
            NoRoom: the address has too many pages.
        """
        there = self._hub.of_address(address, guests=guests)
        if not guests:
            there += self._elsewhere.of_address(address)
        if there >= self._limits.sockets_per_address:
            note_rarely("too_many", address)
            raise NoRoom

    def is_still(self, client: Client, page: Page, held: Mapping[str, object]) -> bool:
        """Say whether a page belongs to the visitor whose session holds this.

        Raises:
            NotLoggedIn: the login that the page needs is not there any more.
        """
        now = self._client(client.connection, page, held, client.address)
        if now is None:
            raise NotLoggedIn
        client.name = now.name
        return (client.voter, client.session) == (now.voter, now.session)

    def _client(
        self, line: Line, page: Page, held: Mapping[str, object], address: str
    ) -> Client | None:
        if page == "voter":
            who = self.who(held)
            if who is None:
                return None
            return Client(line, WAITING, voter=who[0], name=who[1], address=address)
        if page == "admin":
            session = self._admin.session_in(held)
            return Client(line, page, session=session, address=address) if session else None
        return Client(line, page, address=address)

    def make_room_for(self, client: Client) -> None:
        """Turn the oldest of a voter's pages away where there are too many with this one.

        On bad Wi-Fi they are lines that are dead and not known to be, and the newest page is the
        one that somebody looks at.
        """
        if client.voter is None:
            return
        lines = self._hub.of_voter(client.voter)
        others = by_tab(line for line in lines if line.is_guest == client.is_guest)
        own = others.pop(client.tab, [])
        excess = own[: max(0, len(own) + 1 - MOST_LINES)]
        for tab in list(others)[: max(0, len(others) + 1 - self._limits.sockets_per_voter)]:
            excess += others[tab]
        self._turn_all_away(excess)

    def _turn_excess_away(self) -> None:
        self._turn_all_away(self._elsewhere.excess())

    def _turn_all_away(self, excess: Iterable[Client]) -> None:
        for client in excess:
            self.turn_away(client.connection, "more pages than one voter may have open")

    def turn_away(self, line: Line, reason: str) -> None:
        """Say that there are too many pages, and end this one."""
        line.tell(protocol.encode(protocol.Refused(None, "too_many", reason)))
        line.close(protocol.ABUSE, reason)
