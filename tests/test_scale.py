"""The simulation of a country: cases that a person can reckon, and the page that it makes."""

from __future__ import annotations

import os

import pytest

from bench import costs, fleet, scale, table
from bench.costs import Costs
from bench.country import Plan, simulate
from bench.following import NOTHING, Second, solve
from bench.limits import keeps_up, most_votes
from bench.loads import GROWTH
from bench.report import read
from bench.timeline import Queue, Timeline

FREE = Costs(**dict.fromkeys(Costs._fields, 0.0))._replace(wire=1.0, hop=0.001)
"""All that is asked of a node and of Redis takes no time, but for the way between them."""

AT_ONCE = ("costs", "fleet", "agreement", "memory")
"""Tables that take no time to make; all others take half a minute."""

TABLES = tuple(scale.PLACES) if os.environ.get("TEST_ALL") else AT_ONCE


def test_a_queue_does_one_thing_after_the_other() -> None:
    """What comes meanwhile waits; what comes later does not."""
    timeline, done = Timeline(), []
    queue = Queue(timeline)
    for moment, seconds in ((0.0, 3.0), (1.0, 2.0), (10.0, 1.0)):
        timeline.at(moment, lambda s=seconds: queue.do(s, lambda: done.append(timeline.now)))
    timeline.run()
    assert done == [3.0, 5.0, 11.0]
    assert queue.busy == 6.0


def test_a_receipt_takes_every_step_of_its_way() -> None:
    """One ballot in an idle room: half its cost, the append, Redis and its disk, four hops, the
    fold, and the other half."""
    told = FREE._replace(
        vote=2.0, append=10.0, hop=100.0, redis_append=1_000.0, fsync=10_000.0, fold=100_000.0
    )
    outcome = simulate(Plan(1, 1, 1, 1.0), told)
    assert outcome.receipts == pytest.approx((1 + 10 + 2 * 100 + 1_000 + 10_000 + 100_000 + 1,) * 3)
    quicker = simulate(Plan(1, 1, 1, 1.0, always=False), told)
    assert outcome.settle - quicker.settle == pytest.approx(10_000)


def test_a_country_comes_out_the_same_each_time() -> None:
    """The seed decides, and nothing else."""
    plan = Plan(3, 60, 600, 1.0)
    assert simulate(plan, costs.read().plain()) == simulate(plan, costs.read().plain())
    assert simulate(plan, FREE) != simulate(plan._replace(seed="another"), FREE)


@pytest.mark.parametrize("rate", [1_000, 100_000])
def test_every_node_folds_every_ballot(rate: int) -> None:
    """Also where they come faster than anybody can fold them: they are late then, not lost."""
    outcome = simulate(Plan(4, 400, rate, 1.0), FREE._replace(fold=1e-4, wire=1e9))
    assert outcome.folded == rate
    assert (outcome.settle > 5.0) is (rate > 10_000)


def test_what_redis_is_asked_follows_the_nodes_and_not_the_votes() -> None:
    """Ten times the votes are as many commands; twice the nodes are twice as many."""
    few, many, wide = (
        simulate(Plan(nodes, 400, votes, 4.0), FREE._replace(append_commands=1.0)).commands
        for nodes, votes in ((2, 2_000), (2, 20_000), (4, 2_000))
    )
    assert many == pytest.approx(few, rel=0.1)
    assert wide == pytest.approx(2 * few, rel=0.1)


def test_more_nodes_do_not_fold_more_votes() -> None:
    """A fold of a tenth of a millisecond is ten thousand votes a second, on any number of nodes."""
    told = FREE._replace(fold=1e-4)
    found = [most_votes(told, nodes, 100 * nodes)[0] for nodes in (2, 8)]
    assert found == pytest.approx([10_000, 10_000], rel=0.3)


def test_a_crowded_node_shows_numbers_less_often() -> None:
    """Ticks take two fifths of its core at most, and come ten times a second at most."""
    shown = [
        simulate(Plan(1, phones, 2_000, 10.0), FREE._replace(frame=1e-5)) for phones in (50, 20_000)
    ]
    assert [outcome.ticks for outcome in shown] == pytest.approx([10, 2], rel=0.1)
    assert shown[1].node == pytest.approx(0.4, rel=0.1)


def test_what_two_rates_cost_tells_what_a_ballot_costs() -> None:
    """Seconds that were made from known costs give these back."""

    def second(votes: float, entries: float, frames: float) -> Second:
        following = 0.01 + 4e-6 * votes + (3e-4 + 1e-5) * entries
        return Second(
            following + 2e-5 * votes + 5e-4 * entries + 9e-6 * frames,
            following,
            votes,
            entries,
            frames,
        )

    found = solve(second(0, 0, 0), second(100, 20, 200), second(2_000, 20, 190), 9e-6, 1e-5)
    assert found.beat == NOTHING
    assert found[:4] == pytest.approx((2e-5, 4e-6, 5e-4, 3e-4))


def test_the_kept_run_of_a_fleet_lost_nothing_and_grew_as_it_may() -> None:
    """No vote lost or counted wrongly; commands of Redis flat as votes grow tenfold."""
    kept = read(fleet.FILE)
    assert {figure.run for figure in kept.figures} >= {one.name for one in fleet.ARRANGEMENTS}
    assert any(figure.run == GROWTH for figure in kept.figures)
    assert table.misses(kept) == []


def test_the_simulation_agrees_with_what_was_measured() -> None:
    """As docs/scale.md says: within a factor of two, and three for the core of an idling Redis."""
    rows = scale.agreement(costs.read().plain(), read(fleet.FILE)).splitlines()[2:]
    found = {row.split("|")[1].strip(): float(row.split("|")[-2].strip(" ×")) for row in rows}
    assert len(found) == 8
    for what, ratio in found.items():
        within = 3 if what.endswith("CPU of Redis") else 2
        assert 1 / within <= ratio <= within, what


def test_a_million_phones_vote_within_ten_seconds_on_fifty_nodes() -> None:
    """What docs/scale.md ends with, from the costs that were kept."""
    outcome = simulate(Plan(50, 1_000_000, 1_000_000, 10.0), costs.read().plain())
    assert outcome.folded == 1_000_000
    assert keeps_up(outcome)


@pytest.mark.parametrize("name", TABLES)
def test_docs_scale_shows_what_follows_from_the_kept_costs(name: str) -> None:
    """Nobody types a number; where a cost or the pace changes, the page is made again."""
    page = scale.PAGE.read_text(encoding="utf-8")
    assert page.count(f"<!-- {scale.place(name)} -->\n") == 1
    _, _, rest = page.partition(f"<!-- {scale.place(name)} -->\n")
    made = scale.PLACES[name](costs.read(), read(fleet.FILE))
    assert rest.partition(table.END)[0].strip() == made.strip()
