"""The one cookie: its name, its flags, and who may have signed it.

Owns how a session travels. What it holds is `identity.py`'s.

Under TLS the cookie is `__Host-…`: browsers take it from nobody but this very host, over TLS, so
neither a neighbouring site nor a stranger on the way can put one of their own in its place. Over
plain HTTP they would refuse that name. Hence two cookies: who logged in over HTTP and comes over
HTTPS logs in anew, because what was seen in clear must not count there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from time import time
from typing import Any

from flask import Flask, request, session
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import SignatureExpired, TimestampSigner, URLSafeTimedSerializer

from voting.keys import GRACE, Keys

SESSION_LIFETIME: timedelta = GRACE


OPENED = 10_000
"""Sessions that are remembered opened, for pages that ask again and again."""

LONGEST_COOKIE = 1_024
"""A longer one is opened each time: it must not fill the memory. Ours has some 300 bytes."""

AN_HOUR = 3_600
"""After so many seconds such a session is opened anew: it may have run out."""


class _Signer(TimestampSigner):
    """Takes a signature of a later hour as one of before this computer's clock was set back.

    Else everybody who had logged in since would be sent away, and come back as another voter.
    """

    def unsign(
        self,
        signed_value: str | bytes,
        max_age: int | None = None,
        return_timestamp: bool = False,
    ) -> Any:
        """Return what was signed, and if asked for, when.

        Raises:
            BadSignature: none of our keys has signed it, or that is too long ago.
        """
        value, signed_at = super().unsign(signed_value, return_timestamp=True)
        if max_age is not None and time() - signed_at.timestamp() > max_age:
            raise SignatureExpired("too old", payload=value, date_signed=signed_at)
        return (value, signed_at) if return_timestamp else value


class SignedSessions(SecureCookieSessionInterface):
    """Flask's sessions in a signed cookie; the signer is made once, not twice in each request."""

    def __init__(self) -> None:
        self._signer: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Return the signer of the app that this belongs to."""
        if self._signer is None:
            self._signer = super().get_signing_serializer(app)
            if self._signer is not None:
                self._signer.signer = _Signer
        return self._signer

    def get_cookie_name(self, app: Flask) -> str:
        """Return what the cookie is called on the way that this request came."""
        name = super().get_cookie_name(app)
        return f"__Host-{name}" if request.is_secure else name

    def get_cookie_secure(self, app: Flask) -> bool:
        """Say whether browsers may send the cookie over TLS alone."""
        return request.is_secure or super().get_cookie_secure(app)


def init_app(app: Flask, keys: Keys) -> None:
    """Let an app keep sessions that these keys sign and open."""
    sign_with(app, keys)
    app.config.update(
        PERMANENT_SESSION_LIFETIME=SESSION_LIFETIME,
        # Cookies are shared between the ports of a host; two servers must not log each other out.
        SESSION_COOKIE_NAME=f"show_of_hands_{keys.name}",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
    )


def sign_with(app: Flask, keys: Keys) -> None:
    """Use these keys from now on; the cookie is called as before."""
    *earlier, app.secret_key = keys.all
    app.session_interface = SignedSessions()
    app.config.update(
        SECRET_KEY_FALLBACKS=earlier,
        # Pages that were open before a rotation carry a token of an earlier key.
        WTF_CSRF_SECRET_KEY=keys.all,
    )


def opener(app: Flask) -> Callable[[dict[str, Any]], Mapping[str, object]]:
    """Return a function: what the session of a WSGI environ holds, to be read and not changed."""
    opened: dict[tuple[str, str, int], Mapping[str, object]] = {}

    def opens(environ: dict[str, Any]) -> Mapping[str, object]:
        cookie = environ.get("HTTP_COOKIE", "")
        key = (cookie, environ["wsgi.url_scheme"], int(time() // AN_HOUR))
        held = opened.get(key)
        if held is None:
            with app.request_context(environ):
                held = dict(session)
            if len(opened) >= OPENED:
                opened.clear()
            if len(cookie) <= LONGEST_COOKIE:
                opened[key] = held
        return held

    return opens
