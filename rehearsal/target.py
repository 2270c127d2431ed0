"""Which server a rehearsal is for: found on this computer, and known before it is told a secret.

Owns both answers, and the sentences that end the program where there is none.
"""

from __future__ import annotations

from pathlib import Path

from rehearsal.remote import RemoteDesk
from rehearsal.visit import Site
from voting import keys, nearby
from voting.config import DEFAULT_PORT, Config, ConfigError
from voting.console import configured, fail

LOCALHOST = "127.0.0.1"


def find(
    url: str | None, config: Path, data: Path | None, port: int | None
) -> tuple[Site, Path | None]:
    """Return where the server listens: as said, else as it has noted, else as configured.

    Where it was not said, the data folder that must be that server's comes with it.
    """
    folder = None
    try:
        if url is not None:
            host, found = nearby.named(url)
        else:
            settings = configured(config, data=data)
            folder = settings.data
            if "websocket" not in settings.live.transports:
                fail(
                    "A rehearsal's phones speak over WebSockets alone, and [live] transports in"
                    f" {config} allows none. Nothing was started."
                )
            host, found = _noted(settings)
        site = Site(nearby.here(host), port or found)
    except (ConfigError, nearby.NotHere) as error:
        fail(error)
    try:
        site.dial(5.0).close()
    except OSError:
        fail(
            f"No server answers at {site.origin}. Start it with python3 start.py run, in another"
            " terminal, or name its port: python3 start.py rehearse --port 8000"
        )
    return site, folder


def _noted(settings: Config) -> tuple[str, int]:
    return nearby.noted(settings.data) or (LOCALHOST, settings.server.port or DEFAULT_PORT)


def recognize(desk: RemoteDesk, site: Site, folder: Path | None) -> None:
    """End the program before another than the server that is meant is told its secret."""
    name = desk.key_name()
    if name is None:
        fail(f"What answers at {site.origin} is not Show of Hands. Nothing was started.")
    if folder is None:
        return
    try:
        found = keys.of_environment() or keys.read(folder)
    except (OSError, keys.BadSecret) as error:
        fail(f"The key in the data folder cannot be read: {error}.")
    if found is None or name != found.name:
        fail(
            f"The server at {site.origin} is not that of the data folder {folder}. If it is meant,"
            f" say so: python3 start.py rehearse {site.origin}"
        )
