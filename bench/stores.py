"""A redis-server for the benchmark, on a port and in a folder of its own.

Owns its start, its end, and its own account of what it did. Never touches a room's keys.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any, NamedTuple

import redis

from bench.measure import cpu_seconds
from bench.packages import NotMeasured
from bench.servers import HOST, Server, free_port
from rehearsal.visit import Site
from voting.config import Journal


class Done(NamedTuple):
    """What a Redis has done since its start, in seconds, commands and bytes.

    `commands` counts those inside a script too, as Redis does; `entries` are what was put into a
    stream. `memory` is what it holds.
    """

    at: float
    cpu: float
    commands: float
    entries: float
    bytes_in: float
    bytes_out: float
    memory: float

    def since(self, before: Done) -> Done:
        """Return what it has done between two looks."""
        return Done(*(now - then for now, then in zip(self, before, strict=True)))


class Store:
    """A running redis-server."""

    def __init__(self, server: Server) -> None:
        self.port, self.pid = server.site.port, server.pid
        self.url = f"redis://{HOST}:{self.port}/0"
        self._client = redis.Redis(HOST, self.port, single_connection_client=True)

    def look(self) -> Done:
        """Ask what it has done."""
        told: dict[str, Any] = self._client.info("all")
        return Done(
            monotonic(),
            cpu_seconds([self.pid]),
            told["total_commands_processed"],
            told.get("cmdstat_xadd", {"calls": 0})["calls"],
            told["total_net_input_bytes"],
            told["total_net_output_bytes"],
            told["used_memory"],
        )

    def said(self) -> float:
        """Return how many bytes a node says of itself in a beat, as the other nodes read it."""
        key = f"{{{Journal().room}}}:nodes"
        told = self._client.hgetall(key)
        return sum(len(name) + len(what) for name, what in told.items()) / len(told)

    def close(self) -> None:
        """Hang up."""
        self._client.close()


@contextmanager
def store(fsync: str) -> Iterator[Store]:
    """Run a redis-server that appends to its file, `always` or `everysec`.

    Raises:
        NotMeasured: there is none here.
    """
    program = shutil.which("redis-server")
    if program is None:
        raise NotMeasured("needs redis-server (apt install redis-server)")
    with TemporaryDirectory(prefix="bench-") as name:
        port = free_port()
        options = {
            "bind": HOST,
            "port": str(port),
            "dir": name,
            "save": "",
            "appendonly": "yes",
            "appendfsync": fsync,
        }
        said = [part for key, value in options.items() for part in (f"--{key}", value)]
        server = Server("redis", [program, *said], Site(HOST, port), Path(name) / "log")
        server.start()
        try:
            with closing(Store(server)) as running:
                yield running
        finally:
            server.stop()
