"""logbook.py: one line an event, whatever is in it, and whoever reads it or does not."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import gevent
import pytest

from tests.phones import Browser, phone
from tests.serving import ADA, CONFIG, Server
from voting import logbook
from voting.logbook import MOST_LINES, Logbook

HOSTILE = 'a\nb\r\n2026 started port=1 \x1b[2J \x7f \x9b31m \u2028 \u202e "q" \ud800'


@pytest.fixture
def lines(capfd: pytest.CaptureFixture[str]) -> Callable[[Logbook], list[str]]:
    """What a logbook has written since the last look."""

    def look(book: Logbook) -> list[str]:
        book.finish(10)
        return capfd.readouterr().err.splitlines()

    return look


Lines = Callable[[Logbook], list[str]]


@contextmanager
def nobody_reads() -> Iterator[int]:
    """Let standard error be a pipe that is full; its other end is given."""
    kept = os.dup(logbook.STANDARD_ERROR)
    outlet, inlet = os.pipe()
    os.set_blocking(inlet, False)
    with suppress(BlockingIOError):
        while True:
            os.write(inlet, bytes(4_096))
    os.set_blocking(inlet, True)
    os.dup2(inlet, logbook.STANDARD_ERROR)
    os.close(inlet)
    try:
        yield outlet
    finally:
        os.dup2(kept, logbook.STANDARD_ERROR)
        os.close(kept)
        os.close(outlet)


def test_a_line_for_people_has_time_event_and_facts(lines: Lines) -> None:
    """Texts are quoted, numbers are not."""
    book = Logbook()
    book.note("started", port=5000, voters="open", share=0.5, reason=None)
    (line,) = lines(book)
    assert re.fullmatch(
        r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d started port=5000 voters="open" share=0.5 reason=null',
        line,
    )


def test_a_line_for_programs_is_an_object(lines: Lines) -> None:
    """The time is UTC, and the facts keep their types."""
    book = Logbook()
    book.configure("json")
    book.note("started", port=5000, voters="open")
    (line,) = lines(book)
    said = json.loads(line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", said.pop("time"))
    assert said == {"event": "started", "port": 5000, "voters": "open"}


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_line_cannot_be_forged(lines: Lines, style: Any) -> None:
    """A fact with line breaks, escapes and characters that turn a line around is one plain line."""
    book = Logbook()
    book.configure(style)
    book.note("bad_request", reason=HOSTILE)
    (line,) = lines(book)
    assert line.isascii()
    assert line.isprintable()
    quoted = line.partition("reason=")[2] if style == "text" else line
    told = json.loads(quoted)
    assert (told if style == "text" else told["reason"]) == HOSTILE


def test_a_long_fact_is_cut(lines: Lines) -> None:
    """A stranger cannot fill the disk with one request."""
    book = Logbook()
    book.note("bad_request", reason="x" * 100_000)
    (line,) = lines(book)
    assert len(line) < 300


def test_nothing_is_written_where_nothing_is_wanted(lines: Lines) -> None:
    """`log = "off"` means it; a sentence for the person at the terminal still comes."""
    book = Logbook()
    book.configure("off")
    book.note("started")
    book.note_rarely("bad_request", "192.0.2.1")
    book.say("Stopping.")
    assert lines(book) == ["Stopping."]


def test_an_address_is_worth_a_line_a_second(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first line comes at once; then how many more there were; then nothing is remembered."""
    monkeypatch.setattr(logbook, "RARELY_SECONDS", 0.1)
    book = Logbook()
    for _ in range(100):
        book.note_rarely("bad_request", "192.0.2.1", reason="head")
    book.note_rarely("bad_upgrade", "192.0.2.1", reason="key")
    book.note_rarely("bad_request", "192.0.2.2", reason="size")
    for _ in range(10):
        gevent.sleep(0.05)
    book.note_rarely("bad_request", "192.0.2.1", reason="again")
    assert [line.partition(" bad_")[2] for line in lines(book)] == [
        'request address="192.0.2.1" reason="head"',
        'upgrade address="192.0.2.1" reason="key"',
        'request address="192.0.2.2" reason="size"',
        'request address="192.0.2.1" more=99',
        'request address="192.0.2.1" reason="again"',
    ]


def test_strangers_beyond_number_share_a_line(
    lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has a million addresses does not have a million lines, nor our memory."""
    monkeypatch.setattr(logbook, "MOST_STRANGERS", 3)
    book = Logbook()
    for last in range(100):
        book.note_rarely("bad_request", f"192.0.2.{last}")
    told = lines(book)
    assert len(told) == 4
    assert told[-1].endswith('address="others"')


def test_a_mistake_is_one_line_with_its_traceback(lines: Lines) -> None:
    """It says what, and where."""
    book = Logbook()
    try:
        raise LookupError("a mistake of ours\nwith a second line")
    except LookupError:
        book.mistake()
    (line,) = lines(book)
    assert re.search(r' mistake where="test_logbook\.py:\d+" trace=', line)
    assert "Traceback" in line
    assert "LookupError: a mistake of ours\\nwith a second line" in line


def test_the_same_mistake_again_is_counted(lines: Lines) -> None:
    """Whoever finds out how to cause one must not fill the disk with it."""
    book = Logbook()
    for _ in range(1_000):
        try:
            raise LookupError("again")
        except LookupError:
            book.mistake()
    try:
        raise LookupError("elsewhere")
    except LookupError:
        book.mistake()
    assert sum("LookupError" in line for line in lines(book)) == 2


def test_a_terminal_that_nobody_reads_holds_nobody_up(capfd: pytest.CaptureFixture[str]) -> None:
    """Noting never waits, the queue is bounded, and what was lost is counted and said."""
    book = Logbook()
    with nobody_reads() as outlet:
        began = time.process_time()
        for _ in range(MOST_LINES + 500):
            book.note("event")
        assert time.process_time() - began < 5  # and no wait at all, or this would never end
        assert 499 <= book.lost <= 500
        book.finish(0.05)  # the end of the process does not wait either
        while book.lost and b"lines_dropped" not in os.read(outlet, 65_536):
            pass
        book.finish(10)


def test_an_end_that_nobody_hears_is_no_end_of_ours(lines: Lines) -> None:
    """Where standard error is closed, lines are lost, and counted."""
    kept = os.dup(logbook.STANDARD_ERROR)
    os.close(logbook.STANDARD_ERROR)
    book = Logbook()
    try:
        book.note("event")
        book.finish(10)
    finally:
        os.dup2(kept, logbook.STANDARD_ERROR)
        os.close(kept)
    assert book.lost == 1
    book.note("heard")
    assert [line.endswith(" heard") for line in lines(book)] == [True]


def test_a_server_says_its_events_and_nothing_about_people(serve: Callable[..., Server]) -> None:
    """Start, commands and end, as JSON; none for votes, and no name, code or voter anywhere."""
    server = serve(CONFIG + 'log = "json"\n')
    voter = phone(server, "Ada Secret")
    voter.vote(ADA)
    code = voter.until(type="receipt")["code"]
    admin = Browser(server).become_admin()
    assert admin.steer("close", voter.state).status == 200
    assert admin.steer("close", voter.state).status == 409
    server.stop()
    server.wait_for(r'"event":"stopping"')
    lines = [line for line in server.said.splitlines() if line.startswith("{")]
    started, came, closed, refused, stopping = map(json.loads, lines)
    assert started["event"] == "started"
    assert (started["port"], started["data"]) == (server.port, str(server.folder / "data"))
    assert (started["voters"], started["transports"]) == ("open", "websocket,longpoll,poll")
    assert (came["event"], came["by"], came["address"]) == ("admin_in", "link", "127.0.0.1")
    assert (closed["event"], closed["what"], closed["outcome"]) == ("command", "close", "done")
    assert (refused["what"], refused["outcome"]) == ("close", "conflict")
    assert came["session"] == closed["session"] == refused["session"] != ""
    assert (stopping["event"], stopping["because"]) == ("stopping", "asked")
    held = (server.link, *admin.cookies.values(), *voter.browser.cookies.values())
    for secret in ("Secret", code, *held):
        assert secret not in "".join(lines)
