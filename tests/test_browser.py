"""The whole main job in a real Chromium: phones vote, the screen shows it, the admin steers."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.phones import Browser as Visitor
from tests.phones import phone
from tests.serving import ADA, CONFIG, EDSGER, GRACE, Server, poll_config
from tests.windows import LAPTOP, PROJECTOR, Window, connected, draws, press, shows, unfold, vote

pytestmark = pytest.mark.browser


def test_the_room_votes_and_the_screen_shows_it(window: Window) -> None:
    """Vote, change, close, reset, vote again, restore: every page shows the same numbers."""
    first, second = window.voter("Vera"), window.voter("Wim")
    screen = window.screen()
    vote(first, ADA)
    vote(second, ADA)
    for page in (first, second):
        shows(page, **{ADA: 2})
    draws(screen, **{ADA: 2})

    vote(second, GRACE)
    admin = window.admin()
    for page in (first, second, admin):
        shows(page, **{ADA: 1, GRACE: 1})
    draws(screen, **{ADA: 1, GRACE: 1})
    for page in (screen, admin):
        expect(page.locator("#ballots")).to_have_text("2")
        expect(page.locator("#online")).to_have_text("2")

    press(admin, "reset")
    admin.locator("[data-confirm=reset]:visible").click()
    for page in (first, second, admin):
        shows(page)
    draws(screen)
    for page in (first, second):
        expect(page.locator("#status")).to_have_attribute("data-status", "idle")
        expect(page.locator("[aria-pressed=true]")).to_have_count(0)

    vote(first, EDSGER)
    for page in (first, second, admin):
        shows(page, **{EDSGER: 1})
    draws(screen, **{EDSGER: 1})

    press(admin, "close")
    unfold(admin, "Rounds")
    press(admin, "restore")
    for page in (first, second, admin):
        shows(page, **{ADA: 1, GRACE: 1})
    draws(screen, **{ADA: 1, GRACE: 1})
    expect(second.locator("#status")).to_have_attribute("data-status", "closed")
    expect(second.locator("#status")).to_contain_text("Grace Hopper")

    press(admin, "reopen")
    vote(second, ADA)
    for page in (first, second, admin):
        shows(page, **{ADA: 2})
    draws(screen, **{ADA: 2})


def test_a_double_tap_closes_a_round_and_opens_none(window: Window) -> None:
    """The button that takes the other's place does not take the second tap."""
    voter, admin = window.voter(), window.admin()
    vote(voter, ADA)
    close = admin.locator("button[data-action=close]")
    box = close.bounding_box()
    assert box is not None
    admin.mouse.dblclick(box["x"] + 40, box["y"] + 20, delay=60)
    expect(admin.locator("body")).to_have_attribute("data-round", "closed")
    press(admin, "reopen")
    expect(admin.locator("body")).to_have_attribute("data-round", "open")
    shows(admin, **{ADA: 1})


def test_any_archived_round_can_be_brought_back_from_the_list(window: Window) -> None:
    """Also one that was listed only after the page had opened."""
    voter, admin = window.voter(), window.admin()
    vote(voter, ADA)
    for _ in range(2):
        press(admin, "close")
        press(admin, "open")
    expect(admin.locator("#round-line")).to_contain_text("Round 3")
    expect(admin.locator("main:not([data-fresh])")).to_be_visible()
    unfold(admin, "Rounds")
    admin.locator("tr[data-round-id='1'] button").click()
    expect(admin.locator("#round-line")).to_contain_text("Round 1")
    shows(voter, **{ADA: 1})


def test_a_question_about_one_round_is_never_put_to_another(
    window: Window, server: Server, admin: Visitor
) -> None:
    """Another admin resets while this one is asked: the question goes away."""
    voter, desk = window.voter(), window.admin_of(admin)
    vote(voter, ADA)
    press(desk, "reset")
    expect(desk.locator("#ask")).to_be_visible()
    admin.steer("reset", phone(server).state)
    expect(desk.locator("#round-line")).to_contain_text("Round 2")
    expect(desk.locator("#ask")).to_be_hidden()


def test_the_admins_keyboard_keeps_its_place(window: Window) -> None:
    """After an action the focus is on the next sensible one."""
    admin = window.admin()
    admin.locator("button[data-action=close]").press("Enter")
    expect(admin.locator(".dock button[data-action=open]")).to_be_focused()


def test_a_vote_for_another_journals_room_is_forgotten(window: Window, server: Server) -> None:
    """Tapped in the rehearsal, connected again in the show: the show does not get the vote."""
    voter = window.voter()
    server.stop()
    expect(voter.locator("body")).to_have_attribute("data-connection", "reconnecting")
    voter.locator(f"[data-candidate={ADA}]").click()
    expect(voter.locator("#status")).to_have_attribute("data-status", "waiting")
    for file in (server.folder / "data").glob("journal*"):
        file.unlink()
    server.start()
    connected(voter)
    expect(voter.locator("#status")).to_have_attribute("data-status", "refused")
    expect(voter.locator("#status")).to_contain_text("not counted")
    shows(voter)


def test_close_and_open_are_followed(window: Window) -> None:
    """A closed round says so on the phone and takes no vote; the next round is empty."""
    voter, admin = window.voter(), window.admin()
    vote(voter, ADA)
    press(admin, "close")
    status = voter.locator("#status")
    expect(status).to_have_attribute("data-status", "closed")
    expect(voter.locator(f"[data-candidate={GRACE}]")).to_have_attribute("aria-disabled", "true")
    press(admin, "open")
    expect(status).to_have_attribute("data-status", "idle")
    shows(voter)


def test_a_phone_that_joins_late_sees_the_numbers_at_once(window: Window, server: Server) -> None:
    """Before its script has run, too."""
    early = phone(server)
    early.vote(GRACE)
    early.until(type="receipt")
    late = window.open("/login", java_script_enabled=False)
    late.get_by_role("textbox").press("Enter")
    shows_without_script = late.locator(f"span[data-count={GRACE}]")
    expect(shows_without_script).to_have_text("1")
    shows(window.voter(), **{GRACE: 1})


def test_turnout_follows_who_comes_votes_and_leaves(window: Window) -> None:
    """On a screen that was open before anybody came, and on the first phone."""
    screen = window.screen()
    voter = window.voter()
    vote(voter, ADA)
    other = window.voter()
    expect(screen.locator(".turnout")).to_have_text("1 of 2 has voted")
    expect(voter.locator("#turnout")).to_have_text("1 of 2 has voted")
    voter.close()
    expect(screen.locator("#online")).to_have_text("1")
    expect(screen.locator(".turnout")).to_have_text("1 of 2 has voted")
    other.close()
    expect(screen.locator(".turnout")).to_have_text("1 of 1 has voted")


def test_the_voter_page_is_complete_without_the_chart(window: Window) -> None:
    """A phone loads Highcharts only when its chart is wanted; a wide window wants it."""
    voter = window.voter()
    vote(voter, ADA)
    assert voter.evaluate("typeof Highcharts") == "undefined"
    voter.locator("#chart-toggle").click()
    draws(voter, **{ADA: 1})
    wide = window.voter(size=LAPTOP)
    draws(wide, **{ADA: 1})


def test_without_highcharts_the_screen_has_bars_and_says_so(window: Window, server: Server) -> None:
    """The numbers are there all the same, and a server that comes back makes nothing jump."""
    screen = window.open("/present", PROJECTOR)
    context = screen.context
    context.route("**/highcharts.js", lambda route: route.abort())
    screen.reload()
    connected(screen)
    voter = window.voter()
    vote(voter, ADA)
    shows(screen, **{ADA: 1})
    expect(screen.locator("#chart-note")).to_be_visible()
    expect(screen.locator("body")).to_have_attribute("data-chart", "plain")
    bar = screen.locator(f"[data-candidate={ADA}] .strip rect")
    expect(bar).to_have_attribute("width", "33.33%")  # a first vote is a step, not a triumph
    expect(bar).to_be_visible()
    screen.evaluate(
        """() => {
            window.layouts = new Set();
            const note = () => window.layouts.add(document.body.dataset.layout);
            new MutationObserver(note).observe(document.body, { attributes: true });
        }"""
    )
    with screen.expect_event("requestfailed", lambda request: "highcharts.js" in request.url):
        server.kill()
        expect(screen.locator("body")).to_have_attribute("data-connection", "reconnecting")
        server.start()
    connected(screen)
    expect(screen.locator("body")).to_have_attribute("data-chart", "plain")
    assert screen.evaluate("[...window.layouts]") == ["rows"]


def test_two_tabs_of_one_voter_agree(window: Window) -> None:
    """What one tab votes, the other shows as its own."""
    one = window.voter("Vera")
    other = window.tab(one.context, "/")
    connected(other)
    vote(one, GRACE)
    chosen = other.locator(f"[data-candidate={GRACE}]")
    expect(chosen).to_have_attribute("aria-pressed", "true")
    expect(other.locator("#status")).to_have_attribute("data-status", "counted")


def test_a_reload_still_knows_the_vote_and_its_code(window: Window) -> None:
    """The code on the phone is the receipt's, again and again."""
    voter = window.voter()
    vote(voter, ADA)
    said = voter.locator("#status").inner_text()
    assert re.search(r"\b[A-Z2-7]{4}-[A-Z2-7]{4}\b", said)
    voter.reload()
    connected(voter)
    expect(voter.locator("#status")).to_have_text(said, use_inner_text=True)


@pytest.mark.parametrize("way", ["stop", "kill"])
def test_a_restart_is_survived_and_a_vote_meanwhile_is_sent(
    window: Window, server: Server, way: str
) -> None:
    """The page says that there is no connection, keeps the vote, and sends it when it is back."""
    voter, screen = window.voter(), window.screen()
    vote(voter, ADA)
    draws(screen, **{ADA: 1})
    getattr(server, way)()
    expect(voter.locator("body")).to_have_attribute("data-connection", "reconnecting")
    expect(screen.locator("body")).to_have_attribute("data-connection", "reconnecting")
    draws(screen, **{ADA: 1})
    voter.locator(f"[data-candidate={GRACE}]").click()
    expect(voter.locator("#status")).to_have_attribute("data-status", "waiting")
    server.start()
    connected(voter)
    expect(voter.locator("#status")).to_have_attribute("data-status", "counted")
    shows(voter, **{GRACE: 1})
    draws(screen, **{GRACE: 1})


def test_a_vote_that_was_under_way_at_a_reload_is_counted_once(
    window: Window, server: Server
) -> None:
    """The tab remembers what has no answer yet and sends it again with the same id."""
    voter = window.voter()
    server.stop()
    voter.locator(f"[data-candidate={ADA}]").click()
    expect(voter.locator("#status")).to_have_attribute("data-status", "waiting")
    server.start()
    voter.reload()
    expect(voter.locator("#status")).to_have_attribute("data-status", "counted")
    shows(voter, **{ADA: 1})


def test_a_vote_for_a_round_that_is_over_is_not_counted_and_says_so(
    window: Window, server: Server
) -> None:
    """Tapped while the line was down, refused when it came back: the reason is on the page."""
    voter, admin = window.voter(), window.admin()
    voter.context.set_offline(True)
    voter.evaluate("dispatchEvent(new Event('offline'))")
    press(admin, "close")
    expect(admin.locator("body")).to_have_attribute("data-round", "closed")
    server.stop()
    voter.locator(f"[data-candidate={ADA}]").click()
    server.start()
    voter.context.set_offline(False)
    connected(voter)
    status = voter.locator("#status")
    expect(status).to_have_attribute("data-status", re.compile("refused|closed"))
    expect(status).to_contain_text("not counted")
    shows(voter)


def test_the_browsers_language_is_spoken(window: Window) -> None:
    """A Chinese browser reads Chinese, and can switch."""
    voter = window.voter(locale="zh-CN")
    vote(voter, ADA)
    expect(voter.locator("#status")).to_contain_text("已计入")
    voter.get_by_role("link", name="English").click()
    expect(voter.locator("#status")).to_contain_text("is counted")
    expect(voter.locator("html")).to_have_attribute("lang", "en")


def test_names_are_text_in_page_and_chart(
    serve: Callable[..., Server], windows: Callable[[Server], Window]
) -> None:
    """Markup, format strings, Arabic and emoji are shown as they are written."""
    names = ["<b>Bo</b> {y} {point.y}", "&amp; {", "سلام", "🙂 名前"]
    server = serve(poll_config(question="<i>Which</i> {name}?", candidates=names))
    window = windows(server)
    voter, screen = window.voter(), window.screen()
    voter.locator("[data-candidate]").first.click()
    expect(voter.locator("#status")).to_contain_text("<b>Bo</b> {y} {point.y} is counted")
    screen.wait_for_function("() => window.Highcharts?.charts.find(Boolean)?.series[0].points[0]")
    for page in (voter, screen):
        for name in names:
            expect(page.locator("#candidates").get_by_text(name, exact=True)).to_be_visible()
        expect(page.locator("#question")).to_have_text("<i>Which</i> {name}?")
    assert screen.locator("#chart b, #candidates b").count() == 0
    described = screen.evaluate("Highcharts.charts.find(Boolean).series[0].points[0].name")
    assert "<b>" not in described


def test_a_round_that_has_not_begun_says_so(
    serve: Callable[..., Server], windows: Callable[[Server], Window]
) -> None:
    """The phone waits with a sentence, and votes as soon as the admin opens."""
    server = serve(CONFIG + "\n[room]\nopen_at_start = false\n")
    window = windows(server)
    voter, admin = window.voter(), window.admin()
    expect(voter.locator("#status")).to_have_attribute("data-status", "none")
    press(admin, "open")
    vote(voter, ADA)
