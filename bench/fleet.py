"""What a vote and a frame cost one node on its own file, one on Redis, and two; what Redis does.

Owns the run `fleet`. Each arrangement has nodes of its own, and a redis-server of its own.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import NamedTuple

import gevent
import msgspec

from bench import table
from bench.halls import Hall
from bench.loads import GROWTH, loads
from bench.report import FILE as REPORT
from bench.report import Figure, Report
from bench.stores import Store
from bench.watching import ALWAYS, ANSWER_SECONDS, EVERYSEC, Watch, of_redis, running
from rehearsal.findings import quantile

FILE = REPORT.with_name("fleet.json")

PHONES = 2_000
STORM_SECONDS = 2.0
VOTES_PER_SECOND = 17
SHOW_SECONDS = 3.0
FLOODERS = 500
FLOOD_SECONDS = 3.0
WARM_UP_SECONDS = 0.5

FRAME = "a frame to a phone"


class Arrangement(NamedTuple):
    """So many nodes, and how their Redis writes to its disk; "" for a file of their own."""

    name: str
    nodes: int
    fsync: str


ARRANGEMENTS = (
    Arrangement("one node, SQLite", 1, ""),
    Arrangement("one node, Redis", 1, ALWAYS),
    Arrangement("two nodes, Redis", 2, ALWAYS),
    Arrangement("two nodes, Redis, everysec", 2, EVERYSEC),
)


def fleet(phones: int) -> list[Figure]:
    """Measure all arrangements, then Redis as votes and nodes grow."""
    figures = [figure for one in ARRANGEMENTS for figure in _arranged(one, phones)]
    return [*figures, *loads()]


def shown(report: Report) -> str:
    """Return what was measured as three tables: the arrangements, Redis's loads, their growth."""
    names = {one.name for one in ARRANGEMENTS}
    arranged = [figure for figure in report.figures if figure.run in names]
    grown = [figure for figure in report.figures if figure.run == GROWTH]
    loaded = [figure for figure in report.figures if figure.run not in {*names, GROWTH}]
    some = (msgspec.structs.replace(report, figures=part) for part in (arranged, loaded, grown))
    first, *rest = (table.beside(part) for part in some)
    return "\n".join([first, *(tables.partition("\n\n")[2] for tables in rest)])


def _arranged(one: Arrangement, phones: int) -> list[Figure]:
    sys.stderr.write(f"  {one.name}\n")
    with running(phones, one.nodes, one.fsync) as (full, redis):
        figures = _storm(one.name, full, redis)
        figures += _show(one.name, full, redis)
        for phone in full.phones[FLOODERS:]:
            phone.leave()
        del full.phones[FLOODERS:]
        full.wait_for_quiet()
        return figures + _flood(one.name, full, redis)


def _storm(run: str, full: Hall, redis: Store | None) -> list[Figure]:
    phones, watch = len(full.phones), Watch(full, redis)
    sent = full.storm(STORM_SECONDS)
    full.wait_until_settled()
    spell = watch.read()
    crowd = full.crowd
    waits = [1e3 * (receipt.at - receipt.sent) for receipt in crowd.receipts]
    settled = max(crowd.settled) - sent.ended if len(crowd.settled) == phones else None
    counted = sum((crowd.counts or {}).values())
    load = spell.spent.load
    return [
        Figure(run, f"{storm_of(phones)}: last phone shows the end after", settled, "s", load=load),
        Figure(run, "receipt, median", quantile(waits, 0.5), "ms", load=load),
        Figure(run, "receipt, 99 of 100", quantile(waits, 0.99), "ms", load=load),
        Figure(run, "lost", abs(phones - len(crowd.receipts)), "votes", most=0),
        Figure(run, "counted wrongly", abs(phones - counted), "votes", most=0),
        Figure(run, "went backwards", crowd.backwards, "frames", most=0),
        Figure(run, "CPU of all nodes", spell.spent.share, "cores", load=load),
        *of_redis(run, "in the storm, ", spell),
    ]


def storm_of(phones: int) -> str:
    """Return what a storm is called."""
    return f"storm of {phones:,} votes in {STORM_SECONDS:g} s"


def _show(run: str, full: Hall, redis: Store | None) -> list[Figure]:
    full.vote_steadily(VOTES_PER_SECOND, WARM_UP_SECONDS, len(full.phones))
    full.crowd.clear()
    watch, received = Watch(full, redis), sum(phone.received for phone in full.phones)
    full.vote_steadily(VOTES_PER_SECOND, SHOW_SECONDS, len(full.phones))
    spell, frames = watch.read(), full.crowd.frames
    received = sum(phone.received for phone in full.phones) - received
    full.wait_for_quiet()
    what = f"broadcast to {len(full.phones):,} phones: CPU a frame"
    return [
        Figure(run, what, 1e6 * spell.spent.cpu / frames, "µs", load=spell.spent.load),
        Figure(run, FRAME, received / frames, "bytes"),
    ]


def _flood(run: str, full: Hall, redis: Store | None) -> list[Figure]:
    for phone in full.phones:
        phone.counted = partial(full.vote, phone)
        full.vote(phone)
    gevent.sleep(2 * WARM_UP_SECONDS)
    full.crowd.clear()
    watch = Watch(full, redis)
    gevent.sleep(FLOOD_SECONDS)
    spell, receipts = watch.read(), len(full.crowd.receipts)
    waits = [1e3 * (receipt.at - receipt.sent) for receipt in full.crowd.receipts]
    for phone in full.phones:
        phone.counted = None
    full.wait_for_answers(ANSWER_SECONDS)
    spent, what = spell.spent, f"flood from {len(full.phones):,} phones"
    of_its_redis = spell.redis and 1e6 * spell.redis.cpu / receipts
    return [
        Figure(
            run, f"{what}: durable receipts", receipts / spent.seconds, "a second", load=spent.load
        ),
        Figure(run, "CPU of all nodes, a receipt", 1e6 * spent.cpu / receipts, "µs"),
        Figure(run, "CPU of Redis, a receipt", of_its_redis, "µs"),
        Figure(run, "receipt in the flood, 99 of 100", quantile(waits, 0.99), "ms"),
        Figure(run, "without an answer", full.crowd.underway, "votes", most=0),
    ]
