"""An audience of phones that do not give up, on one event loop in a thread of its own.

What each phone sent and was told is kept, for tests/witness.py to compare with the journal.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from types import TracebackType
from typing import Any, NamedTuple

from tests.phones import Browser
from tests.retrying import Phone, Told
from tests.serving import Server

PATIENCE = 30
"""Seconds after which a gate that should have opened fails the test."""

SILENCE = 5.0
"""Seconds without a word after which a phone tries another server."""


class Numbers(NamedTuple):
    """What a page shows of a round at one version."""

    round: int
    counts: dict[str, int]
    ballots: int
    voted: int


class Audience:
    """Phones on a loop of their own; a context, within which they vote.

    They come by `server`, and go on by any of the `servers`. What a phone was told that cannot be
    true is in `complaints`, in words.
    """

    def __init__(self, server: Server, size: int, seed: str, beside: Sequence[Server] = ()) -> None:
        self.server = server
        self.servers = [server, *beside]
        self.silence = SILENCE if beside else None  # else there is nobody else to ask
        self.voting = True
        self.complaints: list[str] = []
        self.rules: dict[int, str] = {}
        self.epochs: set[str] = set()
        self.shown: dict[tuple[str, int], Numbers] = {}
        self.answers = 0
        self.tallies = 0
        self.phones = {
            name: Phone(self, name, Browser(server).log_in(name).cookie, Random(f"{seed} {name}"))
            for name in (f"p{number}" for number in range(size))
        }
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=asyncio.run, args=(self._run(),), daemon=True)

    def __enter__(self) -> Audience:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(PATIENCE)

    def vote(self) -> None:
        """Let the phones vote again, after `settle`."""
        self.voting = True
        for phone in self.phones.values():
            self._loop.call_soon_threadsafe(phone.cast)

    def settle(self) -> None:
        """Let the phones cast nothing new, and wait until each is connected and answered."""
        self.voting = False
        phones = self.phones.values()
        self.wait(lambda: all(p.line and not (p.underway or p.voice.underway) for p in phones))

    def wait_for_answers(self, more: int) -> None:
        """Wait until the phones have had so many more answers that were not "not now"."""
        wanted = self.answers + more
        self.wait(lambda: self.answers >= wanted)

    def wait_for_tally(self) -> None:
        """Wait until the next tally reaches a phone."""
        before = self.tallies
        self.wait(lambda: self.tallies > before)

    def wait_until_put_off(self) -> None:
        """Wait until every phone that asks was told "not now" twice: no answer is to come then."""
        before = {phone: phone.put_off for phone in self.phones.values()}
        self.wait(lambda: all(p.put_off >= n + 2 or not p.underway for p, n in before.items()))

    def wait_until_cut(self) -> None:
        """Wait until no phone has a line: each has read what it was told on it."""
        self.wait(lambda: not any(phone.line for phone in self.phones.values()))

    def wait(self, gate: Callable[[], bool]) -> None:
        with self._changed:
            opened = self._changed.wait_for(lambda: self.complaints or gate(), PATIENCE)
        assert not self.complaints, self.complaints[:3]
        assert opened, "the room stands still"

    @property
    def receipts(self) -> int:
        """How many receipts the phones hold."""
        return sum(len(phone.receipts) for phone in self.phones.values())

    def counts(self, round: int) -> Counter[str]:
        """Count a round from what the phones hold, and nothing else."""
        return Counter(choice for told in self._standing(round) for choice in told.choices)

    def codes(self, round: int) -> set[str]:
        """Return the codes of the ballots that count in a round, as the phones hold them."""
        return {told.code for told in self._standing(round)}

    def _standing(self, round: int) -> list[Told]:
        phones = self.phones.values()
        return [told for phone in phones for told in phone.standing.get(round, ())]

    def noticed(self, *, answers: int = 0) -> None:
        """Tell who waits that a phone's line or ballot is not what it was."""
        with self._changed:
            self.answers += answers
            self._changed.notify_all()

    def show(self, message: dict[str, Any]) -> None:
        """Keep the numbers that a phone was shown at a version; all must be shown the same."""
        self.epochs.add(message["epoch"])
        if message["type"] == "state":
            round = message["round"]["id"]
            self.rules[round] = message["poll"]["rule"]
        else:
            round = message["round"]
            self.tallies += 1
            self.noticed()
        numbers = Numbers(round, message["counts"], message["ballots"], message["voted"])
        if self.shown.setdefault((message["epoch"], message["version"]), numbers) != numbers:
            self.complaints.append(f"two numbers at one version: {message}, {numbers}")

    async def _run(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        tasks = [asyncio.create_task(phone.live()) for phone in self.phones.values()]
        for task in tasks:
            task.add_done_callback(self._ended)
        await self._over.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # the lines that were cut just now close in the loop's next turn

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            self.complaints.append(f"a phone has stopped: {task.exception()!r}")
            self.noticed()
