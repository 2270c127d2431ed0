"""What it costs that the room talks: a storm of votes while it does, and the talk alone.

Owns the run `talk`. Storms with and without talk take turns in one room: whatever else the machine
does falls on both.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple, cast

import gevent

from bench.halls import Hall
from bench.listeners import Listener, Listeners
from bench.measure import Meter, Spent
from bench.report import FILE as REPORT
from bench.report import Figure
from bench.rooms import LATE, steadily
from bench.servers import ours
from rehearsal.findings import quantile

FILE = REPORT.with_name("talk.json")

PHONES = 2_000
MESSAGES_PER_SECOND = 20
STORMS = 5
STORM_SECONDS = 2.0
AROUND_SECONDS = 0.5
"""The talk begins so long before a storm, and goes on so long behind it."""

ALONE_SECONDS = 8.0
TALKING = "\n[messages]\nenabled = true\n"

SLOWER = 1.5
"""Votes are as quick as before while receipts take at most so many times as long: what is said
shares commits and ticks with them, and two storms alike differ by a third."""

WITHOUT, WITH, ALONE = "votes alone", "votes and talk", "talk alone"
MEDIAN, SLOWEST = "receipt, median", "receipt, 99 of 100"


class Spell(NamedTuple):
    """What a spell of time brought: times in seconds, bytes and frames to all phones together.

    ticks: the processor's seconds that the server spent on them. settled: from the last vote until
    the last phone showed the end, None where not all did. heard: for each message, until the last
    phone heard it. wrong: what went wrong, in which unit, how often.
    """

    spent: Spent
    ticks: float
    frames: int
    received: int
    sending: float
    settled: float | None
    receipts: list[float]
    said: list[float]
    heard: list[float]
    wrong: dict[tuple[str, str], int]


class Chat:
    """A room that votes, or talks, or does both."""

    def __init__(self, full: Hall, crowd: Listeners) -> None:
        self._full = full
        self._crowd = crowd
        self._phones = cast(list[Listener], full.phones)
        self._desk = full.desk()
        self._said = 0

    def spell(self, *, votes: bool, talk: bool) -> Spell:
        """Let all vote once in a new round, or talk for a while, or both."""
        full, crowd, seconds = self._full, self._crowd, STORM_SECONDS if votes else ALONE_SECONDS
        if votes:
            self._desk.press("reset")
        full.wait_for_quiet()
        crowd.clear()
        talking = gevent.spawn(self._talk, seconds + 2 * AROUND_SECONDS) if talk else None
        gevent.sleep(AROUND_SECONDS)
        ticks, frames, received = self._ticks(), crowd.frames, self._received()
        meter = Meter(full.server.pid)
        sent = full.storm(seconds) if votes else None
        if sent:
            full.wait_until_settled()
        else:
            gevent.sleep(seconds)
        spent, frames, received = meter.read(), crowd.frames - frames, self._received() - received
        ticks = self._ticks() - ticks
        if talking:
            talking.join()
        full.wait_for_quiet()
        all_settled = len(crowd.settled) == len(self._phones)
        return Spell(
            spent,
            ticks,
            frames,
            received,
            sent.seconds if sent else 0.0,
            max(crowd.settled) - sent.ended if sent and all_settled else None,
            [receipt.at - receipt.sent for receipt in crowd.receipts],
            crowd.said,
            crowd.delays(),
            self._wrong(votes=votes),
        )

    def _talk(self, seconds: float) -> None:
        speakers = self._full.random.sample(self._phones, len(self._phones))
        steadily(
            MESSAGES_PER_SECOND, seconds, lambda turn: self._say(speakers[turn % len(speakers)])
        )

    def _say(self, speaker: Listener) -> None:
        self._said += 1
        speaker.say(f"What number {self._said} wanted to say, in a sentence of usual length.")

    def _ticks(self) -> float:
        return self._desk.vitals().ticks_cpu_seconds

    def _received(self) -> int:
        return sum(phone.received for phone in self._phones)

    def _wrong(self, *, votes: bool) -> dict[tuple[str, str], int]:
        crowd = self._crowd
        expected = len(self._phones) if votes else 0
        counted = sum((crowd.counts or {}).values()) if votes else 0
        return {
            # A receipt too many would be as bad as one too few.
            ("lost", "votes"): abs(expected - len(crowd.receipts)),
            ("counted wrongly", "votes"): abs(expected - counted),
            ("refused", "votes"): crowd.refused.total(),
            ("not said", "messages"): crowd.unsaid.total(),
            ("told twice, or out of order", "messages"): crowd.misheard,
            ("have not heard each message once", "phones"): sum(
                phone.heard != self._said for phone in self._phones
            ),
            ("went backwards", "frames"): crowd.backwards,
            ("cut", "phones"): crowd.closed.total(),
        }


def talk(phones: int) -> list[Figure]:
    """Measure storms without and with talk, and then the talk alone."""
    crowd = Listeners()
    with (
        ours(more=TALKING) as server,
        Hall([server], Listener, crowd).filled(phones) as full,
    ):
        chat = Chat(full, crowd)
        turns = [[chat.spell(votes=True, talk=on) for on in (False, True)] for _ in range(STORMS)]
        alone = chat.spell(votes=False, talk=True)
    without, busy = (list(spells) for spells in zip(*turns, strict=True))
    columns = {WITHOUT: without, WITH: busy, ALONE: [alone]}
    return [
        *_votes(WITHOUT, without),
        *_votes(WITH, busy),
        *_compared(without, busy),
        *(figure for run in (WITH, ALONE) for figure in _talk(run, columns[run])),
        *(figure for run, spells in columns.items() for figure in _costs(run, spells, phones)),
        *(figure for run, spells in columns.items() for figure in _wrong(run, spells)),
    ]


def _votes(run: str, spells: Sequence[Spell]) -> list[Figure]:
    waits = [wait for spell in spells for wait in spell.receipts]
    ends = [spell.settled for spell in spells if spell.settled is not None]
    last = max(ends) if len(ends) == len(spells) else None
    sending = max(spell.sending for spell in spells)
    return [
        Figure(run, "votes sent within", sending, "s", most=LATE * STORM_SECONDS),
        Figure(run, "last phone shows the end after", last, "s", most=0.2),
        Figure(run, MEDIAN, _ms(waits, 0.5), "ms"),
        Figure(run, SLOWEST, _ms(waits, 0.99), "ms", most=60),
    ]


def _compared(without: Sequence[Spell], busy: Sequence[Spell]) -> list[Figure]:
    """Say how many times as long votes take while the room talks: of each pair of storms, and of
    these the one in the middle, so that a moment's work of others does not decide it."""
    return [
        Figure(
            WITH,
            f"{what}, ÷ that of votes alone",
            median(
                quantile(after.receipts, part) / quantile(before.receipts, part)
                for before, after in zip(without, busy, strict=True)
            ),
            "×",
            most=SLOWER,
        )
        for what, part in ((MEDIAN, 0.5), (SLOWEST, 0.99))
    ]


def _talk(run: str, spells: Sequence[Spell]) -> list[Figure]:
    said = [wait for spell in spells for wait in spell.said]
    heard = [wait for spell in spells for wait in spell.heard]
    return [
        Figure(run, "messages", len(said), ""),
        Figure(run, "its phone knows that it is said after, median", _ms(said, 0.5), "ms"),
        Figure(run, "the last phone has heard it after, median", _ms(heard, 0.5), "ms"),
        Figure(run, "and 99 of 100 of them after", _ms(heard, 0.99), "ms"),
    ]


def _costs(run: str, spells: Sequence[Spell], phones: int) -> list[Figure]:
    seconds = sum(spell.spent.seconds for spell in spells)
    frames = sum(spell.frames for spell in spells)
    cpu = sum(spell.spent.cpu for spell in spells)
    kbits = 8 * sum(spell.received for spell in spells) / 1_000 / phones / seconds
    load = max(spell.spent.load for spell in spells)
    return [
        Figure(run, "server CPU", cpu / seconds, "cores", load=load),
        Figure(run, "of it in ticks", sum(spell.ticks for spell in spells) / seconds, "cores"),
        Figure(run, "CPU a frame", 1e6 * cpu / frames, "µs"),
        Figure(run, "frames to a phone", frames / phones / seconds, "a second"),
        Figure(run, "to a phone", kbits, "kbit/s"),
    ]


def _wrong(run: str, spells: Sequence[Spell]) -> list[Figure]:
    return [
        Figure(run, what, sum(spell.wrong[what, unit] for spell in spells), unit, most=0)
        for what, unit in spells[0].wrong
    ]


def _ms(waits: list[float], part: float) -> float | None:
    return 1_000 * quantile(waits, part) if waits else None
