"""The benchmark's command line: all of it, or one run.

    make bench                                          all, in under ten minutes
    make bench ARGS="storm --phones 2000"               one run
    make bench ARGS="transports"                        three transports beside each other
    make bench ARGS="talk"                              votes with and without talk; about a minute
    make bench ARGS="fleet"                             one node, two nodes, Redis under them
    make bench ARGS="scale"                             docs/scale.md, simulated from it
    make bench ARGS="show"                              the tables of the last whole run
    make bench ARGS="plot"                              its plot and its page, made again

Owns which runs there are, and what a whole one consists of.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import click
import gevent

from bench import asking, casting, costs, fleet, growing, staying, table, talk
from bench.gathering import gather
from bench.others import rivals
from bench.packages import NotMeasured, python
from bench.report import FILE, Figure, Report, new_report, read, write
from bench.scale import answer
from voting.open_files import raise_file_limit

PICTURE = FILE.parent / "pictures" / "settle.svg"

Run = Callable[[int], list[Figure]]


def _storm(phones: int) -> list[Figure]:
    if phones > 4_000:
        return casting.storm(phones, 5.0, settled_within=0.6, receipts_within=None)
    return casting.storm(phones, 2.0, settled_within=0.2, receipts_within=60)


RUNS: dict[str, Run] = {
    "broadcast": casting.broadcast,
    "storm": _storm,
    "flood": casting.flood,
    "traffic": casting.traffic,
    "arrivals": staying.arrivals,
    "restart": staying.restart,
    "idle": staying.idle,
    "growth": growing.growth,
}

ALL: list[tuple[str, int]] = [
    ("broadcast", 2_000),
    ("broadcast", 8_000),
    ("storm", 2_000),
    ("storm", 10_000),
    ("flood", 500),
    ("traffic", 2_000),
    ("arrivals", 2_000),
    ("restart", 2_000),
    ("idle", 2_000),
    ("growth", 2_000),
]

DEFAULT_PHONES = 2_000


class Beside(NamedTuple):
    """A run whose parts stand beside each other, how many phones it usually has, and where it is
    kept: in a file, and in a place of docs/performance.md."""

    run: Run
    phones: int
    file: Path
    place: str


BESIDE = {
    "transports": Beside(asking.transports, asking.PHONES, asking.FILE, table.TRANSPORTS),
    "talk": Beside(talk.talk, talk.PHONES, talk.FILE, table.TALK),
}

CHOICES = ["all", *RUNS, *BESIDE, "fleet", "peers", "show", "plot", "scale"]


@click.command()
@click.argument("what", type=click.Choice(CHOICES), default="all")
@click.option("--phones", type=click.IntRange(1), help="How many, for one run; 2000 by default.")
@click.option(
    "--json",
    "file",
    type=click.Path(path_type=Path),
    help="The report, if not docs/benchmark.json.",
)
@click.option("--scale", default=1.0, help="A part of the phones of a whole run, to try it out.")
def main(what: str, phones: int | None, file: Path | None, scale: float) -> None:
    """Measure what a room costs; print a table."""
    if what in ("show", "plot") and not (file or FILE).exists():
        sys.exit("There is no report yet; `make bench` makes one.")
    if what == "show":
        click.echo(table.tables(read(file or FILE)))
        return
    if what == "plot":
        publish(file or FILE)
        return
    if what == "scale":
        answer()
        return
    if not Path("/proc/self/stat").exists():
        sys.exit("The benchmark needs Linux: it reads CPU and memory from /proc.")
    for number in (signal.SIGINT, signal.SIGTERM):  # so that no server outlives us
        gevent.signal_handler(number, sys.exit, "Stopped. Nothing was written.")
    raise_file_limit()
    if what in BESIDE:
        compare(BESIDE[what], phones, file)
        return
    if what == "fleet":
        spread(phones, file)
        return
    size = phones or DEFAULT_PHONES
    wanted = [(name, int(scale * most)) for name, most in ALL] if what == "all" else [(what, size)]
    began = monotonic()
    figures = [figure for run in wanted if run[0] in RUNS for figure in _run(*run)]
    others = rivals(int(scale * size)) if what in ("all", "peers") else []
    if what == "all":
        minutes = (monotonic() - began) / 60
        figures.append(Figure("all of this, and the peers", "took", minutes, "minutes", most=10))
    report = new_report(figures, others)
    click.echo(table.tables(report))
    is_whole = what == "all" and scale == 1.0
    if file or is_whole:
        write(report, file or FILE)
    if is_whole and file is None:
        publish(FILE)
    say_misses(report)


def compare(one: Beside, phones: int | None, file: Path | None) -> None:
    """Measure what stands beside each other; a run of the usual size is kept."""
    report = new_report(one.run(phones or one.phones), [])
    click.echo(table.beside(report))
    if file or phones is None:
        write(report, file or one.file)
    if file is None and phones is None:
        table.write_page(table.PAGE, one.place, table.beside(report))
    say_misses(report)


def spread(phones: int | None, file: Path | None) -> None:
    """Measure nodes and their Redis; a run of the usual size is kept, with all that follows."""
    try:
        report = new_report(fleet.fleet(phones or fleet.PHONES), [])
    except NotMeasured as reason:
        sys.exit(f"Nothing was measured: {reason}.")
    click.echo(fleet.shown(report))
    if file or phones is None:
        write(report, file or fleet.FILE)
    if file is None and phones is None:
        costs.write(gather(report.figures, report.date, report.machine))
        answer()
    say_misses(report)


def say_misses(report: Report) -> None:
    """Say which bounds were not kept."""
    for figure in table.misses(report):
        click.echo(f"Not reached: {figure.run}, {figure.what}.", err=True)


def publish(file: Path) -> None:
    """Put the tables of a report and its plot into the documentation."""
    table.write_page(table.PAGE, table.WHOLE, table.tables(read(file)))
    try:
        command = [str(python()), "-m", "bench.plot", str(file.resolve()), str(PICTURE)]
        subprocess.run(command, check=True, cwd=FILE.parent.parent)
    except (NotMeasured, subprocess.CalledProcessError) as problem:
        click.echo(f"The plot was not drawn: {problem}", err=True)


def _run(name: str, phones: int) -> list[Figure]:
    sys.stderr.write(f"  {name}, {phones:,} phones\n")
    try:
        return RUNS[name](phones)
    except NotMeasured as reason:
        return [Figure(name, f"with {phones:,} phones", None, "", most=0, note=str(reason))]


if __name__ == "__main__":
    main()
