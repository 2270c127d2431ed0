"""How large a room may become: questions to the simulation, and the page that answers them.

Owns docs/scale.md's tables. All of them follow from docs/scale.json and docs/fleet.json, and a
simulation that comes out the same each time: nothing here measures anything.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bench import costs as ledger
from bench import fleet, table
from bench.costs import Costs, Ledger
from bench.country import Outcome, Plan, simulate
from bench.limits import fullest, most_votes
from bench.report import FILE as REPORT
from bench.report import Report, read
from bench.sizing import halls

PAGE = REPORT.with_name("scale.md")

MILLION = 1_000_000
NODES = 50
STORMS = (60.0, 20.0, 10.0, 5.0)

FLEETS = (2, 10, 25, 50, 100, 200)
PHONES_A_NODE = 20_000
CROWDS = (5_000, 10_000, 20_000, 40_000, 80_000)
ROOMS = (1, 2, 5, 10)
FOLDERS = 5
"""Nodes that fold, where all others do not."""

OF_CROWDS = {
    "the last phone shows the end after",
    "receipt, 99 of 100",
    "new numbers on a phone",
    "a node's core",
    "all nodes to their phones",
}
"""What differs with the phones a node has."""

BOUNDLESS = 1e15

LOOPBACK = {"hop": 0.0, "wire": BOUNDLESS}
"""What was measured was measured on one machine."""

Rows = list[tuple[str, ...]]

HEAD = (
    "votes a second",
    "a node's core",
    "Redis's core",
    "Redis's network",
    "what is full",
)


def costs_table(kept: Ledger) -> str:
    """Return what the simulation is told, and where it comes from."""
    rows: Rows = [("cost", "value", "from")]
    for name, cost in kept.costs.items():
        rows.append((f"`{name}`", table.scaled(cost.value, cost.unit), cost.source))
    return f"{kept.date}, {kept.machine}.\n\n{table.aligned(rows)}"


def agreement(costs: Costs, measured: Report) -> str:
    """Return the measured storm on two nodes beside the simulated one."""
    run = next(one for one in fleet.ARRANGEMENTS if one.nodes > 1)
    here = {figure.what: figure for figure in measured.figures if figure.run == run.name}
    phones = fleet.PHONES
    plan = Plan(run.nodes, phones, phones, fleet.STORM_SECONDS)
    outcome = simulate(plan, costs._replace(**LOOPBACK))
    what = fleet.storm_of(phones)
    pairs: list[tuple[str, float]] = [
        (f"{what}: last phone shows the end after", outcome.settle),
        ("receipt, median", 1e3 * outcome.receipts[0]),
        ("receipt, 99 of 100", 1e3 * outcome.receipts[1]),
        ("CPU of all nodes", run.nodes * outcome.node),
        ("in the storm, commands of Redis", outcome.commands),
        ("in the storm, CPU of Redis", 100 * outcome.redis),
        ("in the storm, to Redis", outcome.bytes_in / 1e3),
        ("in the storm, from Redis", outcome.bytes_out / 1e3),
    ]
    rows: Rows = [(run.name, "measured", "simulated", "simulated ÷ measured")]
    for name, value in pairs:
        figure = here[name]
        ratio = value / figure.value if figure.value else 0.0
        rows.append(
            (
                name,
                table.reached(figure),
                f"{table.number(value)} {figure.unit}",
                f"{table.number(ratio)} ×",
            )
        )
    return table.aligned(rows)


def country(costs: Costs) -> str:
    """Return what a million phones on fifty nodes come to, each with one vote."""
    rows: Rows = [("a million votes within", *(f"{seconds:g} s" for seconds in STORMS))]
    found = [simulate(Plan(NODES, MILLION, MILLION, seconds), costs) for seconds in STORMS]
    return table.aligned(rows + _told(found))


def fleets(costs: Costs) -> str:
    """Return what each size of a fleet keeps up with, and what is full there."""
    rows: Rows = [("nodes", "phones", *HEAD)]
    for nodes in FLEETS:
        phones = nodes * PHONES_A_NODE
        found = _most(*most_votes(costs, nodes, phones))
        rows.append((f"{nodes}", f"{phones:,}", *found))
    return table.aligned(rows)


def _most(rate: float, outcome: Outcome) -> tuple[str, ...]:
    shares = (outcome.node, outcome.redis, outcome.wire)
    return (table.rough(rate), *(f"{share:.0%}" for share in shares), fullest(outcome))


def crowds(costs: Costs) -> str:
    """Return what phones a node mean for its ticks, its memory and the end of a storm."""
    rows: Rows = [("phones a node", *(f"{crowd:,}" for crowd in CROWDS))]
    found = [simulate(Plan(NODES, NODES * c, MILLION, STORMS[1]), costs) for c in CROWDS]
    rows += [
        ("phones in all", *(f"{NODES * crowd:,}" for crowd in CROWDS)),
        *(row for row in _told(found) if row[0] in OF_CROWDS),
        ("memory of a node's phones", *(table.size(c * costs.phone_memory) for c in CROWDS)),
        ("all arrive within, at best", *(table.seconds(c * costs.arrival) for c in CROWDS)),
    ]
    return table.aligned(rows)


def first(costs: Costs) -> str:
    """Return what a million phones keep up with as things are, and what is full next."""
    folding_free = costs._replace(fold=0.0, entry=0.0)
    wired = folding_free._replace(wire=BOUNDLESS)
    rows: Rows = [("a million phones on fifty nodes", *HEAD)]
    rows += [
        ("as measured", *_most(*most_votes(costs, NODES, MILLION))),
        ("if folding cost nothing", *_most(*most_votes(folding_free, NODES, MILLION))),
        ("and the network had no limit", *_most(*most_votes(wired, NODES, MILLION))),
    ]
    return table.aligned(rows)


def memory(costs: Costs) -> str:
    """Return what is held of a million ballots, and what it takes to begin from them."""
    rows: Rows = [
        ("of a million ballots", ""),
        ("in a node's memory", table.size(MILLION * costs.receipt_memory)),
        ("in Redis's stream, before a snapshot", table.size(MILLION * costs.stream_memory)),
        ("in a snapshot", table.size(MILLION * costs.snapshot_bytes)),
        ("a snapshot is made within, of one core", table.seconds(MILLION * costs.make)),
        ("a new node has read it within", table.seconds(MILLION * costs.load)),
        ("and has folded a million that are in no snapshot", table.seconds(MILLION * costs.fold)),
    ]
    return table.aligned(rows)


def beyond(costs: Costs) -> str:
    """Return what becomes of the million if its nodes are divided among rooms, or do not fold."""
    rows: Rows = [("a million phones", *HEAD)]
    for rooms in ROOMS:
        rate, outcome = most_votes(costs, NODES // rooms, MILLION // rooms)
        name = f"{rooms} streams, {NODES // rooms} nodes on each"
        rows.append(
            (name if rooms > 1 else f"one, {NODES} nodes on it", *_most(rooms * rate, outcome))
        )
    # A ballot that comes with hundreds of others is read like one that is folded.
    relayed = costs._replace(vote=costs.fold)
    edges = _most(*most_votes(relayed, FOLDERS, FOLDERS))
    rows.append((f"one, {FOLDERS} nodes fold it, the others are edges", *edges))
    return table.aligned(rows)


PLACES: dict[str, Callable[[Ledger, Report], str]] = {
    "halls": lambda kept, measured: halls(kept.plain()),
    "costs": lambda kept, measured: costs_table(kept),
    "fleet": lambda kept, measured: fleet.shown(measured),
    "agreement": lambda kept, measured: agreement(kept.plain(), measured),
    "country": lambda kept, measured: country(kept.plain()),
    "fleets": lambda kept, measured: fleets(kept.plain()),
    "first": lambda kept, measured: first(kept.plain()),
    "crowds": lambda kept, measured: crowds(kept.plain()),
    "memory": lambda kept, measured: memory(kept.plain()),
    "beyond": lambda kept, measured: beyond(kept.plain()),
}
"""The tables of the page, each by the name of its place."""


def place(name: str) -> str:
    """Return what a table's place in the page is called."""
    return f'{name}: make bench ARGS="scale"'


def answer(page: Path = PAGE) -> None:
    """Put all tables into the page."""
    kept, measured = ledger.read(), read(fleet.FILE)
    for name, made in PLACES.items():
        table.write_page(page, place(name), made(kept, measured))


def _told(found: list[Outcome]) -> Rows:
    """Return what was found, a row for each thing and a column for each plan."""
    of: list[tuple[str, Callable[[Outcome], str]]] = [
        ("the last phone shows the end after", lambda o: table.seconds(o.settle)),
        ("receipt, median", lambda o: table.seconds(o.receipts[0])),
        ("receipt, 99 of 100", lambda o: table.seconds(o.receipts[1])),
        ("receipt, the slowest", lambda o: table.seconds(o.receipts[2])),
        ("new numbers on a phone", lambda o: f"{table.number(o.ticks)} a second"),
        ("a node's core", lambda o: f"{o.node:.0%}"),
        ("… for ballots of all nodes", lambda o: f"{o.folding:.0%}"),
        ("… for numbers to its phones", lambda o: f"{o.showing:.0%}"),
        ("a node to its phones", lambda o: f"{table.size(o.node_out)} a second"),
        ("all nodes to their phones", lambda o: f"{table.size(NODES * o.node_out)} a second"),
        ("Redis's core", lambda o: f"{o.redis:.0%}"),
        ("commands of Redis", lambda o: f"{table.rough(o.commands)} a second"),
        ("to Redis", lambda o: f"{table.size(o.bytes_in)} a second"),
        ("from Redis", lambda o: f"{table.size(o.bytes_out)} a second"),
        ("Redis's network", lambda o: f"{o.wire:.0%}"),
    ]
    return [(what, *map(told, found)) for what, told in of]
