"""The journal and the state that is its fold, kept in step.

Owns the state of a running server. Nothing here waits for a vote or answers anybody: that is the
engine's, whose one greenlet is the only one to call what changes the state.

Memory changes after the commit, so nobody is shown what a crash would take back.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple, cast, get_args

from voting.ballots import apply, body_of, take
from voting.histogram import Histogram
from voting.imports import ALL_WRITTEN, news
from voting.journal import Journal, Moved, Restart
from voting.polls import Made
from voting.records import (
    FORMAT,
    SEALED_SINCE,
    Arrange,
    Ballot,
    Begin,
    Body,
    Claim,
    Close,
    Define,
    Issue,
    Open,
    Poll,
    Record,
    Seal,
    encode,
    sealed,
)
from voting.salvage import lacking
from voting.speech import Spoken, Talk
from voting.state import Broken, Outcome, Receipt, State

SIZES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0)
"""Of batches, as they are counted."""


SILENT = frozenset(get_args(Issue | Claim | Seal | Spoken))
"""What changes no number that a page shows."""

WRITTEN = frozenset({Define, Arrange})
"""What another server's start may bring: the polls as its configuration has them."""


class Moment(NamedTuple):
    """Where a state stood: compared with a later one, this says what is new to pages.

    `written` is how often polls were written since the start, `shown` how many records changed the
    numbers; `said` and `talk` are of messages: what was said, and how the room may talk.
    """

    epoch: str
    stage: int
    steered: int
    written: int
    shown: int
    said: int
    talk: int


class Ledger:
    """One server's copy of the room; `batches` says how many records its appends held.

    Args:
        journal: where records become durable.
        clock: milliseconds since 1970, UTC.
        elsewhere: is told the voters whose ballots other servers have appended.
    """

    def __init__(
        self,
        journal: Journal,
        clock: Callable[[], int],
        elsewhere: Callable[[list[str]], None] = lambda voters: None,
    ) -> None:
        self.state = State()
        self.batches = Histogram(SIZES)
        self._journal = journal
        self._clock = clock
        self._elsewhere = elsewhere
        self._ahead = 0
        self._silent = self._written = 0
        self._restart: Restart | None = None

    @property
    def moment(self) -> Moment:
        """Where the state stands now."""
        state = self.state
        shown = state.version - self._silent
        said, talk = max(state.talk.spoken, state.talk.whispered), state.talk.steered
        return Moment(state.epoch, state.stage, state.steered, self._written, shown, said, talk)

    def now(self) -> int:
        """Return the time that a record would get now, in milliseconds since 1970, UTC."""
        return max(self._clock() + self._ahead, self.state.at)

    # At start

    def replay(self, *, restored: bool) -> None:
        """Fold the journal from where the state is; give a new journal its first record.

        Raises:
            JournalError: the journal cannot be read or written.
            Broken: it holds what this program cannot have written.
        """

        def beginning() -> list[Body]:
            state = self.state
            # Where this computer's clock was set back since, time goes on from the newest record:
            # standing still until the clock has caught up, it would hold up every countdown.
            self._ahead = max(0, state.at - self._clock())
            is_unsealed = state.format >= SEALED_SINCE and state.sealed < state.version
            if is_unsealed and not self._journal.is_shared:
                raise Broken(f"the records from {state.sealed + 1} on have no seal")
            if state.version == 0 or restored:
                return [Begin(FORMAT, secrets.token_hex(8))]
            return [Begin(FORMAT, state.epoch)] if state.format < FORMAT else []

        self._alone(beginning)

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

        Raises:
            JournalError: the journal cannot be written.
        """
        state = self.state

        def rehearsals_end() -> list[Body]:
            # One that may be other servers' ends by its countdown.
            is_left = state.rehearsal and not self._journal.is_shared
            return [Close(state.stage, state.version)] if is_left else []

        def opening() -> list[Body]:
            is_first = open_at_start and not state.begun and state.poll is not None
            return [Open(0, state.version, cast(Poll, state.poll).id)] if is_first else []

        def talking() -> list[Body]:
            if messages == state.talk.configured:
                return []  # what an admin has said since stays
            enabled, direct = messages
            return [Talk("open" if enabled else "off", direct, configured=True)]

        self._alone(rehearsals_end)
        self._alone(lambda: news(state, polls, made))
        self._alone(talking)
        self._alone(opening)

    def _alone(self, wanted: Callable[[], list[Body]]) -> None:
        """Append what is wanted of the state, of that very state: another server may start too."""
        while True:
            tail = self._tail()
            self._become(self._base)  # nobody has been told of another one here
            self._restart = None
            self._fold(tail)
            bodies = wanted()
            if not bodies:
                return
            try:
                self.record(bodies, exact=True)
                return
            except (Moved, Restart):
                continue

    # While it runs

    def probe(self) -> None:
        """See that an append would be durable now.

        Raises:
            JournalError: it would not.
        """
        with self._noting_restarts():
            self._journal.append(self.state.version, [])

    def record(self, bodies: Sequence[Body], *, exact: bool = False) -> list[Outcome]:
        """Append bodies and fold what is then in the journal; theirs are the last outcomes.

        Raises:
            JournalError: they are not, or not known to be, in the journal.
        """
        at = self.now()
        self.batches.add(len(bodies))
        records = [Record(at, encode(body)) for body in bodies]
        if not self._journal.is_shared:
            records = sealed(self.state.chain, records)
        with self._noting_restarts():
            found = self._journal.append(self.state.version, records, exact=exact)
        self._silent += sum(type(body) in SILENT for body in bodies)
        others = len(found) - len(records)
        outcomes = self._fold_others(found[:others]) if others else []
        return outcomes + self._fold(found[others:])

    def seal(self) -> None:
        """Prove a shared journal up to here, unless another server's records come first.

        Raises:
            NotRecorded: it cannot be written.
        """
        with suppress(Moved):  # another time: votes come first
            self.record([Seal(self.state.chain.hex())], exact=True)

    def take_in(self, *, all: bool) -> None:
        """Fold what others have appended: as far as it has come by itself, or `all` that there is.

        Raises:
            JournalError: nothing comes any more.
        """
        read = self._journal.read if all else self._journal.news
        with self._noting_restarts():
            records = read(self.state.version)
        if records:
            self._fold_others(records)

    def resume(self) -> list[Body]:
        """Fold what a journal holds that failed and answers again; return what it lacks.

        A commit that failed may have reached the disk all the same, so the tail is read before
        anything is appended, and folded once a trial write says that it is durable. Until then the
        state stays as it was, also where another one will take its place.

        Raises:
            JournalError: it does not answer yet.
        """
        tail = self._tail()
        with self._noting_restarts():
            self._journal.append(self._base.version + len(tail), [])
        restart, self._restart = self._restart, None
        if restart is None:
            self._fold_others(tail)
            return []
        held = State()
        vars(held).update(vars(self.state))
        self._become(restart.state)
        self._fold_others(tail)
        missing: list[Body] = list(lacking(held, self.state))
        if restart.is_cut:
            # Others, too, were told what is not true any more.
            missing.insert(0, Begin(FORMAT, secrets.token_hex(8)))
        return missing

    @property
    def _base(self) -> State:
        """The state behind which the journal is to be read: another one, if it has said so."""
        return self._restart.state if self._restart else self.state

    def _tail(self) -> Sequence[Record]:
        """Read what follows."""
        while True:
            with suppress(Restart), self._noting_restarts():
                return self._journal.read(self._base.version)

    @contextmanager
    def _noting_restarts(self) -> Iterator[None]:
        """Keep what the journal says once, for the next reading of the tail."""
        try:
            yield
        except Restart as found:
            found.is_cut |= self._restart is not None and self._restart.is_cut
            self._restart = found
            raise

    def begin_again(self) -> None:
        """Offer this state where the journal was lost.

        Raises:
            NotRecorded: it cannot be written.
        """
        self._journal.begin_again(self.state)

    # The fold

    def _become(self, state: State) -> None:
        """Take another state; who holds this one goes on looking at the same object."""
        vars(self.state).update(vars(state))

    def _fold(self, records: Iterable[Record]) -> list[Outcome]:
        return [apply(self.state, record) for record in records]

    def _fold_others(self, records: Iterable[Record]) -> list[Outcome]:
        """Fold what nobody here waits for, and tell whose ballots were in it."""
        outcomes, voters = [], []
        for record in records:
            body = body_of(self.state, record)
            outcome = take(self.state, record, body)
            outcomes.append(outcome)
            self._silent += type(body) in SILENT
            self._written += type(body) in WRITTEN
            if isinstance(body, Ballot) and isinstance(outcome, Receipt):
                voters.append(body.voter)
        if voters:
            self._elsewhere(voters)
        return outcomes
