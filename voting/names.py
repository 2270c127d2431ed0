"""The names that voters gave, in a file of their own beside the journal.

Owns `names.jsonl` in the data folder, one line a login, so that names can be erased while votes
stay. Knows nothing of votes, keeps nothing in memory, and never stands in the way of a login.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec


class Kept(msgspec.Struct, frozen=True):
    """One line of the file."""

    voter: str
    name: str


class Names:
    """Which voter gave which name; the last one wins."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "names.jsonl"

    def keep(self, voter: str, name: str) -> None:
        """Note the name that a voter gave; an empty one takes back what was noted before.

        Where it cannot be written the vote is worth more than the name, and nothing is said.
        """
        # What a full disk has torn is the end of a line; the next one must not become part of it.
        line = b"\n" + msgspec.json.encode(Kept(voter, name))
        with suppress(OSError):
            file = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(file, line)
            finally:
                os.close(file)

    @property
    def are_kept(self) -> bool:
        """Whether there may be a name to erase."""
        return self._file.exists() and self._file.stat().st_size > 0

    def read(self) -> dict[str, str]:
        """Return voter → name.

        Raises:
            OSError: the file is there and cannot be read.
        """
        names = {kept.voter: kept.name for kept in self._lines()}
        return {voter: name for voter, name in names.items() if name}

    def erase(self) -> None:
        """Forget every name; a running server goes on into the emptied file.

        Raises:
            OSError: the file cannot be written, and the names are still there.
        """
        try:
            file = os.open(self._file, os.O_WRONLY)
        except FileNotFoundError:
            return
        try:
            os.ftruncate(file, 0)
            os.fsync(file)
        finally:
            os.close(file)

    def _lines(self) -> Iterator[Kept]:
        try:
            text = self._file.read_bytes()
        except FileNotFoundError:
            return
        for line in text.splitlines():
            with suppress(msgspec.DecodeError, UnicodeError):
                yield msgspec.json.decode(line, type=Kept)
