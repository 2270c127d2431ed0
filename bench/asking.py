"""The three transports beside each other: why the WebSocket is the default.

Owns the run `transports`. Each transport has a server of its own.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from functools import partial

import gevent

from bench.askers import Asker
from bench.measure import Meter, family, resident_bytes
from bench.report import FILE as REPORT
from bench.report import Figure
from bench.rooms import ARRIVED_SECONDS, Make, Room, room
from bench.servers import ours
from rehearsal.findings import quantile
from rehearsal.phone import Phone
from voting.polling import MAX_WAIT

FILE = REPORT.with_name("transports.json")

PHONES = 500
WAITING = 1_000
"""Phones in the storm of those who wait."""

PAUSE_SECONDS = 2.0
SPACING_SECONDS = 0.2
"""From one question of a page to the next, if it cannot wait, and if there is always news for it
(static/js/line/questions.js)."""

VOTES_PER_SECOND = 17
BUSY_SECONDS = 20.0
QUIET_SECONDS = 28.0
"""Longer than a wait, and than the silence after which a socket is asked."""

STORM_SECONDS = 2.0
TICK_SECONDS = 0.1

A_MINUTE = 60.0

WAYS: dict[str, Make] = {
    "WebSocket": Phone,
    "long poll": partial(Asker, wait=MAX_WAIT, pause=SPACING_SECONDS),
    "poll": partial(Asker, wait=0.0, pause=PAUSE_SECONDS),
}


def transports(phones: int) -> list[Figure]:
    """Measure each transport in the same room, and a storm of those who wait."""
    figures = [figure for way, make in WAYS.items() for figure in _measured(way, make, phones)]
    return [*figures, *_storm(phones * WAITING // PHONES)]


def _measured(way: str, make: Make, phones: int) -> list[Figure]:
    with ours() as server:
        full = Room(server, make)
        full.fill(20)  # what is made once is not a phone's
        full.wait_for_quiet(ARRIVED_SECONDS)
        before = resident_bytes(family(server.pid))
        full.fill(20 + phones)
        full.wait_for_quiet(ARRIVED_SECONDS + PAUSE_SECONDS)
        held = resident_bytes(family(server.pid)) - before
        quiet = _spell(full, partial(gevent.sleep, QUIET_SECONDS))
        screen = make(full.crowd, server.site, view="screen")  # type: ignore[call-arg]
        screen.join()
        full.vote_steadily(VOTES_PER_SECOND, 1.0, phones)
        full.wait_for_answers()
        full.crowd.clear()
        vote = partial(full.vote_steadily, VOTES_PER_SECOND, BUSY_SECONDS, phones)
        busy = _spell(full, vote)
        full.wait_for_answers()
        gevent.sleep(PAUSE_SECONDS + 1.0)
        delays = _delays(full)
        receipts = [receipt.at - receipt.sent for receipt in full.crowd.receipts]
        screen.leave()
        full.leave()
    to_phone, from_phone, cpu, answers = busy
    return [
        Figure(way, "server CPU", 100 * cpu, "% of a core"),
        Figure(way, "a vote is on the screen after, median", _ms(delays, 0.5), "ms"),
        Figure(way, "and 99 of 100 of them after", _ms(delays, 0.99), "ms"),
        Figure(way, "a vote has its receipt after, median", _ms(receipts, 0.5), "ms"),
        Figure(way, "new numbers on a phone", answers, "a second"),
        Figure(way, "to a phone", to_phone / 1_000, "KB a minute"),
        Figure(way, "from a phone", from_phone / 1_000, "KB a minute"),
        Figure(way, "in a quiet room: server CPU", 100 * quiet[2], "% of a core"),
        Figure(way, "in a quiet room: to a phone", quiet[0] / 1_000, "KB a minute"),
        Figure(way, "in a quiet room: from a phone", quiet[1] / 1_000, "KB a minute"),
        Figure(way, "memory a phone", held / phones / 1_000, "KB"),
    ]


def _spell(full: Room, act: Callable[[], None]) -> tuple[float, float, float, float]:
    """Return what a phone received and sent in a minute of it, the server's share of a core, and
    how often a second a phone was told something."""
    before = _bytes(full)
    frames, meter = full.crowd.frames - len(full.crowd.receipts), Meter(full.server.pid)
    act()
    spent = meter.read()
    frames = full.crowd.frames - len(full.crowd.receipts) - frames
    minutes = len(full.phones) * spent.seconds / A_MINUTE
    received, sent = (now - then for now, then in zip(_bytes(full), before, strict=True))
    told = frames / len(full.phones) / spent.seconds
    return received / minutes, sent / minutes, spent.share, told


def _bytes(full: Room) -> tuple[int, int]:
    return sum(phone.received for phone in full.phones), sum(phone.sent for phone in full.phones)


def _delays(full: Room) -> list[float]:
    """Return how long after each vote the screen showed it."""
    shown = sorted((version, at) for at, version in full.crowd.shown)
    versions = [version for version, _ in shown]
    return [
        max(0.0, shown[place][1] - receipt.sent)
        for receipt in full.crowd.receipts
        if (place := bisect_left(versions, receipt.version)) < len(shown)
    ]


def _storm(phones: int) -> list[Figure]:
    """Let everybody vote who waits; measure when the last one shows the end of it."""
    way = "long poll"
    name = f"storm of {phones:,} who wait"
    with room(phones, WAYS[way]) as full:
        sent = full.storm(STORM_SECONDS)
        full.wait_until_settled()
        crowd = full.crowd
        all_there = len(crowd.settled) == phones == len(crowd.receipts)
        settled = max(crowd.settled) - sent.ended if all_there else None
        # Their own: from a phone's request until its answer, in this very storm.
        trip = quantile([receipt.at - receipt.sent for receipt in crowd.receipts], 0.99)
    return [
        Figure(way, f"{name}: a ballot's round trip, 99 of 100", 1e3 * trip, "ms"),
        Figure(
            way,
            f"{name}: the last shows the end after",
            None if settled is None else 1e3 * settled,
            "ms",
            most=1e3 * (2 * TICK_SECONDS + trip),
        ),
        Figure(way, f"{name}: lost", abs(phones - len(crowd.receipts)), "votes", most=0),
    ]


def _ms(waits: list[float], part: float) -> float | None:
    return 1_000 * quantile(waits, part) if waits else None
