"""Who is here, by name, over real sockets and questions: one server, and two over Redis."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.asking import Asker, asker
from tests.fleets import Fleet
from tests.phones import Browser, Phone, Wire, phone
from tests.redises import Redis
from tests.serving import CONFIG, Server, dashboard
from voting.people import LIST_SECONDS

TALKING = CONFIG + "\n[messages]\nenabled = true\nvoter_per_second = 100\n"

PATIENCE = 60
"""Seconds after which a wait that should have ended fails the test."""

HEAR_SECONDS = 0.6
"""A page may ask what was said twice in a second."""

MANY = 1_000 if os.environ.get("TEST_ALL") else 200


class List:
    """What a page makes of the messages about who is here; `told` are all of them."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.told: list[dict[str, Any]] = []
        self.online = 0

    def hear(self, told: dict[str, Any]) -> None:
        self.told.append(told)
        if told["afresh"]:
            self.names.clear()
        self.names |= {person["id"]: person["name"] for person in told["people"]}
        for person in told["left"]:
            del self.names[person]

    @property
    def sorted(self) -> list[str]:
        return sorted(self.names.values())

    def until(self, page: Phone | Asker, *names: str) -> None:
        """Let a page listen until the list has these names, and no others."""
        end = monotonic() + PATIENCE
        while self.sorted != sorted(names):
            assert monotonic() < end, self.told[-3:]
            if isinstance(page, Phone):
                self.hear(page.until(type="people"))
            else:
                self.ask(page)

    def ask(self, page: Asker) -> None:
        """Let a page ask once, and wait for what there is."""
        found = page.hear(wait=25, people=self.told[-1]["after"] if self.told else "0")
        assert found, "nobody has woken it"
        for told in found:
            self.online = told.get("online", self.online)
            if told["type"] == "people":
                self.hear(told)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server"), TALKING)
    yield server.start()
    server.clear_up()


@pytest.fixture
def watcher(room: Server) -> Iterator[tuple[Phone, List]]:
    """A phone without a name that is told who is here, and nobody is."""
    page, seen = phone(room), List()
    page.tell({"type": "people", "on": True})
    seen.hear(page.until(type="people"))
    seen.until(page)
    yield page, seen
    page.close()


def person(page: Phone) -> str:
    """Return what a phone is called in messages."""
    page.tell({"type": "attend", "listed": True})
    return str(page.until(type="you")["person"])


def test_very_many_arrivals_are_few_messages(room: Server, watcher: tuple[Phone, List]) -> None:
    """At most one in a second, in which each of them stands once."""
    page, seen = watcher
    stranger = Browser(room)
    token = stranger.token()

    def log_in(number: int) -> str:
        browser = Browser(room, dict(stranger.cookies))
        form = {"csrf_token": token, "name": f"Guest {number}"}
        assert browser.ask("POST", "/login", urlencode(form).encode()).status == 303
        return browser.cookie

    with ThreadPoolExecutor(8) as pool:
        cookies = list(pool.map(log_in, range(MANY)))
    began, before = monotonic(), len(seen.told)
    lines = [Wire(room) for _ in cookies]
    for line, cookie in zip(lines, cookies, strict=True):
        line.send_upgrade("/live?view=voter", Cookie=cookie)
    seen.until(page, *(f"Guest {number}" for number in range(MANY)))
    told = seen.told[before:]
    assert len(told) <= (monotonic() - began) / LIST_SECONDS + 2
    assert sum(len(each["people"]) for each in told) == MANY
    for line in lines:
        line.close()
    seen.until(page)


def test_two_of_one_name_are_told_apart_and_who_wants_to_be_nobody_is(
    room: Server, watcher: tuple[Phone, List]
) -> None:
    """Anonymous voters are in no list; others are not while they ask for that."""
    page, seen = watcher
    nameless, one, other = (phone(room, name) for name in ("", "Ada", "Ada"))
    seen.until(page, "Ada", "Ada")
    assert person(nameless) not in seen.names
    assert seen.names.keys() == {person(one), person(other)}
    one.tell({"type": "attend", "listed": False})
    assert one.until(type="you")["listed"] is False
    seen.until(page, "Ada")
    assert seen.names.keys() == {person(other)}
    one.tell({"type": "attend", "listed": True})
    seen.until(page, "Ada", "Ada")
    for each in (nameless, one, other):
        each.close()
    seen.until(page)


def test_a_page_without_a_socket_is_told_by_a_mark(room: Server) -> None:
    """The whole list at first, then what is new since, for which it may wait."""
    page, seen = asker(Browser(room).log_in("Ada")), List()
    seen.until(page, "Ada")
    mark = seen.told[-1]["after"]
    assert [told for told in page.hear(people=mark) if told["type"] == "people"] == []
    with closing(phone(room, "Bob")) as bob:
        seen.until(page, "Ada", "Bob")
        assert not seen.told[-1]["afresh"]
        while seen.online != 2:
            seen.ask(page)  # what it is woken for now is the list alone
        bob.tell({"type": "attend", "listed": False})
        seen.until(page, "Ada")
    page.browser.post("/logout")


def test_a_stranger_at_a_screen_is_not_told_who_is_here(room: Server) -> None:
    """Anybody can open it; the desk is told, as voters are."""
    ada, desk = phone(room, "Ada"), Phone(Browser(room).become_admin(), "admin")
    screen = Phone(Browser(room), "screen")
    for page in (screen, desk):
        page.tell({"type": "people", "on": True})
        page.tell({"type": "ping"})
    List().until(desk, "Ada")
    while (told := screen.next())["type"] != "pong":
        assert told["type"] != "people"
    assert not any(
        told["type"] == "people" for told in asker(Browser(room), "screen").hear(people="0")
    )
    for page in (ada, desk, screen):
        page.close()


def test_who_logged_out_cannot_be_written_to_until_coming_back(room: Server) -> None:
    """Who only closed the page can: the message waits."""
    ada, bob = phone(room, "Ada"), phone(room, "Bob")

    def write(key: str, to: str = person(bob)) -> dict[str, Any]:
        ada.tell({"type": "say", "key": key, "to": to, "text": "hello"})
        while (told := ada.next()).get("key") != key:
            pass
        return told

    bob.close()
    assert write("waits")["type"] == "said"
    bob.browser.post("/logout")
    assert write("refused")["code"] == "gone"
    bob.browser.log_in("Bob")
    assert write("behind-the-login", "")["type"] == "said"
    assert write("back")["type"] == "said"
    with closing(Phone(bob.browser)) as back:
        kept = back.until(type="direct")["messages"]
        assert len(kept) == 2
    ada.close()


def test_two_servers_have_one_list_and_forget_who_was_with_a_dead_one(
    redis: Redis, tmp_path: Path
) -> None:
    """A name stays known where it is kept, also to a server that has just begun, until erased."""
    with ExitStack() as stack:
        fleet = Fleet(tmp_path, redis, TALKING)
        stack.callback(fleet.clear_up)
        fleet.start()
        ada, bob = phone(fleet.one, "Ada"), phone(fleet.two, "Bob")
        lists = {page: List() for page in (ada, bob)}
        for page, seen in lists.items():
            page.tell({"type": "people", "on": True})
            seen.until(page, "Ada", "Bob")
        bob.tell({"type": "say", "key": "k", "to": "", "text": "hello"})
        ada.until(type="talk")
        fleet.two.kill()
        lists[ada].until(ada, "Ada")
        fleet.two.start()
        cyd = phone(fleet.two, "Cyd")
        cyd.tell({"type": "people", "on": True})
        List().until(cyd, "Ada", "Cyd")
        lists[ada].until(ada, "Ada", "Cyd")
        for page in (ada, cyd):
            until_called(page, "Bob")
        assert dashboard("erase-names", "--config", fleet.one.config).returncode == 0
        for page in (ada, cyd):
            until_called(page, "")
        assert lists[ada].sorted == ["Ada", "Cyd"]


def until_called(page: Phone, name: str) -> None:
    """Wait until the wall is told with this name as that of who wrote there."""
    end = monotonic() + PATIENCE
    while True:
        page.tell({"type": "hear", "after": ""})
        told = page.until(type="talk")
        if [message["name"] for message in told["messages"]] == [name]:
            return
        assert monotonic() < end, told
        sleep(HEAR_SECONDS)
