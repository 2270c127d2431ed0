"""The admin's buttons over HTTP, and what every client sees of them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.phones import Browser, Closed, Phone, phone
from tests.serving import ADA, CONFIG, GRACE, Server, dashboard


def desk(admin: Browser) -> Phone:
    """Connect an admin's page; it has seen the state."""
    page = Phone(admin, "admin")
    page.until(type="state")
    return page


def test_close_reopen_reset_and_restore_reach_every_client(server: Server, admin: Browser) -> None:
    """The whole life of a round, as the admin, a phone and the screen see it."""
    page, voter = desk(admin), phone(server)
    screen = Phone(Browser(server), "screen")
    voter.vote(ADA)
    voter.until(type="receipt")

    assert admin.steer("close", page.state).status == 200
    for seen in (page, voter, screen):
        closed = seen.until(type="state", ballots=1)
        assert closed["round"]["state"] == "closed"
    voter.vote(GRACE)
    assert voter.until(type="refused")["code"] == "round_closed"

    assert admin.steer("reopen", page.state).status == 200
    assert page.until(type="state")["round"] == {**closed["round"], "state": "open"}
    assert voter.until(type="you")["choices"] == [ADA]

    assert admin.steer("reset", page.state).status == 200
    for seen in (page, voter, screen):
        while seen.state["round"]["id"] != 2:
            seen.next()
        assert set(seen.state["counts"].values()) == {0}
    assert [(r["id"], r["archived"], r["ballots"]) for r in page.state["rounds"]] == [
        (2, False, 0),
        (1, True, 1),
    ]
    voter.vote(GRACE)
    assert voter.until(type="receipt")["round"] == 2

    assert admin.steer("restore", page.state, target=1).status == 200
    while voter.state["round"]["id"] != 1:
        voter.next()
    assert voter.state["round"]["state"] == "closed"
    assert voter.state["counts"][ADA] == 1


def test_after_a_reset_the_voter_is_told_that_nothing_is_chosen(
    server: Server, admin: Browser
) -> None:
    """`you` comes with every change of round."""
    page, voter = desk(admin), phone(server)
    voter.vote(ADA)
    voter.until(type="receipt")
    admin.steer("reset", page.state)
    assert voter.until(type="you", round=2)["choices"] is None


def test_the_second_of_two_admins_is_told(server: Server, admin: Browser) -> None:
    """Both press reset at what they saw; one round is made."""
    first = desk(admin)
    assert admin.steer("reset", first.state).status == 200
    second = admin.steer("reset", first.state)
    assert (second.status, second.json["code"]) == (409, "conflict")
    first.until(type="state")
    assert len(first.state["rounds"]) == 2


def test_votes_in_between_are_no_conflict(server: Server, admin: Browser) -> None:
    """In a storm the version moves all the time; only another command matters."""
    page, voter = desk(admin), phone(server)
    voter.vote(ADA)
    voter.until(type="receipt")
    assert admin.steer("close", page.state).status == 200


@pytest.mark.parametrize("action, target", [("open", None), ("reopen", None), ("restore", 9)])
def test_a_command_that_makes_no_sense_is_refused(
    server: Server, admin: Browser, action: str, target: int | None
) -> None:
    """While round 1 is open there is nothing to open, reopen, or restore as round 9."""
    answer = admin.steer(action, desk(admin).state, **({"target": target} if target else {}))
    assert (answer.status, answer.json["code"]) == (409, "not_possible")


def test_open_after_a_close_makes_a_new_round(server: Server, admin: Browser) -> None:
    """The closed round keeps its id; the new one has the next."""
    page = desk(admin)
    admin.steer("close", page.state)
    page.until(type="state")
    assert admin.steer("open", page.state).status == 200
    assert page.until(type="state")["round"]["id"] == 2


def test_without_script_a_button_leads_back_to_the_desk(server: Server, admin: Browser) -> None:
    """A form works without JavaScript, and a refusal is said on the next page."""
    state = desk(admin).state
    form = {"round": 1, "version": state["version"]}
    assert admin.post("/admin/close", form).headers["Location"] == "/admin"
    admin.post("/admin/close", form)
    assert "Look again" in admin.get("/admin").text


def test_steering_needs_the_login(server: Server, admin: Browser) -> None:
    """A voter's session is not an admin's."""
    state = desk(admin).state
    stranger = Browser(server).log_in()
    assert stranger.steer("close", state).status == 401
    assert stranger.get("/admin").headers["Location"] == "/admin/login"


@pytest.mark.parametrize("field", ["", "x", "-1", "1" * 16, "１"])
def test_a_command_without_whole_numbers_is_not_understood(
    server: Server, admin: Browser, field: str
) -> None:
    """The form names what the admin saw, or nothing happens."""
    answer = admin.post("/admin/close", {"round": field, "version": 1}, Accept="application/json")
    assert answer.status == 400


def test_the_link_logs_in_once(server: Server) -> None:
    """Looking at it does not spend it; using it does."""
    link = f"/admin/login?link={server.link}"
    assert Browser(server).get(link).status == 200
    assert Browser(server).become_admin().get("/admin").status == 200
    assert Browser(server).post("/admin/login", {"link": server.link}).status == 401


def test_logging_out_closes_the_sockets_of_that_login_alone(server: Server) -> None:
    """The desk behind the ended session hears 4401; another admin's goes on."""
    one = Browser(server).become_admin()
    server.stop()
    server.start()
    other = Browser(server).become_admin()
    leaving, staying = desk(one), desk(other)
    one.post("/admin/logout")
    with pytest.raises(Closed, match="4401"):
        leaving.until(type="never")
    assert other.steer("close", staying.state).status == 200
    staying.until(type="state")


def test_a_round_that_made_way_for_the_next_can_be_brought_back(
    server: Server, admin: Browser
) -> None:
    """Open instead of reopen is no disaster: the round before is in the archive."""
    page, voter = desk(admin), phone(server)
    voter.vote(ADA)
    voter.until(type="receipt")
    admin.steer("close", page.state)
    page.until(type="state", ballots=1)
    admin.steer("open", page.state)
    page.until(type="state", ballots=0)
    assert [(r["id"], r["archived"]) for r in page.state["rounds"]] == [(2, False), (1, True)]
    assert 'name="target" value="1"' in admin.get("/admin").text
    assert admin.steer("restore", page.state, target=1).status == 200
    assert page.until(type="state")["counts"][ADA] == 1


def test_every_start_has_a_new_link(server: Server) -> None:
    """A lost password is no disaster."""
    first = server.link
    server.stop()
    server.start()
    assert server.link != first
    assert Browser(server).become_admin().get("/admin").status == 200


def test_a_password_logs_in_and_a_new_one_logs_out(server: Server) -> None:
    """`password` sets it beside the running server; its hash alone is kept."""
    set_password(server, "correct horse")
    admin = Browser(server)
    assert admin.post("/admin/login", {"password": "wrong horse"}).status == 401
    assert admin.post("/admin/login", {"password": "correct horse"}).status == 303
    assert admin.get("/admin").status == 200
    kept = server.folder / "data" / "admin.password"
    assert "horse" not in kept.read_text()
    assert kept.stat().st_mode & 0o077 == 0
    set_password(server, "another horse")
    assert admin.get("/admin").status == 303


def test_guessing_is_slowed_down_and_the_link_still_works(server: Server) -> None:
    """One attendee behind the venue's address cannot shut the presenter out."""
    set_password(server, "correct horse")
    guesser = Browser(server)
    statuses = [guesser.post("/admin/login", {"password": f"g{n}"}).status for n in range(11)]
    assert statuses == [401] * 10 + [429]
    slowed = guesser.post("/admin/login", {"password": "correct horse"})
    assert (slowed.status, int(slowed.headers["Retry-After"]) > 0) == (429, True)
    assert Browser(server).become_admin().get("/admin").status == 200


def test_the_desk_offers_what_the_round_allows(serve: Callable[..., Server]) -> None:
    """Before the first round there is one button."""
    server = serve(CONFIG + "\n[room]\nopen_at_start = false\n")
    admin = Browser(server).become_admin()
    page = desk(admin)
    assert page.state["round"] == {"id": 0, "state": "none", "opened_at": None, "closes_at": None}
    shown = re.findall(r'<button[^>]*data-action="(\w+)"', admin.get("/admin").text)
    assert "open" in shown
    assert admin.steer("open", page.state).status == 200
    assert page.until(type="state")["round"]["state"] == "open"


def set_password(server: Server, password: str) -> None:
    done = dashboard("password", "--config", server.config, stdin=password + "\n")
    assert done.returncode == 0, done.stderr
