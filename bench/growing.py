"""Whether cost grows with the phones and the ticks, and with nothing else.

Owns the run `growth`.
"""

from __future__ import annotations

from typing import NamedTuple

from bench.measure import Meter
from bench.report import Figure
from bench.rooms import VOTERS, Room, room

SECONDS = 3.5
FEW, MANY = 17.0, 170.0
"""Votes a second. Both make the server tick as often as it may."""


class Load(NamedTuple):
    """What a room of one size cost at one rate of votes, a second."""

    cpu: float
    ticks: float


def growth(phones: int) -> list[Figure]:
    """Measure twice the phones, and ten times the votes a second; compare the CPU of a tick."""
    run = "growth"
    with room(VOTERS) as full:
        votes = _load(full, FEW)
        full.fill(phones // 2)
        half = [_load(full, rate) for rate in (FEW, MANY)]
        full.fill(phones)
        whole = [_load(full, rate) for rate in (FEW, MANY)]
    half_tick = (half[0].cpu - votes.cpu) / half[0].ticks
    whole_tick = (whole[0].cpu - votes.cpu) / whole[0].ticks
    # What the second half of the phones added: they do not vote, so no vote's cost is in it.
    added = [
        more.cpu / more.ticks - less.cpu / less.ticks
        for less, more in zip(half, whole, strict=True)
    ]
    return [
        Figure(run, f"CPU of a tick to {phones // 2:,} phones", 1e3 * half_tick, "ms"),
        Figure(run, f"CPU of a tick to {phones:,} phones", 1e3 * whole_tick, "ms"),
        Figure(run, "twice the phones", whole_tick / half_tick, "×", least=1.7, most=2.3),
        Figure(
            run,
            "ten times the votes, CPU of a tick to half the phones",
            added[1] / added[0],
            "×",
            least=0.85,
            most=1.15,
            note=f"to the {phones // 2:,} that came last and do not vote",
        ),
    ]


def _load(full: Room, votes_per_second: float) -> Load:
    full.wait_for_quiet()
    full.vote_steadily(votes_per_second, 1.0, VOTERS)
    meter, seen = Meter(full.server.pid), _tallies(full)
    full.vote_steadily(votes_per_second, SECONDS, VOTERS)
    spent = meter.read()
    ticks = (_tallies(full) - seen) / len(full.phones)
    return Load(spent.cpu / spent.seconds, ticks / spent.seconds)


def _tallies(full: Room) -> int:
    return full.crowd.frames - len(full.crowd.receipts)
