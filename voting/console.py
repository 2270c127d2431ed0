"""The command line beside `run`: what can be asked of a data folder, with or without a server.

Owns the words and exit codes: 0 well, 1 the answer is no, 2 wrong use. Answers go to standard
output, messages to standard error. Never starts a server.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import NoReturn

import click
import msgspec

from voting import export, redis_address, sighting, verify
from voting.backup import back_up
from voting.config import SHIPPED_FILE, Config, ConfigError, load
from voting.journal import JournalError
from voting.places import Folder, Place, place_of
from voting.repair import repair as mend
from voting.sighting import Elsewhere

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=SHIPPED_FILE,
    help="The configuration.",
)
data_option = click.option(
    "--data", type=click.Path(path_type=Path), help="The folder of votes and secrets."
)


def fail(sentence: object) -> NoReturn:
    """End the program for wrong use, with one sentence.

    Who has written an address where none belongs must not find its password in it.
    """
    click.echo(redis_address.hidden(str(sentence)), err=True)
    raise SystemExit(2)


def fail_because(what: str, error: Exception) -> NoReturn:
    """The same, for an error whose text may be a sentence of its own, with its full stop."""
    fail(f"{what}: {str(error).rstrip('.')}.")


def configured(
    config: Path, host: str | None = None, port: int | None = None, data: Path | None = None
) -> Config:
    """Load a configuration, with the command line's options over it."""
    found = load(config)
    changed = {
        "host": found.server.host if host is None else host,
        "port": found.server.port if port is None else port,
        "data": str(data.resolve()) if data else found.server.data,
    }
    return msgspec.structs.replace(found, server=msgspec.structs.replace(found.server, **changed))


def looked_at(config: Path, data: Path | None) -> Place:
    """Return what is to be looked at: the folder that is named, else the configuration's place.

    A folder whose room is in Redis is looked at there. A configuration that cannot be used ends the
    program, if it is needed.
    """
    if data is not None and not sighting.is_elsewhere(data.resolve()):
        return Folder(data.resolve())
    try:
        return place_of(configured(config, data=data))
    except (ConfigError, Elsewhere) as error:
        fail(error)


def examined(place: Place) -> verify.Report:
    """Examine the journal in a place; one without a journal ends the program."""
    report = place.examine()
    if not report.records and not report.problem:
        fail(f"There is no journal in {place.shown}.")
    return report


def mended(place: Place) -> verify.Report:
    """Repair the journal in a place, and say so."""
    if not isinstance(place, Folder):
        fail(
            "In Redis there is nothing to repair from: servers that hold the room begin its journal"
            " anew by themselves. Where none does, remove its keys and `copy` a backup there."
        )
    aside = mend(place.folder, lambda: time.time_ns() // 1_000_000)
    click.echo(f"The journal goes on from there. The damaged files are kept in {aside}.")
    return place.examine()


def expected(rounds: Iterable[int]) -> str:
    """Say which rounds there are, those that follow each other as one stretch."""
    stretches = []
    for _, found in groupby(enumerate(sorted(rounds)), lambda pair: pair[1] - pair[0]):
        first, *_rest, last = [id for _, id in found] * 2
        stretches.append(str(first) if first == last else f"{first} to {last}")
    return f"expected {', '.join(stretches)}" if stretches else "none was opened yet"


def text_of(file: Path) -> str:
    """Read a list of receipts; one that is no UTF-8 ends the program."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        fail(f"{file} is no list of receipts: it is not in UTF-8.")


@click.command()
@config_option
def check(config: Path) -> None:
    """Check the configuration."""
    try:
        found = load(config)
    except ConfigError as error:
        fail(error)
    click.echo(f"{config} is good:", err=True)
    for poll in found.polls:
        click.echo(f"  {poll.question!r}, {len(poll.candidates)} candidates", err=True)


@click.command(name="verify")
@config_option
@data_option
@click.option("--repair", is_flag=True, help="Go on from the last good record; keep the rest.")
@click.option(
    "--list",
    "lists",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="A result list that was downloaded, to compare with the journal.",
)
def verify_journal(config: Path, data: Path | None, repair: bool, lists: tuple[Path, ...]) -> None:
    """Replay the journal, and check its chain and counts."""
    place = looked_at(config, data)
    try:
        report = examined(place)
        for line in verify.lines(report):
            click.echo(line)
        if repair and report.problem:
            report = mended(place)
        differences = [
            f"{file}: {difference}"
            for file in lists
            for difference in verify.check_list(report.state, text_of(file))
        ]
    except (JournalError, OSError) as error:
        fail(error)
    for difference in differences:
        click.echo(difference)
    if lists and not differences:
        click.echo("The lists agree with the journal.")
    raise SystemExit(1 if report.problem or differences else 0)


@click.command(name="export")
@click.argument("round", type=int, required=False)
@config_option
@data_option
@click.option("--format", "kind", type=click.Choice(["csv", "json"]), default="csv")
@click.option("--names", is_flag=True, help="Say who cast each ballot, if config.toml allows it.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; without it, standard output.",
)
def export_rounds(
    round: int | None,
    config: Path,
    data: Path | None,
    kind: export.Kind,
    names: bool,
    output: Path | None,
) -> None:
    """Write one ROUND, or all of them, as CSV or JSON."""
    try:
        settings = configured(config, data=data)
        if names and not settings.room.names_in_exports:
            fail("Names are exported where [room] names_in_exports = true says so in config.toml.")
        place = looked_at(config, data)
        report = examined(place)
        if report.problem:
            fail(verify.lines(report)[-1])
        rounds = report.state.rounds
        if round is not None and round not in rounds:
            fail(f"There is no round {round}; {expected(rounds)}.")
        called = place.names.read() if names else None
        chosen = rounds.values() if round is None else [rounds[round]]
        written = export.written(kind, [export.result(current, called) for current in chosen])
        if output is None:
            sys.stdout.buffer.write(written)
        else:
            output.write_bytes(written)
    except (ConfigError, JournalError, OSError) as error:
        fail(error)


@click.command()
@config_option
@data_option
def erase_names(config: Path, data: Path | None) -> None:
    """Erase the names of the voters; votes and receipts stay as they are.

    Where they are kept in Redis, also those that lie in the data folder from before.
    """
    try:
        settings = configured(config, data=data)
        places = {place.shown: place for place in (place_of(settings), Folder(settings.data))}
        for place in places.values():
            place.names.erase()
    except (ConfigError, Elsewhere) as error:
        fail(error)
    except OSError as error:
        fail_because("The names cannot be erased", error)
    click.echo(f"The names are erased, in {' and '.join(places)}.", err=True)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@config_option
@data_option
def backup(folder: Path, config: Path, data: Path | None) -> None:
    """Copy the data folder to FOLDER, which is new or empty; the server may run.

    Votes and names that are kept in Redis are copied from there, and a server alone can go on.
    """
    try:
        settings = configured(config, data=data)
        copy = back_up(settings.data, folder, place_of(settings))
    except (ConfigError, Elsewhere) as error:
        fail(error)
    except (JournalError, OSError) as error:
        fail_because("No backup was made", error)
    for line in verify.lines(copy):
        click.echo(line)
    click.echo(f"The copy in {folder} is whole. It holds the secrets too: keep it safe.", err=True)


COMMANDS = (check, verify_journal, export_rounds, erase_names, backup)
"""What `dashboard.py` adds to `run`."""
