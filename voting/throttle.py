"""How often somebody may try something within a minute, on whatever node.

Owns the counts, in memory, by the clock that never steps. Who is "somebody" is the caller's.

Nodes hear of each other's counts within a second, and of those below a small part of the limit not
at all. So many nodes may let through a few more tries than one would.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from heapq import nlargest
from math import ceil
from time import monotonic

from werkzeug.exceptions import TooManyRequests

from voting.fleet import Fleet

WINDOW_SECONDS = 60.0

MOST_KNOWN = 10_000
"""Those that are counted apart at one time; those beyond share one count."""

SMALL_PART = 64
"""What is below the limit by so much is not worth telling other nodes."""

MOST_SAID = 200
"""Of the counts that are: the largest."""


class Throttle:
    """At most so many tries a minute, counted from the first one.

    Args:
        most: how many.
        fleet: the other nodes, where the same is tried.
        name: what it is that somebody tries, by which the nodes know it.
    """

    def __init__(self, most: int, fleet: Fleet, name: str) -> None:
        self._most = most
        self._windows: dict[str, tuple[float, int]] = {}  # the oldest first
        self._fleet = fleet
        self._key = f"tries:{name}"
        fleet.say(self._key, self._said)

    def hit(self, who: str) -> int:
        """Count a try; return 0 if it may be, or in how many seconds the next one may."""
        now = monotonic()
        self._forget(now - WINDOW_SECONDS)
        if who not in self._windows and len(self._windows) >= MOST_KNOWN:
            who = "others"
        began, tries = self._windows.get(who, (now, 0))
        running = [(began + WINDOW_SECONDS - now, tries), *self._elsewhere(who)]
        too_many = sum(tries for _, tries in running) - self._most
        if too_many >= 0:
            for left, ended in sorted(running):
                too_many -= ended
                if too_many < 0:
                    return max(1, ceil(left))
        self._windows[who] = (began, tries + 1)
        return 0

    def check(self, who: str, said: str) -> None:
        """Count a try, or answer the request with 429, a sentence, and when to come again."""
        if seconds := self.hit(who):
            raise TooManyRequests(said, retry_after=seconds)

    def _elsewhere(self, who: str) -> Iterator[tuple[float, int]]:
        """Yield what other nodes have counted: in how many seconds it is over, and how much."""
        for said in self._fleet.others(self._key):
            if who in said:
                yield tuple(said[who])

    def _said(self) -> dict[str, tuple[float, int]]:
        now = monotonic()
        self._forget(now - WINDOW_SECONDS)
        least = self._most / SMALL_PART
        worth = [(n, at, who) for who, (at, n) in self._windows.items() if n >= least]
        return {who: (at + WINDOW_SECONDS - now, n) for n, at, who in nlargest(MOST_SAID, worth)}

    def _forget(self, before: float) -> None:
        while self._windows:
            first = next(iter(self._windows))
            if self._windows[first][0] > before:
                return
            del self._windows[first]


def household(address: str) -> str:
    """Return what is counted as one visitor: an IPv4 address, or the network of an IPv6 one.

    Whoever has one address of IPv6 has all that share its first 64 bits, and could use a new one
    for every guess.
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if found.version == 4:
        return address
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
