"""Where phones can reach this computer.

Owns the guess, read anew from the network interfaces each time. Never asks the resolver (on Debian
a host's own name is 127.0.0.1) and never the routing table (an offline hotspot has no route, and a
VPN has one that phones do not).
"""

from __future__ import annotations

import io
import ipaddress
from collections.abc import Iterable
from typing import NamedTuple

import ifaddr
import segno

_VIRTUAL = ("docker", "br-", "veth", "virbr", "vmnet", "vbox", "tun", "tap", "utun", "wg", "zt")
"""Beginnings of the names of interfaces behind which there are no phones."""


class Network(NamedTuple):
    """A network that this computer is in: the interface's name, and the address there."""

    name: str
    address: str


def networks(interfaces: Iterable[tuple[str, str]] | None = None) -> list[Network]:
    """Return this computer's networks with their IPv4 addresses, the likeliest for phones first.

    Loopback and self-assigned addresses (169.254.…) are left out; private ones go before public
    ones, and what looks like a virtual machine or a VPN goes last.

    Args:
        interfaces: (name, address) pairs; by default those of this computer.
    """
    found = []
    for name, text in interfaces if interfaces is not None else _interfaces():
        address = ipaddress.IPv4Address(text)
        if not (address.is_loopback or address.is_link_local or address.is_unspecified):
            virtual = name.lower().startswith(_VIRTUAL)
            found.append((virtual, not address.is_private, Network(name, text)))
    return [network for _, _, network in sorted(found, key=lambda rank: rank[:2])]


def reachable(interfaces: Iterable[tuple[str, str]] | None = None) -> list[str]:
    """Return the addresses of `networks` alone."""
    return [network.address for network in networks(interfaces)]


def listens_everywhere(host: str) -> bool:
    """Say whether a host setting means all of this computer's networks."""
    return host in ("0.0.0.0", "::", "")


def join_url(public_url: str, host: str, port: int, chosen: str = "") -> str | None:
    """Return the address that phones open, or None when this computer is in no network.

    `public_url` wins; then a `host` that names one interface; then the address that was chosen, as
    long as this computer has it; then the likeliest interface.
    """
    if public_url:
        return public_url.rstrip("/")
    if listens_everywhere(host):
        addresses = reachable()
        if chosen in addresses:
            addresses = [chosen]
    else:
        addresses = [] if is_loopback(host) else [f"[{host}]" if ":" in host else host]
    return f"http://{addresses[0]}:{port}" if addresses else None


def qr_svg(url: str) -> bytes:
    """Draw a QR code as SVG, black on white with its quiet zone, in any size."""
    out = io.BytesIO()
    segno.make(url, micro=False).save(out, kind="svg", light="#fff", omitsize=True, xmldecl=False)
    return out.getvalue()


def qr_text(url: str) -> str:
    """Draw a QR code in characters for a terminal, two rows of modules in a line."""
    out = io.StringIO()
    segno.make(url, micro=False).terminal(out, compact=True)
    return out.getvalue()


def _interfaces() -> list[tuple[str, str]]:
    return [
        (adapter.nice_name or adapter.name, str(ip.ip))
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
        if ip.is_IPv4
    ]


def is_loopback(host: str) -> bool:
    """Say whether a host setting means this computer alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
