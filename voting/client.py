"""One connected page, whatever way its messages take.

Owns what the rest of the server knows of it. `Line` is the one face of the three transports: what a
client's connection can be asked, be it a WebSocket or a page that asks again and again.
"""

from __future__ import annotations

from time import time
from typing import Protocol

from voting.config import Transport
from voting.speech import person_of


class Line(Protocol):
    """A way to one page."""

    @property
    def transport(self) -> Transport:
        """By what way messages travel."""

    def tell(self, payload: bytes) -> None:
        """Send one message that must arrive, ahead of any snapshot."""

    def close(self, code: int, reason: str) -> None:
        """Ask the page to go, with one of the protocol's close codes."""

    def is_slow(self, now: float) -> bool:
        """Say whether the page has taken nothing for a while of what waits for it."""

    def check(self, now: float, *, ping_seconds: float, deadline_seconds: float) -> bool:
        """End a line that is silent or takes nothing; say whether it was cut for the latter."""


class Client:
    """One connected page: its line, its view, and the voter or the admin's session behind it.

    `person` is what the voter is called in messages, "" for screens and desks. `tab` is what the
    page calls itself, "" if it does not: on its way from one line to another it has two. A page
    without a socket may ask another node each time: it is here with one of them, and to the others
    a guest. `came_at` is by the computer's clock, so that all nodes agree which of two pages is
    older.
    """

    __slots__ = (
        "address",
        "came_at",
        "connection",
        "is_guest",
        "name",
        "person",
        "session",
        "tab",
        "unanswered",
        "view",
        "voter",
    )

    def __init__(
        self,
        connection: Line,
        view: str,
        *,
        voter: str | None = None,
        name: str = "",
        session: str = "",
        address: str = "",
        tab: str = "",
    ) -> None:
        self.connection = connection
        self.view = view
        self.voter = voter
        self.person = person_of(voter) if voter else ""
        self.name = name
        self.session = session
        self.address = address
        self.tab = tab
        self.came_at = time()
        self.is_guest = False
        self.unanswered = 0
