"""A browser sticks to no node: two servers, one Redis, and each request goes to the other one.

The second one is far from Redis: what was done on the first is not yet known there when the next
request comes.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.phones import Answer, Browser, Closed, Phone
from tests.redises import Redis
from tests.rooms import Room, far_away
from tests.serving import ADA, CONFIG, GRACE, Server, dashboard
from voting.keys import VARIABLE

JSON = "application/json"

SOON = 30.0
"""Far more than the two seconds that are promised: the computer may be busy."""


class Roamer(Browser):
    """A browser behind a proxy that hands its requests to the servers in turn."""

    def __init__(self, *servers: Server) -> None:
        super().__init__(servers[0])
        self._turns = itertools.cycle(servers)

    def ask(self, *arguments: Any, **named: Any) -> Answer:
        self.server = next(self._turns)
        return super().ask(*arguments, **named)

    def at(self, server: Server) -> Browser:
        """The same browser at one server alone: what it is given there, it has everywhere."""
        return Browser(server, self.cookies)


FAR = 0.1
"""Seconds: far more than a browser needs from one request to the next."""

BY_CODE = f"""{CONFIG}
[room]
voters = "codes"
names_in_exports = true
[[polls]]
question = "And who then?"
candidates = ["Ada Lovelace", "Grace Hopper"]
[[polls]]
question = "And who after that?"
candidates = ["Ada Lovelace", "Grace Hopper"]
"""


@pytest.fixture(scope="module")
def nodes(
    standing_redis: Redis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Server]]:
    """Two computers: they share a Redis, and a secret in the environment."""
    room = Room(standing_redis)
    with pytest.MonkeyPatch.context() as environment, far_away(standing_redis, FAR) as url:
        environment.setenv(VARIABLE, "a secret of the whole fleet, not of a file")
        configs = [BY_CODE + room.config(), BY_CODE + room.config(url)]
        both = [Server(tmp_path_factory.mktemp("node"), config) for config in configs]
        try:
            yield [one.start() for one in both]
        finally:
            for one in both:
                one.clear_up()


@pytest.fixture(scope="module")
def admin(nodes: list[Server]) -> Roamer:
    """The admin, by the first node's link."""
    there = Roamer(*nodes)
    assert there.post("/admin/login", {"link": nodes[0].link}).status == 303
    return there


@pytest.fixture(scope="module")
def codes(admin: Roamer) -> Iterator[str]:
    """Codes for as many voters as come."""
    made = admin.post("/admin/codes", {"number": 100}, Accept=JSON)
    return iter(made.json["codes"])


@pytest.fixture
def voter(nodes: list[Server], codes: Iterator[str]) -> Callable[[], Roamer]:
    """Lets somebody in by a code."""

    def come(name: str = "") -> Roamer:
        phone = Roamer(*nodes)
        assert phone.post("/login", {"name": name, "code": next(codes)}).status == 303
        return phone

    return come


def opened(browser: Browser, view: str) -> Phone:
    """Open a page, which is connected once it has seen the state."""
    page = Phone(browser, view)
    page.until(type="state")
    return page


def look(browser: Browser, view: str = "screen") -> dict[str, Any]:
    with closing(opened(browser, view)) as page:
        return page.state


def until(is_so: Callable[[], bool]) -> None:
    end = monotonic() + SOON
    while not is_so():
        assert monotonic() < end
        sleep(0.05)


def ends(page: Phone) -> int | None:
    """Return how a page's socket ends."""
    with closing(page), pytest.raises(Closed) as end:
        page.until(type="there is no such message")
    return end.value.code


def has_come_to(node: Server, version: int) -> bool:
    return bool(look(Browser(node))["version"] >= version)


def test_whoever_came_in_on_one_node_is_in_on_the_next_at_once(
    nodes: list[Server], codes: Iterator[str]
) -> None:
    """Also by a code, whose claim the second node has not folded yet: nobody is asked for it."""
    near, far = nodes
    for path in ("/", "/login"):
        phone = Browser(near)
        assert phone.post("/login", {"name": "Vera", "code": next(codes)}).status == 303
        page = Browser(far, phone.cookies).get(path)
        assert page.status == 200
        assert "Vera" in page.text
        assert 'name="code"' not in page.text


def test_a_code_is_good_on_every_node_as_soon_as_it_is_made(
    nodes: list[Server], admin: Roamer
) -> None:
    """And spent on every node as soon as it is used on one."""
    near, far = nodes
    phone = Browser(far)
    token = phone.token()
    made = admin.at(near).post("/admin/codes", {"number": 1}, Accept=JSON)
    code = made.json["codes"][0]
    assert send(phone, "/login", token, code=code).status == 303
    assert Browser(near).post("/login", {"code": code}).status == 409


def test_a_ballot_by_post_counts_on_every_node(
    nodes: list[Server], voter: Callable[..., Roamer]
) -> None:
    """Its copy, sent to the other node, gets the same receipt."""
    phone = voter()
    round = look(phone)["round"]["id"]
    for n, choice in enumerate((ADA, GRACE)):
        vote = {"type": "vote", "ballot": f"b{n}", "round": round, "choices": [choice]}
        body = json.dumps(vote).encode()
        first, again = (phone.ask("POST", "/ballots", body, {"Content-Type": JSON}) for _ in nodes)
        assert (first.status, again.status) == (200, 200)
        assert first.json == again.json
        version = first.json["version"]
        for node in nodes:
            until(partial(has_come_to, node, version))
            you = Phone(phone.at(node))
            with closing(you):
                assert you.until(type="you")["choices"] == [choice]


def test_a_desk_presses_here_and_there(nodes: list[Server], admin: Roamer) -> None:
    """No press meets a desk that does not know of the one before, and no page shows one."""
    near, far = (admin.at(node) for node in nodes)
    token = far.token()
    for action, state in (("close", "closed"), ("open", "open")):
        assert near.steer(action, look(near, "admin")).status == 200
        assert f'"state":"{state}"' in far.get("/admin").text.partition('"round":')[2][:80]
    assert near.steer("next", look(near, "admin")).status == 200
    seen = look(near, "admin")
    form = {"round": seen["round"]["id"], "version": seen["version"]}
    assert send(far, "/admin/next", token, **form).status == 200
    until(lambda: bool(look(near)["poll"]["question"] == "And who after that?"))


def send(browser: Browser, path: str, token: str, **form: object) -> Answer:
    """Send a form whose page was opened before."""
    headers = {"Accept": JSON}
    return browser.ask("POST", path, urlencode({"csrf_token": token, **form}).encode(), headers)


def test_a_link_works_once_on_whichever_node(nodes: list[Server], admin: Roamer) -> None:
    """The one that the first node's terminal showed has been used on the second."""
    for node in nodes:
        assert "has been used" in Browser(node).get(f"/admin/login?link={nodes[0].link}").text
        assert Browser(node).post("/admin/login", {"link": nodes[0].link}).status == 401


def test_a_voters_logout_ends_the_open_pages_on_all_nodes(
    nodes: list[Server], voter: Callable[..., Roamer]
) -> None:
    """The session behind them has ended; the next one is the same voter's."""
    phone = voter("Vera")
    pages = [opened(phone.at(node), "voter") for node in nodes]
    assert phone.post("/logout").status == 303
    assert [ends(page) for page in pages] == [4401, 4401]
    assert [phone.get("/").status for _ in nodes] == [303, 303]
    assert phone.post("/login", {"name": "Vera"}).status == 303
    assert [phone.get("/").status for _ in nodes] == [200, 200]


def test_an_admins_logout_holds_on_all_nodes(nodes: list[Server]) -> None:
    """Also for a copy of the cookie, and on a node that starts after it."""
    leaving = Roamer(*nodes[::-1])
    assert leaving.post("/admin/login", {"link": nodes[1].link}).status == 303
    copies = [Browser(node, dict(leaving.cookies)) for node in nodes]
    desks = [opened(copy, "admin") for copy in copies]
    assert [copy.get("/admin").status for copy in copies] == [200, 200]
    assert leaving.post("/admin/logout").status == 303
    assert [ends(desk) for desk in desks] == [4401, 4401]
    assert [copy.get("/admin").status for copy in copies] == [303, 303]
    assert nodes[0].stop() == 0
    nodes[0].start()
    assert copies[0].get("/admin").status == 303


def test_names_are_the_rooms(
    nodes: list[Server], admin: Roamer, voter: Callable[..., Roamer]
) -> None:
    """What was typed on one node is exported, and erased, on the other."""
    phone = voter("Zoë 张")
    desk = admin.at(nodes[0])
    if look(desk, "admin")["round"]["state"] != "open":  # another test may have closed it
        assert desk.steer("open", look(desk, "admin")).status == 200
    with closing(opened(phone.at(nodes[0]), "voter")) as page:
        page.vote(page.state["poll"]["candidates"][0]["id"])
        page.until(type="receipt")
    for node in nodes:
        until(partial(is_exported, admin.at(node), "Zoë 张"))
    assert admin.at(nodes[1]).post("/admin/erase-names", Accept=JSON).status == 200
    assert not any(is_exported(admin.at(node), "Zoë 张") for node in nodes)


def is_exported(admin: Browser, name: str) -> bool:
    found = admin.get("/admin/rounds.json?names=1")
    assert found.status == 200, found.text
    return name in found.text


def test_a_node_with_another_secret_does_not_start(
    nodes: list[Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody who came to it would be logged out; it says how to give it the same one."""
    monkeypatch.setenv(VARIABLE, "a secret that somebody has mistyped")
    refused = dashboard("run", "--config", nodes[0].config, "--port", 0)
    assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1), refused.stderr
    assert "give this one theirs" in refused.stderr


def test_a_password_set_on_one_computer_holds_on_all(nodes: list[Server], admin: Roamer) -> None:
    """It lies in Redis, which the command says; whoever was admin before logs in anew."""
    desks = [opened(admin.at(node), "admin") for node in nodes]
    done = dashboard("password", "--config", nodes[1].config, stdin="correct horse\n")
    assert done.returncode == 0, done.stderr
    assert "for all servers of the room" in done.stderr
    assert [ends(desk) for desk in desks] == [4401, 4401]
    for node in nodes:
        assert admin.at(node).get("/admin").status == 303
        assert Browser(node).post("/admin/login", {"password": "correct horse"}).status == 303
    assert admin.post("/admin/login", {"password": "correct horse"}).status == 303


def test_while_redis_is_gone_who_is_in_stays_in_and_a_link_is_not_spent(
    nodes: list[Server], admin: Roamer, standing_redis: Redis
) -> None:
    """What must be asked of Redis is answered by a sentence, and can be asked again."""
    assert nodes[0].stop() == 0
    nodes[0].start()  # with a link that nobody has used
    late = Browser(nodes[1])
    standing_redis.kill()
    assert [admin.get("/admin").status for _ in nodes] == [200, 200]
    refused = late.post("/admin/login", {"link": nodes[0].link})
    assert refused.status == 503
    assert "cannot be checked just now" in refused.text
    standing_redis.start()
    assert late.post("/admin/login", {"link": nodes[0].link}).status == 303
