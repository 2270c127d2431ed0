"""known.py: names in memory, of who is here and of who came before, and that they can be erased."""

from __future__ import annotations

import os
from pathlib import Path
from time import monotonic

import gevent
import pytest

from tests.redises import Redis
from tests.rooms import Room
from voting import known
from voting.known import Known
from voting.names import FolderNames, Names
from voting.names_redis import SharedNames
from voting.speech import STAGE, person_of

VERA, WIM = person_of("v"), person_of("w")


@pytest.fixture(params=["folder", "redis"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Names, Names]:
    """Names as a server keeps them, and as the command line finds them."""
    if request.param == "folder":
        return FolderNames(tmp_path), FolderNames(tmp_path)
    room = Room(request.getfixturevalue("standing_redis"))
    return SharedNames(room.shared()), SharedNames(room.shared())


def test_names_of_earlier_sessions_are_known(place: tuple[Names, Names]) -> None:
    """The last one of each; what somebody who is here says now is newer, and stays so."""
    names, others = place
    for voter, name in [("v", "Vera"), ("w", "Wim"), ("x", "Xenia"), ("v", "Veronica")]:
        others.keep(voter, name)
    others.keep("x", "")
    others.finish()
    people = Known(names)
    assert VERA not in people
    people.learn(WIM, "Wilma", 2.0)
    people.look([], reads=True)
    people.learn(WIM, "Wim again", 1.0)
    assert [people.name_of(p) for p in (VERA, WIM, "x")] == ["Veronica", "Wilma", ""]
    assert VERA in people
    assert STAGE in people
    assert "x" not in people


def test_erased_names_are_forgotten_and_who_is_here_has_one_while_here(
    place: tuple[Names, Names],
) -> None:
    """Somebody erases them while a server runs; it finds out by itself."""
    names, others = place
    people = Known(names)
    for voter in ("v", "w"):
        names.keep(voter, voter.upper())
        people.learn(person_of(voter), voter.upper(), 1.0)
    names.finish()
    people.look([VERA], reads=True)
    assert people.name_of(WIM) == "W"
    others.erase()
    names.finish()
    later = "a name that is longer than all that was erased"
    names.keep("x", later)
    names.finish()
    people.learn(person_of("x"), later, 2.0)
    assert people.look([VERA], reads=True)
    assert [people.name_of(person_of(voter)) for voter in "vwx"] == ["V", "", later]
    assert WIM in people
    assert people.left([VERA, "a stranger"])
    assert people.name_of(VERA) == ""
    assert not people.left(["a stranger"])


def test_a_page_that_slept_brings_an_erased_name_and_takes_it_along(
    place: tuple[Names, Names],
) -> None:
    """Whoever logged in again meanwhile has a name that is kept, and stays so called."""
    names, others = place
    people = Known(names)
    for voter in ("v", "w"):
        names.keep(voter, voter.upper())
    names.finish()
    people.look([], reads=True)
    others.erase()
    names.finish()
    people.look([], reads=True)
    names.keep("w", "Wim")
    names.finish()
    people.learn(VERA, "V", 2.0)
    people.learn(WIM, "Wim", 2.0)
    assert people.left([VERA, WIM])
    assert people.look([], reads=True)
    assert [people.name_of(p) for p in (VERA, WIM)] == ["", "Wim"]
    assert not people.left([WIM])


@pytest.mark.parametrize("looks", [True, False])
def test_names_that_were_erased_before_they_were_read_do_not_come_back(
    place: tuple[Names, Names], looks: bool
) -> None:
    """While there are no messages names are not read, and forgotten all the same."""
    names, others = place
    names.keep("v", "Vera")
    names.finish()
    people = Known(names)
    people.learn(VERA, "Vera", 1.0)
    if looks:
        people.look([], reads=False)
    others.erase()
    names.finish()
    names.keep("w", "Wim")
    names.finish()
    assert people.look([], reads=True)
    assert [people.name_of(p) for p in (VERA, WIM)] == ["", "Wim"]


def test_very_many_names_hold_nobody_up(tmp_path: Path) -> None:
    """Others have their turn all the while."""
    names = FolderNames(tmp_path)
    many = 100_000 if os.environ.get("TEST_ALL") else 10_000
    line = b'\n{"voter":"%d","name":"Somebody of an earlier evening"}'
    (tmp_path / "names.jsonl").write_bytes(b"".join(line % number for number in range(many)))
    people, turns = Known(names), []

    def take_turns() -> None:
        while True:
            turns.append(monotonic())
            gevent.sleep(0)

    other = gevent.spawn(take_turns)
    people.look([], reads=True)
    other.kill()
    assert person_of(str(many - 1)) in people
    assert len(turns) >= many / 1_000


def test_of_too_many_those_who_came_first_are_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But nobody who is here."""
    monkeypatch.setattr(known, "MOST_KNOWN", 2)
    people = Known(FolderNames(tmp_path))
    for person in "abcd":
        people.learn(person, person.upper(), 1.0)
    people.look(["a"], reads=False)
    assert [person for person in "abcd" if person in people] == ["a", "d"]


def test_a_redis_that_is_away_is_read_later(redis: Redis) -> None:
    """The first look finds nothing, and the next one all."""
    room = Room(redis)
    others = SharedNames(room.shared())
    others.keep("v", "Vera")
    others.finish()
    people = Known(SharedNames(room.shared()))
    redis.kill()
    assert not people.look([], reads=True)
    redis.start()
    assert people.look([], reads=True)
    assert people.name_of(VERA) == "Vera"
