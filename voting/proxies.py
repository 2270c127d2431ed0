"""Reverse proxies, believed as far as config.toml names them.

Owns what X-Forwarded-For and X-Forwarded-Proto may change: the address of who asks, and whether the
way there was TLS. From anybody else they change nothing: everybody can write them.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from typing import Any

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
App = Callable[..., Iterable[bytes]]

HOP = re.compile(r"\[([^\[\]]+)\](?::\d{1,5})?|([^:]+)(?::\d{1,5})?|([0-9A-Fa-f:.]+)")
"""An entry of X-Forwarded-For: [IPv6] and IPv4 with or without a port, or bare IPv6."""


class Networks:
    """Some addresses and networks, as config.toml lists them."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._networks = [ipaddress.ip_network(text) for text in texts]

    def __bool__(self) -> bool:
        return bool(self._networks)

    def __contains__(self, text: str) -> bool:
        address = address_of(text)
        return address is not None and any(address in network for network in self._networks)


def address_of(text: str) -> Address | None:
    """Return an address as one program writes it for another, None if it is none.

    On a socket of both kinds, IPv4 comes in the clothes of IPv6.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def believe(app: App, proxies: Iterable[str]) -> App:
    """Wrap a WSGI app, so that it sees who asked one of these proxies."""
    trusted = Networks(proxies)

    def forwarded(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        peer = environ.get("REMOTE_ADDR", "")
        if peer in trusted:
            environ["REMOTE_ADDR"] = _client(peer, environ.get("HTTP_X_FORWARDED_FOR", ""), trusted)
            scheme = environ.get("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2].strip().lower()
            if scheme in ("http", "https"):
                environ["wsgi.url_scheme"] = scheme
        return app(environ, start_response)

    return forwarded if trusted else app


def _client(peer: str, chain: str, trusted: Networks) -> str:
    """Return who asked: each proxy adds whom it saw at the right, and what is left of the first
    stranger there, the stranger may have written himself.
    """
    found = peer
    for entry in reversed(chain.split(",")):
        hop = HOP.fullmatch(entry.strip())
        address = address_of("".join(filter(None, hop.groups()))) if hop else None
        if address is None:
            break
        found = str(address)
        if found not in trusted:
            break
    return found
