"""Pictures of each rule on phone and screen, for `tests.screenshots`: a show from poll to poll."""

from __future__ import annotations

from contextlib import closing
from typing import Any, Protocol

from playwright.sync_api import Page, expect

from tests.phones import Browser as Visitor
from tests.phones import Phone
from tests.serving import CONFIG, Server, poll_config

NAMES = ["Ada Lovelace", "Grace Hopper", "Edsger Dijkstra", "Margaret Hamilton"]
POLLS = [
    {"id": "several", "question": "Which talks would you like to hear?", "max_choices": 2},
    {"id": "once", "question": "Which two shall go?", "max_choices": 2, "changes": False},
    {"id": "taps", "question": "Clap for your favourite"},
    {"id": "after", "question": "Who shall lead us?", "results": "after_vote"},
    {"id": "hidden", "question": "Who has told the best story?", "results": "hidden"},
    {"id": "again", "question": "Who would you vote for, now that you have heard them?"},
]
RULES = {"several": "approval", "once": "approval", "taps": "taps"}
LOOKS = [
    ("phone", "light", "en"),
    ("phone", "dark", "zh"),
    ("laptop", "light", "en"),
    ("projector", "dark", "zh"),
]


class Camera(Protocol):
    """What of a photographer is needed here."""

    def page(self, server: Server, path: str, size: str, theme: str, language: str) -> Page: ...

    def take(self, page: Page, *name: str, theme: str = "") -> None: ...


def rules_config() -> str:
    """Return a configuration with a poll for each picture."""
    texts = [
        poll_config(**{"candidates": NAMES, "rule": RULES.get(str(poll["id"]), "single"), **poll})
        for poll in POLLS
    ]
    heads = [text.partition("\n[server]")[0] for text in texts]
    return "\n".join(heads) + CONFIG[CONFIG.index("\n[server]") :]


class Show:
    """One voter and one screen in each look, and an admin who leads from poll to poll."""

    def __init__(self, photos: Camera, server: Server) -> None:
        self._photos, self._server = photos, server
        self._admin = Visitor(server).become_admin()
        self._voters = {look: self._join(look) for look in LOOKS}
        self._screens = {look: photos.page(server, "/present", *look) for look in LOOKS}

    def _join(self, look: tuple[str, str, str]) -> Page:
        page = self._photos.page(self._server, "/login", *look)
        page.get_by_role("textbox").press("Enter")
        expect(page.locator("body")).to_have_attribute("data-connection", "connected")
        return page

    def steer(self, action: str, **more: object) -> int:
        """Press an admin's button; return the round on stage then."""
        assert self._admin.steer(action, self._look(), **more).status == 200
        if action == "open":
            for voter in self._voters.values():
                expect(voter.locator("#status")).to_have_attribute("data-status", "idle")
        return int(self._look()["round"]["id"])

    def _look(self) -> dict[str, Any]:
        desk = Phone(self._admin, "admin")
        with closing(desk):
            return desk.until(type="state")

    def begin(self, poll: str, seconds: int) -> int:
        self.steer("stage", poll=poll)
        return self.steer("open", poll=poll, seconds=seconds)

    def tap(self, *places: int) -> None:
        """Let each voter tap the candidates at these places."""
        for voter in self._voters.values():
            for place in places:
                voter.locator("[data-candidate]").nth(place).click()

    def send(self) -> None:
        for voter in self._voters.values():
            voter.locator("#send").click()

    def take(self, state: str, kind: str) -> None:
        """Take the phones when their line is of a kind."""
        for look, voter in self._voters.items():
            expect(voter.locator("#status")).to_have_attribute("data-status", kind)
            self._photos.take(voter, "rule", state, "vote", *look)

    def take_screens(self, state: str, stage: str) -> None:
        for look, screen in self._screens.items():
            expect(screen.locator("body")).to_have_attribute("data-stage", stage)
            if stage == "chart":
                screen.wait_for_selector("#chart .highcharts-data-label")
            self._photos.take(screen, "rule", state, "present", *look, theme=look[1])


def photograph_rules(photos: Camera, server: Server) -> None:
    """Lead a show through all rules, and take its pages on the way."""
    show = Show(photos, server)
    show.steer("extend", seconds=95)
    show.take("several", "idle")
    show.tap(0, 2)
    show.take("several-voted", "counted")
    show.tap(1)
    show.take("several-too-many", "hint")
    show.begin("once", 95)
    show.tap(1, 3)
    show.take("once", "idle")
    show.send()
    show.take("once-sent", "counted")
    show.begin("taps", 95)
    show.tap(1, 1, 1, 0)
    show.take("taps", "counted")
    show.take_screens("taps", "chart")
    show.begin("after", 95)
    show.take("after-vote", "idle")
    show.take_screens("after-vote", "join")
    show.tap(2)
    show.take("after-vote-voted", "counted")
    show.take_screens("after-vote-voted", "hidden")
    hidden = show.begin("hidden", 9)
    show.tap(0)
    show.take("hidden", "counted")
    show.take_screens("hidden", "hidden")
    show.steer("close")
    show.take("hidden-closed", "closed")
    show.steer("show", target=hidden, results="live")
    show.take("revealed", "closed")
    show.take_screens("revealed", "chart")
    first = show.begin("again", 95)
    show.tap(0)
    show.steer("close")
    show.steer("open", seconds=3_700)
    show.tap(3)
    show.steer("compare", target=first)
    show.take("compared", "counted")
    show.take_screens("compared", "chart")
