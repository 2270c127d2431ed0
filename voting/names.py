"""The names that voters gave, beside the journal, so that they can be erased while votes stay.

Owns their face, and `names.jsonl` in the data folder, one line a login; several servers keep them
in a `names_redis.py` instead. Knows nothing of votes, and never stands in the way of a login.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import msgspec

PIECE_BYTES = 32_768
"""Of the file, in one piece: some 400 names."""


class Given(msgspec.Struct, frozen=True):
    """One line of the file."""

    voter: str
    name: str


class Names(Protocol):
    """Which voter gave which name; the last one wins."""

    def keep(self, voter: str, name: str) -> None:
        """Note the name that a voter gave; an empty one takes back what was noted before.

        Where it cannot be written the vote is worth more than the name, and nothing is said.
        """

    @property
    def are_kept(self) -> bool:
        """Whether there may be a name to erase."""

    def read(self) -> dict[str, str]:
        """Return voter → name.

        Raises:
            OSError: they are there and cannot be read.
        """

    def pieces(self) -> Iterator[dict[str, str]]:
        """Yield voter → name, a few at a time; later ones are true, and "" takes one back.

        Raises:
            OSError: they are there and cannot be read.
        """

    def erase(self) -> None:
        """Forget every name; a running server goes on with none.

        Raises:
            OSError: that cannot be done, and the names are still there.
        """

    def were_erased(self) -> bool:
        """Say whether somebody has erased them since this was asked last."""

    def start(self) -> None:
        """Begin to write what waits now and then."""

    def finish(self) -> None:
        """Write what waits: it is the end."""


class FolderNames:
    """The names of a server that is alone, in a file of its data folder; none are in memory."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "names.jsonl"
        self._end = 0  # where the last line that we know of ends
        self._is_shorter = False

    def keep(self, voter: str, name: str) -> None:
        """Write a line."""
        # What a full disk has torn is the end of a line; the next one must not become part of it.
        line = b"\n" + msgspec.json.encode(Given(voter, name))
        with suppress(OSError):
            file = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                written = os.write(file, line)
                self._look(os.lseek(file, 0, os.SEEK_CUR), more=written)
            finally:
                os.close(file)

    @property
    def are_kept(self) -> bool:
        """Whether there may be a line."""
        return self._file.exists() and self._file.stat().st_size > 0

    def read(self) -> dict[str, str]:
        """Read all lines; the last of each voter is true."""
        names: dict[str, str] = {}
        for piece in self.pieces():
            names |= piece
        return {voter: name for voter, name in names.items() if name}

    def pieces(self) -> Iterator[dict[str, str]]:
        """Read the lines in their order."""
        try:
            file = self._file.open("rb")
        except FileNotFoundError:
            return
        with file:
            while lines := file.readlines(PIECE_BYTES):
                yield {given.voter: given.name for given in _given(lines)}

    def erase(self) -> None:
        """Empty the file; a running server goes on into it."""
        try:
            file = os.open(self._file, os.O_WRONLY)
        except FileNotFoundError:
            return
        try:
            os.ftruncate(file, 0)
            os.fsync(file)
        finally:
            os.close(file)

    def were_erased(self) -> bool:
        """Look whether the file is shorter than it was, whoever has emptied it."""
        with suppress(OSError):
            self._look(self._file.stat().st_size)
        is_shorter, self._is_shorter = self._is_shorter, False
        return is_shorter

    def _look(self, end: int, *, more: int = 0) -> None:
        """Note where the file ends now; so much of it has been written since the last look."""
        self._is_shorter |= end - more < self._end
        self._end = end

    def start(self) -> None:
        """Nothing: each name is written when it comes."""

    def finish(self) -> None:
        """Nothing: none waits."""


def _given(lines: Iterable[bytes]) -> Iterator[Given]:
    for line in lines:
        with suppress(msgspec.DecodeError, UnicodeError):
            yield msgspec.json.decode(line, type=Given)
