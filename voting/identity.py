"""Who is asking: voters by their session, the admin by password or one-time link.

Owns the session's contents, the secret key, the admin's password file, and the checks of Host and
Origin. Never decides what somebody may see or do beyond that.

A session holds `voter` (a uuid that login and logout keep, so that nobody votes twice by logging in
again), `name` while logged in, and `admin`, a fingerprint of the password that was in force when
the admin came in (a new password ends every admin session) and a random name for this login.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import re
import secrets
import unicodedata
import uuid
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import gevent
from flask import Flask, Request, session
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer
from werkzeug.security import check_password_hash, generate_password_hash

MAX_NAME = 40
MIN_PASSWORD = 8
KEY_BYTES = 32
SESSION_LIFETIME = timedelta(days=30)


class BadSecret(Exception):
    """The file of the secret key is of no use; the text says what to do."""


class BadName(Exception):
    """What somebody typed as a name cannot be shown as one."""


def secret_key(folder: Path) -> bytes:
    """Return the key that signs sessions, made at first start, readable by its owner alone.

    Raises:
        OSError: the data folder cannot be written.
        BadSecret: the file does not hold a key.
    """
    file = folder / "secret.key"
    if not file.exists():
        _write_private(file, secrets.token_hex(KEY_BYTES))
    key = file.read_bytes().strip()
    if len(key) < KEY_BYTES:
        raise BadSecret(f"{file} is empty or cut; delete it, and everybody logs in anew")
    return key


def has_key(folder: Path) -> bool:
    """Say whether a server has run on a data folder before."""
    return (folder / "secret.key").exists()


def fingerprint(key: bytes) -> str:
    """Return a short name for a secret key, which tells nothing of it."""
    return hashlib.sha256(b"name of " + key).hexdigest()[:8]


class SignedSessions(SecureCookieSessionInterface):
    """Flask's sessions in a signed cookie; the signer is made once, not twice in each request."""

    def __init__(self) -> None:
        self._signer: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Return the signer of the app that this belongs to."""
        self._signer = self._signer or super().get_signing_serializer(app)
        return self._signer


class Admin:
    """The admin's two ways in: a password kept as a hash, and a link that works once."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "admin.password"
        self._links: set[str] = set()

    def set_password(self, password: str) -> None:
        """Keep a hash of a new password; whoever is logged in as admin is logged out by it."""
        _write_private(self._file, generate_password_hash(password))

    @property
    def has_password(self) -> bool:
        return self._file.exists()

    def make_link(self) -> str:
        """Return the token of a link that logs the admin in once."""
        token = secrets.token_urlsafe(18)
        self._links.add(_digest(token))
        return token

    def link_is_good(self, token: str) -> bool:
        """Say whether a token would log in; this does not use it up."""
        return _digest(token) in self._links

    def use_link(self, token: str) -> bool:
        """Say whether a token is good, and use it up."""
        if not self.link_is_good(token):
            return False
        self._links.remove(_digest(token))
        self._enter()
        return True

    def use_password(self, password: str) -> bool:
        """Say whether a password is the admin's.

        The hash takes some 70 ms, in a native thread: the room's one thread must not wait.
        """
        stored = self._stored()
        if not stored:
            return False
        pool = gevent.get_hub().threadpool
        if not pool.apply(check_password_hash, (stored, password)):
            return False
        self._enter()
        return True

    def is_in(self) -> bool:
        """Say whether the session of this request is an admin's."""
        return bool(self.session())

    def session(self) -> str:
        """Return the name of this admin's session, or "" for somebody else's."""
        mark = session.get("admin")
        good = isinstance(mark, str) and hmac.compare_digest(
            mark.partition(".")[0], self._fingerprint()
        )
        return str(mark) if good else ""

    def leave(self) -> None:
        """End the admin's part of this session."""
        session.pop("admin", None)

    def _enter(self) -> None:
        session["admin"] = f"{self._fingerprint()}.{secrets.token_hex(8)}"
        session.permanent = True

    def _stored(self) -> str:
        try:
            return self._file.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return ""

    def _fingerprint(self) -> str:
        return _digest("admin" + self._stored())[:16]


def log_in(name: str) -> str:
    """Make this session a voter's, keeping its uuid if it has one; return the uuid."""
    voter = session.get("voter")
    if not isinstance(voter, str):
        voter = session["voter"] = str(uuid.uuid4())
    session["name"] = name
    session.permanent = True
    return voter


def log_out() -> None:
    """Forget the name; the uuid stays, or logging in again would be a second vote."""
    session.pop("name", None)


def logged_in() -> tuple[str, str] | None:
    """Return the (uuid, name) of this request's voter, or None."""
    voter, name = session.get("voter"), session.get("name")
    return (voter, name) if isinstance(voter, str) and isinstance(name, str) else None


def clean_name(typed: str) -> str:
    """Return a name as it is kept: one line, at most 40 characters, "" if none can be seen.

    Raises:
        BadName: it has control or direction-changing characters, or is too long.
    """
    if len(typed) > 4 * MAX_NAME:  # before NFC, whose time grows with the square of the length
        raise BadName(typed[:MAX_NAME])
    name = " ".join(unicodedata.normalize("NFC", typed).split())
    if len(name) > MAX_NAME or any(unicodedata.category(c) in ("Cc", "Cs", "Cn") for c in name):
        raise BadName(name)
    if re.search("[\u202a-\u202e\u2066-\u2069]", name):
        raise BadName(name)
    return name if any(unicodedata.category(c)[0] not in "CZ" for c in name) else ""


def host_is_trusted(host: str, names: Iterable[str]) -> bool:
    """Say whether a Host header is ours: an IP literal, localhost, or a configured name.

    A page on another site cannot make a browser send any of these for an address of its own,
    except by DNS that points to us: and then the Host is that site's name (DNS rebinding).
    """
    name = (urlsplit(f"//{host}").hostname or "") if _HOST.fullmatch(host) else ""
    if name == "localhost" or name in (known.lower() for known in names):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?")


def origin_is_ours(request: Request) -> bool:
    """Say whether a request came from one of our own pages.

    Without HTTPS browsers send no Sec-Fetch-Site, so Origin is what there is; it must equal Host.
    """
    ours = (f"http://{request.host}", f"https://{request.host}")
    return request.headers.get("Origin") in ours


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _write_private(file: Path, text: str) -> None:
    """Put a text into a file that only its owner may read; afterwards it is there whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    fresh.replace(file)
