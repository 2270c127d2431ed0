"""What tests of the fold share: a room that is nothing but its records, and a state to compare."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from voting.ballots import apply
from voting.records import (
    FORMAT,
    Ballot,
    Begin,
    Body,
    Candidate,
    Command,
    Define,
    Open,
    Poll,
    Record,
    encode,
)
from voting.state import Outcome, Refusal, Round, State

ADA, BOB, CYD = Candidate("ada", "Ada"), Candidate("bob", "Bob"), Candidate("cyd", "Cyd")
POLL = Poll("poll", "Who?", (ADA, BOB))
OTHER = Poll("other", "What?", (CYD,))


class Room:
    """A state and the records that made it; time goes on by a millisecond with each."""

    def __init__(self, *polls: Poll, open: bool = True, seconds: int | None = None) -> None:
        self.state = State()
        self.records: list[Record] = []
        self.record(Begin(FORMAT, "epoch"))
        for poll in polls or (POLL,):
            self.record(Define(poll, "source"))
        if open:
            self.open(seconds=seconds)

    def record(self, body: Body, *, at: int | None = None) -> Outcome:
        """Fold one more record, at a time if it is given."""
        record = Record(self.state.at + 1 if at is None else at, encode(body))
        self.records.append(record)
        return apply(self.state, record)

    def cast(
        self,
        voter: str,
        ballot: str,
        *choices: str,
        round: int | None = None,
        at: int | None = None,
    ) -> Outcome:
        seen = self.state.stage if round is None else round
        return self.record(Ballot(voter, ballot, seen, choices), at=at)

    def steer(self, kind: type[Command], *rest: Any, at: int | None = None, **more: Any) -> Outcome:
        """Fold a command of an admin who has seen everything."""
        return self.record(kind(self.state.stage, self.state.version, *rest, **more), at=at)

    def open(self, poll: str = "", *, seconds: int | None = None) -> Outcome:
        return self.steer(Open, poll or next(iter(self.state.polls)), seconds)

    @property
    def round(self) -> Round:
        """The round on stage."""
        assert self.state.on_stage
        return self.state.on_stage

    @property
    def counts(self) -> dict[str, int]:
        return self.round.counts


def code(outcome: Outcome | None) -> str:
    """Return why something was refused."""
    assert isinstance(outcome, Refusal), outcome
    return outcome.code


def holding(state: State) -> dict[str, Any]:
    """Everything a state holds, comparable; it changes with the state."""

    def spread(round: Round) -> dict[str, Any]:
        return {name: getattr(round, name) for name in round.__slots__}

    rounds = {id: spread(round) for id, round in state.rounds.items()}
    tried = state.rehearsal
    rehearsal = tried and (spread(tried.round), *tried[1:])
    return vars(state) | {"rounds": rounds, "rehearsal": rehearsal, "talk": vars(state.talk)}


def fields(state: State) -> dict[str, Any]:
    """Everything a state holds, comparable, and apart from what happens to the state later."""
    return copy.deepcopy(holding(state))


def replayed(records: Iterable[Record]) -> dict[str, Any]:
    """Everything that a fresh state holds after these records."""
    state = State()
    for record in records:
        apply(state, record)
    return holding(state)
