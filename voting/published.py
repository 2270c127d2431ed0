"""Closed rounds for many readers at once: what a room is linked to when a round ends.

Owns copies of a few rounds, and what is made of each, once, in a native thread while the room goes
on. Never decides who may see a round: that is `archive.py`'s.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import gevent
from gevent.threadpool import ThreadPool

from voting import export
from voting.receipts import Codes, changed, codes_of
from voting.state import Receipt, Round, State

MAX_KEPT = 4
"""Rounds kept: the one that a room looks at, and a few that somebody compares."""


class Published:
    """One round as it stood when it was copied; `pages` are for who writes them, by language."""

    def __init__(self, current: Round, changed: list[Receipt], pool: ThreadPool) -> None:
        self.round = copied(current)
        self.pages: dict[str, bytes] = {}
        self._changed = changed
        self._pool = pool
        self._made: dict[Callable[..., Any], gevent.Greenlet[..., Any]] = {}

    def codes(self) -> Codes:
        """Return what became of the round's codes."""
        made: Codes = self._once(codes_of, self.round, self._changed)
        return made

    def listed(self) -> bytes:
        """Return the public list as a file."""
        made: bytes = self._once(list_file, self.round)
        return made

    def _once(self, make: Callable[..., Any], *of: object) -> Any:
        """Make something unless it is made, or being made for another reader; wait for it."""
        making = self._made.get(make)
        if making is None or making.exception is not None:
            making = self._made[make] = gevent.spawn(self._pool.apply, make, of)
        return making.get()


class Shelf:
    """The rounds that were asked for last."""

    def __init__(self) -> None:
        # One thread, however many ask: each more would take its share of the room's turns.
        self._pool = ThreadPool(1)
        self._kept: dict[int, tuple[tuple[str, int], Published]] = {}

    def take(self, state: State, current: Round) -> Published:
        """Return a closed round as it is now.

        Nothing but a command changes a closed round, so a copy is good until the next one.
        """
        now = state.epoch, state.steered
        of, found = self._kept.pop(current.id, (now, None))
        if found is None or of != now:
            found = Published(current, changed(state, current), self._pool)
        self._kept[current.id] = now, found
        if len(self._kept) > MAX_KEPT:
            del self._kept[next(iter(self._kept))]
        return found


def list_file(current: Round) -> bytes:
    """Write the public list, with the mark that spreadsheets look for."""
    return export.public_list(current).encode("utf-8-sig")


def copied(current: Round) -> Round:
    """Return a round that nothing happens to: a native thread may read it."""
    still = copy.copy(current)
    still.counts, still.used = current.counts.copy(), current.used.copy()
    still.counted = {voter: receipts.copy() for voter, receipts in current.counted.items()}
    return still
