"""Rounds of kill -9 at random moments, with an audience that does not give up.

    python -m tests.crash --rounds 500

Each round starts the server on the same data folder, lets phones vote and an admin steer, kills the
server, and compares what every phone was told with what lies on the disk. After the last one the
same numbers must be on the wire, in the export, in the chart, and right to `verify`; and who joins
then hears what phones were told is said, once. The moments are drawn from a seed; what the machine
does just then is its own.
"""

from __future__ import annotations

import socket
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import click
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import sync_playwright

from tests.audience import Audience
from tests.conftest import CHROMIUM_ARGS, find_chromium
from tests.desk import Desk
from tests.phones import Browser
from tests.serving import Server, dashboard, popen
from tests.talkers import FAST, MOST, Talker
from tests.witness import Witness

POLLS = ("single", "approval", "taps")
ROUNDS_OF_A_POLL = 4
ACTIONS = ("", "", "reset", "round", "pause", "back")
MOMENTS = ("pause", "pause", "tally", "command")

POLLS_CONFIG = (
    "\n".join(
        f"""
[[polls]]
id = "{rule}"
question = "Whom by {rule}?"
candidates = ["Ada Lovelace", "Grace Hopper", "Edsger Dijkstra", "Barbara Liskov"]
rule = "{rule}"
max_ballots = 1000000
"""
        for rule in POLLS
    )
    + FAST[FAST.index("\n[server]") :]
)

# What the chart has drawn: each column's own label, whose first line is the count.
DRAWN = """wanted => {
    const chart = window.Highcharts?.charts.find(Boolean);
    const drawn = chart?.series[0].points.map(({ id, dataLabel }) => [
        id, parseInt(dataLabel?.element.querySelector("text").firstChild.textContent),
    ]);
    return JSON.stringify(drawn) === JSON.stringify(wanted);
}"""


@dataclass(frozen=True)
class Plan:
    """What happens in one round, drawn from its seed.

    After `before` answers an admin takes an `action`. After so many more `answers` comes the moment
    of the kill: after a `pause` of some seconds, or at once when phones are shown new numbers or
    the admin has been answered, which is when whoever speaks before the commit is caught. With
    `early`, the server was killed once before, at so many seconds of its start.
    """

    poll: str
    early: float | None
    before: int
    action: str
    answers: int
    moment: str
    pause: float

    def __str__(self) -> str:
        early = "" if self.early is None else f"at {1_000 * self.early:.0f} ms of its start and "
        moment = f"{1_000 * self.pause:.1f} ms" if self.moment == "pause" else f"a {self.moment}"
        return (
            f"{self.poll}, {self.action or 'votes alone'}, killed {early}after {self.before} +"
            f" {self.answers} answers and {moment}"
        )

    @staticmethod
    def of(seed: str, number: int) -> Plan:
        random = Random(f"{seed} {number}")
        return Plan(
            poll=POLLS[number // ROUNDS_OF_A_POLL % len(POLLS)],
            early=random.uniform(0, 0.4) if random.random() < 0.2 else None,
            before=random.randrange(150),
            action=random.choice(ACTIONS),
            answers=random.randrange(250),
            moment=random.choice(MOMENTS),
            pause=random.uniform(0, 0.02),
        )


class Crash:
    """A server that is killed again and again, and everything that watches it."""

    def __init__(self, server: Server, audience: Audience, seed: str) -> None:
        self.kills = 0
        self.witness = Witness(audience)
        self._server = server
        self.audience = audience
        self._seed = seed
        self._desk = Desk(server, seed)

    def round(self, number: int) -> str:
        """Play one round up to its kill, compare everything, and say in a line what was."""
        plan = Plan.of(self._seed, number)
        try:
            self._play(plan)
            self._look()
        except BaseException as error:
            error.add_note(f"This was round {number} of seed {self._seed!r}: {plan}.")
            raise
        return (
            f"round {number}, {plan}: {len(self.witness.records)} records,"
            f" {self.audience.receipts} receipts held"
        )

    def _play(self, plan: Plan) -> None:
        if self._server.process is None:
            if plan.early is not None:
                self._kill_while_starting(plan.early)
            self._server.start()
        self._desk.let_vote(plan.poll)
        self.audience.wait_for_answers(plan.before)
        with ThreadPoolExecutor(1) as beside:
            acting = beside.submit(self._desk.act, plan.action, plan.poll)
            self.audience.wait_for_answers(plan.answers)
            match plan.moment:
                case "tally":
                    self.audience.wait_for_tally()
                case "command":
                    acting.result()
                case _:
                    time.sleep(plan.pause)
            self._kill()
            acting.result()

    def compare(self, chromium: Chromium) -> None:
        """Let every phone have its answer; then all who show numbers must show the phones'."""
        self._server.start()
        self._desk.let_vote(POLLS[0])
        self.audience.settle()
        self.witness.compare_export(self._desk)
        late = Talker(Browser(self._server).log_in())
        late.until(lambda: late.wall.afresh)
        late.leave()
        page = chromium.new_page(viewport={"width": 1920, "height": 1080})
        page.goto(f"{self._server.url}/present")
        for poll in POLLS:
            state = self._desk.look()
            if state["poll"]["id"] != poll:
                self._desk.press("stage", poll=poll)
                state = self._desk.look()
            counts = self.audience.counts(state["round"]["id"])
            assert counts, f"nobody has voted by {poll}"
            assert Counter(state["counts"]) == counts
            page.wait_for_function(DRAWN, arg=[[id, counts[id]] for id in state["counts"]])
        page.close()
        self._kill()
        self._look()
        heard = [message["id"] for message in late.wall.messages]
        assert heard == [*self.witness.wall.values()][-MOST:]
        assert heard, "nobody has said anything"
        verified = dashboard("verify", "--data", self._server.folder / "data")
        assert verified.returncode == 0, verified.stdout + verified.stderr

    def _kill_while_starting(self, after: float) -> None:
        starting = popen("run", "--config", self._server.config, "--port", self._server.port)
        time.sleep(after)
        starting.kill()
        self.kills += 1
        _, said = starting.communicate()
        assert "Traceback" not in said, said

    def _kill(self) -> None:
        self._server.kill()
        self.kills += 1

    def _look(self) -> None:
        self.audience.wait_until_cut()
        assert "Traceback" not in self._server.said, self._server.said
        self.witness.look(self._server.folder / "data")
        commands = self.witness.commands - 1  # the very first start opened a round by itself
        assert self._desk.done <= commands <= self._desk.pressed


@contextmanager
def crashing(folder: Path, phones: int, seed: str) -> Iterator[Crash]:
    """Start a server in a folder, and an audience in front of it."""
    server = Server(folder, POLLS_CONFIG)
    server.port = quiet_port()
    try:
        server.start()
        with Audience(server, phones, seed) as audience:
            yield Crash(server, audience, seed)
    finally:
        server.clear_up()


def quiet_port() -> int:
    """Return a free port that the system gives to no client.

    A phone that calls while the server is down must not be given the server's own port for its
    end of the line. Which one is left to chance: others may be looking at the same moment.
    """
    for port in Random().sample(range(20_000, 30_000), 1_000):
        with suppress(OSError), socket.socket() as tried:
            tried.bind(("127.0.0.1", port))
            return port
    raise OSError("no free port from 20000 to 30000")


@click.command()
@click.option("--rounds", default=12, help="How often the server is killed.")
@click.option("--first", default=0, help="The number of the first round.")
@click.option("--phones", default=60)
@click.option("--seed", default="hands")
def main(rounds: int, first: int, phones: int, seed: str) -> None:
    """Kill the server again and again, and compare."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, crashing(Path(folder), phones, seed) as crash:
        for number in range(first, first + rounds):
            click.echo(crash.round(number))
        with sync_playwright() as playwright:
            crash.compare(
                playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGS)
            )
        took = time.monotonic() - began
        click.echo(
            f"{rounds} rounds, {crash.kills} kills, {len(crash.witness.records)} records,"
            f" {crash.audience.receipts} receipts in {took:.0f} s, seed {seed!r}."
            " Receipts, journal, tally, export, chart and verify agree."
        )


if __name__ == "__main__":
    main()
