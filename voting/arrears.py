"""What pages are owed of what was said: those that were not free when it was told.

Owns from where each of them goes on. Queues nothing: what was said is kept once, for all.

Counts are state, of which a slow page needs only the newest. Messages are events: it is told all
that it has missed as soon as it is free, or, where that is more than there is, the newest afresh.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, cast

from voting.client import Client
from voting.connection import Connection
from voting.fanout import SLICE
from voting.frames import text_frame
from voting.pipe import Pipe, Write
from voting.wall import Place


class Feed(Protocol):
    """What was said, as frames' payloads: to everyone, and to one person alone."""

    def here(self) -> Place:
        """Return the place of whoever has been told everything."""

    def is_new(self, place: Place) -> bool:
        """Say whether anything was said since."""

    def wall(self, view: str, place: Place, until: Place | None = None) -> bytes | None:
        """Return what was said to everyone since, as a view is told it; None if nothing was."""

    def heard(self, view: str, place: Place | None) -> bytes:
        """Return the same for a page that asks, be it nothing; without a place, all there is."""

    def direct(self, person: str, place: Place | None, until: Place | None = None) -> bytes | None:
        """Return what was said from and to one person alone, None if nothing was."""

    def addressed(self, place: Place) -> set[str]:
        """Return the persons for whom there is something of that kind since."""


class Arrears:
    """Pages that are owed something; a page that has gone is owed nothing.

    Who is owed what was said to everyone must not be told what was said later, or a page that
    reconnects would go on behind what it has not heard.
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._wall: dict[Client, Place] = {}
        self._direct: dict[Client, Place] = {}

    def __bool__(self) -> bool:
        return bool(self._wall or self._direct)

    @property
    def can_be_paid(self) -> bool:
        """Whether one of those who are owed something is free."""
        return any(pipe_of(client).is_free for client in (*self._wall, *self._direct))

    @property
    def pipes(self) -> set[Write]:
        """Those of pages that are owed what was said to everyone, by what writes to them."""
        return {pipe_of(client).write for client in self._wall}

    def owe(self, client: Client, place: Place) -> None:
        """Note that a page has not been told what was said to everyone since a place."""
        owed = self._wall.get(client, place)
        is_further = place.epoch != owed.epoch or place.version < owed.version
        self._wall[client] = place if is_further else owed

    def owe_direct(self, client: Client, place: Place) -> None:
        """Note that it has not been told what was said from or to it alone."""
        self._direct.setdefault(client, place)

    def forget(self, client: Client) -> None:
        """Owe a page nothing any more."""
        self._wall.pop(client, None)
        self._direct.pop(client, None)

    def pay(self, until: Place) -> Iterator[None]:
        """Tell those who are free what was said to everyone until then; a slice in each step."""
        return self._pay(
            self._wall, lambda client, place: self._feed.wall(client.view, place, until)
        )

    def pay_direct(self, until: Place) -> Iterator[None]:
        """Tell those who are free what was said from and to them alone until then."""
        return self._pay(
            self._direct, lambda client, place: self._feed.direct(client.person, place, until)
        )

    def _pay(
        self, owed: dict[Client, Place], said: Callable[[Client, Place], bytes | None]
    ) -> Iterator[None]:
        for number, client in enumerate(list(owed), 1):
            pipe = pipe_of(client)
            if client in owed and pipe.is_free:  # it may have left in another's turn
                payload = said(client, owed[client])
                del owed[client]
                if payload:
                    pipe.event(text_frame(payload))
            if number % SLICE == 0:
                yield


def pipe_of(client: Client) -> Pipe:
    """Return what a page with a socket is written to by."""
    return cast(Connection, client.connection).pipe
