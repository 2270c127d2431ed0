"""When Python looks for garbage: not while a room is busy.

A look through everything takes some 25 ms for each thousand phones, and nobody is served meanwhile.
Python would look whenever a quarter has been added, so again and again while a hall arrives. What
garbage there is, cycles that nobody holds, is little: it can wait for a quiet second.

That is so for collectors of three generations, up to Python 3.13. One that has others does as it
likes, and this module does nothing.
"""

from __future__ import annotations

import gc
from collections.abc import Callable

import gevent

LOOK_SECONDS = 1.0

DUE = 10
"""Looks through what is young, of some 7,000 new objects each, after which a whole one is due."""

OVERDUE = 200
"""After so many it cannot wait: at worst 100 MB of garbage."""

NEVER = 1_000_000


def collect_in_quiet(is_quiet: Callable[[], bool]) -> None:
    """Look for garbage when it is due and the room is quiet, for ever.

    What is there now stays, and is never looked at again.
    """
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, NEVER)
    while True:
        gevent.sleep(LOOK_SECONDS)
        since = gc.get_count()[2]
        if since >= OVERDUE or (since >= DUE and is_quiet()):
            gc.collect()
