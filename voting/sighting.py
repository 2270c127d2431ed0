"""How far this computer has seen a journal that is kept elsewhere: `journal.seen`.

Owns that file in the data folder. A journal in Redis that holds less than this at a start went back
in time while no server ran, as after a power cut; phones may have seen more of it, too. It is a
witness as far as it goes: written about once a second, and not synced.

That it is there tells, too, that this folder's room is in Redis. Whoever comes without a
configuration that says so must not take what lies in the folder from before for the room.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from time import monotonic

from voting.journal import Unusable

NAME = "journal.seen"

NOTE_SECONDS = 1.0
"""At least, between two notes."""


class Elsewhere(Unusable):
    """A data folder's room is in Redis; the text is for the person who did not say so."""


def is_elsewhere(folder: Path) -> bool:
    """Say whether a data folder's room is in Redis: a server kept it there, and it did not move."""
    return (folder / NAME).exists()


def expect_here(folder: Path, instead: str = "name its configuration with --config") -> None:
    """See that no server has kept a data folder's room in Redis; `instead` says what to do then.

    Raises:
        Elsewhere: one has, and the room was not moved back since.
    """
    if is_elsewhere(folder):
        raise Elsewhere(
            f"The room of {folder} is in Redis: {instead}, or, to go on with what lies in that"
            f" folder itself, delete {folder / NAME}."
        )


def is_here_again(folder: Path) -> None:
    """Forget the sighting: a room was brought into the folder.

    Raises:
        OSError: it cannot be removed.
    """
    (folder / NAME).unlink(missing_ok=True)


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
