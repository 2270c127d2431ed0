"""The data folder: who holds it, and renames that survive a power cut.

Owns the lock. Never looks into the files that others keep there.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import BinaryIO

from voting.journal import Unusable


def hold(folder: Path) -> BinaryIO:
    """Hold the folder for this process, until the returned file is closed or the process ends.

    Raises:
        Unusable: the folder cannot be used, or another process holds it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = open(folder / "lock", "ab")  # noqa: SIM115 - held open on purpose
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
        raise Unusable(
            f"another server uses the data folder {folder}; stop it, or give this one its own"
            " with --data"
        ) from None
    os.set_inheritable(file.fileno(), False)
    return file


def rename(source: Path, target: Path) -> None:
    """Rename a file, over another if need be; it is durable when this returns."""
    source.replace(target)
    if sys.platform != "win32":  # which cannot open a folder to sync it
        for folder in {source.parent, target.parent}:
            opened = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(opened)
            finally:
                os.close(opened)
