"""What a frame costs that is delivered, and a vote that is counted.

Owns the runs `broadcast`, `storm`, `flood` and `traffic`. Each starts a server of its own.
"""

from __future__ import annotations

from functools import partial
from time import monotonic

import gevent

from bench.guests import Company, admit
from bench.measure import Meter, quantile
from bench.packages import NotMeasured
from bench.report import Figure
from bench.rooms import QUIET_SECONDS, Room, room, steadily
from bench.servers import floor

VOTES_PER_SECOND = 17
WARM_UP_SECONDS = 0.5
SLICE_SECONDS = 2.0
SLICES = 3
"""Ours and the floor take turns: whatever else the machine does falls on both."""

FLOOD_SECONDS = 6.0
FIRST_VOTES = 6
HEADS_BYTES = 52
"""Of a TCP packet over IPv4, with its time stamps; each frame is one."""


def broadcast(phones: int) -> list[Figure]:
    """Measure what a delivered frame costs the server, beside the floor."""
    run = f"broadcast to {phones:,} phones"
    mine, bare, loads = 0.0, 0.0, []
    with room(phones) as ours:
        try:
            for _ in range(SLICES):
                bare += _floor_frame(phones) / SLICES
                cost, load = _frame(ours)
                mine += cost / SLICES
                loads.append(load)
        except NotMeasured as reason:
            mine, load = _frame(ours)
            missing = Figure(run, "ours ÷ floor", None, "×", most=1.3, note=str(reason))
            return [Figure(run, "server CPU a frame", mine, "µs", load=load), missing]
    return [
        Figure(run, "server CPU a frame", mine, "µs", load=max(loads)),
        Figure(run, "the floor's CPU a frame", bare, "µs"),
        Figure(run, "ours ÷ floor", mine / bare, "×", most=1.3, note="its votes included"),
    ]


def _frame(ours: Room) -> tuple[float, float]:
    ours.vote_steadily(VOTES_PER_SECOND, WARM_UP_SECONDS, len(ours.phones))
    frames, meter = ours.crowd.frames, Meter(ours.server.pid)
    ours.vote_steadily(VOTES_PER_SECOND, SLICE_SECONDS, len(ours.phones))
    spent = meter.read()
    delivered = ours.crowd.frames - frames
    ours.wait_for_quiet()
    return 1e6 * spent.cpu / delivered, spent.load


def _floor_frame(phones: int) -> float:
    """Measure the floor with phones of its own, who are gone when ours has its turn again."""
    with floor() as ground:
        company = Company("plain")
        guests = admit(company, ground.site, phones)

        def vote(turn: int) -> None:
            guests[turn % phones].vote(turn % 3)

        steadily(VOTES_PER_SECOND, WARM_UP_SECONDS, vote)
        frames, meter = company.frames, Meter(ground.pid)
        steadily(VOTES_PER_SECOND, SLICE_SECONDS, vote)
        spent = meter.read()
        delivered = company.frames - frames
        gevent.sleep(QUIET_SECONDS)
        for guest in guests:
            guest.leave()
    return 1e6 * spent.cpu / delivered


def storm(
    phones: int, seconds: float, settled_within: float, receipts_within: float | None
) -> list[Figure]:
    """Let everybody vote once within seconds; measure when the last phone shows the end of it."""
    run = f"storm of {phones:,} votes in {seconds:g} s"
    with room(phones) as full:
        meter = Meter(full.server.pid)
        last = full.storm(seconds)
        full.wait_until_settled()
        spent = meter.read()
        crowd = full.crowd
        waits = [receipt.at - receipt.sent for receipt in crowd.receipts]
        all_settled = len(crowd.settled) == phones
        settled = max(0.0, max(crowd.settled) - last) if all_settled else None
        lost = phones - len(crowd.receipts) - crowd.refused.total()
        counted = sum((crowd.counts or {}).values())
        return [
            Figure(run, "last phone shows the end after", settled, "s", most=settled_within),
            Figure(run, "receipt, median", _ms(waits, 0.5), "ms", load=spent.load),
            Figure(run, "receipt, 99 of 100", _ms(waits, 0.99), "ms", most=receipts_within),
            Figure(run, "lost", lost, "votes", most=0),
            Figure(run, "counted wrongly", abs(phones - counted), "votes", most=0),
            Figure(run, "refused", crowd.refused.total(), "votes", most=0),
            Figure(run, "cut", crowd.closed.total(), "phones", most=0),
            Figure(run, "went backwards", crowd.backwards, "frames", most=0),
            Figure(run, "server CPU", spent.share, "cores", load=spent.load),
        ]


def flood(phones: int) -> list[Figure]:
    """Let phones vote again on each receipt; measure what a durable receipt costs."""
    run = f"flood from {phones:,} phones"
    with room(phones) as full:
        for phone in full.phones:
            phone.counted = partial(full.vote, phone)
            full.vote(phone)
        gevent.sleep(2 * WARM_UP_SECONDS)
        full.crowd.clear()
        meter = Meter(full.server.pid)
        gevent.sleep(FLOOD_SECONDS)
        receipts, spent = len(full.crowd.receipts), meter.read()
        waits = [receipt.at - receipt.sent for receipt in full.crowd.receipts]
        for phone in full.phones:
            phone.counted = None
        full.wait_for_answers(10.0)
        return [
            Figure(
                run,
                "durable receipts",
                receipts / spent.seconds,
                "a second",
                least=12_000,
                load=spent.load,
            ),
            Figure(
                run,
                "server CPU a receipt",
                1e6 * spent.cpu / receipts,
                "µs",
                most=60,
                note="broadcasts and the journal's thread included",
            ),
            Figure(run, "receipt, 99 of 100", _ms(waits, 0.99), "ms"),
            Figure(run, "refused", full.crowd.refused.total(), "votes", most=0),
            Figure(run, "without an answer", full.crowd.underway, "votes", most=0),
        ]


def traffic(phones: int) -> list[Figure]:
    """Measure what a phone's network carries while everybody votes, and the first vote's way."""
    run = f"traffic of {phones:,} phones"
    with room(phones) as full:
        first = max(_first_vote(full) for _ in range(FIRST_VOTES))
        frames, received = full.crowd.frames, _received(full)
        seconds = 5.0
        full.vote_steadily(phones / 2, seconds, phones)
        frames, received = full.crowd.frames - frames, _received(full) - received
        kbits = 8 / 1_000 / phones / seconds
        return [
            Figure(run, "ticks in the storm", frames / phones / seconds, "a second"),
            Figure(run, "a phone in the storm", received * kbits, "kbit/s", most=16),
            Figure(
                run,
                "the same, with TCP's and IP's heads",
                (received + HEADS_BYTES * frames) * kbits,
                "kbit/s",
            ),
            Figure(
                run,
                "first vote after silence is on every phone after",
                1_000 * first,
                "ms",
                most=30,
            ),
        ]


def _first_vote(full: Room) -> float:
    """Return the seconds from a vote after silence until the last phone shows it."""
    full.wait_for_quiet()
    full.crowd.clear()
    full.crowd.goal = full.crowd.version + 1
    began = monotonic()
    full.vote(full.phones[0])
    full.wait_until_settled()
    return max(full.crowd.settled) - began


def _received(full: Room) -> int:
    return sum(phone.received for phone in full.phones)


def _ms(waits: list[float], part: float) -> float | None:
    return 1_000 * quantile(waits, part) if waits else None
