"""An admin's desk in a storm: it presses what a plan says, and leaves no round closed for long."""

from __future__ import annotations

import csv
import http.client
from collections import Counter
from contextlib import closing, suppress
from random import Random
from typing import Any

from tests.phones import Browser, Closed, Phone
from tests.serving import Server


class Desk:
    """An admin, who always looks before pressing.

    `pressed` counts the buttons, `done` those of them that the server said were done.
    """

    def __init__(self, server: Server, seed: str) -> None:
        self.pressed = 0
        self.done = 0
        self._browser = Browser(server).become_admin()
        self._random = Random(f"{seed} desk")

    def go_to(self, server: Server) -> None:
        """Go on at another server of the room."""
        self._browser.server = server

    def look(self) -> dict[str, Any]:
        page = Phone(self._browser, "admin")
        with closing(page):
            return page.until(type="state")

    def press(self, action: str, **fields: object) -> None:
        self.pressed += 1
        answer = self._browser.steer(action, self.look(), **fields)
        assert answer.status == 200, answer.text
        self.done += 1

    def act(self, action: str, poll: str) -> None:
        """Do what a plan says, where the server lives long enough; a poll's turn comes first."""
        with suppress(OSError, http.client.HTTPException, Closed):
            state = self.look()
            archived = [round["id"] for round in state["rounds"] if round["archived"]]
            if state["poll"]["id"] != poll:
                self.press("stage", poll=poll)
            elif action == "back" and archived:
                self.press("restore", target=self._random.choice(archived))
            elif action == "reset":
                self.press("reset")
            elif action:
                self.press("close")
            self.let_vote(poll, anew=action == "round")

    def let_vote(self, poll: str, *, anew: bool = False) -> None:
        """See to it that a round is open."""
        round = self.look()["round"]["state"]
        if round == "closed" and not anew:
            self.press("reopen")
        elif round != "open":
            self.press("open", poll=poll)

    def export(self) -> dict[int, Any]:
        """Return all rounds as exported for scripts."""
        exported = self._browser.get("/admin/rounds.json")
        assert exported.status == 200, exported.text
        return {round["round"]: round for round in exported.json["rounds"]}

    def recount(self) -> dict[int, Counter[str]]:
        """Count the ballots' rows of all rounds as exported for spreadsheets."""
        exported = self._browser.get("/admin/rounds.csv")
        assert exported.status == 200, exported.text
        counts: dict[int, Counter[str]] = {}
        for row in csv.DictReader(exported.body.decode("utf-8-sig").splitlines()):
            counted = counts.setdefault(int(row["round"]), Counter())
            counted.update([row["choice"]] if row["row"] == "ballot" else [])
        return counts
