"""Batches what changes the room into the journal, folds it, and answers.

Owns the state of a running server, and is the only one that appends. Never sees a socket or a page.

A ballot waits for the commit under way, no longer: a batch is what came while the last one was
being committed. Memory changes after the commit, so nobody is shown what a crash would take back.
"""

from __future__ import annotations

import secrets
import sys
import traceback
from collections import deque
from collections.abc import Callable, Iterable
from typing import Literal, cast

import gevent
from gevent.event import AsyncResult, Event

from voting.ballots import apply, judge
from voting.journal import Journal, JournalError
from voting.records import (
    FORMAT,
    Ballot,
    Begin,
    Body,
    Command,
    Define,
    Open,
    Poll,
    Record,
    encode,
    source_digest,
)
from voting.state import Outcome, Refusal, State

MAX_BATCH = 1_000
"""Records in one commit: enough that a flood is not fsync-bound, few enough to answer soon."""

RETRY_SECONDS = 0.5
"""Between two looks at a journal that could not be written."""

STOP_SECONDS = 5.0
"""How long the last commit may take when the server stops."""

NOT_RECORDED = Refusal("not_recorded", "the journal cannot be written; send it again later")
Answered = Callable[[Outcome], None]

Change = Literal["numbers", "state", "round"]
"""What is new: counts alone, anything else, or even what the voters' own choices are."""


class Engine:
    """The state, and the one greenlet that changes it.

    Args:
        journal: where records become durable.
        clock: milliseconds since 1970, UTC.
    """

    def __init__(self, journal: Journal, clock: Callable[[], int]) -> None:
        self.state = State()
        self.recording = True
        self._journal = journal
        self._clock = clock
        self._changed: Callable[[Change], None] = lambda change: None
        self._waiting: deque[tuple[Body, Answered]] = deque()
        self._wake = Event()
        self._stopping = False
        self._greenlet: gevent.Greenlet[[], None] | None = None

    def replay(self) -> None:
        """Fold the journal from where the state is; give a new journal its first record.

        Raises:
            JournalError: the journal cannot be read or written.
            ballots.Broken: it holds what this program cannot have written.
        """
        self._fold_tail()
        if self.state.version == 0:
            self._record([Begin(FORMAT, secrets.token_hex(8))])

    def prepare(self, poll: Poll, *, open_at_start: bool) -> None:
        """Take the configured poll in if its text is new, and open the very first round.

        Raises:
            JournalError: the journal cannot be written.
        """
        source = source_digest(poll)
        if self.state.sources.get(poll.id) != source:
            self._record([Define(poll, source)])
        if open_at_start and not self.state.stage:
            self._record([Open(0, self.state.version, poll.id)])

    def now(self) -> int:
        """Return the clock's time, in milliseconds since 1970, UTC."""
        return self._clock()

    def watch(self, changed: Callable[[Change], None]) -> None:
        """Have `changed` called after each batch, and when recording stops or goes on."""
        self._changed = changed

    def start(self, failed: Callable[[], None] = lambda: None) -> None:
        """Begin to take ballots; `replay` has been called.

        `failed` is called if a mistake of the program ends this engine. Memory is then not to be
        trusted; a restart, which is a replay, is.
        """
        self._greenlet = gevent.spawn(self._run)
        self._greenlet.link_exception(lambda greenlet: failed())

    def stop(self) -> None:
        """Commit and answer what waits, then end; what comes now is refused."""
        self._stopping = True
        self._wake.set()
        if self._greenlet:
            self._greenlet.join(STOP_SECONDS)

    def cast(self, ballot: Ballot, answered: Answered) -> None:
        """Answer a ballot: at once if it needs no record, else when its batch is folded.

        `answered` is called exactly once, and must not block.
        """
        answer = judge(self.state, ballot)
        if answer is not None:
            answered(answer)
        else:
            self._submit(ballot, answered)

    def command(self, command: Command) -> Outcome:
        """Append an admin's command and wait for what came of it."""
        result: AsyncResult[Outcome] = AsyncResult()
        self._submit(command, result.set)
        return cast(Outcome, result.get())

    def _submit(self, body: Body, answered: Answered) -> None:
        if self._stopping or not self.recording:
            answered(NOT_RECORDED)
            return
        self._waiting.append((body, answered))
        self._wake.set()

    def _run(self) -> None:
        try:
            while self._waiting or not self._stopping:
                self._wake.wait()
                self._wake.clear()
                while self._waiting:
                    self._commit(self._next_batch())
        except Exception:
            self._stopping, self.recording = True, False
            self._refuse(self._waiting)
            raise

    def _next_batch(self) -> list[tuple[Body, Answered]]:
        return [self._waiting.popleft() for _ in range(min(MAX_BATCH, len(self._waiting)))]

    def _commit(self, batch: list[tuple[Body, Answered]]) -> None:
        steered = self.state.steered
        try:
            outcomes = self._record([body for body, _ in batch])
        except JournalError:
            self._refuse(batch)
            self._recover()
            return
        except Exception:
            self._refuse(batch)
            raise
        for (_, answered), outcome in zip(batch, outcomes, strict=True):
            _answer(answered, outcome)
        self._changed("numbers" if self.state.steered == steered else "round")

    def _record(self, bodies: list[Body]) -> list[Outcome]:
        at = max(self._clock(), self.state.at)
        records = [Record(at, encode(body)) for body in bodies]
        self._journal.append(self.state.version, records)
        return [apply(self.state, record) for record in records]

    def _refuse(self, waiting: Iterable[tuple[Body, Answered]]) -> None:
        for _, answered in waiting:
            _answer(answered, NOT_RECORDED)

    def _recover(self) -> None:
        """Refuse everything until the journal answers again, then fold what it holds.

        A commit that failed may have reached the disk all the same, so the tail is read before
        anything is appended. The ballots in it are counted; their phones ask again and get the
        receipt.
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
                self._fold_tail()
                self._journal.append(self.state.version, [])
            except JournalError:
                self._wake.clear()
                self._wake.wait(RETRY_SECONDS)
            else:
                self.recording = True
        # What the tail held was answered "not recorded": its voters must hear that it counts.
        self._changed("state" if self.state.version == version else "round")

    def _fold_tail(self) -> None:
        for record in self._journal.read(self.state.version):
            apply(self.state, record)


def _answer(answered: Answered, outcome: Outcome) -> None:
    """Answer one caster; a mistake in telling it must not cost the others theirs."""
    try:
        answered(outcome)
    except Exception:
        traceback.print_exc(file=sys.stderr)
