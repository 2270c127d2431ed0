"""keys.py: what signs sessions, and for how long."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from voting.keys import GRACE, BadSecret, exist, keys, read, rotate

needs_modes = pytest.mark.skipif(os.name == "nt", reason="needs POSIX file modes")

OLD_FILE = b"5f" * 32
"""As the first versions wrote it: a key, and nothing else."""


def test_a_key_is_made_once(tmp_path: Path) -> None:
    """Sessions survive a restart: later starts find the key of the first."""
    data = tmp_path / "data"
    assert not exist(data)
    assert read(data) is None
    made = keys(data)
    assert len(made.current) >= 32
    assert (keys(data), read(data)) == (made, made)
    assert exist(data)


def test_every_folder_has_a_key_and_a_name_of_its_own(tmp_path: Path) -> None:
    """A session of one room is nothing in another."""
    a, b = keys(tmp_path / "a"), keys(tmp_path / "b")
    assert a.current != b.current
    assert a.name != b.name
    assert a.name not in a.current.decode()


@needs_modes
def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    """Whatever the umask, and also over what a start that was killed has left."""
    (tmp_path / f"secret.key.{os.getpid()}").write_text("left over")
    before = os.umask(0)
    try:
        keys(tmp_path)
        made = mode(tmp_path / "secret.key")
        rotate(tmp_path)
    finally:
        os.umask(before)
    assert made == mode(tmp_path / "secret.key") == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secret.key"]


def test_a_rotation_has_a_new_key_and_keeps_the_old_one_for_a_while(tmp_path: Path) -> None:
    """The room's name stays, or no cookie would be found again."""
    (tmp_path / "secret.key").write_bytes(OLD_FILE + b"\n")
    first = keys(tmp_path)
    assert first.all == [OLD_FILE]
    second, third = rotate(tmp_path), rotate(tmp_path)
    assert second is not None
    assert third is not None
    assert third.all == [OLD_FILE, second.current, third.current]
    assert len(set(third.all)) == 3
    assert third.name == second.name == first.name
    assert read(tmp_path) == third
    for earlier in third.earlier:
        left = earlier.until - datetime.now(UTC)
        assert GRACE - timedelta(minutes=5) < left <= GRACE


def test_a_key_whose_time_is_over_opens_nothing_and_is_forgotten(tmp_path: Path) -> None:
    """At the next start it is not used; the next rotation takes it out of the file."""
    keys(tmp_path)
    rotated = rotate(tmp_path)
    assert rotated is not None
    file = tmp_path / "secret.key"
    year = f"{rotated.earlier[0].until.year}-"
    file.write_text(file.read_text().replace(f"until {year}", "until 2020-"))
    found = keys(tmp_path)
    assert found.all == [rotated.current]
    assert found.name == rotated.name
    rotate(tmp_path)
    assert file.read_text().count("until") == 1


def test_without_a_key_there_is_nothing_to_rotate(tmp_path: Path) -> None:
    """A mistyped folder does not become a room."""
    assert rotate(tmp_path / "nowhere") is None
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"short",
        OLD_FILE + b"\nname x\nuntil 2030-01-01T00:00:00+00:00",
        OLD_FILE + b"\nname x\nuntil soon " + OLD_FILE,
        OLD_FILE + b"\nname x\nuntil 2030-01-01T00:00:00+00:00 zz",
        OLD_FILE + b"\nname x\nuntil 2030-01-01T00:00:00 " + OLD_FILE * 2,
        OLD_FILE + b"\nsomething\nname x",
        b"short\nname x",
    ],
)
def test_a_damaged_file_is_a_sentence_and_stays_as_it_is(tmp_path: Path, text: bytes) -> None:
    """Nobody is logged in by half a key, and nothing is written over it."""
    (tmp_path / "secret.key").write_bytes(text)
    for way in (keys, read, rotate):
        with pytest.raises(BadSecret, match=r"secret\.key .*; delete it, and everybody logs in"):
            way(tmp_path)
    assert (tmp_path / "secret.key").read_bytes() == text


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)
