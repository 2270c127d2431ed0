"""Which server runs on this computer: the note that it leaves of its address, and what is "here".

Owns the note in the data folder, and the answer whether an address is one of this computer's own.
"""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import ifaddr

NOTE = "serving"


class NotHere(Exception):
    """An address is none of this computer's; the text is for the person who gave it."""


def note(folder: Path, host: str, port: int) -> None:
    """Leave word in a data folder of where its server listens; `host` is in digits."""
    with suppress(OSError):  # the room can do without
        (folder / NOTE).write_text(f"{_reached(host)} {port}\n", encoding="ascii")


def forget(folder: Path, host: str, port: int) -> None:
    """Take the word back: whoever listens there next is another. Another server's word stays."""
    if noted(folder) == (_reached(host), port):
        with suppress(OSError):
            (folder / NOTE).unlink(missing_ok=True)


def noted(folder: Path) -> tuple[str, int] | None:
    """Return where the last server of a data folder listened, if it left word."""
    try:
        host, port = (folder / NOTE).read_text(encoding="ascii").split()
        return host, int(port)
    except (OSError, ValueError):
        return None


def _reached(host: str) -> str:
    """Return where a server that listens at an address is reached from this computer."""
    address = ipaddress.ip_address(host)
    if not address.is_unspecified:
        return host
    return "::1" if address.version == 6 else "127.0.0.1"


def named(url: str) -> tuple[str, int]:
    """Return host and port of an address as people write it: with http:// or without.

    Raises:
        NotHere: it cannot be one of this computer's.
    """
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")
        host, port = parts.hostname, parts.port or 80
    except ValueError:
        host, port = None, 0
    if not host or parts.scheme not in ("", "http"):
        raise NotHere(f"{url} is no address like http://localhost:5000.")
    return host, port


def here(host: str) -> str:
    """Return, in digits, a host that is this computer.

    Raises:
        NotHere: it is another one, or none.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotHere(f"{host} cannot be looked up here.") from None
    addresses = [str(answer[4][0]) for answer in found]
    if not all(map(_is_own, addresses)):
        raise NotHere(
            f"{host} is another computer. A rehearsal is for a server of your own, on this one."
        )
    # What listens on all addresses of both kinds is rarer than what listens on IPv4 alone.
    return min(addresses, key=lambda address: ":" in address)


def _is_own(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    if address.is_loopback:
        return True
    known = [ip.ip if ip.is_IPv4 else ip.ip[0] for card in ifaddr.get_adapters() for ip in card.ips]
    return any(address == ipaddress.ip_address(str(one).partition("%")[0]) for one in known)
