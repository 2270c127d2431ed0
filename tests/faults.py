"""Disks that a test takes away from a server, and gives back.

Owns the trouble and its end. Each kind leaves the server running, and hits whatever it writes.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import pytest

from tests.serving import Server

FULL_AT = "4m"
"""The size of the small disk: room for the pages' files and a few thousand ballots."""

LOCKER = """
import sqlite3, sys, time
with sqlite3.connect(sys.argv[1], isolation_level=None) as other:
    other.execute("BEGIN EXCLUSIVE")
    print("locked", flush=True)
    time.sleep(float(sys.argv[2]))
    sys.stdin.readline()
"""


class Fault(Protocol):
    """A way for a disk to fail; `folder` lies on it and is the server's data folder."""

    folder: Path

    def begin(self, server: Server) -> None:
        """Let the server write nothing more."""

    def end(self, server: Server) -> None:
        """Let it write again."""


class FileLimit:
    """No file may grow: to the server, an I/O error."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._usual = resource.getrlimit(resource.RLIMIT_FSIZE)

    def begin(self, server: Server) -> None:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (1, self._usual[1]))

    def end(self, server: Server) -> None:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, self._usual)


class FullDisk:
    """A small disk, filled to the last byte."""

    def __init__(self, disk: Path) -> None:
        self.folder = disk / "data"
        self._ballast = disk / "ballast"

    def begin(self, server: Server) -> None:
        fill(self._ballast)

    def end(self, server: Server) -> None:
        self._ballast.unlink()


def fill(ballast: Path) -> None:
    """Fill a disk with one file."""
    with suppress(OSError), ballast.open("wb", buffering=0) as written:
        while True:
            written.write(bytes(4_096))


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a disk of a few megabytes, where the system lets us."""
    if sys.platform != "linux":
        pytest.skip("a small disk needs Linux's tmpfs")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={FULL_AT}", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("a small disk needs the command mount")
    if mounted.returncode:
        said = mounted.stderr.splitlines()[0]
        pytest.skip(f"a small disk needs root, and leave to mount: {said}")
    try:
        yield folder
    finally:
        # Lazily: whoever still holds a file there must not keep the disk mounted.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def locked(journal: Path, seconds: float) -> Iterator[None]:
    """Let another process hold SQLite's lock on a journal, for so long at least."""
    locker = subprocess.Popen(
        [sys.executable, "-c", LOCKER, str(journal), str(seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with locker:
        assert locker.stdout is not None
        assert locker.stdout.readline() == "locked\n"
        yield
