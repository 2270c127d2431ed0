"""names.py: the names that voters gave, apart from the votes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voting.names import FolderNames

FILE = "names.jsonl"


def test_the_last_name_of_a_voter_wins(tmp_path: Path) -> None:
    """Who logs in again under another name has that one."""
    names = FolderNames(tmp_path)
    for voter, name in [("v", "Vera"), ("w", "Wim"), ("v", "Veronica")]:
        names.keep(voter, name)
    assert FolderNames(tmp_path).read() == {"v": "Veronica", "w": "Wim"}


def test_an_empty_name_takes_the_old_one_back(tmp_path: Path) -> None:
    """Who comes again without a name is nobody's namesake."""
    names = FolderNames(tmp_path)
    names.keep("v", "Vera")
    names.keep("v", "")
    assert names.read() == {}


@given(given=st.lists(st.tuples(st.sampled_from("vwx"), st.text(min_size=1))))
def test_any_name_comes_back_as_it_was_given(
    tmp_path_factory: pytest.TempPathFactory, given: list[tuple[str, str]]
) -> None:
    """Quotes, line breaks and other scripts do not spoil the lines around them."""
    names = FolderNames(tmp_path_factory.mktemp("names"))
    for voter, name in given:
        names.keep(voter, name)
    assert names.read() == dict(given)


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_torn_last_line_costs_that_name_alone(tmp_path: Path, cut: int) -> None:
    """Not the one before it, and not the one that is kept after the fault."""
    names = FolderNames(tmp_path)
    names.keep("v", "Vera")
    names.keep("w", "Wim")
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole[:-cut])
    assert names.read() == {"v": "Vera"}
    names.keep("x", "Xenia")
    assert names.read() == {"v": "Vera", "x": "Xenia"}


def test_what_is_no_name_is_passed_over(tmp_path: Path) -> None:
    """Somebody has written into the file by hand."""
    names = FolderNames(tmp_path)
    (tmp_path / FILE).write_bytes(b'\xff\n[]\n{"voter":"v"}\n\n{"voter":1,"name":"One"}')
    names.keep("v", "Vera")
    assert names.read() == {"v": "Vera"}


def test_before_the_first_login_there_is_nothing(tmp_path: Path) -> None:
    """No file is made by asking, or by erasing."""
    names = FolderNames(tmp_path)
    assert (names.read(), names.are_kept) == ({}, False)
    names.erase()
    assert not (tmp_path / FILE).exists()


def test_erased_names_are_gone_and_later_ones_are_kept(tmp_path: Path) -> None:
    """The command line erases in the same file that a running server writes to."""
    running = FolderNames(tmp_path)
    running.keep("v", "Vera")
    before = (tmp_path / FILE).stat().st_ino
    FolderNames(tmp_path).erase()
    assert (tmp_path / FILE).read_bytes() == b""
    assert (running.read(), running.are_kept) == ({}, False)
    running.keep("w", "Wim")
    assert (tmp_path / FILE).stat().st_ino == before
    assert FolderNames(tmp_path).read() == {"w": "Wim"}


def test_who_reads_them_a_piece_at_a_time_learns_that_they_were_erased(tmp_path: Path) -> None:
    """Also by somebody else, while it reads; once, and reading again is no answer."""
    for number in range(2_000):
        FolderNames(tmp_path).keep(f"v{number}", "Vera")
    running = FolderNames(tmp_path)
    assert not running.were_erased()
    pieces = running.pieces()
    assert 1 < len(next(pieces)) < 2_000
    FolderNames(tmp_path).erase()
    assert len(list(pieces)) < 2
    assert list(running.pieces()) == []
    assert (running.were_erased(), running.were_erased()) == (True, False)
    FolderNames(tmp_path).keep("w", "Wim")
    assert list(running.pieces()) == [{"w": "Wim"}]
    assert not running.were_erased()


def test_only_the_owner_can_read_them(tmp_path: Path) -> None:
    """Whatever the usual permissions of new files are."""
    usual = os.umask(0)
    try:
        FolderNames(tmp_path).keep("v", "Vera")
    finally:
        os.umask(usual)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_a_full_disk_costs_the_name_alone(tmp_path: Path) -> None:
    """Nothing is raised where the file cannot be written."""
    (tmp_path / FILE).symlink_to("/dev/full")
    FolderNames(tmp_path).keep("v", "Vera")
    FolderNames(tmp_path / "nowhere").keep("v", "Vera")
