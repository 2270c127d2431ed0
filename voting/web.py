"""The ground that every page stands on: Host and Origin, CSRF, security headers, kind error pages.

Owns what is the same for all routes. Has no routes of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NoReturn
from urllib.parse import urlsplit

import msgspec
from flask import Flask, Response, abort, g, jsonify, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError, CSRFProtect, generate_csrf
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as WerkzeugResponse

from voting import compressed, identity, logbook, sessions
from voting.addresses import is_loopback
from voting.config import Server
from voting.keys import Keys

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
        "frame-ancestors {frames}",
    )
)

HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}

KNOWN_HOSTS = 256
"""Hosts that are remembered to be trusted or not; a room of phones names one or two."""

LONGEST_HOST = 253 + len(":65535")
"""The longest name that there is, with a port; a longer one is not even remembered."""


def init_app(app: Flask, settings: Server, keys: Keys) -> None:
    """Put the ground under an app; `keys` sign and open the sessions."""
    sessions.init_app(app, keys)
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        WTF_CSRF_TIME_LIMIT=None,
        # Under TLS it would want a Referer, which some browsers keep to themselves; Origin is
        # looked at below.
        WTF_CSRF_SSL_STRICT=False,
    )
    app.jinja_env.policies.update({"json.dumps_function": _as_json, "json.dumps_kwargs": {}})
    trusted = {*settings.trusted_hosts, urlsplit(settings.public_url).hostname or ""} - {""}

    @lru_cache(KNOWN_HOSTS)
    def is_trusted(host: str) -> bool:
        return identity.host_is_trusted(host, trusted)

    app.extensions["trusts_host"] = is_trusted

    @app.before_request
    def check_where_from() -> None:
        # Not `request.host`: without a header that is a guess of the library's.
        host = request.headers.get("Host", "")
        if len(host) > LONGEST_HOST or not is_trusted(host):
            logbook.note_rarely("untrusted_host", request.remote_addr or "", host=host)
            abort(400, "expected a Host that config.toml trusts (server.trusted_hosts)")
        g.trusted_host = host
        # A form without an Origin still has its token.
        if request.method != "GET" and not identity.origin_is_ours(request, allow_absent=True):
            turn_stranger_away()

    CSRFProtect(app)  # looks at tokens after the above: a stranger's request is known for one

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.extend(HEADERS)
        # Pages carry a CSRF token and the numbers of this moment: no cache may keep them.
        response.headers.setdefault("Cache-Control", "no-store")
        # To Safari before 15.4, 'self' is no address of a WebSocket.
        host = g.get("trusted_host")
        socket = f" ws://{host} wss://{host}" if host else ""
        frames = g.get("framed_by") or "'none'"
        policy = CONTENT_POLICY.format(socket=socket, frames=frames)
        response.headers["Content-Security-Policy"] = policy
        if frames == "'none'":
            response.headers["X-Frame-Options"] = "DENY"  # what older browsers know of it
        return _compress(response) if _may_be_compressed(response) else response

    app.register_error_handler(HTTPException, _sorry)


def turn_stranger_away() -> NoReturn:
    """Answer a page of another site, which asks in the name of a visitor of ours."""
    origin = request.headers.get("Origin")
    logbook.note_rarely("foreign_origin", request.remote_addr or "", origin=origin)
    abort(403, "expected an Origin that equals the Host")


def may_be_framed(origins: Iterable[str]) -> None:
    """Let pages of these origins, and our own, show the answer to this request in a frame."""
    g.framed_by = " ".join(["'self'", *origins])


def _may_be_compressed(response: Response) -> bool:
    """Say whether the length of this answer, compressed, tells nothing of its CSRF token.

    It would if a stranger could have words of his choice put beside the token, again and again, and
    watch the length: it shrinks with each character that is guessed (BREACH). By a link he chooses
    the query, which pages echo; all else on a page that is fetched is ours or the reader's own.
    """
    return (
        request.method == "GET"
        and not request.query_string
        and response.mimetype == "text/html"
        and response.status_code == 200
    )


def _compress(response: Response) -> Response:
    response.vary.add(compressed.VARY)
    if compressed.is_accepted(request.headers.get("Accept-Encoding", "")):
        response.set_data(compressed.compress(response.get_data(), compressed.PAGE_LEVEL))
        response.headers["Content-Encoding"] = "gzip"
    return response


def for_script(message: object) -> Markup:
    """Return a message as JSON that may stand in a script element of a page."""
    return htmlsafe_json_dumps(message, dumps=_as_json)


def _as_json(message: object) -> str:
    """Write compact JSON in UTF-8: escaped to ASCII, Chinese would take twice the bytes."""
    return msgspec.json.encode(message, enc_hook=_as_text).decode()


def _as_text(value: object) -> str:
    if isinstance(value, Markup):
        return str(value)
    raise NotImplementedError(type(value))


def is_open_air() -> bool:
    """Say whether what is typed here travels in clear where strangers may listen."""
    return not (request.is_secure or is_loopback(request.remote_addr or ""))


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
    if isinstance(error, CSRFError) and wants_json():
        # A login in another tab has made this page's token worthless. What another site's script
        # is answered, it cannot read.
        response = jsonify(ok=False, code="stale_page", message=text, csrf=generate_csrf())
        response.status_code = 400
        return response
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
            return _("Too many attempts"), error.description or error.name
        case 500:
            return (
                _("The server made a mistake"),
                _("Your counted votes are safe. Reload the page; if it stays, tell the presenter."),
            )
        case _:
            return _("This request was not understood"), error.description or error.name
