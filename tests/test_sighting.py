"""sighting.py: what a server remembers of a journal in Redis over its own end."""

from pathlib import Path

import pytest

from voting import sighting
from voting.sighting import NAME, Elsewhere, Sighting, expect_here, is_elsewhere, is_here_again


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sighting, "NOTE_SECONDS", 0.0)


def test_who_has_seen_more_says_so_at_the_next_start(tmp_path: Path) -> None:
    """Of the same history; another one, or a longer one, is no surprise."""
    Sighting(tmp_path).note("first", 7)
    again = Sighting(tmp_path)
    assert again.is_ahead_of("first", 6)
    assert not again.is_ahead_of("first", 7)
    assert not again.is_ahead_of("second", 3)


@pytest.mark.parametrize("text", ["", "first", "first seven", "first 7 8"])
def test_a_file_that_says_nothing_is_no_witness(tmp_path: Path, text: str) -> None:
    """A new folder, and one whose file is torn, start as if nothing had been seen."""
    assert not Sighting(tmp_path).is_ahead_of("first", 0)
    (tmp_path / NAME).write_text(text)
    assert not Sighting(tmp_path).is_ahead_of("first", 0)


def test_a_folder_that_cannot_be_written_holds_up_nothing(tmp_path: Path) -> None:
    """The room can do without this witness."""
    Sighting(tmp_path / "missing").note("first", 7)
    assert not list(tmp_path.iterdir())


def test_a_folder_whose_room_is_in_redis_says_so_until_it_is_moved_back(tmp_path: Path) -> None:
    """Also where the note is torn; the sentence names the file that can be deleted."""
    expect_here(tmp_path)
    Sighting(tmp_path).note("first", 7)
    (tmp_path / NAME).write_text("")
    assert is_elsewhere(tmp_path)
    with pytest.raises(Elsewhere) as refused:
        expect_here(tmp_path)
    assert str(refused.value).startswith(f"The room of {tmp_path} is in Redis: name its config")
    assert str(refused.value).endswith(f"delete {tmp_path / NAME}.")
    for _ in range(2):
        is_here_again(tmp_path)
    expect_here(tmp_path)


def test_notes_keep_their_distance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy room writes no more often than a quiet one."""
    monkeypatch.setattr(sighting, "NOTE_SECONDS", 3_600.0)
    one = Sighting(tmp_path)
    one.note("first", 7)
    one.note("first", 8)
    assert (tmp_path / NAME).read_text() == "first 7\n"
