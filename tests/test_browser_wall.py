"""The room's messages on the screen: the wall beside the picture, and one message over it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests import measuring
from tests.house import SCREEN_TEXT, dress
from tests.phones import Browser, phone
from tests.serving import ADA, Server
from tests.talkers import FAST, Desk, Talker
from tests.windows import LAPTOP, PROJECTOR, LossyLine, Window, connected, draws

pytestmark = pytest.mark.browser

LONGEST = "The question of whether machines can think is like whether submarines swim. " * 4
ODD = {
    "markup": "<b>Bo</b> {y} &amp; <img src=x onerror=alert(1)>",
    "emoji": "🙂 🏳️‍🌈 👩🏽‍🚀 👍🏿",
    "right to left": "متى تبدأ الجولة التالية؟ أريد أن أسمع عن الخوارزميات.",
    "chinese": "下一场演讲应该由谁来做？" * 23,
    "one word": "W" * 280,
    "lines": "\n".join("poem"),
    "long": LONGEST[:280],
}
NAME_PX, TEXT_PX = 24, 28
PATIENCE_MS = 15_000

# The messages that are drawn, from top to bottom, but for those that are not whole in sight.
WHOLE = """() => [...document.querySelectorAll("#messages li")].filter((row) => {
    const [box, place] = [row.getBoundingClientRect(), messages.getBoundingClientRect()];
    return box.top >= place.top - 1 && box.bottom <= place.bottom + 1;
}).map((row) => row.querySelector(".text").textContent)"""

# How often the wall was drawn anew.
WATCH = """() => {
    window.redraws = 0;
    new MutationObserver(() => { window.redraws += 1; }).observe(messages, { childList: true });
}"""

MEETING = """() => {
    const box = (name) => document.querySelector(name).getBoundingClientRect();
    const [wall, ...others] = [".wall", "#chart", "#candidates", "#join-code", ".base"].map(box);
    return others.filter((one) => one.right > wall.left && one.left < wall.right
        && one.bottom > wall.top && one.top < wall.bottom).length;
}"""


@pytest.fixture(scope="module")
def talking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for all tests of this module, in whose room people talk as fast as they like."""
    server = Server(tmp_path_factory.mktemp("talking"), FAST)
    yield server.start()
    server.clear_up()


@pytest.fixture(scope="module")
def admin(talking: Server) -> Desk:
    """Who leads that room; somebody has voted in it."""
    voter = phone(talking)
    voter.vote(ADA)
    voter.until(type="receipt")
    return Desk(talking)


@pytest.fixture
def desk(admin: Desk) -> Desk:
    """The admin's buttons; each test finds the wall empty, and no message over the picture."""
    admin.press("state", state="open")
    admin.press("spotlight", message="")
    admin.press("clear", version=admin.version)
    return admin


@pytest.fixture
def window(windows: Callable[[Server], Window], talking: Server) -> Window:
    """Pages of that room."""
    return windows(talking)


def say(talker: Talker, text: str) -> None:
    """Say something that is taken."""
    answer = talker.say(text)
    assert answer["type"] == "said", answer


def said(screen: Page) -> list[str]:
    """Return the texts on the wall, from top to bottom."""
    return screen.locator("#messages .text").all_text_contents()


def shows_last(screen: Page, *texts: str) -> None:
    """Wait until the newest messages on the wall are these."""
    screen.wait_for_function(
        """wanted => JSON.stringify([...document.querySelectorAll("#messages .text")]
            .slice(-wanted.length).map((each) => each.textContent)) === JSON.stringify(wanted)""",
        arg=[*texts],
    )


def wall(screen: Page, state: str) -> None:
    """Wait until the wall is shown, or is not."""
    expect(screen.locator("body")).to_have_attribute("data-wall", state)


def spotlight(screen: Page, state: str) -> None:
    """Wait until a message stands over the picture, or none."""
    expect(screen.locator("body")).to_have_attribute("data-spotlight", state)


def as_admin(window: Window, desk: Desk, **context: object) -> Page:
    """Open the screen in a browser that is logged in as admin."""
    page = window.screen(**context)
    cookies = [
        {"name": name, "value": value, "url": page.url}
        for name, value in desk.browser.cookies.items()
    ]
    page.context.add_cookies(cookies)  # type: ignore[arg-type]
    page.reload()
    connected(page)
    return page


def wrong(page: Page, theme: str, *whole: str) -> list[str]:
    """Return what the back row could not read in a theme; `whole` must not be cut."""
    dress(page, theme)
    return [
        *measuring.spilled(page),
        *measuring.overlaps(page),
        *measuring.faint(page, SCREEN_TEXT),
        *measuring.cut(page, ", ".join(["#question", ".turnout", *whole])),
    ]


def test_a_key_brings_the_wall_and_takes_it_away(
    window: Window, talking: Server, desk: Desk
) -> None:
    """While messages are off the key says so; else beside the picture, and remembered."""
    desk.press("state", state="off")
    screen, embed = window.screen(), window.open("/embed", LAPTOP)
    draws(screen, **{ADA: 1})
    screen.keyboard.press("m")
    expect(screen.locator("#said")).to_have_text(
        "Messages are off. The admin page can switch them on."
    )
    wall(screen, "none")

    desk.press("state", state="open")
    early, late = Talker(Browser(talking).log_in("Ada")), Talker(Browser(talking).log_in())
    early.say("Here before the wall was")
    wide = screen.locator("#chart").bounding_box()
    expect(screen.locator("#messages li")).to_have_count(0)
    screen.keyboard.press("m")
    wall(screen, "shown")
    shows_last(screen, "Here before the wall was")
    late.say("and here since")
    shows_last(screen, "Here before the wall was", "and here since")
    names = screen.locator("#messages .author")
    expect(names.nth(0)).to_have_text("Ada")
    expect(names.nth(1)).to_have_text(f"Anonymous · {late.person[:3]}")
    narrow = screen.locator("#chart").bounding_box()
    assert wide
    assert narrow
    assert 400 < narrow["width"] < wide["width"]
    assert screen.evaluate(MEETING) == 0
    draws(screen, **{ADA: 1})

    screen.reload()
    connected(screen)
    shows_last(screen, "Here before the wall was", "and here since")
    screen.keyboard.press("?")
    screen.locator("#keys [data-do=wall]").click()
    wall(screen, "none")
    screen.keyboard.press("Escape")
    expect(screen.locator(".wall")).to_be_hidden()
    late.say("while nobody looked")
    screen.keyboard.press("m")
    shows_last(screen, "and here since", "while nobody looked")
    late.until(lambda: late.wall.texts)
    desk.press("spotlight", message=late.wall.messages[0]["id"])
    spotlight(screen, "on")
    expect(embed.locator("body")).not_to_contain_text("Here before the wall was")
    expect(embed.locator("#announcer")).to_be_empty()
    desk.press("state", state="closed")
    expect(screen.locator("#wall-closed")).to_be_visible()
    desk.press("state", state="off")
    wall(screen, "none")
    spotlight(screen, "none")
    desk.press("clear", version=desk.version)
    desk.press("state", state="open")
    wall(screen, "shown")
    expect(screen.locator("#messages li")).to_have_count(0)


def test_the_newest_stand_whole_at_the_bottom_and_can_be_read_from_the_back_row(
    window: Window, talking: Server, desk: Desk
) -> None:
    """Whatever is written; what is hidden goes, and what was above comes back in its place."""
    screen = window.screen(reduced_motion="reduce")
    screen.keyboard.press("q")  # so that the wall has the height of the picture
    screen.keyboard.press("m")
    expect(screen.locator("#wall-empty")).to_be_visible()
    ada, twin = (Talker(Browser(talking).log_in("Ada")) for _ in range(2))
    texts = [f"Message {n}" for n in range(1, 26)]
    for text in texts:
        say(ada, text)
    shows_last(screen, "Message 25")
    expect(screen.locator("#wall-empty")).to_be_hidden()
    shown = said(screen)
    assert 3 < len(shown) < 25
    assert shown == texts[-len(shown) :]
    assert screen.evaluate(WHOLE) == shown
    ada.sees(*texts)
    gone = ada.wall.messages[-2]["id"]
    desk.press("hide", message=gone)
    shows_last(screen, "Message 23", "Message 25")
    assert said(screen) == [*texts[-len(shown) - 1 : -2], "Message 25"]
    desk.press("show", message=gone)
    shows_last(screen, "Message 24", "Message 25")
    assert said(screen) == shown

    twin.say("Another Ada")
    expect(screen.locator("#messages .author").last).to_have_text(f"Ada · {twin.person[:3]}")
    expect(screen.locator("#messages .author").first).to_have_text(f"Ada · {ada.person[:3]}")
    faults = {}
    for kind, text in ODD.items():
        say(twin, text)
        shows_last(screen, text)
        assert screen.evaluate(WHOLE)[-1] == text, kind
        sizes = measuring.drawn_sizes(screen, ".wall").values()
        assert min(sizes) >= NAME_PX, kind
        sizes = measuring.drawn_sizes(screen, "#messages .text").values()
        assert min(sizes) >= TEXT_PX, kind
        if screen.evaluate("document.documentElement.scrollHeight > innerHeight"):
            faults[kind] = ["scrolls"]
    faults["all"] = wrong(screen, "dark", "#messages")
    screen.keyboard.press("+")
    screen.keyboard.press("+")
    shows_last(screen, ODD["long"])
    assert screen.evaluate(WHOLE)[-1] == ODD["long"]
    assert not {kind: found for kind, found in faults.items() if found}, measuring.told(faults)


def test_a_wall_catches_up_after_each_cut(window: Window, desk: Desk) -> None:
    """It asks once somebody looks at it, and then for what it has missed: nothing twice."""
    screen = window.screen()
    line = LossyLine(screen)
    stage = Talker(desk.browser, view="admin")
    assert not [text for text in line.said if "hear" in text], "asked before anybody looks"
    screen.keyboard.press("m")
    say(stage, "Before")
    shows_last(screen, "Before")
    expect(screen.locator("#messages .author").last).to_have_text("The stage")
    stage.sees("Before")
    held = stage.wall.after
    line.cut()
    expect(screen.locator("body")).to_have_attribute("data-connection", "reconnecting")
    say(stage, "In the middle")
    screen.keyboard.press("t")
    assert said(screen) == ["Before"]
    line.mend()
    shows_last(screen, "Before", "In the middle")
    assert said(screen) == ["Before", "In the middle"]
    asked = [json.loads(text) for text in line.said if '"hear"' in text]
    assert [one["after"] for one in asked] == ["", held]


def test_a_wall_is_drawn_now_and_then_and_what_is_hidden_goes_at_once(
    window: Window, talking: Server, desk: Desk
) -> None:
    """By the page's own clock, which stands still: what comes waits, what is hidden does not."""
    stage = Talker(desk.browser, view="admin")
    say(stage, "before")
    screen = window.open("/login", PROJECTOR)
    screen.clock.install()
    lines: list[WebSocket] = []
    screen.on("websocket", lambda line: lines.append(line))
    screen.goto(f"{talking.url}/present")
    connected(screen)
    screen.keyboard.press("m")
    texts = screen.locator("#messages .text")
    expect(texts).to_have_text(["before"])
    screen.clock.pause_at(datetime.now(UTC) + timedelta(seconds=10))
    screen.evaluate(WATCH)

    def comes(text: str) -> None:
        """Say something, and wait until the page has got it."""
        with lines[-1].expect_event("framereceived", lambda frame: text in str(frame)):
            say(stage, text)

    comes("first")
    expect(texts).to_have_text(["before", "first"])
    comes("second")
    comes("third")
    expect(texts).to_have_text(["before", "first"])
    stage.sees("before", "first", "second", "third")
    desk.press("hide", message=stage.wall.messages[1]["id"])
    expect(texts).to_have_text(["before", "second", "third"])
    comes("fourth")
    expect(texts).to_have_text(["before", "second", "third"])
    screen.clock.run_for(400)
    expect(texts).to_have_text(["before", "second", "third", "fourth"])
    assert screen.evaluate("redraws") == 3


def test_one_message_stands_over_the_picture_until_it_is_taken_off(
    window: Window, talking: Server, desk: Desk
) -> None:
    """Large and whole, with its author; question, turnout and code stay; by the admin alone."""
    voter = Talker(Browser(talking).log_in("Grace Hopper"))
    screen = as_admin(window, desk, reduced_motion="reduce")
    draws(screen, **{ADA: 1})
    stranger = window.screen(size=LAPTOP, reduced_motion="reduce")
    for _ in range(2):
        stranger.keyboard.press("q")
    expect(stranger.locator("body")).to_have_attribute("data-code", "big")
    for text in ODD.values():
        say(voter, text)
    voter.until(lambda: len(voter.wall.texts) == len(ODD))
    ids = {message["text"]: message["id"] for message in voter.wall.messages}
    large = screen.locator("#spotlight")
    faults = {}
    desk.press("spotlight", message=ids[ODD["chinese"]])
    heard = f"Grace Hopper writes: {ODD['chinese']}"
    expect(screen.locator("#announcer")).to_have_text(heard, timeout=PATIENCE_MS)
    for kind, text in ODD.items():
        desk.press("spotlight", message=ids[text])
        expect(large.locator(".text")).to_have_text(text)
        faults[kind] = measuring.cut(screen, "#spotlight")
        assert min(measuring.drawn_sizes(screen, "#spotlight").values()) >= TEXT_PX, kind
    for page in (screen, stranger):
        expect(page.locator("#spotlight .text")).to_have_text(ODD["long"])
        expect(page.locator("#spotlight .author")).to_have_text("Grace Hopper")
        for part in ("#question", ".turnout", "#join-code"):
            expect(page.locator(part)).to_be_in_viewport(ratio=1)
        expect(page.locator("body")).to_have_attribute("data-code", "corner")
        expect(page.locator("#candidates .name").first).to_be_hidden()
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    faults["light"] = wrong(screen, "light", "#spotlight")
    screen.keyboard.press("m")
    wall(screen, "shown")
    shows_last(screen, ODD["long"])
    faults["beside the wall"] = wrong(screen, "dark", "#spotlight", "#messages")
    assert not {kind: found for kind, found in faults.items() if found}, measuring.told(faults)

    stranger.keyboard.press("x")
    expect(stranger.locator("#login")).to_be_visible()
    stranger.keyboard.press("Escape")
    expect(stranger.locator("#login")).to_be_hidden()
    spotlight(stranger, "on")
    screen.keyboard.press("?")
    screen.keyboard.press("Escape")  # closes the list of keys alone
    expect(screen.locator("#keys")).to_be_hidden()
    spotlight(screen, "on")
    screen.keyboard.press("Escape")
    for page in (screen, stranger):
        spotlight(page, "none")
        expect(page.locator("#spotlight")).to_be_hidden()
        expect(page.locator("#candidates .name").first).to_be_visible()
    screen.keyboard.press("Escape")
    expect(screen.locator("#said")).to_be_hidden()
    expect(screen.locator("body:not([data-fresh])")).to_be_visible()
    screen.keyboard.press("x")
    expect(screen.locator("#said")).to_have_text("No message stands large on the screen.")

    desk.press("spotlight", message=ids[ODD["emoji"]])
    expect(large).to_be_visible()
    desk.press("hide", message=ids[ODD["emoji"]])
    expect(large).to_be_hidden()
    window.complaints[:] = [one for one in window.complaints if "status of 401" not in one]
