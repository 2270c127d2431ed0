"""Show of Hands: the application and its command line.

    python dashboard.py                 run the server (the same as `run`)
    python dashboard.py check           check the configuration
    python dashboard.py password        set the admin's password
    python dashboard.py rotate-key      sign logins with a new key
    python dashboard.py verify          replay the journal and check it
    python dashboard.py backup FOLDER   copy the data folder, also while the server runs
    python dashboard.py copy FROM TO    move the journal between a data folder and Redis
    python dashboard.py codes 200       make one-time codes for voters, on paper
    python dashboard.py export          write rounds as CSV or JSON
    python dashboard.py erase-names     erase the voters' names
    python dashboard.py rehearse        try the room with pretended phones

Ties the room's parts together. Names the concrete classes, but for those that keep something
(`keeping.py`, and over Redis `keeping_redis.py`).
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()  # before every other import: they must see gevent's sockets

# ruff: noqa: E402
import os
from functools import partial
from pathlib import Path
from typing import Any

import click
import gevent
from flask import Flask
from gevent.event import Event

from rehearsal.command import rehearse
from voting import (
    admin,
    alike,
    archive,
    console,
    editing,
    health,
    identity,
    issuing,
    keeping,
    language,
    locksmith,
    logbook,
    metrics,
    moderating,
    pages,
    posting,
    presence,
    proxies,
    running,
    sessions,
    sockets,
    web,
)
from voting.askers import Askers
from voting.assets import Assets
from voting.config import SHIPPED_FILE, Config, chosen_file, load
from voting.copying import copy
from voting.doorway import Doorway
from voting.engine import Engine
from voting.feed import RoomFeed
from voting.gate import Gate
from voting.handshake import SERVER_OPTIONS
from voting.hub import Hub
from voting.keeping import Kept
from voting.live import Live
from voting.news import News
from voting.people import People
from voting.polling import Polling
from voting.running import Running
from voting.scene import Scene
from voting.sheet import codes
from voting.starting import Asked, port_of_host
from voting.talking import Talking
from voting.turnout import Turnout
from voting.visitors import Visitors
from voting.vitals import Ward

HERE = Path(__file__).parent


def create_app(config: Config | None = None, port: int | None = None) -> Flask:
    """Build the application and start its room.

    Args:
        config: by default the file that SHOW_OF_HANDS_CONFIG names, or config.toml beside this one.
        port: where phones reach the server, for the address it shows them; by default what the
            process that hosts us says.

    Raises:
        ConfigError, JournalError, Broken, BadSecret, CannotJoin: it cannot start; the text says
            why.
    """
    config = config or load(chosen_file())
    port = port_of_host() if port is None else port
    kept = _kept(config)
    fleet, journal = kept.fleet, kept.journal
    engine = Engine(journal, kept.clock)
    engine.replay(restored=journal.restored)
    is_emptied = engine.state.version == 1 and kept.ran_before
    engine.prepare(
        config.polls,
        config.made,
        open_at_start=config.room.open_at_start,
        messages=(config.messages.enabled, config.messages.direct),
    )
    turnout = Turnout(engine.state)
    doorway = Doorway(config.server, port, config.data)
    people = People(engine.state, kept.names, fleet)
    scene = Scene(engine, turnout, doorway, people.name_of)
    feed = RoomFeed(engine.state, people.name_of)
    hub = Hub(
        scene.encode,
        feed,
        turnout,
        tick_seconds=1 / config.live.ticks_per_second,
        ping_seconds=config.live.ping_seconds,
        deadline_seconds=config.live.send_deadline_seconds,
    )
    steward = identity.Admin(kept.safe)
    gate = Gate(engine, asks=config.room.voters == "codes")
    visitors = Visitors(hub, steward, gate, config.limits, fleet)
    talking = Talking(engine, hub, scene, feed, people, config.messages)
    live = Live(engine, hub, scene, visitors, talking)
    assets = Assets(HERE / "static")

    app = Flask(__name__, static_folder=None)
    app.config["SOCK_SERVER_OPTIONS"] = SERVER_OPTIONS
    app.jinja_env.globals.update(
        asset=assets.url,
        highcharts=assets.has_highcharts,
        transports=config.live.transports,
        voters=config.room.voters,
        in_redis=fleet.is_shared,
    )
    logbook.take_over(app.logger)
    language.init_app(app, HERE / "translations")
    web.init_app(app, config.server, kept.keys)

    presence.share(fleet, turnout, hub)
    alike.watch(fleet, config)
    ward = Ward(hub, turnout, gate, config.data, fleet)
    polling = Polling(
        engine,
        live,
        Askers(live, visitors, fleet),
        hub,
        News(scene, feed, people),
        config,
        opens=sessions.opener(app),
        trusts=app.extensions["trusts_host"],
    )
    app.register_blueprint(sockets.create_blueprint(live, visitors, config))
    app.register_blueprint(
        posting.create_blueprint(live, talking, scene, visitors, steward, config)
    )
    app.register_blueprint(
        pages.create_blueprint(live, visitors, gate, kept.names, doorway, steward, config, fleet)
    )
    app.register_blueprint(
        admin.create_blueprint(engine, live, visitors, steward, doorway, ward.vitals, fleet)
    )
    app.register_blueprint(editing.create_blueprint(engine, steward))
    app.register_blueprint(moderating.create_blueprint(engine, steward))
    if gate.asks:
        app.register_blueprint(issuing.create_blueprint(gate, steward, doorway))
    app.register_blueprint(
        archive.create_blueprint(
            engine,
            steward,
            kept.names,
            live.room,
            names_in_exports=config.room.names_in_exports,
        )
    )
    app.register_blueprint(health.create_blueprint(engine))
    figures = metrics.Figures(engine, journal, hub, fleet)
    app.register_blueprint(metrics.create_blueprint(figures, config.server))
    served = polling.serve(assets.serve(app.wsgi_app))
    app.wsgi_app = proxies.believe(served, config.server.proxies)  # type: ignore[method-assign]
    failed = Event()
    app.extensions["show_of_hands"] = Running(
        engine,
        hub,
        doorway,
        steward,
        journal,
        kept.names,
        fleet,
        kept.promise,
        is_emptied,
        failed,
    )
    engine.start(failed.set)
    hub.start()
    fleet.start()
    gevent.spawn(doorway.watch, hub.mark_screens)
    gevent.spawn(talking.watch)
    gevent.spawn(steward.watch, visitors.sign_out_stale_admins)
    kept.names.start()
    people.start(hub.mark_asking, feed.forget)
    if kept.signing:
        gevent.spawn(kept.signing.watch, partial(sessions.sign_with, app))
    return app


def _kept(config: Config) -> Kept:
    if not config.journal.url:
        return keeping.in_folder(config)
    # redis-py takes 70 ms to load: a room without it need not wait for that.
    from voting import keeping_redis

    return keeping_redis.in_redis(config)


@click.group(invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """Show of Hands: a live voting dashboard."""
    if context.invoked_subcommand is None:
        context.invoke(run, config=SHIPPED_FILE)


host_option = click.option("--host", help="The address to listen on; 0.0.0.0 means all.")
port_option = click.option(
    "--port", type=click.IntRange(0, 65535), help="The port; 0 means any free one."
)


@main.command()
@console.config_option
@host_option
@port_option
@console.data_option
@click.option(
    "--workers",
    type=click.IntRange(1, running.MOST_WORKERS),
    default=1,
    help="How many processes serve; more than one need [journal] url.",
)
def run(
    config: Path,
    host: str | None = None,
    port: int | None = None,
    data: Path | None = None,
    workers: int = 1,
) -> None:
    """Run the server until Ctrl-C."""
    asked = Asked(config, host, port, data)
    os._exit(running.together(asked, workers) if workers > 1 else running.alone(create_app, asked))


@main.command(hidden=True)
@console.config_option
@host_option
@port_option
@console.data_option
@click.option("--number", type=int)
@click.option("--count", type=int)
@click.option("--socket", type=int)
@click.option("--line", type=int)
@click.option("--greets", is_flag=True)
def work(config: Path, host: str | None, port: int | None, data: Path | None, **place: Any) -> None:
    """Serve as one of several; `run --workers` starts it."""
    os._exit(running.beside(create_app, Asked(config, host, port, data), running.Place(**place)))


for command in (*console.COMMANDS, *locksmith.COMMANDS, codes, copy, rehearse):
    main.add_command(command)


if __name__ == "__main__":
    main()
