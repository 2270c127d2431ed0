"""The commands that change a secret: the admin's password, the key that signs logins.

Owns their words. A password comes by the terminal or a pipe, never as an argument: the list of
processes is everybody's.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from voting import keys
from voting.config import Config, ConfigError
from voting.console import config_option, configured, data_option, fail, fail_because
from voting.password import MIN_PASSWORD, Password
from voting.safe import CannotAsk, FolderSafe, InDoubt, Safe
from voting.sighting import Elsewhere, expect_here


@click.command()
@config_option
@data_option
def password(config: Path, data: Path | None) -> None:
    """Set the admin's password; whoever is logged in as admin must log in again.

    With a Redis journal it holds on all servers of the room, and is kept in Redis.
    """
    settings = _settings(config, data)
    try:
        safe, place = _safe(settings)
    except Elsewhere as error:
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
    if len(chosen) < MIN_PASSWORD:
        fail(f"Expected at least {MIN_PASSWORD} characters.")
    try:
        Password(safe).set(chosen)
    except InDoubt as error:
        fail(f"{error}. It is not known whether the password was saved; set it again.")
    except CannotAsk as error:
        fail_because("The password cannot be saved", error)
    except OSError as error:
        fail(f"The password cannot be saved in {place}: {error.strerror}.")
    click.echo(f"The password is set, in {place}.", err=True)


def _settings(config: Path, data: Path | None) -> Config:
    try:
        return configured(config, data=data)
    except ConfigError as error:
        fail(error)


def _safe(settings: Config) -> tuple[Safe, str]:
    """Return what the server's password lies in, and what it is called.

    Raises:
        Elsewhere: that is in Redis, and the configuration does not say so.
    """
    if not settings.journal.url:
        expect_here(settings.data)
        return FolderSafe(settings.data), str(settings.data)
    # redis-py takes 70 ms to load: who has no room there need not wait for that.
    from voting.redis_server import RedisServer
    from voting.safe_redis import SharedSafe
    from voting.shared import Shared

    server = RedisServer(settings.journal)
    return SharedSafe(Shared(server)), f"{server.shown}, for all servers of the room"


@click.command()
@config_option
@data_option
def rotate_key(config: Path, data: Path | None) -> None:
    """Sign logins with a new key; the old one still opens them for 30 days.

    If somebody has the old key, end all logins instead: stop the server, delete secret.key in the
    data folder, start again.
    """
    settings = _settings(config, data)
    folder = settings.data
    if keys.VARIABLE in os.environ:
        fail(
            f"The key is given by {keys.VARIABLE}: put a new one there and the old one into"
            f" {keys.BEFORE}, then start again."
        )
    try:
        rotated = keys.rotate(folder)
    except keys.BadSecret as error:
        fail(f"{error}.")
    except OSError as error:
        fail(f"The key in {folder} cannot be changed: {error.strerror}.")
    if rotated is None:
        fail(f"There is no key in {folder} yet; the first start makes one.")
    until = rotated.earlier[-1].until
    click.echo(
        "There is a new key. A running server takes it at its next start; logins that the old key"
        f" has signed stay good until {until:%Y-%m-%d}.",
        err=True,
    )
    if settings.journal.url:
        click.echo(
            f"Copy {folder / keys.FILE} to the data folders of the room's other servers, and start"
            " them again one after the other. It signs as soon as all of them have it.",
            err=True,
        )


COMMANDS = (password, rotate_key)
"""What `dashboard.py` adds to those of `console.py`."""
