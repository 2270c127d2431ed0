"""A phone that does not give up, with the manners of the page.

One ballot is under way, sent again with the same id on every new line and after every "not now",
until it has its answer. The phone also hangs up at times, and asks again for ballots that were
counted long ago. Of several servers each new line goes to one by chance. Where the room talks, it
says something now and then, likewise until it has its answer.
"""

from __future__ import annotations

import asyncio
from random import Random
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.lines import Line
from tests.voices import Voice

if TYPE_CHECKING:
    from tests.audience import Audience

NOT_NOW = {"not_recorded", "too_fast"}
NOT_EVER = {"stale_round", "round_closed"}

AGAIN, HANG_UP = 0.1, 0.02
"""How often a phone asks for an old ballot again, and hangs up with a ballot under way."""


class Told(NamedTuple):
    """What a receipt says of a ballot."""

    round: int
    choices: tuple[str, ...]
    version: int
    code: str


def stand(standing: dict[int, list[Told]], rule: str, told: Told) -> None:
    """Add a counted ballot to those of one voter that count now."""
    ballots = standing.setdefault(told.round, [])
    if rule != "taps":
        ballots.clear()
    ballots.append(told)


class Phone:
    """One phone: what it sent, what it was told, and the ballot it still wants an answer for.

    `seen` is the newest that it was shown: an epoch, a version of it, counts. `earlier` are ballots
    whose receipts are of an epoch that has ended: they may have been counted anew since.
    """

    def __init__(self, audience: Audience, name: str, cookie: str, random: Random) -> None:
        self.name = name
        self.sent: dict[str, tuple[int, tuple[str, ...]]] = {}
        self.receipts: dict[str, Told] = {}
        self.refused: set[str] = set()
        self.standing: dict[int, list[Told]] = {}
        self.earlier: set[str] = set()
        self.seen: tuple[str, int, dict[str, int]] = ("", 0, {})
        self.put_off = 0
        self.longest_away = 0.0
        self.underway: dict[str, Any] | None = None
        self.line: Line | None = None
        self.voice = Voice(name, random)
        self._audience = audience
        self._cookie = cookie
        self._random = random
        self._counted: list[str] = []
        self._snapshot: dict[str, Any] = {}
        self._own: dict[str, Any] = {}

    async def live(self) -> None:
        """Keep a line, and vote over it; `longest_away` is for how many seconds there was none."""
        away_since = None
        while True:
            try:
                server = self._random.choice(self._audience.servers)
                async with asyncio.timeout(self._audience.silence):
                    self.line = line = await Line.open(server, self._cookie)
                if away_since is not None:
                    self.longest_away = max(self.longest_away, monotonic() - away_since)
                    away_since = None
                self._snapshot = {}
                self._audience.noticed()
                while True:
                    async with asyncio.timeout(self._audience.silence):
                        message = await line.next()
                    self._take(message)
            except (OSError, EOFError):
                # A server that is gone, or silent, is what this phone is made for.
                away_since = away_since or monotonic()
            finally:
                self._hang_up()
            await asyncio.sleep(self._random.uniform(0.03, 0.1))

    def renew(self, ballot: str, told: Told) -> None:
        """Take another receipt for a ballot of an earlier epoch, which was counted anew."""
        before, self.receipts[ballot] = self.receipts[ballot], told
        ballots = self.standing[told.round]
        self.standing[told.round] = [told if one == before else one for one in ballots]
        self.earlier.discard(ballot)

    def cast(self) -> None:
        """Put the next ballot under way, if this phone can and the last one is answered."""
        is_open = self._snapshot and self._snapshot["round"]["state"] == "open"
        if self.underway is not None or not is_open or not self._audience.voting:
            return
        poll, round = self._snapshot["poll"], self._snapshot["round"]["id"]
        ids = [candidate["id"] for candidate in poll["candidates"]]
        choices = self._random.sample(ids, self._random.randint(1, poll["max_choices"]))
        if self._counted and self._random.random() < AGAIN:
            ballot = self._random.choice(self._counted)
        else:
            ballot = f"{self.name}-{len(self.sent)}"
            self.sent[ballot] = (round, tuple(choices))
        self.underway = {"type": "vote", "ballot": ballot, "round": round, "choices": choices}
        self._send()

    def _talk(self) -> None:
        """Say something now and then, where there are messages."""
        if "talk" in self._snapshot and self._audience.voting and self.voice.begins():
            self._say()

    def _say(self) -> None:
        if self.line is not None and self._snapshot and self.voice.underway is not None:
            self.line.tell(self.voice.underway)

    def _hear(self, answer: dict[str, Any]) -> None:
        wrong = self.voice.take(answer)
        if wrong:
            self._complain(wrong, answer)
        if answer["type"] == "unsaid":
            pause = self._random.uniform(0.02, 0.1)
            asyncio.get_running_loop().call_later(pause, self._say)
        self._audience.noticed()

    def _send(self) -> None:
        if self.line is None or not self._snapshot or self.underway is None:
            return
        self.line.tell(self.underway)
        if self._random.random() < HANG_UP:
            self._hang_up()

    def _hang_up(self) -> None:
        if self.line is not None:
            self.line.close()
        self.line = None
        self._audience.noticed()

    def _take(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "state":
                is_first, self._snapshot = not self._snapshot, message
                self._audience.show(message)
                self._see(message)
                if is_first:
                    self._compare_own()
                    self._send()
                    self._say()
                self.cast()
            case "tally":
                self._audience.show(message)
                self._see(message)
            case "you" if not self._snapshot:
                self._own = message
            case "receipt":
                self._keep(message)
            case "refused":
                self._give_up_or_wait(message)
            case "said" | "unsaid":
                self._hear(message)

    def _see(self, shown: dict[str, Any]) -> None:
        """Take the newest, as a page does: an older version of the same epoch is none."""
        epoch, version, _ = self.seen
        if shown["epoch"] != epoch:
            self.earlier = set(self.receipts)
        elif shown["version"] < version:
            return
        self.seen = (shown["epoch"], shown["version"], shown["counts"])
        self._audience.noticed()

    def _compare_own(self) -> None:
        """On a new line the server tells what counts: what this phone holds, if all is answered.

        A server that cannot read the journal may be behind this phone, and shows that it is.
        """
        you = self._own
        waits = self.underway and self.underway["ballot"] not in self.receipts
        held = self.standing.get(you["round"])
        is_behind = held and self._snapshot["version"] < held[-1].version
        if waits or is_behind or self.earlier:
            return
        if you["code"] != (held[-1].code if held else None):
            self._complain("is told that another ballot counts", you)

    def _keep(self, receipt: dict[str, Any]) -> None:
        ballot = receipt["ballot"]
        told = Told(
            receipt["round"], tuple(receipt["choices"]), receipt["version"], receipt["code"]
        )
        if ballot not in self.receipts:
            self.receipts[ballot] = told
            self._counted.append(ballot)
            stand(self.standing, self._audience.rules[told.round], told)
        elif ballot in self.earlier:
            self.renew(ballot, told)
        if self.receipts[ballot] != told or self.sent.get(ballot) != told[:2]:
            self._complain("got a receipt that is not its ballot's", receipt)
        self._answered(ballot)

    def _give_up_or_wait(self, refusal: dict[str, Any]) -> None:
        ballot, code = refusal["ballot"], refusal["code"]
        # A server that cannot read the journal may not have heard of what another one has counted.
        is_final = code in NOT_EVER or len(self._audience.servers) == 1
        if (ballot in self.receipts and is_final) or code not in NOT_NOW | NOT_EVER:
            self._complain("was refused what must count", refusal)
        if code in NOT_EVER:
            self.refused.add(ballot)
            self._answered(ballot)
        else:
            self.put_off += 1
            self._audience.noticed()
            pause = self._random.uniform(0.02, 0.1)
            asyncio.get_running_loop().call_later(pause, self._send)

    def _answered(self, ballot: str) -> None:
        if self.underway and self.underway["ballot"] == ballot:
            self.underway = None
            self._audience.noticed(answers=1)
            self.cast()
            self._talk()

    def _complain(self, what: str, message: dict[str, Any]) -> None:
        self._audience.complaints.append(f"{self.name} {what}: {message}")
