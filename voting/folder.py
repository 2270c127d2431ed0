"""The data folder: who holds it, and files and renames that survive a power cut.

Owns the lock. Never looks into the files that others keep there.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import BinaryIO

from voting.journal import InUse, Unusable

LOCK = "lock"


def hold(folder: Path) -> BinaryIO:
    """Hold the folder for this process, until the returned file is closed or the process ends.

    Raises:
        Unusable: the folder cannot be used, or (InUse) another process holds it.
    """
    try:
        _make(folder)
        file = open(folder / LOCK, "ab")  # noqa: SIM115 - held open on purpose
    except OSError as error:
        raise Unusable(f"the data folder {folder} cannot be used: {error.strerror}") from error
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise InUse(
            f"another server uses the data folder {folder}; stop it, or give this one its own"
            " with --data"
        ) from None
    os.set_inheritable(file.fileno(), False)
    return file


def rename(source: Path, target: Path) -> None:
    """Rename a file, over another if need be; it is durable when this returns."""
    source.replace(target)
    for folder in {source.parent, target.parent}:
        _sync(folder)


def write_private(file: Path, text: str, *, is_new: bool = False) -> None:
    """Put a text into a file that only its owner may read; afterwards it is there whole.

    Raises:
        FileExistsError: it was to be `is_new`, and there is one.
        OSError: it cannot be written; what was there before still is.
    """
    _make(file.parent)
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)  # a left-over might be readable by others
    try:
        opened = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(opened, "w", encoding="utf-8") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        if is_new:
            _claim(fresh, file)
        rename(fresh, file)  # of two names of one file it would take none away
    finally:
        fresh.unlink(missing_ok=True)


def _claim(fresh: Path, file: Path) -> None:
    """Give a file its name before anybody else gives it to another.

    Raises:
        FileExistsError: somebody has.
    """
    try:
        os.link(fresh, file)
    except FileExistsError:
        raise
    except OSError:  # a file system without links: two at the same moment are for the others
        if file.exists():
            raise FileExistsError(file) from None


def _sync(folder: Path) -> None:
    """Let what was named in a folder survive a power cut."""
    if sys.platform == "win32":  # which cannot open a folder to sync it
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _make(folder: Path) -> None:
    """Make a folder where there is none: who voted what is for its owner's eyes alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
