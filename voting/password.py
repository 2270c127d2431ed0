"""The admin's password: a hash in a file, and the work of comparing with it.

Owns `admin.password`. Never keeps, logs or returns a password.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import gevent
from gevent.lock import BoundedSemaphore
from werkzeug.security import check_password_hash, generate_password_hash

from voting.folder import write_private

MIN_PASSWORD = 8

PATIENCE_SECONDS = 10.0
"""How long a guess may wait for its turn."""


class Busy(Exception):
    """So many guesses wait for their turn that this one gave up."""


class Password:
    """What the file holds now: the `password` command may write it while a server runs."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "admin.password"
        self._hash = ""
        # Each guess takes a core for 70 ms and 32 MB: strangers take turns, and those who were
        # admins before have a turn of their own, which no crowd of strangers can hold up.
        self._turns = {is_known: BoundedSemaphore(1) for is_known in (False, True)}

    def set(self, password: str) -> None:
        """Keep a hash of a new password.

        Raises:
            OSError: it cannot be kept; nothing has changed.
        """
        write_private(self._file, generate_password_hash(password))

    @property
    def is_set(self) -> bool:
        return bool(self._read())

    def mark(self) -> str:
        """Return a short name for the password in force, which tells nothing of it."""
        return hashlib.sha256(b"admin" + self._read().encode()).hexdigest()[:16]

    def fits(self, typed: str, *, is_known: bool) -> bool:
        """Say whether this is the password, in a time that does not depend on how near it comes.

        Without a password the answer is quicker; but whether there is one the page says anyway. The
        hashing is done in a native thread: the room's one thread must not wait.

        Raises:
            Busy: too many others are asking.
        """
        stored = self._read()
        if not stored:
            return False
        turn = self._turns[is_known]
        if not turn.acquire(timeout=PATIENCE_SECONDS):
            raise Busy
        try:
            pool = gevent.get_hub().threadpool
            return bool(pool.apply(check_password_hash, (stored, typed)))
        finally:
            turn.release()

    def _read(self) -> str:
        try:
            self._hash = self._file.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            self._hash = ""
        except OSError:
            pass  # no file can be opened now, as under a flood: what was there is what we know
        return self._hash
