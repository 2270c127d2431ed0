"""Rounds of trouble for two servers and their Redis, with an audience that does not give up.

    python -m tests.fleet_crash --rounds 100 --seed hands

Each round phones vote at both servers, something goes wrong that is drawn from the seed
(tests/troubles.py), and everything is compared (tests/storms.py). An admin steers before it, or
while a server is killed. After the last one the command line proves the stream.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import click

from tests import troubles
from tests.crash import ACTIONS, POLLS, POLLS_CONFIG, ROUNDS_OF_A_POLL
from tests.redises import Redis
from tests.storms import Storm, Trouble, storm

LONGEST_SECONDS = 10.0


def redis_is_slow(storm: Storm) -> None:
    troubles.redis_is_slow(storm, [storm.random.uniform(0.1, 1.9) for _ in range(3)])


def redis_is_stopped(storm: Storm) -> None:
    troubles.redis_is_stopped(storm, storm.random.uniform(0, LONGEST_SECONDS))


def redis_hangs(storm: Storm) -> None:
    troubles.redis_hangs(storm, storm.random.uniform(0, LONGEST_SECONDS))


TROUBLES: tuple[Trouble, ...] = (
    troubles.a_node_is_killed,
    troubles.a_node_is_killed,
    troubles.redis_is_killed,
    troubles.redis_and_a_node_are_killed,
    troubles.everything_is_killed,
    redis_is_stopped,
    redis_hangs,
    redis_is_slow,
    troubles.redis_is_full,
    troubles.redis_is_emptied,
    troubles.redis_is_emptied_while_a_node_sleeps,
    troubles.a_node_sleeps_through_a_trim,
    troubles.the_nodes_are_replaced,
)


@dataclass(frozen=True)
class Plan:
    """What happens in one round: after so many answers an admin acts, and the trouble begins."""

    poll: str
    action: str
    before: int
    trouble: Trouble

    def __str__(self) -> str:
        name = self.trouble.__name__.replace("_", " ")
        return f"{self.poll}, {self.action or 'votes alone'}, {self.before} answers, {name}"

    @staticmethod
    def of(seed: str, number: int) -> Plan:
        random = Random(f"{seed} {number}")
        return Plan(
            poll=POLLS[number // ROUNDS_OF_A_POLL % len(POLLS)],
            action=random.choice(ACTIONS),
            before=random.randrange(250),
            trouble=random.choice(TROUBLES),
        )


def play(storm: Storm, plan: Plan) -> None:
    """Play one round, and compare."""
    desk = storm.desk
    desk.go_to(storm.random.choice(storm.fleet.servers))
    desk.let_vote(plan.poll)
    storm.answers(plan.before)
    storm.errand = partial(desk.act, plan.action, plan.poll)
    if plan.trouble is not troubles.a_node_is_killed:
        storm.errand()
    plan.trouble(storm)
    storm.compare()
    commands = storm.witness.commands - 1  # the very first start opened a round by itself
    assert desk.done <= commands <= desk.pressed


@click.command()
@click.option("--rounds", default=13, help="How often something goes wrong.")
@click.option("--first", default=0, help="The number of the first round.")
@click.option("--phones", default=60)
@click.option("--seed", default="hands")
def main(rounds: int, first: int, phones: int, seed: str) -> None:
    """Let things go wrong again and again, and compare."""
    began = time.monotonic()
    seen: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        redis = Redis(Path(folder) / "redis").start()
        try:
            with storm(Path(folder), redis, POLLS_CONFIG, phones, seed) as one:
                for number in range(first, first + rounds):
                    plan = Plan.of(seed, number)
                    try:
                        play(one, plan)
                    except BaseException as error:
                        error.add_note(f"This was round {number} of seed {seed!r}: {plan}.")
                        for server in one.fleet.servers:
                            click.echo(server.said)
                        raise
                    seen[plan.trouble.__name__.replace("_", " ")] += 1
                    click.echo(
                        f"round {number}, {plan}: {len(one.witness.records)} records read,"
                        f" {one.audience.receipts} receipts held"
                    )
                one.verify()
                took = time.monotonic() - began
                click.echo(", ".join(f"{name} {times} ×" for name, times in seen.most_common()))
                click.echo(
                    f"{rounds} rounds, {len(one.witness.records)} records read,"
                    f" {one.audience.receipts} receipts, {one.witness.anew} of them anew,"
                    f" {len(one.witness.epochs)} epochs in {took:.0f} s, seed {seed!r}. Receipts,"
                    " stream, both servers, both exports and verify agree."
                )
        finally:
            redis.clear_up()


if __name__ == "__main__":
    main()
