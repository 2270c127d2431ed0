"""One process that serves the room: from a socket that listens to the end.

Owns what is the same whoever started the process: a person, `workers.py` or gunicorn. Never makes
the app itself: `dashboard.py` does.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass

import click
import gevent
from flask import Flask
from gevent.event import Event

from voting import logbook, nearby
from voting.config import Config
from voting.console import fail
from voting.doorway import Doorway
from voting.ending import end
from voting.engine import Engine
from voting.fleet import Fleet
from voting.garbage import collect_in_quiet
from voting.greeting import greet
from voting.hub import Hub
from voting.identity import Admin
from voting.journal import Journal
from voting.names import Names
from voting.open_files import raise_file_limit
from voting.server import Server
from voting.starting import Asked, explained, listening, moved_from
from voting.workers import Workers, hear_end, say_once

FORGET_SECONDS = 1.0
"""How long the end may take to remove the word of where this server listened."""

MOST_WORKERS = 64

CreateApp = Callable[[Config, int], Flask]


@dataclass(frozen=True)
class Running:
    """What runs behind an app; `failed` is set when it can run no longer.

    `promise` says what a crash of the shared journal can lose, where there is one.
    """

    engine: Engine
    hub: Hub
    doorway: Doorway
    admin: Admin
    journal: Journal
    names: Names
    fleet: Fleet
    promise: str
    is_emptied: bool
    failed: Event


class Serving:
    """An app on a socket, from the first phone to the last.

    Args:
        app: what `create_app` made.
        sock: it listens.
        settings: what the app was made with.
        phones: how many connections may be open at once, if that is known.
        is_shared: whether other processes accept connections of the same socket.
    """

    def __init__(
        self,
        app: Flask,
        sock: socket.socket,
        settings: Config,
        phones: int | None,
        *,
        is_shared: bool = False,
    ) -> None:
        self.running: Running = app.extensions["show_of_hands"]
        self._settings = settings
        self._port = sock.getsockname()[1]
        self._server = Server(sock, app, phones, is_shared=is_shared)

    def begin(self) -> None:
        """Let phones in."""
        self._server.start()
        gevent.spawn(collect_in_quiet, lambda: self.running.hub.is_quiet)
        logbook.note(
            "started",
            port=self._port,
            data=str(self._settings.data),
            voters=self._settings.room.voters,
            transports=",".join(self._settings.live.transports),
        )

    def greeting(self, phones: int | None, *, instead_of: int | None = None) -> str:
        """Return what the person who started it is told; it holds a new link for the admin."""
        return greet(
            self._settings,
            self.running.engine.state,
            self.running.doorway,
            promise=self.running.promise,
            restored=self.running.journal.restored,
            emptied=self.running.is_emptied,
            port=self._port,
            instead_of=instead_of,
            link=self.running.admin.make_link(),
            phones=phones,
        )

    @property
    def has_failed(self) -> bool:
        """Whether a mistake of ours ends it."""
        return self.running.failed.is_set()

    def is_over(self, stopping: Event, seconds: float | None = None) -> bool:
        """Wait until it must end, or for so long; say whether it must."""
        return bool(gevent.wait([stopping, self.running.failed], timeout=seconds, count=1))

    def end(self) -> int:
        """Send everybody away and give everything back; return the exit code.

        The process may end at once: clients that did not leave in time have nothing to lose.
        """
        logbook.note("stopping", because="mistake" if self.has_failed else "asked")
        running = self.running
        end(
            self._server,
            running.engine,
            running.hub,
            running.names,
            running.fleet,
            running.journal,
        )
        return 1 if self.has_failed else 0


def alone(create_app: CreateApp, asked: Asked) -> int:
    """Serve in this process, which is the only one, until Ctrl-C; return the exit code."""
    stopping = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        gevent.signal_handler(number, _stop, stopping)
    with explained(asked):
        settings = asked.settings()
        logbook.configure(settings.server.log)
        sock = listening(settings)
        host, port, *_ = sock.getsockname()
        app = create_app(settings, port)
    phones = raise_file_limit()
    serving = Serving(app, sock, settings, phones)
    serving.begin()
    nearby.note(settings.data, host, port)
    greet_person(serving.greeting(phones, instead_of=moved_from(settings, port)))
    serving.is_over(stopping)
    said = "The server made a mistake and must stop" if serving.has_failed else "Stopping"
    logbook.say(f"{said}: every vote that was counted is saved.")
    # On a thread: a disk that hangs must not hold up what else there is to do.
    forgetting = gevent.get_hub().threadpool.spawn(nearby.forget, settings.data, host, port)
    code = serving.end()
    forgetting.wait(FORGET_SECONDS)
    return code


def _stop(stopping: Event) -> None:
    """Stop when asked once; asked twice, at once."""
    if stopping.is_set():
        os._exit(1)
    stopping.set()


def greet_person(greeting: str) -> None:
    """Write the greeting to the terminal."""
    logbook.finish()  # its link and code stand last
    click.echo(greeting, err=True)


@dataclass(frozen=True)
class Place:
    """A worker's place: its number, of how many, the descriptors of its socket and its line."""

    number: int
    count: int
    socket: int
    line: int
    greets: bool


def beside(create_app: CreateApp, asked: Asked, place: Place) -> int:
    """Serve beside other processes that `workers.py` has started; return the exit code."""
    stopping = Event()
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # of a terminal: they are for who has started us
    gevent.signal_handler(signal.SIGTERM, stopping.set)
    line = socket.socket(fileno=place.line)
    gevent.spawn(hear_end, line, stopping)
    with explained(asked):
        settings = asked.settings()
        logbook.configure(settings.server.log, worker=place.number)
        sock = socket.socket(fileno=place.socket)
        port = sock.getsockname()[1]
        app = create_app(settings, port)
    phones = raise_file_limit()
    serving = Serving(app, sock, settings, phones, is_shared=True)
    serving.begin()
    room = None if phones is None else phones * place.count
    logbook.finish()  # what is told to the person comes last
    said = "serving"
    if place.greets:
        said = serving.greeting(room, instead_of=moved_from(settings, port))
    say_once(line, said)
    serving.is_over(stopping)
    return serving.end()


def together(asked: Asked, count: int) -> int:
    """Have so many processes serve until Ctrl-C; return the exit code."""
    with explained(asked):
        settings = asked.settings()
        logbook.configure(settings.server.log)
        if sys.platform == "win32":
            fail("--workers needs Linux or macOS; on Windows one process serves the room.")
        if not settings.journal.url:
            fail(
                f"--workers {count} needs a journal that processes can share: [journal] url in"
                f' {asked.config}, like "redis://localhost:6379/0". Without one, one process'
                " serves the room."
            )
        sock = listening(settings)
    host, port, *_ = sock.getsockname()
    program = [sys.executable, sys.argv[0], "work", *asked.options(), "--count", str(count)]

    def command(number: int, socket: int, line: int, greets: bool) -> list[str]:
        place = ("--number", str(number), "--socket", str(socket), "--line", str(line))
        return [*program, *place, *(["--greets"] if greets else [])]

    def greet(greeting: str) -> None:
        nearby.note(settings.data, host, port)
        greet_person(greeting)

    code = Workers(count, command, sock, greet).run()
    nearby.forget(settings.data, host, port)
    return code
