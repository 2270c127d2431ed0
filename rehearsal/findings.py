"""What a rehearsal finds, as numbers for machines. Pure.

Owns their shapes and units. Never judges them: that is `verdict.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Spread(msgspec.Struct, frozen=True):
    """Waiting times, in milliseconds: the middle one, and the one that 99 of 100 stay below."""

    p50: float
    p99: float


class Costs(msgspec.Struct, frozen=True):
    """What the server's computer paid. Seconds are of processor time; None was not measured.

    cpu_share: of a core, while votes came; own_share: that of the pretended phones. arrival: login,
    page, files and socket of one phone. vote, frame: one ballot counted, one message delivered.
    server_bytes: all that the server held; phone_bytes: how much more that was for each phone.
    free_bytes, open_files: what there was for all of them.
    """

    cpu_share: float | None = None
    own_share: float | None = None
    arrival_seconds: float | None = None
    vote_seconds: float | None = None
    frame_seconds: float | None = None
    server_bytes: int | None = None
    phone_bytes: int | None = None
    free_bytes: int | None = None
    open_files: int | None = None


class Findings(msgspec.Struct, frozen=True):
    """What the pretended phones were told, and what it cost.

    voters: phones with a counted ballot. skipped: votes that were asked for when no phone was free.
    receipts_per_second: once votes came as fast as they were to.
    lost: ballots without any answer on lines that stand, and receipts that the server's count does
    not hold. refused: by code. backwards: numbers that went back. cut: lines that the server ended.
    is_whole: whether the rehearsal lasted to its planned end.
    """

    phones: int
    joined: int
    voters: int
    votes: int
    skipped: int
    receipts: int
    receipts_per_second: float
    seconds: float
    lost: int
    refused: dict[str, int]
    backwards: int
    cut: int
    receipt_ms: Spread | None
    screen_ms: Spread | None
    costs: Costs
    is_whole: bool = True


def spread(seconds: Sequence[float]) -> Spread | None:
    """Return the spread of waiting times that were measured; None if there are none."""
    if not seconds:
        return None
    p50, p99 = (quantile(seconds, part) for part in (0.5, 0.99))
    return Spread(round(p50 * 1_000, 1), round(p99 * 1_000, 1))


def quantile(values: Sequence[float], part: float) -> float:
    """Return the value that so large a part of values, one at least, does not exceed."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(len(ranked) * part))]
