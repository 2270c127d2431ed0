"""The desk under one thumb, in a real Chromium: a whole show, and two admins at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.phones import Browser as Visitor
from tests.phones import phone
from tests.serving import ADA, Server, poll_config
from tests.windows import Window, connected, shows, unfold, vote

pytestmark = pytest.mark.browser

LUNCH = """
[[polls]]
id = "lunch"
question = "What is for lunch?"
candidates = ["Soup", "Salad"]
results = "hidden"
"""
UNFOLD = "for (const fold of document.querySelectorAll('details')) fold.open = true"
LATIN = re.compile(r"[A-Za-z][A-Za-z_-]+")
NAMES = {"vote", "example", "Wi-Fi", "VPN", "Python", "config", "toml", "public_url", "host"}
FILES = {"CSV", "JSON", "PNG", "SVG", "GB"}
SHOW = poll_config(question="Who should give the next talk?", candidates=["Ada", "Grace"]) + LUNCH


@pytest.fixture
def show(windows: Callable[[Server], Window], serve: Callable[..., Server]) -> Window:
    """Pages of a server with two questions, the second with hidden results."""
    return windows(serve(SHOW))


def desk_of(window: Window, server: Server, **context: Any) -> Page:
    """Log in as admin in any language, with or without scripts."""
    desk = window.open(f"/admin/login?link={server.link}", **context)
    desk.locator("main button").click()
    expect(desk.locator("main.desk")).to_be_visible()
    return desk


def primary(desk: Page, words: str) -> None:
    """Press the one big button, which says these words, once the page takes taps."""
    button = desk.locator(".actions .primary:visible")
    expect(button).to_have_text(words)
    expect(desk.locator("main:not([data-fresh])")).to_be_visible()
    button.click()


def tap(desk: Page, words: str) -> None:
    """Press a button by its words, once the page takes taps."""
    expect(desk.locator("main:not([data-fresh])")).to_be_visible()
    desk.get_by_role("button", name=words, exact=True).click()


@contextmanager
def refused(window: Window, page: Page, status: str = "409") -> Iterator[None]:
    """Expect the browser to log one answer of this status, as it does with every refusal."""
    with page.expect_console_message(lambda said: status in said.text):
        yield
    assert status in window.complaints.pop()


def edit(desk: Page, question: str) -> None:
    """Open the page of the question on stage from the desk, and write another text."""
    unfold(desk, "Questions")
    desk.locator("#polls [aria-current] a").click()
    desk.locator("#question").fill(question)


def test_a_whole_show_of_two_questions_under_one_thumb(show: Window) -> None:
    """The big button alone: close, next, open, close, reveal, and another round."""
    desk, voter = show.admin(), show.voter()
    soup = voter.locator("span[data-count=soup]")
    vote(voter, "ada")
    primary(desk, "Close the round")
    expect(desk.locator("#next-question")).to_have_text("What is for lunch?")
    primary(desk, "Next question")
    expect(voter.locator("#question")).to_have_text("What is for lunch?")
    expect(voter.locator("#status")).to_have_attribute("data-status", "none")
    primary(desk, "Open the round")
    vote(voter, "soup")
    expect(desk.locator("span[data-count=soup]")).to_have_text("1")
    primary(desk, "Close the round")
    expect(voter.locator("#status")).to_have_attribute("data-status", "closed")
    expect(soup).to_be_empty()
    primary(desk, "Reveal the result")
    expect(soup).to_have_text("1")
    primary(desk, "Next round")
    expect(desk.locator("#round-line")).to_have_text("Round 3 is open")
    expect(desk.locator("#place")).to_have_text("2 of 2")
    expect(desk.locator(".pager button:visible")).to_have_text("Previous")


def test_leaving_a_question_with_votes_is_asked_once_and_loses_nothing(show: Window) -> None:
    """Cancel changes nothing; the yes closes the round, and Previous brings it back."""
    desk, voter = show.admin(), show.voter()
    vote(voter, "ada")
    tap(desk, "Next")
    expect(desk.locator("#ask")).to_contain_text("has 1 ballot")
    tap(desk, "Cancel")
    expect(desk.locator("#ask")).to_be_hidden()
    expect(desk.get_by_role("button", name="Next", exact=True)).to_be_focused()
    tap(desk, "Next")
    tap(desk, "Close it and go on")
    expect(voter.locator("#question")).to_have_text("What is for lunch?")
    tap(desk, "Previous")
    expect(voter.locator("#status")).to_have_attribute("data-status", "closed")
    expect(desk.locator("span[data-count=ada]")).to_have_text("1")


def test_a_question_from_the_list_goes_on_stage(show: Window) -> None:
    """The list says which one is there."""
    desk = show.admin()
    unfold(desk, "Questions")
    tap(desk, "Put on stage")
    expect(desk.locator("#polls [aria-current]")).to_contain_text("What is for lunch?")
    expect(desk.locator("#polls [aria-current]")).to_contain_text("on the screen")
    primary(desk, "Open the round")
    expect(desk.locator("#sees-line")).to_contain_text("Only this page")


def test_a_double_tap_reveals_and_does_not_go_on(show: Window) -> None:
    """The button that takes the other's place does not take the second tap."""
    desk = show.admin()
    desk.locator("#sees-line").click()
    tap(desk, "Nobody")
    primary(desk, "Close the round")
    box = desk.get_by_role("button", name="Reveal the result").bounding_box()
    assert box is not None
    expect(desk.locator("main:not([data-fresh])")).to_be_visible()
    desk.mouse.dblclick(box["x"] + 40, box["y"] + 20, delay=60)
    expect(desk.locator(".actions .primary:visible")).to_have_text("Next question")
    tap(desk, "Reopen")
    expect(desk.locator("#round-line")).to_have_text("Round 1 is open")


def test_a_countdown_is_chosen_given_more_and_taken_away(window: Window) -> None:
    """The desk shows it by the server's clock, and it can be started while the round runs."""
    desk = window.admin()
    left = desk.locator("#countdown")
    expect(left).to_be_hidden()
    primary(desk, "Close the round")
    desk.get_by_role("combobox", name="Countdown").select_option("1 min")
    primary(desk, "Next round")
    expect(left).to_have_text(re.compile(r"^(1:00|0:5\d)$"))
    tap(desk, "+30 s")
    expect(left).to_have_text(re.compile(r"^1:[23]\d$"))
    tap(desk, "No countdown")
    expect(left).to_be_hidden()
    tap(desk, "30 s")
    expect(left).to_have_text(re.compile(r"^0:(30|2\d)$"))
    tap(desk, "No countdown")
    expect(desk.locator("#round-line")).to_have_text("Round 2 is open")


def test_the_proposed_countdown_is_preselected_and_closes_the_round(
    serve: Callable[..., Server], windows: Callable[[Server], Window]
) -> None:
    """Nobody presses anything at its end; another choice is for one round alone."""
    server = serve(poll_config(question="Who?", candidates=["Ada", "Grace"], countdown=1))
    desk = windows(server).admin()
    primary(desk, "Close the round")
    expect(desk.locator("#seconds")).to_have_value("1")
    primary(desk, "Next round")
    expect(desk.locator("#round-line")).to_have_text("Round 2 is open")
    expect(desk.locator("#round-line")).to_have_text("Round 2 is closed")
    desk.locator("#seconds").select_option("none")
    primary(desk, "Next round")
    primary(desk, "Close the round")
    expect(desk.locator("#seconds")).to_have_value("1")


def test_a_reset_proposes_the_countdown_of_the_newest_text(
    window: Window, server: Server, admin: Visitor
) -> None:
    """The same with scripts and without, though the round on stage keeps the older text."""
    desk = window.admin_of(admin)
    tap(desk, "1 min")
    expect(desk.locator("#countdown")).to_be_visible()
    voter = phone(server)
    voter.vote(ADA)
    voter.until(type="receipt")
    unfold(desk, "Questions")
    desk.locator("#polls").get_by_role("link", name="Edit").click()
    desk.locator("[name=countdown]").fill("90")
    desk.get_by_role("button", name="Save").click()
    connected(desk)
    seconds = "[data-part=reset] [name=seconds]"
    expect(desk.locator(seconds)).to_have_value("90")
    reset = admin.get("/admin").text.partition('data-part="reset"')[2].partition("</form>")[0]
    assert 'name="seconds" value="90"' in reset


def test_the_numbers_are_hidden_and_shown_while_the_round_runs(window: Window) -> None:
    """At once, on phones and screen; the desk says what they see and keeps its own."""
    desk, voter, other, screen = window.admin(), window.voter(), window.voter(), window.screen()
    vote(voter, ADA)
    shows(other, **{ADA: 1})
    counts = [page.locator(f"span[data-count={ADA}]") for page in (voter, other, screen)]
    desk.locator("#sees-line").click()
    for words, line, seen in (
        ("Nobody", "Only this page", ("", "", "")),
        ("After voting", "Who has voted", ("1", "", "")),
        ("Everybody", "Everybody sees", ("1", "1", "1")),
    ):
        tap(desk, words)
        expect(desk.get_by_role("button", name=words)).to_have_attribute("aria-pressed", "true")
        expect(desk.locator("#sees-line")).to_contain_text(line)
        for count, text in zip(counts, seen, strict=True):
            expect(count).to_have_text(text)
        shows(desk, **{ADA: 1})


def test_an_earlier_round_is_put_beside_the_one_on_stage(window: Window) -> None:
    """Chosen on the desk from the rounds of this question."""
    desk, voter = window.admin(), window.voter()
    vote(voter, ADA)
    expect(desk.locator("#target")).to_be_hidden()
    primary(desk, "Close the round")
    primary(desk, "Next round")
    desk.locator("#target").select_option("round 1, 1 voted")
    tap(desk, "Show")
    earlier = desk.locator(f"[data-candidate={ADA}] .earlier")
    expect(earlier).to_have_text("earlier: 1")
    desk.locator("#target").select_option("no other round")
    tap(desk, "Show")
    expect(earlier).to_be_empty()


# Writing questions


def test_an_edit_with_votes_in_can_keep_the_round(window: Window) -> None:
    """The new text waits for the next round, and the desk says so."""
    desk, voter = window.admin(), window.voter()
    vote(voter, ADA)
    edit(desk, "Who is next?")
    with refused(window, desk):
        tap(desk, "Save")
    expect(desk.locator(".ask")).to_contain_text("1 ballot for the text as it was")
    desk.get_by_role("button", name=re.compile("Keep this round")).click()
    connected(desk)
    expect(desk.locator("#waits")).to_contain_text("Who is next?")
    expect(voter.locator("#question")).to_have_text("Who should give the next talk?")
    primary(desk, "Close the round")
    primary(desk, "Next round")
    expect(voter.locator("#question")).to_have_text("Who is next?")
    expect(desk.locator("#waits")).to_be_hidden()


def test_an_edit_with_votes_in_can_begin_a_new_round(window: Window) -> None:
    """The phone is told, and the ballots are kept with the text they were cast for."""
    desk, voter = window.admin(), window.voter()
    vote(voter, ADA)
    edit(desk, "Who is next?")
    with refused(window, desk):
        tap(desk, "Save")
    desk.get_by_role("button", name=re.compile("Start a new round")).click()
    connected(desk)
    expect(voter.locator("#question")).to_have_text("Who is next?")
    shows(voter)
    expect(desk.locator("#undo")).to_contain_text("Round 1 is archived with 1 ballot.")


def test_only_what_applies_to_the_rule_is_asked(window: Window) -> None:
    """How many choices for several, how many taps for taps; a mistake is told beside its field."""
    desk = window.admin()
    unfold(desk, "Questions")
    desk.get_by_role("link", name="New question").click()
    desk.locator("#question").fill("How loud?")
    desk.locator("#more").fill("Loud\nQuiet")
    most, pace = desk.locator("#max_choices"), desk.locator("#taps_per_second")
    expect(pace).to_be_hidden()
    desk.get_by_role("radio", name="Several choices").check()
    expect(most).to_be_visible()
    desk.get_by_role("radio", name="Taps").check()
    expect(most).to_be_hidden()
    pace.fill("many")
    with refused(window, desk, "422"):
        tap(desk, "Save")
    expect(desk.locator("#problem")).to_have_text("Please give a number from 1 to 50.")
    expect(pace).to_be_focused()
    pace.fill("5")
    tap(desk, "Save")
    expect(desk.locator("#polls")).to_contain_text("How loud?")
    expect(desk.locator("#message")).to_have_text("The question is saved.")


def test_a_question_is_taken_off_the_list_after_a_yes(show: Window) -> None:
    """And the pager goes with the second one."""
    desk = show.admin()
    unfold(desk, "Questions")
    desk.get_by_role("button", name="Remove…").last.click()
    expect(desk.locator("#ask")).to_contain_text("Take “What is for lunch?” off the list?")
    tap(desk, "Take it off the list")
    expect(desk.locator("#polls li")).to_have_count(1)
    expect(desk.locator(".pager")).to_be_hidden()


# Two admins


def test_two_admins_reset_at_once_and_one_is_told(
    window: Window, server: Server, admin: Visitor
) -> None:
    """The other one's command comes while this one is on its way: one new round is made."""
    voter, desk = window.voter(), window.admin_of(admin)
    vote(voter, ADA)
    tap(desk, "Reset…")
    other = phone(server).state

    def be_second(route: Route) -> None:
        assert admin.steer("reset", other).status == 200
        route.continue_()

    desk.route("**/admin/reset", be_second)
    with refused(window, desk):
        tap(desk, "Reset the round")
    expect(desk.locator("#message")).to_have_text(
        "The round has just changed. Look again, then repeat."
    )
    expect(desk.locator("#rounds tr")).to_have_count(2)


def test_two_admins_edit_at_once_and_the_second_decides(window: Window, admin: Visitor) -> None:
    """It is told, keeps its text, sees the other, and saves over it."""
    one, two = window.admin_of(admin), window.admin_of(admin)
    edit(one, "The first?")
    edit(two, "The second?")
    tap(one, "Save")
    connected(one)
    with refused(window, two):
        tap(two, "Save")
    expect(two.locator(".notice")).to_contain_text("Now it is: The first?")
    expect(two.locator("#question")).to_have_value("The second?")
    tap(two, "Save")
    expect(one.locator("h1")).to_have_text("The second?")


# For everybody


def test_the_desk_works_without_scripts(
    windows: Callable[[Server], Window], serve: Callable[..., Server]
) -> None:
    """The same buttons, as forms; what is asked is a page of its own."""
    server = serve(SHOW)
    show = windows(server)
    desk = desk_of(show, server, java_script_enabled=False)
    voter = show.voter()
    vote(voter, "ada")
    desk.get_by_role("button", name="Next", exact=True).click()
    expect(desk.locator("h1")).to_contain_text("has 1 ballot")
    desk.get_by_role("button", name="Close it and go on").click()
    expect(desk.locator("h1")).to_have_text("What is for lunch?")
    desk.get_by_role("combobox", name="Countdown").select_option("5 min")
    desk.get_by_role("button", name="Open the round").click()
    expect(desk.get_by_role("button", name="No countdown")).to_be_visible()
    desk.get_by_role("button", name="1 min").click()
    desk.get_by_role("button", name="No countdown").click()
    expect(desk.get_by_role("button", name="No countdown")).to_be_hidden()
    desk.locator("#sees-line").click()
    desk.get_by_role("button", name="Everybody").click()
    expect(desk.locator("#sees-line")).to_have_text("Everybody sees the numbers.")
    unfold(desk, "Questions")
    desk.locator("#polls [aria-current] a").click()
    desk.get_by_label("More choices").fill("Bread")
    desk.get_by_role("button", name="Save").click()
    expect(desk.locator("#candidates")).to_contain_text("Bread")
    expect(voter.locator("#candidates")).to_contain_text("Bread")


def test_the_desk_speaks_chinese(
    windows: Callable[[Server], Window], serve: Callable[..., Server]
) -> None:
    """Every word but the address to vote at, a command to type, and names that are no words."""
    server = serve(poll_config(question="午餐？", candidates=["汤", "面"], countdown=45))
    desk = desk_of(windows(server), server, locale="zh-CN")
    connected(desk)
    desk.evaluate(UNFOLD)
    said = desk.locator("main").inner_text().replace(desk.locator("code").inner_text(), "")
    assert set(LATIN.findall(said)) <= NAMES | FILES
    desk.locator("#polls a").first.click()
    expect(desk.locator("h1")).to_have_text("编辑题目")
    assert LATIN.findall(desk.locator("main").inner_text()) == []
