"""A pretended phone that speaks our protocol, cheap enough for thousands.

Owns what a phone does: log in through the form, join, vote, come back. Never decides when to vote;
what it was told is collected by its `Crowd`.

`log_in` and `join` wait; what is heard later is taken by callbacks of the event loop.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from time import monotonic

import gevent
import msgspec
from gevent.event import Event

from rehearsal.backoff import Backoff
from rehearsal.crowd import Answered, Crowd
from rehearsal.line import AS_BROWSERS_OFFER, Line
from rehearsal.login import log_in
from rehearsal.visit import Site, TurnedAway
from voting.protocol import Refused, Snapshot, Tally, Vote
from voting.state import Receipt

JOIN_SECONDS = 20.0
AGAIN_SECONDS = 1.2
"""How long a phone waits before it repeats a ballot that could not be recorded."""

_encoder = msgspec.json.Encoder()


class Phone:
    """One phone of a crowd; `view` is "voter", or "screen", which needs no login.

    round: the id of the round on stage, as this phone was told. keeps_coming_back: whether a lost
    line is opened again, with the page's own waits, and ballots under way are sent again on it.
    counted: called at each receipt, by the event loop; answered: when a ballot has its last answer,
    whatever it is.
    """

    __slots__ = (
        "_backoff",
        "_came",
        "_cookie",
        "_goal",
        "_line",
        "_put_off",
        "_sends_again",
        "_since",
        "_site",
        "_underway",
        "_view",
        "answered",
        "counted",
        "crowd",
        "epoch",
        "keeps_coming_back",
        "round",
        "version",
    )

    def __init__(self, crowd: Crowd, site: Site, view: str = "voter") -> None:
        self.crowd = crowd
        self.keeps_coming_back = False
        self.counted: Callable[[], None] | None = None
        self.answered: Callable[[], None] | None = None
        self.round = 0
        self.epoch = ""
        self.version = 0
        self._site = site
        self._view = view
        self._cookie = ""
        self._line: Line | None = None
        self._came: Event | None = None  # set when the first state of a line is there
        self._since = 0.0  # when this line first said something
        self._goal = 0
        self._underway: dict[str, tuple[float, bytes]] = {}
        self._put_off: set[str] = set()  # of those, what was refused, but not for good
        self._sends_again = False  # whether that is about to be repeated
        self._backoff = Backoff(crowd.patience, crowd.random)

    @property
    def is_connected(self) -> bool:
        """Whether it has a line on which the server has spoken."""
        return self._line is not None and self._since > 0

    @property
    def received(self) -> int:
        """How many bytes have come on its line, the frames' heads and pings included."""
        return self._line.received if self._line is not None else 0

    @property
    def sent(self) -> int:
        """How many bytes have left on its line, likewise."""
        return self._line.sent if self._line is not None else 0

    @property
    def unanswered(self) -> int:
        """How many ballots have heard nothing, not even a refusal, on the line that stands."""
        return len(self._underway) - len(self._put_off) if self.is_connected else 0

    def log_in(
        self, name: str = "", code: str = "", *, page: bool = False, files: bool = False
    ) -> int:
        """Log in through the form, as a person does; return the bytes that came.

        `page` and `files` say what else is loaded, and what is raised, as `login.log_in` does.
        """
        self._cookie, size = log_in(self._site, name, code, page=page, files=files)
        return size

    def join(self, seconds: float = JOIN_SECONDS) -> None:
        """Open the WebSocket; return when the first `state` has come.

        Raises:
            TurnedAway: the server answered something else than a WebSocket that speaks.
            OSError: it cannot be reached, or did not answer in time.
        """
        headers = {"Origin": self._site.origin, "Cookie": self._cookie, **AS_BROWSERS_OFFER}
        self._since = 0.0
        came = self._came = Event()
        line = self._line = Line.open(self._site, f"/live?view={self._view}", headers, seconds)
        line.listen(self.hear, self._lost)
        there = came.wait(seconds)
        self._came = None
        if not there or self._line is None:
            self._hang_up()
            raise TurnedAway("the server opened a line and said nothing on it")

    def vote(self, *choices: str) -> str:
        """Send a ballot for the round on stage; return its id."""
        ballot = secrets.token_hex(8)
        message = _encoder.encode(Vote(ballot, self.round, choices))
        self._underway[ballot] = (monotonic(), message)
        self.crowd.underway += 1
        if self._line is not None:
            self._line.send(message)
        return ballot

    def leave(self) -> None:
        """Hang up for good; ballots under way are given up."""
        self.keeps_coming_back = False
        self.crowd.underway -= len(self._underway)
        self._underway.clear()
        self._put_off.clear()
        self._hang_up()

    def hear(self, payload: bytes) -> None:
        """Take one message of the server."""
        crowd = self.crowd
        crowd.frames += 1
        message = crowd.read(payload)
        if isinstance(message, Tally):
            self._see(message)
        elif isinstance(message, Receipt):
            sent = self._settle(message.ballot)
            if sent is not None:
                crowd.receipts.append(Answered(sent, monotonic(), message.version))
                if self.counted is not None:
                    self.counted()
        elif isinstance(message, Snapshot):
            self._see(message)
            self.round = message.round.id
            if not self._since:
                self._arrive()
        elif isinstance(message, Refused):
            crowd.refused[message.code] += 1
            if message.code == "not_recorded" and message.ballot in self._underway:
                self._put_off.add(message.ballot)
                if not self._sends_again:
                    self._sends_again = True
                    gevent.spawn_later(AGAIN_SECONDS, self._repeat)
            elif message.ballot is not None:
                self._settle(message.ballot)

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def _see(self, message: Tally | Snapshot) -> None:
        crowd = self.crowd
        if message.version < self.version and message.epoch == self.epoch:
            crowd.backwards += 1
        self.epoch, self.version = message.epoch, message.version
        if self._view == "screen":
            crowd.shown.append((monotonic(), message.version))
        if message.version >= crowd.goal > self._goal:
            self._goal = crowd.goal
            crowd.settled.append(monotonic())

    def _arrive(self) -> None:
        self._since = monotonic()
        if self._came is not None:
            self._came.set()
        self._send(self._underway)

    def _settle(self, ballot: str) -> float | None:
        """Return when a ballot that waited for its answer was sent; it waits no more."""
        sent = self._underway.pop(ballot, None)
        if sent is None:
            return None
        self._put_off.discard(ballot)
        self.crowd.underway -= 1
        if self.answered is not None:
            self.answered()
        return sent[0]

    def _repeat(self) -> None:
        # What still waits for its first answer must not be sent with it: copies of everything under
        # way, for each refusal, would keep a server busy that has trouble already.
        self._sends_again = False
        self._send(self._put_off)

    def _send(self, ballots: Iterable[str]) -> None:
        if self._line is not None:
            for ballot in ballots:
                self._line.send(self._underway[ballot][1])

    def _lost(self, code: int | None) -> None:
        self._line = None
        self.crowd.closed[code] += 1
        if self._came is not None:  # `join` waits, and finds no line
            self._came.set()
        elif self.keeps_coming_back:
            held = monotonic() - self._since if self._since else 0.0
            gevent.spawn_later(self._backoff.next(held), self._come_back)

    def _come_back(self) -> None:
        while self.keeps_coming_back:
            try:
                self.join(self.crowd.patience.first_word)
            except (OSError, TurnedAway):
                gevent.sleep(self._backoff.next(0.0))
            else:
                self.crowd.rejoined.append(monotonic())
                return
