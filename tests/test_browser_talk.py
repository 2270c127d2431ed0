"""The room talks on phones: to everyone and to one, beside a vote that stays where it is."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import measuring
from tests.house import TEXT, THEMES, dress
from tests.phones import Browser
from tests.serving import ADA, Server
from tests.talkers import FAST, WAYS, Desk, Talker, Way
from tests.windows import LossyLine, Window, connected, vote

pytestmark = pytest.mark.browser

OTHER_WAYS: tuple[Way, ...] = WAYS if os.environ.get("TEST_ALL") else ("longpoll",)
SMALL = {"width": 320, "height": 568}
LYING = {"width": 568, "height": 320}
PATIENCE_MS = 15_000

LONG = "Donaudampfschifffahrtsgesellschaft" * 8
TEXTS = [
    "下半场什么时候开始？",
    "🙂 🏳️‍🌈 👩🏽‍🚀",
    "متى نبدأ؟ (5)",
    "<b>Bo</b> {name} &amp;",
    "one\n\ntwo",
    LONG,
]

# What happens to a list from now on: its rows that came and went.
WATCH_ROWS = """list => {
    window.rows = [0, 0];
    new MutationObserver((changes) => {
        for (const { addedNodes, removedNodes } of changes) {
            window.rows[0] += addedNodes.length;
            window.rows[1] += removedNodes.length;
        }
    }).observe(list, { childList: true });
}"""

# Enter as a keyboard for Chinese sends it, when it ends a word.
END_OF_WORD = """box => box.dispatchEvent(new KeyboardEvent("keydown", {
    key: "Enter", isComposing: true, bubbles: true, cancelable: true }))"""

# Whether the last row of a list is in sight when all is drawn that was changed.
SHOWS_ITS_END = """async list => {
    const frame = () => new Promise(requestAnimationFrame);
    await frame();
    await frame();
    const lowest = (one) => one.getBoundingClientRect().bottom;
    return lowest(list.lastElementChild) <= lowest(list);
}"""

# Which row lies at the upper edge of a list, by its words, and where on the glass.
TOP_ROW = """list => [...list.children]
    .map((row) => [row.querySelector(".text").textContent, row.getBoundingClientRect().top])
    .find(([, top]) => top >= list.getBoundingClientRect().top)"""


@pytest.fixture(scope="module")
def talking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for all tests of this module, in whose room messages are on."""
    server = Server(tmp_path_factory.mktemp("talking"), FAST)
    yield server.start()
    server.clear_up()


@pytest.fixture(scope="module")
def admin(talking: Server) -> Desk:
    """Who leads that room."""
    return Desk(talking)


@pytest.fixture
def desk(admin: Desk) -> Desk:
    """The admin's buttons; each test finds the room open, at any pace, the wall empty."""
    admin.press("state", state="open")
    admin.press("slow", seconds=0)
    admin.press("clear", version=admin.version)
    return admin


@pytest.fixture
def window(windows: Callable[[Server], Window], talking: Server, desk: Desk) -> Window:
    """Pages of that room."""
    return windows(talking)


def talker(server: Server, name: str = "") -> Talker:
    """Let somebody else come in."""
    return Talker(Browser(server).log_in(name))


def opener(page: Page) -> Locator:
    return page.locator("#talk-open")


def texts(page: Page) -> Locator:
    """Return the messages that the panel shows."""
    return page.locator("#talk-list .text")


def type_and_send(page: Page, text: str) -> None:
    page.locator("#talk-text").fill(text)
    page.locator("#talk-text").press("Enter")


def is_said(page: Page, *said: str) -> None:
    """Wait until the panel shows these messages, and none of them is still on its way."""
    expect(texts(page)).to_have_text([re.compile(re.escape(text)) for text in said])
    expect(page.locator("#talk-list [data-stage]")).to_have_count(0, timeout=PATIENCE_MS)


def test_messages_that_are_switched_on_move_nothing_and_take_nobodys_focus(
    window: Window, talking: Server, desk: Desk
) -> None:
    """A phone loads nothing of them before; then a button comes, and a number, in one place."""
    desk.press("state", state="off")
    voter = window.voter("Vera")
    asked: list[str] = []
    voter.on("request", lambda request: asked.append(request.url))
    voter.reload()
    connected(voter)
    row = voter.locator("[data-candidate]").first
    row.focus()
    place = row.bounding_box()
    measuring.ready(voter).evaluate("window.watched = measure.watch()")
    assert not [url for url in asked if "talk" in url]
    expect(opener(voter)).to_have_count(0)
    desk.press("state", state="open")
    expect(opener(voter)).to_have_text("Messages", timeout=PATIENCE_MS)
    other = talker(talking, "Ada")
    for n in range(1, 4):
        other.say(f"number {n}")
        expect(opener(voter)).to_have_text(f"Messages · {n}")
    watched = voter.evaluate("watched")
    assert {*watched["shifted"]} <= {"top"}, watched  # the button itself, which grows
    assert watched["blurs"] == 0
    assert row.bounding_box() == place
    expect(row).to_be_focused()
    desk.press("state", state="off")
    expect(opener(voter)).to_be_hidden()
    other.leave()


@pytest.mark.parametrize("way", OTHER_WAYS)
def test_two_phones_talk_while_they_vote(
    window: Window, talking: Server, desk: Desk, way: Way
) -> None:
    """To everyone and to one, unread and read, by socket or not; a third gets no direct word."""
    ada, bob = window.voter("Ada"), window.voter("Bob")
    bob.goto(f"{talking.url}/?transport={way}")
    stranger, twin = talker(talking), talker(talking, "Ada")
    opener(ada).click()
    expect(ada.locator("#talk-text")).to_be_focused()  # of a page with a mouse
    ada.keyboard.type("Shall we begin?")
    ada.keyboard.press("Enter")
    is_said(ada, "Shall we begin?")
    expect(opener(bob)).to_have_text("Messages · 1")
    bob.reload()
    expect(opener(bob)).to_have_text("Messages · 1")

    opener(bob).click()
    is_said(bob, "Shall we begin?")
    expect(opener(bob)).to_have_text("Messages")
    vote(bob, ADA)
    expect(bob.locator("#talk")).to_be_visible()
    twin.say("I am Ada, too")
    is_said(bob, "Shall we begin?", "I am Ada, too")
    expect(bob.locator("#talk-list .tag")).to_have_text([re.compile(r"^· \w{3}$")] * 2)
    bob.locator("#talk-list .author").first.click()
    expect(bob.locator("#talk-alone")).to_have_text(re.compile(r"Only Ada · \w{3} and you"))
    type_and_send(bob, "a word for you")
    is_said(bob, "a word for you")

    expect(ada.locator("#talk-one")).to_have_text("One person · 1")
    ada.keyboard.press("Escape")
    expect(ada.locator("#talk")).to_be_hidden()
    expect(opener(ada)).to_be_focused()
    expect(opener(ada)).to_have_text("For you · 1")
    opener(ada).click()
    is_said(ada, "a word for you")
    type_and_send(ada, "and one back")
    is_said(bob, "a word for you", "and one back")
    expect(bob.locator("#announcer")).to_have_text(
        re.compile(r"Ada · \w{3} writes: and one back|2 new messages\."), timeout=PATIENCE_MS
    )
    ada.go_back()
    expect(ada.locator("#talk")).to_be_hidden()
    expect(opener(ada)).to_have_text("Messages")
    stranger.say("I am here")
    stranger.sees("Shall we begin?", "I am Ada, too", "I am here")
    assert stranger.has_got("Shall we begin?")
    assert not stranger.has_got("a word for you")
    assert not stranger.has_got("and one back")
    for one in (stranger, twin):
        one.leave()


@pytest.mark.parametrize("way", OTHER_WAYS)
def test_whoever_is_here_can_be_found_by_name_or_stay_out_of_the_list(
    window: Window, talking: Server, way: Way
) -> None:
    """The stage first, then names; who has none is not there; who wants to be out, is."""
    voter = window.voter("Vera")
    voter.goto(f"{talking.url}/?transport={way}")
    crowd = [
        talker(talking, name) for name in ("Zoë Quill", "钱 Quill", "Ada Quill", "Ada Quill", "")
    ]
    opener(voter).click()
    voter.locator("#talk-one").click()
    found = voter.locator("#talk-persons .who")
    expect(found.first).to_have_text("The stage")
    voter.locator("#talk-search").fill("QUILL")
    called = ["Ada Quill", "Ada Quill", "Zoë Quill", "钱 Quill"]
    expect(found).to_have_text(called, timeout=PATIENCE_MS)
    first, second, *others = voter.locator("#talk-persons .tag").all_inner_texts()
    assert first != second
    assert others == ["", ""]
    crowd[0].line.send({"type": "attend", "listed": False})
    expect(found).to_have_text([called[0], called[1], called[3]], timeout=PATIENCE_MS)
    crowd[0].line.send({"type": "attend", "listed": True})
    voter.locator("#talk-search").fill("zoe")
    expect(found).to_have_text(["Zoë Quill"], timeout=PATIENCE_MS)
    voter.locator("#talk-search").fill("")

    looker = window.voter("Bob")
    opener(looker).click()
    looker.locator("#talk-one").click()
    seen = looker.locator("#talk-persons .who").filter(has_text="Vera")
    expect(seen).to_have_count(1, timeout=PATIENCE_MS)
    voter.locator("#talk-listed").uncheck()
    expect(seen).to_have_count(0, timeout=PATIENCE_MS)
    voter.reload()
    voter.locator("#talk-one").click()
    expect(voter.locator("#talk-listed")).not_to_be_checked()
    voter.get_by_role("button", name="The stage").click()
    type_and_send(voter, "a question")
    is_said(voter, "a question")
    for one in crowd:
        one.leave()


def test_what_was_typed_is_said_once_whatever_becomes_of_the_line(
    window: Window, talking: Server
) -> None:
    """An answer that got lost, a line that is cut, a reload meanwhile: the same keys again."""
    page = window.voter("Vera")
    line = LossyLine(page)
    listener = talker(talking)
    line.lost = {"said"}
    opener(page).click()
    type_and_send(page, "first")
    listener.sees("first")
    type_and_send(page, "second")
    expect(page.locator("#talk-list .note").last).to_have_text("sending…")
    line.cut()
    expect(page.locator("body")).to_have_attribute("data-connection", "reconnecting")
    expect(page.locator("#talk-list .note").last).to_contain_text("when the connection is back")
    page.locator("#talk-text").fill("third, not sent")
    page.reload()
    expect(page.locator("#talk-list .note").last).to_contain_text("when the connection is back")
    expect(page.locator("#talk-text")).to_have_value("third, not sent")
    line.mend()
    is_said(page, "first", "second")
    listener.sees("first", "second")
    listener.leave()


def test_what_is_not_taken_keeps_its_words_and_says_why(
    window: Window, talking: Server, desk: Desk
) -> None:
    """Muted, gone, too long, too soon, closed: nothing typed is lost, and it can be sent again."""
    page = window.voter("Vera")
    listener, leaver = talker(talking, "Ada"), talker(talking, "Zoë")
    leaver.say("I have to go")
    opener(page).click()
    box, button = page.locator("#talk-text"), page.locator("#talk-send")
    type_and_send(page, "hello")
    listener.sees("I have to go", "hello")
    me = listener.wall.messages[-1]["from"]

    desk.press("mute", person=me)
    type_and_send(page, "am I heard?")
    refused = page.locator("#talk-list [data-stage=refused]")
    expect(refused).to_contain_text("not taken at the moment; this was not sent")
    refused.get_by_role("button", name="Edit").click()
    expect(box).to_have_value("am I heard?")
    box.press("Enter")
    expect(refused).to_have_count(1)
    desk.press("unmute", person=me)
    refused.get_by_role("button", name="Send again").click()
    is_said(page, "I have to go", "hello", "am I heard?")

    leaver.browser.post("/logout")
    page.locator("#talk-list .author").first.click()
    type_and_send(page, "are you there?")
    expect(refused).to_contain_text("This person has left the room")
    box.fill("between us")
    page.locator("#talk-wall").click()
    expect(box).to_have_value("")

    box.fill("🙂" * 281)
    expect(page.locator("#talk-left")).to_have_text("1 character too many")
    box.press("Enter")
    expect(box).to_have_value("🙂" * 281)
    box.fill("🙂" * 280)
    box.evaluate(END_OF_WORD)
    expect(box).to_have_value("🙂" * 280)
    box.press("Enter")
    listener.sees("I have to go", "hello", "am I heard?", "🙂" * 280)

    desk.press("slow", seconds=600)
    expect(page.locator("#talk-note")).to_contain_text("You can write again in")
    box.fill("too soon")
    expect(button).to_have_attribute("aria-disabled", "true")
    desk.press("state", state="closed")
    expect(page.locator("#talk-note")).to_contain_text("Messages are closed.")
    expect(box).to_be_hidden()
    expect(page.locator("#talk-list")).to_be_focused()
    page.locator("#talk-one").click()
    expect(page.locator("#talk-more")).to_contain_text("Messages are closed.")
    page.locator("#talk-wall").click()
    desk.press("slow", seconds=0)
    desk.press("state", state="open")
    expect(box).to_be_visible()
    expect(box).to_have_value("too soon")
    box.press("Enter")
    listener.sees("I have to go", "hello", "am I heard?", "🙂" * 280, "too soon")
    desk.press("hide", message=listener.wall.messages[-1]["id"])
    is_said(page, "I have to go", "hello", "am I heard?", "🙂" * 280)
    listener.leave()


def test_every_writing_is_only_text_and_axe_finds_nothing(
    window: Window, talking: Server, desk: Desk
) -> None:
    """Chinese, emoji, right to left, markup, one endless word; the panel at each of its places."""
    crowd = [talker(talking, name) for name in ("محمد بن موسى", "<i>Bo</i> {n}", "")]
    for place, text in enumerate(TEXTS):
        crowd[place % len(crowd)].say(text)
    desk.press("slow", seconds=5)
    looks = {"zh-CN": SMALL, "en-GB": LYING}
    pages = [window.voter("Vera", size=size, locale=locale) for locale, size in looks.items()]
    crowd[0].say(LONG, to=crowd[1].person)
    found: dict[str, list[str]] = {}

    def judge(place: str) -> None:
        for page, theme in zip(pages, THEMES, strict=True):
            dress(page, theme)
            found[f"{place} {theme} {page.viewport_size}"] = [
                *measuring.breaches(page),
                *measuring.spilled(page),
                *measuring.faint(page, TEXT, within="#talk"),
            ]

    for page in pages:
        opener(page).click()
        expect(texts(page)).to_have_count(len(TEXTS))
        assert texts(page).all_text_contents() == TEXTS
    expect(pages[0].locator("#talk-note")).to_have_text("每 5 秒可发一条留言。")
    judge("wall")
    for page in pages:
        page.locator("#talk-one").click()
        expect(page.locator("#talk-persons .who").filter(has_text="Bo")).to_have_text(
            ["<i>Bo</i> {n}"], timeout=PATIENCE_MS
        )
    judge("people")
    for page in pages:
        page.locator("#talk-persons button").filter(has_text="محمد").click()
        type_and_send(page, LONG)
        is_said(page, LONG)
    desk.press("state", state="closed")
    for page in pages:
        expect(page.locator("#talk-write")).to_be_hidden()
    judge("one person")
    found = {place: wrong for place, wrong in found.items() if wrong}
    assert not found, measuring.told(found)
    for one in crowd:
        one.leave()


def test_a_long_wall_keeps_its_readers_place_and_draws_only_what_is_new(
    window: Window, talking: Server
) -> None:
    """The last 200 for who comes late; then rows come one by one, below, and are only counted."""
    other = talker(talking)
    other.say_all(f"number {n}" for n in range(220))
    page = window.voter("Vera")
    opener(page).click()
    expect(texts(page)).to_have_count(200)
    held = page.locator("#talk-list")
    page.locator("#talk-text").fill("so long\n" * 9)  # the list gives way, and not its end
    assert held.evaluate(SHOWS_ITS_END)
    held.evaluate("list => { list.scrollTop /= 2; }")
    before = held.evaluate(TOP_ROW)
    held.evaluate(WATCH_ROWS)
    other.say_all(f"later {n}" for n in range(20))
    expect(page.locator("#talk-newest")).to_have_text("20 new")
    assert page.evaluate("rows") == [20, 20]
    after = held.evaluate(TOP_ROW)
    assert after[0] == before[0]
    assert after[1] == pytest.approx(before[1], abs=1)
    page.locator("#talk-newest").click()
    assert held.evaluate(SHOWS_ITS_END)
    expect(page.locator("#talk-newest")).to_be_hidden()
    other.leave()
