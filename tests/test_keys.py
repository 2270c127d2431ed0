"""keys.py: what signs sessions, and for how long."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.serving import ROOT, START_SECONDS
from voting import keys as keys_module
from voting.keys import BEFORE, GRACE, VARIABLE, BadSecret, exist, keys, read, rotate

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


# Given by the environment, and to several at once


def test_several_that_start_at_once_on_an_empty_folder_agree(tmp_path: Path) -> None:
    """Whoever is first makes the key; it is never replaced by the second's."""
    code = (
        "import sys; from pathlib import Path; from voting.keys import keys;"
        "sys.stdin.readline(); print(keys(Path(sys.argv[1])).current.decode())"
    )
    starting = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "data")],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for one in starting:
        assert one.stdin
        one.stdin.write("now\n")
        one.stdin.flush()
    made = {one.communicate(timeout=START_SECONDS)[0].strip() for one in starting}
    assert made == {keys(tmp_path / "data").current.decode()}
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["secret.key"]


def test_who_comes_second_takes_the_key_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the first one's file appears at the very last moment."""
    write, theirs = keys_module.write_private, b"5a" * 32

    def late(file: Path, text: str, *, is_new: bool = False) -> None:
        file.write_bytes(theirs)
        write(file, text, is_new=is_new)

    monkeypatch.setattr(keys_module, "write_private", late)
    assert keys(tmp_path).current == theirs


def test_the_environment_takes_the_files_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key, and the one that was there before it; no file is written or read."""
    old, new = "an old one, in four words or more", "n" * 40
    monkeypatch.setenv(VARIABLE, f"{old}\n")
    first = keys(tmp_path / "data")
    monkeypatch.setenv(VARIABLE, new)
    monkeypatch.setenv(BEFORE, old)
    second = keys(tmp_path / "data")
    assert (first.all, second.all) == ([old.encode()], [old.encode(), new.encode()])
    assert second.name == first.name
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("text", ["x" * 31, "", " " * 40])
def test_a_short_secret_in_the_environment_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """Nobody is let in by what can be guessed; the sentence says how a good one is made."""
    for name in (BEFORE, VARIABLE):
        monkeypatch.setenv(VARIABLE, "x" * 32)
        monkeypatch.setenv(name, text)
        with pytest.raises(BadSecret, match=f"^{name} is too short; .*openssl rand"):
            keys(tmp_path)


def test_an_earlier_secret_alone_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would sign nothing, and whoever gave it means the key that signs to be given, too."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv(BEFORE, "x" * 32)
    with pytest.raises(BadSecret, match=f"^{BEFORE} is given without {VARIABLE}"):
        keys(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_file_that_leads_nowhere_is_a_sentence(tmp_path: Path) -> None:
    """A link to a disk that is not there must not be taken for an empty folder."""
    (tmp_path / "secret.key").symlink_to(tmp_path / "gone" / "secret.key")
    with pytest.raises(BadSecret, match="leads nowhere"):
        keys(tmp_path)


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)
