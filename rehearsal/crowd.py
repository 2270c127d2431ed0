"""What the pretended phones of one run were told, collected for who measures.

Owns the sums and the times. Never judges them, and never sends anything.

Times are of the monotonic clock, in seconds.
"""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import NamedTuple

import msgspec

from rehearsal.backoff import SOURCE, Patience, patience
from voting import protocol
from voting.protocol import PollView, RoundView, Snapshot, Tally

_decoder: msgspec.json.Decoder[protocol.Message] = msgspec.json.Decoder(protocol.Message)


class Answered(NamedTuple):
    """A receipt that came: when its ballot was first sent, when it came, the version it names."""

    sent: float
    at: float
    version: int


class Crowd:
    """What all phones of one run were told, and what went wrong.

    frames: messages that came.
    poll, round, epoch, version, counts, ballots: the newest that any phone was told.
    receipts: one `Answered` for each ballot that was counted; refused: by code, each refusal.
    underway: ballots that wait for an answer.
    shown: for each message with numbers on a screen's line, when it came and its version.
    settled: when each phone first had numbers of version `goal` or later. Each counted ballot is
    one version, so what n ballots will make of a room is known before they are cast.
    rejoined: when a phone that had lost its line had a `state` again.
    closed: lines that the server ended, by close code (None: without one).
    backwards: messages with a version below one that the same phone had in the same epoch.
    """

    def __init__(self) -> None:
        self.poll: PollView | None = None
        self.round: RoundView | None = None
        self.epoch = ""
        self.version = 0
        self.counts: dict[str, int] | None = None
        self.ballots = 0
        self.goal = 0
        self.underway = 0
        self.patience: Patience = patience(SOURCE.read_text(encoding="utf-8"))
        self.random = Random()  # noqa: S311 - jitter, no secret
        self._payload = b""
        self._tally: Tally | None = None
        self.clear()

    def clear(self) -> None:
        """Begin to collect anew; phones, their ballots under way and the goal stay."""
        self.frames = 0
        self.receipts: list[Answered] = []
        self.refused: Counter[str] = Counter()
        self.shown: list[tuple[float, int]] = []
        self.settled: list[float] = []
        self.rejoined: list[float] = []
        self.closed: Counter[int | None] = Counter()
        self.backwards = 0

    def read(self, payload: bytes) -> protocol.Message:
        """Decode a message; a tally's bytes again, as a tick brings them to all, cost nothing."""
        if self._tally is not None and payload == self._payload:
            return self._tally
        message = _decoder.decode(payload)
        if isinstance(message, Tally):
            self._payload, self._tally = payload, message
            self._look(message)
        elif isinstance(message, Snapshot):
            self._look(message)
            self.poll, self.round = message.poll, message.round
        return message

    def _look(self, message: Tally | Snapshot) -> None:
        if message.epoch != self.epoch or message.version >= self.version:
            self.epoch, self.version = message.epoch, message.version
            self.counts, self.ballots = message.counts, message.ballots
