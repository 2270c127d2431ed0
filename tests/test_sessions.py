"""sessions.py: the one cookie, its flags, and whose signature opens it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie

import pytest
from flask import Flask, request, session
from flask_wtf.csrf import CSRFProtect, generate_csrf
from werkzeug.test import TestResponse

from voting import sessions
from voting.keys import Earlier, Keys

HTTP, HTTPS = "http://vote.example", "https://vote.example"
FIRST = Keys(b"1" * 64, "room")


def rotated(keys: Keys, key: bytes) -> Keys:
    until = datetime.now(UTC) + timedelta(days=30)
    return Keys(key, keys.name, (*keys.earlier, Earlier(keys.current, until)))


def app_with(keys: Keys) -> Flask:
    """An app that keeps what it is told, and tells it again."""
    app = Flask(__name__)
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    sessions.init_app(app, keys)
    CSRFProtect(app)

    @app.get("/token")
    def token() -> str:
        return generate_csrf()

    @app.post("/keep")
    def keep() -> str:
        session["word"] = request.form["word"]
        session.permanent = True
        return ""

    @app.get("/tell")
    def tell() -> str:
        return str(session.get("word", "nothing"))

    return app


def kept(app: Flask, base_url: str = HTTP) -> TestResponse:
    """Have a word kept, as a form of a page does."""
    client = app.test_client()
    token = client.get("/token", base_url=base_url).text
    form = {"word": "blue", "csrf_token": token}
    return client.post("/keep", data=form, base_url=base_url, headers={"Referer": f"{base_url}/"})


def told(app: Flask, cookie: str, base_url: str = HTTP) -> str:
    client = app.test_client(use_cookies=False)
    return client.get("/tell", base_url=base_url, headers={"Cookie": cookie}).text


@pytest.mark.parametrize(
    "base_url, name, secure", [(HTTP, "show_of_hands_room", False), (HTTPS, "__Host-", True)]
)
def test_the_cookie_is_shut_as_far_as_the_way_allows(
    base_url: str, name: str, secure: bool
) -> None:
    """HttpOnly, Lax, for this host alone; over TLS `__Host-` and Secure, which HTTP cannot have."""
    header = kept(app_with(FIRST), base_url).headers["Set-Cookie"]
    cookie = next(iter(SimpleCookie(header).values()))
    assert cookie.key == (f"{name}show_of_hands_room" if secure else name)
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert (cookie["path"], cookie["domain"]) == ("/", "")
    assert bool(cookie["secure"]) is secure
    assert cookie["expires"]


def test_what_was_said_in_clear_does_not_count_over_tls() -> None:
    """Somebody on the way may have read that cookie, or put it there: log in anew."""
    app = app_with(FIRST)
    cookie = kept(app).headers["Set-Cookie"].partition(";")[0]
    assert told(app, cookie) == "blue"
    assert told(app, cookie, HTTPS) == "nothing"


def test_a_rotation_keeps_sessions_and_the_forms_of_open_pages() -> None:
    """Both are signed anew from then on; a form's token is good under the same name of cookie."""
    before, after = app_with(FIRST), app_with(rotated(FIRST, b"2" * 64))
    client = before.test_client()
    page = client.get("/token")
    cookie = page.headers["Set-Cookie"].partition(";")[0]
    visitor = after.test_client(use_cookies=False)
    form = {"word": "green", "csrf_token": page.text}
    answer = visitor.post("/keep", data=form, headers={"Cookie": cookie})
    assert answer.status_code == 200
    anew = answer.headers["Set-Cookie"].partition(";")[0]
    assert told(after, anew) == "green"
    assert told(before, anew) == "nothing"  # it is signed by the new key alone
    alone = app_with(Keys(b"2" * 64, FIRST.name))
    assert told(alone, anew) == "green"
    assert told(alone, cookie) == "nothing"  # the old key's time is over


@pytest.mark.parametrize("change", ["other key", "cut", "turned", "empty", "long", "none"])
def test_a_cookie_that_we_have_not_signed_is_nothing(change: str) -> None:
    """Whatever it is, its sender is a stranger, and no more."""
    cookie = kept(app_with(FIRST)).headers["Set-Cookie"].partition(";")[0]
    app = app_with(Keys(b"3" * 64, FIRST.name) if change == "other key" else FIRST)
    name, value = cookie.split("=", 1)
    values = {
        "cut": value[:-1],
        "turned": value[::-1],
        "empty": "",
        "long": "." + "A" * 60_000,
        "none": "..",
    }
    assert told(app, f"{name}={values.get(change, value)}") == "nothing"
