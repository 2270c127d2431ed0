"""news.py: what a page without a socket has missed, by what it says that it has seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engines import ListJournal, Room
from voting.client import Client
from voting.config import Server
from voting.doorway import Doorway
from voting.feed import RoomFeed
from voting.fleet import Alone
from voting.names import FolderNames
from voting.news import News
from voting.people import People
from voting.protocol import View
from voting.records import Close, Show
from voting.scene import Scene
from voting.tokens import Seen
from voting.turnout import Turnout
from voting.views import view_of
from voting.waiting import Poller


class Pages:
    """A room and its news, and what each page has seen so far."""

    def __init__(self, room: Room, folder: Path) -> None:
        self.room = room
        self.turnout = Turnout(room.state)
        self.doorway = Doorway(Server(public_url="http://vote.example"), 5000, folder)
        self.people = People(room.state, FolderNames(folder), Alone())
        self.news = self._news(self.doorway)
        self.seen: dict[str, Seen] = {}

    def _news(self, doorway: Doorway) -> News:
        name_of = self.people.name_of
        scene = Scene(self.room.engine, self.turnout, doorway, name_of)
        return News(scene, RoomFeed(self.room.state, name_of), self.people)

    def move(self, doorway: Doorway) -> None:
        """Let phones come by another address."""
        self.news = self._news(doorway)

    def ask(self, page: str) -> list[dict[str, Any]]:
        """Return what is new to a page: "screen", "admin", or a voter's."""
        is_voter = page not in ("screen", "admin")
        view: View = view_of(self.room.state, page) if is_voter else page  # type: ignore[assignment]
        poller = Poller(page, lambda: None)
        client = Client(poller, view, voter=page if is_voter else None, name=page.title())
        messages, self.seen[page] = self.news.since(self.seen.get(page), client, view)
        return [json.loads(message) for message in messages]

    def types(self, page: str) -> list[str]:
        return [message["type"] for message in self.ask(page)]


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    with Room() as room:
        yield Pages(room, tmp_path)


def test_who_has_seen_nothing_is_told_everything(pages: Pages) -> None:
    """Voters what is their own, too."""
    assert pages.types("vera") == ["you", "state"]
    assert pages.types("screen") == ["state"]
    assert pages.types("vera") == pages.types("screen") == []


def test_a_vote_is_numbers_to_others_and_an_own_choice_to_its_voter(pages: Pages) -> None:
    """No more than a socket would have sent."""
    for page in ("vera", "paul", "screen"):
        pages.ask(page)
    pages.room.cast("vera").receipt()
    you, tally = pages.ask("vera")
    assert (you["type"], you["choices"], tally["type"]) == ("you", ["ada"], "tally")
    assert pages.types("paul") == pages.types("screen") == ["tally"]


def test_who_comes_and_goes_is_numbers(pages: Pages) -> None:
    """Nothing was recorded, and yet there is something new."""
    pages.ask("screen")
    pages.turnout.came("vera")
    (tally,) = pages.ask("screen")
    assert (tally["type"], tally["online"]) == ("tally", 1)
    pages.turnout.left("vera")
    assert pages.ask("screen")[0]["online"] == 0


def test_a_command_is_a_whole_state(pages: Pages) -> None:
    """To everyone, once."""
    for page in ("vera", "admin"):
        pages.ask(page)
    pages.room.steer(Close)
    assert pages.types("vera") == pages.types("admin") == ["state"]
    assert pages.types("vera") == pages.types("admin") == []


def test_what_a_vote_opens_is_a_whole_state_to_its_voter_alone(pages: Pages) -> None:
    """With `after_vote` the voter sees counts from now on; nobody else does."""
    pages.room.steer(Show, 1, "after_vote")
    for page in ("vera", "paul"):
        assert pages.ask(page)[-1]["counts"] is None
    pages.room.cast("vera").receipt()
    assert pages.ask("vera")[-1]["counts"]["ada"] == 1
    (tally,) = pages.ask("paul")
    assert (tally["type"], tally["counts"]) == ("tally", None)


def test_a_journal_that_cannot_be_written_is_a_whole_state(pages: Pages) -> None:
    """And so is the news that it can be again."""
    pages.ask("screen")
    pages.room.journal.trouble.append("before")
    pages.room.journal.down = True
    assert pages.room.cast("vera").code() == "not_recorded"
    (state,) = pages.ask("screen")
    assert (state["type"], state["recording"]) == ("state", False)
    pages.room.back.clear()
    pages.room.journal.down = False
    assert pages.room.back.wait(10)
    assert pages.ask("screen")[0]["recording"]


def test_another_history_is_a_whole_state(pages: Pages) -> None:
    """However high its version is."""
    pages.ask("vera")
    pages.seen["vera"] = pages.seen["vera"]._replace(epoch="other", version=10**9)
    assert pages.types("vera") == ["state"]


def test_who_was_told_more_by_another_server_is_told_nothing(pages: Pages) -> None:
    """Until this one has caught up: a page never goes backwards."""
    pages.ask("vera")
    ahead = pages.seen["vera"]._replace(version=pages.room.state.version + 1, numbers="other")
    pages.seen["vera"] = ahead
    assert pages.ask("vera") == []
    assert pages.seen["vera"] == ahead
    pages.room.cast("paul").receipt()
    pages.room.cast("mary").receipt()
    assert pages.types("vera") == ["tally"]


def test_another_address_is_news_to_screens_and_not_to_phones(pages: Pages, tmp_path: Path) -> None:
    """Phones have it: they came by it."""
    for page in ("vera", "screen"):
        pages.ask(page)
    other = Doorway(Server(public_url="http://elsewhere.example"), 5000, tmp_path)
    pages.move(other)
    assert pages.ask("screen")[0]["join"] == "http://elsewhere.example"
    assert pages.ask("vera") == []


def test_a_token_tells_nothing_of_what_is_hidden(tmp_path: Path) -> None:
    """Two rooms whose votes differ have the same tokens, where the result is hidden."""
    journal = ListJournal()
    with Room(journal=journal) as room:
        room.steer(Show, 1, "hidden")
    tokens = []
    for choice in ("ada", "bob"):
        with Room(journal=ListJournal(journal.records)) as room:
            pages = Pages(room, tmp_path)
            room.cast("vera", choice=choice).receipt()
            pages.ask("screen")
            pages.ask("paul")
            tokens.append((pages.seen["screen"], pages.seen["paul"]))
    assert tokens[0] == tokens[1]
