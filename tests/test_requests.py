"""requests.py: the head of an HTTP request, read in one way only."""

from __future__ import annotations

import io

import pytest

from voting.requests import MOST_HEADERS, BadHead, Head, check_line


def read(text: str) -> Head:
    return Head(io.BytesIO(text.encode("latin-1")))


def test_headers_are_found_whatever_their_case() -> None:
    """Space around a value is no part of it; what is not there has a default."""
    head = read("Host: example:5000\r\nCONTENT-type:\t text/html \r\nX-Empty:\r\n\r\n")
    assert head.get("HOST") == "example:5000"
    assert head.getheader("content-length") is None
    assert head.get("connection", "close") == "close"
    assert head.typeheader == "text/html"
    assert head.get("x-empty") == ""


def test_a_header_that_comes_twice_is_kept_twice() -> None:
    """Cookies may come in several lines; whoever asks for one gets the first."""
    head = read("Cookie: a=1\r\nCookie: b=2\r\n\r\n")
    assert list(head.headers) == ["Cookie: a=1", "Cookie: b=2"]
    assert head.get("cookie") == "a=1"


def test_what_follows_the_head_is_left_there() -> None:
    """A body, or the next request, is not the head's."""
    lines = io.BytesIO(b"Host: h\r\n\r\nbody: 1\r\n")
    Head(lines)
    assert lines.read() == b"body: 1\r\n"


def test_a_header_can_be_taken_away() -> None:
    """A length beside chunks means nothing."""
    head = read("Content-Length: 5\r\n\r\n")
    del head["content-length"]
    assert head.get("Content-Length") is None


@pytest.mark.parametrize(
    "text",
    [
        "Host : h\r\n\r\n",
        " Host: h\r\n\r\n",
        "Host: h\r\n folded\r\n\r\n",
        "Host\r\n\r\n",
        ": value\r\n\r\n",
        "Ho st: h\r\n\r\n",
        "Høst: h\r\n\r\n",
        "X: a\rY: b\r\n\r\n",
        "X: a\0b\r\n\r\n",
        "Host: a\r\nHost: b\r\n\r\n",
        "Content-Length: 5\r\ncontent-length: 6\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n",
        "Content-Length: 1_0\r\n\r\n",
        "Content-Length: +10\r\n\r\n",
        "Content-Length: \xa010\r\n\r\n",
        "Content-Length: \r\n\r\n",
        "Host: cut",
        "Host: h\r\n",
        "X: " + "long" * 20_000 + "\r\n\r\n",
        "X: " + "y" * 40_000 + "\r\nY: " + "z" * 40_000 + "\r\n\r\n",
        "Host: h\n\n",
        "Host: h\nX: y\r\n\r\n",
        "Host: h\r\n\n",
        "X: y\r\n" * (MOST_HEADERS + 1) + "\r\n",
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(text: str) -> None:
    """A proxy before us and we must never see two different requests in the same bytes."""
    with pytest.raises(BadHead):
        read(text)


def test_a_first_line_is_read() -> None:
    """Whatever the method: what it may do is for others to say."""
    check_line("GET /?lang=%FF HTTP/1.1\r\n")
    check_line("M-SEARCH * HTTP/1.0\r\n")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "GET\r\n",
        "GET /\r\n",
        "GET / HTTP/1.1\n",
        "GET / HTTP/1.1",
        "GET  / HTTP/1.1\r\n",
        "GET / HTTP/2.0\r\n",
        "GET / HTTP/1.1 \r\n",
        " GET / HTTP/1.1\r\n",
        "GET\t/ HTTP/1.1\r\n",
        "GET /\x0b HTTP/1.1\r\n",
        "GET /\x00 HTTP/1.1\r\n",
        "GET /?lang=\xff HTTP/1.1\r\n",
        "G\xc9T / HTTP/1.1\r\n",
    ],
)
def test_a_first_line_with_another_meaning_for_others_is_refused(line: str) -> None:
    """No version, other spaces, other ends, and bytes that every reader decodes in its own way."""
    with pytest.raises(BadHead):
        check_line(line)
