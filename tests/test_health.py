"""health.py: a watcher over the server hears whether it lives and can take ballots."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from tests.phones import Browser, Phone, phone
from tests.serving import ADA, Server


@contextmanager
def locked(server: Server) -> Iterator[None]:
    """Hold the journal's lock for writing, as a program that makes a copy might."""
    file = server.folder / "data" / "journal.sqlite"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def test_a_server_that_can_take_ballots_is_alive_and_ready(server: Server) -> None:
    """Both routes answer 200 with a few bytes."""
    watcher = Browser(server)
    assert watcher.get("/healthz").status == 200
    ready = watcher.get("/readyz")
    assert (ready.status, ready.json) == (200, {"ready": True})


def test_a_server_that_cannot_write_its_journal_is_alive_but_not_ready(server: Server) -> None:
    """It says why in one sentence, and is ready again once it can write, without a restart."""
    watcher, voter = Browser(server), phone(server)
    screen = Phone(Browser(server), "screen")
    with locked(server):
        voter.vote(ADA)
        screen.until(type="state", recording=False)
        refused = watcher.get("/readyz")
        assert refused.status == 503
        assert refused.json["ready"] is False
        assert refused.json["reason"].count(".") == 1
        assert watcher.get("/healthz").status == 200
    screen.until(type="state", recording=True)
    assert watcher.get("/readyz").status == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_watcher_learns_nothing_about_the_room(server: Server, path: str) -> None:
    """The answer is the same before and after a vote, sets no cookie, and no cache keeps it."""
    watcher, voter = Browser(server), phone(server)
    before = watcher.get(path)
    voter.vote(ADA)
    voter.until(type="receipt")
    after = watcher.get(path)
    assert before.body == after.body
    assert after.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in after.headers
