"""What remains after a vote, in a real Chromium: receipts that people check, rounds come back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.phones import Browser as Visitor
from tests.phones import Phone, phone
from tests.serving import ADA, GRACE, Server
from tests.windows import Window, press, vote

pytestmark = pytest.mark.browser

CODE = re.compile(r"\b[A-Z2-7]{4}-[A-Z2-7]{4}\b")

# How many codes a reader counts under one choice.
RECOUNTED = """heading => [...heading.closest("section").querySelectorAll(".codes")]
    .flatMap((codes) => codes.innerText.split("\\n")).length"""


def code_of(voter: Page) -> str:
    """Read the receipt's code from a phone."""
    found = CODE.search(voter.locator("#status").inner_text())
    assert found
    return found[0]


def fill(server: Server, choice: str, number: int) -> None:
    """Let so many phones vote."""
    for _ in range(number):
        voter = phone(server)
        voter.vote(choice)
        voter.until(type="receipt")
        voter.close()


def close(admin: Visitor) -> None:
    """Close the round on stage."""
    page = Phone(admin, "admin")
    page.until(type="state")
    assert admin.steer("close", page.state).status == 200
    page.close()


def test_a_voter_finds_the_receipt_on_the_public_list(
    window: Window, server: Server, admin: Visitor
) -> None:
    """The code on the phone is in the list, under the choice, and the codes are the counts."""
    voter = window.voter("Vera")
    vote(voter, GRACE)
    fill(server, ADA, 25)
    fill(server, GRACE, 4)
    close(admin)
    page = window.open("/rounds/1")
    page.get_by_role("textbox").fill(code_of(voter).lower().replace("-", " "))
    page.get_by_role("textbox").press("Enter")
    expect(page.locator("#answer")).to_contain_text(f"{code_of(voter)} is counted")
    page.locator("#answer").get_by_role("link", name="Grace Hopper").click()
    mark = page.locator("mark")
    expect(mark).to_have_text(code_of(voter))
    expect(mark).to_be_in_viewport()
    for choice, count in {ADA: 25, GRACE: 5}.items():
        assert page.locator(f"#choice-{choice}").evaluate(RECOUNTED) == count
        expect(page.locator(f"[data-count={choice}]")).to_have_text(str(count))
    assert "Vera" not in page.content()


def test_the_public_result_needs_no_script(window: Window, server: Server, admin: Visitor) -> None:
    """Codes, counts, the search, and the time in UTC."""
    fill(server, ADA, 1)
    close(admin)
    page = window.open("/rounds/1", java_script_enabled=False, locale="zh-CN")
    expect(page.locator(".codes")).to_have_count(1)
    expect(page.locator("time").first).to_contain_text("UTC")
    page.get_by_role("textbox").fill("AAAA-AAAA")
    page.get_by_role("button", name="查找").click()
    expect(page.locator("#answer")).to_contain_text("不在这份列表中")


def test_times_are_the_readers_own(window: Window, admin: Visitor) -> None:
    """What the server writes in UTC is said in the zone of the browser."""
    close(admin)
    times = [
        window.open("/rounds/1", timezone_id=zone).locator("time").inner_text()
        for zone in ("UTC", "Asia/Shanghai")
    ]
    hours = [int(found[1]) for time in times if (found := re.search(r"(\d\d):\d\d$", time))]
    assert (hours[1] - hours[0]) % 24 == 8


def test_a_round_comes_back_from_the_list(window: Window, server: Server) -> None:
    """The admin's button on the list of rounds, as the screen sees it."""
    fill(server, ADA, 2)
    desk, screen = window.admin(), window.screen()
    press(desk, "close")
    press(desk, "open")
    expect(screen.locator("body")).to_have_attribute("data-round", "open")
    desk.goto(f"{server.url}/admin/rounds")
    first = desk.locator("[data-round-id='1']")
    first.locator("[data-action=restore]").click()
    expect(first).to_contain_text("on stage")
    expect(screen.locator(f"span[data-count={ADA}]")).to_have_text("2")
    assert desk.url == f"{server.url}/admin/rounds"


def test_erasing_names_asks_first(window: Window, server: Server) -> None:
    """The button that erases is folded away until it is asked for."""
    phone(server, "Vera")
    desk = window.admin()
    desk.goto(f"{server.url}/admin/rounds")
    erase = desk.get_by_role("button", name="Erase all names")
    expect(erase).to_be_hidden()
    desk.get_by_text("Erase the names…").click()
    erase.click()
    expect(desk.locator(".notice:visible")).to_contain_text("The names are erased")
    expect(desk.locator(".names")).to_contain_text("No names are kept")
