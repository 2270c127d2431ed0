"""What tests of the engine share: one on a journal that a test can hold up and make fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any

from gevent.event import AsyncResult, Event

from tests.folding import POLL
from voting.engine import Change, Engine
from voting.histogram import Histogram
from voting.journal import Journal, NotRecorded, Unshared
from voting.records import Ballot, Command, Poll, Record
from voting.state import Outcome, Receipt, Refusal, Round, State

PATIENCE = 10
"""Seconds after which a gate that should have opened fails the test."""


class ListJournal(Unshared):
    """A journal in a list, which a test can hold up and make fail.

    `gate` holds up appends while it is clear, and `knocked` says that one waits there, with the
    records `at_the_gate`. `trouble` names what becomes of the appends to come: "before" fails with
    nothing written, "after" with everything written, "at last" so too, and the journal is `down`
    from then on: nothing can be written, nor read.
    """

    restored = False

    def __init__(self, records: Sequence[Record] = ()) -> None:
        self.records: list[Record] = list(records)
        self.batches: list[int] = []
        self.commits = Histogram()
        self.gate = Event()
        self.gate.set()
        self.knocked = Event()
        self.at_the_gate: list[Record] = []
        self.trouble: list[str] = []
        self.down = False
        self.mistake: Exception | None = None

    def hold(self) -> None:
        """Hold up the appends to come, until the gate is set."""
        self.gate.clear()
        self.knocked.clear()

    def read(self, after: int) -> list[Record]:
        if self.down:
            raise NotRecorded("down")
        return self.records[after:]

    def append(
        self, after: int, records: Sequence[Record], *, exact: bool = False
    ) -> Sequence[Record]:
        self.at_the_gate = list(records)
        self.knocked.set()
        self.gate.wait()
        if self.mistake:
            raise self.mistake
        trouble = self.trouble.pop(0) if self.trouble and records else ""
        if self.down or trouble == "before" or after != len(self.records):
            raise NotRecorded("not written")
        self.records += records
        self.batches.append(len(records))
        self.down |= trouble == "at last"
        if trouble in ("after", "at last"):
            raise NotRecorded("written, but nobody knows")
        return records

    def close(self) -> None:
        """Nothing to give back."""


class Clock:
    """A time that a test sets, in milliseconds; where it `runs`, it goes on by itself."""

    def __init__(self) -> None:
        self.now = 1_000
        self.runs = False
        self._began = monotonic()

    def __call__(self) -> int:
        return self.now + (int((monotonic() - self._began) * 1_000) if self.runs else 0)


class Answer:
    """What a caster is told, and how often."""

    def __init__(self) -> None:
        self._result: AsyncResult[Outcome] = AsyncResult()
        self.times = 0

    def __call__(self, outcome: Outcome) -> None:
        self.times += 1
        self._result.set(outcome)

    def get(self) -> Outcome:
        outcome = self._result.get(timeout=PATIENCE)
        assert self.times == 1
        return outcome

    def receipt(self) -> Receipt:
        outcome = self.get()
        assert isinstance(outcome, Receipt), outcome
        return outcome

    def code(self) -> str:
        outcome = self.get()
        assert isinstance(outcome, Refusal), outcome
        return outcome.code


class Room:
    """A started engine, its first round open if it is new; a context, so that it always stops."""

    def __init__(
        self,
        *polls: Poll,
        journal: Journal | None = None,
        clock: Clock | None = None,
        present: int = 0,
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        self.journal: Any = journal or ListJournal()
        self.clock = clock or Clock()
        self.engine = Engine(self.journal, self.clock)
        self.engine.replay()
        self.engine.prepare(polls or (POLL,), open_at_start=True)
        self.news: list[tuple[Change, bool]] = []
        self.told = Event()
        self.back = Event()
        self.engine.watch(self._changed, lambda: present)
        self.engine.start(failed)

    def _changed(self, change: Change) -> None:
        self.news.append((change, self.engine.recording))
        self.told.set()
        if self.engine.recording:
            self.back.set()

    def __enter__(self) -> Room:
        return self

    def __exit__(self, *error: object) -> None:
        if isinstance(self.journal, ListJournal):
            self.journal.gate.set()
        self.engine.stop()

    @property
    def state(self) -> State:
        return self.engine.state

    @property
    def round(self) -> Round:
        """The round on stage."""
        assert self.state.on_stage
        return self.state.on_stage

    def cast(self, voter: str, ballot: str = "b1", choice: str = "ada") -> Answer:
        answer = Answer()
        self.engine.cast(Ballot(voter, ballot, self.state.stage, (choice,)), answer)
        return answer

    def steer(self, kind: type[Command], *rest: Any) -> Outcome:
        return self.engine.command(kind(self.state.stage, self.state.version, *rest))
