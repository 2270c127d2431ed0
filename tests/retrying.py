"""A phone that does not give up, with the manners of the page.

One ballot is under way, sent again with the same id on every new line and after every "not now",
until it has its answer. The phone also hangs up at times, and asks again for ballots that were
counted long ago.
"""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.lines import Line

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
    """One phone: what it sent, what it was told, and the ballot it still wants an answer for."""

    def __init__(self, audience: Audience, name: str, cookie: str, random: Random) -> None:
        self.name = name
        self.sent: dict[str, tuple[int, tuple[str, ...]]] = {}
        self.receipts: dict[str, Told] = {}
        self.refused: set[str] = set()
        self.standing: dict[int, list[Told]] = {}
        self.put_off = 0
        self.underway: dict[str, Any] | None = None
        self.line: Line | None = None
        self._audience = audience
        self._cookie = cookie
        self._random = random
        self._counted: list[str] = []
        self._snapshot: dict[str, Any] = {}

    async def live(self) -> None:
        """Keep a line, and vote over it."""
        while True:
            try:
                self.line = line = await Line.open(self._audience.server, self._cookie)
                self._snapshot = {}
                self._audience.noticed()
                while True:
                    self._take(await line.next())
            except (OSError, EOFError):
                pass  # a server that is gone is what this phone is made for
            finally:
                self._hang_up()
            await asyncio.sleep(self._random.uniform(0.03, 0.1))

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
                if is_first:
                    self._send()
                self.cast()
            case "tally":
                self._audience.show(message)
            case "you" if not self._snapshot:
                self._compare_own(message)
            case "receipt":
                self._keep(message)
            case "refused":
                self._give_up_or_wait(message)

    def _compare_own(self, you: dict[str, Any]) -> None:
        """On a new line the server tells what counts: what this phone holds, if all is answered."""
        waits = self.underway and self.underway["ballot"] not in self.receipts
        held = self.standing.get(you["round"])
        if not waits and you["code"] != (held[-1].code if held else None):
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
        if self.receipts[ballot] != told or self.sent.get(ballot) != told[:2]:
            self._complain("got a receipt that is not its ballot's", receipt)
        self._answered(ballot)

    def _give_up_or_wait(self, refusal: dict[str, Any]) -> None:
        ballot, code = refusal["ballot"], refusal["code"]
        if ballot in self.receipts or code not in NOT_NOW | NOT_EVER:
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

    def _complain(self, what: str, message: dict[str, Any]) -> None:
        self._audience.complaints.append(f"{self.name} {what}: {message}")
