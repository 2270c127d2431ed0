"""waiting.py: who waits for news, why a wait ends, and that thousands end a slice at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gevent
import pytest
from gevent.socket import socketpair

from voting import waiting
from voting.client import Client
from voting.waiting import AWAY_SECONDS, Poller, Waiting

PATIENCE = 10
"""Seconds after which a wait that should have ended fails the test."""


class Page:
    """A page without a socket, and the connection on which it asks."""

    def __init__(self) -> None:
        self.ours, self.theirs = socketpair()
        self.left = 0
        self.poller = Poller("line", self._gone)
        self.client = Client(self.poller, "screen")

    def _gone(self) -> None:
        self.left += 1

    def ask(self, seconds: float = PATIENCE) -> gevent.Greenlet[[], Any]:
        """Begin to wait."""
        wait = gevent.spawn(self.poller.wait, self.ours, seconds)
        gevent.sleep(0)
        return wait

    def close(self) -> None:
        self.ours.close()
        self.theirs.close()


@pytest.fixture
def page() -> Iterator[Page]:
    page = Page()
    yield page
    page.close()


def test_a_wait_ends_when_there_may_be_news(page: Page) -> None:
    """`wake` is all that a tick does."""
    wait = page.ask()
    page.poller.wake()
    assert wait.get(timeout=PATIENCE) == "news"


def test_a_wait_ends_when_its_time_is_up(page: Page) -> None:
    """Nobody waits for ever."""
    assert page.ask(0.01).get(timeout=PATIENCE) == "late"


def test_a_wait_ends_when_the_page_hangs_up(page: Page) -> None:
    """A phone that went away costs nothing until its time would have been up."""
    wait = page.ask()
    page.theirs.close()
    assert wait.get(timeout=PATIENCE) == "gone"


def test_a_wait_goes_on_when_the_page_sends_its_next_question(page: Page) -> None:
    """What comes meanwhile is for later: it is neither read nor an end."""
    wait = page.ask()
    page.theirs.sendall(b"GET")
    gevent.sleep(0.01)
    assert not wait.ready()
    page.poller.wake()
    assert wait.get(timeout=PATIENCE) == "news"
    assert page.ours.recv(3) == b"GET"


def test_a_page_has_one_question(page: Page) -> None:
    """The newest counts; the one before it is not wanted any more."""
    earlier, newest = page.ask(), page.ask()
    assert earlier.get(timeout=PATIENCE) == "gone"
    page.poller.wake()
    assert newest.get(timeout=PATIENCE) == "news"


def test_a_page_that_is_closed_hears_it_and_is_forgotten(page: Page) -> None:
    """A logout, or the end of the server, does not wait for the page to ask."""
    wait = page.ask()
    page.poller.close(4401, "logged out")
    assert wait.get(timeout=PATIENCE) == "ended"
    assert (page.poller.ended, page.left) == (4401, 1)


def test_a_page_that_is_closed_while_it_wakes_hears_that(page: Page) -> None:
    """What it would be told otherwise, it may not see any more."""
    wait = page.ask()
    page.poller.wake()
    page.poller.close(4401, "logged out")
    assert wait.get(timeout=PATIENCE) == "ended"


def test_a_page_is_here_while_it_waits_and_a_while_after(page: Page) -> None:
    """Between two questions nobody is gone; later one is."""
    rules = {"ping_seconds": 1, "deadline_seconds": 1}
    wait = page.ask()
    later = waiting.monotonic() + AWAY_SECONDS
    page.poller.check(later + 100, **rules)
    assert page.left == 0
    page.poller.wake()
    wait.get(timeout=PATIENCE)
    page.poller.check(later - 1, **rules)
    assert page.left == 0
    page.poller.check(later + 1, **rules)
    assert page.left == 1


def test_others_have_a_turn_while_many_are_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    """To answer is the work, so it begins with a few."""
    monkeypatch.setattr(waiting, "WOKEN_AT_ONCE", 2)
    room = Waiting(tick_seconds=1, share=1)
    pages = [Page() for _ in range(5)]
    waits = [page.ask() for page in pages]
    for page in pages:
        room.add(page.client)
    turns = room.turns()
    next(turns)
    gevent.sleep(0)
    gevent.sleep(0)
    assert sum(wait.ready() for wait in waits) == 2
    assert len(list(turns)) == 1
    assert {wait.get(timeout=PATIENCE) for wait in waits} == {"news"}
    for page in pages:
        page.close()


def test_ticks_wait_while_the_server_is_busy_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever keeps the process busy comes first, up to a second."""
    now, used, busy = [0.0], [0.0], [0.0]
    monkeypatch.setattr(waiting, "monotonic", lambda: now[0])
    monkeypatch.setattr(waiting, "thread_time", lambda: used[0])

    def sleep(seconds: float) -> None:
        now[0] += seconds
        used[0] += busy[0] * seconds

    monkeypatch.setattr(waiting.gevent, "sleep", sleep)
    room = Waiting(tick_seconds=0.1, share=0.5)
    monkeypatch.setattr(waiting.Ticks, "rest", lambda self, began, spent: sleep(0.1))
    rests = []
    for spent, busy[0] in ((0.02, 0.0), (0.2, 0.0), (0.2, 1.0)):
        list(room.turns())
        began, used[0] = now[0], used[0] + spent
        room.rest(began, 0)
        rests.append(now[0] - began)
    idle, paid, never = rests
    assert idle == pytest.approx(0.1)
    assert paid == pytest.approx(0.4)
    assert waiting.LONGEST_REST < never < waiting.LONGEST_REST + 0.1
