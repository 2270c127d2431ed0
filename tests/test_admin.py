"""The admin's buttons over HTTP, and what every client sees of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.phones import Browser, Closed, Phone, phone
from tests.serving import ADA, CONFIG, GRACE, ROOT, Server, dashboard, poll_config
from voting import identity, language, throttle, web
from voting.admin import create_blueprint
from voting.config import Server as ServerSettings
from voting.fleet import Alone
from voting.keys import Keys
from voting.password import Password
from voting.safe import FolderSafe

ACTIONS = ["open", "close", "reopen", "extend", "reset", "restore", "stage", "show", "compare"]
LUNCH = """
[[polls]]
id = "lunch"
question = "What is for lunch?"
candidates = ["Soup", "Salad"]
"""
TWO_POLLS = poll_config(question="Who?", candidates=["Ada", "Grace"], countdown=90) + LUNCH


def desk(admin: Browser) -> Phone:
    """Connect an admin's page; it has seen the state."""
    page = Phone(admin, "admin")
    page.until(type="state")
    return page


def done(page: Phone, action: str, **more: object) -> Any:
    """Press a button of the desk that does what it says; return the state that every page gets."""
    assert page.browser.steer(action, page.state, **more).json == {"ok": True}
    return page.until(type="state")


def voted(server: Server, *choices: str) -> Phone:
    """Join with a phone whose vote is counted."""
    voter = phone(server)
    voter.vote(*choices)
    voter.until(type="receipt")
    return voter


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

    assert admin.steer("reset", page.state).status == 200
    assert voter.until(type="you")["choices"] is None
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


def test_a_command_that_makes_no_sense_is_refused(server: Server, admin: Browser) -> None:
    """While round 1 is open there is nothing to open, reopen, or restore as round 9."""
    for action in ("open", "reopen", "restore"):
        answer = admin.steer(action, desk(admin).state, target=9)
        assert (answer.status, answer.json["code"]) == (409, "not_possible"), action


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


def test_a_command_without_whole_numbers_is_not_understood(server: Server, admin: Browser) -> None:
    """The form names what the admin saw, or nothing happens."""
    for seen in ("", "x", "--1", "1-", "1" * 16, "１"):
        form: dict[str, object] = {"round": seen, "version": 1}
        assert admin.post("/admin/close", form, Accept="application/json").status == 400, seen
    assert desk(admin).state["round"]["state"] == "open"


def test_the_link_logs_in_once(server: Server) -> None:
    """Looking at it does not spend it; using it does."""
    link = f"/admin/login?link={server.link}"
    assert Browser(server).get(link).status == 200
    assert Browser(server).become_admin().get("/admin").status == 200
    refused = Browser(server).post("/admin/login", {"link": server.link})
    assert refused.status == 401
    assert "is not known any more, or has been used" in refused.text


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
    done = dashboard("password", "--config", server.config, stdin="correct horse\n")
    assert done.returncode == 0, done.stderr
    admin = Browser(server)
    assert admin.post("/admin/login", {"password": "wrong horse"}).status == 401
    assert admin.post("/admin/login", {"password": "correct horse"}).status == 303
    assert admin.get("/admin").status == 200
    kept = server.folder / "data" / "admin.password"
    assert "horse" not in kept.read_text()
    assert kept.stat().st_mode & 0o077 == 0
    set_password(server, "another horse")
    assert admin.get("/admin").status == 303


def test_a_script_logs_in_and_goes_on_with_the_new_token(server: Server) -> None:
    """The screen's keys ask for the password where they are, and then do what was asked."""
    set_password(server, "correct horse")
    screen = Browser(server)
    wrong = screen.post("/admin/login", {"password": "wrong horse"}, Accept="application/json")
    assert (wrong.status, wrong.json["code"]) == (401, "wrong_password")
    right = screen.post("/admin/login", {"password": "correct horse"}, Accept="application/json")
    assert right.status == 200
    form = {"csrf_token": right.json["csrf"], "round": 1, "version": phone(server).state["version"]}
    assert screen.post("/admin/close", form, Accept="application/json").json == {"ok": True}


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
    """Do what the command `password` does."""
    Password(FolderSafe(server.folder / "data")).set(password)


# Countdowns


def test_a_round_is_opened_with_a_countdown_that_can_be_changed(
    server: Server, admin: Browser
) -> None:
    """Longer, away, and back from now on; phones are told each time."""
    page, voter = desk(admin), phone(server)
    done(page, "close")
    opened = done(page, "open", seconds=60)["round"]
    assert opened["closes_at"] == opened["opened_at"] + 60_000
    assert done(page, "extend", seconds=30)["round"]["closes_at"] == opened["closes_at"] + 30_000
    assert done(page, "extend", seconds="")["round"]["closes_at"] is None
    started = done(page, "extend", seconds=300)
    assert started["round"]["closes_at"] == pytest.approx(started["now"] + 300_000, abs=5_000)
    assert voter.until(type="state", round=started["round"])


def test_the_round_closes_by_itself_when_the_countdown_is_over(
    server: Server, admin: Browser
) -> None:
    """Nobody presses a button, and extending comes too late."""
    page = desk(admin)
    seen = done(page, "extend", seconds=1)
    closed = page.until(type="state")
    assert closed["round"]["state"] == "closed"
    late = admin.steer("extend", seen, seconds=30)
    assert (late.status, late.json["code"]) == (409, "conflict")


# Who sees the numbers


def test_numbers_are_hidden_and_revealed_while_the_round_runs(
    server: Server, admin: Browser
) -> None:
    """What a phone may not see is not sent to it; the desk always sees."""
    page, voter = desk(admin), voted(server, ADA)
    page.until(type="tally", ballots=1)
    assert done(page, "show", target=1, results="hidden")["counts"][ADA] == 1
    assert voter.until(type="state", results="hidden")["counts"] is None
    done(page, "show", target=1, results="after_vote")
    assert voter.until(type="state", results="after_vote")["counts"][ADA] == 1
    assert phone(server).state["counts"] is None
    done(page, "show", target=1, results="live")
    assert phone(server).state["counts"][ADA] == 1


def test_a_round_is_put_beside_an_earlier_one_and_taken_away(
    server: Server, admin: Browser
) -> None:
    """The screen is told the earlier counts."""
    page, screen = desk(admin), Phone(Browser(server), "screen")
    voted(server, ADA)
    done(page, "reset")
    beside = done(page, "compare", target=1)["compared"]
    assert beside == {"round": 1, "voted": 1, "ballots": 1, "counts": beside["counts"]}
    assert beside["counts"][ADA] == 1
    screen.until(type="state", compared=beside)
    assert done(page, "compare", target=0)["compared"] is None


# Several questions


def test_the_next_question_goes_on_stage_and_the_one_before_comes_back(
    serve: Callable[..., Server],
) -> None:
    """The round that was open is closed and kept, and back again with its question."""
    server = serve(TWO_POLLS)
    admin = Browser(server).become_admin()
    page, voter = desk(admin), voted(server, "ada")
    assert [poll["shown"] for poll in page.state["polls"]] == [True, False]
    state = done(page, "stage", poll="lunch")
    assert (state["poll"]["question"], state["round"]["state"]) == ("What is for lunch?", "none")
    assert [poll["shown"] for poll in state["polls"]] == [False, True]
    assert voter.until(type="state")["poll"]["id"] == "lunch"
    done(page, "open", poll="lunch")
    back = done(page, "stage", poll="poll")
    assert (back["round"]["id"], back["round"]["state"]) == (1, "closed")
    assert back["counts"] == {"ada": 1, "grace": 0}


def test_next_goes_from_question_to_question_and_says_when_there_is_none(
    serve: Callable[..., Server],
) -> None:
    """The screen's key knows no list of questions; the server does."""
    server = serve(TWO_POLLS)
    admin = Browser(server).become_admin()
    page, _ = desk(admin), voted(server, "ada")
    assert admin.steer("next", page.state, ask=1).json["code"] == "sure"
    assert done(page, "next")["poll"]["id"] == "lunch"
    done(page, "open", poll="lunch")
    voter = phone(server)
    voter.vote("soup")
    voter.until(type="receipt")
    answer = admin.steer("next", page.state, ask=1)  # asks nothing that comes to nothing
    assert (answer.status, answer.json["message"]) == (409, "This is the last question.")


def test_a_question_that_is_not_there_cannot_go_on_stage(server: Server, admin: Browser) -> None:
    """Nor can the one that is there already."""
    for poll in ("nowhere", "poll"):
        answer = admin.steer("stage", desk(admin).state, poll=poll)
        assert (answer.status, answer.json["code"]) == (409, "not_possible")


# Asked first


@pytest.mark.parametrize(
    "action, fields", [("reset", {}), ("stage", {"poll": "lunch"}), ("restore", {"target": 1})]
)
def test_what_takes_ballots_off_the_stage_is_asked_first(
    serve: Callable[..., Server], action: str, fields: dict[str, object]
) -> None:
    """The desk's forms ask to be asked; without ballots there is nothing to ask."""
    server = serve(TWO_POLLS)
    admin = Browser(server).become_admin()
    page = desk(admin)
    done(page, "reset", ask=1)
    voted(server, "ada")
    voted(server, "grace")
    asked = admin.steer(action, page.state, ask=1, **fields)
    assert (asked.status, asked.json["ok"], asked.json["code"]) == (200, False, "sure")
    assert "2 ballots" in asked.json["message"]
    assert desk(admin).state["round"] == page.state["round"]
    done(page, action, **fields)


def test_without_script_the_question_is_a_page_whose_button_is_the_yes(
    server: Server, admin: Browser
) -> None:
    """It keeps what the form said, and what the admin had seen."""
    state = desk(admin).state
    voted(server, ADA)
    form = {"round": 1, "version": state["version"], "seconds": 60, "ask": 1}
    asked = admin.post("/admin/reset", form)
    assert "1 ballot is kept" in asked.text
    kept = dict(re.findall(r'name="(\w+)" value="([^"]*)"', asked.text))
    assert set(kept) == {"csrf_token", "round", "version", "seconds"}
    assert admin.post("/admin/reset", dict(kept)).headers["Location"] == "/admin"
    after = desk(admin).state["round"]
    assert (after["id"], after["closes_at"] - after["opened_at"]) == (2, 60_000)


# Whatever comes


def test_the_second_of_two_admins_is_told_whatever_the_button(
    server: Server, admin: Browser
) -> None:
    """Each command names what was seen; after another one, nothing is done."""
    page = desk(admin)
    old = page.state
    done(page, "show", target=1, results="hidden")
    fields = {"target": 1, "results": "live", "seconds": 30, "poll": "poll"}
    for action in ACTIONS:
        answer = admin.steer(action, old, **fields)
        assert (answer.status, answer.json["code"]) == (409, "conflict"), action
        assert "Look again" in answer.json["message"]
    assert unchanged(page.state, desk(admin).state)


def test_a_form_that_no_page_of_ours_sends_is_not_understood(
    server: Server, admin: Browser
) -> None:
    """The answer is a 400, and nothing has changed."""
    page = desk(admin)
    forms: list[tuple[str, dict[str, object]]] = [
        ("open", {"seconds": "0"}),
        ("extend", {"seconds": "86401"}),
        ("extend", {"seconds": "-30"}),
        ("extend", {"seconds": "1.5"}),
        ("reset", {"seconds": "soon"}),
        ("restore", {}),
        ("compare", {"target": ""}),
        ("show", {"target": "1"}),
        ("show", {"target": "1", "results": "nobody"}),
        ("show", {"results": "live"}),
    ]
    for action, fields in forms:
        assert admin.steer(action, page.state, **fields).status == 400, (action, fields)
    assert unchanged(page.state, desk(admin).state)


def test_no_button_works_without_login_or_token_or_by_a_link(
    server: Server, admin: Browser
) -> None:
    """A voter is told to log in; a form of another site, and a GET, are not understood."""
    state, voter = desk(admin).state, Browser(server).log_in()
    fields = {"target": 1, "results": "hidden", "seconds": 30, "poll": "poll"}
    for action in ACTIONS:
        assert voter.steer(action, state, **fields).status == 401, action
        assert admin.steer(action, state, csrf_token="guess", **fields).status == 400, action
        link = f"/admin/{action}?round=1&version={state['version']}"
        assert admin.get(link).status == 405, action
    assert unchanged(state, desk(admin).state)


def unchanged(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Say whether two states of an admin's page are the same, but for time and refused commands."""
    return {**before, "now": 0, "version": 0} == {**after, "now": 0, "version": 0}


# Logins


def test_a_new_password_ends_what_admins_have_open(server: Server) -> None:
    """Sockets are closed with 4401, a question that waits is answered 401; voters stay."""
    set_password(server, "correct horse")
    admin = Browser(server)
    assert admin.post("/admin/login", {"password": "correct horse"}).status == 303
    pages, voter = [desk(admin), desk(Browser(server).become_admin())], phone(server)
    seen = admin.get("/live?view=admin").json["after"]
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(admin.get, f"/live?view=admin&after={seen}&wait=25")
        set_password(server, "another horse")
        for page in pages:
            with pytest.raises(Closed) as closed:
                page.until(type="nothing")
            assert closed.value.code == 4401
        assert waiting.result().status == 401
    assert admin.get("/admin").headers["Location"] == "/admin/login"
    voter.vote(ADA)
    assert voter.until(type="receipt")
    assert "horse" not in server.wait_for("password_changed")


def test_an_admin_who_leaves_closes_every_page_and_spoils_every_copy(server: Server) -> None:
    """What somebody read on the way opens nothing; another admin goes on."""
    admin, other = Browser(server).become_admin(), Browser(server).log_in()
    server.stop()
    server.start()
    other.become_admin()
    page, others = desk(admin), desk(other)
    copy = Browser(server, dict(admin.cookies))
    assert copy.get("/admin").status == 200
    assert admin.post("/admin/logout").status == 303
    with pytest.raises(Closed) as closed:
        page.until(type="nothing")
    assert closed.value.code == 4401
    for browser in (admin, copy):
        assert browser.get("/admin").status == 303
    stolen = Phone(copy, "admin")
    with pytest.raises(Closed) as closed:
        stolen.next()
    assert closed.value.code == 4401
    assert done(others, "close")["round"]["state"] == "closed"


def test_coming_in_renews_the_session(server: Server) -> None:
    """The token and the cookie from before are a stranger's."""
    admin = Browser(server)
    token = admin.token()
    before = Browser(server, dict(admin.cookies))
    admin.become_admin()
    assert admin.token() != token
    assert before.get("/admin").status == 303
    form = {"csrf_token": token, "round": 1, "version": desk(admin).state["version"]}
    assert admin.post("/admin/close", form).status == 400


def test_a_hundred_guesses_at_once_stop_nobody(server: Server) -> None:
    """Ten are answered, the others told to wait; meanwhile votes are counted, and who was admin
    before still comes in by the password, from the same address.
    """
    set_password(server, "correct horse")
    presenter, guesser, voter = Browser(server), Browser(server), phone(server)
    presenter.become_admin()
    presenter.post("/admin/logout")
    token = guesser.token()

    def guess(n: int) -> int:
        form = {"csrf_token": token, "password": f"guess {n}"}
        return Browser(server, dict(guesser.cookies)).post("/admin/login", form).status

    with ThreadPoolExecutor(20) as pool:
        guesses = pool.map(guess, range(100))
        voter.vote(ADA)
        assert voter.until(type="receipt")
        assert presenter.post("/admin/login", {"password": "correct horse"}).status == 303
        statuses = sorted(guesses)
    assert statuses == [401] * 10 + [429] * 90
    assert presenter.get("/admin").status == 200


def test_a_known_browsers_guesses_are_counted_by_themselves(server: Server) -> None:
    """Ten a minute as well, and a stranger from the same address has his own."""
    set_password(server, "correct horse")
    known = Browser(server).become_admin()
    known.post("/admin/logout")
    wrong: dict[str, object] = {"password": "wrong horse"}
    assert [known.post("/admin/login", wrong).status for _ in range(11)] == [401] * 10 + [429]
    assert Browser(server).post("/admin/login", wrong).status == 401


def test_a_crowd_of_strangers_does_not_use_up_a_known_browsers_guesses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where more addresses guess than are counted apart, a browser that was admin still is."""
    monkeypatch.setattr(throttle, "MOST_KNOWN", 5)
    Password(FolderSafe(tmp_path)).set("correct horse")
    app = Flask("guessed", root_path=str(ROOT), static_folder=None)
    app.jinja_env.globals.update(asset=lambda name: name, transports=[])
    language.init_app(app, ROOT / "translations")
    web.init_app(app, ServerSettings(), Keys(b"k" * 64, "room"))
    app.config["WTF_CSRF_ENABLED"] = False
    rest: Any = None
    admin = identity.Admin(FolderSafe(tmp_path))
    logins = create_blueprint(rest, rest, rest, admin, rest, rest, Alone())
    app.register_blueprint(logins)
    known = app.test_client()
    with known.session_transaction() as session:
        session["device"] = "presenter"

    def guess(client: FlaskClient, n: int = 0) -> int:
        wrong = {"password": "wrong horse"}
        peer = {"REMOTE_ADDR": f"192.0.2.{n}"}
        json = {"Accept": "application/json"}
        return client.post("/admin/login", data=wrong, environ_base=peer, headers=json).status_code

    assert [guess(app.test_client(), n) for n in range(16)] == [401] * 15 + [429]
    assert guess(known) == 401


def test_the_log_says_who_came_and_went_and_no_secret(server: Server) -> None:
    """Each login by its way, its address and a short name; never what was typed."""
    set_password(server, "correct horse")
    admin = Browser(server)
    admin.post("/admin/login", {"password": "wrong horse"})
    admin.post("/admin/login", {"password": "correct horse"})
    session = re.search(r"admin_in .*session=(\S+)", server.wait_for("admin_in"))
    assert session
    admin.post("/admin/logout")
    said = server.wait_for(f"admin_out session={session[1]}")
    assert 'admin_in by="password" address="127.0.0.1"' in said
    assert 'admin_refused address="127.0.0.1" by="password"' in said
    assert "horse" not in said
    admin.post("/admin/login", {"link": server.link})
    assert server.wait_for('admin_in by="link"').count(server.link) == 1  # the greeting's


def test_what_a_password_is_worth_is_said_where_strangers_may_listen(
    serve: Callable[..., Server],
) -> None:
    """On this computer, and over TLS, nobody else hears it."""
    server = serve(CONFIG + 'proxies = ["127.0.0.1"]\n')
    set_password(server, "correct horse")
    afar, tls = {"X_Forwarded_For": "192.0.2.7"}, {"X_Forwarded_Proto": "https"}
    for headers, said in (({}, False), (afar, True), (tls, False), (afar | tls, False)):
        for path in ("/admin/login", "/present"):
            text = Browser(server).get(path, **headers).text
            assert ("This page is not encrypted" in text) is said, (path, headers)
            assert 'type="password"' in text
