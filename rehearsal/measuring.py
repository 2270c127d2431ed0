"""What a rehearsal measures: moments of the server and of the pretended phones, and their costs.

Owns the sums between two moments. Asks nobody: the vitals are handed in.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from rehearsal.crowd import Answered, Crowd
from rehearsal.findings import Costs
from voting.vitals import Vitals


class Moment(NamedTuple):
    """What everything had cost and brought by now; `own` is the phones' processor time."""

    at: float
    vitals: Vitals
    own: float
    frames: int
    receipts: int


def moment(vitals: Vitals, crowd: Crowd) -> Moment:
    """Return the present moment."""
    own = time.process_time()
    return Moment(time.monotonic(), vitals, own, crowd.frames, len(crowd.receipts))


def costs(empty: Moment, full: Moment, joined: int, voting: Sequence[Moment]) -> Costs:
    """Return what the server's computer paid.

    Args:
        empty: before the phones joined.
        full: when they had.
        joined: how many they were.
        voting: before the first vote, perhaps after a time with few votes, and at the end.
    """
    start, end = voting[0], voting[-1]
    each = None
    if empty.vitals.memory is not None and full.vitals.memory is not None:
        each = max(0, full.vitals.memory - empty.vitals.memory) // max(1, joined)
    found = Costs(
        cpu_share=_short(_cpu(start, end) / (end.at - start.at)),
        own_share=_short((end.own - start.own) / (end.at - start.at)),
        arrival_seconds=_short(_cpu(empty, full) / max(1, joined)),
        server_bytes=end.vitals.memory,
        phone_bytes=each,
        free_bytes=empty.vitals.memory_free,
        open_files=empty.vitals.files,
    )
    if len(voting) < 3:
        return found
    # With few votes what is paid are the pictures; what many votes cost beside those, the votes.
    quiet = voting[1]
    frame = _cpu(start, quiet) / max(1, _pictures(start, quiet))
    votes = end.receipts - quiet.receipts
    left = max(0.0, _cpu(quiet, end) - frame * _pictures(quiet, end))
    return msgspec.structs.replace(
        found,
        frame_seconds=_short(frame),
        vote_seconds=_short(left / votes) if votes else None,
    )


def counted_rate(voting: Sequence[Moment]) -> float:
    """Return how many ballots a second were counted, a time with few votes left out."""
    *_, start, end = voting
    return _short((end.receipts - start.receipts) / (end.at - start.at))


def unheld(receipts: Sequence[Answered], version: int, expected: int, gained: int) -> int:
    """Count the receipts that a server does not stand by, which has come to a version.

    By what its tally has gained where so much was expected; and by versions, of which each ballot
    is one: people who vote meanwhile are in the tally, and would hide a loss there.
    """
    held = {receipt.version for receipt in receipts if receipt.version <= version}
    return max(0, expected - gained, len(receipts) - len(held))


def to_screen(crowd: Crowd) -> list[float]:
    """Return for each counted ballot after how many seconds the screen's numbers held it.

    One that the screen never came to show is left out.
    """
    versions = [version for _, version in crowd.shown]
    places = [(receipt, bisect_left(versions, receipt.version)) for receipt in crowd.receipts]
    return [
        crowd.shown[place][0] - receipt.sent for receipt, place in places if place < len(versions)
    ]


def _short(number: float) -> float:
    """Return a number with the digits that were measured; more would be noise."""
    return float(f"{number:.3g}")


def _cpu(since: Moment, until: Moment) -> float:
    return until.vitals.cpu_seconds - since.vitals.cpu_seconds


def _pictures(since: Moment, until: Moment) -> int:
    """Count the messages that came but receipts."""
    return until.frames - since.frames - (until.receipts - since.receipts)
