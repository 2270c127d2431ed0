"""`copy` on the command line: moves a room's journal between data folders and Redis.

Owns the words and exit codes, as `console.py` does, and the proof: the copy is read again, and must
give what was there, byte for byte. It goes on in a new epoch: phones may have seen more than it
holds, and may come back from the old place to the new one.
"""

from __future__ import annotations

import re
from pathlib import Path

import click
import msgspec

from voting import verify
from voting.config import Config, ConfigError, Journal, load
from voting.console import config_option, fail, fail_because
from voting.journal import JournalError, NotRecorded, Unusable
from voting.names import Names
from voting.places import Folder, Place, in_redis
from voting.sighting import Elsewhere, expect_here
from voting.snapshot import pack
from voting.state import State
from voting.tables import Bad, table
from voting.verify import Report

NAMES = 2_000
"""Names that are handed on at once."""

REDIS = "redis"
"""Where a place is named: what the configuration's `[journal]` says."""

SECRETS = (
    "Not copied are secret.key, without which everybody logs in anew: it belongs into the data"
    " folder of each server; and the admin's password: set it there with `password`, or log in by"
    " the link that the start shows."
)


@click.command()
@click.argument("source")
@click.argument("target")
@click.option("--room", help="The room's name in Redis; without it, the configuration's.")
@config_option
def copy(source: str, target: str, room: str | None, config: Path) -> None:
    """Copy the journal and the names from SOURCE to TARGET, while no server runs on either.

    Each is a data folder, an address like redis://localhost:6379/0, or the word redis: what the
    configuration's [journal] says. Its address may also be given without the password.
    """
    try:
        settings = load(config)
        here, there = (_place(said, room, settings) for said in (source, target))
        if isinstance(here, Folder):
            expect_here(here.folder, f"copy it from there (SOURCE {REDIS}, with its --config)")
        copied, names = copy_all(here, there)
    except (ConfigError, Bad, Elsewhere) as error:
        fail(error)
    except (JournalError, OSError) as error:
        fail_because("Nothing was copied", error)
    for line in verify.lines(copied):
        click.echo(line)
    click.echo(f"The copy in {there.shown} is whole: {names}. {SECRETS}", err=True)


def _place(said: str, room: str | None, settings: Config) -> Place:
    known = settings.journal
    if said == REDIS and not known.url:
        fail(f"{REDIS} means the [journal] of {settings.file}, which has no url; expected one.")
    if said != REDIS and not re.match(r"(rediss?|unix):|.*://", said):
        return Folder(Path(said).resolve())
    if said in (REDIS, known.url, re.sub("(?<=://).*@", "", known.url)):
        found = known
    else:
        found = table(Journal, {"url": said, "room": known.room}, "journal")
    if room is not None:
        found = table(Journal, msgspec.to_builtins(found) | {"room": room}, "journal")
    return in_redis(found)


def copy_all(source: Place, target: Place) -> tuple[Report, str]:
    """Copy what a place holds to one without a journal; return what is there then.

    Raises:
        Unusable: there is nothing that can be copied, or no place for it.
        NotRecorded, OSError: it cannot be read or written now.
    """
    with source.held():
        found = source.examine()
        if found.problem:
            raise Unusable(f"{found.problem}; what to do about the journal, `verify` tells")
        if not found.records:
            raise Unusable(f"there is no journal in {source.shown}")
        target.fill(found)
        copied = target.examine()
        if copied.problem or _outcome(copied.state) != _outcome(found.state):
            raise NotRecorded(
                f"what lies in {target.shown} now is not what was copied"
                f" ({copied.problem or 'the votes differ'}): remove it"
            )
        return copied, _copy_names(source.names, target.names)


def _outcome(state: State) -> bytes:
    """Return all but where the journal ends: the copy has one more record, in a new epoch."""
    plain, fresh = State(), State()
    vars(plain).update(vars(state))
    for name in ("format", "epoch", "chain", "sealed", "at"):
        setattr(plain, name, getattr(fresh, name))
    plain.version = 2**63
    return pack(plain)


def _copy_names(source: Names, target: Names) -> str:
    """Copy the names and say so."""
    names = source.read()
    for number, (voter, name) in enumerate(names.items(), 1):
        target.keep(voter, name)
        if number % NAMES == 0:
            target.finish()
    target.finish()
    if target.read() != names:
        return "votes, receipts and codes, but not the names, which could not be written"
    return f"votes, receipts, codes and {len(names):,} {'name' if len(names) == 1 else 'names'}"
