"""A rehearsal on the pages: a button, a banner, and no way to mistake it for a round."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.phones import Browser, Phone, phone
from tests.serving import ADA, GRACE, Server
from tests.windows import LAPTOP, Window, press, vote

SAID = {"en": "Rehearsal: these votes do not count.", "zh": "彩排中：现在的投票不计入结果。"}


def desk_of(admin: Browser) -> Phone:
    page = Phone(admin, "admin")
    page.until(type="state")
    return page


@pytest.fixture
def desk(admin: Browser) -> Phone:
    """The admin's socket, with a rehearsal on that holds a vote."""
    page = desk_of(admin)
    assert admin.steer("rehearse", page.state, seconds=600).status == 200
    page.until(type="state")
    voter = phone(admin.server)
    voter.vote(ADA)
    voter.until(type="receipt")
    return page


def test_the_wire_says_that_it_is_a_rehearsal(server: Server, desk: Phone) -> None:
    """To everybody, while it is on, and of no round."""
    for view in ("screen", "admin"):
        page = Phone(desk.browser, view)
        assert page.until(type="state")["round"]["rehearsal"] is True
    assert desk.browser.steer("end", desk.state).status == 200
    assert "rehearsal" not in desk.until(type="state")["round"]
    assert "rehearsal" not in phone(server).state["round"]


def test_a_rehearsal_is_in_no_list_and_no_file(server: Server, desk: Phone) -> None:
    """While it is on, its id is like any that there never was."""
    round = desk.state["round"]["id"]
    stranger = Browser(server)
    assert [line["id"] for line in desk.state["rounds"]] == [1]
    assert not desk.state["rounds"][0]["archived"]
    for path in (f"/rounds/{round}", f"/rounds/{round}.csv"):
        known, unknown = stranger.get(path), stranger.get(path.replace(str(round), "99"))
        assert known.status == unknown.status == 404
    assert desk.browser.get(f"/admin/rounds/{round}.csv").status == 404
    exported = desk.browser.get("/admin/rounds.json").json["rounds"]
    assert [(line["round"], line["room"], line["ballots"]) for line in exported] == [(1, None, 0)]
    assert f'data-round-id="{round}"' not in desk.browser.get("/admin/rounds").text


@pytest.mark.parametrize(
    "action, more",
    [
        ("open", {}),
        ("reset", {}),
        ("rehearse", {"seconds": 60}),
        ("show", {"target": 1, "results": "hidden"}),
        ("restore", {"target": 1}),
    ],
)
def test_the_refusal_says_what_to_do_first(desk: Phone, action: str, more: dict[str, Any]) -> None:
    """Whatever else is pressed while a rehearsal is on."""
    answer = desk.browser.steer(action, desk.state, **more)
    assert answer.status == 409
    assert answer.json["message"] == "A rehearsal is on. End it first, then repeat."


@pytest.mark.parametrize("seconds", ["0", "3601", "-1", "x"])
def test_a_rehearsal_has_a_length_of_up_to_an_hour(admin: Browser, seconds: str) -> None:
    """One that somebody forgets must not last into the evening."""
    page = desk_of(admin)
    assert admin.steer("rehearse", page.state, seconds=seconds).status == 400


def test_vitals_are_for_the_admin_alone(server: Server, admin: Browser) -> None:
    """What the server costs tells how much more would hurt it."""
    assert Browser(server).get("/admin/vitals", Accept="application/json").status == 401
    page = desk_of(admin)
    first, second = (admin.get("/admin/vitals").json for _ in range(2))
    assert first["clients"] == 1
    assert 0 < first["cpu_seconds"] < second["cpu_seconds"]
    assert first["memory"] > 1 << 20
    assert 0 <= first["ticks_cpu_seconds"] < first["cpu_seconds"]
    assert first["disk_free"] > 0
    assert (first["phones"], first["screens"], first["arrived"]) == (0, 1, False)
    voter = phone(server)
    last = admin.get("/admin/vitals").json
    assert (last["phones"], last["slow"], last["cut"], last["arrived"]) == (1, 0, 0, True)
    voter.close()
    page.close()


# In a browser


def banner(page: Page) -> Any:
    return page.locator("#rehearsal")


def test_every_page_says_so_while_it_lasts(window: Window) -> None:
    """By socket, in a page that comes later, and in each language; afterwards nothing of it."""
    desk, screen = window.admin(size=LAPTOP), window.screen()
    voter = window.voter(locale="zh-CN")
    for page in (desk, screen, voter):
        expect(banner(page)).to_be_hidden()
    press(desk, "rehearse")
    for page in (desk, screen):
        expect(banner(page)).to_have_text(SAID["en"])
        expect(banner(page)).to_be_visible()
    expect(banner(voter)).to_have_text(SAID["zh"])
    expect(banner(voter)).to_be_visible()
    served = window.open("/present", java_script_enabled=False)
    expect(banner(served)).to_be_visible()
    press(desk, "end")
    for page in (desk, screen, voter):
        expect(banner(page)).to_be_hidden()
    expect(desk.locator("#round-line")).to_have_text("Round 1 is open")


def test_a_phone_never_says_that_a_rehearsals_vote_counts(window: Window) -> None:
    """It has arrived; there is no code and no list, also after a reload."""
    desk, voter = window.admin(size=LAPTOP), window.voter()
    press(desk, "rehearse")
    expect(banner(voter)).to_be_visible()
    expect(voter.locator("#status")).to_contain_text("Tap your choice to vote.")
    expect(voter.locator("#status")).not_to_contain_text("A new round has begun.")
    vote(voter, GRACE)
    for _ in range(2):
        status = voter.locator("#status")
        expect(status).to_contain_text("Your vote for Grace Hopper has arrived.")
        expect(status).not_to_contain_text(re.compile("counted|Receipt"))
        expect(status.get_by_role("link")).to_have_count(0)
        voter.reload()
    press(desk, "end")
    expect(voter.locator("#status")).not_to_contain_text("Grace")


def test_the_desk_offers_one_thing_during_a_rehearsal(window: Window) -> None:
    """To end it; as the page is served too."""
    desk = window.admin(size=LAPTOP)
    press(desk, "rehearse")
    expect(desk.locator("#message")).to_contain_text("The rehearsal is on")
    for _ in range(2):
        expect(desk.locator("main button:visible")).to_have_text(["End the rehearsal"])
        desk.reload()
    press(desk, "end")
    expect(desk.locator("#message")).to_contain_text("no result holds anything of it")
    expect(desk.locator("button[data-action=close]:visible")).to_be_visible()


def test_a_rehearsal_is_offered_where_nobody_is_voting(window: Window) -> None:
    """With a vote the desk says what to do first."""
    desk, voter = window.admin(size=LAPTOP), window.voter()
    start = desk.locator("button[data-action=rehearse]")
    expect(start).to_be_visible()
    vote(voter, ADA)
    expect(start).to_be_hidden()
    expect(desk.get_by_text("Close the round first")).to_be_visible()
    press(desk, "close")
    expect(start).to_be_visible()
