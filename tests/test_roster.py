"""roster.py: the list of who is here, and what has changed in it since somebody was told."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voting import roster
from voting.protocol import PeopleMessage
from voting.roster import Roster

EXAMPLES = 1_000 if os.environ.get("TEST_ALL") else 100


class Page:
    """What a page makes of the messages that it is told; `after` is the mark of the last."""

    def __init__(self) -> None:
        self.after = ""
        self.names: dict[str, str] = {}
        self.more = 0

    def hear(self, told: PeopleMessage | None) -> PeopleMessage | None:
        if told is not None:
            if told.afresh:
                self.names.clear()
            self.names |= {person.id: person.name for person in told.people}
            for person in told.left:
                self.names.pop(person, None)
            self.after, self.more = told.after, told.more
        return told


names = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["", "Ada", "Bob", "Cyd"]))
pages = st.sets(st.integers(0, 2))


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    steps=st.lists(st.tuples(names, pages)),
    most=st.tuples(st.integers(1, 6), st.integers(1, 6)),
)
def test_every_page_ends_with_the_list_however_rarely_it_asks(
    steps: list[tuple[dict[str, str], set[int]]], most: tuple[int, int]
) -> None:
    """Short lists and short memories of changes too; it holds whoever came, up to its end."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(roster, "MAX_LISTED", most[0])
        patched.setattr(roster, "MOST_CHANGES", most[1])
        told, here = Roster("node"), dict[str, str]()
        all = [Page() for _ in range(3)]
        for changes, asking in [*steps, ({}, {0, 1, 2})]:
            told.update(changes)
            here = {id: name for id, name in (here | changes).items() if name}
            for number in asking:
                page = all[number]
                page.hear(told.since(page.after))
                assert told.since(page.after) is None
                assert page.names.items() <= here.items()
                assert len(page.names) == min(len(here), most[0])
                assert page.more == max(0, len(here) - most[0])


def test_a_page_is_told_changes_and_not_again_the_whole_list() -> None:
    """Who came, who has another name, who left; and nothing where nothing is new."""
    told, page = Roster("node"), Page()
    told.update({"a": "Ada", "b": "Bob", "c": "Cyd"})
    page.hear(told.since("0"))
    told.update({"a": "", "b": "Bo", "c": "Cyd", "d": "Dan"})
    changes = page.hear(told.since(page.after))
    assert changes is not None
    assert ({each.id for each in changes.people}, changes.left) == ({"b", "d"}, ("a",))
    assert not changes.afresh
    told.update({"c": "Cyd"})
    assert told.since(page.after) is None


def test_a_page_may_ask_another_node_each_time() -> None:
    """Where the list is the same it is told nothing; else all, since changes count elsewhere."""
    one, other, page = Roster("one"), Roster("other"), Page()
    one.update({"a": "Ada"})
    one.update({"b": "Bob"})
    other.update({"b": "Bob", "a": "Ada"})
    page.hear(one.since(""))
    assert other.since(page.after) is None
    other.update({"c": "Cyd"})
    told = page.hear(other.since(page.after))
    assert told is not None
    assert told.afresh
    assert one.since(page.after) is not None


@pytest.mark.parametrize("mark", ["0", "nonsense", "node.9", "node.-1.0x0", "node." + "9" * 99])
def test_a_mark_that_is_none_of_ours_is_told_all(mark: str) -> None:
    """It came from a stranger, or from a page of another version."""
    told = Roster("node")
    told.update({"a": "Ada"})
    answer = told.since(mark)
    assert answer is not None
    assert answer.afresh


def test_who_left_makes_room_in_a_full_list_for_who_came_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And the list says how many it has no room for."""
    monkeypatch.setattr(roster, "MAX_LISTED", 2)
    told, page = Roster("node"), Page()
    for person in "abcd":
        told.update({person: person.upper()})
    page.hear(told.since(""))
    assert (page.names, page.more) == ({"a": "A", "b": "B"}, 2)
    told.update({"a": ""})
    page.hear(told.since(page.after))
    assert (page.names, page.more) == ({"b": "B", "c": "C"}, 1)
    told.update({"d": ""})
    page.hear(told.since(page.after))
    assert (page.names, page.more) == ({"b": "B", "c": "C"}, 0)
