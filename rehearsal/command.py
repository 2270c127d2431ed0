"""`rehearse` on the command line: asks who may, says how far it is, and tells the verdict.

Owns the words and exit codes, as `console.py` does: 0 well, 1 the answer is no, 2 wrong use; 130
after Ctrl-C. Never leaves a rehearsal on that it started.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import click
import gevent
import msgspec

from rehearsal import verdict
from rehearsal.remote import NotDone, NotLetIn, RemoteDesk
from rehearsal.run import Plan, Rehearsal
from rehearsal.verdict import Findings
from rehearsal.visit import Site, TurnedAway
from voting import nearby, server
from voting.config import Config, ConfigError
from voting.console import config_option, configured, data_option, fail
from voting.records import MAX_REHEARSAL_SECONDS

DEFAULT_PORT = 5000
LOCALHOST = "127.0.0.1"
MAX_PHONES = 20_000

NAMES_STAY = (
    "This room asks for names: those of the pretended phones stay among the voters' names, until"
    " these are erased."
)


@click.command()
@click.argument("url", required=False)
@config_option
@data_option
@click.option("--port", type=click.IntRange(1, 65535), help="The server's port on this computer.")
@click.option("--phones", type=click.IntRange(1, MAX_PHONES), default=500, show_default=True)
@click.option(
    "--votes-per-second",
    type=click.FloatRange(0.1, 100_000),
    default=200,
    show_default=True,
    help="Of all phones together.",
)
@click.option(
    "--seconds",
    type=click.IntRange(1, MAX_REHEARSAL_SECONDS),
    default=30,
    show_default=True,
    help="How long they vote.",
)
@click.option("--token", help="The admin's password or one-time link, instead of being asked.")
@click.option("--json", "as_json", is_flag=True, help="Tell the findings as JSON.")
def rehearse(
    url: str | None,
    config: Path,
    data: Path | None,
    port: int | None,
    phones: int,
    votes_per_second: float,
    seconds: int,
    token: str | None,
    as_json: bool,
) -> None:
    """Try the room with pretended phones, on the server that runs on this computer, or at URL.

    Nothing of it is kept.
    """
    site = _site(url, config, data, port)
    room = server.raise_file_limit()
    if room is not None and phones > room:
        fail(f"This terminal may open {room:,} connections, so try with at most {room:,} phones.")
    secret = _secret() if token is None else token
    plan = Plan(phones, votes_per_second, seconds)
    desk = RemoteDesk(site)
    try:
        desk.log_in(secret)
        _look_for_room(desk, plan)
        found = _stoppable(site, desk, plan)
    except gevent.GreenletExit:
        click.echo("\nStopped. The rehearsal is over, and nothing of it is kept.", err=True)
        raise SystemExit(130) from None
    except (NotLetIn, NotDone) as no:
        fail(no)
    except (OSError, TurnedAway) as gone:
        click.echo(
            f"The server at {site.origin} stopped answering ({gone}). If it still runs, the"
            " rehearsal ends there by itself; at its next start in any case.",
            err=True,
        )
        raise SystemExit(1) from None
    if as_json:
        sys.stdout.buffer.write(_written(found))
    else:
        click.echo("\n".join(verdict.report(found)))
    raise SystemExit(0 if verdict.is_good(found) else 1)


def _stoppable(site: Site, desk: RemoteDesk, plan: Plan) -> Findings:
    """Rehearse to the end, or until Ctrl-C; what was begun is ended first."""
    run = gevent.spawn(_run, site, desk, plan)
    for number in (signal.SIGINT, signal.SIGTERM):
        gevent.signal_handler(number, run.kill, block=False)
    outcome: Findings | BaseException = run.get()
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def _run(site: Site, desk: RemoteDesk, plan: Plan) -> Findings | Exception:
    """Rehearse with progress bars on standard error; return what was found, or went wrong.

    What a greenlet raises, gevent would print with all its lines.
    """
    try:
        with Rehearsal(site, desk, plan) as rehearsal:
            with click.progressbar(length=plan.phones, label="Joining", file=sys.stderr) as bar:
                rehearsal.join(bar.update)
            with click.progressbar(length=plan.seconds, label="Voting ", file=sys.stderr) as bar:
                rehearsal.vote(bar.update)
            if rehearsal.gave_names:
                click.echo(NAMES_STAY, err=True)
            return rehearsal.findings()
    except (OSError, TurnedAway, NotDone) as wrong:
        return wrong


def _site(url: str | None, config: Path, data: Path | None, port: int | None) -> Site:
    """Return where the server listens: as said, else as it has noted, else as configured."""
    try:
        if url is not None:
            host, found = nearby.named(url)
        else:
            host, found = _noted(configured(config, data=data))
        site = Site(nearby.here(host), port or found)
    except (ConfigError, nearby.NotHere) as error:
        fail(error)
    try:
        site.dial(5.0).close()
    except OSError:
        fail(
            f"No server answers at {site.origin}. Start it with python3 start.py run, in another"
            " terminal, or say where it is: rehearse http://localhost:5000"
        )
    return site


def _noted(settings: Config) -> tuple[str, int]:
    return nearby.noted(settings.data) or (LOCALHOST, settings.server.port or DEFAULT_PORT)


def _secret() -> str:
    """Ask for the admin's secret; from standard input where that is no terminal."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    asked = "The admin's password, or the link from the server's terminal"
    return str(click.prompt(asked, hide_input=True, err=True)).strip()


def _look_for_room(desk: RemoteDesk, plan: Plan) -> None:
    """End the program where the server cannot hold so many phones: the attempt would harm it."""
    files = desk.vitals().files
    if files is not None and plan.phones + server.RESERVED_FILES > files:
        most = max(0, files - server.RESERVED_FILES)
        fail(f"The server may open {files:,} files at once: try with at most {most:,} phones.")


def _written(found: Findings) -> bytes:
    told = {
        "good": verdict.is_good(found),
        "verdict": verdict.verdict(found),
        "limits": verdict.limits(found.costs),
        "findings": found,
    }
    return msgspec.json.format(msgspec.json.encode(told)) + b"\n"
