"""What Redis does as votes grow tenfold, and as nodes double, while the phones stay as many.

Owns these loads. What grows with votes is bytes; commands must not.
"""

from __future__ import annotations

import sys

from bench.halls import Hall
from bench.report import Figure
from bench.stores import Store
from bench.watching import (
    ALWAYS,
    ANSWER_SECONDS,
    COMMANDS,
    EVERYSEC,
    Watch,
    of_redis,
    running,
)
from rehearsal.findings import quantile

PHONES = 200
SECONDS = 3.0
FEW, MANY = 100.0, 1_000.0
"""Votes a second, in turns, from phones that stay the same."""

WARM_UP_SECONDS = 1.0

LOADS = ((ALWAYS, 2), (ALWAYS, 4), (EVERYSEC, 2))
"""Nodes, and how their Redis writes; the second has twice the nodes of the first."""

GROWTH = "growth"


def loads() -> list[Figure]:
    """Measure Redis as votes grow tenfold, and as nodes double; phones stay as many."""
    figures = []
    commands: dict[tuple[str, int, float], float] = {}
    for fsync, nodes in LOADS:
        sys.stderr.write(f"  Redis under {nodes} nodes, {fsync}\n")
        with running(PHONES, nodes, fsync) as (full, redis):
            for rate in (FEW, MANY):
                run = f"{nodes} nodes, {rate:,.0f} votes a second, {fsync}"
                found = _load(run, full, redis, rate)
                told = {figure.what: figure.value for figure in found}
                commands[fsync, nodes, rate] = told[COMMANDS] or 0.0
                figures += found
    return [*figures, *_growth(commands)]


def _growth(commands: dict[tuple[str, int, float], float]) -> list[Figure]:
    """Say how Redis's commands grew."""
    (fsync, few), (_, many) = LOADS[:2]
    votes = [
        Figure(
            GROWTH,
            f"ten times the votes, commands of Redis: {nodes} nodes, {fsync}",
            commands[fsync, nodes, MANY] / commands[fsync, nodes, FEW],
            "×",
            least=0.7,
            most=1.2,
        )
        for fsync, nodes in LOADS
    ]
    nodes = [
        Figure(
            GROWTH,
            f"twice the nodes, commands of Redis: {rate:,.0f} votes a second",
            commands[fsync, many, rate] / commands[fsync, few, rate],
            "×",
            most=2.2,
        )
        for rate in (FEW, MANY)
    ]
    return [*votes, *nodes]


def _load(run: str, full: Hall, redis: Store | None, votes_per_second: float) -> list[Figure]:
    full.vote_steadily(votes_per_second, WARM_UP_SECONDS, len(full.phones))
    full.crowd.clear()
    watch = Watch(full, redis)
    full.vote_steadily(votes_per_second, SECONDS, len(full.phones))
    spell = watch.read()
    full.wait_for_answers(ANSWER_SECONDS)
    waits = [1e3 * (receipt.at - receipt.sent) for receipt in full.crowd.receipts]
    return [
        *of_redis(run, "", spell),
        Figure(run, "CPU of all nodes", spell.spent.share, "cores", load=spell.spent.load),
        Figure(run, "receipt, median", quantile(waits, 0.5), "ms"),
    ]
