"""polling.py: what a socket would have sent, to pages that have none, and ballots by POST."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import gevent
import pytest

from bench.askers import Asker as PretendedAsker
from bench.rooms import Room
from rehearsal.visit import Site
from tests.asking import Asker, asker
from tests.phones import Browser, Phone, phone
from tests.serving import ADA, CONFIG, GRACE, Server, poll_config

TOKEN = "line.epoch.1.still.numbers.own"


class There(NamedTuple):
    """A server, as the benchmark's rooms know one."""

    site: Site


def only(*transports: str) -> str:
    """Return a configuration that allows no other transports."""
    return f"{CONFIG}[live]\ntransports = {json.dumps(transports)}\n"


# What a page is told


def test_a_page_is_told_first_what_a_socket_is_told(server: Server) -> None:
    """The same messages in the same order, but for the time."""
    voter = Browser(server).log_in("Vera")
    socket = Phone(voter)
    by_socket = [socket.next(), socket.next()]
    by_asking = Asker(voter).hear()
    for messages in (by_socket, by_asking):
        messages[1].pop("now")
    assert by_asking == by_socket


def test_nothing_new_is_an_answer_without_a_body(standing_server: Server) -> None:
    """After the wait, or at once where the page does not wait."""
    page = asker(Browser(standing_server), "screen")
    for wait in (0, 0.01):
        answer = page.ask(wait=wait)
        assert (answer.status, answer.body) == (204, b"")


def test_a_vote_is_told_to_who_waits(server: Server) -> None:
    """The answer comes with the vote, and holds the numbers alone."""
    page = asker(Browser(server), "screen")
    voter = phone(server)
    assert page.until(type="tally", online=1)
    voter.vote(ADA)
    tally = page.until(type="tally", ballots=1)
    assert tally["counts"][ADA] == 1
    assert "poll" not in tally


def test_a_vote_without_a_socket_is_told_to_everyone(server: Server) -> None:
    """Its voter gets the receipt, the voter's other tabs `you`, and all others the count."""
    browser = Browser(server).log_in("Vera")
    page, tab, socket = asker(browser), asker(browser), Phone(browser)
    screen = Phone(Browser(server), "screen")
    answer = page.vote(ADA)
    receipt = answer.json
    assert (answer.status, receipt["type"], receipt["choices"]) == (200, "receipt", [ADA])
    assert screen.until(type="tally", ballots=1)["counts"][ADA] == 1
    assert socket.until(type="you", choices=[ADA])["code"] == receipt["code"]
    assert tab.until(type="you", choices=[ADA])["code"] == receipt["code"]
    assert page.until(type="you", choices=[ADA])["code"] == receipt["code"]


def test_a_change_of_round_is_told_as_a_whole_state(server: Server, admin: Browser) -> None:
    """And with it what the new round holds of the voter."""
    page = asker(Browser(server).log_in())
    page.vote(ADA)
    page.until(type="you", choices=[ADA])
    admin.steer("close", page.state)
    closed = page.until(type="state")
    assert closed["round"]["state"] == "closed"
    admin.steer("open", closed, poll="poll")
    messages = page.hear(wait=25)
    assert [message["type"] for message in messages] == ["you", "state"]
    assert (messages[0]["round"], messages[0]["choices"]) == (2, None)


def test_a_page_sees_counts_when_a_socket_would(serve: Callable[..., Server]) -> None:
    """With `after_vote` nobody sees numbers by asking who has not voted."""
    server = serve(poll_config(question="Who?", candidates=["Yes", "No"], results="after_vote"))
    page, screen = asker(Browser(server).log_in()), asker(Browser(server), "screen")
    assert page.state["counts"] is None
    page.vote("yes")
    assert page.until(type="state")["counts"] == {"yes": 1, "no": 0}
    assert screen.until(type="tally", ballots=1)["counts"] is None


def test_a_ping_is_answered_at_once(standing_server: Server) -> None:
    """With the server's time, and what is new."""
    page = asker(Browser(standing_server), "screen")
    (pong,) = page.hear(ping=1, wait=25)
    assert pong["type"] == "pong"
    assert pong["now"] >= page.state["now"]


@pytest.mark.parametrize("view", ["screen", "admin"])
def test_screens_and_desks_can_do_without_a_socket(server: Server, view: str) -> None:
    """Each sees its own view."""
    page = asker(Browser(server).become_admin(), view)
    assert ("rounds" in page.state) == (view == "admin")
    assert "join" in page.state


def test_a_token_holds_over_a_restart(server: Server) -> None:
    """What a page has seen is told by the token alone: nothing is sent twice."""
    page = asker(Browser(server).log_in())
    page.vote(ADA)
    page.until(type="you")
    page.hear(ping=1)
    server.kill()
    server.start()
    assert [message["type"] for message in page.hear(wait=0)] in ([], ["tally"])
    other = phone(server)
    other.vote(GRACE)
    assert page.until(type="tally", ballots=2)["counts"] == {ADA: 1, GRACE: 1, "edsger-dijks": 0}


@pytest.mark.parametrize("token", ["", "x", TOKEN, TOKEN.replace("1", "9" * 20), "\x00", "%" * 300])
def test_a_token_that_is_not_ours_is_answered_like_none(
    standing_server: Server, token: str
) -> None:
    """With everything, at once."""
    page = Asker(Browser(standing_server).log_in(), "voter")
    page.after = token
    assert [message["type"] for message in page.hear(wait=25)] == ["you", "state"]


def test_a_token_of_somebody_else_opens_nothing(server: Server) -> None:
    """It names what was seen, and not who may see it."""
    vera, paul = asker(Browser(server).log_in("Vera")), Asker(Browser(server).log_in("Paul"))
    vera.vote(ADA)
    vera.until(type="you", choices=[ADA])
    paul.after = vera.after
    you = paul.hear(wait=25)[0]
    assert (you["type"], you["name"], you["choices"]) == ("you", "Paul", None)
    stranger = Asker(Browser(server))
    stranger.after = vera.after
    assert stranger.ask(wait=25).status == 401


def test_who_asks_is_here(server: Server) -> None:
    """Once, however many ways lead to the voter."""
    browser = Browser(server).log_in()
    page = asker(browser)
    screen = Phone(Browser(server), "screen")
    assert screen.until(type="state")["online"] == 1
    tab = Phone(browser)
    tab.next()
    other = phone(server)
    assert screen.until(type="tally", online=2)
    other.wire.close()
    assert screen.until(type="tally", online=1)
    assert page.hear(ping=1)


# Who may ask


@pytest.mark.parametrize("view", ["voter", "admin"])
def test_who_is_not_logged_in_is_told_so(standing_server: Server, view: str) -> None:
    """As a socket would be with 4401."""
    answer = Asker(Browser(standing_server), view).ask()
    assert (answer.status, answer.json["code"]) == (401, "not_logged_in")


@pytest.mark.parametrize("view, way", [("voter", "/logout"), ("admin", "/admin/logout")])
def test_a_logout_ends_the_wait(server: Server, view: str, way: str) -> None:
    """In another tab, of the same browser."""
    page = asker(Browser(server).log_in().become_admin(), view)
    wait = page.send_question(wait=25)
    # Who waits is waiting when a later question has been answered.
    asker(Browser(server), "screen")
    page.browser.post(way)
    assert wait.recv(4_096).startswith(b"HTTP/1.1 401 ")
    assert page.ask(wait=25).status == 401


@pytest.mark.parametrize("view", ["", "waiting", "voted", "stage"])
def test_a_view_that_is_none_is_refused(standing_server: Server, view: str) -> None:
    """Nobody chooses to be shown more."""
    assert Asker(Browser(standing_server), view).ask().status == 400


@pytest.mark.parametrize(
    "headers, status",
    [
        ({"Origin": "http://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "elsewhere.example"}, 400),
        ({"Host": ""}, 400),
    ],
)
def test_a_question_from_elsewhere_is_refused(
    standing_server: Server, headers: dict[str, str], status: int
) -> None:
    """Another site's page, and a name that points here."""
    page = Browser(standing_server)
    sent = {"Origin": standing_server.url, **headers}
    assert page.ask("GET", "/live?view=screen", headers=sent).status == status


@pytest.mark.parametrize("wait", ["nan", "-1", "-inf", "x", "", "25&wait=nan"])
def test_a_strange_wait_is_none(standing_server: Server, wait: str) -> None:
    """The answer comes at once, though there is nothing new."""
    page = asker(Browser(standing_server), "screen")
    answer = page.browser.ask("GET", f"{page.question()}&wait={wait}")
    assert answer.status == 204


# Ballots


def test_a_ballot_sent_again_gets_its_receipt_again(server: Server) -> None:
    """By whatever way it comes the second time."""
    browser = Browser(server).log_in()
    page = asker(browser)
    first = page.vote(ADA, ballot="b1")
    again = page.vote(GRACE, ballot="b1")
    assert (again.status, again.json) == (200, first.json)
    tab = Phone(browser)
    tab.next()
    tab.next()
    tab.vote(GRACE, ballot="b1")
    assert tab.until(type="receipt") == first.json


@pytest.mark.parametrize(
    "choices, round, status, code",
    [
        (["nobody"], 1, 422, "unknown_candidate"),
        ([], 1, 422, "wrong_choices"),
        ([ADA, GRACE], 1, 422, "wrong_choices"),
        ([ADA], 7, 409, "stale_round"),
    ],
)
def test_a_refusal_has_a_status(
    standing_server: Server, choices: list[str], round: int, status: int, code: str
) -> None:
    """And the message that a socket would bring."""
    page = asker(Browser(standing_server).log_in())
    answer = page.vote(*choices, ballot="b1", round=round)
    assert (answer.status, answer.json["code"], answer.json["ballot"]) == (status, code, "b1")


def test_a_closed_round_refuses_with_409(server: Server, admin: Browser) -> None:
    """A conflict with what is."""
    page = asker(Browser(server).log_in())
    admin.steer("close", page.state)
    answer = page.vote(ADA)
    assert (answer.status, answer.json["code"]) == (409, "round_closed")


@pytest.mark.parametrize(
    "body, headers, status, code",
    [
        (b"{", {}, 422, "bad_message"),
        (b"", {}, 422, "bad_message"),
        (b"\xff", {}, 422, "bad_message"),
        ({"type": "ping"}, {}, 422, "bad_message"),
        ({"type": "vote", "ballot": "b", "round": 1, "choices": ["x" * 4_096]}, {}, 422, None),
        (b" " * 4_097, {}, 422, "bad_message"),
        ({}, {"Content-Type": "text/plain"}, 415, "bad_message"),
        ({}, {"Content-Type": "application/x-www-form-urlencoded"}, 415, "bad_message"),
        ({}, {"Origin": "http://elsewhere.example"}, 403, None),
        ({}, {"Origin": "null"}, 403, None),
    ],
)
def test_what_is_no_ballot_of_ours_is_refused(
    standing_server: Server,
    body: object,
    headers: dict[str, str],
    status: int,
    code: str | None,
) -> None:
    """Nothing reaches the engine that a page of ours would not send."""
    page = asker(Browser(standing_server).log_in())
    answer = page.post(body, **headers)
    assert answer.status == status
    assert code is None or answer.json["code"] == code


def test_a_ballot_needs_a_login(standing_server: Server) -> None:
    """As on a socket."""
    page = asker(Browser(standing_server), "screen")
    answer = page.vote(ADA)
    assert (answer.status, answer.json["code"]) == (401, "not_logged_in")


# Transports


def test_sockets_alone_may_be_allowed(serve: Callable[..., Server]) -> None:
    """Then nobody waits by asking; ballots have no way of their own to be forbidden."""
    server = serve(only("websocket"))
    assert Asker(Browser(server), "screen").ask().status == 403
    assert phone(server).vote(ADA)


def test_sockets_may_be_forbidden(serve: Callable[..., Server]) -> None:
    """The upgrade is refused, and waiting works."""
    server = serve(only("longpoll"))
    browser = Browser(server).log_in()
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Origin": server.url}
    assert browser.ask("GET", "/live?view=voter", headers=upgrade).status == 403
    page = asker(browser)
    page.vote(ADA)
    assert page.until(type="tally", ballots=1)


def test_waiting_may_be_forbidden(serve: Callable[..., Server]) -> None:
    """Who would wait is answered at once."""
    page = asker(Browser(serve(only("poll"))), "screen")
    assert page.ask(wait=25).status == 204


# The end


def test_who_waits_is_told_that_the_server_goes(server: Server) -> None:
    """As a socket is with 1001."""
    page = asker(Browser(server), "screen")
    page.hear(ping=1)
    wait = page.send_question(wait=25)
    asker(Browser(server), "screen")
    assert server.stop() == 0
    answer = b""
    while got := wait.recv(4_096):
        answer += got
    assert answer.startswith(b"HTTP/1.1 503 "), answer
    assert b"\r\nRetry-After: " in answer


# Many of them


def test_a_room_that_waits_votes_and_sees_the_end(serve: Callable[..., Server]) -> None:
    """Everybody's vote is counted once, and everybody is shown all of them."""
    phones = 1_000 if os.environ.get("TEST_ALL") else 100
    server = serve(CONFIG)
    there = There(Site("127.0.0.1", server.port or 0))
    full = Room(there, partial(PretendedAsker, wait=25.0, pause=0.2))
    with gevent.Timeout(60):
        full.fill(phones)
        full.storm(1.0)
        full.wait_until_settled()
    crowd = full.crowd
    try:
        assert len(crowd.settled) == len(crowd.receipts) == phones
        assert sum((crowd.counts or {}).values()) == phones
        assert (crowd.refused.total(), crowd.closed.total(), crowd.backwards) == (0, 0, 0)
    finally:
        full.leave()
