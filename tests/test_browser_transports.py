"""Pages where no WebSocket passes: each way leads into the same room, and votes count once."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.middlemen import Middleman, Upgrades
from tests.phones import Browser as Visitor
from tests.phones import Phone, phone
from tests.serving import ADA, EDSGER, GRACE, Server
from tests.steward import Steward
from tests.windows import PROJECTOR, Window, connected, shows, vote

pytestmark = pytest.mark.browser

WAYS = ["websocket", "longpoll", "poll"] if os.environ.get("TEST_ALL") else ["longpoll"]
BLOCKED: list[Upgrades] = ["refuse", "close", "mute", "one-way"]

# When, by the page's own clock, it asked for a WebSocket and for anything else of the room, and
# what became of its line.
WITNESS = """() => {
    window.began = [];
    const noted = (what, made) => (...given) => {
        if (String(given[0]).includes("/live")) window.began.push([what, performance.now()]);
        return made(...given);
    };
    const [Socket, ask] = [window.WebSocket, window.fetch];
    window.WebSocket = new Proxy(Socket, {
        construct: (_, given) => noted("websocket", (address) => new Socket(address))(...given),
    });
    window.fetch = noted("question", (...given) => ask(...given));
    window.lines = [];
    addEventListener("DOMContentLoaded", () => {
        const { dataset } = document.body;
        const note = () => {
            const line = [dataset.connection, dataset.way ?? "none"].join(" ");
            if (window.lines.at(-1) !== line) window.lines.push(line);
        };
        const attributeFilter = ["data-connection", "data-way"];
        new MutationObserver(note).observe(document.body, { attributeFilter });
        note();
    });
}"""

# A tab that somebody leaves for another: one in this Chromium never knows.
LEAVE = """() => {
    Object.defineProperty(document, "hidden", { value: true, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""

RETURN = LEAVE.replace("value: true", "value: false")


@pytest.fixture(scope="module")
def steward(standing_server: Server) -> Steward:
    """Who leads the room of this module's server."""
    return Steward(standing_server)


@pytest.fixture
def between(standing_server: Server, steward: Steward) -> Iterator[Callable[..., Middleman]]:
    """Puts middlemen before that server; the room begins at zero."""
    steward.steer("reset")
    there: list[Middleman] = []

    def put(upgrades: Upgrades = "pass") -> Middleman:
        there.append(Middleman(standing_server, upgrades))
        return there[-1]

    yield put
    for one in there:
        one.close()


def witnessed(window: Window) -> Page:
    """Log in to a page that keeps what became of its line."""
    page = window.open("/login")
    page.add_init_script(f"({WITNESS})()")
    page.get_by_role("textbox").press("Enter")
    return page


def row(page: Page, candidate: str) -> None:
    page.locator(f"[data-candidate={candidate}]").click()


def takes(page: Page, way: str) -> None:
    """Wait until a page's line takes a way."""
    expect(page.locator("body")).to_have_attribute("data-way", way, timeout=30_000)
    connected(page)


def counted(page: Page) -> None:
    expect(page.locator("#status")).to_have_attribute("data-status", "counted", timeout=15_000)


def test_where_no_socket_passes_votes_go_through_within_three_seconds(
    windows: Callable[[Server], Window], between: Callable[..., Middleman], steward: Steward
) -> None:
    """Refused, closed, silent after its answer, or deaf to the page: the page asks instead."""
    middlemen = [between(kind) for kind in BLOCKED]
    pages = [witnessed(windows(middleman)) for middleman in middlemen]
    for page in pages:
        takes(page, "longpoll")
        vote(page, ADA)
        first, second = page.evaluate("began")[:2]
        assert (first[0], second[0]) == ("websocket", "question")
        assert second[1] - first[1] < 3_000
        assert page.evaluate("lines") == ["connecting none", "connected longpoll"]
    shows(pages[0], **{ADA: len(BLOCKED)})
    assert steward.look()["voted"] == len(BLOCKED)
    pages[0].locator("#badge").click()
    expect(pages[0].locator("#badge")).to_have_text("Connected")
    expect(pages[0].locator("#details")).to_contain_text("asks the server again and again")
    if os.environ.get("TEST_ALL"):  # it tries again by itself, within twenty seconds
        middlemen[0].release()
        takes(pages[0], "websocket")
        expect(pages[0].locator("#details")).not_to_contain_text("again and again")


def test_a_socket_that_speaks_late_takes_over(
    windows: Callable[[Server], Window], between: Callable[..., Middleman]
) -> None:
    """It was not even answered for two seconds, and was not asked for again."""
    middleman = between("swallow")
    page = witnessed(windows(middleman))
    takes(page, "longpoll")
    middleman.release()
    takes(page, "websocket")
    assert [what for what, _at in page.evaluate("began")].count("websocket") == 1
    assert page.evaluate("lines")[1:] == ["connected longpoll", "connected websocket"]


@pytest.mark.parametrize("way", WAYS)
def test_every_way_leads_into_the_same_room(
    windows: Callable[[Server], Window],
    standing_server: Server,
    between: Callable[..., Middleman],
    steward: Steward,
    way: str,
) -> None:
    """Vote, change, others' votes, close, reset, a second tab, the screen, leaving."""
    steward.steer("reset")
    window = windows(standing_server)
    voter = window.voter("Vera")
    voter.goto(f"{standing_server.url}/?transport={way}")
    other = window.tab(voter.context, f"/?transport={way}")
    screen = window.open(f"/present?transport={way}", PROJECTOR)
    desk = window.admin_of(steward.browser)
    desk.goto(f"{standing_server.url}/admin?transport={way}")
    for page in (voter, other, screen, desk):
        takes(page, way)
    vote(voter, ADA)
    for page in (voter, other, screen, desk):
        shows(page, **{ADA: 1})
    counted(other)
    row(other, GRACE)
    counted(other)
    expect(voter.locator("#status")).to_contain_text("Your vote for Grace Hopper is counted.")
    assert voter.locator(".receipt").inner_text() == other.locator(".receipt").inner_text()
    guest = phone(standing_server)
    guest.vote(EDSGER)
    guest.until(type="receipt")
    for page in (voter, other, screen):
        shows(page, **{GRACE: 1, EDSGER: 1})
    expect(screen.locator("[data-figure=online]")).to_have_text(re.compile(r"[2-9]|\d\d"))
    steward.steer("close")
    for page in (voter, other):
        expect(page.locator("#status")).to_have_attribute("data-status", "closed")
    steward.steer("open")
    for page in (voter, other):
        expect(page.locator("#status")).to_have_attribute("data-status", "idle")
        expect(page.locator("[aria-pressed=true]")).to_have_count(0)
    steward.steer("extend", seconds=60)
    expect(voter.locator("#countdown")).to_have_text(re.compile(r"0:5\d|1:00"))
    assert {page.get_attribute("body", "data-way") for page in (voter, other, screen)} == {way}
    # It was asked to take this way; nothing better was tried.
    expect(voter.locator("#details")).not_to_contain_text("does not get through")
    guest.close()
    voter.get_by_role("button", name="Change name or leave").click()
    for page in (voter, other):
        expect(page).to_have_url(re.compile("/login$"))
    window.complaints.clear()  # of the answer that says so


def test_a_line_climbs_back_and_takes_the_vote_along(
    windows: Callable[[Server], Window], between: Callable[..., Middleman], steward: Steward
) -> None:
    """The badge does not flicker; a ballot whose receipt got lost on the old way counts once."""
    middleman = between("refuse")
    page = witnessed(windows(middleman))
    takes(page, "longpoll")
    arrived: list[Request] = []

    def lose(route: Route) -> None:
        route.fetch()
        arrived.append(route.request)

    said: list[str] = []
    page.route("**/ballots", lose)
    page.on("websocket", lambda line: line.on("framesent", lambda text: said.append(text)))
    row(page, ADA)
    shows(page, **{ADA: 1})  # it is counted, and nobody told
    expect(page.locator("#status")).to_have_attribute("data-status", "sending")
    middleman.upgrades = "pass"
    page.evaluate("dispatchEvent(new Event('online'))")
    takes(page, "websocket")
    counted(page)
    shows(page, **{ADA: 1})
    # What time it is, and at once the ballot, with the same id.
    assert [json.loads(text)["type"] for text in said[:2]] == ["ping", "vote"]
    assert arrived[0].post_data_json == json.loads(said[1])
    ways = page.evaluate("lines")
    assert ways[ways.index("connected longpoll") :] == ["connected longpoll", "connected websocket"]
    state = steward.look()
    assert (state["voted"], state["ballots"]) == (1, 1)
    steward.steer("reset")
    expect(page.locator("#status")).to_have_attribute("data-status", "idle")


def test_a_page_whose_socket_has_just_worked_does_not_ask_twice(
    windows: Callable[[Server], Window], between: Callable[..., Middleman]
) -> None:
    """Silence is then a busy server, to which two thousand phones come back at once."""
    middleman = between()
    page = witnessed(windows(middleman))
    takes(page, "websocket")
    before = len(page.evaluate("began"))
    middleman.upgrades = "swallow"
    middleman.cut()
    page.wait_for_function(
        "before => began.length > before && performance.now() > began.at(-1)[1] + 3000", arg=before
    )
    middleman.release()
    takes(page, "websocket")
    assert {what for what, _at in page.evaluate("began")[before:]} == {"websocket"}


def test_a_proxy_that_cuts_long_waits_makes_them_shorter(
    windows: Callable[[Server], Window], between: Callable[..., Middleman]
) -> None:
    """The line stays; at last it asks without waiting, and votes are counted as before."""
    middleman = between("refuse")
    middleman.patience = 1.3
    asked: list[str] = []
    page = windows(middleman).open("/login")
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script(f"({WITNESS})()")
    page.get_by_role("textbox").press("Enter")
    takes(page, "longpoll")
    waits = [25, 12, 6, 3] if os.environ.get("TEST_ALL") else [25, 12]
    for wait in waits:
        if not any(f"wait={wait}&" in f"{url}&" for url in asked):
            page.wait_for_event(
                "request", lambda request, w=wait: f"wait={w}&" in request.url + "&"
            )
    if os.environ.get("TEST_ALL"):
        for _ in range(3):
            page.wait_for_event("request", lambda request: "wait=" not in request.url)
    vote(page, ADA)
    shows(page, **{ADA: 1})
    lines = page.evaluate("lines")
    assert lines[lines.index("connected longpoll") :] == ["connected longpoll"]


def test_a_proxy_that_speaks_for_a_server_is_not_believed_for_ever(
    windows: Callable[[Server], Window], standing_server: Server
) -> None:
    """Whatever it says of coming back: a server that is away for long has not just restarted."""
    page = windows(standing_server).voter()
    page.clock.install()
    page.goto(f"{standing_server.url}/?transport=poll")
    takes(page, "poll")
    gone = {"status": 503, "headers": {"Retry-After": "5"}, "body": "Just a moment"}
    page.route("**/live?*", lambda route: route.fulfill(**gone))
    expect(page.locator("#status")).to_contain_text("The server is restarting.")
    for _ in range(3):
        with page.expect_response("**/live?*"):
            page.clock.fast_forward(12_000)
    expect(page.locator("#status")).to_contain_text("No connection to the server.")


def test_a_vote_outlives_its_proxy_and_its_server(
    windows: Callable[[Server], Window],
    standing_server: Server,
    between: Callable[..., Middleman],
    steward: Steward,
) -> None:
    """The receipt is lost, then the server is killed: back in the same round, it counted once."""
    middleman = between("refuse")
    page = windows(middleman).voter("Vera")
    takes(page, "longpoll")
    vote(page, ADA)
    round = steward.look()["round"]["id"]
    middleman.is_deaf = True
    row(page, GRACE)
    expect(page.locator("#status")).to_have_attribute("data-status", "sending")
    looker = phone(standing_server)
    while looker.state["counts"].get(GRACE) != 1:
        looker.state = looker.next()
    looker.close()
    standing_server.kill()
    middleman.cut()
    expect(page.locator("body")).to_have_attribute("data-connection", "reconnecting")
    middleman.is_deaf = False
    standing_server.start()
    takes(page, "longpoll")
    counted(page)
    shows(page, **{GRACE: 1})
    state = steward.look()
    assert (state["round"]["id"], state["voted"], state["ballots"]) == (round, 1, 1)
    middleman.upgrades = "pass"
    standing_server.stop()
    standing_server.start()
    takes(page, "websocket")
    counted(page)


def test_seven_tabs_of_one_browser_leave_each_other_room(
    windows: Callable[[Server], Window], standing_server: Server, between: Callable[..., Middleman]
) -> None:
    """A browser opens six connections to a server: tabs that nobody looks at do not hold them."""
    between()
    window = windows(standing_server)
    tabs = [window.voter("Vera")]
    tabs[0].goto(f"{standing_server.url}/?transport=poll")
    takes(tabs[0], "poll")
    for _ in range(6):
        tabs[-1].evaluate(LEAVE)
        tabs.append(window.tab(tabs[0].context, "/?transport=longpoll"))
        takes(tabs[-1], "longpoll")
    vote(tabs[-1], ADA)
    for tab in tabs:
        shows(tab, **{ADA: 1})
    row(tabs[0], GRACE)
    counted(tabs[0])
    shows(tabs[-1], **{GRACE: 1})


def test_a_page_too_many_that_nobody_looks_at_stays_away(
    windows: Callable[[Server], Window], standing_server: Server, between: Callable[..., Middleman]
) -> None:
    """It would push out one that somebody uses; it comes back when it is looked at."""
    between()
    page = witnessed(windows(standing_server))
    page.clock.install()
    page.goto(standing_server.url)
    takes(page, "websocket")
    page.evaluate(LEAVE)
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    others = [Phone(Visitor(standing_server, cookies)) for _ in range(10)]
    expect(page.locator("#status")).to_contain_text("Please close other tabs of this room")
    for other in others:
        other.close()
    before = len(page.evaluate("began"))
    page.clock.fast_forward(60_000)
    assert len(page.evaluate("began")) == before
    page.evaluate(RETURN)
    takes(page, "websocket")


def test_a_page_too_many_says_what_to_do(
    windows: Callable[[Server], Window], standing_server: Server, between: Callable[..., Middleman]
) -> None:
    """The oldest of a voter's pages have to go, on whatever way; they come back by hand."""
    between()
    window = windows(standing_server)
    socket = window.voter("Vera")
    asking = window.tab(socket.context, "/login")
    with asking.expect_request(lambda request: "wait=25" in request.url):
        asking.goto(f"{standing_server.url}/?transport=longpoll")
    takes(asking, "longpoll")
    cookies = {cookie["name"]: cookie["value"] for cookie in socket.context.cookies()}
    others = [Phone(Visitor(standing_server, cookies)) for _ in range(10)]
    for page in (socket, asking):
        expect(page.locator("body")).to_have_attribute("data-connection", "reconnecting")
        expect(page.locator("#status")).to_contain_text("Please close other tabs of this room")
    for other in others:
        other.close()
    for page, way in ((socket, "websocket"), (asking, "longpoll")):
        page.locator("#badge").click()
        page.get_by_role("button", name="Try now").click()
        takes(page, way)
    window.complaints.clear()  # of the answer that says so
