"""A rehearsal's run: pretended phones log in to a running server, join and vote, as a hall would.

Owns the run, from the button that starts it to the one that ends it. Never votes outside the round
of the rehearsal, and judges nothing: that is `verdict.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Literal, NamedTuple

import gevent
from gevent.pool import Pool

from rehearsal.crowd import Crowd
from rehearsal.findings import Findings, spread
from rehearsal.measuring import Moment, costs, counted_rate, moment, to_screen, unheld
from rehearsal.phone import Phone
from rehearsal.remote import NotDone, RemoteDesk
from rehearsal.turns import Turns
from rehearsal.visit import Site, TurnedAway
from voting.protocol import PollView

ARRIVALS_PER_SECOND = 100
"""As many as scan a code in the same second in a large hall; more would be an attack."""

ARRIVING = 32
"""Phones on their way in at the same time."""

SPARE_SECONDS, SLOWEST_ARRIVALS_PER_SECOND = 60, 20
"""How much longer than the voting the round may take before the server ends it."""

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

    @property
    def round_seconds(self) -> int:
        """How long the round may take; its time begins before anybody has joined."""
        return self.seconds + SPARE_SECONDS + self.phones // SLOWEST_ARRIVALS_PER_SECOND


class Run:
    """One run; a context: whatever happens in it, what it began is ended when it is left.

    Any step may raise OSError or TurnedAway where the server does not answer any more.

    gave_names: whether the room let nobody in without a name: those stay with the other names.
    outcome: what became of the round: it is over, it was on before and stays, or nobody knows.
    """

    def __init__(self, site: Site, desk: RemoteDesk, plan: Plan) -> None:
        self._site = site
        self._desk = desk
        self._plan = plan
        self._crowd = Crowd()
        self._screen = Phone(self._crowd, site, view="screen")
        self._phones: list[Phone] = []
        self._joined = 0
        self._codes: list[str] = []
        self._turns = Turns()
        self._moments: list[Moment] = []
        self._round = 0
        self._before = 0
        self._clients = 0
        self.gave_names = False
        self.outcome: Literal["not begun", "over", "stays", "unknown"] = "not begun"

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *error: object) -> None:
        for phone in [*self._phones, self._screen]:
            phone.leave()
        with suppress(OSError, TurnedAway, NotDone):
            self._give_back()
        with suppress(OSError, TurnedAway):
            self._desk.close()

    def look(self) -> None:
        """See, as anybody can who is not logged in, whether the server would begin.

        Raises:
            NotDone: not now; the text says what to do.
        """
        self._screen.join()
        self._screen.leave()
        stage = self._crowd.round
        if stage is None or stage.state != "open" or stage.rehearsal:
            return
        if self._crowd.ballots or stage.closes_at is not None:
            raise NotDone("The round on stage is open and in use. Close it first, then repeat.")

    def begin(self) -> None:
        """Start the round of the rehearsal, unless one is on, and get its phones their codes.

        Raises:
            NotDone: the server refused.
        """
        self._clients = self._desk.vitals().clients
        if self._desk.look().round.rehearsal:
            self.outcome = "stays"
        else:
            self.outcome = "unknown"  # before the button: its answer may get lost
            try:
                self._desk.press("rehearse", seconds=self._plan.round_seconds)
            except NotDone:
                self.outcome = "not begun"
                raise
        stage = self._desk.look()
        self._round, self._before = stage.round.id, stage.ballots
        self._codes = self._desk.codes(1 + self._plan.phones, self._round)

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
                code = self._code(number + 1)
                pool.spawn(self._arrive, name.format(number + 1), code, told)
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
            asked = self._plan.votes_per_second
            self._vote_from(0.0, quiet, min(asked, QUIET_RATE), poll, told)
            self._note()
            self._vote_from(quiet, end, asked, poll, told)
        self._wait(ANSWER_SECONDS, lambda: not self._turns.is_waiting)
        self._note()
        newest = max((receipt.version for receipt in self._crowd.receipts), default=0)
        self._wait(ANSWER_SECONDS, lambda: self._screen.version >= newest)

    def findings(self) -> Findings:
        """Return what was measured."""
        crowd, turns = self._crowd, self._turns
        stage = self._desk.look()
        is_whole = stage.round.id == self._round
        expected = len(crowd.receipts) if stage.poll.rule == "taps" else len(turns.counted)
        gained = stage.ballots - self._before
        missing = unheld(crowd.receipts, stage.version, expected, gained) if is_whole else 0
        empty, full, *voting = self._moments
        return Findings(
            phones=self._plan.phones,
            joined=self._joined,
            voters=len(turns.counted),
            votes=turns.sent,
            skipped=turns.skipped,
            receipts=len(crowd.receipts),
            receipts_per_second=counted_rate(voting),
            seconds=round(voting[-1].at - voting[0].at, 3),
            lost=turns.unanswered + missing,
            refused=dict(crowd.refused),
            backwards=crowd.backwards,
            cut=crowd.closed.total(),
            receipt_ms=spread([receipt.at - receipt.sent for receipt in crowd.receipts]),
            screen_ms=spread(to_screen(crowd)),
            costs=costs(empty, full, self._joined, voting),
            is_whole=is_whole,
        )

    def _give_back(self) -> None:
        """End the round of the rehearsal, if it is on and this run has started it."""
        stage = self._desk.look().round
        is_on = stage.rehearsal and self._round in (0, stage.id)
        if is_on and self.outcome == "unknown":
            self._desk.press("end")
            is_on = False
        if not is_on:
            self.outcome = "over"
        # Who looks at the room next finds nobody there who is not.
        self._wait(GONE_SECONDS, lambda: self._desk.vitals().clients <= self._clients)

    def _name(self) -> str:
        """Return how phones are called: not at all, where the room allows it."""
        try:
            Phone(self._crowd, self._site).log_in(code=self._code(0))
        except TurnedAway as refused:
            if refused.status != 422:
                raise
            self.gave_names = True
            return "Phone {}"
        return ""

    def _code(self, place: int) -> str:
        """Return the code of one phone, "" where the room asks for none."""
        return self._codes[place] if self._codes else ""

    def _arrive(self, name: str, code: str, told: Told) -> None:
        phone = Phone(self._crowd, self._site)
        self._phones.append(phone)
        try:
            phone.log_in(name, code, files=True)
            phone.join()
        except (OSError, TurnedAway):
            phone.leave()
        else:
            self._turns.join(phone)
            self._joined += 1
        told(1)

    def _vote_from(self, begin: float, end: float, rate: float, poll: PollView, told: Told) -> None:
        """Let phones vote at a rate, from one second of the run to another."""
        zero, sent, whole = time.monotonic() - begin, 0, int(begin)
        while (now := time.monotonic() - zero) < end and self._screen.round == self._round:
            due = int((now - begin) * rate)
            for _ in range(due - sent):
                self._turns.vote(poll, self._round, now / self._plan.seconds)
            sent = due
            gevent.sleep(STEP_SECONDS)
            passed = int(min(time.monotonic() - zero, end))
            told(passed - whole)
            whole = passed
            if not self._screen.is_connected:
                return

    def _note(self) -> None:
        self._moments.append(moment(self._desk.vitals(), self._crowd))

    @staticmethod
    def _wait(seconds: float, is_so: Callable[[], bool]) -> None:
        """Wait until something is so, or no longer."""
        until = time.monotonic() + seconds
        while not is_so() and time.monotonic() < until:
            gevent.sleep(STEP_SECONDS)
