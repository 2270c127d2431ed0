"""head.py: a second witness that neither a torn write nor a full disk takes away."""

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from voting import head
from voting.head import SLOT, Head
from voting.journal import Damaged

FIRST, SECOND, THIRD = (Head(n, bytes([n]) * 32, 1_000 * n, 70 + n) for n in (1, 2, 3))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that two heads have been written to, one in each slot."""
    file = tmp_path / "journal.head"
    head.write(file, FIRST)
    head.write(file, SECOND)
    return file


def test_where_nothing_was_noted_there_is_no_head(tmp_path: Path) -> None:
    """A folder without the file is no damage: it may be new, or of an older version."""
    assert head.read(tmp_path / "journal.head") is None


def test_the_newest_head_is_read_back(tmp_path: Path) -> None:
    """All of it comes back as it was noted, whichever slot it is in."""
    file = tmp_path / "journal.head"
    for noted in (FIRST, SECOND, THIRD, Head(4, b"", 0, 0)):
        head.write(file, noted)
        assert head.read(file) == noted


def test_the_same_version_noted_again_is_newer(tmp_path: Path) -> None:
    """The time goes on while nothing is recorded."""
    file = tmp_path / "journal.head"
    for at in (10, 20, 30):
        head.write(file, FIRST._replace(at=at))
    assert head.read(file) == FIRST._replace(at=30)


def test_a_head_that_names_no_file_is_read(tmp_path: Path) -> None:
    """The first heads did not, and their journals must open."""
    file = tmp_path / "journal.head"
    text = b"2 2000 " + SECOND.seal.hex().encode()
    slot = text + b" " + hashlib.sha256(text).hexdigest().encode()
    file.write_bytes(slot.ljust(SLOT, b"\n") + bytes(SLOT))
    assert head.read(file) == SECOND._replace(inode=0)


def test_a_head_is_on_the_disk_once_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one before it gets its name, each later one where it lies: synced when whole."""
    file = tmp_path / "journal.head"
    synced: list[tuple[bool, Head | None]] = []

    def spy(sync: Callable[[int], None]) -> Callable[[int], None]:
        def passed_on(opened: int) -> None:
            sync(opened)
            if not stat.S_ISDIR(os.fstat(opened).st_mode):
                lying = next(there for there in tmp_path.iterdir() if is_open(there, opened))
                synced.append((file.exists(), head.read(lying)))

        return passed_on

    for name in ("fsync", "fdatasync"):
        if hasattr(os, name):
            monkeypatch.setattr(os, name, spy(getattr(os, name)))
    for noted in (FIRST, SECOND, THIRD):
        head.write(file, noted)
    assert synced == [(False, FIRST), (True, SECOND), (True, THIRD)]


def is_open(file: Path, opened: int) -> bool:
    """Say whether a number that the system knows an open file by is this file's."""
    return os.path.samestat(file.stat(), os.fstat(opened))


def test_a_head_is_written_in_place(file: Path) -> None:
    """No new file and no new block: a full disk does not keep the head from going on."""
    before = file.stat()
    head.write(file, THIRD)
    after = file.stat()
    assert (after.st_ino, after.st_size, after.st_blocks) == (
        before.st_ino,
        before.st_size,
        before.st_blocks,
    )


def test_a_torn_write_leaves_the_head_before_it(file: Path) -> None:
    """However much of a slot reaches the disk, the older head or the new one is read."""
    before = file.read_bytes()
    head.write(file, THIRD)
    after = file.read_bytes()
    found = set()
    for cut in [*range(300), SLOT - 1, SLOT, len(after)]:
        file.write_bytes(after[:cut] + before[cut:])
        found.add(head.read(file))
    assert found == {SECOND, THIRD}


def test_the_next_write_spares_the_slot_that_is_whole(file: Path) -> None:
    """After a torn write the only good head is not the one that is written over."""
    content = bytearray(file.read_bytes())
    torn = 0 if head.read(file) == FIRST else content.index(b"2 ")
    content[torn] ^= 1
    file.write_bytes(content)
    assert head.read(file) == FIRST
    head.write(file, THIRD)
    written = file.read_bytes()
    file.write_bytes(written.replace(b"3 3000", b"3 3001"))
    assert head.read(file) == FIRST


@pytest.mark.parametrize("offset", [0, 2, 10, 80, 150, 1_000, SLOT - 1])
@pytest.mark.parametrize("mask", [1, 0x20, 0x80, 0xFF])
def test_a_flipped_byte_costs_one_slot(file: Path, offset: int, mask: int) -> None:
    """The other slot is read; it is true, if older."""
    for start, left in ((0, SECOND), (SLOT, FIRST)):
        content = bytearray(file.read_bytes())
        content[start + offset] ^= mask
        damaged = file.with_name("damaged")
        damaged.write_bytes(content)
        assert head.read(damaged) == left


@pytest.mark.parametrize("content", [b"", b"1", bytes(2 * SLOT), b"\n" * 2 * SLOT, b"x" * 20_000])
def test_a_file_without_a_head_is_damage(tmp_path: Path, content: bytes) -> None:
    """A head file that nobody could have written is not taken for a missing one."""
    file = tmp_path / "journal.head"
    file.write_bytes(content)
    with pytest.raises(Damaged, match=r"^journal\.head is damaged$"):
        head.read(file)


def test_a_damaged_file_is_written_anew(file: Path) -> None:
    """A running server heals its head."""
    file.write_bytes(b"")
    head.write(file, FIRST)
    assert head.read(file) == FIRST
    head.write(file, SECOND)
    assert head.read(file) == SECOND
