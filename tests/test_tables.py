"""tables.py: a table is read into its struct, or a sentence says what was expected."""

from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta

from voting.tables import Bad, Switch, Text, expected, no_others, table


class Lamp(msgspec.Struct, frozen=True):
    """What the tables of these tests describe."""

    colour: Text
    watts: Annotated[int, Meta(ge=1, le=60, description="a whole number from 1 to 60")] = 40
    dims: Switch = False
    shade: Annotated[str, Meta(max_length=3, description="a short text")] | None = None


def complaint(tree: object) -> Bad:
    """Return what is said of a table that cannot be taken."""
    with pytest.raises(Bad) as caught:
        table(Lamp, tree, "lamp")
    return caught.value


def test_a_table_becomes_its_struct() -> None:
    """What is there is taken, the rest has its default."""
    assert table(Lamp, {"colour": "red", "watts": 7}, "lamp") == Lamp("red", 7, False, None)
    assert table(Lamp, {"colour": "red", "shade": "no"}, "lamp").shade == "no"


@pytest.mark.parametrize(
    "tree, key, sentence",
    [
        (7, "lamp", "lamp = 7: expected a table of settings"),
        ([], "lamp", "lamp = []: expected a table of settings"),
        ({}, "lamp.colour", "lamp.colour is missing: expected a text in quotes that is not empty"),
        (
            {"colour": ""},
            "lamp.colour",
            'lamp.colour = "": expected a text in quotes that is not empty',
        ),
        (
            {"colour": "red", "watts": 61},
            "lamp.watts",
            "lamp.watts = 61: expected a whole number from 1 to 60",
        ),
        (
            {"colour": "red", "watts": True},
            "lamp.watts",
            "lamp.watts = true: expected a whole number from 1 to 60",
        ),
        (
            {"colour": "red", "dims": 1},
            "lamp.dims",
            "lamp.dims = 1: expected true or false",
        ),
        (
            {"colour": "red", "shade": "long"},
            "lamp.shade",
            'lamp.shade = "long": expected a short text',
        ),
        (
            {"colour": "red", "watt": 7},
            "lamp.watt",
            'lamp.watt = 7: expected one of colour, watts, dims, shade (did you mean "watts"?)',
        ),
        (
            {"colour": "red", "x": 7},
            "lamp.x",
            "lamp.x = 7: expected one of colour, watts, dims, shade",
        ),
    ],
)
def test_what_cannot_be_taken_is_named_with_what_was_expected(
    tree: object, key: str, sentence: str
) -> None:
    """Key, value as it is written in TOML, and the words of the field."""
    bad = complaint(tree)
    assert (bad.key, str(bad)) == (key, sentence)


@pytest.mark.parametrize("value", ["x" * 1_000, ["x" * 1_000], {"x": "x" * 1_000}])
def test_a_long_value_is_cut(value: Any) -> None:
    """A value of a thousand letters does not bury the sentence."""
    assert len(str(complaint({"colour": "red", "watts": value}))) < 200


def test_a_text_is_shown_as_it_was_written() -> None:
    """Letters of any script stand in the sentence as they are."""
    assert 'watts = "六十"' in str(complaint({"colour": "red", "watts": "六十"}))


def test_the_words_for_a_field_can_be_asked_for() -> None:
    """For checks that a struct cannot make."""
    assert expected(Lamp, "watts") == "a whole number from 1 to 60"
    assert expected(Lamp, "shade") == "a short text"


def test_keys_that_are_known_pass() -> None:
    """Where a table has no struct, its keys are checked all the same."""
    no_others({"a": 1}, ["a", "b"], "")
    with pytest.raises(Bad, match=r"^bb = 1: expected one of a, b"):
        no_others({"bb": 1}, ["a", "b"], "")
