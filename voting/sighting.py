"""How far this computer has seen a journal that is kept elsewhere: `journal.seen`.

Owns that file in the data folder. A journal in Redis that holds less than this at a start went back
in time while no server ran, as after a power cut; phones may have seen more of it, too. It is a
witness as far as it goes: written about once a second, and not synced.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from time import monotonic

NAME = "journal.seen"

NOTE_SECONDS = 1.0
"""At least, between two notes."""


class Sighting:
    """The file in one data folder, which all servers of that folder write."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / NAME
        self._noted: tuple[str, int] = ("", 0)
        self._noted_at = float("-inf")

    def is_ahead_of(self, history: str, version: int) -> bool:
        """Say whether more of a history has been seen here than there is."""
        try:
            seen, noted = self._file.read_text(encoding="ascii").split()
            return seen == history and int(noted) > version
        except (OSError, ValueError):
            return False  # nobody has noted anything

    def note(self, history: str, version: int) -> None:
        """Note how far a history goes, now and then; where that cannot be written, so be it."""
        now = monotonic()
        if (history, version) == self._noted or now < self._noted_at + NOTE_SECONDS:
            return
        self._noted, self._noted_at = (history, version), now
        fresh = self._file.with_name(f"{NAME}.{os.getpid()}")
        with suppress(OSError):
            fresh.write_text(f"{history} {version}\n", encoding="ascii")
            fresh.replace(self._file)
