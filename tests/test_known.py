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
    people.look([])
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
    people.look([VERA])
    assert people.name_of(WIM) == "W"
    others.erase()
    names.keep("x", "a name that is longer than all that was erased")
    names.finish()
    people.look([VERA])
    assert (people.name_of(VERA), people.name_of(WIM)) == ("V", "")
    assert WIM in people
    people.left(VERA)
    assert people.name_of(VERA) == ""
    people.learn(WIM, "Wim", 3.0)
    people.left(WIM)
    people.look([])
    assert people.name_of(WIM) == "Wim"


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
    people.look([])
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
    people.look(["a"])
    assert [person for person in "abcd" if person in people] == ["a", "d"]


def test_a_redis_that_is_away_is_read_later(redis: Redis) -> None:
    """The first look fails, and the next one finds all."""
    room = Room(redis)
    others = SharedNames(room.shared())
    others.keep("v", "Vera")
    others.finish()
    people = Known(SharedNames(room.shared()))
    redis.kill()
    with pytest.raises(OSError, match="Redis"):
        people.look([])
    redis.start()
    people.look([])
    assert people.name_of(VERA) == "Vera"
