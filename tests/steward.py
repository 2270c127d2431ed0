"""An admin who leads a room over HTTP: looks at it, presses buttons, lets people vote.

Owns no page and no test.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from typing import Any

from tests.phones import Browser, Phone, phone
from tests.serving import Server


class Steward:
    """Knows the room as the server tells it to admins."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.browser = Browser(server).become_admin()

    def look(self) -> dict[str, Any]:
        """Return what an admin sees now."""
        desk = Phone(self.browser, "admin")
        with closing(desk):
            return desk.until(type="state")

    def steer(self, action: str, **more: object) -> dict[str, Any]:
        """Press an admin's button, having looked; return what is then to be seen."""
        answer = self.browser.steer(action, self.look(), **more)
        assert answer.status == 200, answer.text
        return self.look()

    def fill(self, counts: Iterable[int]) -> list[Phone]:
        """Let so many people vote for each candidate in order; they stay until they are closed."""
        crowd: list[Phone] = []
        for place, count in enumerate(counts):
            for _ in range(count):
                voter = phone(self._server)
                voter.vote(voter.state["poll"]["candidates"][place]["id"])
                voter.until(type="receipt")
                crowd.append(voter)
        return crowd

    @property
    def cookies(self) -> list[Any]:
        """Return this admin's login as a browser takes it."""
        return [
            {"name": name, "value": value, "url": self._server.url}
            for name, value in self.browser.cookies.items()
        ]
