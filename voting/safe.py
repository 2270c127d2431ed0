"""What the admin's ways in rest on: the password's hash, links that work once, logins that ended.

Owns their keeping: `admin.password` in the data folder, the rest in memory, since a start ends
every link and forgets every logout. Several servers share a `safe_redis.py` instead. Never sees a
password, a link's token or a session: hashes, digests and marks are all it is given.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from voting.folder import write_private

MOST_ENDED = 10_000
"""Admins' logins that are remembered to have ended."""


class CannotAsk(OSError):
    """What servers share gives no answer just now."""


class InDoubt(CannotAsk):
    """It was asked, and did not answer: it may have done, or do yet, what it was asked for."""


class Safe(Protocol):
    """The face of both; `OSError` from any of these means that it cannot be done just now."""

    def hash(self) -> str:
        """Return the hash of the password in force, "" if there is none. Never raises."""

    def keep_hash(self, hash: str) -> None:
        """Put another password in force.

        If this raises, nothing has changed; but `shared.InDoubt` says that nobody knows.
        """

    def add_link(self, digest: str) -> None:
        """Let a link log somebody in, once. Never raises."""

    def has_link(self, digest: str) -> bool:
        """Say whether a link still would."""

    def take_link(self, digest: str, taker: str) -> bool:
        """Say whether a link did, for this taker and nobody else.

        If this raises, the link may be kept for the taker, who asks again.
        """

    def end(self, mark: str) -> None:
        """Remember that an admin's login has ended. Never raises."""

    def has_ended(self, mark: str) -> bool:
        """Say whether it has. Never raises."""

    def look(self) -> bool:
        """Take up what others have changed; say whether logins ended elsewhere. Never raises."""


class FolderSafe:
    """The safe of a server that is alone: the `password` command may write its file meanwhile."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "admin.password"
        self._hash = ""
        self._links: set[str] = set()
        self._ended: dict[str, None] = {}  # the oldest first

    def hash(self) -> str:
        """Return what the file holds now."""
        try:
            self._hash = self._file.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            self._hash = ""
        except OSError:
            pass  # no file can be opened now, as under a flood: what was there is what we know
        return self._hash

    def keep_hash(self, hash: str) -> None:
        """Write the file."""
        write_private(self._file, hash)

    def add_link(self, digest: str) -> None:
        """Remember a link until the server ends."""
        self._links.add(digest)

    def has_link(self, digest: str) -> bool:
        """Say whether it was made here, and not used."""
        return digest in self._links

    def take_link(self, digest: str, taker: str) -> bool:  # noqa: ARG002 - nothing gets lost here
        """Say the same, and forget it."""
        is_there = digest in self._links
        self._links.discard(digest)
        return is_there

    def end(self, mark: str) -> None:
        """Remember a logout, and of very many the newest."""
        self._ended[mark] = None
        if len(self._ended) > MOST_ENDED:
            del self._ended[next(iter(self._ended))]

    def has_ended(self, mark: str) -> bool:
        """Say whether it is remembered."""
        return mark in self._ended

    def look(self) -> bool:
        """Say no: there is no elsewhere, and the file is read whenever it is asked for."""
        return False
