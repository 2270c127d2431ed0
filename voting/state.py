"""The state of the room, and what can come of a record.

Owns the shapes that `ballots.apply` fills. Changes nothing itself.

What an outcome can be:

    Outcome
    ├── Receipt    the ballot is counted
    ├── Refusal    the record changed nothing, and `code` says why
    └── Done       a command took effect
"""

from __future__ import annotations

from typing import Literal

import msgspec

from voting.records import Poll

Code = Literal[
    "stale_round",
    "round_closed",
    "unknown_candidate",
    "wrong_choices",
    "already_voted",
    "too_fast",
    "conflict",
    "not_possible",
    "not_recorded",
]


class Receipt(msgspec.Struct, frozen=True, tag="receipt"):
    """The answer that a ballot is counted; `version` is the state's, just after counting it."""

    ballot: str
    round: int
    choices: tuple[str, ...]
    version: int
    code: str


class Refusal(msgspec.Struct, frozen=True):
    """The answer that a record changed nothing. `message` is English, for logs and tools."""

    code: Code
    message: str


class Done(msgspec.Struct, frozen=True):
    """The answer that a command took effect."""


Outcome = Receipt | Refusal | Done


class Round:
    """One taking of a poll: the poll as it was when the round opened, and who chose what.

    `id` is never used again. `choices` maps a voter to the choice that counts now, `used` to the
    number of ballot ids spent, `counts` a candidate's id to its tally.
    """

    __slots__ = (
        "choices",
        "closed_at",
        "codes",
        "counts",
        "id",
        "opened_at",
        "poll",
        "used",
    )

    def __init__(self, id: int, poll: Poll, opened_at: int) -> None:
        self.id = id
        self.poll = poll
        self.opened_at = opened_at
        self.closed_at: int | None = None
        self.choices: dict[str, tuple[str, ...]] = {}
        self.codes: dict[str, str] = {}
        self.used: dict[str, int] = {}
        self.counts = {candidate.id: 0 for candidate in poll.candidates}

    @property
    def state(self) -> Literal["open", "closed"]:
        return "open" if self.closed_at is None else "closed"

    @property
    def voted(self) -> int:
        """Distinct voters with a counted ballot."""
        return len(self.choices)

    @property
    def ballots(self) -> int:
        """Ballots that count now; a changed one has taken its predecessor's place."""
        return len(self.choices)


class State:
    """Everything the records say, and nothing else.

    `version` is the number of records folded, `chain` a digest over them all, `at` the time of the
    newest. `stage` is the id of the round on stage, 0 before the first, and `previous` of the one
    that left it last; `steered` is the version at which a command last took effect. `receipts` maps
    a voter to ballot ids and their receipts.
    """

    def __init__(self) -> None:
        self.epoch = ""
        self.version = 0
        self.chain = bytes(32)
        self.at = 0
        self.polls: dict[str, Poll] = {}
        self.sources: dict[str, str] = {}
        self.rounds: dict[int, Round] = {}
        self.stage = 0
        self.previous = 0
        self.steered = 0
        self.receipts: dict[str, dict[str, Receipt]] = {}

    @property
    def on_stage(self) -> Round | None:
        """The round that phones and screen show."""
        return self.rounds.get(self.stage)

    @property
    def poll(self) -> Poll | None:
        """The poll that phones and screen show: the stage's, else the first."""
        shown = self.on_stage
        return shown.poll if shown else next(iter(self.polls.values()), None)
