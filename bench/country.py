"""A country votes: phones, nodes and one Redis, simulated.

Owns what a plan is, and what comes of it. What things cost is told to it (`costs.py`); what a node
and Redis do, one thing after the other, is in `nodes.py` and `streams.py`.
"""

from __future__ import annotations

from functools import partial
from random import Random
from typing import NamedTuple

from bench.costs import Costs
from bench.nodes import Clump, Node
from bench.streams import Redis
from bench.timeline import Timeline
from rehearsal.findings import quantile
from voting.fleet_redis import BEAT_SECONDS
from voting.journal_redis import REST_SECONDS

CLUMPS = 5
"""Moments at which ballots come to a node from one append of it to the next, at most: where there
are more ballots, several come at once. A country of single ballots would take a minute."""


class Plan(NamedTuple):
    """What is to happen: `votes` within `seconds`, evenly on all nodes, at any moment.

    `always`: Redis answers after its disk has. `pause`: the least seconds from an append of a node
    to its next, and from a read to the next.
    """

    nodes: int
    phones: int
    votes: int
    seconds: float
    always: bool = True
    pause: float = REST_SECONDS
    seed: str = "country"


class Outcome(NamedTuple):
    """What came of it. Shares are of one core, the busiest node's; rates are until the last phone
    shows the end.

    `settle`: seconds from the last vote until then. `receipts`: the median, 99 of 100 and the
    slowest, in seconds, from the server's end of the phone's line and back to it.
    """

    seconds: float
    settle: float
    receipts: tuple[float, float, float]
    commands: float
    entries: float
    bytes_in: float
    bytes_out: float
    redis: float
    wire: float
    node: float
    folding: float
    showing: float
    ticks: float
    node_out: float
    folded: int


def simulate(plan: Plan, costs: Costs) -> Outcome:
    """Let a plan happen; the same seed makes the same outcome."""
    timeline = Timeline()
    redis = Redis(timeline, costs, always=plan.always)
    shares = [_share(plan.phones, plan.nodes, place) for place in range(plan.nodes)]
    nodes = [Node(timeline, redis, costs, phones, plan.pause) for phones in shares]
    random = Random(plan.seed)  # noqa: S311 - the same votes in each run
    last = 0.0
    for place, node in enumerate(nodes):
        for clump in _clumps(random, plan, _share(plan.votes, plan.nodes, place)):
            timeline.at(clump.at, partial(node.cast, clump))
            last = max(last, clump.at)
        node.start(random.random())
    timeline.run()
    return _outcome(plan, costs, redis, nodes, last)


def _share(whole: int, parts: int, place: int) -> int:
    return whole // parts + (place < whole % parts)


def _clumps(random: Random, plan: Plan, votes: int) -> list[Clump]:
    most = max(1, int(CLUMPS * plan.seconds / plan.pause))
    moments = sorted(random.random() * plan.seconds for _ in range(min(votes, most)))
    return [
        Clump(moment, _share(votes, len(moments), place)) for place, moment in enumerate(moments)
    ]


def _outcome(plan: Plan, costs: Costs, redis: Redis, nodes: list[Node], last: float) -> Outcome:
    ended = max(node.shown_at for node in nodes)
    delays = [delay for node in nodes for delay in node.delays]
    frames = sum(node.frames for node in nodes)
    to_phones = (frames + plan.votes) * costs.frame_bytes
    beats = plan.nodes / BEAT_SECONDS
    return Outcome(
        seconds=ended,
        settle=ended - last,
        receipts=(quantile(delays, 0.5), quantile(delays, 0.99), max(delays)),
        commands=redis.commands / ended + beats * costs.beat_commands,
        entries=redis.entries / ended,
        bytes_in=redis.bytes_in / ended + beats * costs.beat_bytes,
        bytes_out=redis.bytes_out / ended
        + beats * (costs.beat_bytes + costs.said_bytes * plan.nodes),
        redis=redis.core.busy / ended + beats * costs.redis_beat,
        wire=redis.wire.busy / ended,
        node=max(node.core.busy for node in nodes) / ended,
        folding=max(node.folding for node in nodes) / ended,
        showing=max(node.showing for node in nodes) / ended,
        ticks=frames / plan.phones / ended,
        node_out=to_phones / plan.nodes / ended,
        folded=min(node.folded for node in nodes),
    )
