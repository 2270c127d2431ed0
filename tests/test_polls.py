"""polls.py: a poll as people write it is checked, and its candidates get their ids."""

import os
import re
from contextlib import suppress
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voting.polls import PollText, read_poll
from voting.records import Candidate, Poll, Results, Rule
from voting.tables import Bad

EXAMPLES = 500 if os.environ.get("TEST_ALL") else 100


def read(**text: Any) -> Poll:
    """Read a poll about Ada and Bob, with some of its text changed."""
    return read_poll({"question": "Who?", "candidates": ["Ada", "Bob"]} | text, "poll", id="p")


def complaint(**text: Any) -> str:
    """Return the sentence with which a text is refused."""
    with pytest.raises(Bad) as caught:
        read(**text)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def ids(*names: Any, taken: tuple[str, ...] = ()) -> list[str]:
    """Return the ids that candidates get."""
    text = {"question": "Who?", "candidates": list(names)}
    return [c.id for c in read_poll(text, "poll", id="p", taken=taken).candidates]


# The rules


def test_a_question_and_its_candidates_are_enough() -> None:
    """All else has a default, and the id is the one that the place gives."""
    assert read() == Poll("p", "Who?", (Candidate("ada", "Ada"), Candidate("bob", "Bob")))


def test_everything_can_be_said() -> None:
    """What the text says is what the poll is."""
    poll = read(
        id="talk",
        question="  谁？ ",
        rule="approval",
        changes=False,
        max_choices=2,
        taps_per_second=5,
        results="hidden",
        countdown=60,
        max_ballots=9,
    )
    assert poll == Poll(
        "talk",
        "谁？",
        (Candidate("ada", "Ada"), Candidate("bob", "Bob")),
        rule="approval",
        changes=False,
        max_choices=2,
        taps_per_second=5,
        results="hidden",
        countdown=60,
        max_ballots=9,
    )


def test_a_polls_text_has_every_setting_of_a_poll() -> None:
    """What a poll can be, people can write."""
    assert set(Poll.__struct_fields__) == set(PollText.__struct_fields__)


@pytest.mark.parametrize("rule", get_args(Rule))
@pytest.mark.parametrize("results", get_args(Results))
def test_every_rule_goes_with_every_kind_of_results(rule: Rule, results: Results) -> None:
    """They are two questions."""
    poll = read(rule=rule, results=results)
    assert (poll.rule, poll.results) == (rule, results)


def test_approval_without_a_limit_takes_every_candidate() -> None:
    """ "As many as you like" is what approval means."""
    assert read(rule="approval").max_choices == 2
    assert read(rule="approval", max_choices=1).max_choices == 1
    assert read(rule="single").max_choices == 1


@pytest.mark.parametrize(
    "text, sentence",
    [
        ({"rule": "approval", "max_choices": 3}, r"max_choices = 3: .* number of candidates, 2"),
        ({"max_choices": 1}, r'max_choices = 1: expected rule = "approval" beside it'),
        ({"rule": "taps", "max_choices": 2}, r'max_choices = 2: expected rule = "approval"'),
        ({"max_choices": 0, "rule": "approval"}, "max_choices = 0: .* from 1 to 100"),
        ({"rule": "twice"}, r'rule = "twice": expected "single", "approval" or "taps"'),
        ({"results": "secret"}, r'results = "secret": expected "live", "after_vote" or "hidden"'),
        ({"changes": "no"}, r'changes = "no": expected true or false'),
        ({"taps_per_second": 0}, "taps_per_second = 0: .* from 1 to 50"),
        ({"taps_per_second": 51}, "taps_per_second = 51: .* from 1 to 50"),
        ({"countdown": 0}, "countdown = 0: .* seconds from 1 to 86400"),
        ({"countdown": 86_401}, "countdown = 86401: .* seconds from 1 to 86400"),
        ({"countdown": 1.5}, "countdown = 1.5: .* whole number of seconds"),
        ({"max_ballots": 0}, "max_ballots = 0: .* from 1 to 10000000"),
        ({"id": "a b"}, r'id = "a b": .* characters a-z'),
        ({"question": " "}, "question = .* not blank"),
        ({"question": "x" * 201}, "question = .* 1 to 200 characters"),
        ({"question": "a\u202fb\x00"}, "question = .* without control characters"),
        ({"question": 7}, "question = 7: .* 1 to 200 characters"),
        ({"candidates": "Ada"}, "candidates = .* a list of names"),
        ({"candidates": []}, r"candidates = \[\]: expected 1 to 100 candidates"),
        ({"candidates": [str(n) for n in range(101)]}, "expected 1 to 100 candidates"),
        ({"candidates": [1]}, r"candidates #1 = 1: expected a name in quotes"),
        ({"candidates": [["Ada"]]}, r"candidates #1 = .* a name in quotes"),
        ({"candidates": ["Ada", ""]}, r"candidates #2.name = .* 1 to 80 characters"),
        ({"candidates": ["Ada", "a\ud800"]}, r"candidates #2 = "),
        ({"candidates": ["Ada", "ADA"]}, r"candidates #2 = .* a name that no other has"),
        (
            {"candidates": [{"name": "A", "id": "x"}, {"name": "B", "id": "x"}]},
            r"candidates #2.id = .* an id that no other has",
        ),
        ({"color": "red"}, "poll.color = .* expected one of question, candidates"),
    ],
)
def test_a_poll_that_cannot_be_asked_is_refused(text: dict[str, Any], sentence: str) -> None:
    """The sentence names the place, the value, and what was expected there."""
    said = complaint(**text)
    assert said.startswith("poll.")
    assert re.search(sentence, said)


@pytest.mark.parametrize("countdown", [1, 86_400, None])
def test_a_countdown_may_be_a_second_or_a_day_or_none(countdown: int | None) -> None:
    """The limits themselves are inside."""
    assert read(countdown=countdown).countdown == countdown


# Candidates


@pytest.mark.parametrize(
    "names, expected",
    [
        (["Ada Lovelace"], ["ada-lovelace"]),
        (["Edsger W. Dijkstra"], ["edsger-w-dij"]),
        (["Zoë"], ["zoe"]),
        (["张三", "李四"], ["c1", "c2"]),
        (["C1", "张三"], ["c1", "c2"]),
        (["C++", "C#"], ["c1", "c2"]),
        (["  Ada   Lovelace "], ["ada-lovelace"]),
        ([{"name": "Ada", "id": "x"}], ["x"]),
        ([{"name": "Ada"}], ["ada"]),
        (["Ada", {"name": "Bob", "id": "ada"}], ["ada1", "ada"]),
    ],
)
def test_a_candidate_has_an_id(names: list[Any], expected: list[str]) -> None:
    """An id is written down, or made from the name, or from the place when there is no Latin."""
    assert ids(*names) == expected


def test_a_name_is_kept_on_one_line() -> None:
    """Spaces around it and in rows are nobody's name."""
    assert read(candidates=["  Ada   Lovelace "]).candidates[0].name == "Ada Lovelace"


def test_an_id_that_was_somebody_elses_is_not_given_again() -> None:
    """A new candidate does not inherit the bars of one who was taken off the ballot."""
    assert ids("Ada", taken=("ada",)) == ["ada1"]
    assert ids("Ada", "张三", taken=("ada", "ada1", "c1")) == ["ada2", "c2"]
    assert ids({"name": "Ada", "id": "ada"}, taken=("ada",)) == ["ada"]


names = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=80).filter(
    str.strip
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.lists(
        names,
        min_size=1,
        max_size=100,
        unique_by=lambda name: " ".join(name.split()).casefold(),
    ),
    st.sets(st.sampled_from(["a", "b", "c1", "c2", "0", "a1"])),
)
def test_all_candidates_have_good_ids_of_their_own(named: list[str], taken: set[str]) -> None:
    """Whatever the names, ids are distinct, not taken, 1 to 12 characters long, and plain."""
    text = {"question": "?", "candidates": named}
    found = read_poll(text, "poll", id="p", taken=taken).candidates
    given_ids = [candidate.id for candidate in found]
    assert len(set(given_ids) - taken) == len(named)
    assert all(re.fullmatch("[a-z0-9_-]{1,12}", id) for id in given_ids)
    assert [candidate.name for candidate in found] == [" ".join(name.split()) for name in named]


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=90),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)
fields = st.sampled_from(PollText.__struct_fields__) | st.text(max_size=9)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.dictionaries(fields, trees | st.sampled_from(["approval", 1, ["Ada"], True])) | trees)
def test_any_text_is_a_poll_or_a_sentence(tree: object) -> None:
    """Nothing but Bad is raised, whatever an editor sends."""
    poll = None
    with suppress(Bad):
        poll = read(**tree) if isinstance(tree, dict) else read_poll(tree, "poll", id="p")
    if poll is not None:
        assert 1 <= poll.max_choices <= len(poll.candidates)
        assert all(candidate.name.strip() for candidate in poll.candidates)
