"""Who is connected, from joining to leaving.

Owns the clients of this process, in two audiences: the voters' phones, and the screens and admins,
whose ticks do not wait for thousands of phones. What they are shown is the audience's.
"""

from __future__ import annotations

import random
import sys
import traceback
from time import monotonic
from typing import Any, NamedTuple, cast

import gevent

from voting.audience import Audience, Client, Encode
from voting.frames import text_frame
from voting.turnout import Turnout

PHONES_SHARE = 0.4
SCREENS_SHARE = 0.1
"""How much of one core may go into ticks: a half in all. The votes have the rest."""

SWEEP_SECONDS = 2.0
"""At most between two looks for clients that are gone, and ticks that tell phones of arrivals."""

DRAIN_BATCH = 100
"""Clients that are sent away in one turn: they come back in waves, not as one."""

DRAIN_SECONDS = 3.0
"""How long the clients may take to leave when the server stops."""


class Lines(NamedTuple):
    """The lines of one moment: pages of voters; screens and desks; phones for which something has
    waited for a while; pages cut since the start because they took nothing."""

    phones: int
    screens: int
    slow: int
    cut: int


class Hub:
    """All clients of this process.

    Args:
        encode: makes a view's payload.
        turnout: is told which voters are present.
        tick_seconds: the least time between two ticks.
        ping_seconds: silence after which a client is asked whether it lives.
        deadline_seconds: how long a client may take none of what waits for it.
    """

    def __init__(
        self,
        encode: Encode,
        turnout: Turnout,
        *,
        tick_seconds: float,
        ping_seconds: float,
        deadline_seconds: float,
    ) -> None:
        self._encode = encode
        self._turnout = turnout
        self._ping_seconds = ping_seconds
        self._deadline_seconds = deadline_seconds
        self._phones = Audience(encode, tick_seconds=tick_seconds, share=PHONES_SHARE)
        self._screens = Audience(encode, tick_seconds=tick_seconds, share=SCREENS_SHARE)
        self._cut = 0
        self._voters: dict[str, set[Client]] = {}
        self._presence_changed = False
        self._greenlets: list[gevent.Greenlet[[], None]] = []

    def __len__(self) -> int:
        return len(self._phones.clients) + len(self._screens.clients)

    @property
    def is_quiet(self) -> bool:
        """Whether nobody has been shown anything for a while."""
        return self._phones.is_quiet and self._screens.is_quiet

    @property
    def cpu_seconds(self) -> float:
        """What all ticks have cost, in seconds of processor."""
        return self._phones.cpu_seconds + self._screens.cpu_seconds

    def lines(self) -> Lines:
        """Return how the lines to all pages are now."""
        now = monotonic()
        return Lines(
            phones=len(self._phones.clients),
            screens=len(self._screens.clients),
            slow=sum(client.connection.is_slow(now) for client in self._phones.clients),
            cut=self._cut,
        )

    def start(self) -> None:
        """Begin to tick."""
        ways = (self._phones.run, self._screens.run, self._sweep_for_ever)
        self._greenlets = [gevent.spawn(way) for way in ways]

    def join(self, client: Client) -> None:
        """Take a client in and show it the state as of this moment."""
        self._audience(client).add(client)
        if client.voter is not None:
            tabs = self._voters.setdefault(client.voter, set())
            if not tabs:
                self._turnout.came(client.voter)
                self._tell_of_presence()
            tabs.add(client)
        client.connection.show(text_frame(self._encode("state", client.view)), whole=True)

    def leave(self, client: Client) -> None:
        """Forget a client."""
        self._audience(client).remove(client)
        tabs = self._voters.get(client.voter or "", set())
        if client not in tabs:
            return
        tabs.remove(client)
        if not tabs and client.voter is not None:
            del self._voters[client.voter]
            self._turnout.left(client.voter)
            self._tell_of_presence()

    def move(self, client: Client, view: str, *, needs_state: bool) -> None:
        """Show a client another view, and where that is more than numbers, first a whole state."""
        self._audience(client).move(client, view, needs_state=needs_state)

    def _tell_of_presence(self) -> None:
        """Let the screens count at once who comes and goes, and the phones when there is time.

        Else two thousand phones that arrive within seconds would all be told of each other.
        """
        self._screens.mark()
        self._presence_changed = True

    def _audience(self, client: Client) -> Audience:
        return self._screens if client.voter is None else self._phones

    def _everyone(self) -> list[Client]:
        return [*self._screens.clients, *self._phones.clients]

    def of_voter(self, voter: str) -> list[Client]:
        """Return the pages that a voter has open."""
        return list(self._voters.get(voter, ()))

    def of_session(self, session: str) -> list[Client]:
        """Return the pages that belong to an admin's session."""
        return [c for c in self._screens.clients if session and c.session == session]

    def voters(self) -> list[Client]:
        """Return every voter's page."""
        return list(self._phones.clients)

    def mark(self, *, state: bool = False) -> None:
        """Say that something changed: the numbers, or with `state` anything else too."""
        self._screens.mark(state=state)
        self._phones.mark(state=state)

    def mark_screens(self) -> None:
        """Say that something changed which only screens and desks are shown."""
        self._screens.mark(state=True)

    def _sweep_for_ever(self) -> None:
        while True:
            # A silence must be seen before it is twice as long.
            gevent.sleep(min(SWEEP_SECONDS, self._ping_seconds / 2))
            try:
                self.sweep()
            except Exception:
                traceback.print_exc(file=sys.stderr)

    def sweep(self) -> None:
        """Ping who is silent, cut who is gone or does not read, and tell who came and went."""
        now = monotonic()
        for client in self._everyone():
            self._cut += client.connection.check(
                now, ping_seconds=self._ping_seconds, deadline_seconds=self._deadline_seconds
            )
        if self._presence_changed:
            self._presence_changed = False
            self._phones.mark()

    def close(self, code: int, reason: str) -> None:
        """Ask every client to go, in random order, and wait until they have."""
        gevent.killall(self._greenlets)
        with gevent.Timeout(DRAIN_SECONDS, cast(Any, False)):
            while clients := self._everyone():
                for client in random.sample(clients, min(DRAIN_BATCH, len(clients))):
                    client.connection.close(code, reason)
                gevent.sleep(0.01)
