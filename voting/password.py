"""The admin's password: its hash, and the work of comparing with it.

Owns the hashing and its turns; the hash lies in a safe. Never keeps, logs or returns a password.
"""

from __future__ import annotations

import hashlib

import gevent
from gevent.lock import BoundedSemaphore
from werkzeug.security import check_password_hash, generate_password_hash

from voting.safe import Safe

MIN_PASSWORD = 8

PATIENCE_SECONDS = 10.0
"""How long a guess may wait for its turn."""


class Busy(Exception):
    """So many guesses wait for their turn that this one gave up."""


class Password:
    """What the safe holds now: the `password` command may change it while a server runs."""

    def __init__(self, safe: Safe) -> None:
        self._safe = safe
        # Each guess takes a core for 70 ms and 32 MB: strangers take turns, and those who were
        # admins before have a turn of their own, which no crowd of strangers can hold up.
        self._turns = {is_known: BoundedSemaphore(1) for is_known in (False, True)}

    def set(self, password: str) -> None:
        """Keep a hash of a new password.

        Raises:
            OSError: it cannot be kept; nothing has changed, or, with `InDoubt`, that is not known.
        """
        self._safe.keep_hash(generate_password_hash(password))

    @property
    def is_set(self) -> bool:
        return bool(self._safe.hash())

    def mark(self) -> str:
        """Return a short name for the password in force, which tells nothing of it."""
        return hashlib.sha256(b"admin" + self._safe.hash().encode()).hexdigest()[:16]

    def fits(self, typed: str, *, is_known: bool) -> bool:
        """Say whether this is the password, in a time that does not depend on how near it comes.

        Without a password the answer is quicker; but whether there is one the page says anyway. The
        hashing is done in a native thread: the room's one thread must not wait.

        Raises:
            Busy: too many others are asking.
        """
        stored = self._safe.hash()
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
