"""One-time codes in a real Chromium: from the desk to paper, and from a card into the room."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import measuring
from tests.house import THEMES, dress, forgive_refusals
from tests.phones import Browser
from tests.serving import ADA, Server
from tests.test_codes import BY_CODE, handed_out
from tests.windows import LAPTOP, PHONE, Window, connected, unfold, vote

pytestmark = pytest.mark.browser

LANGUAGES = ("zh-CN", "en-GB") if os.environ.get("TEST_ALL") else ("zh-CN",)
TEXT = 4.5  # contrast (WCAG 2.2, 1.4.3)
CARDS_ON_A_PAGE = 12


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that asks for codes."""
    server = Server(tmp_path_factory.mktemp("room"), BY_CODE)
    yield server.start()
    server.clear_up()


@pytest.fixture(scope="module")
def steward(room: Server) -> Browser:
    """Its admin."""
    return Browser(room).become_admin()


def looks_well(page: Page, within: str = "main") -> None:
    """Check contrast, sizes and what axe says of a page, in both themes."""
    for theme in THEMES:
        dress(page, theme)
        found = measuring.breaches(page) + measuring.spilled(page) + measuring.overlaps(page)
        assert found + measuring.faint(page, TEXT, within=within) == []


def test_a_card_is_scanned_and_lets_one_phone_in(
    room: Server, steward: Browser, windows: Callable[[Server], Window]
) -> None:
    """One tap behind the link; a second phone is told, in its language, and may type another."""
    card, another = handed_out(steward, 2)
    window = windows(room)
    vera = window.open(f"/login?code={card}", PHONE)
    expect(vera.get_by_label("Your code")).to_have_value(card)
    looks_well(vera)
    vera.get_by_role("button", name="Join").click()
    connected(vera)
    vote(vera, ADA)

    xu = window.open(f"/login?code={card}", PHONE, locale="zh-CN")
    xu.get_by_role("button", name="加入").click()
    expect(xu.get_by_role("alert")).to_contain_text("另一部手机")
    looks_well(xu)
    code = xu.get_by_label("您的投票码")
    expect(code).to_be_focused()
    code.fill(another.lower().replace("-", " "))
    code.press("Enter")
    connected(xu)

    vera.goto(f"{room.url}/login?code={another}")  # a card that lies around: straight in
    connected(vera)
    forgive_refusals(window)


def test_who_came_without_a_code_is_asked_where_the_page_stands_open(
    serve: Callable[..., Server], windows: Callable[[Server], Window]
) -> None:
    """The room asks for codes from its next start on: an open page leads to the login by itself."""
    server = serve()
    window = windows(server)
    vera = window.voter("Vera")
    server.stop()
    server.config.write_text(BY_CODE, encoding="utf-8")
    server.start()
    expect(vera.get_by_label("Your code")).to_be_visible(timeout=30_000)
    expect(vera.get_by_label("Your name")).to_have_value("Vera")
    forgive_refusals(window)


@pytest.mark.parametrize("place", range(len(LANGUAGES)), ids=LANGUAGES)
def test_codes_are_made_on_the_desk(
    room: Server, steward: Browser, windows: Callable[[Server], Window], place: int
) -> None:
    """Shown once, saved as a list, printed without what is not for paper; the desk counts along."""
    window = windows(room)
    desk = window.open("/login", (PHONE, LAPTOP)[place], locale=LANGUAGES[place])
    desk.context.add_cookies(
        [{"name": n, "value": v, "url": room.url} for n, v in steward.cookies.items()]
    )
    desk.add_init_script("window.printed = 0; window.print = () => { window.printed += 1; };")
    desk.goto(room.url + "/admin")
    connected(desk)
    unfold(desk, ("投票码", "Codes")[place])
    looks_well(desk, within=".make")
    before = int(desk.locator("[data-vital=codes_made]").inner_text())
    desk.locator("#codes-number").fill("25")
    desk.locator("#codes-number").press("Enter")
    expect(desk.locator(".card")).to_have_count(25)
    looks_well(desk, within=".told")

    desk.locator("#print").click()
    assert desk.evaluate("printed") == 1
    with desk.expect_download() as download:
        desk.locator("a[download]").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    assert [row["code"] for row in rows] == desk.locator(".card .code").all_inner_texts()
    for paper in ("A4", "Letter"):
        pages = desk.pdf(format=paper)
        assert len(re.findall(rb"/Type */Page\b", pages)) == -(-25 // CARDS_ON_A_PAGE)
    desk.emulate_media(media="print")
    expect(desk.locator(".told")).to_be_hidden()
    expect(desk.locator(".top")).to_be_hidden()

    phone = window.open("/login")
    phone.goto(rows[24]["link"].replace("http://vote.example:5000", room.url))
    phone.locator("button[type=submit]").click()
    connected(phone)
    desk.emulate_media(media="screen")
    desk.goto(room.url + "/admin")
    expect(desk.locator("[data-vital=codes_made]")).to_have_text(str(before + 25))
    used = int(desk.locator("[data-vital=codes_used]").text_content() or 0)
    (card,) = handed_out(steward, 1)
    assert Browser(room).post("/login", {"code": card}).status == 303
    expect(desk.locator("[data-vital=codes_used]")).to_have_text(str(used + 1))


def test_the_sheet_is_whole_without_scripts(
    room: Server, steward: Browser, windows: Callable[[Server], Window]
) -> None:
    """The form posts, the cards are there, the list can be saved; no button does nothing."""
    window = windows(room)
    desk = window.open("/login", LAPTOP, java_script_enabled=False)
    desk.context.add_cookies(
        [{"name": n, "value": v, "url": room.url} for n, v in steward.cookies.items()]
    )
    desk.goto(room.url + "/admin")
    desk.locator("summary", has_text="Codes").click()
    desk.locator("#codes-number").fill("2")
    desk.get_by_role("button", name="Make codes").click()
    expect(desk.locator(".card")).to_have_count(2)
    expect(desk.locator("#print")).to_be_hidden()
    with desk.expect_download() as download:
        desk.locator("a[download]").click()
    assert download.value.suggested_filename == "codes.csv"
