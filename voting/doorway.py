"""Where phones come in: the address that pages and QR codes show.

Owns the admin's choice among this computer's networks, kept in the data folder, and the look, every
few seconds, whether both are still the same: the choice may be made in another process on the same
folder. It is no record: it decides nothing about a round.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import gevent

from voting.addresses import Network, is_loopback, join_url, listens_everywhere, networks
from voting.config import Server
from voting.folder import rename

LOOK_SECONDS = 3.0
"""A laptop that changes its Wi-Fi shows the new address after so long, at most."""


class NoSuchAddress(Exception):
    """An address was chosen that this computer does not have."""


class Doorway:
    """The address for phones.

    Args:
        settings: what config.toml says of the server.
        port: where it listens.
        data: the folder in which the choice is kept.

    `url` is the address as it was found last, None without a network.
    """

    def __init__(self, settings: Server, port: int, data: Path) -> None:
        self._settings = settings
        self._port = port
        self._file = data / "address"
        self._chosen = ""
        self._read()
        self._changed: Callable[[], None] = lambda: None
        self.url = self._found()

    @property
    def is_fixed(self) -> bool:
        """Whether config.toml names the address, so that there is nothing to choose."""
        settings = self._settings
        return bool(settings.public_url) or not listens_everywhere(settings.host)

    @property
    def is_shut(self) -> bool:
        """Whether the server listens to this computer alone, so that no network would help."""
        settings = self._settings
        return not settings.public_url and is_loopback(settings.host)

    @property
    def chosen(self) -> str:
        """The admin's choice, "" if the server chooses."""
        return "" if self.is_fixed else self._chosen

    def networks(self) -> list[tuple[Network, str]]:
        """Return this computer's networks, each with the address that phones would open there."""
        if self.is_fixed:
            return []
        found = networks()
        return [(network, f"http://{network.address}:{self._port}") for network in found]

    def choose(self, address: str) -> None:
        """Show this address from now on; "" leaves the choice to the server.

        Raises:
            NoSuchAddress: this computer has no such address, or config.toml names another.
            OSError: the choice cannot be kept; nothing has changed.
        """
        if address and address not in [network.address for network, _ in self.networks()]:
            raise NoSuchAddress(address)
        fresh = self._file.with_name("address.new")  # a full disk must not take the old choice away
        fresh.write_text(address, encoding="ascii")
        rename(fresh, self._file)
        self._chosen = address
        self.look()

    def look(self) -> str | None:
        """Look at choice and networks again, tell who watches of a change, return the address."""
        self._read()
        with suppress(OSError):  # a card that goes while it is read; the next look tells
            found = self._found()
            if found != self.url:
                self.url = found
                self._changed()
        return self.url

    def watch(self, changed: Callable[[], None]) -> None:
        """Look every few seconds, for ever; `changed()` is called when the address is another."""
        self._changed = changed
        while True:
            gevent.sleep(LOOK_SECONDS)
            self.look()

    def _found(self) -> str | None:
        settings = self._settings
        return join_url(settings.public_url, settings.host, self._port, self._chosen)

    def _read(self) -> None:
        try:
            self._chosen = self._file.read_text(encoding="ascii").strip()
        except (FileNotFoundError, UnicodeDecodeError):
            self._chosen = ""  # without a choice the server chooses
        except OSError:
            pass  # it cannot be opened now; what was read last holds
