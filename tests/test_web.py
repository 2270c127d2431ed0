"""What every page stands on: logins, CSRF, Host and Origin, headers, languages, static files."""

from __future__ import annotations

import gzip
import http.client
import json
import re
from collections.abc import Callable
from contextlib import closing
from urllib.parse import urlencode

import pytest
from flask import Flask

from tests.phones import Browser, Wire, phone
from tests.serving import ADA, CONFIG, GRACE, ROOT, Server, poll_config
from voting import language, web
from voting.config import Server as ServerSettings
from voting.keys import Keys

PAGES = ["/login", "/", "/present", "/admin", "/admin/login", "/nowhere"]


@pytest.fixture
def server(standing_server: Server) -> Server:
    """One for all of these tests: each brings visitors of its own."""
    return standing_server


def test_logging_in_leads_to_the_vote(server: Server) -> None:
    """A name is optional unless the configuration says otherwise."""
    voter = Browser(server)
    assert voter.get("/").headers["Location"] == "/login"
    assert voter.post("/login", {"name": ""}).headers["Location"] == "/"
    assert "Who should give the next talk?" in voter.get("/").text


def test_a_name_may_be_required(serve: Callable[..., Server]) -> None:
    """Then an empty one is sent back with a sentence."""
    server = serve(CONFIG + "\n[room]\nname_required = true\n")
    refused = Browser(server).post("/login", {"name": "  "})
    assert refused.status == 422
    assert "Please tell us your name." in refused.text
    assert Browser(server).post("/login", {"name": "Vera"}).status == 303


@pytest.mark.parametrize("name", ["x" * 41, "a\x00b", "a\u202eb", "a" + "\u0315" * 10_000])
def test_a_name_that_cannot_be_shown_is_sent_back(server: Server, name: str) -> None:
    """Too long, or with characters that hide or turn the text."""
    assert Browser(server).post("/login", {"name": name}).status == 422


def test_the_session_cookie_is_shut_to_scripts_and_other_sites(server: Server) -> None:
    """HttpOnly and SameSite=Lax; it lasts 30 days and holds no name in clear beyond the voter's."""
    answer = Browser(server).post("/login", {"name": "Vera"})
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Expires" in cookie


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_the_security_headers(server: Server, path: str) -> None:
    """The content policy allows our own files and nothing inline; no cache keeps a page."""
    headers = Browser(server).get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/login", "/logout", "/admin/login", "/admin/logout", "/admin/reset"]
)
def test_every_form_needs_its_token(serve: Callable[..., Server], path: str) -> None:
    """A form from elsewhere carries no CSRF token and changes nothing."""
    server = serve()
    admin = Browser(server).become_admin()
    refused = admin.ask("POST", path, urlencode({"name": "x", "round": 1, "version": 9}).encode())
    assert refused.status == 400
    assert "too long" in refused.text
    assert admin.get("/admin").status == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_a_form_from_a_foreign_origin_is_refused(server: Server, origin: str) -> None:
    """Even with a token."""
    assert Browser(server).post("/login", {"name": "x"}, Origin=origin).status == 403


def test_a_page_whose_token_is_worthless_gets_a_new_one_and_goes_on(server: Server) -> None:
    """A login in another tab renews the session; nothing was done, and a script asks once more."""
    screen = Browser(server)
    form = {"csrf_token": screen.token(), "password": "no password is set"}
    screen.log_in()
    stale = screen.post("/admin/login", form, Accept="application/json")
    assert (stale.status, stale.json["code"]) == (400, "stale_page")
    form["csrf_token"] = stale.json["csrf"]
    again = screen.post("/admin/login", form, Accept="application/json")
    assert (again.status, again.json["code"]) == (401, "wrong_password")


@pytest.mark.parametrize(
    "target",
    [
        "/login?next=//evil.example&lang=en%0d%0aX-Mark:%20yes",
        "//evil.example/login",
        "//evil.example/%2e%2e",
        "/%5cevil.example",
        "/admin/?next=https://evil.example",
        "/rounds//evil.example",
        "/rounds//1",
        "/%0d%0aX-Mark:%20yes",
        "http://evil.example/admin",
    ],
)
def test_no_link_leads_elsewhere_or_writes_a_header(server: Server, target: str) -> None:
    """Whatever stands in the address, an answer leads to a page of ours or nowhere."""
    visitor = Browser(server)
    answer = visitor.get(target)
    assert answer.status in (200, 303, 308, 400, 404)
    leads = answer.headers.get("Location", "/")
    assert leads.startswith(("/admin", f"{server.url}/")) or leads == "/"
    assert "X-Mark" not in answer.headers
    assert 'href="//' not in answer.text


def test_no_form_leads_elsewhere_or_writes_a_header(server: Server) -> None:
    """Nor does what is typed, whatever it names; a name is kept on one line."""
    typed = {"name": "Vera\r\nX-Mark: yes", "next": "//evil.example"}
    answer = Browser(server).post("/login?next=//evil.example", typed)
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    assert "X-Mark" not in answer.headers


@pytest.mark.parametrize(
    "host", ["127.0.0.1\r X-Mark: yes", "evil.example\x00", "127.0.0.1, evil.example", "[::1", ""]
)
def test_a_host_that_is_none_is_refused(server: Server, host: str) -> None:
    """It could end up in a link or a header; browsers send none of these."""
    with closing(server.dial(seconds=10)) as raw:
        raw.sendall(f"GET /admin HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"X-Mark" not in answer.partition(b"\r\n\r\n")[0]


def test_programs_without_an_origin_vote_where_config_says_so(
    serve: Callable[..., Server],
) -> None:
    """By socket and by HTTP; a foreign Origin, and `null`, are refused all the same."""
    vote = json.dumps({"type": "vote", "ballot": "b", "round": 1, "choices": [ADA]}).encode()
    for config, absent in (("", 403), ("allow_no_origin = true\n", 200)):
        server = serve(CONFIG + config)
        voter = Browser(server).log_in()
        for origin, status in ((None, absent), ("null", 403), ("http://evil.example", 403)):
            with closing(Wire(server)) as wire:
                upgraded, _ = wire.upgrade("/live?view=voter", Origin=origin, Cookie=voter.cookie)
            assert upgraded == (101 if status == 200 else status), origin
            headers = {"Cookie": voter.cookie, "Content-Type": "application/json"}
            with closing(http.client.HTTPConnection(server.address, timeout=10)) as program:
                program.request(
                    "POST", "/ballots", vote, headers | ({"Origin": origin} if origin else {})
                )
                assert program.getresponse().status == status, origin


def test_strangers_are_in_the_log_in_one_line_each(serve: Callable[..., Server]) -> None:
    """A foreign Origin, a foreign Host; what they contain can forge no line."""
    server = serve()
    visitor = Browser(server)
    form = {"Origin": "http://evil.example\x1b[2J"}
    assert visitor.ask("POST", "/login", b"x=1", form).status == 403
    assert visitor.get("/", Host="rebound.example").status == 400
    said = server.wait_for('untrusted_host address="127.0.0.1" host="rebound.example"')
    line = r'^\S+ \S+ foreign_origin address="127.0.0.1" origin="http://evil.example\\u001b\[2J"$'
    assert re.search(line, said, re.MULTILINE)


def test_logins_of_one_address_have_a_limit(serve: Callable[..., Server]) -> None:
    """Above it 429, when to come again, and a sentence; whoever is in goes on."""
    server = serve(CONFIG + "\n[limits]\nlogins_per_minute = 3\n")
    voters = [Browser(server).log_in() for _ in range(3)]
    late = Browser(server)
    answer = late.post("/login", {"name": "Vera"})
    assert answer.status == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert "Very many are joining just now." in answer.text
    told = late.post("/login", {"name": "Vera"}, Accept="application/json")
    assert (told.status, told.json["ok"]) == (429, False)
    assert late.get("/").headers["Location"] == "/login"
    assert voters[0].get("/").status == 200


@pytest.mark.parametrize("path", ["/logout", "/admin/logout", "/admin/reset", "/admin/open"])
def test_get_changes_nothing(serve: Callable[..., Server], path: str) -> None:
    """A link or a preview is not an action."""
    server = serve()
    assert Browser(server).become_admin().get(path).status == 405


@pytest.mark.parametrize(
    "host, status",
    [
        ("127.0.0.1:{port}", 200),
        ("localhost:{port}", 200),
        ("192.168.7.7:{port}", 200),
        ("[::1]:{port}", 200),
        ("vote.example:5000", 200),
        ("stage.local", 200),
        ("evil.example", 400),
        ("localhost.evil.example", 400),
        ("127.0.0.1.evil.example", 400),
        ("evil.example@localhost", 400),
    ],
)
def test_only_trusted_hosts_are_served(server: Server, host: str, status: int) -> None:
    """Any IP literal, localhost, `public_url` and configured names; a rebound DNS name is not."""
    answer = Browser(server).get("/login", Host=host.format(port=server.port))
    assert answer.status == status


def test_a_lost_page_is_a_kind_page(server: Server) -> None:
    """No stack, no jargon."""
    lost = Browser(server).get("/nowhere")
    assert lost.status == 404
    assert "Page not found" in lost.text


def test_a_mistake_of_ours_is_a_kind_page_too(caplog: pytest.LogCaptureFixture) -> None:
    """The visitor reads what to do; the traceback is for the log."""
    app = Flask("mistaken", root_path=str(ROOT), static_folder=None)
    app.jinja_env.globals.update(asset=lambda name: name, highcharts=False)
    language.init_app(app, ROOT / "translations")
    web.init_app(app, ServerSettings(), Keys(b"k" * 64, "room"))

    @app.get("/mistake")
    def mistake() -> str:
        raise LookupError("a mistake of ours")

    page = app.test_client().get("/mistake")
    assert page.status_code == 500
    assert "Your counted votes are safe." in page.text
    assert "LookupError" not in page.text
    assert "LookupError: a mistake of ours" in caplog.text


def test_the_browsers_language_decides_and_lang_overrides(server: Server) -> None:
    """Chinese for a Chinese browser; the choice by `?lang=` stays."""
    chinese = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}
    visitor = Browser(server)
    assert '<html lang="zh-Hans"' in visitor.get("/login", **chinese).text
    assert '<html lang="en"' in visitor.get("/login?lang=en", **chinese).text
    assert '<html lang="en"' in visitor.get("/login", **chinese).text
    assert '<html lang="en"' in Browser(server).get("/login", Accept_Language="fr").text


def test_static_files_are_compressed_and_kept_for_ever(server: Server) -> None:
    """Each file that a page names is there, under the prefix of this version."""
    voter = Browser(server).log_in()
    named = re.findall(r'(?:src|href)="(/static/[^"]+)"', voter.get("/").text)
    assert named
    for path in named:
        answer = voter.get(path, Accept_Encoding="gzip")
        assert answer.status == 200, path
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(answer.body)


def test_candidates_are_text_whatever_they_contain(serve: Callable[..., Server]) -> None:
    """A name with markup is shown, not run."""
    name = "<b>Bo</b> & {y} </script><script>alert(1)</script>"
    server = serve(poll_config(question=name, candidates=[name, "Other"]))
    for path, browser in (
        ("/", Browser(server).log_in(name[:40])),
        ("/present", Browser(server)),
        ("/admin", Browser(server).become_admin()),
    ):
        text = browser.get(path).text
        assert "<script>alert" not in text
        assert "<b>Bo" not in text
        assert "&lt;b&gt;Bo" in text


def test_pages_show_the_numbers_before_their_script_runs(server: Server) -> None:
    """What the server sends first is already the truth."""
    voter = phone(server)
    voter.vote(ADA)
    voter.until(type="receipt")
    for path, browser in (("/", voter.browser), ("/present", Browser(server))):
        text = browser.get(path).text
        assert re.search(rf'data-count="{ADA}"[^>]*>\s*1\s*<', text), path


def test_the_qr_code_is_a_picture_of_the_address(server: Server) -> None:
    """An SVG of its own, without style that the policy forbids."""
    answer = Browser(server).get("/join.svg")
    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    assert answer.text.startswith("<svg")
    assert "vote.example:5000" in Browser(server).get("/present").text


def test_a_body_that_is_too_large_is_refused(server: Server) -> None:
    """Nobody fills our memory through a form."""
    assert Browser(server).post("/login", {"name": "x" * 70_000}).status == 413


GZIP = {"Accept_Encoding": "gzip, deflate"}


@pytest.mark.parametrize("path", ["/login", "/", "/present", "/admin"])
def test_pages_are_compressed_for_whoever_asks(serve: Callable[..., Server], path: str) -> None:
    """A cache in between is told what the answer depends on."""
    server = serve()
    visitor = Browser(server).log_in().become_admin()
    answer, plain = visitor.get(path, **GZIP), visitor.get(path)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    for each in (answer, plain):
        assert "Accept-Encoding" in each.headers["Vary"]
    assert len(answer.body) < 0.7 * len(plain.body)
    assert gzip.decompress(answer.body).startswith(plain.body[:15])


@pytest.mark.parametrize("path", ["/login?lang=en", "/?guess=csrf_token", "/nowhere"])
def test_a_page_that_echoes_a_link_is_not_compressed(server: Server, path: str) -> None:
    """Its length would tell a stranger who chose the link how much of a token he has guessed."""
    answer = Browser(server).log_in().get(path, **GZIP)
    assert "Content-Encoding" not in answer.headers
    assert b"</html>" in answer.body


def test_what_a_form_sends_back_is_not_compressed(serve: Callable[..., Server]) -> None:
    """It holds what was typed."""
    server = serve()
    voter, admin = phone(server), Browser(server).become_admin()
    voter.vote(ADA)
    version = voter.until(type="receipt")["version"]
    typed = voter.browser.post("/login", {"name": "x" * 41}, **GZIP)
    asked = admin.post("/admin/reset", {"round": 1, "version": version, "ask": "1"}, **GZIP)
    assert (typed.status, asked.status) == (422, 200)
    for answer in (typed, asked):
        assert "Content-Encoding" not in answer.headers
        assert b"</form>" in answer.body


def test_words_for_scripts_are_sent_as_they_are(serve: Callable[..., Server]) -> None:
    """Chinese is not blown up to escapes, and what could end the script element is escaped."""
    server = serve(poll_config(question="投票 </script> & 'so'", candidates=["甲", "乙"]))
    page = Browser(server).log_in().get("/", Accept_Language="zh").text
    blocks = re.findall(r'<script type="application/json" id="(\w+)">(.*?)</script>', page)
    assert [name for name, _ in blocks] == ["words", "snapshot", "you"]
    words, snapshot = (text for _, text in blocks[:2])
    assert "投票" in snapshot
    assert json.loads(snapshot)["poll"]["question"] == "投票 </script> & 'so'"
    assert "\\u" not in words.replace("\\u0027", "")
    assert not set("<>&") & set(words + snapshot)


def test_what_a_room_sees_alike_follows_the_room(serve: Callable[..., Server]) -> None:
    """A page is made of the numbers of its moment, in its reader's language, with its own vote."""
    server = serve()
    first, second = phone(server), phone(server)
    for accepted, send in (("en", "Send my vote"), ("zh", "提交")):
        page = second.browser.get("/", Accept_Language=accepted).text
        assert re.search(rf'id="send"[^>]*>{send}', page)
        assert f'<span class="count" data-count="{ADA}">0</span>' in page
    first.vote(ADA)
    first.until(type="receipt")
    marks = []
    for voter in (first, second, first):
        page = voter.browser.get("/", Accept_Language="en").text
        assert f'<span class="count" data-count="{ADA}">1</span>' in page
        marks.append('data-vote="counted"' in page)
    assert marks == [True, False, True]
    second.vote(GRACE)
    second.until(type="receipt")
    for voter, choice in ((first, ADA), (second, GRACE)):
        page = voter.browser.get("/").text
        assert re.findall(r'data-candidate="([^"]+)"[^>]*data-vote="counted"', page) == [choice]
