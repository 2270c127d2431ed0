"""A rehearsal: pretended phones log in to a running server, join and vote, as a hall would.

Owns the run, from the button that starts it to the one that ends it. Never votes outside the round
of the rehearsal, and judges nothing: that is `verdict.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import NamedTuple

import gevent
from gevent.pool import Pool

from rehearsal.crowd import Crowd
from rehearsal.measuring import Moment, costs, moment, to_screen
from rehearsal.phone import Phone
from rehearsal.remote import NotDone, RemoteDesk
from rehearsal.verdict import Findings, spread
from rehearsal.visit import Site, TurnedAway
from voting.protocol import PollView
from voting.records import MAX_REHEARSAL_SECONDS

ARRIVALS_PER_SECOND = 100
"""As many as scan a code in the same second in a large hall; more would be an attack."""

ARRIVING = 32
"""Phones on their way in at the same time."""

SPARE_SECONDS = 60
"""How much longer than planned the round may take before the server ends it."""

QUIET_PART, QUIET_SECONDS, QUIET_RATE = 0.25, 3.0, 20.0
"""The voting begins with few votes, to tell what the pictures cost from what the votes cost."""

STEP_SECONDS = 0.02
ANSWER_SECONDS = 10.0
GONE_SECONDS = 3.0

Told = Callable[[int], object]
"""Hears how much more is done, for a progress bar."""


class Plan(NamedTuple):
    """How many phones, how many votes of all of them in a second, and for how many seconds."""

    phones: int
    votes_per_second: float
    seconds: int


class Rehearsal:
    """One run; a context: whatever happens in it, what it began is ended.

    Any step may raise OSError or TurnedAway where the server does not answer any more. `gave_names`
    says whether the room let nobody in without a name: those stay with the other names.
    """

    def __init__(self, site: Site, desk: RemoteDesk, plan: Plan) -> None:
        self._site = site
        self._desk = desk
        self._plan = plan
        self._random = Random()  # noqa: S311 - choices of nobody
        self._crowd = Crowd()
        self._screen = Phone(self._crowd, site, view="screen")
        self._phones: list[Phone] = []
        self._joined: list[Phone] = []
        self._voters: set[Phone] = set()
        self._moments: list[Moment] = []
        self._round = 0
        self._is_ours = False
        self._before = 0
        self._votes = 0
        self._clients = 0
        self.gave_names = False

    def __enter__(self) -> Rehearsal:
        """Start the round of the rehearsal, unless one is on.

        Raises:
            NotDone: the server refused.
        """
        try:
            self._begin()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._end()

    def join(self, told: Told) -> None:
        """Let the screen and the phones join, so many a second."""
        self._screen.join()
        name = self._name()
        self._note()
        pool = Pool(ARRIVING)
        began = time.monotonic()
        try:
            for number in range(self._plan.phones):
                gevent.sleep(max(0.0, began + number / ARRIVALS_PER_SECOND - time.monotonic()))
                pool.spawn(self._arrive, name.format(number + 1), told)
            pool.join()
        finally:
            pool.kill()
        self._note()

    def vote(self, told: Told) -> None:
        """Vote for the planned time, first softly; return when every ballot has its answer."""
        self._crowd.clear()
        self._note()
        poll = self._crowd.poll
        if self._joined and poll is not None:
            end = float(self._plan.seconds)
            quiet = min(end * QUIET_PART, QUIET_SECONDS)
            rate = self._rate(poll)
            self._vote_from(0.0, quiet, min(rate, QUIET_RATE), poll, told)
            self._note()
            self._vote_from(quiet, end, rate, poll, told)
        self._wait(ANSWER_SECONDS, lambda: not self._crowd.underway)
        self._note()
        newest = max((receipt.version for receipt in self._crowd.receipts), default=0)
        self._wait(ANSWER_SECONDS, lambda: self._screen.version >= newest)

    def findings(self) -> Findings:
        """Return what was measured."""
        crowd = self._crowd
        stage = self._desk.look()
        is_whole = stage.round.id == self._round
        expected = len(crowd.receipts) if stage.poll.rule == "taps" else len(self._voters)
        missing = max(0, expected - (stage.ballots - self._before)) if is_whole else 0
        empty, full, *voting = self._moments
        return Findings(
            phones=self._plan.phones,
            joined=len(self._joined),
            votes=self._votes,
            receipts=len(crowd.receipts),
            seconds=voting[-1].at - voting[0].at,
            lost=crowd.underway + missing,
            refused=dict(crowd.refused),
            backwards=crowd.backwards,
            cut=crowd.closed.total(),
            receipt_ms=spread([receipt.at - receipt.sent for receipt in crowd.receipts]),
            screen_ms=spread(to_screen(crowd)),
            costs=costs(empty, full, len(self._joined), voting),
            is_whole=is_whole,
        )

    def _begin(self) -> None:
        self._clients = self._desk.vitals().clients
        if not self._desk.look().round.rehearsal:
            spare = SPARE_SECONDS + self._plan.phones // 20
            seconds = min(self._plan.seconds + spare, MAX_REHEARSAL_SECONDS)
            self._is_ours = True  # before the button: nobody knows what came of a lost answer
            try:
                self._desk.press("rehearse", seconds=seconds)
            except NotDone:
                self._is_ours = False
                raise
        stage = self._desk.look()
        self._round, self._before = stage.round.id, stage.ballots

    def _end(self) -> None:
        for phone in [*self._phones, self._screen]:
            phone.leave()
        with suppress(OSError, TurnedAway, NotDone):
            stage = self._desk.look().round
            if self._is_ours and stage.rehearsal and self._round in (0, stage.id):
                self._desk.press("end")
            # Who looks at the room next finds nobody there who is not.
            self._wait(GONE_SECONDS, lambda: self._desk.vitals().clients <= self._clients)
        with suppress(OSError, TurnedAway):
            self._desk.close()

    def _name(self) -> str:
        """Return how phones are called: not at all, where the room allows it."""
        try:
            Phone(self._crowd, self._site).log_in()
        except TurnedAway as refused:
            if refused.status != 422:
                raise
            self.gave_names = True
            return "Phone {}"
        return ""

    def _arrive(self, name: str, told: Told) -> None:
        phone = Phone(self._crowd, self._site)
        self._phones.append(phone)
        try:
            phone.log_in(name, files=True)
            phone.join()
        except (OSError, TurnedAway):
            phone.leave()
        else:
            phone.counted = lambda: self._voters.add(phone)
            self._joined.append(phone)
        told(1)

    def _rate(self, poll: PollView) -> float:
        """Return how many votes a second are sent; a voter may not tap as fast as a program can."""
        rate = self._plan.votes_per_second
        if poll.rule == "taps":
            return min(rate, len(self._joined) * poll.taps_per_second / 2)
        return rate

    def _vote_from(self, begin: float, end: float, rate: float, poll: PollView, told: Told) -> None:
        """Send votes at a rate, from one second of the run to another."""
        zero, sent, whole = time.monotonic() - begin, 0, int(begin)
        while (now := time.monotonic() - zero) < end and self._screen.round == self._round:
            due = int((now - begin) * rate)
            for _ in range(due - sent):
                self._send(poll, now / self._plan.seconds)
            sent = due
            gevent.sleep(STEP_SECONDS)
            passed = int(min(time.monotonic() - zero, end))
            told(passed - whole)
            whole = passed
            if not self._screen.is_connected:
                return

    def _send(self, poll: PollView, progress: float) -> None:
        phone = self._random.choice(self._joined)
        # One that was told of another round must not vote there: that one counts.
        if phone.is_connected and phone.round == self._round:
            phone.vote(*chosen(poll, progress, self._random))
            self._votes += 1

    def _note(self) -> None:
        self._moments.append(moment(self._desk.vitals(), self._crowd))

    @staticmethod
    def _wait(seconds: float, is_so: Callable[[], bool]) -> None:
        """Wait until something is so, or no longer."""
        until = time.monotonic() + seconds
        while not is_so() and time.monotonic() < until:
            gevent.sleep(STEP_SECONDS)


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
