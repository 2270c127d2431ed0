"""One native thread for what waits for the disk: under gevent that would stop every phone.

Owns the way there and back. gevent's thread pool does the same for any number of threads, but a
hand-over costs it three times as much, and each vote that comes alone pays for one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar, cast

import gevent
from gevent import monkey
from gevent.event import AsyncResult

# What gevent has put in their places would wait in the loop's own thread.
_start_thread = monkey.get_original("_thread", "start_new_thread")
_NativeQueue = monkey.get_original("queue", "SimpleQueue")

T = TypeVar("T")


class Worker:
    """A thread that does one job after the other."""

    def __init__(self) -> None:
        self._jobs: Any = _NativeQueue()
        self._done: deque[tuple[AsyncResult[Any], Any, BaseException | None]] = deque()
        self._underway = 0
        self._arrival = gevent.get_hub().loop.async_()
        _start_thread(self._work, ())

    def do(self, job: Callable[[], T]) -> T:
        """Do a job in its turn; return what it returns, or raise what it raises.

        The greenlet that asks waits; all others go on.
        """
        result: AsyncResult[Any] = AsyncResult()
        if not self._underway:
            self._arrival.start(self._answer)
        self._underway += 1
        self._jobs.put((job, result))
        return cast(T, result.get())

    def end(self) -> None:
        """Let the thread go when it has done what it was asked for."""
        self._jobs.put(None)

    def _work(self) -> None:
        while (asked := self._jobs.get()) is not None:
            job, result = asked
            try:
                self._done.append((result, job(), None))
            except BaseException as error:
                self._done.append((result, None, error))
            self._arrival.send()

    def _answer(self) -> None:
        while self._done:
            result, returned, error = self._done.popleft()
            self._underway -= 1
            if error is None:
                result.set(returned)
            else:
                result.set_exception(error)
        if not self._underway:
            # A loop that waits for nothing else must not wait for this for ever.
            self._arrival.stop()
