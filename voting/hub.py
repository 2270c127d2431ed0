"""Who is connected, from joining to leaving.

Owns the clients of this process, in three audiences: the voters' phones; the screens and admins,
whose ticks do not wait for thousands of phones; and pages without a socket, which are answered when
there is time. What they are shown is the audience's. Guests, who are here with another node, are
shown what there is and counted nowhere.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from time import monotonic
from typing import Any, NamedTuple, cast

import gevent

from voting import logbook
from voting.arrears import Feed
from voting.audience import Audience, Encode
from voting.client import Client
from voting.histogram import Histogram
from voting.turnout import Turnout
from voting.waiting import Waiting
from voting.wall import Place

PHONES_SHARE = 0.4
SCREENS_SHARE = 0.1
"""How much of one core may go into ticks: a half in all. The votes have the rest."""

POLLS_SHARE = 0.85
"""How busy the process may be, on average, between two ticks for pages without a socket."""

SWEEP_SECONDS = 2.0
"""At most between two looks for clients that are gone, and ticks that tell phones of arrivals."""

DRAIN_BATCH = 100
"""Clients that are sent away in one turn: they come back in waves, not as one."""

DRAIN_PAUSE = 0.02
"""Seconds between two such turns, on average."""

DRAIN_SECONDS = 4.0
"""How long the clients may take to leave when the server stops."""


class Lines(NamedTuple):
    """The lines of one moment: pages of voters; screens and desks; phones for which something has
    waited for a while; pages cut since the start because they took nothing; pages of all kinds that
    have no socket, and ask again and again."""

    phones: int
    screens: int
    slow: int
    cut: int
    asking: int


class Hub:
    """All clients of this process; `joined` is how many there have been.

    Args:
        encode: makes a view's payload.
        feed: what is said.
        turnout: is told which voters are present.
        tick_seconds: the least time between two ticks.
        ping_seconds: silence after which a client is asked whether it lives.
        deadline_seconds: how long a client may take none of what waits for it.
    """

    def __init__(
        self,
        encode: Encode,
        feed: Feed,
        turnout: Turnout,
        *,
        tick_seconds: float,
        ping_seconds: float,
        deadline_seconds: float,
    ) -> None:
        self._turnout = turnout
        self._ping_seconds = ping_seconds
        self._deadline_seconds = deadline_seconds
        told = (encode, feed, self.of_person)
        self._phones = Audience(*told, tick_seconds=tick_seconds, share=PHONES_SHARE)
        self._screens = Audience(*told, tick_seconds=tick_seconds, share=SCREENS_SHARE)
        self._asking = Waiting(tick_seconds=tick_seconds, share=POLLS_SHARE)
        self.is_closing = False
        self.joined = self._cut = 0
        self._voters: dict[str, dict[Client, None]] = {}
        self._voter_of: dict[str, str] = {}
        self._addresses: Counter[tuple[str, bool]] = Counter()
        self._presence_changed = False
        self._greenlets: list[gevent.Greenlet[[], None]] = []

    def __len__(self) -> int:
        return sum(len(audience.clients) for audience in self._audiences)

    @property
    def _audiences(self) -> tuple[Audience, Audience, Waiting]:
        return self._screens, self._phones, self._asking

    @property
    def is_quiet(self) -> bool:
        """Whether nobody has been shown anything for a while."""
        return all(audience.is_quiet for audience in self._audiences)

    @property
    def cpu_seconds(self) -> float:
        """What all ticks have cost, in seconds of processor."""
        return sum(audience.cpu_seconds for audience in self._audiences)

    @property
    def durations(self) -> dict[str, Histogram]:
        """How long the ticks of each audience took."""
        return {
            "phones": self._phones.durations,
            "screens": self._screens.durations,
            "asking": self._asking.durations,
        }

    @property
    def frames(self) -> int:
        """How many frames of ticks the kernel has taken."""
        return self._phones.frames + self._screens.frames

    def lines(self) -> Lines:
        """Return how the lines to all pages are now."""
        now = monotonic()
        asking = [client for client in self._asking.clients if not client.is_guest]
        voters = sum(client.voter is not None for client in asking)
        return Lines(
            phones=len(self._phones.clients) + voters,
            screens=len(self._screens.clients) + len(asking) - voters,
            slow=sum(client.connection.is_slow(now) for client in self._phones.clients),
            cut=self._cut,
            asking=len(asking),
        )

    def start(self) -> None:
        """Begin to tick."""
        ways = (audience.run for audience in self._audiences)
        self._greenlets = [gevent.spawn(way) for way in (*ways, self._sweep_for_ever)]

    def join(self, client: Client) -> None:
        """Take a client in and show it the state as of this moment."""
        self._audience(client).add(client)
        self._addresses[client.address, client.is_guest] += 1
        self.joined += 1
        if client.voter is not None:
            was_here = self.is_here(client.voter)
            self._voters.setdefault(client.voter, {})[client] = None
            self._voter_of[client.person] = client.voter
            if not was_here and not client.is_guest:
                self._turnout.came(client.voter)
                self.tell_of_presence()
        self._audience(client).welcome(client)

    def leave(self, client: Client) -> None:
        """Forget a client, if it is here."""
        if client not in self._audience(client).clients:
            return
        self._audience(client).remove(client)
        seat = client.address, client.is_guest
        self._addresses[seat] -= 1
        if not self._addresses[seat]:
            del self._addresses[seat]
        if client.voter is None:
            return
        tabs = self._voters[client.voter]
        del tabs[client]
        if not tabs:
            del self._voters[client.voter], self._voter_of[client.person]
        if not client.is_guest and not self.is_here(client.voter):
            self._turnout.left(client.voter)
            self.tell_of_presence()

    def move(self, client: Client, view: str, *, needs_state: bool) -> None:
        """Show a client another view, and where that is more than numbers, first a whole state."""
        self._audience(client).move(client, view, needs_state=needs_state)

    def is_here(self, voter: str) -> bool:
        """Say whether a voter is here with this node: a guest is with another one."""
        return any(not client.is_guest for client in self._voters.get(voter, ()))

    def tell_of_presence(self) -> None:
        """Let the screens count at once who comes and goes, and the phones when there is time.

        Else two thousand phones that arrive within seconds would all be told of each other.
        """
        self._screens.mark()
        self._presence_changed = True

    def _audience(self, client: Client) -> Audience | Waiting:
        if client.connection.transport != "websocket":
            return self._asking
        return self._screens if client.voter is None else self._phones

    def everyone(self) -> list[Client]:
        """Return every page."""
        return [client for audience in self._audiences for client in audience.clients]

    def of_voter(self, voter: str) -> list[Client]:
        """Return the pages that a voter has open, in the order in which they came."""
        return list(self._voters.get(voter, ()))

    def voters(self) -> list[str]:
        """Return who has a page open that is here with this node."""
        return [voter for voter in self._voters if self.is_here(voter)]

    def of_person(self, person: str) -> list[Client]:
        """Return the same by what the voter is called in messages."""
        return self.of_voter(self._voter_of.get(person, ""))

    def of_session(self, session: str) -> list[Client]:
        """Return the pages that belong to an admin's session."""
        return [c for c in self._admins() if c.session == session]

    def sessions(self) -> set[str]:
        """Return the admins' sessions that have a page open."""
        return {client.session for client in self._admins()}

    def _admins(self) -> list[Client]:
        return [c for c in (*self._screens.clients, *self._asking.clients) if c.session]

    def phones(self) -> list[Client]:
        """Return every voter's page that has a socket."""
        return list(self._phones.clients)

    def of_address(self, address: str, *, guests: bool = False) -> int:
        """Return how many pages are connected from an address: those that are here, or guests."""
        return self._addresses[address, guests]

    def addresses(self) -> Iterator[tuple[str, int]]:
        """Yield each address, and how many pages are here from it."""
        return ((address, n) for (address, is_guest), n in self._addresses.items() if not is_guest)

    def crowds(self, least: int) -> Iterator[tuple[int, str]]:
        """Yield how many pages a voter has open, where it is so many or more, and the voter."""
        return ((len(tabs), voter) for voter, tabs in self._voters.items() if len(tabs) >= least)

    def mark(self, *, state: bool = False) -> None:
        """Say that something changed: the numbers, or with `state` anything else too."""
        for audience in self._audiences:
            audience.mark(state=state)

    def hear(self, client: Client, place: Place | None) -> None:
        """Tell a page what was said to everyone since a place, or, without one, all of it."""
        self._audience(client).hear(client, place)

    def mark_said(self) -> None:
        """Say that something was said."""
        for audience in self._audiences:
            audience.mark_said()

    def mark_screens(self) -> None:
        """Say that something changed which only screens and desks are shown."""
        self._screens.mark(state=True)
        self._asking.mark()

    def mark_asking(self) -> None:
        """Say that a page without a socket asks for what is new already."""
        self._asking.mark()

    def _sweep_for_ever(self) -> None:
        while True:
            # A silence must be seen before it is twice as long.
            gevent.sleep(min(SWEEP_SECONDS, self._ping_seconds / 2))
            try:
                self.sweep()
            except Exception:
                logbook.mistake()

    def sweep(self) -> None:
        """Ping who is silent, cut who is gone or does not read, and tell who came and went."""
        now = monotonic()
        for client in self.everyone():
            if client.connection.check(
                now, ping_seconds=self._ping_seconds, deadline_seconds=self._deadline_seconds
            ):
                self._cut += 1
                logbook.note_rarely("cut", client.address, view=client.view)
        if self._presence_changed:
            self._presence_changed = False
            self._phones.mark()
            self._asking.mark()

    def close(self, code: int, reason: str) -> None:
        """Ask every client to go, in random order and in waves, and wait until they have."""
        self.is_closing = True
        gevent.killall(self._greenlets)
        told: set[Client] = set()
        with gevent.Timeout(DRAIN_SECONDS, cast(Any, False)):
            while clients := self.everyone():
                untold = [client for client in clients if client not in told]
                for client in random.sample(untold, min(DRAIN_BATCH, len(untold))):
                    client.connection.close(code, reason)
                    told.add(client)
                gevent.sleep(random.uniform(0, 2 * DRAIN_PAUSE))  # noqa: S311 - jitter, no secret
