"""Who waits for the answer to a ballot or a message, and how fast voters may tap.

Owns what is under way, by its ids, and the count of all answers so far. Decides nothing about
a ballot or a message, and never appends one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from time import monotonic

from voting import logbook
from voting.ballots import Cast
from voting.histogram import Histogram
from voting.pace import Pace
from voting.records import Ballot
from voting.state import Outcome, Refusal, State

Answered = Callable[[Outcome], None]


class Casters:
    """Those who wait; `len` is how many ballots and messages are under way.

    `answers` are the ballots so far that were not counted, by what they were answered: a refusal's
    code, or "repeated" for a receipt that was there before. `delays` are from a ballot that was
    counted to its receipt. `messages` are all messages so far, likewise: "said", "repeated", or a
    refusal's code.
    """

    def __init__(self) -> None:
        self.answers: Counter[str] = Counter()
        self.messages: Counter[str] = Counter()
        self.delays = Histogram()
        self._underway: dict[_Id, list[Answered]] = {}
        self._pace = Pace()

    def __len__(self) -> int:
        return len(self._underway)

    def answer(self, sent: Cast, answered: Answered, outcome: Outcome) -> None:
        """Answer what needs no record."""
        self._count(sent, outcome.code if isinstance(outcome, Refusal) else "repeated")
        answered(outcome)

    def join(self, sent: Cast, answered: Answered) -> bool:
        """Let a copy of what is under way have the first one's answer; False if there is none.

        A refusal of the second would be final, and the first may count.
        """
        waiting = self._underway.get(_id(sent))
        if waiting is not None:
            waiting.append(answered)
        return waiting is not None

    def has(self, sent: Cast) -> bool:
        """Say whether this is under way."""
        return _id(sent) in self._underway

    def begin(self, sent: Cast, answered: Answered) -> Answered:
        """Note this as under way; return what is to be called with what came of it."""
        self._underway[_id(sent)] = [answered]
        return partial(self._settle, sent, monotonic())

    def _settle(self, sent: Cast, cast_at: float, outcome: Outcome) -> None:
        id = _id(sent)
        if isinstance(outcome, Refusal):
            self._count(sent, outcome.code)
        elif isinstance(sent, Ballot):
            self.delays.add(monotonic() - cast_at)
        else:
            self._count(sent, "said")
        for answered in self._underway.pop(id):
            tell(answered, outcome)

    def _count(self, sent: Cast, answer: str) -> None:
        (self.answers if isinstance(sent, Ballot) else self.messages)[answer] += 1

    def keeps_pace(self, state: State, sent: Cast) -> bool:
        """Say whether this is within the rate of the poll on stage; messages' is `talking`'s."""
        return not isinstance(sent, Ballot) or self.taps(state, sent.voter)

    def taps(self, state: State, voter: str) -> bool:
        """Count a tap, if taps are what is on stage; say whether it is within the poll's rate."""
        current = state.on_stage
        if current is None or current.poll.rule != "taps":
            return True
        return self._pace.allows(voter, current.poll.taps_per_second)


_Id = tuple[type[Cast], str, str]


def _id(sent: Cast) -> _Id:
    return type(sent), sent.voter, sent.ballot if isinstance(sent, Ballot) else sent.key


def tell(answered: Answered, outcome: Outcome) -> None:
    """Answer one caster; a mistake in telling it must not cost the others theirs."""
    try:
        answered(outcome)
    except Exception:
        logbook.mistake()
