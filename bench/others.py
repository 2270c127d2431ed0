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
from bench.rooms import LATE, Spell, room, spread
from bench.servers import PEERS, SPEAK_SOCKET_IO, Server, floor, peer

PARTS = (8, 2, 1)
"""Rooms of an eighth of the phones, half, and all: a small one, and what twice the phones do."""

STORM_SECONDS = 2.0
LIMIT_SECONDS = 60.0


def rivals(most_phones: int) -> list[Rival]:
    """Measure all of them, in rooms up to so large."""
    sizes = sorted({max(1, most_phones // part) for part in PARTS})
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
    notes: list[str] = []
    with room(0) as full:
        for size in sizes:
            full.fill(size)
            full.wait_for_quiet()
            full.crowd.clear()
            meter = Meter(full.server.pid)
            sent = full.storm(STORM_SECONDS)
            full.wait_until_settled(LIMIT_SECONDS)
            spent = meter.read()
            whole = len(full.crowd.settled) == size
            settle[size] = max(full.crowd.settled) - sent.ended if whole else None
            notes += _late(size, sent)
        return _rival("ours", settle, size, full.crowd.frames, spent, notes)


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
    notes: list[str] = []
    random = Random("bench")  # noqa: S311 - the same votes in each run
    for size in sizes:
        guests += admit(company, server.site, size - len(guests))
        gevent.sleep(0.2)
        company.clear()
        company.goal += size
        meter = Meter(server.pid)
        sent = spread(
            random.sample(guests, size),
            STORM_SECONDS,
            lambda guest: guest.vote(random.randrange(3)),
        )
        late = sent.ended + LIMIT_SECONDS
        while len(company.settled) < size and monotonic() < late:
            gevent.sleep(0.005)
        spent = meter.read()
        whole = len(company.settled) == size
        settle[size] = max(company.settled) - sent.ended if whole else None
        notes += _late(size, sent)
        if not whole:
            break
    for guest in guests:
        guest.leave()
    if company.closed:
        notes.append(f"{company.closed} were cut")
    return _rival(name, settle, size, company.frames, spent, notes)


def _late(size: int, sent: Spell) -> list[str]:
    """Say so if a storm took longer than planned, because the load tool was behind."""
    if sent.seconds <= LATE * STORM_SECONDS:
        return []
    return [f"{size:,} votes took {sent.seconds:.1f} s to send"]


def _rival(
    name: str,
    settle: dict[int, float | None],
    phones: int,
    frames: int,
    spent: Spent,
    notes: list[str],
) -> Rival:
    return Rival(name, settle, phones, frames, spent.cpu, spent.load, "; ".join(notes))
