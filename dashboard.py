"""Show of Hands: the application and its command line.

    python dashboard.py                 run the server (the same as `run`)
    python dashboard.py check           check the configuration
    python dashboard.py password        set the admin's password

The only module that names concrete classes and ties them together.
"""

from gevent import monkey

monkey.patch_all()  # before every other import: they must see gevent's sockets

# ruff: noqa: E402
import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click
import gevent
import msgspec
from flask import Flask
from gevent.event import Event

from voting import admin, identity, language, pages, server, web
from voting.addresses import join_url
from voting.assets import Assets
from voting.ballots import Broken, Newer
from voting.config import Config, ConfigError, load
from voting.connection import SERVER_OPTIONS
from voting.engine import Engine
from voting.greeting import greet
from voting.hub import Hub
from voting.journal import JournalError, SqliteJournal, Unusable
from voting.live import Live, encoder
from voting.protocol import GOING_AWAY

HERE = Path(__file__).parent
DEFAULT_CONFIG = HERE / "config.toml"
DEFAULT_PORT = 5000


@dataclass(frozen=True)
class Running:
    """What runs behind an app; `failed` is set when it can run no longer."""

    engine: Engine
    hub: Hub
    admin: identity.Admin
    journal: SqliteJournal
    failed: Event

    def close(self) -> None:
        """Answer what is under way, tell every client that we go, and give the journal back."""
        self.engine.stop()
        self.hub.close(GOING_AWAY, "the server stops")
        self.journal.close()


def create_app(config: Config | None = None, port: int = DEFAULT_PORT) -> Flask:
    """Build the application and start its room.

    Args:
        config: by default the file that SHOW_OF_HANDS_CONFIG names, or config.toml beside this one.
        port: where phones reach the server, for the address it shows them.

    Raises:
        ConfigError, JournalError, Broken, BadSecret: it cannot start, and the text says why.
    """
    config = config or load(Path(os.environ.get("SHOW_OF_HANDS_CONFIG", DEFAULT_CONFIG)))
    journal = SqliteJournal(config.data)
    engine = Engine(journal, lambda: time.time_ns() // 1_000_000)
    engine.replay()
    poll = config.polls[0]
    engine.prepare(poll, open_at_start=config.room.open_at_start)
    hub = Hub(
        encoder(engine),
        tick_seconds=1 / config.live.ticks_per_second,
        ping_seconds=config.live.ping_seconds,
        deadline_seconds=config.live.send_deadline_seconds,
    )
    steward = identity.Admin(config.data)
    live = Live(engine, hub, steward)
    assets = Assets(HERE / "static", config.data / "static")

    app = Flask(__name__, static_folder=None)
    app.config["SOCK_SERVER_OPTIONS"] = SERVER_OPTIONS
    app.jinja_env.globals.update(asset=assets.url, highcharts=assets.has_highcharts)
    language.init_app(app, HERE / "translations")
    limiter = web.init_app(app, config.server, identity.secret_key(config.data))

    def address() -> str | None:
        return join_url(config.server.public_url, config.server.host, port)

    app.register_blueprint(live.blueprint())
    app.register_blueprint(
        pages.create_blueprint(live, address, name_required=config.room.name_required)
    )
    app.register_blueprint(admin.create_blueprint(engine, live, steward, limiter, address, poll.id))
    app.wsgi_app = assets.serve(app.wsgi_app)  # type: ignore[method-assign]
    failed = Event()
    app.extensions["show_of_hands"] = Running(engine, hub, steward, journal, failed)
    engine.start(failed.set)
    hub.start()
    return app


def fail(sentence: object) -> None:
    """End the program for wrong use, with one sentence."""
    click.echo(sentence, err=True)
    raise SystemExit(2)


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


CONFIG_OPTION = click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=DEFAULT_CONFIG,
    help="The configuration.",
)
DATA_OPTION = click.option(
    "--data", type=click.Path(path_type=Path), help="The folder of votes and secrets."
)


@click.group(invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """Show of Hands: a live voting dashboard."""
    if context.invoked_subcommand is None:
        context.invoke(run, config=DEFAULT_CONFIG)


@main.command()
@CONFIG_OPTION
@click.option("--host", help="The address to listen on; 0.0.0.0 means all.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port; 0 means any free one.")
@DATA_OPTION
def run(
    config: Path, host: str | None = None, port: int | None = None, data: Path | None = None
) -> None:
    """Run the server until Ctrl-C."""
    stopping = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        gevent.signal_handler(number, _stop, stopping)
    try:
        settings = configured(config, host, port, data)
        asked = settings.server.port
        sock = server.listen(
            settings.server.host,
            DEFAULT_PORT if asked is None else asked,
            asked=asked is not None,
        )
        app = create_app(settings, sock.getsockname()[1])
    except (ConfigError, server.CannotListen, Unusable, identity.BadSecret) as error:
        fail(error)
    except Newer as error:
        fail(f"A newer version wrote the journal in {settings.data}: {error}.")
    except Broken as error:
        fail(f"The journal in {settings.data} is damaged: {error}.")
    except (JournalError, OSError) as error:
        fail(f"The data folder {settings.data} cannot be used: {error}.")
    running: Running = app.extensions["show_of_hands"]
    serving = server.create_server(sock, app)
    serving.start()
    port = sock.getsockname()[1]
    moved = asked is None and port != DEFAULT_PORT
    greeting = greet(
        settings,
        running.engine.state.on_stage,
        port=port,
        instead_of=DEFAULT_PORT if moved else None,
        link=running.admin.make_link(),
        phones=server.raise_file_limit(),
    )
    click.echo(greeting, err=True)
    gevent.wait([stopping, running.failed], count=1)
    failed = running.failed.is_set()
    with suppress(OSError):  # whoever read standard error may be gone; the phones are not
        said = "Stopping" if not failed else "The server made a mistake and must stop"
        click.echo(f"{said}: every vote that was counted is saved.", err=True)
    serving.close()
    running.close()
    # Handlers of clients that did not leave in time have nothing to lose any more.
    os._exit(1 if failed else 0)


def _stop(stopping: Event) -> None:
    """Stop when asked once; asked twice, at once."""
    if stopping.is_set():
        os._exit(1)
    stopping.set()


@main.command()
@CONFIG_OPTION
def check(config: Path) -> None:
    """Check the configuration."""
    try:
        found = load(config)
    except ConfigError as error:
        click.echo(error, err=True)
        raise SystemExit(2) from None
    poll = found.polls[0]
    click.echo(f"{config} is good: {poll.question!r}, {len(poll.candidates)} candidates.", err=True)


@main.command()
@CONFIG_OPTION
@DATA_OPTION
def password(config: Path, data: Path | None) -> None:
    """Set the admin's password; whoever is logged in as admin must log in again."""
    try:
        folder = configured(config, data=data).data
    except ConfigError as error:
        fail(error)
    if sys.stdin.isatty():
        chosen = click.prompt(
            "New password, 8 characters or more",
            hide_input=True,
            confirmation_prompt=True,
            err=True,
        )
    else:
        chosen = sys.stdin.readline().rstrip("\r\n")
    if len(chosen) < identity.MIN_PASSWORD:
        click.echo(f"Expected at least {identity.MIN_PASSWORD} characters.", err=True)
        raise SystemExit(2)
    try:
        identity.Admin(folder).set_password(chosen)
    except OSError as error:
        fail(f"The password cannot be saved in {folder}: {error.strerror}.")
    click.echo("The password is set.", err=True)


if __name__ == "__main__":
    main()
