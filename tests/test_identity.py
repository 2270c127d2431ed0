"""identity.py: who is asking, and from where."""

import uuid
from pathlib import Path

import gevent
import pytest
from flask import Flask, Request, session
from flask_wtf.csrf import generate_csrf
from gevent.queue import Queue
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder

from voting import identity
from voting.identity import Admin, BadName, clean_name, host_is_trusted, origin_is_ours
from voting.password import Password
from voting.safe import FolderSafe

PATIENCE = 30


@pytest.fixture
def app() -> Flask:
    """An app that can do nothing but keep a session."""
    app = Flask(__name__)
    app.secret_key = "for this test"
    return app


@pytest.fixture
def admin(tmp_path: Path) -> Admin:
    return Admin(FolderSafe(tmp_path / "data"))


@pytest.fixture
def password(tmp_path: Path) -> Password:
    """The admin's password, as another process sets it."""
    return Password(FolderSafe(tmp_path / "data"))


# Voters


def test_a_voter_keeps_the_uuid_over_login_and_logout(app: Flask) -> None:
    """Logging in again, under whatever name, is no second vote."""
    with app.test_request_context():
        first = identity.log_in("Ada")
        assert str(uuid.UUID(first)) == first
        assert identity.logged_in(session) == (first, "Ada")
        identity.log_out()
        assert identity.logged_in(session) is None
        assert identity.log_in("Bob") == first
        assert identity.logged_in(session) == (first, "Bob")


def test_every_session_is_another_voter(app: Flask) -> None:
    """Two phones never share a uuid, also with the same name."""
    voters = set()
    for _ in range(3):
        with app.test_request_context():
            voters.add(identity.log_in("Ada"))
    assert len(voters) == 3


def test_an_empty_name_is_a_login_too(app: Flask) -> None:
    """Where names are not required, an anonymous voter is logged in all the same."""
    with app.test_request_context():
        voter = identity.log_in("")
        assert identity.logged_in(session) == (voter, "")


def test_a_voters_session_lasts_and_a_strangers_is_nobody(app: Flask) -> None:
    """The session outlives the browser's window; without a login there is no voter."""
    with app.test_request_context():
        assert identity.logged_in(session) is None
        identity.log_in("Ada")
        assert session.permanent


# Names


@pytest.mark.parametrize(
    "typed, kept",
    [
        ("Ada", "Ada"),
        ("  Ada \t Lovelace\n", "Ada Lovelace"),
        ("张三", "张三"),
        ("e\u0301", "é"),
        ("👩‍🔬", "👩‍🔬"),
        ("<b>&", "<b>&"),
        ("x" * 40, "x" * 40),
        (" " + "x" * 40 + " ", "x" * 40),
        ("", ""),
        (" \u3000 ", ""),
    ],
)
def test_a_name_is_kept_as_one_tidy_line(typed: str, kept: str) -> None:
    """Names of all languages are kept, with single spaces and composed letters."""
    assert clean_name(typed) == kept


@pytest.mark.parametrize(
    "typed",
    ["x" * 41, "a\x00b", "a\x07b", "a\x7fb", "a\u202eb", "a\u2066b", "a\ud800", "a\U000e0fff"],
)
def test_a_name_that_could_disguise_is_refused(typed: str) -> None:
    """Too long, control characters, turned direction, half a character: nobody is called so."""
    with pytest.raises(BadName):
        clean_name(typed)


@given(
    st.text(st.sampled_from("ab é张e\u0301\t\n\u3000\u202e\x00👩"), max_size=60)
    | st.integers(30, 60).map("x".__mul__)
)
def test_whatever_is_typed_becomes_a_clean_name_or_is_refused(typed: str) -> None:
    """Nothing but BadName is raised, and a kept name is short, tidy, and cleaning leaves it."""
    try:
        name = clean_name(typed)
    except BadName:
        return
    assert len(name) <= 40
    assert name == " ".join(name.split())
    assert clean_name(name) == name


# The admin


def test_a_link_works_once(app: Flask, admin: Admin) -> None:
    """The first use logs in, the second does not."""
    token = admin.make_link()
    with app.test_request_context():
        assert not admin.is_in()
        assert admin.use_link(token)
        assert admin.is_in()
    with app.test_request_context():
        assert not admin.use_link(token)
        assert not admin.is_in()


@pytest.mark.parametrize("token", ["", "x", "schlüssel"])
def test_a_link_that_was_never_made_is_nothing(app: Flask, admin: Admin, token: str) -> None:
    """A guess does not log in, and leaves the real link good."""
    real = admin.make_link()
    with app.test_request_context():
        assert not admin.use_link(token)
        assert not admin.is_in()
        assert admin.use_link(real)


def test_links_are_long_and_never_the_same(admin: Admin) -> None:
    """A link cannot be guessed: 18 random bytes at least."""
    tokens = {admin.make_link() for _ in range(20)}
    assert len(tokens) == 20
    assert min(map(len, tokens)) >= 24


def test_the_right_password_logs_in_and_a_wrong_one_does_not(
    app: Flask, admin: Admin, password: Password
) -> None:
    """The password is the admin's way in that lasts; before one is set, none is right."""
    with app.test_request_context():
        assert not admin.has_password
        assert not admin.use_password("")
        password.set("correct horse")
        assert admin.has_password
        assert not admin.use_password("wrong horse")
        assert not admin.is_in()
        assert admin.use_password("correct horse")
        assert admin.is_in()
        assert session.permanent


def test_a_new_password_ends_every_admin_session(
    app: Flask, admin: Admin, password: Password
) -> None:
    """Whoever came in under the old one, by link or password, has to log in again."""
    password.set("correct horse")
    with app.test_request_context():
        assert admin.use_link(admin.make_link())
        mark = admin.session()
        assert admin.is_good(mark)
        password.set("battery staple")
        assert not admin.is_in()
        assert not admin.is_good(mark)
        assert not admin.use_password("correct horse")
        assert admin.use_password("battery staple")


def test_whoever_watches_is_told_of_a_new_password_once(
    admin: Admin, password: Password, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of the very first one."""
    monkeypatch.setattr(identity, "LOOK_SECONDS", 0.001)
    changes: Queue[str] = Queue()
    watching = gevent.spawn(admin.watch, lambda: changes.put("changed"))
    gevent.sleep(0)  # it has seen what is there
    try:
        for _ in range(2):
            password.set("correct horse")
            changes.get(timeout=PATIENCE)
            assert changes.empty()
    finally:
        watching.kill()


def test_coming_in_renews_the_session(app: Flask, admin: Admin) -> None:
    """Whoever put a session into this browser knows neither its token nor its name any more."""
    with app.test_request_context():
        planted = generate_csrf()
        names = set()
        for _ in range(3):
            assert admin.use_link(admin.make_link())
            names.add(admin.session())
            assert generate_csrf() != planted
        assert len(names) == 3


def test_a_voters_login_renews_the_tokens_but_for_an_open_desk(app: Flask, admin: Admin) -> None:
    """A presenter who votes in the same browser goes on pressing the desk's buttons."""
    with app.test_request_context():
        planted = generate_csrf()
        identity.log_in("Ada")
        token = generate_csrf()
        assert token != planted
        admin.use_link(admin.make_link())
        token = generate_csrf()
        identity.log_out()
        identity.log_in("Ada")
        assert generate_csrf() == token


def test_an_admin_who_left_has_left_with_every_copy_of_the_cookie(app: Flask, admin: Admin) -> None:
    """What a stranger read from the air opens nothing; other admins stay."""
    with app.test_request_context():
        admin.use_link(admin.make_link())
        other = admin.session()
        admin.use_link(admin.make_link())
        copy = dict(session)
        assert admin.session_in(copy)
        assert admin.leave() == copy["admin"]
        assert not admin.session_in(copy)
        assert admin.is_good(other)


def test_a_browser_that_was_an_admins_is_known_by_one_name(app: Flask, admin: Admin) -> None:
    """It stays when the admin leaves, and comes to nobody by voting."""
    with app.test_request_context():
        identity.log_in("Ada")
        assert admin.device() == ""
        admin.use_link(admin.make_link())
        device = admin.device()
        assert device
        admin.leave()
        assert admin.device() == device
        admin.use_link(admin.make_link())
        assert admin.device() == device


def test_an_admin_who_leaves_stays_a_voter(app: Flask, admin: Admin) -> None:
    """Leaving ends the admin's part of the session and nothing else."""
    with app.test_request_context():
        identity.log_in("Ada")
        admin.use_link(admin.make_link())
        admin.leave()
        assert admin.leave() == ""
        assert not admin.is_in()
        assert identity.logged_in(session)


def test_a_voter_is_no_admin(app: Flask, admin: Admin) -> None:
    """Logging in to vote opens no other door, nor does any other mark in a session."""
    with app.test_request_context():
        identity.log_in("Ada")
        assert not admin.is_in()
        for mark in ("", True, "x", ".x", None):
            session["admin"] = mark
            assert not admin.is_in()


# Host and Origin


@pytest.mark.parametrize(
    "host",
    [
        "10.0.0.7",
        "10.0.0.7:5000",
        "127.0.0.1",
        "[::1]:5000",
        "localhost",
        "localhost:5000",
        "LOCALHOST",
        "vote.local",
        "vote.local:80",
        "Vote.Local",
    ],
)
def test_an_address_of_ours_is_trusted(host: str) -> None:
    """IP literals, localhost and configured names are ours, at any port, in any case."""
    assert host_is_trusted(host, ["vote.local"])


def test_a_configured_name_is_trusted_however_it_is_written() -> None:
    """Browsers send host names in lower case; config.toml may have capitals."""
    assert host_is_trusted("vote.local", ["Vote.Local"])


@pytest.mark.parametrize(
    "host",
    [
        "",
        ":5000",
        "evil.example",
        "vote.local.evil.example",
        "evil.vote.local",
        "10.0.0.7.evil.example",
        "localhost.evil.example",
        "vote.local@evil.example",
        "evil.example/vote.local",
        "vote.local, evil.example",
        "vote.local evil",
        "vote.local\r\nX: y",
        "[::1",
        "::1]",
        "10.0.0",
        "0x7f000001",
        "vote.local:",
        "vote.local:port",
    ],
)
def test_any_other_host_is_not_trusted(host: str) -> None:
    """Another site's name that points to us (DNS rebinding), or no name at all, is turned away."""
    assert not host_is_trusted(host, ["vote.local"])


def asked(scheme: str = "http", **headers: str) -> Request:
    builder = EnvironBuilder(base_url=f"{scheme}://10.0.0.7:5000", headers=headers)
    return Request(builder.get_environ())


@pytest.mark.parametrize("origin", ["http://10.0.0.7:5000", "https://10.0.0.7:5000"])
def test_an_origin_that_equals_the_host_is_ours(origin: str) -> None:
    """A page that we served may ask; behind a proxy that nobody named it has another scheme."""
    assert origin_is_ours(asked(Origin=origin))


def test_over_tls_a_page_that_came_in_clear_is_not_ours() -> None:
    """Anybody on the way could have written it."""
    assert origin_is_ours(asked("https", Origin="https://10.0.0.7:5000"))
    assert not origin_is_ours(asked("https", Origin="http://10.0.0.7:5000"))


@pytest.mark.parametrize("allow_absent", [False, True])
@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "http://evil.example",
        "http://10.0.0.7",
        "http://10.0.0.7:80",
        "http://10.0.0.7:5000.evil.example",
        "http://10.0.0.7:5000@evil.example",
        "http://evil.example/10.0.0.7:5000",
        "http://10.0.0.7:5000/",
        "http://10.0.0.7:5000,http://evil.example",
        "10.0.0.7:5000",
        "http://[",
        "http://[x]",
    ],
)
def test_any_other_origin_is_not_ours(origin: str, allow_absent: bool) -> None:
    """Another site's page, a page without an origin, or nonsense is turned away, quietly."""
    assert not origin_is_ours(asked(Origin=origin), allow_absent=allow_absent)


def test_a_request_without_an_origin_is_ours_where_that_is_said() -> None:
    """Where an Origin is asked for, having none is not enough; programs have none."""
    assert not origin_is_ours(asked())
    assert origin_is_ours(asked(), allow_absent=True)
