"""Phones without a WebSocket, cheap enough for a thousand of them.

Owns how such a phone asks again and again, and posts its ballots. All else is a phone's.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

import gevent
import msgspec
from gevent.event import Event

from rehearsal.crowd import Crowd
from rehearsal.phone import JOIN_SECONDS, Phone
from rehearsal.visit import Site, TurnedAway, Visit, request_head

AS_BROWSERS_SEND = {
    "Connection": "keep-alive",
    "User-Agent": "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/142.0.0.0 Mobile Safari/537.36",
    "Accept": "*/*",
    "Accept-Language": "en-GB,en-US;q=0.9,en;q=0.8",
}
"""What a phone's browser sends with each question; it is most of what a question weighs."""

HEAD_OF_A_POST = 160
"""About what a POST's head has besides."""


class _Answer(msgspec.Struct):
    messages: tuple[msgspec.Raw, ...]
    after: str


_answers = msgspec.json.Decoder(_Answer)


class Asking:
    """A line of questions and answers, with the face of `rehearsal.line.Line`."""

    def __init__(self, site: Site, view: str, cookie: str, wait: float, pause: float) -> None:
        self.received = 0
        self.sent = 0
        self._path = f"/live?view={view}"
        self._wait = wait
        self._pause = pause
        self._asks, self._posts = (Visit(site, wait + JOIN_SECONDS) for _ in range(2))
        for visit in (self._asks, self._posts):
            visit.cookies = dict(part.split("=", 1) for part in cookie.split("; ") if part)
        always = {"Host": site.name, "Accept-Encoding": "gzip", "Cookie": cookie}
        self._head = len(request_head("GET", "", {**always, **AS_BROWSERS_SEND}))
        self._heard: Callable[[bytes], None] = lambda payload: None
        self._greenlet: Any = None

    def listen(self, heard: Callable[[bytes], None], lost: Callable[[int | None], None]) -> None:
        """Begin to ask."""
        self._heard = heard
        self._greenlet = gevent.spawn(self._ask_for_ever, lost)

    def send(self, message: bytes) -> None:
        """Post a ballot; its answer is heard."""
        gevent.spawn(self._post, message)

    def close(self) -> None:
        """Ask no more."""
        if self._greenlet is not None:
            self._greenlet.kill(block=False)
        self._asks.close()
        self._posts.close()

    def _post(self, message: bytes) -> None:
        with suppress(OSError, TurnedAway):
            answer = self._posts.tell("/ballots", message, AS_BROWSERS_SEND)
            self.received += answer.size
            self.sent += self._head + HEAD_OF_A_POST + len(message)
            self._heard(answer.body)

    def _ask_for_ever(self, lost: Callable[[int | None], None]) -> None:
        after = ""
        with suppress(OSError, TurnedAway):
            while True:
                path = f"{self._path}&after={after}&wait={self._wait:g}" if after else self._path
                asked = monotonic()
                answer = self._asks.get(path, AS_BROWSERS_SEND)
                self.received += answer.size
                self.sent += self._head + len(path)
                if answer.status == 200:
                    told = _answers.decode(answer.body)
                    after = told.after
                    for message in told.messages:
                        self._heard(bytes(message))
                elif answer.status != 204:
                    break
                gevent.sleep(max(0.0, self._pause - (monotonic() - asked)))
        lost(None)


class Asker(Phone):
    """A phone whose network lets no WebSocket through."""

    __slots__ = ("_how",)

    def __init__(
        self, crowd: Crowd, site: Site, view: str = "voter", *, wait: float, pause: float
    ) -> None:
        super().__init__(crowd, site, view)
        self._how = (wait, pause)

    def join(self, seconds: float = JOIN_SECONDS) -> None:
        """Ask for the first time; return when the first `state` has come."""
        self._since = 0.0
        came = self._came = Event()
        line: Any = Asking(self._site, self._view, self._cookie, *self._how)
        self._line = line
        line.listen(self.hear, self._lost)
        there = came.wait(seconds)
        self._came = None
        if not there or self._line is None:
            self._hang_up()
            raise TurnedAway("the server gave no answer")
