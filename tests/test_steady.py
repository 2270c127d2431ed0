"""Hundreds of updates in a row: nothing jumps, the focus stays, and everything shown agrees."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as NotInTime

from tests import measuring
from tests.phones import Phone, phone
from tests.serving import Server, poll_config
from tests.steward import Steward
from tests.windows import LAPTOP, PHONE, PROJECTOR, Window

pytestmark = pytest.mark.browser

UPDATES = 300 if os.environ.get("TEST_ALL") else 120
MOST_SHIFT = 0.05
PATIENCE_MS = 10_000
CROWD = 30
# Where a number gets another digit.
STEPS = (9, 10, 99, 100, 999, 1000)

NAMES = ["Ada Lovelace", "Grace Hopper", "Edsger Dijkstra", "محمد بن موسى الخوارزمي"]
ADA, GRACE = "ada-lovelace", "grace-hopper"
FAST = "\n[live]\nticks_per_second = 60\n"
CLAPS = poll_config(question="Clap for whom?", candidates=NAMES, rule="taps", taps_per_second=50)


def flood(crowd: list[Phone], watcher: Phone, before: int, after: int) -> None:
    """Let the crowd tap for the first candidate until it has so many; the screen has been told."""
    candidate = watcher.state["poll"]["candidates"][0]["id"]
    for n in range(before, after):
        crowd[n % CROWD].vote(candidate)
    watcher.until(ballots=after)


def test_hundreds_of_updates_move_nothing_and_take_nobodys_focus(
    serve: Callable[..., Server], windows: Callable[[Server], Window]
) -> None:
    """From 9 to 1,000 and beyond, on phone, screen and desk: no shift, the same element focused."""
    server = serve(CLAPS + FAST)
    window, steward = windows(server), Steward(server)
    desk = window.open("/login", size=LAPTOP)
    desk.context.add_cookies(steward.cookies)
    desk.goto(server.url + "/admin")
    focused = {
        window.voter(size=PHONE): "[data-candidate]:last-of-type",
        window.screen(size=PROJECTOR): "footer :is(a, button):visible",
        desk: "details summary",
    }
    crowd = [phone(server) for _ in range(CROWD)]
    watcher = Phone(steward.browser, "screen")
    watcher.until(type="state")
    flood(crowd, watcher, 0, 1)
    for page, selector in focused.items():
        expect(page.locator("[data-count]").first).to_have_text("1")
        if page.locator("#chart").is_visible():
            page.locator("#chart .highcharts-data-label").first.wait_for()
        page.locator(selector).first.focus()
        measuring.ready(page).evaluate("window.watched = measure.watch()")
    shown = 1
    for step in STEPS:
        flood(crowd, watcher, shown, step)
        shown = step
        for page in focused:
            expect(page.locator("[data-count]").first).to_have_text(str(step))
    for step in range(shown + 1, shown + 1 + UPDATES):
        flood(crowd, watcher, step - 1, step)
    for page, selector in focused.items():
        expect(page.locator("[data-count]").first).to_have_text(str(shown + UPDATES))
        watched = page.evaluate("watched")
        name = page.locator("body").get_attribute("data-page")
        print(f"{name}: a layout shift of {watched['shift']:.4f}")  # noqa: T201  # shown by pytest -s
        assert watched["shift"] < MOST_SHIFT, (name, watched)
        assert watched["blurs"] == 0, name
        assert watched["updates"] >= UPDATES * 0.8, (name, watched)
        expect(page.locator(selector).first).to_be_focused()


def agree(pages: list[Page], counts: dict[str, int] | None) -> None:
    """Wait until each page's spans, strips, table and chart tell these counts, or none at all."""
    asked = "([wanted, ballots]) => measure.disagreements(wanted, ballots)"
    told = [counts, sum((counts or {}).values())]
    for page in pages:
        try:
            measuring.ready(page).wait_for_function(
                f"asked => ({asked})(asked).length === 0", arg=told, timeout=PATIENCE_MS
            )
        except NotInTime:
            raise AssertionError(page.url, page.evaluate(asked, told)) from None


def test_chart_table_and_spans_agree_after_every_step(
    serve: Callable[..., Server], windows: Callable[[Server], Window]
) -> None:
    """Votes, hidden, revealed, closed, reopened, reset, compared, sorted, in depth, restarted."""
    second = poll_config(
        id="second", question="What for lunch?", candidates=["Soup", "<b>Bread</b>"]
    )
    config = poll_config(id="first", question="Who?", candidates=NAMES).partition("\n[server]")[0]
    server = serve(config + "\n" + second)
    window, steward = windows(server), Steward(server)
    voter, screen = window.voter(size=LAPTOP), window.screen()
    desk = window.open("/login", size=LAPTOP)
    desk.context.add_cookies(steward.cookies)
    desk.goto(server.url + "/admin")
    overlay = window.open("/embed", size=LAPTOP)
    pages = [voter, screen, overlay, desk]
    tally = dict.fromkeys((item["id"] for item in steward.look()["poll"]["candidates"]), 0)

    crowd = steward.fill([0, 3, 1])
    agree(pages, tally | {GRACE: 3, "edsger-dijks": 1})
    voter.locator(f"[data-candidate={ADA}]").click()
    agree(pages, tally | {ADA: 1, GRACE: 3, "edsger-dijks": 1})
    for one in crowd[:2]:
        one.vote(ADA)
    busy = tally | {ADA: 3, GRACE: 1, "edsger-dijks": 1}
    agree(pages, busy)
    first = steward.look()["round"]["id"]
    steward.steer("show", target=first, results="hidden")
    agree([voter, screen, overlay], None)
    agree([desk], busy)
    steward.steer("show", target=first, results="live")
    agree(pages, busy)
    steward.steer("close")
    agree(pages, busy)
    steward.steer("reopen")
    voter.locator(f"[data-candidate={GRACE}]").click()
    busy = tally | {ADA: 2, GRACE: 2, "edsger-dijks": 1}
    agree(pages, busy)
    steward.steer("reset")
    agree(pages, tally)
    steward.fill([1])
    steward.steer("compare", target=first)
    agree(pages, tally | {ADA: 1})
    screen.keyboard.press("s")
    steward.fill([0, 2])
    agree(pages, tally | {ADA: 1, GRACE: 2})
    screen.keyboard.press("3")
    steward.fill([2])
    agree(pages, tally | {ADA: 3, GRACE: 2})
    server.kill()
    for page in pages:
        expect(page.locator("body")).to_have_attribute("data-connection", "reconnecting")
    agree(pages, tally | {ADA: 3, GRACE: 2})
    server.start()
    steward = Steward(server)
    steward.steer("stage", poll="second")
    steward.steer("open", poll="second")
    steward.fill([1, 2])
    agree(pages, {"soup": 1, "b-bread-b": 2})
