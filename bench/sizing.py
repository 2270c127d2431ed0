"""What halls of all sizes need: processes, machines, memory, network.

Owns how many processes are proposed for a hall, and the table that begins docs/scale.md. What comes
of it is the simulation's.
"""

from __future__ import annotations

from math import ceil

from bench import table
from bench.costs import Costs
from bench.country import Plan, simulate

HALLS = (
    (500, 1),
    (2_000, 1),
    (5_000, 2),
    (20_000, 4),
    (50_000, 10),
    (100_000, 20),
    (1_000_000, 50),
)
"""Phones, and processes: one until it is full; 5,000 phones on each, and two at least, so that one
may die; of a million 20,000 on each, since more processes would not carry more votes."""

CORES = 8
"""Of a machine, for processes alone."""

STORM_SECONDS = 20.0
"""Within these each phone votes once."""

BALLOTS = 1_000_000

HEAD = (
    "phones",
    "processes",
    "machines",
    "new numbers on a phone",
    "all arrive within, at best",
    "memory of a process: its phones",
    "… and a million ballots",
    "memory of Redis: a million ballots",
    "network of Redis",
)


def halls(costs: Costs) -> str:
    """Return what each hall needs, a line for each."""
    return table.aligned([HEAD, *(_hall(costs, *hall) for hall in HALLS)])


def _hall(costs: Costs, phones: int, processes: int) -> tuple[str, ...]:
    outcome = simulate(Plan(processes, phones, phones, STORM_SECONDS), costs)
    on_each = phones / processes
    redis = (
        table.size(BALLOTS * costs.stream_memory),
        f"{table.size(outcome.bytes_in + outcome.bytes_out)} a second",
    )
    return (
        f"{phones:,}",
        f"{processes}",
        f"{ceil(processes / CORES)}",
        f"{table.number(outcome.ticks)} a second",
        table.seconds(on_each * costs.arrival),
        table.size(on_each * costs.phone_memory),
        table.size(BALLOTS * costs.receipt_memory),
        *(redis if processes > 1 else ("–", "–")),
    )
