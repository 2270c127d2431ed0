"""Phones that do not listen while the room talks, and an evening of ten thousand messages."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.phones import Browser, Phone
from tests.serving import ADA, Server
from tests.talkers import FAST, MOST, Talker

MESSAGES = 100_000 if os.environ.get("TEST_ALL") else 10_000
SPEAKERS = 4
MOST_MIB = 4.0
"""By how much the server may have grown: far less than what the messages would take, if kept."""

DEAF = {"receive_buffer": 4_096}
"""Of a phone whose kernel takes little when nobody reads."""


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server where the room talks."""
    server = Server(tmp_path_factory.mktemp("hall"), FAST)
    yield server.start()
    server.clear_up()


def numbered(count: int) -> list[str]:
    """Texts as long as they may be: a few of them are more than is sent ahead to anybody."""
    return [f"text {n:05d} ".ljust(280, "票") for n in range(count)]


def test_a_phone_that_stops_listening_is_told_the_newest_afresh(hall: Server) -> None:
    """It keeps its line, through more messages than are kept, and nobody else waits for it."""
    speaker, other = Talker(Browser(hall).log_in()), Talker(Browser(hall).log_in())
    deaf = Talker(Browser(hall).log_in(), **DEAF)
    screen = Phone(Browser(hall), "screen")
    said = numbered(2 * MOST)
    for first in range(0, len(said), 50):
        speaker.say_all(said[first : first + 50])
        other.until(lambda first=first: len(other.wall.held) >= min(first + 50, MOST))
    other.sees(*said[-MOST:])
    assert (other.wall.again, other.wall.afresh) == ([], 1)
    other.line.send({"type": "vote", "ballot": "b", "round": 1, "choices": [ADA]})
    assert screen.until(type="tally", ballots=1)["counts"][ADA] == 1
    deaf.sees(*said[-MOST:])
    assert deaf.wall.afresh == 2
    assert not deaf.has_got(said[MOST - 1])
    deaf.until(lambda: deaf.has_got('"ballots":1'))
    assert deaf.say("I am back")["type"] == "said"
    other.sees(*said[-MOST + 1 :], "I am back")
    screen.close()
    for page in (speaker, other, deaf):
        page.leave()


def test_a_phone_that_was_slow_for_a_while_misses_nothing_and_gets_nothing_twice(
    hall: Server,
) -> None:
    """What is still kept is told in order, as soon as it listens; likewise what is to it alone."""
    speaker = Talker(Browser(hall).log_in(), hears=False)
    deaf = Talker(Browser(hall).log_in(), hears=False, **DEAF)
    said = numbered(MOST - 20)
    for first in range(0, len(said), 30):
        speaker.say_all(said[first : first + 30])
        speaker.say(f"to you {first}", deaf.person)
        speaker.until(lambda first=first: speaker.wall.texts == said[: first + 30])
    deaf.sees(*said)
    assert deaf.wall.again == []
    letters = [f"to you {first}" for first in range(0, len(said), 30)]
    deaf.until(lambda: len(deaf.directs) == len(letters))
    assert [each["text"] for each in deaf.directs.values()] == letters
    speaker.leave()
    deaf.leave()


@pytest.mark.skipif(sys.platform != "linux", reason="how large a process is, Linux says in /proc")
def test_ten_thousand_messages_take_no_memory(hall: Server) -> None:
    """The server is as large after them as it was after the first two thousand."""
    speakers = [Talker(Browser(hall).log_in(), hears=False) for _ in range(SPEAKERS)]
    said = numbered(MESSAGES // SPEAKERS)
    few = MESSAGES // SPEAKERS // 5
    with ThreadPoolExecutor(SPEAKERS) as beside:
        list(beside.map(lambda speaker: speaker.say_all(said[:few]), speakers))
        before = mebibytes(hall)
        list(beside.map(lambda speaker: speaker.say_all(said[few:]), speakers))
    grown = mebibytes(hall) - before
    late = Talker(Browser(hall).log_in())
    late.until(lambda: len(late.wall.held) == MOST)
    print(f"{grown:.1f} MiB more after {MESSAGES} messages")  # noqa: T201  # shown by pytest -s
    assert grown < MOST_MIB


def mebibytes(server: Server) -> float:
    """How much memory a server takes."""
    pages = int(Path(f"/proc/{server.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
