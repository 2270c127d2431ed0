"""The same storms on ours, the floor and the peers: how long until the last phone shows the end.

Owns the runs of `peers`. A peer that took longer than the limit is asked for no larger room.
"""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from random import Random
from time import monotonic

import gevent

from bench.guests import Company, Guest, admit
from bench.measure import Meter, Spent
from bench.packages import NotMeasured
from bench.report import Rival
from bench.rooms import room, spread
from bench.servers import PEERS, SPEAK_SOCKET_IO, Server, floor, peer

SIZES = (125, 250, 500, 1_000, 2_000)
STORM_SECONDS = 2.0
LIMIT_SECONDS = 60.0


def rivals(most_phones: int) -> list[Rival]:
    """Measure all of them, in rooms up to so large."""
    sizes = [size for size in SIZES if size <= most_phones]
    found = [_ours(sizes), _guests("floor", floor(), sizes)]
    for name in PEERS:
        sys.stderr.write(f"  {name}\n")
        found.append(_guests(name, peer(name), sizes))
    return found


def _ours(sizes: list[int]) -> Rival:
    try:
        return _in_our_storms(sizes)
    except NotMeasured as reason:
        return Rival("ours", note=f"not measured: {reason}")


def _in_our_storms(sizes: list[int]) -> Rival:
    settle: dict[int, float | None] = {}
    with room(0) as full:
        for size in sizes:
            full.fill(size)
            full.wait_for_quiet()
            full.crowd.clear()
            meter = Meter(full.server.pid)
            last = full.storm(STORM_SECONDS)
            full.wait_until_settled(LIMIT_SECONDS)
            spent = meter.read()
            whole = len(full.crowd.settled) == size
            settle[size] = max(0.0, max(full.crowd.settled) - last) if whole else None
        return _rival("ours", settle, size, full.crowd.frames, spent)


def _guests(name: str, starting: AbstractContextManager[Server], sizes: list[int]) -> Rival:
    try:
        with starting as server:
            return _in_storms(name, server, sizes)
    except NotMeasured as reason:
        return Rival(name, note=f"not measured: {reason}")


def _in_storms(name: str, server: Server, sizes: list[int]) -> Rival:
    company = Company("socket.io" if name in SPEAK_SOCKET_IO else "plain")
    guests: list[Guest] = []
    settle: dict[int, float | None] = {}
    random = Random("bench")  # noqa: S311 - the same votes in each run
    for size in sizes:
        guests += admit(company, server.site, size - len(guests))
        gevent.sleep(0.2)
        company.clear()
        company.goal += size
        meter = Meter(server.pid)
        spread(
            random.sample(guests, size),
            STORM_SECONDS,
            lambda guest: guest.vote(random.randrange(3)),
        )
        last = monotonic()
        late = last + LIMIT_SECONDS
        while len(company.settled) < size and monotonic() < late:
            gevent.sleep(0.005)
        spent = meter.read()
        whole = len(company.settled) == size
        settle[size] = max(0.0, max(company.settled) - last) if whole else None
        if not whole:
            break
    for guest in guests:
        guest.leave()
    note = f"{company.closed} were cut" if company.closed else ""
    return _rival(name, settle, size, company.frames, spent, note)


def _rival(
    name: str,
    settle: dict[int, float | None],
    phones: int,
    frames: int,
    spent: Spent,
    note: str = "",
) -> Rival:
    return Rival(name, settle, phones, frames, spent.cpu, spent.load, note)
