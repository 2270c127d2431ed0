"""What pages are owed of what was said: those that were not free when it was told.

Owns from where each of them goes on. Queues nothing: what was said is kept once, for all.

Counts are state, of which a slow page needs only the newest. Messages are events: it is told all
that it has missed as soon as it is free, or, where that is more than there is, the newest afresh.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, cast

from voting.client import Client
from voting.connection import Connection
from voting.fanout import SLICE
from voting.frames import text_frame
from voting.wall import Place


class Feed(Protocol):
    """What was said, as frames' payloads: to everyone, and to one person alone."""

    def here(self) -> Place:
        """Return the place of whoever has been told everything."""

    def is_new(self, place: Place) -> bool:
        """Say whether anything was said since."""

    def wall(self, view: str, place: Place) -> bytes | None:
        """Return what was said to everyone since, as a view is told it; None if nothing was."""

    def direct(self, person: str, place: Place | None) -> bytes | None:
        """Return what was said from and to one person alone, None if nothing was."""

    def addressed(self, place: Place) -> set[str]:
        """Return the persons for whom there is something of that kind since."""


class Arrears:
    """Pages that are owed something; a page that has gone is owed nothing."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._wall: dict[Client, Place] = {}
        self._direct: dict[Client, Place] = {}

    def __bool__(self) -> bool:
        return bool(self._wall or self._direct)

    def owe(self, client: Client, place: Place) -> None:
        """Note that a page has not been told what was said to everyone since a place."""
        self._wall.setdefault(client, place)

    def owe_direct(self, client: Client, place: Place) -> None:
        """Note that it has not been told what was said from or to it alone."""
        self._direct.setdefault(client, place)

    def forget(self, client: Client) -> None:
        """Owe a page nothing any more."""
        self._wall.pop(client, None)
        self._direct.pop(client, None)

    def pay(self) -> Iterator[None]:
        """Tell those who are free what they are owed, a slice of them in each step."""
        told = 0
        for owed in (self._wall, self._direct):
            for client in list(owed):
                pipe = cast(Connection, client.connection).pipe
                if client not in owed or not pipe.is_free:
                    continue
                place = owed.pop(client)
                if owed is self._direct:
                    payload = self._feed.direct(client.person, place)
                else:
                    payload = self._feed.wall(client.view, place)
                if payload:
                    pipe.event(text_frame(payload))
                told += 1
                if told % SLICE == 0:
                    yield
