"""What holds for every way into the server, of today and tomorrow: the app's own map is walked.

docs/security.md says what is promised, and names the test of each promise. Here are those that are
of no module in particular.
"""

from __future__ import annotations

import csv
import hmac
import json
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.house import forgive_refusals
from tests.phones import Answer, Browser, Phone, phone
from tests.routes import paths, routes
from tests.serving import ADA, CONFIG, Server, dashboard
from tests.strangers import is_well, knock, status
from tests.windows import LAPTOP, Window, connected, vote
from voting.folder import hold, write_private
from voting.identity import Admin
from voting.password import Password
from voting.safe import FolderSafe

PASSWORD = "correct horse"
FRAMER = "https://slides.example"
EVERYTHING = f"""
[room]
voters = "codes"
names_in_exports = true

[embed]
origins = ["{FRAMER}"]

[messages]
enabled = true
"""

KEPT = ("names.jsonl", "admin.password", "secret.key", "address")
"""Files that no reading may change."""


class Room:
    """A server with every way open, and one visitor of each kind."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.admin = Browser(server)
        entered = self.admin.post("/admin/login", {"password": PASSWORD})
        assert entered.status == 303
        made = self.admin.post("/admin/codes", {"number": 2}, Accept="application/json")
        self.codes: list[str] = made.json["codes"]
        self.voter = Browser(server)
        entered = self.voter.post("/login", {"name": "Vera", "code": self.codes[0]})
        assert entered.status == 303
        voting = Phone(self.voter)
        voting.until(type="state")
        voting.vote(ADA)
        voting.until(type="receipt")
        voting.close()
        self.visitors = {
            "a stranger": Browser(server),
            "a voter": self.voter,
            "the admin": self.admin,
        }

    def state(self) -> tuple[Any, ...]:
        """Return what only a command or a vote may change."""
        desk = Phone(self.admin, "admin")
        seen = desk.until(type="state")
        desk.close()
        data = self.server.folder / "data"
        files = [(data / name).read_bytes() for name in KEPT if (data / name).exists()]
        told = ("epoch", "version", "round", "rounds", "polls", "voted", "ballots", "talk")
        return ([seen[name] for name in told], files)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """One for all of these tests, which change nothing in it."""
    server = Server(tmp_path_factory.mktemp("server"), CONFIG + EVERYTHING)
    done = dashboard("password", "--config", server.config, stdin=f"{PASSWORD}\n")
    assert done.returncode == 0
    yield Room(server.start())
    server.clear_up()


# What changes something

POSTED_BY_SCRIPTS = {
    "/ballots": {"type": "vote", "ballot": "b", "round": 1, "choices": [ADA]},
    "/messages": {"type": "say", "key": "k", "to": "", "text": "hello"},
}
"""What comes as JSON, and one of each that is well made."""

FORM = {
    "name": "Mallory",
    "round": 1,
    "version": 99,
    "poll": "poll",
    "address": "",
    "number": 1,
    "results": "hidden",
    "target": 1,
    "question": "Who?",
    "candidates": "A\nB",
    "message": "a" * 12,
    "person": "a" * 10,
    "state": "open",
    "seconds": 30,
    "on": 0,
}


def test_every_form_needs_a_token_and_our_origin(room: Room) -> None:
    """400 without the token, or with another session's; 403 from elsewhere even with it."""
    before, stranger = room.state(), Browser(room.server)
    foreign = ("http://evil.example", "null", f"{room.server.url}.evil.example")
    forged = [FORM, {**FORM, "csrf_token": stranger.token()}, {**FORM, "csrf_token": ""}]
    for path in paths("POST"):
        if path in POSTED_BY_SCRIPTS:
            continue
        for name, visitor in room.visitors.items():
            for body in forged:
                refused = visitor.ask("POST", path, urlencode(body).encode())
                assert refused.status == 400, (path, name, refused.text)
            for origin in foreign:
                refused = visitor.post(path, dict(FORM), Origin=origin)
                assert refused.status == 403, (path, name, origin)
    assert room.state() == before


def test_every_way_to_change_something_is_a_form_but_for_what_phones_say() -> None:
    """A ballot's and a message's own rule, Origin and JSON, is seen to where they are taken."""
    others = [rule for rule in routes("POST") if not rule.startswith(("/admin", "/log"))]
    assert sorted(others) == sorted(POSTED_BY_SCRIPTS)


@pytest.mark.parametrize("path", POSTED_BY_SCRIPTS)
def test_what_phones_say_comes_from_our_own_pages_alone(room: Room, path: str) -> None:
    """403 for a foreign Origin and for none, 415 for what a form of another site can send."""
    before = room.state()
    sent = json.dumps(POSTED_BY_SCRIPTS[path]).encode()
    json_type = {"Content-Type": "application/json"}
    for origin in ("http://evil.example", "null", room.server.url.replace("http", "ftp")):
        headers = {**json_type, "Origin": origin}
        assert room.voter.ask("POST", path, sent, headers).status == 403, origin
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {room.voter.cookie}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n"
    )
    assert status(knock(room.server, head.encode() + sent)) == 403
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert room.voter.ask("POST", path, sent, {"Content-Type": kind}).status == 415, kind
    assert room.state() == before


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_nothing_is_changed_by_reading(room: Room, method: str) -> None:
    """Every address, by every visitor, with every form's fields in the query: all is as it was."""
    before = room.state()
    asked = {path for method in ("GET", "POST") for path in paths(method)}
    query = urlencode({**FORM, "link": room.server.link, "code": room.codes[1], "ask": ""})
    for visitor in room.visitors.values():
        for path in sorted(asked):
            answer = visitor.ask(method, f"{path}?{query}")
            assert answer.status < 500, path
    assert room.state() == before
    for name, page in (("a voter", "/"), ("the admin", "/admin")):
        assert room.visitors[name].get(page).status == 200
    assert room.visitors["a stranger"].get("/").status == 303
    # What was looked at is still good for whoever holds it.
    spent = "has been used"
    assert (
        spent not in room.visitors["a stranger"].get(f"/admin/login?link={room.server.link}").text
    )
    assert room.state()[-1] == before[-1]


def test_secrets_are_compared_in_a_time_that_tells_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However near a guess comes, digests of one length are compared, all of them to the end."""
    password = Password(FolderSafe(tmp_path))
    password.set(PASSWORD)
    compared: list[set[int]] = []
    whole = hmac.compare_digest

    def compare(one: Any, other: Any) -> bool:
        compared.append({len(one), len(other)})
        return whole(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    guesses = ("", "x", PASSWORD[:-1] + "x", PASSWORD * 100)
    assert not any(password.fits(guess, is_known=False) for guess in guesses)
    assert password.fits(PASSWORD, is_known=False)
    admin = Admin(FolderSafe(tmp_path))
    assert not any(admin.is_good(mark) for mark in ("", "x", f"{password.mark()[:-1]}x.name"))
    assert admin.is_good(f"{password.mark()}.name")
    assert len(compared) == len(guesses) + 1 + 3 + 1
    assert all(len(lengths) == 1 for lengths in compared[: len(guesses) + 1])


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX file modes")
def test_nobody_else_on_the_computer_reads_the_votes(tmp_path: Path) -> None:
    """Whoever makes the data folder, a server or a command: it is its owner's alone."""
    before = os.umask(0)
    try:
        hold(tmp_path / "server").close()
        write_private(tmp_path / "command" / "secret", "")
    finally:
        os.umask(before)
    for made in ("server", "command"):
        assert stat.S_IMODE((tmp_path / made).stat().st_mode) == 0o700


def test_nobody_else_reads_a_file_of_the_room(server: Server) -> None:
    """Not the journal, its log, its head, nor a secret, should the folder be opened to others."""
    Browser(server).log_in("Vera")
    phone(server).vote(ADA)
    files = [file for file in (server.folder / "data").rglob("*") if file.is_file()]
    assert {"journal.sqlite", "journal.sqlite-wal", "journal.head", "secret.key"} <= {
        file.name for file in files
    }
    open_to_others = {file.name for file in files if file.stat().st_mode & 0o077}
    assert open_to_others <= {"lock", "serving"}  # which hold nothing, and the port


# What every answer says


def every_answer(room: Room) -> Iterator[tuple[str, Answer]]:
    """Yield all that can be read, by every visitor, and what is told to those who go wrong."""
    for name, visitor in room.visitors.items():
        for path in [*paths(), "/nowhere", "/live", "/live?view=screen", "/login?lang=zh"]:
            yield f"{name} gets {path}", visitor.get(path)
        yield f"{name} deletes", visitor.ask("DELETE", "/login")
        yield f"{name} comes from elsewhere", visitor.get("/", Host="evil.example")
        yield f"{name} posts nothing", visitor.ask("POST", "/login")
    missed = {"name": "x" * 41, "code": "none"}
    yield "a name too long", Browser(room.server).post("/login", missed)
    asked = room.admin.post("/admin/reset", {"round": 1, "version": 99, "ask": "1"})
    yield "the admin is asked", asked


def test_every_answer_says_what_a_browser_may_do_with_it(room: Room) -> None:
    """No script but ours, no frame but /embed's, no guessing of types, no cache for pages."""
    pages = 0
    for name, answer in every_answer(room):
        headers = answer.headers
        assert answer.status < 500, name
        assert headers["X-Content-Type-Options"] == "nosniff", name
        assert headers["Cache-Control"] == "no-store", name
        assert "Server" not in headers, name
        assert "Access-Control-Allow-Origin" not in headers, name
        if not headers.get("Content-Type", "").startswith(("text/html", "image/svg+xml")):
            continue
        pages += 1
        policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
        assert "unsafe" not in headers["Content-Security-Policy"], name
        assert policy["default-src"] == policy["base-uri"] == "'none'", name
        assert policy["script-src"] == policy["style-src"] == "'self'", name
        assert policy["form-action"] == "'self'", name
        if " gets /embed" in name:
            assert policy["frame-ancestors"] == f"'self' {FRAMER}"
        else:
            assert policy["frame-ancestors"] == "'none'", name
            assert headers["X-Frame-Options"] == "DENY", name
        assert not re.search(r"<[^>]+ (on\w+|style)=|javascript:", answer.text), name
        assert "evil.example" not in answer.text, name
    assert pages > 40


FORWARDED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Prefix": "/evil",
    "Forwarded": "for=203.0.113.9;host=evil.example;proto=https",
    "X-Original-URL": "/admin",
    "X-Rewrite-URL": "/admin",
    "X-HTTP-Method-Override": "POST",
}


def test_headers_of_proxies_that_nobody_named_change_nothing(room: Room) -> None:
    """No cache can be poisoned with them, and nobody gets another's rights or address."""
    stranger = room.visitors["a stranger"]
    for path in ["/login", "/present", "/admin", "/admin/login", "/join.svg", "/rounds//1"]:
        plain, forwarded = stranger.get(path), stranger.ask("GET", path, headers=FORWARDED)
        assert plain.status == forwarded.status, path
        assert plain.headers.get("Location") == forwarded.headers.get("Location"), path
        assert without_tokens(plain) == without_tokens(forwarded), path
        assert "evil" not in str(forwarded.headers), path
        assert "Secure" not in forwarded.headers.get("Set-Cookie", ""), path


def without_tokens(answer: Answer) -> str:
    text = re.sub(r'(name="csrf_token" value=)"[^"]*"', r"\1", answer.text)
    return re.sub(r'"now": ?\d+', '"now"', text)


TRAVERSALS = (
    "/static/../config.toml",
    "/static/%2e%2e/config.toml",
    "/static/..%2fconfig.toml",
    "/static/..%5cconfig.toml",
    "/static/%252e%252e/config.toml",
    "/static//etc/passwd",
    "{prefix}/../../config.toml",
    "{prefix}/%2e%2e/%2e%2e/config.toml",
    "{prefix}/..%2f..%2fdata%2fsecret.key",
    "{prefix}//etc/passwd",
    "{prefix}/css%00/../../../config.toml",
    "{prefix}/",
    "{prefix}",
    "/data/secret.key",
    "/../data/secret.key",
    "/rounds/../admin",
    "/rounds/1%2f..%2f..%2fadmin",
    "/rounds/1.csv%00",
    "/rounds/-1",
    "/rounds/0x1",
    "/rounds/1e9",
    "/admin/polls/..%2f..%2fconfig",
    "/admin/rounds/1.toml",
)


def test_no_path_leads_out_of_what_is_served(room: Room) -> None:
    """404, or the login, whatever is written between the slashes."""
    page = room.voter.get("/").text
    found = re.search(r'"(/static/[^/"]+)/', page)
    assert found
    for path in TRAVERSALS:
        asked = path.format(prefix=found[1])
        for cookie in ("", f"Cookie: {room.voter.cookie}\r\n"):
            head = f"GET {asked} HTTP/1.1\r\nHost: localhost\r\n{cookie}Connection: close\r\n\r\n"
            answer = knock(room.server, head.encode())
            assert status(answer) in (303, 404), (asked, answer[:200])
            assert b"[[polls]]" not in answer
            assert b"root:" not in answer


# What strangers write, where others read it


SPOILED = ("=1+1", "+cmd|' /C calc'!A0", "@SUM(1)", "-2+3", "\t=1", "＝1+1")


def test_no_name_is_run_by_a_spreadsheet(serve: Callable[..., Server]) -> None:
    """A voter's name in the admin's download begins with an apostrophe where it could be run."""
    server = serve(CONFIG + "\n[room]\nnames_in_exports = true\n")
    for name in SPOILED:
        voter = phone(server, name)
        voter.vote(ADA)
        voter.until(type="receipt")
    download = Browser(server).become_admin().get("/admin/rounds.csv?names=1")
    assert download.status == 200
    rows = list(csv.DictReader(download.body.decode("utf-8-sig").splitlines()))
    named = {row["voter"] for row in rows if row["voter"]}
    assert len(named) == len(SPOILED)
    for row in rows:
        for cell in row.values():
            assert not re.match(r"\s*[=+\-@＝＋－＠]", cell or ""), cell


FORGED = "\r\n2026-01-01 00:00:00 admin_in session=forged"
LINE = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [a-z_]+( [a-z_]+=(\"[ -~]*\"|-?[\d.]+|true|false|null))*"
)


def test_no_stranger_writes_a_line_of_the_log(serve: Callable[..., Server]) -> None:
    """By Host, Origin, path, name, code, User-Agent or method: what is logged stays one line."""
    server = serve()
    shown = server.said
    visitor = Browser(server)
    escaped = FORGED.replace("\r\n", "%0d%0a").replace(" ", "%20")
    visitor.get(f"/{escaped}")
    visitor.get(f"/live?view={escaped}")
    visitor.post("/login", {"name": FORGED, "code": FORGED})
    visitor.post("/admin/login", {"password": FORGED, "link": FORGED})
    visitor.ask("POST", "/login", b"x", {"Origin": "http://evil.example\x1b[2K\x85forged"})
    visitor.get("/", Host="evil.example\x1b[2K")
    visitor.get("/", User_Agent="\x1b]0;forged\x07")
    for raw in (b"GET / HTTP/1.1\nadmin_in forged\r\n\r\n", b"\x1b[2Kadmin_in forged\r\n\r\n"):
        knock(server, raw)
    upgrade = "GET /live?view=screen HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n"
    knock(server, f"{upgrade}Upgrade: \x1b[2Kforged\r\n\r\n".encode())
    is_well(server)
    server.stop()
    server.wait_for("stopping")
    said = server.said[len(shown) :].splitlines()
    assert any("untrusted_host" in line for line in said)
    for line in said:
        assert "\x1b" not in line
        assert not line.startswith("2026-01-01")
        assert "Stopping" in line or LINE.fullmatch(line), line


def test_what_is_measured_names_nobody(room: Room) -> None:
    """Neither a candidate with its count, nor a voter, nor a code."""
    told = room.admin.get("/metrics").text
    for secret in (ADA, "Ada", "Vera", *room.codes):
        assert secret not in told


# In a browser


@pytest.mark.browser
def test_no_page_asks_a_browser_for_what_the_policy_forbids(
    serve: Callable[..., Server], windows: Callable[[Server], Window]
) -> None:
    """Every page, in every state of a round, for voter and admin: none complains by the end."""
    server = serve(CONFIG)
    window = windows(server)
    steward = Browser(server).become_admin()
    voter, screen = window.voter("Vera"), window.screen()
    desk = window.admin_of(steward)
    connected(window.open("/embed", size=LAPTOP))
    vote(voter, ADA)
    watcher = Phone(steward, "admin")
    for action, more in (
        ("show", {"target": 1, "results": "hidden"}),
        ("show", {"target": 1, "results": "live"}),
        ("close", {}),
        ("reopen", {}),
        ("reset", {}),
        ("compare", {"target": 1}),
    ):
        seen = watcher.until(type="state")
        assert steward.steer(action, seen, **more).json["ok"], action
    watcher.until(type="state")
    voter.locator("#chart-toggle").click()
    screen.keyboard.press("3")
    for path in paths():
        if not path.endswith((".csv", ".json")):
            look(desk, server.url + path)
    for path in ("/", "/present", "/embed?theme=light", "/rounds/1", "/nowhere", "/login"):
        look(voter, server.url + path)
    forgive_refusals(window)


def look(page: Page, url: str) -> None:
    """Open a page, and wait until its scripts have run."""
    page.goto(url)
    expect(page.locator("body, svg, pre").first).to_be_attached()
    page.evaluate("() => new Promise(requestAnimationFrame)")
