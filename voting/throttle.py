"""How often somebody may try something within a minute.

Owns the counts, in memory, by the clock that never steps. Who is "somebody" is the caller's.
"""

from __future__ import annotations

import ipaddress
from math import ceil
from time import monotonic

from werkzeug.exceptions import TooManyRequests

WINDOW_SECONDS = 60.0

MOST_KNOWN = 10_000
"""Those that are counted apart at one time; those beyond share one count."""


class Throttle:
    """At most so many tries a minute, counted from the first one."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._windows: dict[str, tuple[float, int]] = {}  # the oldest first

    def hit(self, who: str) -> int:
        """Count a try; return 0 if it may be, or in how many seconds the next one may."""
        now = monotonic()
        self._forget(now - WINDOW_SECONDS)
        if who not in self._windows and len(self._windows) >= MOST_KNOWN:
            who = "others"
        began, tries = self._windows.get(who, (now, 0))
        if tries >= self._most:
            return max(1, ceil(began + WINDOW_SECONDS - now))
        self._windows[who] = (began, tries + 1)
        return 0

    def check(self, who: str, said: str) -> None:
        """Count a try, or answer the request with 429, a sentence, and when to come again."""
        if seconds := self.hit(who):
            raise TooManyRequests(said, retry_after=seconds)

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
