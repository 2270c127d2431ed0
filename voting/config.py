"""config.toml as frozen structs.

Owns every setting but a poll's (`polls.py`): its name, type, default and what a value must be. An
unknown key or a bad value is a `ConfigError` naming file, key, value and what was expected.
"""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from voting import redis_address
from voting.polls import Made, made_in, read_poll
from voting.records import MAX_POLLS, Poll
from voting.tables import Bad, Switch, Text, expected, no_others, table

Port = Annotated[int, Meta(ge=1, le=65535, description="a whole number from 1 to 65535")]


ADDRESS = r"https?://((\*\.)?[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d+)?/?"
"""An origin as browsers write it; in a list of them `*.` stands for all names below one."""


Networks = Annotated[
    tuple[str, ...],
    Meta(description='a list of addresses or networks, like ["127.0.0.1", "10.0.0.0/8"]'),
]

Log = Literal["text", "json", "off"]
"""How events are written to standard error: for people, for programs, or not at all."""

Voters = Literal["open", "codes"]
"""Who may vote: every browser, or who has a one-time code."""

Transport = Literal["websocket", "longpoll", "poll"]
"""How messages travel between a page and the server, the best first."""


HOST_NAME = r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*"
"""A name as a Host header has it, without scheme and port."""


DEFAULT_PORT = 5000
"""Where the server listens unless it is told; if that is in use, at one of the next."""

SHIPPED_FILE = Path(__file__).parent.parent / "config.toml"


def chosen_file() -> Path:
    """Return the configuration's file where no command line names it: SHOW_OF_HANDS_CONFIG, or the
    one that is shipped."""
    return Path(os.environ.get("SHOW_OF_HANDS_CONFIG", SHIPPED_FILE))


class ConfigError(Exception):
    """The configuration cannot be used; the text is one sentence for the person who wrote it."""


class Server(msgspec.Struct, frozen=True):
    """Where the server listens, and what phones call it."""

    host: Text = "0.0.0.0"
    port: Port | None = None
    public_url: Annotated[
        str, Meta(description='an address like "https://vote.example.org", without a path')
    ] = ""
    trusted_hosts: Annotated[
        tuple[str, ...], Meta(description='a list of host names, like ["vote.local"]')
    ] = ()
    data: Text = "data"
    proxies: Networks = ()
    allow_no_origin: Switch = False
    metrics: Networks = ("127.0.0.1", "::1")
    log: Annotated[Log, Meta(description='"text", "json" or "off"')] = "text"


class Room(msgspec.Struct, frozen=True):
    """How the room is run."""

    open_at_start: Switch = True
    name_required: Switch = False
    names_in_exports: Switch = False
    voters: Annotated[Voters, Meta(description='"open" or "codes"')] = "open"


class Live(msgspec.Struct, frozen=True):
    """How often, and for how long."""

    ticks_per_second: Annotated[float, Meta(ge=1, le=60, description="a number from 1 to 60")] = (
        10.0
    )
    send_deadline_seconds: Annotated[
        float, Meta(ge=1, le=120, description="a number from 1 to 120")
    ] = 10.0
    ping_seconds: Annotated[float, Meta(ge=1, le=300, description="a number from 1 to 300")] = 25.0
    transports: Annotated[
        tuple[Transport, ...],
        Meta(min_length=1, description='one or more of "websocket", "longpoll" and "poll"'),
    ] = ("websocket", "longpoll", "poll")


Most = Annotated[int, Meta(ge=1, le=10_000_000, description="a whole number from 1 to 10000000")]


class Messages(msgspec.Struct, frozen=True):
    """Whether the room talks when its configuration is new; an admin may change that.

    `voter_per_second` is how many messages one voter may send, `room_per_second` all of one server.
    """

    enabled: Switch = False
    direct: Switch = True
    voter_per_second: Most = 2
    room_per_second: Most = 100


class Limits(msgspec.Struct, frozen=True):
    """What one visitor may do; far above what a page ever does.

    `messages_per_second` is of one connection, `logins_per_minute` and `sockets_per_address` of one
    address, behind which a whole hall may be.
    """

    messages_per_second: Most = 500
    sockets_per_voter: Most = 10
    sockets_per_address: Most = 20_000
    logins_per_minute: Most = 10_000


class Journal(msgspec.Struct, frozen=True):
    """Where votes are kept, if not in the data folder: a Redis that many servers share.

    `url` is redis-py's form, with several hosts where they are Sentinels. `room` names the keys.
    """

    url: Annotated[
        str, Meta(description='an address like "redis://localhost:6379/0", rediss:// or unix://')
    ] = ""
    sentinel: Annotated[
        str, Meta(description='the name of a Sentinel\'s service, like "mymaster"')
    ] = ""
    cluster: Switch = False
    room: Annotated[
        str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="up to 64 of A–Z a–z 0–9 _ . -")
    ] = "show-of-hands"
    min_replicas: Annotated[int, Meta(ge=0, le=10, description="a whole number from 0 to 10")] = 0
    allow_volatile: Switch = False


Columns = Literal["flat", "3d"]
"""How the chart's columns look."""


class Screen(msgspec.Struct, frozen=True):
    """How the screen looks when it is opened; whoever runs it may change that there."""

    columns: Annotated[Columns, Meta(description='"flat" or "3d"')] = "flat"


class Embed(msgspec.Struct, frozen=True):
    """Which other sites may show the chart in a frame of theirs."""

    origins: Annotated[
        tuple[str, ...],
        Meta(description='a list of addresses without a path, like ["https://slides.example"]'),
    ] = ()


class Config(msgspec.Struct, frozen=True):
    """The whole configuration; `file` is where it was read from, `made` the ids not said there."""

    file: Path
    server: Server
    room: Room
    live: Live
    limits: Limits
    messages: Messages
    journal: Journal
    screen: Screen
    embed: Embed
    polls: tuple[Poll, ...]
    made: Made

    @property
    def data(self) -> Path:
        """The data folder, beside the configuration unless it is an absolute path."""
        return self.file.parent / self.server.data


SECTIONS: dict[str, type[msgspec.Struct]] = {
    "server": Server,
    "room": Room,
    "live": Live,
    "limits": Limits,
    "messages": Messages,
    "journal": Journal,
    "screen": Screen,
    "embed": Embed,
}


def load(file: Path) -> Config:
    """Read and check a configuration.

    Raises:
        ConfigError: the file is missing, is no TOML, or holds what it must not.
    """
    try:
        tree = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"{file}: there is no such file; expected a configuration") from None
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: expected TOML in UTF-8, but {error}") from None
    try:
        return _read(file, tree)
    except Bad as error:
        raise ConfigError(f"{file}: {error}") from None


def _read(file: Path, tree: dict[str, Any]) -> Config:
    no_others(tree, [*SECTIONS, "polls"], "")
    server = table(Server, tree.get("server", {}), "server")
    if server.public_url:
        _address(server.public_url, "server.public_url", expected(Server, "public_url"))
    for key, networks in (("proxies", server.proxies), ("metrics", server.metrics)):
        for network in networks:
            _network(network, f"server.{key}", expected(Server, key))
    for name in server.trusted_hosts:
        if not re.fullmatch(HOST_NAME, name):
            raise Bad("server.trusted_hosts", name, expected(Server, "trusted_hosts"))
    embed = table(Embed, tree.get("embed", {}), "embed")
    for origin in embed.origins:
        _address(origin, "embed.origins", expected(Embed, "origins"))
    journal = table(Journal, tree.get("journal", {}), "journal")
    if journal.url:
        redis_address.read(journal.url, journal.sentinel, cluster=journal.cluster)
    elif journal != Journal(room=journal.room):
        raise Bad("journal.url", None, "one, since what else [journal] says is about a Redis")
    polls = _polls(tree.get("polls"))
    return Config(
        file=file.resolve(),
        server=server,
        room=table(Room, tree.get("room", {}), "room"),
        live=table(Live, tree.get("live", {}), "live"),
        limits=table(Limits, tree.get("limits", {}), "limits"),
        messages=table(Messages, tree.get("messages", {}), "messages"),
        journal=journal,
        screen=table(Screen, tree.get("screen", {}), "screen"),
        embed=embed,
        polls=polls,
        made=made_in(tree["polls"], polls),
    )


def _polls(trees: object) -> tuple[Poll, ...]:
    if not isinstance(trees, list) or not 1 <= len(trees) <= MAX_POLLS:
        raise Bad("polls", trees, f"1 to {MAX_POLLS} [[polls]] tables, each with a question")
    found: list[Poll] = []
    for i, tree in enumerate(trees):
        here = f"polls #{i + 1}"  # as people count
        # Without an id a poll is called after its place; what the journal calls it, if it knows
        # the poll, is seen to in imports.py.
        poll = read_poll(tree, here, id="poll" if i == 0 else f"poll-{i + 1}")
        if poll.id in [other.id for other in found]:
            raise Bad(f"{here}.id", poll.id, "an id that no other poll has")
        found.append(poll)
    return tuple(found)


def _network(text: str, key: str, expected: str) -> None:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        raise Bad(key, text, expected) from None


def _address(url: str, key: str, expected: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
        # Other letters are written as browsers send them, xn--…
        good = good and parts.port != 0 and re.fullmatch(ADDRESS, url) is not None
    except ValueError:
        good = False
    if not good or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise Bad(key, url, expected)
