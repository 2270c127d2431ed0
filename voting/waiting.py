"""Pages without a socket: who waits for an answer, and who counts as here between two questions.

Owns the waits, and when they are over. Never knows what an answer says: whoever waits is woken, and
looks for itself whether there is something new.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from time import monotonic, thread_time
from typing import Any, Literal, cast

import gevent
from gevent.event import AsyncResult

from voting.client import Client
from voting.config import Transport
from voting.ticks import Ticks
from voting.wall import Place

AWAY_SECONDS = 10.0
"""Who has not asked again for so long is gone."""

WOKEN_AT_ONCE = 100
"""Waits that are ended in one turn; each costs about a tenth of a millisecond to answer."""

LONGEST_REST = 1.0
"""Between two ticks, however busy the server is: polls come last, but they come."""

Why = Literal["news", "late", "gone", "ended"]
"""Why a wait is over: there may be news, the time is up, nobody waits, `close` was called."""


class Poller:
    """The line of one page that asks again and again: `heard_at` is when it did last, here or
    elsewhere, and `ended` the code that the line was closed with.

    Args:
        name: by which the page's questions are known to be one page's.
        gone: called when the page has not asked for a while.
    """

    __slots__ = ("_gone", "_wait", "ended", "heard_at", "name", "transport")

    def __init__(self, name: str, gone: Callable[[], None]) -> None:
        self.name = name
        self.transport: Transport = "poll"
        self.ended: int | None = None
        self._gone = gone
        self._wait: AsyncResult[Why] | None = None
        self.heard_at = monotonic()

    def wait(self, sock: Any, seconds: float) -> Why:
        """Wait for news; `sock` is where the question came from.

        A page has one question: the one before it, whose answer got lost or is not wanted any more,
        ends. Where `close` was called meanwhile, that counts, even if there was news before.
        """
        self._end_wait("gone")
        mine = self._wait = AsyncResult()
        watcher = gevent.get_hub().loop.io(sock.fileno(), 1)
        watcher.start(_look, watcher, sock, mine)
        try:
            why = cast(Why, mine.get(timeout=seconds))
        except gevent.Timeout:
            why = "late"
        finally:
            watcher.stop()
            watcher.close()
            if self._wait is mine:
                self._wait = None
            self.heard()
        return why if self.ended is None else "ended"

    def heard(self) -> None:
        """Note that the page is there."""
        self.heard_at = monotonic()

    @property
    def is_waiting(self) -> bool:
        """Whether a question is open."""
        return self._wait is not None

    def wake(self) -> None:
        """Let the page look for news, if it waits."""
        self._end_wait("news")

    def tell(self, payload: bytes) -> None:
        """Nothing: what is new to a page is found when it looks."""

    def close(self, code: int, reason: str) -> None:
        """End the page's question, if one is open, and forget the page."""
        self.ended = code
        self._end_wait("ended")
        self._gone()

    def is_slow(self, now: float) -> bool:
        """Nothing waits for such a page: it fetches what it wants."""
        return False

    def check(self, now: float, *, ping_seconds: float, deadline_seconds: float) -> bool:
        """Forget a page that has not asked for a while; such a page is never cut."""
        if not self.is_waiting and now - self.heard_at > AWAY_SECONDS:
            self._gone()
        return False

    def _end_wait(self, why: Why) -> None:
        if self._wait is not None and not self._wait.ready():
            self._wait.set(why)


def _look(watcher: Any, sock: Any, wait: AsyncResult[Why]) -> None:
    """End the wait of a page that hung up; what else it sends is its next question, for later."""
    watcher.stop()
    try:
        is_there = bool(sock._sock.recv(1, socket.MSG_PEEK))
    except OSError:
        is_there = False
    if not is_there and not wait.ready():
        wait.set("gone")


class Waiting(Ticks):
    """Pages without a socket, and the tick that wakes those who wait.

    Waking a page costs little; answering it and reading its next question is the work, and is done
    elsewhere. So the rest between two ticks looks at the whole process: no more than `share` of one
    core's time may have gone since the tick began, into whatever it was, or the next one waits.
    """

    def __init__(self, *, tick_seconds: float, share: float) -> None:
        super().__init__(tick_seconds=tick_seconds, share=share)
        self.clients: set[Client] = set()
        self._used = 0.0

    @property
    def is_empty(self) -> bool:
        """Whether no page asks."""
        return not self.clients

    def hear(self, client: Client, place: Place | None) -> None:
        """Nothing: such a page says with its question what it wants to hear."""

    def mark_said(self) -> None:
        """Say that something was said: whoever waits looks."""
        self.mark()

    def add(self, client: Client) -> None:
        """Wake a page with each tick from now on, if it waits then."""
        self.clients.add(client)

    def welcome(self, client: Client) -> None:
        """Nothing: the answer to its first question is the whole state."""

    def remove(self, client: Client) -> None:
        """Forget a page, if it is one of these."""
        self.clients.discard(client)

    def move(self, client: Client, view: str, *, needs_state: bool) -> None:
        """Note that a page is of another view; its next answer shows it."""
        client.view = view

    def turns(self) -> Iterator[None]:
        """Wake all who wait."""
        self._state_changed = False
        self._used = thread_time()
        for place, client in enumerate(list(self.clients), 1):
            cast(Poller, client.connection).wake()
            if place % WOKEN_AT_ONCE == 0:
                yield

    def rest(self, began: float, spent: float) -> None:
        """Keep the distance, and wait until the server has breathed again."""
        super().rest(began, spent)
        while (thread_time() - self._used) > self._share * (monotonic() - began):
            if monotonic() - began > LONGEST_REST:
                return
            gevent.sleep(self._tick_seconds / 4)
