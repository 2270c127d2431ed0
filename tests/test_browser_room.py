"""The whole room at once, in a real Chromium: people write while they vote, and an admin leads."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests import measuring
from tests.house import SCREEN_TEXT, TEXT, dress, forgive_refusals
from tests.serving import ADA, EDSGER, GRACE, Server
from tests.talkers import TALKING
from tests.windows import Window, draws, shows, vote

pytestmark = pytest.mark.browser


def write(phone: Page, text: str) -> None:
    """Write a message, and wait until it is in the journal."""
    phone.locator("#talk-text").fill(text)
    phone.locator("#talk-text").press("Enter")
    expect(phone.locator("#talk-list .text").last).to_have_text(text)
    expect(phone.locator("#talk-list [data-stage]")).to_have_count(0)


def turn_to(phone: Page, name: str) -> None:
    """Choose somebody from the list of who is here."""
    phone.locator("#talk-one").click()
    phone.locator("#talk-persons button").filter(has_text=name).click()


def on_wall(screen: Page, *texts: str) -> None:
    """Wait until the wall has just these messages."""
    expect(screen.locator("#messages .text")).to_have_text([*texts])


def press(desk: Page, text: str, button: str) -> None:
    """Press a button beside a message in the admin's queue."""
    row = desk.locator("#queue li").filter(has=desk.get_by_text(text, exact=True))
    row.get_by_role("button", name=button, exact=True).click()


def test_two_phones_and_a_screen_talk_while_voting_goes_on(
    serve: Callable[..., Server], windows: Callable[[Server], Window]
) -> None:
    """To all and to each other; votes count and columns move; the admin hides and shows."""
    server = serve(TALKING)
    window = windows(server)
    calm = {"reduced_motion": "reduce"}
    ada, bo = window.voter("Ada", **calm), window.voter("Bo", **calm)
    screen, desk = window.screen(**calm), window.admin(**calm)
    pages = {"ada": ada, "bo": bo, "screen": screen, "desk": desk}
    screen.keyboard.press("m")
    for phone in (ada, bo):
        phone.locator("#talk-open").click()

    vote(ada, ADA)
    draws(screen, **{ADA: 1})
    write(ada, "Shall we begin? 🙂")
    write(bo, "我们开始吧")
    on_wall(screen, "Shall we begin? 🙂", "我们开始吧")
    vote(bo, GRACE)
    draws(screen, **{ADA: 1, GRACE: 1})
    write(bo, "متى نبدأ؟")
    write(ada, "Boo")
    on_wall(screen, "Shall we begin? 🙂", "我们开始吧", "متى نبدأ؟", "Boo")
    expect(bo.locator("#talk-list .text")).to_have_text(
        ["Shall we begin? 🙂", "我们开始吧", "متى نبدأ؟", "Boo"]
    )

    turn_to(ada, "Bo")
    write(ada, "Are you coming to lunch?")
    expect(bo.locator("#talk-open")).to_contain_text("1")
    turn_to(bo, "Ada")
    expect(bo.locator("#talk-list .text")).to_have_text(["Are you coming to lunch?"])
    write(bo, "Gladly")
    expect(ada.locator("#talk-list .text")).to_have_text(["Are you coming to lunch?", "Gladly"])
    vote(ada, EDSGER)
    draws(screen, **{GRACE: 1, EDSGER: 1})

    press(desk, "Boo", "Hide")
    on_wall(screen, "Shall we begin? 🙂", "我们开始吧", "متى نبدأ؟")
    press(desk, "我们开始吧", "On screen")
    expect(screen.locator("#spotlight .text")).to_have_text("我们开始吧")
    expect(screen.locator("#spotlight .author")).to_have_text("Bo")
    vote(bo, EDSGER)
    shows(screen, **{EDSGER: 2})
    expect(screen.locator(".turnout")).to_have_text("2 of 2 have voted")
    bo.locator("#talk-wall").click()
    expect(bo.locator("#talk-list .text")).to_have_text(
        ["Shall we begin? 🙂", "我们开始吧", "متى نبدأ؟"]
    )

    found = {}
    for place, (name, page) in enumerate(pages.items()):
        expect(page.locator("[data-fresh]")).to_have_count(0)
        dress(page, ("dark", "light")[place % 2])
        found[name] = [
            *measuring.breaches(page),
            *measuring.spilled(page),
            *measuring.faint(page, SCREEN_TEXT if page is screen else TEXT),
        ]
        for other in pages.values():
            if other not in (ada, bo):
                expect(other.locator("body")).not_to_contain_text("lunch")
    assert not any(found.values()), measuring.told(found)
    screen.context.add_cookies(desk.context.cookies())  # type: ignore[arg-type]
    screen.keyboard.press("x")
    expect(screen.locator("#spotlight")).to_be_hidden()
    draws(screen, **{EDSGER: 2})
    forgive_refusals(window)
