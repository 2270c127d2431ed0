"""Batches what changes the room into the journal, and answers.

Owns the one greenlet that changes the state, and what waits for it. Never sees a socket or a page.

A ballot waits for the commit under way, no longer: a batch is what came while the last one was
being committed. A journal that is shared has a pace besides, or its appends would be as many as
votes; and what this server's state refuses, a newer one may not, so a refusal waits until all is
folded that was there when the ballot came.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Literal, cast

import gevent
import msgspec
from gevent.event import AsyncResult, Event

from voting import logbook
from voting.ballots import Cast, answer_of, judge
from voting.casters import Answered, Casters, tell
from voting.histogram import Histogram
from voting.imports import ALL_WRITTEN
from voting.journal import Journal, JournalError, Lost, NotRecorded
from voting.ledger import Ledger, Moment
from voting.polls import Made
from voting.records import Body, Close, Command, Ending, Poll
from voting.state import Outcome, Refusal, State

MAX_BATCH = 1_000
"""Records in one commit: enough that a flood is not fsync-bound, few enough to answer soon."""

RETRY_SECONDS = 0.5
"""Between two looks at a journal that could not be written."""

STOP_SECONDS = 5.0
"""How long the last commit may take when the server stops."""

LOOK_SECONDS = 1.0
"""At most, between two looks at a running countdown: the clock may be set meanwhile."""

SEAL_SECONDS = (0.5, 1.5)
"""How long a shared journal may be without a seal: servers take turns by chance."""

NOT_RECORDED = Refusal("not_recorded", "the journal cannot be written; send it again later")
TOO_FAST = Refusal("too_fast", "more taps in a second than this poll takes")

Change = Literal["talk", "numbers", "state", "round"]
"""What is new: what was said, counts, anything else, or even the round, and with it everyone's
choices."""


class Engine:
    """Takes ballots and commands, one batch after the other.

    Args:
        journal: where records become durable.
        clock: milliseconds since 1970, UTC.
    """

    def __init__(self, journal: Journal, clock: Callable[[], int]) -> None:
        self.recording = True
        self.casters = Casters()
        self._journal = journal
        self._ledger = Ledger(journal, clock, self._tell_of_others)
        self._changed: Callable[[Change], None] = lambda change: None
        self._room: Callable[[], int] = lambda: 0
        self._elsewhere: Callable[[list[str]], None] = lambda voters: None
        self._waiting: deque[tuple[Body, Answered]] = deque()
        self._doubted: list[tuple[Cast, Answered]] = []
        self._looks: list[AsyncResult[None]] = []
        self._owed: list[Body] = []
        self._wake = Event()
        self._appended_at = self._looked_at = float("-inf")
        self._seal_at: float | None = None
        self._stopping = False
        self._greenlet: gevent.Greenlet[[], None] | None = None

    @property
    def state(self) -> State:
        """The room; always the same object, whatever becomes of it."""
        return self._ledger.state

    @property
    def batches(self) -> Histogram:
        """How many records each append held."""
        return self._ledger.batches

    def now(self) -> int:
        """Return the time that a record would get now, in milliseconds since 1970, UTC."""
        return self._ledger.now()

    def replay(self, *, restored: bool = False) -> None:
        """Fold the journal from where the state is; give a new journal its first record.

        A journal that was `restored` from a copy goes on under a new epoch: phones may have seen
        more of the old one than it holds.

        Raises:
            JournalError: the journal cannot be read or written.
            ballots.Broken: it holds what this program cannot have written.
        """
        self._ledger.replay(restored=restored)

    def prepare(
        self,
        polls: Sequence[Poll],
        made: Made = ALL_WRITTEN,
        *,
        open_at_start: bool,
        messages: tuple[bool, bool] = (False, True),
    ) -> None:
        """Take in what is new in the configuration, and open the very first round.

        `messages` says whether there are any, and whether one voter may write to another.

        A rehearsal that the last stop left behind is over, before anything else.

        Raises:
            JournalError: the journal cannot be written.
        """
        self._ledger.prepare(polls, made, open_at_start=open_at_start, messages=messages)

    def watch(
        self,
        changed: Callable[[Change], None],
        room: Callable[[], int],
        elsewhere: Callable[[list[str]], None] = lambda voters: None,
    ) -> None:
        """Have `changed` called after each batch, and when recording stops or goes on.

        `room` says how many are present or have voted; it is asked when a round ends. `elsewhere`
        is told the voters whose ballots other servers have appended.
        """
        self._changed, self._room, self._elsewhere = changed, room, elsewhere

    def start(self, failed: Callable[[], None] = lambda: None) -> None:
        """Begin to take ballots; `replay` has been called.

        `failed` is called if a mistake of the program ends this engine. Memory is then not to be
        trusted; a restart, which is a replay, is.
        """
        # What a crash left in the journal may have been written and not synced: this syncs it
        # before anybody is told of it. And a disk that is full is known before a ballot comes.
        try:
            self._ledger.probe()
        except JournalError as error:
            self._lose(error)
        self._journal.watch(self._wake.set)
        self._wake.set()  # what the start has appended has no seal yet
        self._greenlet = gevent.spawn(self._run)
        self._greenlet.link_exception(lambda greenlet: failed())

    @property
    def is_stopping(self) -> bool:
        """Whether nothing is taken any more."""
        return self._stopping

    def stop(self) -> None:
        """Commit and answer what waits, then end; what comes now is refused."""
        self._stopping = True
        self._wake.set()
        if self._greenlet:
            self._greenlet.join(STOP_SECONDS)

    # What comes in

    def cast(self, sent: Cast, answered: Answered) -> None:
        """Answer a ballot or a message: at once, or if it needs a record, when that is folded.

        Nothing is refused for good while nobody knows what the journal holds.

        `answered` is called exactly once, and must not block.
        """
        self._take(sent, answered, is_final=not self._journal.is_shared)

    def _take(self, sent: Cast, answered: Answered, *, is_final: bool) -> None:
        known = answer_of(self.state, sent)
        if known is not None:
            self.casters.answer(sent, answered, known)
        elif not self.casters.join(sent, answered):
            self._judge(sent, answered, is_final=is_final)

    def _judge(self, sent: Cast, answered: Answered, *, is_final: bool) -> None:
        answer: Outcome | None = None
        if self.recording and not self._stopping:
            answer = judge(self.state, sent, self.now())
            if answer is not None and not is_final:
                self._doubted.append((sent, answered))
                self._wake.set()
                return
            if answer is None and not self.casters.keeps_pace(self.state, sent):
                answer = TOO_FAST
        if answer is not None:
            self.casters.answer(sent, answered, answer)
        else:
            self.submit(sent, self.casters.begin(sent, answered))

    def command(self, command: Command) -> Outcome:
        """Append an admin's command and wait for what came of it."""
        if isinstance(command, Ending):
            command = msgspec.structs.replace(command, room=self._room())
        return self.append(command)

    def append(self, body: Body) -> Outcome:
        """Append a record and wait for what came of it."""
        result: AsyncResult[Outcome] = AsyncResult()
        self.submit(body, result.set)
        return cast(Outcome, result.get())

    def catch_up(self) -> None:
        """Wait until all is folded that the journal holds now, if it can be read.

        Who was answered by another server may come here next.
        """
        if not self._journal.is_shared or not self.recording or self._stopping:
            return
        look: AsyncResult[None] = AsyncResult()
        self._looks.append(look)
        self._wake.set()
        look.get()

    def submit(self, body: Body, answered: Answered) -> None:
        """Append a record; `answered` gets what came of it, and must not block."""
        if self._stopping or not self.recording:
            answered(NOT_RECORDED)
            return
        self._waiting.append((body, answered))
        self._wake.set()

    # The loop

    def _run(self) -> None:
        try:
            while self._waiting or not self._stopping:
                if not self.recording:
                    self._recover()
                    continue
                if not self._waiting:
                    self._wake.wait(self._until_due())
                self._wake.clear()
                if self._journal.is_shared:
                    self._take_in()
                    self._seal_when_due()
                self._close_when_due()
                if self._waiting and self.recording:
                    self._rest(self._appended_at)
                    self._commit(self._next_batch())
                    self._appended_at = monotonic()
        except Exception:
            self.recording = False
            raise
        finally:
            self._stopping = True
            self._refuse(self._waiting)
            self._answer(*self._asked())

    def _until_due(self) -> float | None:
        """Return for how many seconds nothing but a ballot or a command can need the engine."""
        due = []
        if self._seal_at is not None:
            due.append(max(0.0, self._seal_at - monotonic()))
        current = self.state.on_stage
        if current and current.closed_at is None and current.closes_at is not None:
            due.append(min(max(current.closes_at - self.now(), 0) / 1_000, LOOK_SECONDS))
        return min(due, default=None)

    def _close_when_due(self) -> None:
        """Put the close of a countdown that is over behind what already waits."""
        current = self.state.on_stage
        if current and current.closed_at is None and not current.is_open(self.now()):
            due = Close(current.id, self.state.version, self._room())
            self._waiting.append((due, lambda outcome: None))

    def _seal_when_due(self) -> None:
        """Let a shared journal tidy up, and prove now and then what it holds."""
        if not self.recording:  # it may hold something else than this state, by now
            return
        self._journal.tend(self.state)
        if self.state.sealed == self.state.version:
            self._seal_at = None
        elif self._seal_at is None:
            self._seal_at = monotonic() + random.uniform(*SEAL_SECONDS)  # noqa: S311 - no secret
        elif monotonic() >= self._seal_at:
            self._seal_at = None
            self._try(self._ledger.seal)

    def _rest(self, since: float) -> None:
        """Keep the journal's pace: ten times the votes are the same number of appends."""
        left = since + self._journal.rest_seconds - monotonic()
        if left > 0 and len(self._waiting) < MAX_BATCH and not self._stopping:
            gevent.sleep(left)

    def _next_batch(self) -> list[tuple[Body, Answered]]:
        return [self._waiting.popleft() for _ in range(min(MAX_BATCH, len(self._waiting)))]

    def _commit(self, batch: list[tuple[Body, Answered]]) -> None:
        before = self._ledger.moment
        try:
            outcomes = self._ledger.record([body for body, _ in batch])
        except JournalError as error:
            self._refuse(batch)
            self._lose(error)
            return
        except Exception:
            self._refuse(batch)
            raise
        for (_, answered), outcome in zip(batch, outcomes[-len(batch) :], strict=True):
            tell(answered, outcome)
        self._tell_of_change(before)
        if self._journal.is_shared:
            self._wake.set()  # a seal is due, and the listener may have heard nothing

    def _take_in(self) -> None:
        """Fold what other servers have appended; where somebody waits for it, all of it."""
        is_asked = bool(self._looks or self._doubted)
        if is_asked:
            self._rest(self._looked_at)
            self._looked_at = monotonic()
        asked = self._asked()  # who comes while this reads needs another read
        self._try(partial(self._ledger.take_in, all=is_asked))
        self._answer(*asked)

    def _asked(self) -> tuple[list[AsyncResult[None]], list[tuple[Cast, Answered]]]:
        """Return who waits for all to be folded; those who come later are apart."""
        asked = self._looks, self._doubted
        self._looks, self._doubted = [], []
        return asked

    def _answer(self, looks: list[AsyncResult[None]], doubted: list[tuple[Cast, Answered]]) -> None:
        for look in looks:
            look.set()
        for sent, answered in doubted:
            self._take(sent, answered, is_final=True)

    def _try(self, step: Callable[[], None]) -> None:
        """Do what reads or writes the journal, say what is new then, recover if it fails."""
        before = self._ledger.moment
        try:
            step()
        except JournalError as error:
            self._lose(error)
        else:
            self._tell_of_change(before)

    def _tell_of_change(self, before: Moment) -> None:
        """Say what is new since a moment, if anything is."""
        now = self._ledger.moment
        if (now.epoch, now.said) != (before.epoch, before.said):
            self._changed("talk")
        if (now.epoch, now.stage) != (before.epoch, before.stage):
            self._changed("round")
        elif (now.steered, now.written, now.talk) != (before.steered, before.written, before.talk):
            self._changed("state")
        elif now.shown != before.shown:
            self._changed("numbers")

    def _tell_of_others(self, voters: list[str]) -> None:
        """Count others' taps as if they had come here: a rate is of a voter, wherever."""
        for voter in voters:
            self.casters.taps(self.state, voter)
        self._elsewhere(voters)

    def _refuse(self, waiting: Iterable[tuple[Body, Answered]]) -> None:
        for _, answered in waiting:
            tell(answered, NOT_RECORDED)

    # When the journal fails

    def _lose(self, error: JournalError) -> None:
        """Take nothing any more, until the journal answers again."""
        self.recording = False
        logbook.note("journal_lost", reason=str(error))
        self._changed("state")

    def _recover(self) -> None:
        """Refuse everything until the journal answers again, then fold what it holds.

        The ballots in it are counted; their phones ask again and get the receipt.
        """
        before, version = self._ledger.moment, self.state.version
        while not self.recording:
            self._refuse(self._waiting)
            self._waiting.clear()
            self._answer(*self._asked())
            if self._stopping:
                return
            try:
                self._owed += self._ledger.resume()
            except JournalError as error:
                self._offer(error)
                self._wake.clear()
                self._wake.wait(RETRY_SECONDS)
            else:
                self.recording = True
        found = self.state.version - version
        owed, self._owed = self._owed, []
        logbook.note("journal_back", found=found, **({"owed": len(owed)} if owed else {}))
        self._waiting.extend((body, partial(self._owe, body)) for body in owed)
        # What the tail held was answered "not recorded": its voters must hear that it counts.
        self._changed("state" if self._ledger.moment == before else "round")

    def _owe(self, body: Body, outcome: Outcome) -> None:
        """Keep what is still missing in the journal until it is there."""
        if outcome is NOT_RECORDED:
            self._owed.append(body)

    def _offer(self, error: JournalError) -> None:
        """Where the journal is gone, offer what is in memory for a new one."""
        if isinstance(error, Lost):
            with suppress(NotRecorded):  # the next turn tries again
                self._ledger.begin_again()
