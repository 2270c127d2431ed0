"""The voter's page in the hand: sleep and bad Wi-Fi, two tabs, a thumb, a keyboard, large type."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.faults import FileLimit
from tests.phones import Browser as Visitor
from tests.phones import phone
from tests.serving import ADA, CONFIG, EDSGER, GRACE, Server, poll_config
from tests.steward import Steward
from tests.windows import LossyLine, Window, connected, shows, vote

pytestmark = pytest.mark.browser

LOCALES = ["en", "zh-CN"] if os.environ.get("TEST_ALL") else ["en"]
SMALL = {"width": 320, "height": 568}
LYING = {"width": 568, "height": 320}
ZOOMED = {"width": 160, "height": 284}  # the small one at 200 %

# All that a phone tells a page when it is unlocked in another Wi-Fi, three times over.
WAKE = """() => {
    for (let times = 0; times < 3; times += 1) {
        document.dispatchEvent(new Event("visibilitychange"));
        document.dispatchEvent(new Event("resume"));
        dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
        dispatchEvent(new Event("online"));
    }
}"""

# A network that comes and goes within half a second.
FLICKER = """async () => {
    for (let times = 0; times < 20; times += 1) {
        dispatchEvent(new Event("online"));
        await new Promise((resolve) => setTimeout(resolve, 25));
    }
}"""


def steer(admin: Visitor, action: str, **more: object) -> None:
    """Press an admin's button."""
    with closing(phone(admin.server)) as looker:
        state = looker.state
    assert admin.steer(action, state, **more).status == 200


def cast(server: Server, candidate: str) -> None:
    """Let somebody else vote."""
    other = phone(server)
    other.vote(candidate)
    other.until(type="receipt")


def status(page: Page, kind: str, *words: str) -> None:
    """Wait until the status line is of a kind and holds some words."""
    expect(page.locator("#status")).to_have_attribute("data-status", kind)
    for said in words:
        expect(page.locator("#status")).to_contain_text(said)


def row(page: Page, candidate: str) -> Any:
    return page.locator(f"[data-candidate={candidate}]")


def carries(page: Page, candidate: str, vote: str | None, mark: str = "") -> None:
    """Wait until a row carries a vote so far on its way, or none."""
    if vote is None:
        expect(row(page, candidate)).not_to_have_attribute("data-vote", re.compile("."))
    else:
        expect(row(page, candidate)).to_have_attribute("data-vote", vote)
    expect(row(page, candidate).locator(".mark")).to_have_text(mark)


def is_away(page: Page, state: str, *words: str) -> None:
    """Wait until the page has no line, and its line and its details say why."""
    expect(page.locator("body")).to_have_attribute("data-connection", state)
    page.locator("#badge").click()
    for said in words:
        expect(page.locator("#status")).to_contain_text(said)
        expect(page.locator("#details")).to_contain_text(said)
    page.locator("#details-close").click()


# The line


def test_a_phone_that_slept_through_a_restart_wakes_to_the_present(
    window: Window, server: Server
) -> None:
    """Its line says "open" and is dead: one question, one new line, the numbers, its own vote."""
    voter = window.voter("Vera")
    line = LossyLine(voter)
    vote(voter, ADA)
    shows(voter, **{ADA: 1})
    line.late = {"tally"}
    cast(server, EDSGER)
    line.wait_for_late()
    line.freeze()
    server.kill()
    server.start()
    cast(server, GRACE)
    expect(voter.locator("body")).to_have_attribute("data-connection", "connected")
    shows(voter, **{ADA: 1})
    said = len(line.said)
    voter.evaluate(WAKE)
    line.mend()  # what had come before the sleep is read only now, and proves nothing
    shows(voter, **{ADA: 1, GRACE: 1, EDSGER: 1})
    connected(voter)
    carries(voter, ADA, "counted", "your vote")
    assert line.opened == 2
    # One ping on the dead line; on the new one the question what time it is.
    assert line.said[said:] == ['{"type":"ping"}'] * 2


def test_a_page_says_why_it_is_away_and_what_to_do(window: Window, server: Server) -> None:
    """A server that restarts, one that is silent, a phone without a network: each its own words."""
    voter = window.voter()
    server.stop()
    is_away(voter, "reconnecting", "The server is restarting.", "comes back by itself")
    server.start()
    connected(voter)
    server.kill()
    is_away(voter, "reconnecting", "No connection to the server.", "still in the room’s Wi-Fi?")
    attempts: list[object] = []
    voter.on("websocket", lambda line: attempts.append(line))
    voter.evaluate(FLICKER)
    assert len(attempts) < 5
    voter.context.set_offline(True)
    is_away(voter, "offline", "Your phone is not in a network.", "turn on Wi-Fi")
    status(voter, "idle", "If you vote now, your vote is sent as soon as the connection is back.")
    server.start()
    voter.context.set_offline(False)
    connected(voter)
    status(voter, "idle", "Tap your choice to vote.")


def test_the_line_is_cut_and_mended_by_hand(window: Window, server: Server) -> None:
    """Disconnected stays disconnected; a vote tapped then is kept, says so, and is sent after."""
    voter = window.voter()
    line = LossyLine(voter)
    vote(voter, ADA)
    badge, details = voter.locator("#badge"), voter.locator("#details")
    badge.press("Enter")
    expect(details).to_contain_text(re.compile(r"Connected since \d\d:\d\d"))
    expect(details).to_contain_text(f"127.0.0.1:{server.port}")
    details.get_by_role("button", name="Disconnect").press("Enter")
    expect(details).to_contain_text("You have disconnected this page.")
    expect(voter.locator(":focus")).to_have_text("Close")  # its own button has gone
    voter.keyboard.press("Escape")
    expect(badge).to_be_focused()
    voter.evaluate(WAKE)
    status(voter, "counted", "Your vote for Ada Lovelace is counted.", "You have disconnected")
    row(voter, GRACE).click()
    status(voter, "waiting", "You have disconnected this page.", "Grace Hopper will be sent")
    status(voter, "waiting", "Your vote for Ada Lovelace still counts.")
    carries(voter, GRACE, "waiting", "not sent yet")
    carries(voter, ADA, "still", "still counts")
    badge.click()
    expect(details).to_contain_text("your vote for Grace Hopper")
    expect(voter.locator("body")).to_have_attribute("data-connection", "offline")
    assert line.opened == 1
    details.get_by_role("button", name="Connect", exact=True).click()
    connected(voter)
    expect(details.locator("#details-unsent")).to_have_text("nothing")
    details.get_by_role("button", name="Close").click()
    status(voter, "counted", "Your vote for Grace Hopper is counted.")
    carries(voter, ADA, None)
    shows(voter, **{GRACE: 1})


def test_a_badge_does_not_say_connected_and_no_more_while_votes_cannot_be_recorded(
    window: Window, server: Server
) -> None:
    """The line is there; the votes wait all the same."""
    voter, badge = window.voter(), window.voter()
    vote(voter, ADA)
    fault = FileLimit(server.folder / "data")
    fault.begin(server)
    row(voter, GRACE).click()
    status(voter, "retrying", "cannot be saved", "Your vote for Ada Lovelace still counts.")
    carries(voter, ADA, "still", "still counts")
    for page in (voter, badge):
        expect(page.locator("#badge")).to_have_text("Votes wait")
    fault.end(server)
    expect(voter.locator("#badge")).to_have_text("Connected", timeout=20_000)


# The vote


def test_a_tap_shows_at_once_and_a_refused_one_is_taken_back(
    window: Window, server: Server, admin: Visitor
) -> None:
    """Before the next frame; a receipt is felt; a refusal says why, and shows what still counts."""
    voter = window.voter()
    voter.add_init_script("navigator.vibrate = (ms) => (window.felt ??= []).push(ms)")
    line = LossyLine(voter)
    at_once = """(row) => {
        row.click();
        return [row.getAttribute("aria-pressed"), row.dataset.vote];
    }"""
    voter.locator("#turnout").click()  # a hand on the page, else a browser allows no vibration
    assert row(voter, ADA).evaluate(at_once) == ["true", "sending"]
    status(voter, "counted")
    assert voter.evaluate("window.felt") == [30]
    line.late = {"state", "you"}  # it does not hear of the close
    steer(admin, "close")
    row(voter, GRACE).click()
    status(voter, "refused", "your vote for Grace Hopper was not counted", "Ada Lovelace still")
    carries(voter, ADA, "counted", "your vote")
    carries(voter, GRACE, None)
    assert voter.evaluate("window.felt") == [30]


def test_two_tabs_of_one_voter_agree_after_every_step(
    window: Window, server: Server, admin: Visitor
) -> None:
    """Vote, change, close, reset; and who leaves in one tab has left in both."""
    one = window.voter("Vera")
    other = window.tab(one.context, "/")
    connected(other)

    def both(kind: str, choice: str | None, *words: str) -> None:
        for page in (one, other):
            status(page, kind, *words)
            expect(page.locator("[aria-pressed=true]")).to_have_count(0 if choice is None else 1)
            if choice:
                carries(page, choice, "counted", "your vote")
        assert one.locator("#status").inner_text() == other.locator("#status").inner_text()

    vote(one, ADA)
    both("counted", ADA, "Ada Lovelace")
    row(other, GRACE).click()
    both("counted", GRACE, "Grace Hopper")
    steer(admin, "close")
    both("closed", GRACE, "This round has closed.", "Grace Hopper")
    steer(admin, "open")
    both("idle", None, "A new round has begun.")
    vote(other, EDSGER)
    both("counted", EDSGER)
    steer(admin, "reset")
    both("idle", None, "A new round has begun.")
    one.get_by_role("button", name="Change name or leave").click()
    for page in (one, other):
        expect(page).to_have_url(re.compile("/login$"))


# The keyboard and the voice


def test_a_push_takes_nobodys_place_and_one_voice_tells_of_it(
    serve: Callable[..., Server], windows: Callable[[Server], Window]
) -> None:
    """Votes, a reset, another question, an edited ballot; what speaks is one region."""
    config = poll_config(question="Who?", candidates=["Ada", "Bob", "Cy"], id="one")
    second = '[[polls]]\nquestion = "What?"\ncandidates = ["Ada", "Bob"]\nid = "two"\n'
    server = serve(config.replace("[server]", f"{second}\n[server]"))
    admin = Visitor(server).become_admin()
    window = windows(server)
    voter, desk = window.voter(), window.admin_of(admin)
    voice, focus = voter.locator("#announcer"), voter.locator(":focus")
    regions = "[role=status], [role=alert], [role=log], [aria-live]:not([aria-live=off]), output"
    expect(voter.locator(regions)).to_have_count(1)
    expect(voice).to_be_empty()
    row(voter, "bob").focus()
    cast(server, "cy")
    expect(voter.locator("span[data-count=cy]")).to_have_text("1")
    expect(focus).to_have_attribute("data-candidate", "bob")
    voter.keyboard.press("Enter")
    status(voter, "counted", "Bob")
    expect(voice).to_contain_text("is counted")
    steer(admin, "reset")
    status(voter, "idle", "A new round has begun.")
    expect(voter.locator("#status[data-news]")).to_be_visible()
    expect(focus).to_have_attribute("data-candidate", "bob")
    steer(admin, "stage", poll="two")
    expect(voter.locator("#question")).to_have_text("What?")
    expect(focus).to_have_id("question")  # the row of that name would answer something else
    assert voter.evaluate("scrollY") == 0
    voter.keyboard.press("Tab")
    expect(focus).to_have_attribute("data-candidate", "ada")
    desk.goto(f"{server.url}/admin/polls/two")
    desk.locator("[name=candidate]").first.fill("Ada Lovelace")
    desk.locator("[name=candidate]").first.press("Enter")
    expect(row(voter, "ada").locator(".name")).to_have_text("Ada Lovelace")
    expect(focus).to_have_attribute("data-candidate", "ada")
    expect(voice).to_contain_text("What?", timeout=12_000)  # the newest, when it may speak again


# The thumb


NAMES = [f"Candidate {n} of a long list of those who would like to give it, all".ljust(80, "m")
         for n in range(50)]  # fmt: skip
NAMES[1], NAMES[2], NAMES[3] = "محمد بن موسى الخوارزمي", "🙂" * 40, "名前" * 40
QUESTION = "Which of these fifty people, each with a rather long name, should give the next talk?"

# What reaches out of the window, or out of its own place.
OVERFLOWING = """() => [document.documentElement, ...document.querySelectorAll("body *")]
    .filter((part) => part.getClientRects().length > 0 && !part.matches(".heard, svg, svg *"))
    .filter((part) => {
        const { left, right } = part.getBoundingClientRect();
        const isBlock = part.childElementCount === 0 && getComputedStyle(part).display !== "inline";
        const isCut = isBlock && part.scrollWidth > part.clientWidth + 1;
        return left < -0.5 || right > innerWidth + 0.5 || isCut;
    }).map((part) => part.outerHTML.slice(0, 80))"""

# Things to tap that are smaller than a size.
TOO_SMALL = """([selector, size]) => [...document.querySelectorAll(selector)]
    .map((part) => [part.outerHTML.slice(0, 80), part.getBoundingClientRect()])
    .filter(([, { width, height }]) => height > 0 && Math.min(width, height) < size)
    .map(([text]) => text)"""

# Of the window's height, what is left between the bars that stay in sight.
BETWEEN = """() => {
    const [top, stand, list] = [".top", ".stand", "#candidates"]
        .map((part) => document.querySelector(part).getBoundingClientRect());
    const isBeside = stand.left > list.right;
    const end = isBeside ? innerHeight : Math.min(stand.top, innerHeight);
    return (end - Math.max(top.bottom, 0)) / innerHeight;
}"""

BOXES = """() => [...document.querySelectorAll("#question, .candidate, .name, .strip")]
    .map((part) => Object.values(part.getBoundingClientRect().toJSON()).map(Math.round))"""


def fits(page: Page) -> None:
    """Nothing is cut or too small, and the page does not scroll sideways."""
    assert page.evaluate(OVERFLOWING) == []
    assert page.evaluate(TOO_SMALL, ["button.candidate", 48]) == []
    assert (
        page.evaluate(TOO_SMALL, ["a, button:not(#status *), input:not([type=hidden])", 24]) == []
    )


@pytest.mark.parametrize("locale", LOCALES)
def test_fifty_long_names_fit_the_smallest_phone(
    serve: Callable[..., Server], windows: Callable[[Server], Window], locale: str
) -> None:
    """Upright and on its side, zoomed, in large type, from right to left: all there, in order."""
    several = {"rule": "approval", "max_choices": 2}
    server = serve(poll_config(question=QUESTION, candidates=NAMES, **several))
    steer(Visitor(server).become_admin(), "extend", seconds=3_000)
    voter = windows(server).voter("Vera", size=SMALL, locale=locale)
    expect(voter.locator("#candidates .name")).to_have_text(NAMES)
    rows = voter.locator("#candidates > li > button")
    rows.nth(4).locator(".strip").click()  # the whole row is the button
    rows.nth(1).click(position={"x": 5, "y": 5})
    expect(voter.locator("[data-vote=counted]")).to_have_count(2)
    rows.nth(2).click()
    expect(voter.locator("#status")).to_have_attribute("data-status", "hint")
    for size in (SMALL, LYING):
        voter.set_viewport_size(size)
        for place in (0, 0.5, 1):
            voter.evaluate("(place) => scrollTo(0, place * 8000)", place)
            expect(voter.locator("#countdown")).to_be_in_viewport(ratio=1)
            expect(voter.locator("#status .say")).to_be_in_viewport(ratio=1)
            assert voter.evaluate(BETWEEN) > 0.5
        fits(voter)
    voter.set_viewport_size(ZOOMED)
    fits(voter)
    voter.set_viewport_size(SMALL)
    before = voter.evaluate(BOXES)
    voter.evaluate(
        """() => {
            for (const count of document.querySelectorAll(".count")) count.textContent = "12345";
            for (const share of document.querySelectorAll(".share")) share.textContent = "100%";
        }"""
    )
    assert voter.evaluate(BOXES) == before
    voter.evaluate("document.documentElement.dir = 'rtl'")
    fits(voter)
    voter.evaluate("document.documentElement.style.fontSize = '200%'")
    fits(voter)
    # What explained a tap is gone when it has been read.
    expect(voter.locator("#status")).to_have_attribute("data-status", "counted", timeout=8_000)


def test_the_login_page_fits_a_thumb_and_says_what_is_wrong(
    serve: Callable[..., Server], windows: Callable[[Server], Window]
) -> None:
    """No zoom on focus, large targets; a name that is not taken is asked for again, in place."""
    server = serve(CONFIG + "\n[room]\nname_required = true\n")
    admin = Visitor(server).become_admin()
    window = windows(server)
    page = window.open("/login", size=SMALL)
    expect(page.locator("main")).to_contain_text("No app, no account.")
    expect(page.locator("#rehearsal")).to_be_hidden()
    expect(page.locator(":focus")).to_have_count(0)  # no keyboard in the way of the button
    name = page.get_by_role("textbox")
    assert name.evaluate("(field) => parseFloat(getComputedStyle(field).fontSize)") >= 16
    assert page.evaluate(TOO_SMALL, ["main button, main input:not([type=hidden])", 48]) == []
    fits(page)
    name.fill(" \u2003 ")
    name.press("Enter")
    expect(page.locator("#problem")).to_have_text("Please tell us your name.")
    expect(name).to_be_focused()
    expect(name).to_have_attribute("aria-describedby", re.compile("problem"))
    fits(page)
    window.complaints.clear()  # of the answer's status
    name.fill("سلام")
    name.press("Enter")
    expect(page.locator(".foot")).to_contain_text("سلام")
    with closing(phone(server, "Adm")) as looker:
        assert admin.steer("rehearse", looker.state, seconds=60).status == 200
    late = window.open("/login", size=SMALL)
    expect(late.locator("#rehearsal")).to_be_visible()
    fits(late)


def test_what_matters_is_heard_though_more_comes_before_it_is_said(
    serve: Callable[..., Server], windows: Callable[[Server], Window]
) -> None:
    """The voice rests five seconds; then it tells all that is not as the listener knows it."""
    lunch = '\n[[polls]]\nquestion = "What is for lunch?"\ncandidates = ["Soup", "Salad"]\n'
    server = serve(CONFIG.replace("\n[server]", lunch + "\n[server]"))
    steward, voter = Steward(server), windows(server).voter()
    voice = voter.locator("#announcer")
    vote(voter, ADA)
    expect(voice).to_contain_text("Ada Lovelace")
    steward.steer("next")
    expect(voter.locator("#question")).to_have_text("What is for lunch?")
    steward.steer("open", poll="poll-2")
    expect(voter.locator("#status")).to_have_attribute("data-status", "idle")
    expect(voice).to_contain_text("What is for lunch?", timeout=10_000)
    expect(voice).to_contain_text("Tap your choice to vote.")


def test_forced_colours_leave_every_sign(window: Window) -> None:
    """With the system's own few colours: the vote, the bars and the keys' focus are seen."""
    voter = window.voter(forced_colors="active")
    vote(voter, ADA)
    row = voter.locator(f"[data-candidate={ADA}]")
    style = "each => { const s = getComputedStyle(each); return [s.outlineStyle, s.outlineWidth]; }"
    assert row.evaluate(style) == ["solid", "3px"]
    expect(row.locator(".mark")).to_have_text("your vote")
    bar, track = (row.locator(f".strip{part}") for part in (" rect", ""))
    assert bar.evaluate("each => getComputedStyle(each).fill") != track.evaluate(
        "each => getComputedStyle(each).backgroundColor"
    )
    voter.keyboard.press("Tab")
    assert voter.locator(":focus").evaluate(style) == ["solid", "3px"]
