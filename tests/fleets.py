"""Two servers of one room on one Redis, and one address before them.

Owns their processes. Each server has a data folder of its own and the fleet's secret key, as if on
a machine of its own.
"""

from __future__ import annotations

import re
import secrets
from asyncio import StreamReader, StreamWriter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests import middlemen
from tests.redises import Redis
from tests.serving import CONFIG, Server

JOURNAL = """
[journal]
url = "{url}"
room = "{room}"
"""
KEPT_OPEN = re.compile(rb"(?i)\r\nconnection: keep-alive")


class Fleet:
    """Two servers, `one` and `two`, with the same configuration; they start at the same moment."""

    def __init__(self, folder: Path, redis: Redis, config: str = CONFIG) -> None:
        self.redis = redis
        self.room = secrets.token_hex(6)
        config += JOURNAL.format(url=redis.url, room=self.room)
        key = secrets.token_hex(32)
        self.one, self.two = self.servers = (
            _prepared(folder / "one", config, key),
            _prepared(folder / "two", config, key),
        )

    def start(self, *options: str) -> Fleet:
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda server: server.start(*options), self.servers))
        return self

    def clear_up(self) -> None:
        """End what still runs; Redis has an owner of its own."""
        for server in self.servers:
            server.clear_up()


class Front(middlemen.Middleman):
    """One address for a fleet: each request goes to the server whose turn it is, if that lives.

    A page that is not told otherwise asks again and again on one connection; here each request is
    the last of its connection. A WebSocket stays where it began.
    """

    def __init__(self, fleet: Fleet, upgrades: middlemen.Upgrades = "pass") -> None:
        self._turns = list(fleet.servers)
        super().__init__(fleet.one, upgrades)

    async def _reach(self) -> tuple[StreamReader, StreamWriter]:
        for _ in self._turns:
            self._server = self._turns.pop(0)
            self._turns.append(self._server)
            try:
                return await super()._reach()
            except OSError:
                continue  # that one is gone; the other takes its turn
        raise ConnectionRefusedError

    async def _pass(
        self, head: bytes, heard: StreamReader, page: StreamWriter, *, is_socket: bool
    ) -> None:
        head = KEPT_OPEN.sub(b"\r\nConnection: close", head)
        await super()._pass(head, heard, page, is_socket=is_socket)


def _prepared(folder: Path, config: str, key: str) -> Server:
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "secret.key").write_text(key, "utf-8")
    return Server(folder, config)
