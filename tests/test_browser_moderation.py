"""The queue of messages on the desk, in a real Chromium: under a thumb, by keyboard, in a flood."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests import measuring
from tests.house import forgive_refusals
from tests.phones import Browser
from tests.serving import CONFIG, Server
from tests.talkers import Talker
from tests.windows import LAPTOP, LossyLine, Window, unfold

pytestmark = pytest.mark.browser

LIVELY = f"""{CONFIG}
[messages]
enabled = true
voter_per_second = 1000
room_per_second = 1000
"""
AT_ONCE = 8  # messages of one page that may wait for their answers
THUMB = 44
SMALL_TARGETS = """least => [...document.querySelectorAll("#talk button")]
    .filter((button) => button.checkVisibility())
    .map((button) => [button.textContent, button.getBoundingClientRect()])
    .filter(([_, { width, height }]) => width < least || height < least)
    .map(([text]) => text)"""
OLDEST_IN_SIGHT = "document.querySelector('#queue li').getBoundingClientRect().y"
CLOCK = "2026-11-20T10:00:00Z"


@pytest.fixture
def lively(serve: Callable[..., Server]) -> Server:
    """A server whose room may write as fast as it likes."""
    return serve(LIVELY)


@pytest.fixture
def talkers() -> Iterator[Callable[..., Talker]]:
    """Let people into a room; they leave with the test."""
    came: list[Talker] = []

    def come(server: Server, name: str = "", view: str = "voter") -> Talker:
        browser = Browser(server)
        came.append(Talker(browser.log_in(name) if view == "voter" else browser, view=view))
        return came[-1]

    yield come
    for talker in came:
        talker.leave()


def do(page: Page, text: str, button: str) -> None:
    """Press a button in the row of a message."""
    row = page.locator("#queue li").filter(has=page.get_by_text(text, exact=True))
    row.get_by_role("button", name=button, exact=True).click()


def tap(page: Page, words: str) -> None:
    """Press a button by its words."""
    page.get_by_role("button", name=words, exact=True).click()


def queued(page: Page, *texts: str) -> None:
    """Wait until the queue shows just these, the newest first."""
    expect(page.locator("#queue .said-text")).to_have_text([*texts])


def looks_well(page: Page, state: str) -> None:
    """Find nothing that is inaccessible, illegible, cut off, or too small for a thumb."""
    expect(page.locator("[data-fresh]")).to_have_count(0)
    found = [*measuring.breaches(page), *measuring.spilled(page), *measuring.faint(page, 4.5)]
    assert found == [], state
    assert page.evaluate(SMALL_TARGETS, THUMB) == [], state


def says(page: Page, sentence: str) -> None:
    """Wait until the desk says this about what was pressed."""
    expect(page.locator("#message")).to_have_text(sentence)


def test_messages_are_switched_on_and_moderated_under_a_thumb(
    server: Server, windows: Callable[[Server], Window], talkers: Callable[..., Talker]
) -> None:
    """The whole of it on one phone, without a reload; what is taken away has a way back."""
    desk = windows(server).admin(has_touch=True)
    desk.evaluate("document.body.dataset.kept = ''")
    ada, grace, screen = (talkers(server, n) for n in ("Ada", "Grace", "Ada"))
    assert "talk" not in ada.state
    expect(desk.locator("#queue")).to_be_hidden()
    unfold(desk, "Messages")
    looks_well(desk, "off")
    tap(desk, "On")
    expect(desk.locator("#talk-line")).to_have_text("Everybody in the room can read and write.")
    expect(desk.locator("#talk-none")).to_be_visible()
    for talker in (ada, grace, screen):
        talker.until(lambda talker=talker: "talk" in talker.state)
    rude, kind = "你好 <b>bold</b>", "Could we have the slides? 🙂"
    ada.say(rude)
    grace.say(kind)
    queued(desk, kind, rude)
    looks_well(desk, "two messages")

    do(desk, rude, "Hide")
    says(desk, "The message is off every page. It stays in the journal.")
    grace.sees(kind)
    expect(desk.locator("#queue [data-hidden=true]")).to_contain_text(rude)
    looks_well(desk, "hidden")
    tap(desk, "Show the message again")
    grace.sees(rude, kind)
    expect(desk.locator("#queue [data-hidden=true]")).to_have_count(0)

    do(desk, kind, "On screen")
    expect(desk.locator("#spotlight")).to_contain_text(kind)
    screen.until(lambda: screen.state["talk"]["spotlight"])
    looks_well(desk, "on the screen")
    do(desk, kind, "Off screen")
    expect(desk.locator("#spotlight")).to_be_hidden()
    do(desk, rude, "On screen")
    tap(desk, "Take it off the screen")
    expect(desk.locator("#spotlight")).to_be_hidden()

    do(desk, rude, "Mute")
    expect(desk.locator("#undo button")).to_have_text("Let this person write again")
    assert ada.unsaid("again") == "muted"
    unfold(desk, "Slow down, unmute, clear")
    expect(desk.locator("#muted")).to_contain_text(f"Ada · {ada.person[:3]}")
    looks_well(desk, "muted")
    desk.locator("#muted button").press("Enter")
    expect(desk.locator("#muted")).to_be_hidden()
    expect(desk.locator("#talk > summary")).to_be_focused()
    assert ada.say("thank you")["type"] == "said"

    tap(desk, "15 s")
    says(desk, "Phones follow at once.")
    ada.until(lambda: ada.state["talk"]["slow"] == 15)
    expect(desk.locator("[data-options=slow] [aria-pressed=true]")).to_have_text("15 s")
    tap(desk, "Not allowed")
    ada.until(lambda: not ada.state["talk"]["direct"])
    tap(desk, "Clear the wall…")
    expect(desk.locator("#ask-words")).to_contain_text("Take all 3 messages off every page?")
    tap(desk, "Clear the wall")
    queued(desk)
    ada.sees()
    tap(desk, "Read only")
    grace.until(lambda: grace.state["talk"]["state"] == "closed")
    desk.locator("[data-options=state]").get_by_text("Off", exact=True).click()
    expect(desk.locator("#queue")).to_be_hidden()
    grace.until(lambda: "talk" not in grace.state)
    expect(desk.locator("body")).to_have_attribute("data-kept", "")


def test_the_stage_is_written_to_and_answers(
    lively: Server, windows: Callable[[Server], Window], talkers: Callable[..., Talker]
) -> None:
    """It is counted and read aloud until it is read; the answer goes to one person, and is kept."""
    desk = windows(lively).admin()
    ada, other = talkers(lively, "Ada"), talkers(lively, "Ada")
    ada.say("hello everybody")
    queued(desk, "hello everybody")
    ada.say("the microphone is off", "stage")
    expect(desk.locator("#talk-unread")).to_have_text("1 new to the stage")
    expect(desk.locator("#announcer")).to_contain_text("1 new to the stage")
    state = desk.locator("[data-options=state]")
    state.get_by_text("Off", exact=True).click()
    expect(desk.locator("#talk-unread")).to_be_hidden()
    state.get_by_text("On", exact=True).click()
    expect(desk.locator("#talk-unread")).to_be_visible()
    queued(desk, "hello everybody")
    tap(desk, "To the stage (1)")
    queued(desk, "the microphone is off")
    expect(desk.locator("#talk-unread")).to_be_hidden()
    do(desk, "the microphone is off", "Answer")
    expect(desk.locator("#say-to")).to_contain_text(f"Answer to Ada · {ada.person[:3]}")
    expect(desk.locator("#say-text")).to_be_focused()
    looks_well(desk, "answering")
    desk.keyboard.type("We see to it.")
    desk.keyboard.press("Enter")
    says(desk, "Your message is sent.")
    expect(desk.locator("#say-to")).to_be_hidden()
    expect(desk.locator("#say-text")).to_have_value("")
    assert ada.has("We see to it.")["from"] == "stage"
    queued(desk, "We see to it.", "the microphone is off")
    desk.reload()
    queued(desk, "hello everybody")
    expect(desk.locator("#talk-unread")).to_be_hidden()

    line = LossyLine(desk)
    queued(desk, "hello everybody")
    line.cut()
    expect(desk.locator("body")).to_have_attribute("data-connection", "reconnecting")
    ada.say("one more")
    desk.locator("#say-text").fill("Five minutes left")
    tap(desk, "Send")
    says(desk, "Your message will be sent as soon as the connection is back.")
    line.mend()
    queued(desk, "Five minutes left", "one more", "hello everybody")
    other.sees("hello everybody", "one more", "Five minutes left")
    assert not other.has_got("We see to it.")


def test_no_row_moves_under_a_thumb_or_a_mouse(
    lively: Server, windows: Callable[[Server], Window], talkers: Callable[..., Talker]
) -> None:
    """What comes meanwhile waits behind its number, however much; a touch holds for a moment."""
    window = windows(lively)
    desk = window.admin(has_touch=True)
    crowd = talkers(lively, "Crowd")
    flood = iter(range(10_000))

    def say(number: int) -> None:
        for start in range(0, number, AT_ONCE):
            part = range(min(AT_ONCE, number - start))
            for key in [crowd.send(f"message {next(flood)}") for _ in part]:
                assert crowd.answer(key)["type"] == "said"

    say(12)
    rows = desk.locator("#queue li")
    expect(rows).to_have_count(12)
    expect(rows.first).to_contain_text("message 11")
    desk.clock.install(time=CLOCK)
    desk.clock.pause_at("2026-11-20T10:00:01Z")
    rows.first.locator(".said-text").tap()
    before = desk.evaluate(OLDEST_IN_SIGHT)
    say(3)
    expect(desk.locator("#talk-waiting")).to_have_text("Show 3 new messages")
    assert desk.evaluate(OLDEST_IN_SIGHT) == before
    desk.clock.run_for(5_000)
    expect(rows.first).to_contain_text("message 14")
    expect(desk.locator("#talk-waiting")).to_be_hidden()
    desk.clock.resume()

    rows.nth(1).locator(".said-text").hover()
    say(1)
    expect(desk.locator("#talk-waiting")).to_have_text("Show 1 new message")
    desk.locator("#talk-waiting").click()
    expect(rows.first).to_contain_text("message 15")

    desk.mouse.move(1, 1)
    desk.locator("#queue").evaluate("list => { list.scrollTop = 300; }")
    held = rows.nth(4)
    text = held.locator(".said-text").inner_text()
    before = held.bounding_box()
    say(220)
    expect(desk.locator("#talk-waiting")).to_have_text("Show 200 new messages")
    assert held.bounding_box() == before
    with desk.expect_console_message(lambda said: "409" in said.text):
        held.get_by_role("button", name="Hide", exact=True).click()  # the server has forgotten it
    forgive_refusals(window)
    says(desk, "This message is not known any more.")
    expect(held).to_contain_text(text)
    desk.locator("#talk-waiting").click()
    expect(rows).to_have_count(200)
    expect(rows.first).to_contain_text("message 235")
    assert desk.locator("#queue").evaluate("list => list.scrollTop") == 0


def test_the_keyboard_keeps_its_place_in_the_queue(
    lively: Server, windows: Callable[[Server], Window], talkers: Callable[..., Talker]
) -> None:
    """A press leaves the focus where it is, and nothing moves while it is there."""
    desk = windows(lively).admin(size=LAPTOP)
    ada = talkers(lively, "Ada")
    ada.say("first")
    queued(desk, "first")
    desk.locator("#queue").focus()
    desk.keyboard.press("Tab")
    desk.keyboard.press("Enter")
    button = desk.get_by_role("button", name="Unhide", exact=True)
    expect(button).to_be_focused()
    expect(button).to_have_accessible_description("first")
    ada.say("second")
    expect(desk.locator("#talk-waiting")).to_have_text("Show 1 new message")
    expect(button).to_be_focused()
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("button", name="Hide", exact=True)).to_be_focused()
    desk.locator("#talk-waiting").focus()
    queued(desk, "second", "first")
