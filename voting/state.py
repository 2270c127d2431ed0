"""The state of the room, and what can come of a record.

Owns the shapes that `ballots.apply` fills, and how a ballot is counted. Decides nothing.

What an outcome can be:

    Outcome
    ├── Receipt    the ballot is counted
    ├── Said       the message is said
    ├── Refusal    the record changed nothing, and `code` says why
    └── Done       a command took effect

What can be wrong with the records themselves is `Broken`: nothing comes of them.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, cast

import msgspec

from voting.conversation import Conversation, Said
from voting.records import Poll, Results

Code = Literal[
    "stale_round",
    "round_closed",
    "unknown_candidate",
    "wrong_choices",
    "already_voted",
    "too_fast",
    "conflict",
    "in_use",
    "not_possible",
    "rehearsing",
    "unknown_code",
    "code_used",
    "talk_closed",
    "muted",
    "slow_down",
    "bad_text",
    "unknown_person",
    "gone",
    "not_allowed",
    "not_recorded",
]


class Receipt(msgspec.Struct, frozen=True, tag="receipt", gc=False):
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


Outcome = Receipt | Said | Refusal | Done


class Broken(Exception):
    """These records are no history that this program could have written."""


class Newer(Broken):
    """A newer program has written these records."""


class Round:
    """One taking of a poll: the poll as it was when the round opened, and who chose what.

    `id` is never used again. `counted` maps a voter to the receipts of the ballots that count now
    (one; with the rule `taps` each), `used` to the number of ballot ids spent, `counts` a
    candidate's id to its tally. `room` is how many were present or had voted when the round was
    last closed, 0 if nobody looked. Times are milliseconds since 1970, UTC.
    """

    __slots__ = (
        "ballots",
        "closed_at",
        "closes_at",
        "counted",
        "counts",
        "id",
        "opened_at",
        "poll",
        "results",
        "room",
        "used",
    )

    def __init__(self, id: int, poll: Poll, opened_at: int, seconds: int | None = None) -> None:
        self.id = id
        self.opened_at = opened_at
        self.closed_at: int | None = None
        self.closes_at = None if seconds is None else opened_at + 1_000 * seconds
        self.room = 0
        self.ballots = 0
        self.counted: dict[str, list[Receipt]] = {}
        self.used: dict[str, int] = {}
        self.poll = poll
        self.results: Results = poll.results
        self.take(poll)

    def take(self, poll: Poll) -> None:
        """Take a poll's text; the round holds no ballot."""
        if poll.results != self.poll.results:  # an edit of the words must not reveal what is hidden
            self.results = poll.results
        self.poll = poll
        self.counts = {candidate.id: 0 for candidate in poll.candidates}

    def count(self, voter: str, receipt: Receipt) -> None:
        """Count a voter's ballot: a tap adds to those before it, any other takes their place."""
        standing = self.counted.setdefault(voter, [])
        if self.poll.rule != "taps":
            for replaced in standing:
                for candidate in replaced.choices:
                    self.counts[candidate] -= 1
            self.ballots -= len(standing)
            standing.clear()
        for candidate in receipt.choices:
            self.counts[candidate] += 1
        self.ballots += 1
        self.used[voter] = self.used.get(voter, 0) + 1
        standing.append(receipt)

    @property
    def state(self) -> Literal["open", "closed"]:
        return "open" if self.closed_at is None else "closed"

    def is_open(self, at: int) -> bool:
        """Say whether the round takes ballots at a time; its countdown ends by itself."""
        return self.closed_at is None and (self.closes_at is None or at < self.closes_at)

    @property
    def voted(self) -> int:
        """Distinct voters with a counted ballot."""
        return len(self.counted)

    @property
    def is_public(self) -> bool:
        """Whether anyone may see the counts."""
        return self.results == "live" or (
            self.results == "after_vote" and self.closed_at is not None
        )

    def newest(self, voter: str) -> Receipt | None:
        """Return the receipt of a voter's newest ballot that counts."""
        receipts = self.counted.get(voter)
        return receipts[-1] if receipts else None


class Admission(NamedTuple):
    """The one-time codes that there are, by their digests, and who has come in by them.

    `codes` maps a code to its voter, "" until there is one; `voters` are those who have come.
    """

    codes: dict[str, str]
    voters: set[str]


class Rehearsal(NamedTuple):
    """A round that does not count, and what stood on stage before it and will again.

    `admission` holds the codes that were made for it, and go with it.
    """

    round: Round
    stage: int
    compared: int
    admission: Admission


class Removed(NamedTuple):
    """A poll that an admin took off the list: where it stood, and whether it was shown."""

    poll: Poll
    place: int
    shown: bool
    at: int


class State:
    """Everything the records say, and nothing else.

    `version` is the number of records folded, `chain` a digest over them all, `sealed` the version
    at which a seal last proved it, `at` the time of the newest. `shown` is the id of the poll on
    stage and `stage` of its round there, 0 if it has none; `latest` maps a poll to the round of it
    that was on stage last, `previous` is the round that a command put into the archive last, and
    `compared` the one that is shown beside the round on stage. `begun` is the newest round's id;
    `rehearsed` is how many rehearsals there have been, whose rounds have the ids -1, -2 and so on.
    While a `rehearsal` is on, its round is on stage, and none of `rounds`: what looks there for
    results cannot find it.
    `defined` maps a poll to the version that gave it its text, `sources` to the digest of what was
    imported. `removed` is the poll that an admin took off the list last, until it is put back.
    `steered` is the version at which a command last took effect. `receipts` maps a voter to ballot
    ids and their receipts. `admission` is of the codes that stay, `talk` what the room says.
    """

    def __init__(self) -> None:
        self.format = 0
        self.epoch = ""
        self.version = 0
        self.chain = bytes(32)
        self.sealed = 0
        self.at = 0
        self.polls: dict[str, Poll] = {}
        self.defined: dict[str, int] = {}
        self.sources: dict[str, str] = {}
        self.rounds: dict[int, Round] = {}
        self.begun = 0
        self.rehearsed = 0
        self.latest: dict[str, int] = {}
        self.shown = ""
        self.stage = 0
        self.previous = 0
        self.compared = 0
        self.rehearsal: Rehearsal | None = None
        self.removed: Removed | None = None
        self.steered = 0
        self.receipts: dict[str, dict[str, Receipt]] = {}
        self.admission = Admission({}, set())
        self.talk = Conversation()

    @property
    def on_stage(self) -> Round | None:
        """The round that phones and screen show."""
        return self.rounds.get(self.stage) or (self.rehearsal and self.rehearsal.round)

    def count(self, voter: str, receipt: Receipt) -> None:
        """Count a voter's ballot in its round, and keep its receipt for whoever asks again."""
        current = self.rounds.get(receipt.round) or cast(Rehearsal, self.rehearsal).round
        current.count(voter, receipt)
        self.receipts.setdefault(voter, {})[receipt.ballot] = receipt

    @property
    def real_stage(self) -> int:
        """The id of the round on stage that counts: under a rehearsal, the one that it hides."""
        return self.rehearsal.stage if self.rehearsal else self.stage

    @property
    def poll(self) -> Poll | None:
        """The poll that phones and screen show: the round's, else the one on stage or the first."""
        if current := self.on_stage:
            return current.poll
        return self.polls.get(self.shown) or next(iter(self.polls.values()), None)
