"""speech.py: what somebody may say, and what they are called."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voting.speech import LETTERS, MAX_TEXT, STAGE, BadText, clean_text, message_id, person_of

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize(
    "typed",
    [
        "x",
        "谁应该做下一次演讲？",
        "مرحبا بالعالم",
        "שלום, world",
        "क्षत्रिय",
        "می‌خواهم",
        FAMILY,
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "\U0001fae8",  # newer than what this Python knows of Unicode
        "<b>&amp;</b> {y}",
        "one\ntwo\n\nthree",
        "n" * MAX_TEXT,
        "票" * MAX_TEXT,
        FAMILY * (MAX_TEXT // len(FAMILY)),
    ],
)
def test_whatever_people_write_is_kept_as_it_is(typed: str) -> None:
    """Every script, joined letters and emoji, lines, markup, up to the last character."""
    assert clean_text(typed) == typed


@pytest.mark.parametrize(
    "typed, kept",
    [
        ("  hello \n", "hello"),
        ("one  \r\ntwo", "one\ntwo"),
        ("one\n\n\n\n \n\ntwo", "one\n\ntwo"),
        ("Zoe\u0308", "Zo\u00eb"),
        ("from\ta table", "from a table"),
        ("from\x0ba\u2028slide\rand\u2029another", "from\na\nslide\nand\nanother"),
        (" " * 300 + "x", "x"),
    ],
)
def test_what_nobody_meant_to_say_is_left_out(typed: str, kept: str) -> None:
    """Space around it, empty lines that push others away, what a pasted slide breaks lines with."""
    assert clean_text(typed) == kept


@pytest.mark.parametrize(
    "typed, expected",
    [
        ("", "something that can be seen"),
        (" \n ", "something that can be seen"),
        ("\u200b\u200d\u2060\ufeff", "something that can be seen"),
        ("\u00ad", "something that can be seen"),
        ("\u3164\u115f\u1160\uffa0\u2800", "something that can be seen"),
        ("x" * (MAX_TEXT + 1), "280 characters"),
        ("x" * 4_096, "280 characters"),
        ("\u0958" * MAX_TEXT, "280 characters"),  # each is two, written properly
        ("a\x00b", "control"),
        ("a\x1b[31mb", "control"),
        ("a\x7fb", "control"),
        ("a\x9bb", "control"),
        ("a\ud800b", "control"),
        *((f"a{turn}b", "direction") for turn in "\u202a\u202b\u202c\u202d\u202e"),
        *((f"a{turn}b", "direction") for turn in "\u2066\u2067\u2068\u2069"),
        ("e" + "\u0301\u0302" * 9, "marks"),
        ("e" + "\u0301\u034f\u0302\u0489" * 9, "marks"),
        ("ก" + "\u0e49" * 9, "marks"),
    ],
)
def test_what_would_spoil_the_wall_is_refused_with_what_was_expected(
    typed: str, expected: str
) -> None:
    """Nothing to be seen, too much, what steers terminals, turns other text round or piles up."""
    with pytest.raises(BadText, match=expected):
        clean_text(typed)


@given(st.text(max_size=400) | st.text(alphabet="a \n\t\u0301\u202e\u200d票\r", max_size=400))
def test_a_text_that_was_cleaned_is_clean(typed: str) -> None:
    """Whatever came: what is kept is kept again as it is, is short, and can be sent as UTF-8."""
    try:
        text = clean_text(typed)
    except BadText:
        return
    assert clean_text(text) == text
    assert 1 <= len(text) <= MAX_TEXT
    assert text == text.strip() == unicodedata.normalize("NFC", text)
    assert text.encode()
    assert "\n\n\n" not in text


def test_people_and_messages_have_names_that_tell_nothing() -> None:
    """Short, always the same, of another kind for each kind, and no way back to the uuid."""
    voter = "6d1a7a6e-52f6-4b83-a9c5-9f2a2f4f6c11"
    person, message = person_of(voter), message_id(voter, "key")
    assert person_of("") == STAGE
    assert not set("aeiou") & set(LETTERS)  # a projector may show the first of them
    assert (person, message) == (person_of(voter), message_id(voter, "key"))
    assert len({person, person_of(voter[:-1]), message[:10], message_id(voter, "kez")[:10]}) == 4
    for name, size in ((person, 10), (message, 12)):
        assert len(name) == size
        assert set(name) <= set(LETTERS)
