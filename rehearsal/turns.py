"""Whose turn it is to vote: pretended phones with nothing under way, the longest free first.

Owns who is free and who waits for an answer. Never decides how many votes there are to be.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from random import Random
from time import monotonic

from rehearsal.phone import Phone
from voting.protocol import PollView

PACE = 0.5
"""How fast phones tap, as a share of what a poll allows: a network brings taps together."""


class Turns:
    """Phones that vote in turn, each when its last ballot has its answer, as a page does.

    sent: votes. skipped: votes that found no phone free. counted: phones with a receipt.
    """

    def __init__(self) -> None:
        self.sent = 0
        self.skipped = 0
        self.counted: set[Phone] = set()
        self._free: deque[tuple[float, Phone]] = deque()  # and since when, the earliest first
        self._waiting: set[Phone] = set()
        self._random = Random()  # noqa: S311 - choices of nobody

    def join(self, phone: Phone) -> None:
        """Let a phone that is connected take part."""
        phone.counted = partial(self.counted.add, phone)
        phone.answered = partial(self._let_go, phone)
        self._free.append((float("-inf"), phone))

    def vote(self, poll: PollView, round: int, progress: float) -> None:
        """Let the phone whose turn it is vote in a round, if any is free."""
        pause = 1 / (PACE * poll.taps_per_second) if poll.rule == "taps" else 0.0
        while self._free and self._free[0][0] + pause <= monotonic():
            _, phone = self._free.popleft()
            # One that was told of another round must not vote there: that one counts.
            if phone.is_connected and phone.round == round:
                self._waiting.add(phone)
                phone.vote(*chosen(poll, progress, self._random))
                self.sent += 1
                return
        self.skipped += 1

    @property
    def is_waiting(self) -> bool:
        """Whether an answer may still come."""
        return any(phone.is_connected for phone in self._waiting)

    @property
    def unanswered(self) -> int:
        """How many ballots have no answer, on lines that stand."""
        return sum(phone.unanswered for phone in self._waiting)

    def _let_go(self, phone: Phone) -> None:
        self._waiting.discard(phone)
        self._free.append((monotonic(), phone))


def chosen(poll: PollView, progress: float, random: Random) -> tuple[str, ...]:
    """Return the choices of one ballot: by chance, but with favourites, which change on the way."""
    left = [candidate.id for candidate in poll.candidates]
    middle = progress * (len(left) - 1)
    weights = [1 / (1 + abs(place - middle)) for place in range(len(left))]
    most = min(poll.max_choices, len(left)) if poll.rule == "approval" else 1
    found: list[str] = []
    for _ in range(random.randint(1, most)):
        (place,) = random.choices(range(len(left)), weights)
        weights.pop(place)
        found.append(left.pop(place))
    return tuple(found)
