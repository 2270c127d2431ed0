"""Who is connected, and the tick that shows everyone the newest state.

Owns the room's clients. Never knows what a state holds: it is handed an `Encode`.

Counts are state, not events: a change marks the state dirty, and the next tick encodes it once per
view and gives every client of that view the same bytes. The work is clients × ticks, never clients
× votes. The first change after a silence goes out at once; then ticks keep their distance.
"""

from __future__ import annotations

import random
import sys
import traceback
from collections.abc import Callable, Set
from typing import Any, Literal, cast

import gevent
from gevent.event import Event

from voting.connection import Connection
from voting.pipe import text_frame

Kind = Literal["state", "tally"]
Encode = Callable[[Kind, str, Set[str]], bytes]
"""Encodes the state now: (kind, view, voters present) → what every client of the view gets."""

SWEEP_SECONDS = 1.0
"""Between two looks for clients that are gone."""

DRAIN_BATCH = 100
"""Clients that are sent away in one turn: they come back in waves, not as one."""

DRAIN_SECONDS = 3.0
"""How long the clients may take to leave when the server stops."""


class Client:
    """One connected page: its socket, its view, and the voter or the admin's session behind it.

    `needs_state` asks the next tick for a whole state, because the view has changed.
    """

    __slots__ = ("connection", "name", "needs_state", "session", "unanswered", "view", "voter")

    def __init__(
        self,
        connection: Connection,
        view: str,
        *,
        voter: str | None = None,
        name: str = "",
        session: str = "",
    ) -> None:
        self.connection = connection
        self.view = view
        self.voter = voter
        self.name = name
        self.session = session
        self.unanswered = 0
        self.needs_state = False


class Hub:
    """All clients of this process.

    Args:
        encode: makes a view's payload.
        tick_seconds: the least time between two ticks.
        ping_seconds: silence after which a client is asked whether it lives.
        deadline_seconds: how long a client may take none of what waits for it.
    """

    def __init__(
        self, encode: Encode, *, tick_seconds: float, ping_seconds: float, deadline_seconds: float
    ) -> None:
        self._encode = encode
        self._tick_seconds = tick_seconds
        self._ping_seconds = ping_seconds
        self._deadline_seconds = deadline_seconds
        self._clients: set[Client] = set()
        self._voters: dict[str, set[Client]] = {}
        self._dirty = Event()
        self._state_changed = False
        self._greenlets: list[gevent.Greenlet[[], None]] = []

    @property
    def present(self) -> Set[str]:
        """The voters who have a page open; two tabs are one voter."""
        return self._voters.keys()

    def __len__(self) -> int:
        return len(self._clients)

    def start(self) -> None:
        """Begin to tick."""
        self._greenlets = [gevent.spawn(self._tick_for_ever), gevent.spawn(self._sweep_for_ever)]

    def join(self, client: Client) -> None:
        """Take a client in and show it the state as of this moment."""
        self._clients.add(client)
        if client.voter is not None:
            self._voters.setdefault(client.voter, set()).add(client)
            self.mark()
        client.connection.show(
            text_frame(self._encode("state", client.view, self.present)), whole=True
        )

    def leave(self, client: Client) -> None:
        """Forget a client."""
        self._clients.discard(client)
        if client.voter is None:
            return
        tabs = self._voters.get(client.voter, set())
        tabs.discard(client)
        if not tabs:
            self._voters.pop(client.voter, None)
        self.mark()

    def of_voter(self, voter: str) -> list[Client]:
        """Return the pages that a voter has open."""
        return list(self._voters.get(voter, ()))

    def of_session(self, session: str) -> list[Client]:
        """Return the pages that belong to an admin's session."""
        return [client for client in self._clients if session and client.session == session]

    def voters(self) -> list[Client]:
        """Return every voter's page."""
        return [client for tabs in self._voters.values() for client in tabs]

    def mark(self, *, state: bool = False) -> None:
        """Say that something changed: the numbers, or with `state` anything else too."""
        self._state_changed |= state
        self._dirty.set()

    def tick(self) -> None:
        """Show every client what is true now, encoding each view once."""
        state_changed, self._state_changed = self._state_changed, False
        frames: dict[tuple[Kind, str], bytes] = {}
        for client in list(self._clients):
            connection = client.connection
            whole = state_changed or client.needs_state or connection.owes_state
            client.needs_state = False
            key: tuple[Kind, str] = ("state" if whole else "tally", client.view)
            frame = frames.get(key)
            if frame is None:
                frame = frames[key] = text_frame(self._encode(*key, self.present))
            connection.show(frame, whole=whole)

    def _tick_for_ever(self) -> None:
        while True:
            self._dirty.wait()
            self._dirty.clear()
            try:
                self.tick()
            except Exception:
                # Without its next turn the room would stand still for good.
                traceback.print_exc(file=sys.stderr)
                self.mark(state=True)
            gevent.sleep(self._tick_seconds)

    def _sweep_for_ever(self) -> None:
        while True:
            gevent.sleep(SWEEP_SECONDS)
            try:
                self.sweep()
            except Exception:
                traceback.print_exc(file=sys.stderr)

    def sweep(self) -> None:
        """Ping who is silent, cut who is gone or does not read."""
        for client in list(self._clients):
            client.connection.check(
                ping_seconds=self._ping_seconds, deadline_seconds=self._deadline_seconds
            )

    def close(self, code: int, reason: str) -> None:
        """Ask every client to go, in random order, and wait until they have."""
        gevent.killall(self._greenlets)
        with gevent.Timeout(DRAIN_SECONDS, cast(Any, False)):
            while self._clients:
                clients = list(self._clients)
                for client in random.sample(clients, min(DRAIN_BATCH, len(clients))):
                    client.connection.close(code, reason)
                gevent.sleep(0.01)
