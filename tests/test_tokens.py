"""tokens.py: a token says what a page has seen, and nothing else is one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voting.tokens import Seen, digest, read

FIELDS = st.from_regex(r"[A-Za-z0-9_-]{1,30}", fullmatch=True)
SEEN = st.builds(
    Seen, FIELDS, FIELDS, st.integers(min_value=0, max_value=10**15), FIELDS, FIELDS, FIELDS
)


@given(SEEN)
def test_a_token_is_read_as_it_was_written(seen: Seen) -> None:
    """What goes out comes back."""
    assert read(seen.token()) == seen


@given(st.text(max_size=300))
def test_what_is_no_token_is_none(text: str) -> None:
    """Whatever a stranger sends is a token in the one form, or none at all."""
    seen = read(text)
    assert seen is None or seen.token() == text or seen.version == int(text.split(".")[2])


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b.1.c.d",
        "a.b.1.c.d.e.f",
        "a.b.x.c.d.e",
        "a.b.-1.c.d.e",
        "a.b.1e3.c.d.e",
        "a.b.٣.c.d.e",
        "a.b." + "9" * 17 + ".c.d.e",
        "a.b.1.c.d.",
        "a.b.1.c.d.e\n",
        "a.b.1.c.d.<script>",
        "a" * 41 + ".b.1.c.d.e",
        ".".join(["a" * 40, "b" * 40, "1", "c" * 40, "d" * 40, "e" * 40]),
    ],
)
def test_a_token_of_another_form_is_none(token: str) -> None:
    """Numbers are digits, fields are short, and there are six."""
    assert read(token) is None


def test_a_server_that_is_behind_knows_it() -> None:
    """Only versions of one history can be compared."""
    here = Seen("line", "epoch", 7, "a", "b", "c")
    assert here._replace(version=8).is_ahead_of(here)
    assert not here.is_ahead_of(here)
    assert not here._replace(version=8, epoch="other").is_ahead_of(here)


def test_other_contents_have_other_names() -> None:
    """And the same one the same."""
    names = {digest(str(number).encode()) for number in range(1_000)}
    assert len(names) == 1_000
    assert digest(b"7") in names
