"""A copy of a data folder, made while its server runs.

Owns what a backup consists of. Needs no lock and changes nothing where it reads, so votes go on
meanwhile. The copy gets its name as the last step, after it was proved like any journal: whatever
lies under that name is whole.

What is put in the place of a data folder is an earlier point of the same history, and phones have
seen more. So the copy's head says what no running journal's says: that it was never noted beside
this file. The start then goes on under a new epoch, whether the copy was copied back or moved.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from voting import database, head, nearby, verify
from voting.folder import LOCK, rename
from voting.head import Head
from voting.journal import NotRecorded, Unusable
from voting.names import FolderNames, Names
from voting.places import Folder, Place
from voting.safe import FolderSafe

OF_THIS_COMPUTER = (LOCK, nearby.NOTE, "journal.*")
"""What is not copied as it lies: who runs here and where, and what the records make anew."""


def back_up(folder: Path, to: Path, place: Place | None = None) -> verify.Report:
    """Copy a data folder to one that is new or empty; return what the copy holds.

    Args:
        folder: where the secrets are.
        to: the copy.
        place: where votes, names and password are, if not there, too.

    Raises:
        Unusable: there is nothing to copy, or it is damaged, or there is no place for the copy.
        NotRecorded, OSError: it cannot be read or written now.
    """
    _expect_room(to)
    place = place or Folder(folder)
    found = place.examine()
    if found.problem:
        raise Unusable(f"{found.problem}; what to do about the journal, `verify` tells")
    if not found.records:
        raise Unusable(f"there is no journal in {place.shown}")
    to.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f"{to.name}.", dir=to.parent))  # for its owner alone
    try:
        for file in _beside_the_journal(folder):
            with suppress(FileNotFoundError):  # it was on its way to another name, and is there now
                shutil.copyfile(file, unfinished / file.name)
        if not isinstance(place, Folder):
            _copy_names(place.names, FolderNames(unfinished))
            if password := place.password():  # the folder may hold one that was given up
                FolderSafe(unfinished).keep_hash(password)
        database.create(unfinished / database.NAME, found.records)
        newest = Head(found.state.version, found.records[-1].seal, at=0, inode=0)
        head.write(unfinished / head.NAME, newest)
        copy = verify.examine(unfinished)
        if copy.problem or copy.records != found.records:
            raise NotRecorded(f"the copy is not what was copied: {copy.problem}")
        for left in unfinished.glob(f"{database.NAME}-*"):
            left.unlink()  # SQLite makes these to read, and anew
        for file in unfinished.iterdir():
            _keep(file)
        _expect_room(to)
        if to.exists():
            to.rmdir()  # only where it is empty
        rename(unfinished, to)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return copy


def _expect_room(to: Path) -> None:
    if to.exists() and not (to.is_dir() and not any(to.iterdir())):
        raise Unusable(f"{to} is not empty; expected a folder that is new or empty")


def _beside_the_journal(folder: Path) -> list[Path]:
    """Return the files of secrets, names and choices."""
    files = [file for file in folder.iterdir() if file.is_file()] if folder.exists() else []
    return [file for file in files if not any(map(file.match, OF_THIS_COMPUTER))]


def _copy_names(source: Names, target: Names) -> None:
    """Write names in the place of those that may lie in a folder from before it was shared."""
    target.erase()
    for voter, name in source.read().items():
        target.keep(voter, name)


def _keep(file: Path) -> None:
    """Let only its owner read a file, and wait until it is on the disk."""
    file.chmod(0o600)
    with open(file, "r+b") as opened:
        os.fsync(opened.fileno())
