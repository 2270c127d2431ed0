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
from gevent.event import Event

from rehearsal import target, verdict
from rehearsal.findings import Findings
from rehearsal.remote import NotDone, NotLetIn, RemoteDesk
from rehearsal.run import Plan, Run
from rehearsal.visit import Site, TurnedAway
from voting.console import config_option, data_option, fail
from voting.open_files import RESERVED_FILES, raise_file_limit
from voting.records import MAX_REHEARSAL_SECONDS

MAX_PHONES = 20_000

NAMES_STAY = (
    " This room asks for names: those of the pretended phones stay among the voters' names until"
    " these are erased."
)

PROMPT = (
    "The admin's password (python3 start.py password sets one), or the link from the server's"
    " terminal, which works once"
)

ENDINGS = {
    "not begun": "No rehearsal was begun.",
    "over": "The rehearsal is over; no result holds anything of it.",
    "stays": "The rehearsal was on before. It is still on, and is ended on the admin's page.",
    "unknown": (
        "The rehearsal may still be on: the admin page's button ends it, and so do its own time and"
        " the server's next start."
    ),
}


@click.command()
@click.argument("url", required=False)
@config_option
@data_option
@click.option("--port", type=click.IntRange(1, 65535), help="The server's port on this computer.")
@click.option(
    "--phones",
    type=click.IntRange(1, MAX_PHONES),
    default=500,
    show_default=True,
    help="How many log in and vote.",
)
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
@click.option("--token", help="The admin's password or link, instead of being asked.")
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

    URL must be of this computer, too: of two servers on it, say. No result holds anything of a
    rehearsal. The link from the server's terminal works once: used here, it no longer opens the
    admin's page.

    Exit codes: 0 good, 1 not good or no verdict, 2 nothing was started, 130 stopped by Ctrl-C.
    """
    if url is not None and port is not None:
        fail("Say the port in the address or as --port, not both.")
    plan = Plan(phones, votes_per_second, seconds)
    if (excess := plan.round_seconds - MAX_REHEARSAL_SECONDS) > 0:
        fail(
            f"A rehearsal ends after {MAX_REHEARSAL_SECONDS // 60} minutes, joining included: with"
            f" {phones:,} phones, try at most {seconds - excess:,} seconds."
        )
    room = raise_file_limit()
    if room is not None and phones > room:
        fail(f"This terminal may open {room:,} connections, so try with at most {room:,} phones.")
    site, folder = target.find(url, config, data, port)
    desk = RemoteDesk(site)
    run = Run(site, desk, plan)
    try:
        target.recognize(desk, site, folder)
        run.look()
        desk.log_in(token or _secret())
        _look_for_room(desk, plan)
        found = _stoppable(run, plan)
    except gevent.GreenletExit:
        click.echo(f"\nStopped. {_ending(run)}", err=True)
        raise SystemExit(130) from None
    except (NotLetIn, NotDone) as no:
        fail(no)
    except (OSError, TurnedAway) as gone:
        click.echo(f"{_broken_off(site, gone)} {_ending(run)}", err=True)
        raise SystemExit(1) from None
    if as_json:
        sys.stdout.buffer.write(_written(found))
    else:
        click.echo("\n".join(verdict.report(found)))
    click.echo(_ending(run), err=True)
    raise SystemExit(0 if verdict.is_good(found) and run.outcome != "unknown" else 1)


def _stoppable(run: Run, plan: Plan) -> Findings:
    """Rehearse to the end, or until Ctrl-C; what was begun is ended in either case.

    It is ended here, where no Ctrl-C comes: not in the greenlet that a Ctrl-C kills.
    """
    steps = gevent.spawn(_steps, run, plan)
    stopping = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        gevent.signal_handler(number, _stop, steps, stopping)
    with run:
        outcome: Findings | BaseException = steps.get()
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome


def _stop(steps: gevent.Greenlet[[Run, Plan], Findings | Exception], stopping: Event) -> None:
    """Stop once; who asks again is told that it takes a moment."""
    if not stopping.is_set():
        stopping.set()
        steps.kill(block=False)
    click.echo("\nEnding the rehearsal …", err=True)


def _ending(run: Run) -> str:
    """Say what became of the rehearsal, and what of it is kept."""
    return ENDINGS[run.outcome] + (NAMES_STAY if run.gave_names else "")


def _broken_off(site: Site, gone: OSError | TurnedAway) -> str:
    if isinstance(gone, TurnedAway) and gone.status is not None:
        return f"The rehearsal cannot go on: {gone}."
    return f"The server at {site.origin} stopped answering."


def _steps(run: Run, plan: Plan) -> Findings | Exception:
    """Rehearse with progress bars on standard error; return what was found, or went wrong.

    What a greenlet raises, gevent would print with all its lines.
    """
    try:
        run.begin()
        with click.progressbar(length=plan.phones, label="Joining", file=sys.stderr) as bar:
            run.join(bar.update)
        with click.progressbar(length=plan.seconds, label="Voting ", file=sys.stderr) as bar:
            run.vote(bar.update)
        return run.findings()
    except (OSError, TurnedAway, NotDone) as wrong:
        return wrong


def _secret() -> str:
    """Ask for the admin's secret; from standard input where that is no terminal."""
    if not sys.stdin.isatty():
        given = sys.stdin.readline().strip()
        if not given:
            fail("Neither the admin's password nor a link was given.")
        return given
    return str(click.prompt(PROMPT, hide_input=True, err=True)).strip()


def _look_for_room(desk: RemoteDesk, plan: Plan) -> None:
    """End the program where the server cannot hold so many phones: the attempt would harm it."""
    files = desk.vitals().files
    if files is not None and plan.phones + RESERVED_FILES > files:
        most = max(0, files - RESERVED_FILES)
        fail(f"The server may open {files:,} files at once: try with at most {most:,} phones.")


def _written(found: Findings) -> bytes:
    told = {
        "good": verdict.is_good(found),
        "verdict": verdict.verdict(found),
        "limits": verdict.limits(found.costs),
        "findings": found,
    }
    return msgspec.json.format(msgspec.json.encode(told)) + b"\n"
