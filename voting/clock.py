"""The server's clock: what time a record gets.

Owns one promise: while the server runs, its time never steps.
"""

from __future__ import annotations

import time
from collections.abc import Callable


def steady_clock() -> Callable[[], int]:
    """Return the time in milliseconds since 1970, UTC, as a clock that nobody sets meanwhile.

    A countdown must not jump when this computer corrects its clock; it goes on while a laptop
    sleeps, where the system can tell.
    """
    running = getattr(time, "CLOCK_BOOTTIME", None)

    def elapsed() -> int:
        return time.monotonic_ns() if running is None else time.clock_gettime_ns(running)

    began = time.time_ns() - elapsed()
    return lambda: (began + elapsed()) // 1_000_000
