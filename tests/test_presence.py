"""One room on two nodes: who is here, what the desk and Prometheus are told, and a node's end."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.asking import asker
from tests.phones import Browser, Closed, Phone, phone
from tests.redises import Redis
from tests.rooms import Room
from tests.serving import ADA, CONFIG, STOP_SECONDS, Server
from voting.fleet import GROUP
from voting.fleet_redis import RedisFleet
from voting.keys import VARIABLE
from voting.password import Password
from voting.safe_redis import SharedSafe

LIMIT = 10
"""Passwords that a visitor may try in a minute."""


@pytest.fixture(scope="module")
def room(standing_redis: Redis) -> Room:
    return Room(standing_redis)


@pytest.fixture(scope="module")
def nodes(room: Room, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Server]]:
    """Three nodes, the first two behind one port, as far as Prometheus knows."""
    config = CONFIG + room.config()
    all = [Server(tmp_path_factory.mktemp(f"node-{name}"), config) for name in "abc"]
    Password(SharedSafe(room.shared())).set("correct horse")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(VARIABLE, "a secret of the whole fleet, not of a file")
        try:
            for node, group in zip(all, ("port", "port", "another"), strict=True):
                environment.setenv(GROUP, group)
                node.start()
            yield all
        finally:
            for node in all:
                node.clear_up()


@pytest.fixture
def screens(nodes: list[Server]) -> Iterator[list[Phone]]:
    """A screen of each node, which has seen that nobody is here."""
    all = [Phone(Browser(node), "screen") for node in nodes]
    for screen in all:
        screen.until(type="state")
        if screen.online:
            screen.until(online=0)
    yield all
    for screen in all:
        screen.close()


@pytest.fixture(scope="module")
def desk(nodes: list[Server]) -> Browser:
    """An admin, on whichever node `server` says."""
    return Browser(nodes[0]).become_admin()


def leave(*pages: Phone) -> None:
    for page in pages:
        page.close()


def test_whoever_is_here_is_here_on_all_nodes(nodes: list[Server], screens: list[Phone]) -> None:
    """Come, vote, leave: each node shows the same voters, the same votes and the same room."""
    a, b, c = (phone(node) for node in nodes)
    for screen in screens:
        screen.until(online=3, room=3)
    for voter in (a, b):
        voter.vote(ADA)
        assert voter.until(type="receipt")
    for screen in screens:
        screen.until(voted=2, online=3, room=3)
    leave(b, c)
    for page in (*screens, a):
        page.until(voted=2, online=1, room=2)
    leave(a)
    for screen in screens:
        screen.until(online=0, room=2)


def test_a_page_without_a_socket_may_ask_any_node(
    nodes: list[Server], screens: list[Phone]
) -> None:
    """With each question another: it hears all that is new, and is here once."""
    page = asker(Browser(nodes[0]).log_in())
    for n in range(1, 7):
        page.browser.server = nodes[n % 3]
        page.hear(wait=0)
    # What a node says comes after what it has said: who counted the page twice would show it.
    late = phone(nodes[1])
    for screen in screens:
        seen = []
        while screen.online != 2:
            seen.append(screen.next()["online"])
        assert max(seen) == 2
    page.browser.server = nodes[2]
    late.vote(ADA)
    assert page.until(type="tally")["ballots"] >= 1
    page.browser.post("/logout")
    leave(late)


def test_the_desk_shows_all_nodes_together(
    nodes: list[Server], screens: list[Phone], desk: Browser
) -> None:
    """Whichever it is asked of: phones, screens, and how many nodes there are."""
    pages = [phone(node) for node in (nodes[0], nodes[1], nodes[1])]
    for screen in screens:
        screen.until(online=3)
    for desk.server in nodes:
        vitals = desk.get("/admin/vitals").json
        found = [vitals[name] for name in ("nodes", "phones", "screens", "arrived")]
        assert found == [3, 3, 3, True]
        assert vitals["disk_free"] is None
        assert "All 3 phones keep up. 3 server processes share the room." in desk.get("/admin").text
    leave(*pages)


def test_prometheus_may_ask_any_node_of_a_port(nodes: list[Server]) -> None:
    """It gets the numbers of each, and none is ever less than it was."""

    def counted(n: int) -> dict[str, float]:
        return samples(nodes[n % 2], "show_of_hands_ballots_total", outcome="counted")

    counted(0)
    before = last = counted(1)
    for n in range(6):
        voter = phone(nodes[n // 2 % 2])
        voter.vote(ADA)
        voter.until(type="receipt")
        leave(voter)
        now = counted(n)
        assert all(now[node] >= least for node, least in last.items())
        last = now
    counted(0)
    now = counted(1)
    assert sorted(now[node] - before[node] for node in before) == [2, 4]
    other = samples(nodes[2], "show_of_hands_nodes")
    assert [*other.values()] == [3]
    assert other.keys().isdisjoint(now)
    assert [*samples(nodes[2], "show_of_hands_redis_reachable").values()] == [1]
    (entries,) = samples(nodes[2], "show_of_hands_journal_entries_total").values()
    assert entries >= 6


def samples(server: Server, name: str, **labels: str) -> dict[str, float]:
    """Return what /metrics says of each node."""
    answer = Browser(server).get("/metrics")
    assert answer.status == 200, server.said
    families = text_string_to_metric_families(answer.text)
    found = [sample for family in families for sample in family.samples if sample.name == name]
    wanted = [sample for sample in found if labels.items() <= sample.labels.items()]
    return {sample.labels["node"]: sample.value for sample in wanted}


def test_guesses_of_the_password_are_counted_on_all_nodes(
    nodes: list[Server], screens: list[Phone]
) -> None:
    """Who has used them up at one gets no more at the next."""
    wrong: dict[str, object] = {"password": "wrong horse"}
    guesser = Browser(nodes[0])
    assert [guesser.post("/admin/login", wrong).status for _ in range(LIMIT)] == [401] * LIMIT
    heard = phone(nodes[0])
    screens[1].until(online=1)
    refused = Browser(nodes[1]).post("/admin/login", wrong)
    assert refused.status == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    leave(heard)


def test_a_node_of_a_later_version_may_say_more(
    nodes: list[Server], screens: list[Phone], desk: Browser, room: Room
) -> None:
    """In the middle of a deploy the others count its voters, and their desks go on."""
    later = RedisFleet(room.server)
    later.say("turnout", lambda: ["an epoch", 1, 0, 5, 0, True, "something new"])
    later.say("vitals", lambda: [0.5, 1_000, 5, 0, 0, 0, 0.25, "something new"])
    desk.server = nodes[0]
    assert later.beat()
    screens[0].until(online=5)
    told = desk.get("/admin/vitals")
    assert (told.status, told.json["nodes"], told.json["phones"]) == (200, 4, 5)
    later.stop()
    screens[0].until(online=0)


def test_whoever_was_on_a_node_that_ends_is_not_here(
    nodes: list[Server], screens: list[Phone], desk: Browser, room: Room
) -> None:
    """Of one that stops at once, of one that is killed within ten seconds."""
    stays, goes, dies = (phone(node) for node in nodes)
    page = asker(Browser(nodes[2]).log_in())
    page.browser.server = nodes[0]
    page.hear(wait=0)
    screens[0].until(online=4)
    nodes[2].kill()
    stopping = nodes[1].process
    assert stopping is not None
    stopping.send_signal(signal.SIGTERM)
    with pytest.raises(Closed):
        goes.until(type="the end")
    leave(goes)
    screens[0].until(online=3)
    assert stopping.wait(STOP_SECONDS) == 0
    assert len(room.redis.client.hkeys(room.key("nodes"))) == 2  # the dead one's, for a minute
    screens[0].until(online=1)  # a phone of these tests waits for ten seconds, at most
    page.hear(wait=0)
    screens[0].until(online=2)
    desk.server = nodes[0]
    assert desk.get("/admin/vitals").json["nodes"] == 1
    leave(stays, dies)
