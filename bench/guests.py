"""Clients of the floor and the peers: the same lines as our phones, with others' words on them.

Owns their two dialects. "plain": a vote is `1`, `2` or `3`, and what comes is one count or all.
"socket.io": the same inside Socket.IO 4 over a WebSocket. Compression is not offered, which is in
their favour: who takes it pays for it.
"""

from __future__ import annotations

from time import monotonic
from typing import Literal

import msgspec
from gevent.event import Event
from gevent.pool import Pool

from bench.packages import NotMeasured
from rehearsal.line import Line
from rehearsal.visit import Site, TurnedAway

Dialect = Literal["plain", "socket.io"]

PATHS: dict[Dialect, str] = {
    "plain": "/message",
    "socket.io": "/socket.io/?EIO=4&transport=websocket",
}
JOIN_SECONDS = 20.0
AT_A_TIME = 32
CANDIDATES = ("1", "2", "3")

Counts = tuple[tuple[str, int], ...]


class _Told(msgspec.Struct):
    user: str = ""
    count: int = 0
    counts: dict[str, int] | None = None


_plain: msgspec.json.Decoder[_Told] = msgspec.json.Decoder(_Told)
_event: msgspec.json.Decoder[tuple[str, _Told]] = msgspec.json.Decoder(tuple[str, _Told])


class Company:
    """What all guests of one server were told.

    frames: messages that came. settled: when each guest first showed `goal` votes. closed: lines
    that the server ended.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.dialect: Dialect = dialect
        self.frames = 0
        self.goal = 0
        self.settled: list[float] = []
        self.closed = 0
        self._read: dict[bytes, Counts] = {}

    def clear(self) -> None:
        """Begin to collect anew; guests and the goal stay."""
        self.frames = 0
        self.settled = []
        self._read.clear()

    def read(self, payload: bytes) -> Counts:
        """Return the counts that a message tells; the same bytes for another guest cost nothing."""
        counts = self._read.get(payload)
        if counts is None:
            counts = self._read[payload] = self._decode(payload)
        return counts

    def _decode(self, payload: bytes) -> Counts:
        told = _event.decode(payload[2:])[1] if payload[:2] == b"42" else _plain.decode(payload)
        return tuple(told.counts.items()) if told.counts else ((told.user, told.count),)


class Guest:
    """One client of a floor or a peer."""

    __slots__ = ("_came", "_company", "_counts", "_goal", "_line", "_votes")

    def __init__(self, company: Company) -> None:
        self._company = company
        self._counts = dict.fromkeys(CANDIDATES, 0)
        self._votes = 0
        self._goal = 0
        self._line: Line | None = None
        self._came = Event()

    def join(self, site: Site) -> None:
        """Open the WebSocket; return when votes may be sent.

        Raises:
            TurnedAway, OSError: the server took no more guests.
        """
        self._line = Line.open(site, PATHS[self._company.dialect], {}, JOIN_SECONDS)
        self._line.listen(self._heard, self._lost)
        if self._company.dialect == "socket.io" and not self._came.wait(JOIN_SECONDS):
            raise TurnedAway("the server opened a line and said nothing on it")

    def vote(self, candidate: int) -> None:
        """Vote for one of three."""
        if self._line is not None:
            said = '42["vote","%d"]' if self._company.dialect == "socket.io" else "%d"
            self._line.send((said % (candidate + 1)).encode())

    def leave(self) -> None:
        """Hang up."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def _heard(self, payload: bytes) -> None:
        company = self._company
        if company.dialect == "socket.io" and payload[:2] != b"42":
            self._engine_io(payload)
            return
        company.frames += 1
        for candidate, count in company.read(payload):
            self._votes += count - self._counts[candidate]
            self._counts[candidate] = count
        if self._votes >= company.goal > self._goal:
            self._goal = company.goal
            company.settled.append(monotonic())

    def _engine_io(self, payload: bytes) -> None:
        answers = {b"0": b"40", b"2": b"3"}  # opened: join; ping: pong
        if payload[:2] == b"40":
            self._came.set()
        elif self._line is not None and payload[:1] in answers:
            self._line.send(answers[payload[:1]])

    def _lost(self, _code: int | None) -> None:
        self._line = None
        self._company.closed += 1


def admit(company: Company, site: Site, count: int) -> list[Guest]:
    """Let so many guests in, at full speed.

    Raises:
        NotMeasured: the server took no more.
    """
    guests = [Guest(company) for _ in range(count)]
    try:
        for _ in Pool(AT_A_TIME).imap_unordered(lambda guest: guest.join(site), guests):
            pass
    except (OSError, TurnedAway) as problem:
        raise NotMeasured(f"not all guests could come in: {problem}") from problem
    return guests
