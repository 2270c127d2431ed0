"""The commands that change a secret: the admin's password, the key that signs logins.

Owns their words. A password comes by the terminal or a pipe, never as an argument: the list of
processes is everybody's.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from voting import keys
from voting.console import config_option, data_option, fail, folder_of
from voting.password import MIN_PASSWORD, Password


@click.command()
@config_option
@data_option
def password(config: Path, data: Path | None) -> None:
    """Set the admin's password; whoever is logged in as admin must log in again."""
    folder = folder_of(config, data)
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
        Password(folder).set(chosen)
    except OSError as error:
        fail(f"The password cannot be saved in {folder}: {error.strerror}.")
    click.echo("The password is set.", err=True)


@click.command()
@config_option
@data_option
def rotate_key(config: Path, data: Path | None) -> None:
    """Sign logins with a new key; the old one still opens them for 30 days.

    If somebody has the old key, end all logins instead: stop the server, delete secret.key in the
    data folder, start again.
    """
    folder = folder_of(config, data)
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


COMMANDS = (password, rotate_key)
"""What `dashboard.py` adds to those of `console.py`."""
