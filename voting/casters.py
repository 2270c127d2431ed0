"""Who waits for the answer to a ballot, and how fast voters may tap.

Owns the ballots under way, by their ids, and the count of all answers so far. Decides nothing about
a ballot, and never appends one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from time import monotonic

from voting import logbook
from voting.histogram import Histogram
from voting.pace import Pace
from voting.records import Ballot
from voting.state import Outcome, Refusal, State

Answered = Callable[[Outcome], None]


class Casters:
    """Those who wait; `len` is how many ballots are under way.

    `answers` are the ballots so far that were not counted, by what they were answered: a refusal's
    code, or "repeated" for a receipt that was there before. `delays` are from a ballot that was
    counted to its receipt.
    """

    def __init__(self) -> None:
        self.answers: Counter[str] = Counter()
        self.delays = Histogram()
        self._underway: dict[tuple[str, str], list[Answered]] = {}
        self._pace = Pace()

    def __len__(self) -> int:
        return len(self._underway)

    def answer(self, answered: Answered, outcome: Outcome) -> None:
        """Answer a ballot that needs no record."""
        self.answers[outcome.code if isinstance(outcome, Refusal) else "repeated"] += 1
        answered(outcome)

    def join(self, ballot: Ballot, answered: Answered) -> bool:
        """Let a copy of a ballot under way have the first one's answer; False if there is none.

        A refusal of the second would be final, and the first may count.
        """
        waiting = self._underway.get((ballot.voter, ballot.ballot))
        if waiting is not None:
            waiting.append(answered)
        return waiting is not None

    def begin(self, ballot: Ballot, answered: Answered) -> Answered:
        """Note a ballot as under way; return what is to be called with what came of it."""
        id = (ballot.voter, ballot.ballot)
        self._underway[id] = [answered]
        return partial(self._settle, id, monotonic())

    def _settle(self, id: tuple[str, str], cast_at: float, outcome: Outcome) -> None:
        if isinstance(outcome, Refusal):
            self.answers[outcome.code] += 1
        else:
            self.delays.add(monotonic() - cast_at)
        for answered in self._underway.pop(id):
            tell(answered, outcome)

    def keeps_pace(self, state: State, voter: str) -> bool:
        """Count a tap, if taps are what is on stage; say whether it is within the poll's rate."""
        current = state.on_stage
        if current is None or current.poll.rule != "taps":
            return True
        return self._pace.allows(voter, current.poll.taps_per_second)


def tell(answered: Answered, outcome: Outcome) -> None:
    """Answer one caster; a mistake in telling it must not cost the others theirs."""
    try:
        answered(outcome)
    except Exception:
        logbook.mistake()
