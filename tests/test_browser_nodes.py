"""A room on two servers in a real Chromium: whichever of them a page is on, it is the same room."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.fleets import Fleet, Front
from tests.middlemen import Upgrades
from tests.phones import Browser as Visitor
from tests.phones import Phone
from tests.redises import Redis
from tests.serving import ADA, EDSGER, GRACE, Server
from tests.steward import Steward
from tests.windows import Window, connected, draws, press, shows, vote

pytestmark = pytest.mark.browser

COMES_BACK_MS = 30_000
"""How long a page, a server or a Redis may take to be there again."""

# What the screen has said of how many voters are here, from now on.
WATCH = """() => {
    const place = document.getElementById("online");
    window.online = [place.textContent];
    const note = () => window.online.push(place.textContent);
    new MutationObserver(note).observe(place, { childList: true, characterData: true });
}"""


whole = pytest.mark.skipif(
    not os.environ.get("TEST_ALL"), reason="shown without a browser too; make test-all"
)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, standing_redis: Redis) -> Iterator[Fleet]:
    """Two servers of one room; each test leaves both running."""
    both = Fleet(tmp_path_factory.mktemp("fleet"), standing_redis)
    try:
        yield both.start()
    finally:
        both.clear_up()


@pytest.fixture(scope="module")
def steward(fleet: Fleet) -> Steward:
    """Who leads the room."""
    return Steward(fleet.two)


@pytest.fixture
def one(fleet: Fleet, steward: Steward, windows: Callable[[Server], Window]) -> Window:
    """Pages of the first server; the round is new and nobody is here."""
    steward.steer("reset")
    screen = watcher(fleet.one)
    while screen.online:
        screen.next()
    screen.close()
    return windows(fleet.one)


@pytest.fixture
def two(fleet: Fleet, windows: Callable[[Server], Window]) -> Window:
    """Pages of the second server."""
    return windows(fleet.two)


@pytest.fixture
def before(fleet: Fleet, windows: Callable[..., Window]) -> Iterator[Callable[[Upgrades], Window]]:
    """Puts an address before the fleet; pages of that address."""
    fronts: list[Front] = []

    def put(upgrades: Upgrades) -> Window:
        fronts.append(Front(fleet, upgrades))
        return windows(fronts[-1])

    yield put
    for front in fronts:
        front.close()


def watcher(server: Server) -> Phone:
    """Return a screen as the server sees it, which has seen the state."""
    screen = Phone(Visitor(server), "screen")
    screen.wire.socket.settimeout(COMES_BACK_MS / 1_000)
    screen.until(type="state")
    return screen


def beside(window: Window, page: Page, path: str = "/") -> Page:
    """Open another tab of the same browser, on the window's server."""
    tab = window.tab(page.context, path)
    connected(tab)
    return tab


def row(page: Page, candidate: str) -> None:
    page.locator(f"[data-candidate={candidate}]").click()


def status(page: Page, kind: str, *words: str) -> None:
    line = page.locator("#status")
    expect(line).to_have_attribute("data-status", kind, timeout=COMES_BACK_MS)
    for said in words:
        expect(line).to_contain_text(said)


def says(page: Page, place: str, words: str | re.Pattern[str]) -> None:
    expect(page.locator(place)).to_have_text(words, timeout=COMES_BACK_MS)


def test_a_phone_and_the_screen_on_different_servers_are_in_one_room(
    steward: Steward, one: Window, two: Window
) -> None:
    """Vote, change, close, reveal, count down, reset: number, list and chart agree everywhere."""
    phone, other = one.voter("Vera"), two.voter("Wim")
    screen = two.screen()
    desk = one.admin_of(steward.browser)
    far_desk = beside(two, desk, "/admin")
    vote(phone, ADA)
    vote(other, ADA)
    for page in (screen, desk, far_desk):
        says(page, "#online", "2")
    for page in (desk, far_desk):
        says(page, "#health-line", "All 2 phones keep up. 2 server processes share the room.")

    tab = beside(two, phone)
    status(tab, "counted", "Your vote for Ada Lovelace is counted.")
    expect(tab.locator("footer")).to_contain_text("You joined as Vera")
    vote(tab, GRACE)
    status(phone, "counted", "Your vote for Grace Hopper is counted.")
    everyone = (phone, other, tab, desk, far_desk)
    for page in everyone:
        shows(page, **{ADA: 1, GRACE: 1})
    draws(screen, **{ADA: 1, GRACE: 1})
    receipt = phone.locator(".receipt").inner_text()
    expect(tab.locator(".receipt")).to_have_text(receipt)

    steward.steer("show", target=steward.look()["round"]["id"], results="hidden")
    expect(screen.locator("body")).to_have_attribute("data-stage", "hidden")
    for page in (desk, far_desk):  # who presses without having seen it is told
        expect(page.locator("#sees-line")).to_contain_text("Only this page")
    press(desk, "close")
    status(tab, "closed", "The presenter shows the result later.")
    for page in (phone, other, screen):
        expect(page.locator(f"span[data-count={ADA}]")).to_be_empty()
    press(far_desk, "show")
    for page in everyone:
        shows(page, **{ADA: 1, GRACE: 1})
    draws(screen, **{ADA: 1, GRACE: 1})

    press(far_desk, "reopen")
    for page in (phone, other, tab):
        status(page, "counted")
    steward.steer("extend", seconds=600)
    for page in (phone, other, screen, desk, far_desk):
        says(page, "#countdown", re.compile(r"^(10:00|9:\d\d)$"))
    press(far_desk, "reset")
    far_desk.locator("[data-confirm=reset]:visible").click()
    for page in everyone:
        shows(page)
    draws(screen)
    vote(other, EDSGER)
    for page in everyone:
        shows(page, **{EDSGER: 1})
    draws(screen, **{EDSGER: 1})
    far_desk.goto(far_desk.url + "?lang=zh-Hans")
    says(far_desk, "#health-line", "3 部手机都连接正常。2 个服务器进程共同承载会场。")


@whole
def test_a_page_without_a_socket_asks_another_server_each_time(
    fleet: Fleet, steward: Steward, one: Window, two: Window, before: Callable[[Upgrades], Window]
) -> None:
    """It logs in, votes, steers and sees the numbers; its voter is here once."""
    screen = one.screen()
    screen.evaluate(WATCH)
    anywhere = before("refuse")
    phone, desk = anywhere.voter("Vera"), anywhere.admin_of(steward.browser)
    for page in (phone, desk):
        expect(page.locator("body")).to_have_attribute("data-way", "longpoll")
    other = two.voter()
    vote(other, ADA)
    vote(phone, ADA)
    vote(phone, GRACE)
    for page in (phone, other, desk):
        shows(page, **{ADA: 1, GRACE: 1})
    draws(screen, **{ADA: 1, GRACE: 1})
    press(desk, "close")
    status(phone, "closed")
    press(desk, "reopen")
    status(phone, "counted")
    vote(phone, EDSGER)
    draws(screen, **{ADA: 1, EDSGER: 1})
    assert max(map(int, screen.evaluate("online"))) == 2
    cookies = {cookie["name"]: cookie["value"] for cookie in phone.context.cookies()}
    phone.close()
    assert Visitor(fleet.one, cookies).post("/logout").status == 303
    says(screen, "#online", "1")


def test_while_redis_is_gone_votes_wait_and_every_page_says_so(
    fleet: Fleet, steward: Steward, one: Window, two: Window
) -> None:
    """The numbers stay; the vote is sent when Redis is back, and counts once."""
    phone, other = one.voter("Vera"), two.voter("Wim")
    screen, desk = two.screen(), one.admin_of(steward.browser)
    vote(other, GRACE)
    for page in (phone, other, desk):
        shows(page, **{GRACE: 1})
    draws(screen, **{GRACE: 1})
    says(screen, "#online", "2")

    fleet.redis.kill()
    row(phone, ADA)
    status(phone, "retrying", "Votes cannot be saved at the moment.", "this page tries again")
    expect(phone.locator(f"[data-candidate={ADA}]")).to_contain_text("not saved yet")
    for page in (phone, other):
        says(page, "#badge", "Votes wait")
    status(other, "counted", "Your vote for Grace Hopper is counted.")
    said = "Votes cannot be saved at the moment; phones keep them and try again."
    says(screen, "#connection", said)
    said = "Votes cannot be saved at the moment: Redis does not take them."
    expect(desk.locator("#health")).to_contain_text(said)
    late = two.voter("Xenia")
    status(late, "idle", "Votes cannot be saved at the moment.", "this page keeps your vote")
    row(late, ADA)
    status(late, "retrying")
    for page in (phone, other, late, desk):
        shows(page, **{GRACE: 1})
    draws(screen, **{GRACE: 1})

    fleet.redis.start()
    for page in (phone, late):
        status(page, "counted", "Your vote for Ada Lovelace is counted.")
    for page in (phone, other, late):
        says(page, "#badge", "Connected")
    for page in (phone, other, late, desk):
        shows(page, **{ADA: 2, GRACE: 1})
    draws(screen, **{ADA: 2, GRACE: 1})
    for page in (screen, desk):
        says(page, "#ballots", "3")
    expect(desk.locator("#health")).to_be_hidden()


def test_when_redis_has_lost_everything_every_page_goes_on_with_the_votes(
    fleet: Fleet, steward: Steward, one: Window, two: Window
) -> None:
    """The servers begin a new history with what they know, and pages follow without a reload."""
    phone, other = one.voter("Vera"), two.voter("Wim")
    screen, desk = two.screen(), one.admin_of(steward.browser)
    vote(phone, ADA)
    vote(other, GRACE)
    receipt = phone.locator(".receipt").inner_text()
    before = [watcher(server) for server in fleet.servers]

    fleet.redis.client.flushall()
    for watching in before:
        epoch = watching.state["epoch"]
        while watching.state["epoch"] == epoch or not watching.state["recording"]:
            watching.next()
        watching.close()
    for page in (phone, other, desk):
        shows(page, **{ADA: 1, GRACE: 1})
    draws(screen, **{ADA: 1, GRACE: 1})
    status(phone, "counted", "Your vote for Ada Lovelace is counted.", receipt)
    vote(phone, EDSGER)
    vote(other, EDSGER)
    for page in (phone, other, desk):
        shows(page, **{EDSGER: 2})
    draws(screen, **{EDSGER: 2})
    press(desk, "close")
    for page in (phone, other):
        status(page, "closed", "Your vote for Edsger Dijkstra is counted.")
    press(desk, "reopen")


@whole
def test_when_a_server_ends_its_pages_go_on_at_the_other(
    fleet: Fleet, steward: Steward, two: Window, before: Callable[[Upgrades], Window]
) -> None:
    """Behind one address nobody has to do anything, and no vote is lost or counted twice."""
    steward.steer("reset")
    anywhere = before("pass")
    phones = [anywhere.voter() for _ in fleet.servers]
    screen, desk = anywhere.screen(), anywhere.admin_of(steward.browser)
    vote(phones[0], ADA)
    vote(phones[1], ADA)
    for server, choice in zip(fleet.servers, (GRACE, EDSGER), strict=True):
        assert server.stop() == 0
        for phone in phones:
            row(phone, choice)
        for phone in phones:
            status(phone, "counted")
        for page in (*phones, screen, desk):
            body = page.locator("body")
            expect(body).to_have_attribute("data-connection", "connected", timeout=COMES_BACK_MS)
        for page in (*phones, desk):
            shows(page, **{choice: 2})
        draws(screen, **{choice: 2})
        server.start()
    for page in (screen, desk):
        says(page, "#ballots", "2")
        says(page, "#online", "2")
