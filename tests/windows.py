"""Pages in a real Chromium: opening them, doing what people do there, waiting for what they see.

Owns no test. Nothing here sleeps: every wait is for something on the page.
"""

from __future__ import annotations

import json
import re
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, WebSocketRoute, expect

from tests.phones import Browser as Visitor
from tests.serving import ADA, EDSGER, GRACE, Server

PHONE = {"width": 360, "height": 740}
LAPTOP = {"width": 1280, "height": 720}
PROJECTOR = {"width": 1920, "height": 1080}

# What the chart draws, read from the chart itself.
DRAWN = """wanted => {
    const chart = window.Highcharts?.charts.find(Boolean);
    const drawn = chart?.get("present").points.map((point) => [point.id, point.y]);
    return JSON.stringify(drawn) === JSON.stringify(wanted);
}"""

# What the chart draws from left to right, beside what the list says in its own order: the same
# candidates, numbers and shares, and each column over its name where names stand below.
AGREES = """(isBelow) => {
    const chart = window.Highcharts?.charts.find(Boolean);
    const points = [...(chart?.get("present")?.points ?? [])].sort((a, b) => a.x - b.x);
    const rows = [...document.querySelectorAll("#candidates [data-candidate]")];
    rows.sort((a, b) => a.style.order - b.style.order);
    const middle = (box) => box.left + box.width / 2;
    return points.length === rows.length && rows.every((row, place) => {
        const { id, y, dataLabel, graphic } = points[place];
        const count = row.querySelector(".count").textContent;
        const share = row.querySelector(".share").textContent;
        const said = dataLabel.text.element.textContent.replace("\u200b", "");
        const name = row.querySelector(".name").getBoundingClientRect();
        const apart = middle(name) - middle(graphic.element.getBoundingClientRect());
        return id === row.dataset.candidate && String(y) === count
            && (said === count || said === count + share)
            && (!isBelow || Math.abs(apart) < name.width / 8);
    });
}"""


class Window:
    """Opens pages, each in a browser of its own, and keeps what they complain about."""

    def __init__(self, browser: Browser, server: Server) -> None:
        self._browser = browser
        self._server = server
        self.complaints: list[str] = []

    def open(self, path: str, size: dict[str, int] = PHONE, **context: Any) -> Page:
        own = self._browser.new_context(viewport=size, **context)  # type: ignore[arg-type]
        return self.tab(own, path)

    def tab(self, context: BrowserContext, path: str) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self._hear(said.type, said.text))
        page.goto(self._server.url + path)
        return page

    def voter(self, name: str = "", **context: Any) -> Page:
        page = self.open("/login", **context)
        page.get_by_role("textbox").fill(name)
        page.get_by_role("textbox").press("Enter")
        connected(page)
        return page

    def screen(self, **context: Any) -> Page:
        page = self.open("/present", **{"size": PROJECTOR, **context})
        connected(page)
        return page

    def admin(self, **context: Any) -> Page:
        page = self.open(f"/admin/login?link={self._server.link}", **context)
        page.get_by_role("button", name=re.compile("admin")).click()
        connected(page)
        return page

    def admin_of(self, visitor: Visitor) -> Page:
        """Open the desk in a browser that shares a visitor's login."""
        page = self.open("/admin/login")
        cookies = [
            {"name": n, "value": v, "url": self._server.url} for n, v in visitor.cookies.items()
        ]
        page.context.add_cookies(cookies)  # type: ignore[arg-type]
        page.goto(self._server.url + "/admin")
        connected(page)
        return page

    def close(self) -> None:
        for context in self._browser.contexts:
            context.close()

    def _hear(self, kind: str, text: str) -> None:
        # A server that is down or stops is a state of the test, not a mistake of the page.
        is_away = any(said in text for said in ("net::ERR", "WebSocket", "status of 503"))
        if kind in ("error", "warning") and not is_away:
            self.complaints.append(text)


class LossyLine:
    """A page's line to the server that can be cut, and on which messages get lost or are late.

    `lost` and `late` are types of messages; what is late comes when the line is mended. `said` is
    what the page has sent, `opened` how many lines it has had.
    """

    def __init__(self, page: Page, *late: str) -> None:
        self.page = page
        self.said: list[str] = []
        self.lost: set[str] = set()
        self.late = set(late)
        self._waiting: list[tuple[WebSocketRoute, str | bytes]] = []
        self._is_cut = False
        self._lines: list[WebSocketRoute] = []
        self._servers: list[WebSocketRoute] = []
        self._frozen = 0
        page.route_web_socket(re.compile("/live"), self._open)
        # Else it would go round the cut: that is for test_browser_transports.py.
        page.goto(page.url.partition("?")[0] + "?transport=websocket")
        if "pong" not in self.late:  # without one no page believes its socket
            connected(page)

    def cut(self) -> None:
        """Let the page have no line."""
        self._is_cut = True
        for line in self._lines:
            line.close()

    def mend(self) -> None:
        """Let the page find its way back; from now on everything arrives, and at once."""
        self._is_cut = False
        self.lost.clear()
        self.late.clear()
        for page, text in self._waiting:
            page.send(text)
        self._waiting.clear()

    def freeze(self) -> None:
        """Let the lines there are look open and pass nothing more, as after a phone's sleep."""
        self._frozen = self.opened
        for server in self._servers:
            server.on_close(lambda _code, _reason: None)

    @property
    def opened(self) -> int:
        return len(self._lines)

    def wait_for_late(self) -> None:
        """Wait until a message is late."""
        for _ in range(1_000):
            if self._waiting:
                return
            self.page.evaluate("() => new Promise(requestAnimationFrame)")
        raise AssertionError("expected a late message")

    def _open(self, page: WebSocketRoute) -> None:
        if self._is_cut:
            page.close()
            return
        place = self.opened
        self._lines.append(page)
        server = page.connect_to_server()
        self._servers.append(server)

        def pass_on(text: str | bytes) -> None:
            kind = json.loads(text)["type"]
            if place < self._frozen:
                return
            if kind in self.late:
                self._waiting.append((page, text))
            elif kind not in self.lost:
                page.send(text)

        def hear(text: str | bytes) -> None:
            self.said.append(str(text))
            if place >= self._frozen:
                server.send(text)

        server.on_message(pass_on)
        page.on_message(hear)


def connected(page: Page) -> None:
    """Wait until a page hears the server."""
    expect(page.locator("body")).to_have_attribute("data-connection", "connected")


def vote(page: Page, candidate: str) -> None:
    """Tap a candidate and wait for the receipt."""
    page.locator(f"[data-candidate={candidate}]").click()
    expect(page.locator("#status")).to_have_attribute("data-status", "counted")


def press(page: Page, action: str) -> None:
    """Press an admin's button, once the page takes taps again after the last change."""
    button = page.locator(f"button[data-action={action}]:visible").first
    expect(button).to_be_visible()
    expect(page.locator("main:not([data-fresh])")).to_be_visible()
    button.click()


def unfold(page: Page, part: str) -> None:
    """Open a folded part of a page by what stands on its fold."""
    fold = page.locator("summary").filter(has_text=part)
    if not fold.evaluate("fold => fold.parentElement.open"):
        fold.click()


def shows(page: Page, **counts: int) -> None:
    """Wait until a page's spans show exactly these counts."""
    for candidate, count in everyone(counts).items():
        expect(page.locator(f"span[data-count={candidate}]")).to_have_text(str(count))


def draws(page: Page, **counts: int) -> None:
    """Wait until a page's spans and the chart's data are exactly these counts."""
    shows(page, **counts)
    page.wait_for_function(DRAWN, arg=[list(pair) for pair in everyone(counts).items()])


def agrees(page: Page, *, below: bool = False) -> None:
    """Wait until chart and list say the same in the same order, and names stand below columns."""
    page.wait_for_function(AGREES, arg=below)


def everyone(counts: dict[str, int]) -> dict[str, int]:
    return {ADA: 0, GRACE: 0, EDSGER: 0} | counts
