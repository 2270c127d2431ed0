"""How far the journal had come: `journal.head`, a second witness beside it.

Owns the file's two slots. Never reads the journal itself.

SQLite takes a shortened write-ahead log without a word. A journal must therefore reach as far as
its head says. The slots are written in turn and in place: a torn write costs one of them, and a
full disk none.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import NamedTuple

from voting.folder import rename
from voting.journal import Damaged

NAME = "journal.head"

SLOT = 4_096
"""Bytes of a slot: no disk writes less at once than it promises to write whole."""


class Head(NamedTuple):
    """The last commit known: its version, its seal, when this was noted, and in which file it is.

    `at` is nanoseconds since 1970, UTC, by the clock that files are stamped with. `inode` is the
    journal file's: a rename keeps it, and no copy beside the file has the same. It is 0 where
    nobody knows it, as in the first heads.
    """

    version: int
    seal: bytes
    at: int
    inode: int


def read(file: Path) -> Head | None:
    """Return the newest head in a file; None if there is no file.

    Raises:
        Damaged: nothing in the file can be trusted.
        OSError: it cannot be read.
    """
    try:
        slots = _slots(file)
    except FileNotFoundError:
        return None
    found = [head for head in slots if head]
    if not found:
        raise Damaged(f"{file.name} is damaged")
    return max(found, key=_age)


def write(file: Path, head: Head) -> None:
    """Note a head; when this returns, it is durable and the one before it still there.

    Raises:
        OSError: it is not known to be noted.
    """
    slot = _encode(head)
    try:
        slots = _slots(file)
    except FileNotFoundError:
        new = file.with_suffix(".head-new")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
            opened.write(slot + bytes(SLOT))
            opened.flush()
            os.fsync(opened.fileno())
        rename(new, file)
        return
    oldest = min(range(2), key=lambda n: _age(slots[n]))
    with open(file, "r+b", buffering=0) as opened:
        opened.seek(oldest * SLOT)
        opened.write(slot)
        # No new block, no new size: what is left to sync is the slot.
        (os.fdatasync if sys.platform == "linux" else os.fsync)(opened.fileno())


def _slots(file: Path) -> list[Head | None]:
    content = file.read_bytes()
    return [_decode(content[start : start + SLOT]) for start in (0, SLOT)]


def _age(head: Head | None) -> tuple[int, int]:
    return (head.version, head.at) if head else (-1, 0)


def _encode(head: Head) -> bytes:
    text = f"{head.version} {head.at} {head.seal.hex()} {head.inode}".encode()
    return (text + b" " + _digest(text)).ljust(SLOT, b"\n")


def _decode(slot: bytes) -> Head | None:
    text, _, digest = slot.rstrip(b"\n").rpartition(b" ")
    if digest != _digest(text):
        return None
    version, at, seal, *inode = text.decode().split(" ")
    return Head(int(version), bytes.fromhex(seal), int(at), int(*inode))


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest().encode()
