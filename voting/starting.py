"""How a process starts: what it was asked for, where it listens, and why it cannot.

Owns the way from a command line to a configuration and a socket, and the one sentence where there
is none. Never makes the app itself: `dashboard.py` does.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import click

from voting import console, logbook
from voting.config import DEFAULT_PORT, Config, ConfigError
from voting.joined import CannotJoin
from voting.journal import Damaged, JournalError, Unusable
from voting.keys import BadSecret
from voting.server import CannotListen, listen
from voting.state import Broken
from voting.verify import damage_sentence

OUR_PORT = "SHOW_OF_HANDS_PORT"
"""Names, in the environment, the port that gunicorn's worker serves."""

GIVE_UP = 3
"""The exit code of a worker after which gunicorn ends, instead of starting another."""

CANNOT_START = (
    BadSecret,
    Broken,
    CannotJoin,
    CannotListen,
    ConfigError,
    JournalError,
    OSError,
)


class Asked(NamedTuple):
    """What the command line says: a configuration, and what is to differ from it."""

    config: Path
    host: str | None = None
    port: int | None = None
    data: Path | None = None

    def settings(self) -> Config:
        """Return the configuration with that over it.

        Raises:
            ConfigError: it cannot be used.
        """
        return console.configured(*self)

    def options(self) -> list[str]:
        """Return the same for another process's command line."""
        said = zip(("--config", "--host", "--port", "--data"), self, strict=True)
        return [word for name, value in said if value is not None for word in (name, str(value))]


def listening(settings: Config) -> socket.socket:
    """Return a socket that listens where the configuration says.

    Raises:
        CannotListen: it cannot.
    """
    port = settings.server.port
    return listen(
        settings.server.host, DEFAULT_PORT if port is None else port, asked=port is not None
    )


def moved_from(settings: Config, port: int) -> int | None:
    """Return the usual port, if nobody asked for one and it was in use."""
    return DEFAULT_PORT if settings.server.port is None and port != DEFAULT_PORT else None


def port_of_host() -> int:
    """Return where phones reach the process, if whoever makes an app does not say.

    gunicorn's own worker could not serve it: that ends gunicorn, with a sentence.
    """
    if "gunicorn.arbiter" in sys.modules and OUR_PORT not in os.environ:
        click.echo(
            "gunicorn has to read gunicorn.conf.py, and to start without --preload: start it in"
            " the folder of Show of Hands, or name that file with --config.",
            err=True,
        )
        raise SystemExit(GIVE_UP)
    return int(os.environ.get(OUR_PORT, DEFAULT_PORT))


@contextmanager
def explained(asked: Asked) -> Iterator[None]:
    """End the program with one sentence where it cannot start."""
    try:
        yield
    except CANNOT_START as error:
        logbook.finish()
        console.fail(why(error, asked))


def why(error: Exception, asked: Asked) -> str:
    """Return the sentence that says why it cannot start."""
    if isinstance(error, Unusable) or not isinstance(
        error, Broken | Damaged | JournalError | OSError
    ):
        return str(error)
    settings = asked.settings()  # which could be read, if it came to this
    if settings.journal.url:
        return f"The journal cannot be used: {error}."
    if isinstance(error, Broken | Damaged):
        return damage_sentence(settings.data, str(asked.data or settings.data))
    return f"The data folder {settings.data} cannot be used: {error}."
