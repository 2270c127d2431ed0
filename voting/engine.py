"""Batches what changes the room into the journal, folds it, and answers.

Owns the state of a running server, and is the only one that appends. Never sees a socket or a page.

A ballot waits for the commit under way, no longer: a batch is what came while the last one was
being committed. Memory changes after the commit, so nobody is shown what a crash would take back.
"""

from __future__ import annotations

import secrets
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from time import monotonic
from typing import Literal, cast

import gevent
import msgspec
from gevent.event import AsyncResult, Event

from voting import logbook
from voting.ballots import Broken, apply, judge, receipt_of
from voting.histogram import Histogram
from voting.imports import ALL_WRITTEN, news
from voting.journal import Journal, JournalError
from voting.pace import Pace
from voting.polls import Made
from voting.records import (
    FORMAT,
    SEALED_SINCE,
    Ballot,
    Begin,
    Body,
    Claim,
    Close,
    Command,
    Ending,
    Issue,
    Open,
    Poll,
    Record,
    encode,
    sealed,
)
from voting.state import Outcome, Refusal, State

MAX_BATCH = 1_000
"""Records in one commit: enough that a flood is not fsync-bound, few enough to answer soon."""

RETRY_SECONDS = 0.5
"""Between two looks at a journal that could not be written."""

STOP_SECONDS = 5.0
"""How long the last commit may take when the server stops."""

LOOK_SECONDS = 1.0
"""At most, between two looks at a running countdown: the clock may be set meanwhile."""

NOT_RECORDED = Refusal("not_recorded", "the journal cannot be written; send it again later")
TOO_FAST = Refusal("too_fast", "more taps in a second than this poll takes")
Answered = Callable[[Outcome], None]

Change = Literal["numbers", "state", "round"]
"""What is new: counts alone, anything else, or even the round, and with it everyone's choices."""


class Engine:
    """The state, and the one greenlet that changes it.

    `answers` are the ballots so far that were not counted, by what they were answered: a refusal's
    code, or "repeated" for a receipt that was there before. `delays` are from a ballot that was
    counted to its receipt.

    Args:
        journal: where records become durable.
        clock: milliseconds since 1970, UTC.
    """

    def __init__(self, journal: Journal, clock: Callable[[], int]) -> None:
        self.state = State()
        self.recording = True
        self.answers: Counter[str] = Counter()
        self.delays = Histogram()
        self._journal = journal
        self._clock = clock
        self._ahead = 0
        self._changed: Callable[[Change], None] = lambda change: None
        self._room: Callable[[], int] = lambda: 0
        self._pace = Pace()
        self._waiting: deque[tuple[Body, Answered]] = deque()
        self._underway: dict[tuple[str, str], list[Answered]] = {}
        self._wake = Event()
        self._stopping = False
        self._greenlet: gevent.Greenlet[[], None] | None = None

    def replay(self, *, restored: bool = False) -> None:
        """Fold the journal from where the state is; give a new journal its first record.

        A journal that was `restored` from a copy goes on under a new epoch: phones may have seen
        more of the old one than it holds.

        Raises:
            JournalError: the journal cannot be read or written.
            ballots.Broken: it holds what this program cannot have written.
        """
        self._fold(self._journal.read(self.state.version))
        # Where this computer's clock was set back since, time goes on from the newest record:
        # standing still until the clock has caught up, it would hold up every countdown.
        self._ahead = max(0, self.state.at - self._clock())
        if self.state.format >= SEALED_SINCE and self.state.sealed < self.state.version:
            raise Broken(f"the records from {self.state.sealed + 1} on have no seal")
        if self.state.version == 0 or restored:
            self._record([Begin(FORMAT, secrets.token_hex(8))])
        elif self.state.format < FORMAT:
            self._record([Begin(FORMAT, self.state.epoch)])

    def prepare(
        self, polls: Sequence[Poll], made: Made = ALL_WRITTEN, *, open_at_start: bool
    ) -> None:
        """Take in what is new in the configured polls, and open the very first round.

        A rehearsal that the last stop left behind is over, before anything else.

        Raises:
            JournalError: the journal cannot be written.
        """
        state = self.state
        if state.rehearsal:
            self._record([Close(state.stage, state.version)])
        if bodies := news(state, polls, made):
            self._record(bodies)
        if open_at_start and not state.begun and state.poll:
            self._record([Open(0, state.version, state.poll.id)])

    def now(self) -> int:
        """Return the time that a record would get now, in milliseconds since 1970, UTC."""
        return max(self._clock() + self._ahead, self.state.at)

    def watch(self, changed: Callable[[Change], None], room: Callable[[], int]) -> None:
        """Have `changed` called after each batch, and when recording stops or goes on.

        `room` says how many are present or have voted; it is asked when a round ends.
        """
        self._changed, self._room = changed, room

    def start(self, failed: Callable[[], None] = lambda: None) -> None:
        """Begin to take ballots; `replay` has been called.

        `failed` is called if a mistake of the program ends this engine. Memory is then not to be
        trusted; a restart, which is a replay, is.
        """
        # What a crash left in the journal may have been written and not synced: this syncs it
        # before anybody is told of it. And a disk that is full is known before a ballot comes.
        try:
            self._journal.append(self.state.version, [])
        except JournalError as error:
            self.recording = False
            logbook.note("journal_lost", reason=str(error))
        self._greenlet = gevent.spawn(self._run)
        self._greenlet.link_exception(lambda greenlet: failed())

    @property
    def is_stopping(self) -> bool:
        """Whether nothing is taken any more."""
        return self._stopping

    @property
    def underway(self) -> int:
        """How many ballots wait for a commit, or for the end of one."""
        return len(self._underway)

    def stop(self) -> None:
        """Commit and answer what waits, then end; what comes now is refused."""
        self._stopping = True
        self._wake.set()
        if self._greenlet:
            self._greenlet.join(STOP_SECONDS)

    def cast(self, ballot: Ballot, answered: Answered) -> None:
        """Answer a ballot: at once if it needs no record, else when its batch is folded.

        An id that is under way already gets the answer of its first copy: a refusal of the second
        would be final, and the first may count. For the same reason nothing is refused for good
        while nobody knows what the journal holds.

        `answered` is called exactly once, and must not block.
        """
        answer: Outcome | None = receipt_of(self.state, ballot)
        id = (ballot.voter, ballot.ballot)
        if answer is None and id in self._underway:
            self._underway[id].append(answered)
            return
        if answer is None and self.recording:
            answer = judge(self.state, ballot, self.now())
            if answer is None and not self._keeps_pace(ballot.voter):
                answer = TOO_FAST
        if answer is not None:
            self.answers[answer.code if isinstance(answer, Refusal) else "repeated"] += 1
            answered(answer)
            return
        self._underway[id] = [answered]
        self._submit(ballot, partial(self._settle, id, monotonic()))

    def _settle(self, id: tuple[str, str], cast_at: float, outcome: Outcome) -> None:
        if isinstance(outcome, Refusal):
            self.answers[outcome.code] += 1
        else:
            self.delays.add(monotonic() - cast_at)
        for answered in self._underway.pop(id):
            _answer(answered, outcome)

    def _keeps_pace(self, voter: str) -> bool:
        current = self.state.on_stage
        if current is None or current.poll.rule != "taps":
            return True
        return self._pace.allows(voter, current.poll.taps_per_second)

    def command(self, command: Command) -> Outcome:
        """Append an admin's command and wait for what came of it."""
        if isinstance(command, Ending):
            command = msgspec.structs.replace(command, room=self._room())
        return self.append(command)

    def append(self, body: Body) -> Outcome:
        """Append a record and wait for what came of it."""
        result: AsyncResult[Outcome] = AsyncResult()
        self._submit(body, result.set)
        return cast(Outcome, result.get())

    def _submit(self, body: Body, answered: Answered) -> None:
        if self._stopping or not self.recording:
            answered(NOT_RECORDED)
            return
        self._waiting.append((body, answered))
        self._wake.set()

    def _run(self) -> None:
        try:
            if not self.recording:
                self._recover()
            while self._waiting or not self._stopping:
                self._wake.wait(self._until_due())
                self._wake.clear()
                self._close_when_due()
                while self._waiting:
                    self._commit(self._next_batch())
        except Exception:
            self._stopping, self.recording = True, False
            self._refuse(self._waiting)
            raise

    def _until_due(self) -> float | None:
        """Return for how many seconds nothing but a ballot or a command can need the engine."""
        current = self.state.on_stage
        if current is None or current.closed_at is not None or current.closes_at is None:
            return None
        return min(max(current.closes_at - self.now(), 0) / 1_000, LOOK_SECONDS)

    def _close_when_due(self) -> None:
        """Put the close of a countdown that is over behind what already waits."""
        current = self.state.on_stage
        if current and current.closed_at is None and not current.is_open(self.now()):
            due = Close(current.id, self.state.version, self._room())
            self._waiting.append((due, lambda outcome: None))

    def _next_batch(self) -> list[tuple[Body, Answered]]:
        return [self._waiting.popleft() for _ in range(min(MAX_BATCH, len(self._waiting)))]

    def _commit(self, batch: list[tuple[Body, Answered]]) -> None:
        stage, steered = self.state.stage, self.state.steered
        try:
            outcomes = self._record([body for body, _ in batch])
        except JournalError as error:
            logbook.note("journal_lost", reason=str(error))
            self._refuse(batch)
            self._recover()
            return
        except Exception:
            self._refuse(batch)
            raise
        for (_, answered), outcome in zip(batch, outcomes, strict=True):
            _answer(answered, outcome)
        if self.state.stage != stage:
            self._changed("round")
        elif not all(isinstance(body, Issue | Claim) for body, _ in batch):  # no page shows them
            self._changed("numbers" if self.state.steered == steered else "state")

    def _record(self, bodies: list[Body]) -> list[Outcome]:
        at = self.now()
        records = sealed(self.state.chain, [Record(at, encode(body)) for body in bodies])
        self._journal.append(self.state.version, records)
        return self._fold(records)

    def _refuse(self, waiting: Iterable[tuple[Body, Answered]]) -> None:
        for _, answered in waiting:
            _answer(answered, NOT_RECORDED)

    def _recover(self) -> None:
        """Refuse everything until the journal answers again, then fold what it holds.

        A commit that failed may have reached the disk all the same, so the tail is read before
        anything is appended, and folded once a trial write says that it is durable. The ballots in
        it are counted; their phones ask again and get the receipt.
        """
        self.recording = False
        self._changed("state")
        version = self.state.version
        while not self.recording:
            self._refuse(self._waiting)
            self._waiting.clear()
            if self._stopping:
                return
            try:
                tail = self._journal.read(version)
                self._journal.append(version + len(tail), [])
            except JournalError:
                self._wake.clear()
                self._wake.wait(RETRY_SECONDS)
            else:
                self._fold(tail)
                self.recording = True
                logbook.note("journal_back", found=len(tail))
        # What the tail held was answered "not recorded": its voters must hear that it counts.
        self._changed("state" if self.state.version == version else "round")

    def _fold(self, records: Iterable[Record]) -> list[Outcome]:
        return [apply(self.state, record) for record in records]


def _answer(answered: Answered, outcome: Outcome) -> None:
    """Answer one caster; a mistake in telling it must not cost the others theirs."""
    try:
        answered(outcome)
    except Exception:
        logbook.mistake()
