"""What a frame costs that is delivered, and a vote that is counted.

Owns the runs `broadcast`, `storm`, `flood` and `traffic`. Each starts a server of its own.
"""

from __future__ import annotations

from functools import partial
from statistics import mean
from time import monotonic
from typing import NamedTuple

import gevent

from bench.guests import Company, admit
from bench.measure import Meter
from bench.packages import NotMeasured
from bench.report import Figure
from bench.rooms import ARRIVED_SECONDS, LATE, QUIET_SECONDS, VOTERS, Room, room, steadily
from bench.servers import floor
from rehearsal.findings import quantile
from rehearsal.phone import Phone

VOTES_PER_SECOND = 17
WARM_UP_SECONDS = 0.5
SLICE_SECONDS = 2.0
SLICES = 3
"""Ours and the floor take turns: whatever else the machine does falls on both."""

FLOOD_SECONDS = 6.0
FIRST_VOTES = 6
HEADS_BYTES = 52
"""Of a TCP packet over IPv4, with its time stamps; each frame is one."""


class Shown(NamedTuple):
    """What it cost the server to show a room new numbers for a while, and how often it did.

    frame: microseconds of CPU for a delivered frame. share: of one core. load: our own share.
    ticks: so often in a second a phone was shown something; screen_ticks: the screen.
    """

    frame: float
    share: float
    load: float
    ticks: float
    screen_ticks: float


def broadcast(phones: int) -> list[Figure]:
    """Measure what a delivered frame costs the server, beside the floor, and all of them."""
    run = f"broadcast to {phones:,} phones"
    with room(min(VOTERS, phones)) as ours:
        votes = _show(ours)
        ours.fill(phones)
        ours.wait_for_quiet(ARRIVED_SECONDS)
        screen = Phone(ours.crowd, ours.server.site, view="screen")
        screen.join()
        shown, bare = [], []
        try:
            for _ in range(SLICES):
                bare.append(_floor_frame(phones))
                shown.append(_show(ours))
        except NotMeasured as reason:
            shown.append(_show(ours))
            beside = [Figure(run, "ours ÷ floor", None, "×", most=1.3, note=str(reason))]
        else:
            ratio = mean(one.frame for one in shown) / mean(bare)
            beside = [
                Figure(run, "the floor's CPU a frame", mean(bare), "µs"),
                Figure(run, "ours ÷ floor", ratio, "×", most=1.3, note="its votes included"),
            ]
        screen.leave()
    load = max(one.load for one in shown)
    most = max(one.share for one in shown) - votes.share
    return [
        Figure(run, "server CPU a frame", mean(one.frame for one in shown), "µs", load=load),
        *beside,
        Figure(
            run,
            "all that goes into broadcasts",
            most,
            "cores",
            most=0.5,
            note=f"the server's CPU, less what the same votes cost with {VOTERS} phones",
        ),
        Figure(run, "ticks that phones are shown", mean(one.ticks for one in shown), "a second"),
        Figure(
            run,
            "ticks that a screen is shown",
            mean(one.screen_ticks for one in shown),
            "a second",
        ),
    ]


def _show(ours: Room) -> Shown:
    ours.vote_steadily(VOTES_PER_SECOND, WARM_UP_SECONDS, len(ours.phones))
    ours.crowd.clear()
    meter = Meter(ours.server.pid)
    ours.vote_steadily(VOTES_PER_SECOND, SLICE_SECONDS, len(ours.phones))
    spent = meter.read()
    frames, on_screen = ours.crowd.frames, len(ours.crowd.shown)
    tallies = frames - len(ours.crowd.receipts) - on_screen
    ours.wait_for_quiet()
    return Shown(
        frame=1e6 * spent.cpu / frames,
        share=spent.share,
        load=spent.load,
        ticks=tallies / len(ours.phones) / spent.seconds,
        screen_ticks=on_screen / spent.seconds,
    )


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
        sent = full.storm(seconds)
        full.wait_until_settled()
        spent = meter.read()
        crowd = full.crowd
        waits = [receipt.at - receipt.sent for receipt in crowd.receipts]
        all_settled = len(crowd.settled) == phones
        settled = max(crowd.settled) - sent.ended if all_settled else None
        counted = sum((crowd.counts or {}).values())
        return [
            Figure(run, "votes sent within", sent.seconds, "s", most=LATE * seconds),
            Figure(run, "last phone shows the end after", settled, "s", most=settled_within),
            Figure(run, "receipt, median", _ms(waits, 0.5), "ms", load=spent.load),
            Figure(run, "receipt, 99 of 100", _ms(waits, 0.99), "ms", most=receipts_within),
            # A receipt too many would be as bad as one too few.
            Figure(run, "lost", abs(phones - len(crowd.receipts)), "votes", most=0),
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
        first, last = map(max, zip(*(_first_vote(full) for _ in range(FIRST_VOTES)), strict=True))
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
            Figure(run, "a vote after silence is on a phone after", 1e3 * first, "ms", most=30),
            Figure(run, "and on all of them after", 1e3 * last, "ms"),
        ]


def _first_vote(full: Room) -> tuple[float, float]:
    """Return the seconds from a vote after silence until another phone and all phones show it."""
    full.wait_for_quiet()
    full.crowd.clear()
    full.crowd.goal = full.crowd.version + 1
    began = monotonic()
    full.vote(full.phones[0])
    full.wait_until_settled()
    shown = sorted(full.crowd.settled)
    return shown[1] - began, shown[-1] - began  # the very first may be who voted


def _received(full: Room) -> int:
    return sum(phone.received for phone in full.phones)


def _ms(waits: list[float], part: float) -> float | None:
    return 1_000 * quantile(waits, part) if waits else None
