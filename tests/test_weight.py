"""What a phone loads: few requests, few bytes, in every language."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable

import pytest

from tests.phones import Answer, Browser
from tests.serving import ROOT, Server

MOST_BYTES = 30_000
MOST_REQUESTS = 5
MOST_TALK_BYTES = 16_000
"""Of what comes on top where the room talks, once it does."""

NAMED = re.compile(r'(?:src|href)="(/static/[^"]+)"')
IMPORTED = re.compile(r"^(?:import\b[^(\n]*|@import\b.*)[\"'].*", re.MULTILINE)

LANGUAGES = ["en-GB,en;q=0.9", "zh-CN,zh;q=0.9"]


@pytest.fixture
def shipped(serve: Callable[..., Server]) -> Server:
    """A server with the configuration that comes with the product."""
    config = (ROOT / "config.toml").read_text(encoding="utf-8")
    return serve(config, "--host", "127.0.0.1")


def load(browser: Browser, page: str, language: str) -> dict[str, int]:
    """Load a page and each file that it names; return how many bytes each one brings."""
    asks = {"Accept_Encoding": "gzip, deflate", "Accept_Language": language}
    first = browser.get(page, **asks)
    assert first.headers["Content-Encoding"] == "gzip"
    weights = {page: weight(first)}
    for path in NAMED.findall(gzip.decompress(first.body).decode()):
        answer = browser.get(path, **asks)
        assert answer.headers["Content-Encoding"] == "gzip"
        assert not IMPORTED.findall(gzip.decompress(answer.body).decode()), path
        weights[path] = weight(answer)
    return weights


def weight(answer: Answer) -> int:
    """Count the bytes of an answer as they came, head and body."""
    assert answer.status == 200
    head = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
    return len(f"HTTP/1.1 200 OK\r\n{head}\r\n") + len(answer.body)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_phone_loads_little_to_vote(shipped: Server, language: str) -> None:
    """The voter page with every file but the chart, over the wire, on the Wi-Fi of a full hall."""
    voter = Browser(shipped).log_in()
    weights = load(voter, "/", language)
    assert len(weights) <= MOST_REQUESTS, weights
    assert sum(weights.values()) <= MOST_BYTES, weights


@pytest.mark.parametrize("language", LANGUAGES)
def test_whoever_has_logged_in_has_most_of_the_vote(shipped: Server, language: str) -> None:
    """The login page brings the files of the voter page, so only that page itself is to come."""
    phone = Browser(shipped)
    before = load(phone, "/login", language)
    after = load(phone.log_in(), "/", language)
    assert after.keys() - before.keys() == {"/"}
    assert sum((before | after).values()) <= MOST_BYTES


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_rooms_talk_adds_little_and_only_where_it_is_on(shipped: Server, language: str) -> None:
    """The panel, its style and its script, apart from the page, which names none of them."""
    voter = Browser(shipped).log_in()
    page = load(voter, "/", language)
    assert not [path for path in page if "talk" in path]
    script = next(path for path in page if path.endswith("/js/voter.js"))
    panel = load(voter, "/talk", language)
    asked = {"Accept_Encoding": "gzip", "Accept_Language": language}
    panel["script"] = weight(voter.get(script.replace("voter.js", "talk.js"), **asked))
    assert len(panel) == 3, panel
    assert sum(panel.values()) <= MOST_TALK_BYTES, panel
