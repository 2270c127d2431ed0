"""neighbours.py: which nodes live, by the clock of the one who listens."""

from __future__ import annotations

from voting.neighbours import LOST_SECONDS, SILENT_SECONDS, Beat, Neighbours

SHORTLY = 0.5


class Ear:
    """A node that listens again and again to what lies in Redis."""

    def __init__(self) -> None:
        self.now = 0.0
        self.there: dict[str, Beat] = {}
        self.neighbours = Neighbours()

    def say(self, name: str, number: int, said: object = None) -> None:
        self.there[name] = (number, {"said": said})

    def listen(self, seconds: float = 0.0) -> list[str]:
        """Listen for so long; return who lives then."""
        end = self.now + seconds
        while True:
            self.neighbours.listen(self.there, self.now)
            if self.now >= end:
                return self.neighbours.alive
            self.now += SHORTLY


def test_who_was_there_before_counts_once_it_beats() -> None:
    """It may have died before; whoever comes later lives."""
    ear = Ear()
    ear.say("dead", 7)
    ear.say("old", 7)
    assert ear.listen() == []
    ear.say("old", 8)
    ear.say("new", 1)
    assert sorted(ear.listen(SHORTLY)) == ["new", "old"]
    assert ear.listen(SILENT_SECONDS - 2 * SHORTLY) == ["old", "new"]


def test_who_stands_still_counts_no_more_and_again_when_it_goes_on() -> None:
    """What it said goes with it; a computer that slept comes back."""
    ear = Ear()
    ear.listen()
    ear.say("a", 1, "three")
    assert ear.listen(SILENT_SECONDS) == ["a"]
    assert ear.neighbours.said("said") == ["three"]
    assert ear.listen(2 * SHORTLY) == []
    assert ear.neighbours.said("said") == []
    ear.say("a", 2, "four")
    assert ear.listen(SHORTLY) == ["a"]
    assert ear.neighbours.said("said") == ["four"]


def test_who_has_not_listened_does_not_take_the_others_for_dead() -> None:
    """Neither when this node slept nor when Redis was away; but not for ever."""
    ear = Ear()
    ear.listen()
    ear.say("a", 1)
    assert ear.listen(SHORTLY) == ["a"]
    ear.now += LOST_SECONDS - 1
    ear.neighbours.hear_nothing(ear.now)
    assert ear.neighbours.alive == ["a"]
    assert ear.listen() == ["a"]
    assert ear.listen(SILENT_SECONDS + SHORTLY) == []
    ear.say("a", 2)
    ear.listen()
    ear.neighbours.hear_nothing(ear.now + LOST_SECONDS + 1)
    assert ear.neighbours.alive == []


def test_who_is_gone_from_redis_is_dead_when_it_is_silent() -> None:
    """A Redis that lost everything has the others back with their next beats."""
    ear = Ear()
    ear.listen()
    ear.say("a", 1)
    ear.say("b", 1)
    ear.listen(SHORTLY)
    ear.there.clear()
    assert ear.listen(SHORTLY) == ["a", "b"]
    ear.say("a", 2)
    assert ear.listen(SILENT_SECONDS - SHORTLY) == ["a"]


def test_what_the_dead_left_behind_is_taken_away_once() -> None:
    """A minute later, by whoever listens."""
    ear = Ear()
    ear.listen()
    ear.say("a", 1)
    ear.listen(LOST_SECONDS)
    assert ear.neighbours.buried == []
    ear.listen(2 * SHORTLY)
    assert ear.neighbours.buried == ["a"]
    ear.there.clear()
    ear.listen(SHORTLY)
    assert ear.neighbours.buried == []
