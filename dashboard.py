"""Show of Hands: the application and its command line.

    python dashboard.py                 run the server (the same as `run`)
    python dashboard.py check           check the configuration
    python dashboard.py password        set the admin's password
    python dashboard.py rotate-key      sign logins with a new key
    python dashboard.py verify          replay the journal and check it
    python dashboard.py backup FOLDER   copy the data folder, also while the server runs
    python dashboard.py codes 200       make one-time codes for voters, on paper
    python dashboard.py export          write rounds as CSV or JSON
    python dashboard.py erase-names     erase the voters' names
    python dashboard.py rehearse        try the room with pretended phones

The only module that names concrete classes and ties them together.
"""

from gevent import monkey

monkey.patch_all()  # before every other import: they must see gevent's sockets

# ruff: noqa: E402
import os
import signal
from dataclasses import dataclass
from pathlib import Path

import click
import gevent
from flask import Flask
from gevent.event import Event

from rehearsal.command import rehearse
from voting import (
    admin,
    archive,
    console,
    editing,
    health,
    identity,
    issuing,
    keys,
    language,
    locksmith,
    logbook,
    metrics,
    nearby,
    pages,
    posting,
    proxies,
    server,
    sessions,
    sockets,
    web,
)
from voting.assets import Assets
from voting.ballots import Broken
from voting.clock import steady_clock
from voting.config import Config, ConfigError, load
from voting.doorway import Doorway
from voting.ending import end
from voting.engine import Engine
from voting.garbage import collect_in_quiet
from voting.gate import Gate
from voting.greeting import greet
from voting.handshake import SERVER_OPTIONS
from voting.hub import Hub
from voting.joined import CannotJoin
from voting.journal import Damaged, JournalError, Unusable
from voting.journal_sqlite import SqliteJournal
from voting.live import Live, encoder
from voting.names import Names
from voting.news import News
from voting.polling import Polling
from voting.sheet import codes
from voting.turnout import Turnout
from voting.verify import damage_sentence
from voting.visitors import Visitors
from voting.vitals import Vitals, vitals

HERE = Path(__file__).parent

FORGET_SECONDS = 1.0
"""How long the end may take to remove the word of where this server listened."""


@dataclass(frozen=True)
class Running:
    """What runs behind an app; `failed` is set when it can run no longer."""

    engine: Engine
    hub: Hub
    doorway: Doorway
    admin: identity.Admin
    journal: SqliteJournal
    is_emptied: bool
    failed: Event


def create_app(config: Config | None = None, port: int = server.DEFAULT_PORT) -> Flask:
    """Build the application and start its room.

    Args:
        config: by default the file that SHOW_OF_HANDS_CONFIG names, or config.toml beside this one.
        port: where phones reach the server, for the address it shows them.

    Raises:
        ConfigError, JournalError, Broken, BadSecret, CannotJoin: it cannot start; the text says
            why.
    """
    config = config or load(Path(os.environ.get("SHOW_OF_HANDS_CONFIG", console.DEFAULT_CONFIG)))
    journal = SqliteJournal(config.data)
    engine = Engine(journal, steady_clock())
    engine.replay(restored=journal.restored)
    is_emptied = engine.state.version == 1 and keys.exist(config.data)
    engine.prepare(config.polls, config.made, open_at_start=config.room.open_at_start)
    turnout = Turnout(engine.state)
    doorway = Doorway(config.server, port, config.data)
    hub = Hub(
        encoder(engine, turnout, doorway),
        turnout,
        tick_seconds=1 / config.live.ticks_per_second,
        ping_seconds=config.live.ping_seconds,
        deadline_seconds=config.live.send_deadline_seconds,
    )
    steward = identity.Admin(config.data)
    gate = Gate(engine, asks=config.room.voters == "codes")
    visitors = Visitors(hub, steward, gate, config.limits)
    live = Live(engine, hub, turnout, doorway, visitors)
    names = Names(config.data)
    assets = Assets(HERE / "static")

    app = Flask(__name__, static_folder=None)
    app.config["SOCK_SERVER_OPTIONS"] = SERVER_OPTIONS
    app.jinja_env.globals.update(
        asset=assets.url,
        highcharts=assets.has_highcharts,
        transports=config.live.transports,
        voters=config.room.voters,
    )
    logbook.take_over(app.logger)
    language.init_app(app, HERE / "translations")
    web.init_app(app, config.server, keys.keys(config.data))

    def how_it_is() -> Vitals:
        return vitals(hub, gate, config.data, arrived=turnout.arrived)

    polling = Polling(
        engine,
        live,
        visitors,
        hub,
        News(engine, turnout, doorway),
        config,
        opens=sessions.opener(app),
        trusts=app.extensions["trusts_host"],
    )
    app.register_blueprint(sockets.create_blueprint(live, visitors, config))
    app.register_blueprint(posting.create_blueprint(live, visitors, config))
    app.register_blueprint(
        pages.create_blueprint(live, visitors, gate, names, doorway, steward, config)
    )
    app.register_blueprint(
        admin.create_blueprint(engine, live, visitors, steward, doorway, how_it_is)
    )
    app.register_blueprint(editing.create_blueprint(engine, steward))
    if gate.asks:
        app.register_blueprint(issuing.create_blueprint(gate, steward, doorway))
    app.register_blueprint(
        archive.create_blueprint(
            engine,
            steward,
            names,
            live.room,
            names_in_exports=config.room.names_in_exports,
        )
    )
    app.register_blueprint(health.create_blueprint(engine))
    figures = metrics.Figures(engine, journal, hub)
    app.register_blueprint(metrics.create_blueprint(figures, config.server))
    served = polling.serve(assets.serve(app.wsgi_app))
    app.wsgi_app = proxies.believe(served, config.server.proxies)  # type: ignore[method-assign]
    failed = Event()
    app.extensions["show_of_hands"] = Running(
        engine, hub, doorway, steward, journal, is_emptied, failed
    )
    engine.start(failed.set)
    hub.start()
    gevent.spawn(doorway.watch, hub.mark_screens)
    gevent.spawn(steward.watch, visitors.sign_out_stale_admins)
    return app


@click.group(invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """Show of Hands: a live voting dashboard."""
    if context.invoked_subcommand is None:
        context.invoke(run, config=console.DEFAULT_CONFIG)


@main.command()
@console.config_option
@click.option("--host", help="The address to listen on; 0.0.0.0 means all.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port; 0 means any free one.")
@console.data_option
def run(
    config: Path, host: str | None = None, port: int | None = None, data: Path | None = None
) -> None:
    """Run the server until Ctrl-C."""
    stopping = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        gevent.signal_handler(number, _stop, stopping)
    try:
        settings = console.configured(config, host, port, data)
        logbook.configure(settings.server.log)
        asked = settings.server.port
        sock = server.listen(
            settings.server.host,
            server.DEFAULT_PORT if asked is None else asked,
            asked=asked is not None,
        )
        app = create_app(settings, sock.getsockname()[1])
    except (ConfigError, server.CannotListen, Unusable, keys.BadSecret, CannotJoin) as error:
        console.fail(error)
    except (Broken, Damaged):
        console.fail(damage_sentence(settings.data, str(data or settings.data)))
    except (JournalError, OSError) as error:
        console.fail(f"The data folder {settings.data} cannot be used: {error}.")
    running: Running = app.extensions["show_of_hands"]
    phones = server.raise_file_limit()
    serving = server.Server(sock, app, phones)
    serving.start()
    host, port, *_ = sock.getsockname()
    nearby.note(settings.data, host, port)
    moved = asked is None and port != server.DEFAULT_PORT
    greeting = greet(
        settings,
        running.engine.state,
        running.doorway,
        restored=running.journal.restored,
        emptied=running.is_emptied,
        port=port,
        instead_of=server.DEFAULT_PORT if moved else None,
        link=running.admin.make_link(),
        phones=phones,
    )
    logbook.note(
        "started",
        port=port,
        data=settings.data.name,
        voters=settings.room.voters,
        transports=",".join(settings.live.transports),
    )
    logbook.finish()  # the greeting's link and code stand last
    click.echo(greeting, err=True)
    gevent.spawn(collect_in_quiet, lambda: running.hub.is_quiet)
    gevent.wait([stopping, running.failed], count=1)
    failed = running.failed.is_set()
    logbook.note("stopping", because="mistake" if failed else "asked")
    said = "Stopping" if not failed else "The server made a mistake and must stop"
    logbook.say(f"{said}: every vote that was counted is saved.")
    # On a thread: a disk that hangs must not hold up what else there is to do.
    forgetting = gevent.get_hub().threadpool.spawn(nearby.forget, settings.data)
    end(serving, running.engine, running.hub, running.journal)
    forgetting.wait(FORGET_SECONDS)
    # Handlers of clients that did not leave in time have nothing to lose any more.
    os._exit(1 if failed else 0)


def _stop(stopping: Event) -> None:
    """Stop when asked once; asked twice, at once."""
    if stopping.is_set():
        os._exit(1)
    stopping.set()


for command in (*console.COMMANDS, *locksmith.COMMANDS, codes, rehearse):
    main.add_command(command)


if __name__ == "__main__":
    main()
