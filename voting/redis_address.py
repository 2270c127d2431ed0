"""Where Redis is, as `[journal] url` says it: hosts, and what a connection needs.

Owns the forms of that URL: redis://, rediss://, unix://, several hosts, options behind the `?`. A
password may stand in it, so what people are shown is put together from the rest. Pure.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import msgspec

from voting.tables import Bad

OF_WHO = ("db", "username", "password", "sentinel_username", "sentinel_password", "client_name")
OF_TLS = (
    "ssl_ca_certs",
    "ssl_ca_path",
    "ssl_certfile",
    "ssl_keyfile",
    "ssl_password",
    "ssl_cert_reqs",
    "ssl_check_hostname",
    "ssl_ciphers",
)
"""With `OF_WHO` all of redis-py's options that are the URL's: how long and how often is ours."""

NO = ("0", "f", "false", "n", "no")
"""How redis-py reads a no, in small letters."""

SENTINEL_PORT, REDIS_PORT = 26_379, 6_379

NAME = r"[A-Za-z0-9_-]{1,63}"
HOST = rf"{NAME}(?:\.{NAME})*\.?|\[[0-9A-Fa-f:.]+\]"
FORMS = (
    'an address like "redis://:password@host:6379/0", rediss://… or unix:///path; in a password'
    " signs like / ? # @ % are written as %2F %3F %23 %40 %25"
)

Host = tuple[str, int]


class Address(msgspec.Struct, frozen=True):
    """A URL, read: `client` are redis-py's arguments for a connection, but for host and port.

    With Sentinels `hosts` are theirs, and `sentinel` the arguments for one of them. A socket in a
    file has no hosts.
    """

    scheme: str
    shown: str
    hosts: tuple[Host, ...]
    client: dict[str, Any]
    sentinel: dict[str, Any]


def read(url: str, sentinel: str, *, cluster: bool) -> Address:
    """Read a URL.

    Raises:
        Bad: it is none, or does not go with the rest.
    """

    def bad(expected: str) -> Bad:
        return Bad("journal.url", shown(url), expected)

    if sentinel and cluster:
        raise Bad("journal.cluster", cluster, "false, since journal.sentinel names a service")
    try:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        hosts = _hosts(parts, SENTINEL_PORT if sentinel else REDIS_PORT)
    except ValueError:
        raise bad(FORMS) from None
    is_file = parts.scheme == "unix"
    if parts.scheme not in ("redis", "rediss", "unix") or parts.fragment:
        raise bad(FORMS)
    if bool(hosts) is is_file or is_file is not bool(parts.path.strip("/0123456789")):
        raise bad(FORMS)
    if is_file and (sentinel or cluster):
        raise bad("hosts, since a socket in a file is one server")
    if len(hosts) > 1 and not (sentinel or cluster):
        raise bad("one host; several are for journal.sentinel or journal.cluster")
    known = OF_WHO + (OF_TLS if parts.scheme == "rediss" else ())
    if unknown := [name for name in options if name not in known]:
        raise Bad("journal.url", f"…?{unknown[0]}=…", f"no options but {', '.join(known)}")
    if options.get("ssl_cert_reqs", "none") not in ("none", "optional", "required"):
        raise Bad("journal.url", "…?ssl_cert_reqs=…", '"none", "optional" or "required"')
    try:
        client = _arguments(parts, options)
    except ValueError:
        raise bad("the number of a database, like ?db=0") from None
    if cluster and client["db"]:
        raise bad("the database 0: a Redis Cluster has no other")
    own = {name: client.pop(f"sentinel_{name}", None) for name in ("username", "password")}
    alike = {name: value for name, value in client.items() if name.startswith("ssl_")}
    return Address(parts.scheme, shown(url), hosts, client, alike | own)


def shown(url: str) -> str:
    """Return a URL for people: nothing of it that could be a password."""
    scheme, found, rest = url.partition("://")
    if not found or scheme not in ("redis", "rediss", "unix"):
        return "…"
    _, at, place = rest.partition("?")[0].rpartition("@")
    plain = r"/[^:]*" if scheme == "unix" else rf"({HOST})(:\d+)?(,({HOST})(:\d+)?)*(/\d*)?"
    return f"{scheme}://{'…@' if at else ''}{place if re.fullmatch(plain, place) else '…'}"


def hidden(text: str) -> str:
    """Return a text for people, with nothing in it that stands where an address has its password.

    It may be an address that was read as a path.
    """
    text = re.sub(r"\b((?:rediss?|unix):/*)[^\s/@][^\s@]*@(?:[^\s@]*@)*", r"\1…@", text)
    return re.sub(r"(?<=password=)[^&\s\"']+", "…", text)


def _hosts(parts: SplitResult, usual: int) -> tuple[Host, ...]:
    hosts: list[Host] = []
    listed = parts.netloc.rpartition("@")[2]
    for one in listed.split(",") if listed else ():
        found = re.fullmatch(rf"({HOST})(?::(\d+))?", one)
        port = int(found[2] or usual) if found else 0
        if not found or not 1 <= port <= 65_535:
            raise ValueError(one)
        hosts.append((found[1].strip("[]"), port))
    return tuple(hosts)


def _arguments(parts: SplitResult, options: dict[str, str]) -> dict[str, Any]:
    """Return redis-py's arguments for a connection.

    Raises:
        ValueError: an option is not what it must be.
    """
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    named = {"username": unquote(user), "password": unquote(password)} | options
    found: dict[str, Any] = {name: value for name, value in named.items() if value}
    if parts.scheme == "unix":
        found["path"] = unquote(parts.path)
    if parts.scheme == "rediss":
        found["ssl_check_hostname"] = options.get("ssl_check_hostname", "yes").lower() not in NO
    behind = "" if parts.scheme == "unix" else parts.path.strip("/")
    return found | {"db": int(options.get("db") or behind or 0)}
