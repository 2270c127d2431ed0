"""The ground that every page stands on: Host and Origin, CSRF, security headers, kind error pages.

Owns what is the same for all routes. Has no routes of its own.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, jsonify, render_template, request
from flask_babel import gettext as _
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as WerkzeugResponse

from voting import identity
from voting.config import Server

Page = str | Response | WerkzeugResponse
"""What a route returns."""

MAX_BODY_BYTES = 65_536

CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'{socket}",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    # Pages carry a CSRF token and the numbers of this moment: no cache may keep them.
    "Cache-Control": "no-store",
}


def init_app(app: Flask, settings: Server, key: bytes) -> Limiter:
    """Put the ground under an app; return the limiter for routes that guesses are thrown at.

    `key` signs the sessions.
    """
    app.secret_key = key
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        PERMANENT_SESSION_LIFETIME=identity.SESSION_LIFETIME,
        # Cookies are shared between the ports of a host; two servers must not log each other out.
        SESSION_COOKIE_NAME=f"show_of_hands_{identity.fingerprint(key)}",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        WTF_CSRF_TIME_LIMIT=None,
        RATELIMIT_HEADERS_ENABLED=True,
    )
    CSRFProtect(app)
    trusted = {*settings.trusted_hosts, urlsplit(settings.public_url).hostname or ""} - {""}

    @app.before_request
    def check_where_from() -> None:
        if not identity.host_is_trusted(request.host, trusted):
            abort(400, "expected a Host that config.toml trusts (server.trusted_hosts)")
        g.trusted_host = request.host
        sent = request.method != "GET" and "Origin" in request.headers
        if sent and not identity.origin_is_ours(request):
            abort(403, "expected an Origin that equals the Host")

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        # To Safari before 15.4, 'self' is no address of a WebSocket.
        host = g.get("trusted_host")
        socket = f" ws://{host} wss://{host}" if host else ""
        response.headers["Content-Security-Policy"] = CONTENT_POLICY.format(socket=socket)
        return response

    app.register_error_handler(HTTPException, _sorry)
    return Limiter(get_remote_address, app=app, storage_uri="memory://")


def wants_json() -> bool:
    """Say whether this request comes from a script that reads JSON."""
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"


def refused(status: int, code: str, message: str) -> Response:
    """Tell a script that nothing was done: the one JSON shape for it."""
    response = jsonify(ok=False, code=code, message=message)
    response.status_code = status
    return response


def sorry(status: int, code: str, title: str, text: str) -> Response:
    """Say what is the matter: a page of the product, or JSON for scripts."""
    if wants_json():
        return refused(status, code, text)
    return Response(render_template("message.html", title=title, text=text), status)


def _sorry(error: HTTPException) -> Response:
    title, text = _words_for(error)
    response = sorry(error.code or 500, error.name.lower().replace(" ", "_"), title, text)
    if error.code in (405, 429):
        kept = error.get_response().headers
        response.headers.update({k: v for k, v in kept.items() if k in ("Allow", "Retry-After")})
    return response


def _words_for(error: HTTPException) -> tuple[str, str]:
    """Return a title and a sentence for a person who meets this error."""
    if isinstance(error, CSRFError):
        return _("This page was open too long"), _("Go back, reload the page, and try again.")
    match error.code:
        case 404:
            return _("Page not found"), _("Check the address, or go to the vote.")
        case 429:
            return (
                _("Too many attempts"),
                _("Wait a minute and try again, or open the link in the terminal."),
            )
        case 500:
            return (
                _("The server made a mistake"),
                _("Your counted votes are safe. Reload the page; if it stays, tell the presenter."),
            )
        case _:
            return _("This request was not understood"), error.description or error.name
