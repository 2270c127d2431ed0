"""The files of deploy/ read by the programs they are for: nginx and Caddy, before a real server."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from tests.fronts import PROXIES, Fronted, direct, program
from tests.phones import Answer, Browser, Closed, Phone, phone
from tests.serving import ADA, CONFIG, EDSGER, GRACE, ROOT, dashboard
from tests.windows import Window, connected, vote

SLIDES = "https://slides.example"
BEHIND = CONFIG.replace(
    'public_url = "http://vote.example:5000"\n',
    f"""public_url = "https://vote.example.org"
proxies = ["127.0.0.1"]

[limits]
sockets_per_address = 3

[embed]
origins = ["{SLIDES}"]
""",
)

ALL = os.environ.get("TEST_ALL")
CODE = "K7Q4M-X2P9A"


@pytest.fixture(scope="module", params=PROXIES if ALL else ["nginx"])
def behind(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fronted]:
    """A server behind a proxy that reads its file of deploy/."""
    server = Fronted(tmp_path_factory.mktemp("behind"), BEHIND, request.param)
    try:
        server.start()
        yield server
    finally:
        server.clear_up()


def poll(browser: Browser, after: str = "", wait: int = 0) -> Answer:
    """Ask for news without a WebSocket."""
    return browser.get(f"/live?view=voter&wait={wait}" + (f"&after={after}" if after else ""))


def post(browser: Browser, round: int, *choices: str) -> Answer:
    """Vote without a WebSocket."""
    message = {"type": "vote", "ballot": "b" + choices[0], "round": round, "choices": choices}
    body = json.dumps(message).encode()
    return browser.ask("POST", "/ballots", body, {"Content-Type": "application/json"})


def test_a_voter_logs_in_over_tls_and_votes_by_every_way(behind: Fronted) -> None:
    """The cookie is for this host and TLS alone; a poll that waits is answered when one votes."""
    page = Browser(behind).get("/login")
    (cookie,) = page.headers.get_all("Set-Cookie") or []
    assert cookie.startswith("__Host-show_of_hands_")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= {*cookie.split("; ")}
    assert "max-age=" in page.headers["Strict-Transport-Security"]

    socket, polling = phone(behind, "Socket"), Browser(behind).log_in("Poll")
    first = poll(polling).json
    assert [message["type"] for message in first["messages"]] == ["you", "state"]
    state = first["messages"][1]
    before = state["counts"]
    with ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(poll, polling, first["after"], 25)
        socket.vote(ADA)
        socket.until(type="receipt")
        news = waiting.result()
    assert news.status == 200
    assert {m["type"] for m in news.json["messages"]} <= {"tally", "state"}
    assert news.json["messages"][-1]["counts"][ADA] == before[ADA] + 1

    counted = post(polling, state["round"]["id"], GRACE)
    assert (counted.status, counted.json["type"]) == (200, "receipt")
    refused = post(polling, 999, EDSGER)
    assert (refused.status, refused.json["code"]) == (409, "stale_round")
    socket.until(type="tally", counts={**before, ADA: before[ADA] + 1, GRACE: before[GRACE] + 1})
    socket.close()


def test_plain_http_is_led_to_tls(behind: Fronted) -> None:
    """And nobody is served without."""
    led = direct(behind.plain, "/present")
    assert led.status in (301, 308)
    assert led.headers["Location"].startswith("https://127.0.0.1")


def test_the_server_knows_who_asks_and_believes_nobody_else(behind: Fronted) -> None:
    """The address behind the proxy is in its log; what a client claims to be is not."""
    claims = {"X_Forwarded_For": "203.0.113.7", "X_Forwarded_Proto": "https"}
    foreign = {"Origin": "https://elsewhere.example", **claims}
    behind.source = "127.0.0.2"
    assert Browser(behind).ask("POST", "/logout", headers=foreign).status == 403
    behind.source = "127.0.0.1"
    past = direct(behind.port, "/logout", "POST", source="127.0.0.9", **foreign)
    assert past.status == 403
    said = behind.wait_for(r'foreign_origin address="127\.0\.0\.9"')
    assert 'foreign_origin address="127.0.0.2"' in said
    assert "203.0.113.7" not in said
    past = direct(behind.port, "/login", source="127.0.0.9", **claims)
    assert (past.headers["Set-Cookie"] or "").startswith("show_of_hands_")


def test_a_limit_on_an_address_is_of_the_visitors_own(behind: Fronted) -> None:
    """One that has all its sockets is refused, whatever it claims; the next one gets in."""
    behind.source = "127.0.0.3"
    opened = [Phone(Browser(behind), "screen") for _ in range(3)]
    for screen in opened:
        screen.until(type="state")
    refused = Phone(Browser(behind), "screen")
    assert refused.until(type="refused")["code"] == "too_many"
    with pytest.raises(Closed, match="1008"):
        refused.next()
    behind.source = "127.0.0.4"
    other = Phone(Browser(behind), "screen")
    assert other.until(type="state")
    behind.source = "127.0.0.1"
    for screen in (*opened, other):
        screen.close()


def test_static_files_are_kept_for_ever(behind: Fronted) -> None:
    """By phones with each proxy; nginx keeps them too, and answers while the server is busy."""
    page = Browser(behind).get("/login").text
    for path in re.findall(r'(?:src|href)="(/static/[^"]+\.(?:js|css))"', page):
        for accepted, encoding in (("gzip", "gzip"), ("identity", None)):
            file = Browser(behind).get(path, Accept_Encoding=accepted)
            assert file.status == 200
            assert "immutable" in file.headers["Cache-Control"]
            assert file.headers["Content-Encoding"] == encoding
            assert file.headers["Vary"] == "Accept-Encoding"
    assert path


def test_the_chart_may_stand_in_frames_of_the_sites_that_are_named(behind: Fronted) -> None:
    """The server's own headers come through, once each."""
    embedded, desk = Browser(behind).get("/embed"), Browser(behind).get("/login")
    (policy,) = embedded.headers.get_all("Content-Security-Policy") or []
    assert f"frame-ancestors 'self' {SLIDES}" in policy
    assert embedded.headers["X-Frame-Options"] is None
    assert desk.headers.get_all("X-Frame-Options") == ["DENY"]
    assert "frame-ancestors 'none'" in desk.headers["Content-Security-Policy"]


def test_a_server_that_starts_anew_is_missed_kindly_and_no_log_has_a_code(behind: Fronted) -> None:
    """Who is there hears it, who comes now reads a sentence; nginx goes on with its copies."""
    secret = f"/login?code={CODE}&link={CODE}"
    (style, *_) = re.findall(r'href="(/static/[^"]+\.css)"', Browser(behind).get("/login").text)
    assert Browser(behind).get(style).status == 200
    Browser(behind).get(secret)
    screen = Phone(Browser(behind), "screen")
    screen.until(type="state")
    with ThreadPoolExecutor(1) as beside:
        stopped = beside.submit(behind.stop)
        with pytest.raises(Closed, match="1001"):
            screen.until(type="never")
        screen.close()
        assert stopped.result() == 0
    away = Browser(behind).get(secret, Referer=behind.url + secret)
    assert (away.status, away.headers["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert (away.headers["Retry-After"], away.headers["Cache-Control"]) == ("5", "no-store")
    assert "This page looks again" in away.text
    assert "自动重试" in away.text
    kept = Browser(behind).get(style).status
    behind.start()
    assert Browser(behind).get("/login").status == 200
    assert CODE not in behind.written
    if behind.proxy == "nginx":
        assert kept == 200
        assert re.search(r'127\.0\.0\.1 \[.*\] "GET /login HTTP/1\.1" 503 ', behind.written)
    else:
        assert re.search(r'"method":"GET".*"uri":"/login".*"status":503', behind.written)


@pytest.mark.browser
@pytest.mark.parametrize("transport", ["websocket", "longpoll"])
def test_a_browser_votes_and_comes_back_after_a_restart(
    behind: Fronted, browser: Chromium, transport: str
) -> None:
    """Over TLS and HTTP/2, where the page is a secure context; meanwhile it says that it waits."""
    window = Window(browser, behind)
    page = window.open("/login", ignore_https_errors=True)
    page.get_by_role("textbox").press("Enter")
    page.goto(f"{behind.url}/?transport={transport}")
    connected(page)
    vote(page, ADA)
    behind.stop()
    expect(page.locator("body")).not_to_have_attribute("data-connection", "connected")
    behind.start()
    connected(page)
    expect(page.locator("#status")).to_have_attribute("data-status", "counted")
    assert page.evaluate("isSecureContext")
    window.close()
    assert [said for said in window.complaints if "503" not in said] == []


def test_systemd_takes_the_unit_and_finds_it_shut(tmp_path: Path) -> None:
    """It starts what there is, with options that there are, and may do next to nothing beside."""
    text = ""
    unit = tmp_path / "show-of-hands.service"
    (dropped_in := tmp_path / "show-of-hands.service.d").mkdir()
    analyze = program("systemd-analyze", "systemd")
    for file in (unit, dropped_in / "workers.conf"):
        said = (ROOT / "deploy" / file.name).read_text("utf-8")
        file.write_text(said.replace("/opt/show-of-hands/.venv/bin/python", "/bin/sh"), "utf-8")
        text += said
        verified = subprocess.run([analyze, "verify", unit], capture_output=True, text=True)
        assert (verified.returncode, verified.stderr) == (0, "")
    rated = subprocess.run(
        [analyze, "security", "--offline=true", unit], capture_output=True, text=True, check=True
    )
    exposure = re.search(r"Overall exposure level .*: ([0-9.]+) ", rated.stdout)
    assert exposure
    assert float(exposure[1]) < 2
    known = dashboard("run", "--help").stdout
    container = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
    option = r"^ +(--config|--data)|run (--workers)|(?:CMD|, )\W*\"(--[a-z]+)\""
    used = re.findall(option, text + container, re.M)
    assert len(used) > 3
    assert all("".join(found) in known for found in used)


@pytest.mark.skipif(not ALL, reason="takes more than a minute; TEST_ALL=1")
@pytest.mark.parametrize("proxy", PROXIES)
def test_a_silence_longer_than_a_proxys_patience_ends_nothing(proxy: str, tmp_path: Path) -> None:
    """A minute without a byte is where they would give up; a long poll has its 25 seconds."""
    server = Fronted(tmp_path, BEHIND + "\n[live]\nping_seconds = 300\n", proxy)
    try:
        server.start()
        silent, polling = phone(server), Browser(server).log_in()
        after = poll(polling).json["after"]
        waits = 0
        while waits < 3:
            answer = poll(polling, after, 25)
            waits += answer.status == 204
            after = after if answer.status == 204 else answer.json["after"]
        silent.vote(ADA)
        assert silent.until(type="receipt")
    finally:
        server.clear_up()
