"""What a phone costs that comes, stays, and comes back.

Owns the runs `arrivals`, `restart` and `idle`. Each starts a server of its own.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from time import monotonic

import gevent
from gevent.pool import Pool

from bench.measure import Meter, family, resident_bytes
from bench.report import Figure
from bench.rooms import ARRIVED_SECONDS, AT_A_TIME, Room, room
from bench.servers import ours
from rehearsal.findings import quantile
from rehearsal.phone import Phone
from rehearsal.visit import TurnedAway

SAMPLE = 1_000
"""Arrivals whose cost is measured."""

SCAN_SECONDS = 5.0
QUIET_SECONDS = 28.0
"""Longer than the 25 seconds after which a silent phone is asked."""

MOMENT = 0.1


def arrivals(phones: int) -> list[Figure]:
    """Measure what an arrival costs, and how long a hall takes that scans the code at once."""
    run = "arrivals"
    figures = [
        _arrival(run, "login page, login, page, socket", most=2, files=False),
        _arrival(run, "the same with every file", most=3, files=True),
    ]
    with ours() as server:
        crowd = Room(server)
        crowd.phones = [Phone(crowd.crowd, server.site) for _ in range(phones)]
        meter, began = Meter(server.pid), monotonic()
        coming = [
            gevent.spawn_later(SCAN_SECONDS * crowd.random.random(), _come_and_vote, crowd, phone)
            for phone in crowd.phones
        ]
        gevent.joinall(coming)
        spent = meter.read()
        crowd.wait_for_answers(10.0)
        there = len(crowd.crowd.receipts)
        voting = max((receipt.at for receipt in crowd.crowd.receipts), default=began) - began
        crowd.leave()
    what = f"{phones:,} phones in {SCAN_SECONDS:g} s, all have voted after"
    value = voting if there == phones else None
    return [*figures, Figure(run, what, value, "s", most=10, load=spent.load)]


def _come_and_vote(crowd: Room, phone: Phone) -> None:
    while True:
        try:
            phone.log_in(files=True)
            phone.join()
        except (OSError, TurnedAway):
            gevent.sleep(0.5)  # a person would try again; it counts, as the time goes on
        else:
            crowd.vote(phone)
            return


def _arrival(run: str, what: str, *, most: float, files: bool) -> Figure:
    with ours() as server:
        crowd = Room(server)
        crowd.phones = [Phone(crowd.crowd, server.site) for _ in range(SAMPLE)]
        arrive = partial(_arrive, files=files)
        arrive(crowd.phones[0])  # what is made once is not an arrival's
        meter = Meter(server.pid)
        for _ in Pool(AT_A_TIME).imap_unordered(arrive, crowd.phones[1:]):
            pass
        spent = meter.read()
        crowd.leave()
    value = 1e3 * spent.cpu / (SAMPLE - 1)
    return Figure(run, what, value, "ms of CPU", most=most, load=spent.load)


def _arrive(phone: Phone, *, files: bool) -> None:
    phone.log_in(page=True, files=files)
    phone.join()


def restart(phones: int) -> list[Figure]:
    """Stop the server and start it again under its phones; measure when all are back."""
    run = f"restart under {phones:,} phones"
    with room(phones) as full:
        full.storm(2.0)
        full.wait_until_settled()
        counted = full.crowd.version
        full.crowd.clear()
        for phone in full.phones:
            phone.keeps_coming_back = True
        began = monotonic()
        full.server.stop()
        full.server.start()
        up = monotonic() - began
        while len(full.crowd.rejoined) < phones and monotonic() - began < 30:
            gevent.sleep(0.01)
        back = sorted(at - began for at in full.crowd.rejoined)
        current = sum(phone.version >= counted for phone in full.phones)
        densest = max(Counter(int(at / MOMENT) for at in back).values(), default=0)
        return [
            Figure(run, "the server is up after", up, "s"),
            Figure(
                run,
                "all are current after",
                back[-1] if current == phones == len(back) else None,
                "s",
                most=10,
            ),
            Figure(
                run,
                "from the 5th to the 95th of 100, they come within",
                quantile(back, 0.95) - quantile(back, 0.05) if back else None,
                "s",
            ),
            Figure(run, "most that come within a tenth of a second", densest, "phones"),
            Figure(run, "went backwards", full.crowd.backwards, "frames", most=0),
        ]


def idle(phones: int) -> list[Figure]:
    """Let phones be connected and silent; measure memory, CPU with pings, and bytes."""
    run = f"{phones:,} silent phones"
    with ours() as server:
        full = Room(server)
        full.fill(50)  # what is made once is not a phone's
        full.wait_for_quiet(ARRIVED_SECONDS)
        before = resident_bytes(family(server.pid))
        full.fill(50 + phones)
        full.wait_for_quiet(ARRIVED_SECONDS)
        held = resident_bytes(family(server.pid)) - before
        received = sum(phone.received for phone in full.phones)
        meter = Meter(server.pid)
        gevent.sleep(QUIET_SECONDS)
        spent = meter.read()
        received = sum(phone.received for phone in full.phones) - received
        cut = full.crowd.closed.total()
        full.leave()
    kbits = 8 * received / 1_000 / len(full.phones) / spent.seconds
    return [
        Figure(run, "memory a phone", held / phones / 1_000, "KB", most=50),
        Figure(run, "server CPU, pings included", 100 * spent.share, "% of a core", most=2),
        Figure(run, "a phone in a quiet room", kbits, "kbit/s", most=1),
        Figure(run, "cut", cut, "phones", most=0),
    ]
