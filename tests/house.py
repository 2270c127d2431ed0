"""A room with all its pages open, in several languages, and what is wrong with how they look.

Owns which page is seen in which state, theme and language: in the normal run each two of them meet
once, with TEST_ALL all do. Owns no test.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

from playwright.sync_api import Page, expect

from tests import measuring
from tests.serving import Server, poll_config
from tests.steward import Steward
from tests.windows import LAPTOP, PHONE, PROJECTOR, Window

THEMES = ("dark", "light")
LANGUAGES = ("en-GB", "zh-CN")
SMALL = {"width": 320, "height": 568}
# The live pages, and the window each is seen in: in the first language, in the second.
SIZES = {
    "vote": (PHONE, SMALL),
    "present": (PROJECTOR, LAPTOP),
    "embed": (LAPTOP, PHONE),
    "admin": (PHONE, LAPTOP),
}
PATHS = {"vote": "/", "present": "/present", "embed": "/embed", "admin": "/admin"}
STRANGERS = {
    "login": "/login",
    "lost": "/nowhere",
    "admin login": "/admin/login",
    "admin link": "/admin/login?link={link}",
    "result": "/rounds/1?code=AAAA-AAAA",
}
FORMS = {
    "new question": "/admin/new-poll",
    "edit question": "/admin/polls/first",
    "rounds": "/admin/rounds",
}
TEXT, SCREEN_TEXT = 4.5, 7  # contrast (WCAG 2.2, 1.4.3 and 1.4.6)


def room(first: tuple[str, list[str]], second: tuple[str, list[str]]) -> str:
    """Return the configuration of a room with two questions that has not begun."""
    texts = [
        poll_config(id=id, question=question, candidates=names)
        for id, (question, names) in zip(("first", "second"), (first, second), strict=True)
    ]
    return "\n".join(
        [texts[0].partition("\n[server]")[0], texts[1], "[room]", "open_at_start = false"]
    )


def dress(page: Page, theme: str) -> None:
    """Show a page in a theme: as the system wishes, or as the page itself does where it decides."""
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    page.evaluate(
        "theme => { const { dataset } = document.documentElement;"
        " if ('theme' in dataset) dataset.theme = theme; }",
        theme,
    )


def drawn(page: Page) -> None:
    """Wait for the chart, where a page's layout has one."""
    if page.locator("body[data-layout=columns][data-stage=chart]").count():
        expect(page.locator("#chart .highcharts-data-label").first).to_be_attached()


def forgive_refusals(window: Window) -> None:
    """Forget what Chromium says of pages that come with a status: lost, asked, to log in first."""
    window.complaints[:] = [said for said in window.complaints if "status of 40" not in said]


class House:
    """All pages of one room, and what was found wrong with them so far."""

    def __init__(
        self, window: Window, server: Server, languages: Sequence[str] = LANGUAGES, size: int = 0
    ) -> None:
        self.steward = Steward(server)
        self.faults: dict[str, list[str]] = {}
        self._server, self._window, self._languages = server, window, languages
        self._moment, self._size = 0, size
        self.pages = {
            kind: [self._open(kind, place) for place in range(len(languages))] for kind in PATHS
        }

    def inspect(self, state: str, **waits: str) -> None:
        """Look at all pages once they show a state; `waits` names what each page has then."""
        for place, (kind, pages) in enumerate(self.pages.items()):
            for theme, language in self._looks(place):
                page = pages[language]
                expect(page.locator(waits.get(kind, waits["every"])).first).to_be_attached()
                expect(page.locator("[data-fresh]")).to_have_count(0)
                drawn(page)
                dress(page, theme)
                self.judge(page, f"{kind} {state} {theme}", kind)
        self._moment += 1

    def inspect_dialogs(self) -> None:
        """Look at what opens over a page: the connection's details, the keys, the login."""
        dialogs = [
            ("vote", "#badge", "#details"),
            ("present", "#keys-open", "#keys"),
            ("present", "#keys [data-do=turn]", "#login"),
        ]
        for place, (kind, opener, dialog) in enumerate(dialogs):
            for theme, language in self._looks(place):
                page = self.pages[kind][language]
                expect(page.locator("[data-fresh]")).to_have_count(0)
                if kind == "present" and not page.locator("#keys").is_visible():
                    page.locator("#keys-open").click()
                if opener != "#keys-open":
                    page.locator(opener).click()
                expect(page.locator(dialog)).to_be_visible()
                dress(page, theme)
                self.judge(page, f"{dialog} {theme}", kind, within=dialog)
                for _ in range(2):
                    page.keyboard.press("Escape")
        self._moment += 1

    def inspect_beside(self, moments: int = 2) -> None:
        """Look at the pages beside the room: logins, forms, lists, what is asked before an act."""
        strangers = [self._window.open("/login", SMALL, locale=one) for one in self._languages]
        admins = self.pages["admin"]
        for names, pages in ((STRANGERS, strangers), (FORMS, admins)):
            for place, (name, path) in enumerate(names.items()):
                for self._moment in range(moments):
                    for theme, language in self._looks(place):
                        page = pages[language]
                        page.goto(self._server.url + path.format(link=self._server.link))
                        dress(page, theme)
                        self.judge(page, f"{name} {theme}", "beside")
        for place, page in enumerate(admins):
            page.goto(f"{self._server.url}/admin/polls/first")
            page.locator("#more").fill("1234567")
            page.locator("#draft button[type=submit]").first.click()
            page.locator(".ask").wait_for()
            dress(page, THEMES[place % 2])
            self.judge(page, "question in use", "admin")
            page.goto(f"{self._server.url}/admin")
            with page.expect_navigation():
                # As a browser without scripts does.
                page.locator("form[action='/admin/reset']").evaluate("form => form.submit()")
            dress(page, THEMES[1 - place % 2])
            self.judge(page, "asked before", "admin")

    def judge(self, page: Page, name: str, kind: str, within: str = "body") -> None:
        """Keep what is wrong with a page as it is now, or with what lies over it."""
        found = [
            *measuring.breaches(page),
            *measuring.spilled(page),
            *measuring.faint(page, SCREEN_TEXT if kind == "present" else TEXT, within=within),
            *([] if page.locator("dialog[open]").count() else measuring.overlaps(page)),
        ]
        if found:
            spoken = page.locator("html").get_attribute("lang")
            self.faults[f"{name} {spoken} {page.viewport_size}"] = found

    def _open(self, kind: str, language: int) -> Page:
        size = SIZES[kind][(language + self._size) % 2]
        options: dict[str, Any] = {"size": size, "locale": self._languages[language]}
        if kind == "vote":
            return self._window.voter("Vera", **options)
        page = self._window.open("/login" if kind == "admin" else PATHS[kind], **options)
        if kind == "admin":
            page.context.add_cookies(self.steward.cookies)
            page.goto(self._server.url + PATHS[kind])
        return page

    def _looks(self, place: int) -> Iterator[tuple[str, int]]:
        """Return the themes and languages in which the page at a place is seen at this moment."""
        languages = len(self._languages)
        if os.environ.get("TEST_ALL"):
            yield from ((theme, language) for theme in THEMES for language in range(languages))
        else:
            yield THEMES[(place + self._moment) % 2], (place + self._moment // 2) % languages
