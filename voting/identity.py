"""Who is asking: voters by their session, the admin by password or one-time link.

Owns what a session holds, and the checks of Host and Origin. Never decides what somebody may see or
do beyond that. How a session travels is `sessions.py`'s.

A session holds `voter` (a uuid that login and logout keep, so that nobody votes twice by logging in
again), `name` while logged in, and `admin`, a mark of the password that was in force when the admin
came in (a new password ends every admin session) and a random name for this login. Who was admin
once has `device`, a random name that stays: such a browser's guesses are counted by themselves.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
import unicodedata
import uuid
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlsplit

import gevent
from flask import Request, g, session
from flask_wtf.csrf import generate_csrf

from voting import logbook
from voting.password import Password
from voting.safe import Safe

MAX_NAME = 40

LOOK_SECONDS = 1.0
"""How soon after a change of the password, or a logout on another server, sockets are closed."""


class BadName(Exception):
    """What somebody typed as a name cannot be shown as one."""


class Admin:
    """The admin's two ways in: a password, and a link that works once."""

    def __init__(self, safe: Safe) -> None:
        self._safe = safe
        self._password = Password(safe)

    @property
    def has_password(self) -> bool:
        return self._password.is_set

    def make_link(self) -> str:
        """Return the token of a link that logs the admin in once."""
        token = secrets.token_urlsafe(18)
        self._safe.add_link(_digest(token))
        return token

    def link_is_good(self, token: str) -> bool:
        """Say whether a token would log in; this does not use it up.

        Raises:
            OSError: nobody can tell now.
        """
        return self._safe.has_link(_digest(token))

    def use_link(self, token: str) -> bool:
        """Say whether a token is good, and use it up.

        Raises:
            OSError: nobody can tell now; this browser may try again.
        """
        browser = _digest(str(session.get("csrf_token")))
        if not self._safe.take_link(_digest(token), browser):
            return False
        self._enter()
        return True

    def use_password(self, typed: str) -> bool:
        """Say whether this is the admin's password, which then logs in.

        Raises:
            Busy: too many others are guessing; the link still works.
        """
        if not self._password.fits(typed, is_known=bool(self.device())):
            return False
        self._enter()
        return True

    def is_in(self) -> bool:
        """Say whether the session of this request is an admin's."""
        return bool(self.session())

    def session(self) -> str:
        """Return the name of this admin's session, or "" for somebody else's."""
        return self.session_in(session)

    def session_in(self, held: Mapping[str, object]) -> str:
        """Return the name of the admin's session that a session's contents hold, or ""."""
        mark = held.get("admin")
        return mark if isinstance(mark, str) and self.is_good(mark) else ""

    def is_good(self, mark: str) -> bool:
        """Say whether an admin's session goes on: nobody has left it, or changed the password."""
        in_force = hmac.compare_digest(mark.partition(".")[0], self._password.mark())
        return in_force and not self._safe.has_ended(mark)

    def device(self) -> str:
        """Return the name of a browser that was an admin's before, or "" for any other."""
        name = session.get("device")
        return name if isinstance(name, str) else ""

    def leave(self) -> str:
        """End the admin's part of this session; return its name, "" if there was none.

        A copy of the cookie, taken from the air, opens nothing any more.
        """
        mark = self.session()
        session.pop("admin", None)
        if mark:
            self._safe.end(mark)
        return mark

    def watch(self, changed: Callable[[], None]) -> None:
        """Look every second, for ever; `changed()` is called when logins have ended.

        By another password, or on another server.
        """
        known = self._password.mark()
        while True:
            gevent.sleep(LOOK_SECONDS)
            have_left = self._safe.look()
            if (mark := self._password.mark()) != known:
                logbook.note("password_changed")
            if have_left or mark != known:
                known = mark
                changed()

    def _enter(self) -> None:
        renew()
        session["admin"] = f"{self._password.mark()}.{secrets.token_hex(8)}"
        session["device"] = self.device() or secrets.token_hex(8)
        session.permanent = True


def short(mark: str) -> str:
    """Return what the log calls an admin's session: enough to tell two apart."""
    return mark.rpartition(".")[2][:4]


def renew() -> None:
    """Give this session's forms another token: whoever put it here may know the one it has."""
    session.pop("csrf_token", None)
    g.pop("csrf_token", None)
    generate_csrf()  # now, or the next page would have to send the cookie once more


def log_in(name: str) -> str:
    """Make this session a voter's, keeping its uuid if it has one; return the uuid."""
    known = voter()
    if "name" not in session and "admin" not in session:  # an open desk must go on working
        renew()
    session["name"] = name
    session.permanent = True
    return known


def voter() -> str:
    """Return the uuid of this session's voter, a new one where there is none."""
    known = session.get("voter")
    if not isinstance(known, str):
        known = session["voter"] = str(uuid.uuid4())
    return known


def log_out() -> None:
    """Forget the name; the uuid stays, or logging in again would be a second vote."""
    session.pop("name", None)


def logged_in(held: Mapping[str, object]) -> tuple[str, str] | None:
    """Return the (uuid, name) of the voter whose session holds this, or None."""
    voter, name = held.get("voter"), held.get("name")
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


def origin_is_ours(request: Request, *, allow_absent: bool = False) -> bool:
    """Say whether a request came from one of our own pages; `null` and foreign ones never are.

    Without HTTPS browsers send no Sec-Fetch-Site, so Origin is what there is; it must equal Host.
    Programs send none, and what they may is for the caller to say. A proxy that config.toml does
    not name may end TLS before us, so over plain HTTP both schemes are ours; over TLS a page that
    came in clear could be anybody's.
    """
    origin = request.headers.get("Origin")
    if origin is None:
        return allow_absent
    schemes = ("https",) if request.is_secure else ("http", "https")
    return origin in [f"{scheme}://{request.host}" for scheme in schemes]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
