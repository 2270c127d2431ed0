"""One conversation over two servers on one Redis: the same to all, whatever becomes of a server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fleets import Fleet
from tests.phones import Browser
from tests.redises import Redis
from tests.serving import Server
from tests.talkers import FAST, WAYS, Desk, Talker, Way


@pytest.fixture(scope="module")
def fleet(standing_redis: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Two servers of a room that talks."""
    two = Fleet(tmp_path_factory.mktemp("fleet"), standing_redis, FAST)
    yield two.start()
    two.clear_up()


@pytest.fixture(scope="module")
def desk(fleet: Fleet) -> Desk:
    """The admin, at the first of them."""
    return Desk(fleet.one)


@pytest.fixture(autouse=True)
def empty_wall(desk: Desk) -> None:
    """Nothing of what another test said stands on the wall."""
    desk.press("clear", version=desk.version)


def voter(server: Server, name: str = "", way: Way = "websocket") -> Talker:
    """A voter's page at one of the servers, in a browser of its own."""
    return Talker(Browser(server).log_in(name), way)


def go_to(server: Server, page: Talker, way: Way) -> Talker:
    """Let a page go on at another server, with what it holds."""
    page.leave()
    page.browser.server = server
    return page.come(way)


def acquainted(fleet: Fleet, *pages: Talker) -> None:
    """Wait until both servers know who these are."""
    for server in fleet.servers:
        voter(server).meets(*(page.person for page in pages))


def test_both_servers_tell_the_same_in_the_same_order(fleet: Fleet, desk: Desk) -> None:
    """To everyone, by every way, at once from both; hidden at one is hidden at the other."""
    pages = [voter(server, "Paul", way) for server in fleet.servers for way in WAYS]
    acquainted(fleet, *pages)
    keys = [
        (page, page.send(f"{n} of {place}")) for n in range(5) for place, page in enumerate(pages)
    ]
    answers = [page.answer(key) for page, key in keys]
    ids = [said["id"] for said in sorted(answers, key=lambda said: int(said["version"]))]
    screen = Talker(Browser(fleet.two), "websocket", "screen")
    for page in (*pages, screen):
        page.until(lambda page=page: len(page.wall.held) == len(ids))
        assert [message["id"] for message in page.wall.messages] == ids
        assert {message["name"] for message in page.wall.messages} == {"Paul"}
    desk.press("hide", message=ids[0])
    for page in (*pages, screen):
        page.until(lambda page=page: ids[0] not in page.wall.held)
    desk.press("clear", version=desk.version)
    for page in (*pages, screen):
        page.sees()


def test_a_direct_message_finds_its_receiver_at_the_other_server(fleet: Fleet, desk: Desk) -> None:
    """There or coming back there, and nobody else at either; muted at one is muted at both."""
    vera, will = voter(fleet.one, "Vera"), voter(fleet.two, "Will")
    tab = Talker(will.browser, "longpoll")
    others = [voter(server, "Other", way) for server in fleet.servers for way in WAYS]
    others += [Talker(Browser(server), "websocket", "screen") for server in fleet.servers]
    stage = Talker(desk.browser, "websocket", "admin")
    acquainted(fleet, vera, will)
    vera.say("elephant at noon", will.person)
    for page in (will, tab):
        assert page.has("elephant at noon")["name"] == "Vera"
    will.leave()
    vera.say("giraffe at one", will.person)
    go_to(fleet.one, will, "longpoll").has("giraffe at one")
    go_to(fleet.two, will, "websocket").say("zebra at two", vera.person)
    vera.has("zebra at two")
    will.say("is there coffee", "stage")
    assert stage.has("is there coffee")["name"] == "Will"
    desk.press("mute", person=will.person)
    assert will.unsaid("more") == "muted"
    desk.press("unmute", person=will.person)
    assert will.say("to everyone")["type"] == "said"
    for page in others:
        page.sees("to everyone")
        assert not any(
            page.has_got(secret) for secret in ("elephant", "giraffe", "zebra", "coffee")
        )


def test_a_page_goes_on_at_the_other_server_when_its_own_is_killed(fleet: Fleet) -> None:
    """With `after`: nothing twice, nothing missing, and what had no answer yet is said once."""
    page, other = voter(fleet.two, "Paula"), voter(fleet.one)
    page.say("before")
    other.sees("before")
    page.sees("before")
    page.send("in between", key="in-between")
    fleet.two.kill()
    go_to(fleet.one, page, "websocket")
    assert page.say("in between", key="in-between")["type"] == "said"
    other.say("after")
    for one in (page, other):
        one.sees("before", "in between", "after")
    assert page.wall.afresh == other.wall.afresh
    fleet.two.start()
    go_to(fleet.two, page, "longpoll")
    assert page.say("in between", key="in-between")["type"] == "said"
    page.say("back")
    other.sees("before", "in between", "after", "back")
    assert voter(fleet.two).sees("before", "in between", "after", "back") is None


def test_an_emptied_redis_gets_every_message_back_from_the_servers(
    fleet: Fleet, desk: Desk, standing_redis: Redis
) -> None:
    """FLUSHALL: a new epoch, the same messages under the same names; who comes late hears them."""
    vera, will = voter(fleet.one, "Vera"), voter(fleet.two, "Will", "longpoll")
    stage = Talker(desk.browser, "websocket", "admin")
    acquainted(fleet, vera, will)
    hidden = vera.say("bad words")
    said = [vera.say(f"text {n}", key=f"key-{n}") for n in range(5)]
    vera.say("elephant at noon", will.person)
    desk.press("hide", message=hidden["id"])
    texts = [f"text {n}" for n in range(5)]
    for page in (vera, will):
        page.sees(*texts)
    will.has("elephant at noon")
    ended = vera.wall.epoch
    standing_redis.client.flushall()
    for page in (vera, will):
        page.until(lambda page=page: page.wall.epoch != ended)
    vera.until(lambda: vera.say("and on", key="on")["type"] == "said")
    for page in (vera, will, voter(fleet.one), voter(fleet.two, "", "longpoll")):
        page.sees(*texts, "and on")
        assert [message["id"] for message in page.wall.messages][:5] == [s["id"] for s in said]
    again = vera.say("something else", key="key-0")
    assert (again["type"], again["id"]) == ("said", said[0]["id"])
    assert Talker(will.browser).has("elephant at noon")
    stage.until(lambda: stage.wall.held.get(hidden["id"], {}).get("hidden"))
