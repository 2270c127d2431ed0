"""Puts a journal of the good records in the place of a damaged one.

Owns the order of the steps. Throws nothing away: what was there goes into a folder of its own.

However far it comes before it is killed, no start takes what is left for a whole journal: the new
head comes first, and only the new journal agrees with it. It names the new journal's file, which
stays the same through its renames. A repair that has come that far is ended by the next one.
"""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from voting import database, head
from voting.folder import hold, rename
from voting.head import Head
from voting.journal import Unusable
from voting.records import FORMAT, Begin, Record, encode, last_version, sealed
from voting.verify import PREPARED, examine


def repair(folder: Path, clock: Callable[[], int]) -> Path | None:
    """Go on from the last good record, under a new epoch, if the journal is damaged.

    Args:
        folder: where the journal is.
        clock: milliseconds since 1970, UTC.

    Returns:
        The folder with the damaged files; None if nothing is wrong.

    Raises:
        Unusable: a server runs on the folder, or this is nothing that a repair could help.
        NotRecorded, OSError: it cannot be read or written now.
    """
    report = examine(folder)
    if report.problem is None:
        return None
    if not report.is_damaged:
        raise Unusable(f"a repair cannot help: {report.problem}")
    with closing(hold(folder)):
        if not (folder / PREPARED).exists():
            _prepare(folder, clock)
        return _exchange(folder)


def _prepare(folder: Path, clock: Callable[[], int]) -> None:
    good = examine(folder)
    begin = Record(max(clock(), good.state.at), encode(Begin(FORMAT, secrets.token_hex(8))))
    records = [*good.records, *sealed(good.state.chain, [begin])]
    new_head = folder / "journal.repairing-head"
    new_journal = folder / "journal.repairing"
    new_head.unlink(missing_ok=True)
    database.create(new_journal, records)
    inode = new_journal.stat().st_ino
    head.write(new_head, Head(last_version(records), records[-1].seal, time.time_ns(), inode))
    aside = folder / f"damaged-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
    aside.mkdir()
    old_head = folder / head.NAME
    if old_head.exists():
        shutil.copyfile(old_head, aside / head.NAME)
    rename(new_head, old_head)
    rename(new_journal, folder / PREPARED)


def _exchange(folder: Path) -> Path:
    aside = max(folder.glob("damaged-*"))
    for old in sorted(folder.glob(f"{database.NAME}*")):
        rename(old, aside / old.name)
    for left in folder.glob(f"{PREPARED}-*"):
        left.unlink()
    rename(folder / PREPARED, folder / database.NAME)
    return aside
