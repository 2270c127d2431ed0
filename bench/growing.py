"""Whether a tick's cost grows with the phones, and with nothing else.

Owns the run `growth`. What ticks cost is the server's own account of it (`/admin/vitals`): from
outside they cannot be told from the votes, which cost less where a longer tick lets more of them
share a commit.
"""

from __future__ import annotations

from statistics import mean

from bench.report import Figure
from bench.rooms import Room, room
from rehearsal.remote import RemoteDesk

SECONDS = 2.5
TURNS = 3
"""The two rates take turns: whatever else the machine does falls on both."""

FEW, MANY = 17.0, 170.0
"""Votes a second. Both make the server tick as often as it may."""

VOTERS = 20


def growth(phones: int) -> list[Figure]:
    """Measure twice the phones, and ten times the votes a second; compare the CPU of a tick."""
    run = "growth"
    with room(phones // 2) as full:
        desk = full.desk()
        half = mean(_tick(full, desk, FEW) for _ in range(TURNS))
        full.fill(phones)
        pairs = [(_tick(full, desk, FEW), _tick(full, desk, MANY)) for _ in range(TURNS)]
        whole, busy = (mean(those) for those in zip(*pairs, strict=True))
    return [
        Figure(run, f"CPU of a tick to {phones // 2:,} phones", 1e3 * half, "ms"),
        Figure(run, f"CPU of a tick to {phones:,} phones", 1e3 * whole, "ms"),
        Figure(run, "twice the phones, CPU of a tick", whole / half, "×", least=1.7, most=2.3),
        Figure(run, "ten times the votes, CPU of a tick", busy / whole, "×", least=0.85, most=1.15),
    ]


def _tick(full: Room, desk: RemoteDesk, votes_per_second: float) -> float:
    """Return the seconds of processor that a tick costs at a rate of votes."""
    full.wait_for_quiet()
    full.vote_steadily(votes_per_second, 1.0, VOTERS)
    spent, seen = desk.vitals().ticks_cpu_seconds, _tallies(full)
    full.vote_steadily(votes_per_second, SECONDS, VOTERS)
    ticks = (_tallies(full) - seen) / len(full.phones)
    return (desk.vitals().ticks_cpu_seconds - spent) / ticks


def _tallies(full: Room) -> int:
    return full.crowd.frames - len(full.crowd.receipts)
