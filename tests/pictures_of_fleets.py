"""What the pages of a room on two servers say, and what while Redis is gone: `make screenshots`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Page

from tests.album import DESKS, PHONES, SCREENS, Album, Cast
from tests.fleets import Fleet
from tests.redises import Redis
from tests.serving import ADA, Server
from tests.steward import Steward
from tests.windows import connected

WAYS_IN = {"phone": ("/login", PHONES), "screen": ("/present", SCREENS), "desk": ("/admin", DESKS)}


def photograph_fleets(album: Album, _: Callable[[str], Server]) -> None:
    """Phone, screen and desk, by turns on either server."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as ends:
        redis = Redis(Path(folder) / "redis")
        ends.callback(redis.clear_up)
        fleet = Fleet(Path(folder), redis.start())
        ends.callback(fleet.clear_up)
        photograph(album, fleet.start())


def photograph(album: Album, fleet: Fleet) -> None:
    steward = Steward(fleet.two)
    crowd = steward.fill([31, 27, 16])
    turns = iter(fleet.servers * 100)

    def cast(kind: str) -> Cast:
        path, sizes = WAYS_IN[kind]

        def enter(size: str, language: str) -> Page:
            server = next(turns)
            page = album.open(server, path, size, language)
            if kind == "phone":
                page.get_by_role("textbox").press("Enter")
            if kind == "desk":
                page.context.add_cookies(steward.cookies)
                page.goto(server.url + path)
            connected(page)
            return page

        return Cast.enter(album, f"Fleet, {kind}", sizes, enter)

    phones, screens, desks = (cast(kind) for kind in WAYS_IN)

    def take(state: str, wait: str) -> None:
        for pages in (phones, screens, desks):
            pages.take(state, wait)

    take("two servers", "[data-count]:text-is('31')")
    for page in desks:
        page.locator(".health summary").click()
    desks.take("how the lines are", "[data-vital=screens]:text-is('8')")
    for page in desks:
        page.locator(".health summary").click()
    fleet.redis.stop()
    for page in list(phones)[::2]:
        page.locator(f"[data-candidate={ADA}]").click()
        page.locator("#status[data-status=retrying]").wait_for()
    phones.take("Redis is gone", "#badge:has-text('Votes wait'), #badge:has-text('投票等待')")
    screens.take("Redis is gone", "#connection:has-text('try again'), #connection:has-text('重试')")
    desks.take("Redis is gone", "#health:visible")
    fleet.redis.start()
    for page in list(phones)[::2]:
        page.locator("#status[data-status=counted]").wait_for()
    take("Redis is back", "[data-count]:text-is('33')")
    for voter in crowd:
        voter.close()
