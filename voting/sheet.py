"""`codes` on the command line: makes one-time codes, and puts them on paper.

Over Redis servers may run meanwhile; a data folder's one server would have to stop.

Owns the words and exit codes, as `console.py` does, and the two files: a sheet for the printer and
a plain list. The codes are in these files and nowhere else; the journal gets their digests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import date
from itertools import count
from pathlib import Path

import click
from flask import Flask
from markupsafe import Markup

from voting import language
from voting.cards import Card, cards, plain_list, spoken
from voting.codes import several
from voting.config import DEFAULT_PORT, Config, ConfigError
from voting.console import config_option, configured, data_option, fail, fail_because
from voting.doorway import Doorway
from voting.engine import Engine
from voting.folder import write_private
from voting.gate import Gate
from voting.journal import Damaged, InUse, Journal, JournalError
from voting.journal_sqlite import SqliteJournal
from voting.places import place_of
from voting.sighting import Elsewhere
from voting.state import Broken, Refusal
from voting.verify import damage_sentence

MOST = 10_000
"""Codes in one go: more than 800 pages."""

ROOT = Path(__file__).parent.parent


@click.command()
@click.argument("number", type=click.IntRange(1, MOST))
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="The folder for the sheet and the list; without it, the present one.",
)
@config_option
@data_option
@click.option("--show", is_flag=True, help="Write the codes to standard output, too.")
def codes(number: int, output: Path, config: Path, data: Path | None, show: bool) -> None:
    """Make NUMBER one-time codes: a sheet for the printer, and a list.

    No server may run meanwhile, unless the room is in Redis.
    """
    try:
        settings = configured(config, data=data)
        place = place_of(settings)
    except (ConfigError, Elsewhere) as error:
        fail(error)
    folder, output = settings.data.resolve(), output.resolve()
    if output.is_relative_to(folder):
        fail("Codes must not lie where the votes are: choose another folder by --output.")
    url = Doorway(settings.server, settings.server.port or DEFAULT_PORT, folder).url
    if url is None:
        fail(
            "The cards would lead nowhere: phones cannot reach this computer. Join a network, let"
            " host in config.toml listen there, or set public_url."
        )
    sheet, plain = _places(output)
    made = several(number)
    with _gate_of(settings) as gate, ExitStack() as undo:
        for file in (sheet, plain):  # of codes that are good for nothing
            undo.callback(file.unlink, missing_ok=True)
        drawn = list(cards(made, url))
        write_private(plain, plain_list(drawn))
        write_private(sheet, _drawn_up(sheet.stem, drawn, url))
        if isinstance(gate.issue(made), Refusal):
            fail(f"No code was made: the journal in {place.shown} cannot be written.")
        undo.pop_all()
    if show:
        click.echo("\n".join(made))
    click.echo(f"For the printer: {sheet}\nAs a list:       {plain}", err=True)
    click.echo(
        f"They lead to {url}: see that phones find the server there, by public_url or by host and"
        " port in config.toml, before you print. Each code lets one phone in: keep both files safe,"
        " and delete them when the cards are handed out.",
        err=True,
    )
    if settings.room.voters == "open":
        click.echo(
            f'Nobody is asked for a code until [room] says voters = "codes" in {config}.', err=True
        )


@contextmanager
def _gate_of(settings: Config) -> Iterator[Gate]:
    """Open the room in a data folder that no server holds, or in Redis beside those that do.

    Where that cannot be done the program ends.
    """
    folder = settings.data
    try:
        journal, clock = _journal_of(settings)
        with closing(journal):
            engine = Engine(journal, clock)
            engine.replay(restored=journal.restored)
            engine.start()
            try:
                yield Gate(engine, asks=True)
            finally:
                engine.stop()
    except InUse:
        fail("The server is running: make codes on the admin's page, or stop the server first.")
    except (Broken, Damaged):
        fail(damage_sentence(folder, str(folder)))
    except (JournalError, OSError) as error:
        fail_because("No code was made", error)


def _journal_of(settings: Config) -> tuple[Journal, Callable[[], int]]:
    """Open the journal, wherever it is; return it and its clock."""
    if not settings.journal.url:
        own = SqliteJournal(settings.data)
        return own, own.clock
    # redis-py takes 70 ms to load: who has no room there need not wait for that.
    from voting import redis_server
    from voting.journal_redis import RedisJournal

    redis_server.check(settings.journal)
    shared = RedisJournal(settings.journal, "codes")
    return shared, shared.clock


def _places(folder: Path) -> tuple[Path, Path]:
    """Return where a sheet and its list go, beside those of earlier today."""
    names = (f"codes-{date.today():%Y-%m-%d}-{n}" for n in count(1))
    name = next(name for name in names if not any(folder.glob(f"{name}.*")))
    return folder / f"{name}.html", folder / f"{name}.csv"


def _drawn_up(title: str, drawn: list[Card], url: str) -> str:
    """Return a sheet that stands alone, in all languages: paper cannot be switched."""
    app = Flask("sheet", root_path=str(ROOT), static_folder=None)
    language.init_app(app, ROOT / "translations")
    style = Markup((ROOT / "static" / "css" / "cards.css").read_text(encoding="utf-8"))  # noqa: S704
    template = app.jinja_env.get_template("sheet.html")
    with app.app_context():
        return template.render(title=title, style=style, cards=drawn, address=spoken(url))
