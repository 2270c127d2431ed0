"""How many votes a second a fleet keeps up with, and what is full then.

Owns what keeping up means, and the search. What happens at a rate is the simulation's.
"""

from __future__ import annotations

from functools import cache

from bench.costs import Costs
from bench.country import Outcome, Plan, simulate

SPELL = 4.0
"""Seconds of a rate of votes, when it is asked whether a fleet keeps up with it."""

KEPT_UP = 1.0
"""Seconds within which all but one of a hundred receipts come, and the last phone shows the end, by
a fleet that keeps up."""

LEAST_RATE, STEP, STEPS = 1_000.0, 1.1, 70
"""The rates that are tried: each a tenth higher than the one before."""


def keeps_up(outcome: Outcome) -> bool:
    """Say whether a fleet kept up with its votes."""
    return outcome.receipts[1] <= KEPT_UP and outcome.settle <= KEPT_UP


@cache
def most_votes(costs: Costs, nodes: int, phones: int) -> tuple[float, Outcome]:
    """Return the highest rate of votes a second that a fleet keeps up with, within a step."""
    rate, found = 0.0, None
    low, high = 0, STEPS
    while low < high:
        middle = (low + high + 1) // 2
        tried = LEAST_RATE * STEP**middle
        outcome = simulate(Plan(nodes, phones, int(tried * SPELL), SPELL), costs)
        if keeps_up(outcome):
            low, rate, found = middle, tried, outcome
        else:
            high = middle - 1
    if found is None:
        return rate, simulate(Plan(nodes, phones, int(LEAST_RATE * SPELL), SPELL), costs)
    return rate, found


def fullest(outcome: Outcome) -> str:
    """Say what has least room left."""
    shares = {
        "a node's core": outcome.node,
        "Redis's core": outcome.redis,
        "Redis's network": outcome.wire,
    }
    return max(shares, key=lambda name: shares[name])
