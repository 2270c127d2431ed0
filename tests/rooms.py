"""Rooms in a test's Redis, and long ways there.

Owns the rooms' names: no other test has the same. Each `shared` of a room is a server's own line.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.redises import Redis
from tests.serving import START_SECONDS
from voting.config import Journal
from voting.redis_server import RedisServer
from voting.shared import Shared


class Room:
    """One room in a Redis."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.settings = Journal(url=redis.url, room=f"room-{secrets.token_hex(4)}")

    @property
    def server(self) -> RedisServer:
        return RedisServer(self.settings)

    def shared(self) -> Shared:
        return Shared(self.server)

    def key(self, name: str) -> str:
        return self.server.key(name)

    def config(self, url: str = "") -> str:
        """What config.toml says of it; the way there may be another one."""
        return f'[journal]\nurl = "{url or self.settings.url}"\nroom = "{self.settings.room}"\n'


@contextmanager
def far_away(redis: Redis, seconds: float) -> Iterator[str]:
    """Return the URL of a Redis whose every word takes so long to come here."""
    loop = asyncio.new_event_loop()
    lines: set[StreamWriter] = set()

    async def meet(here: StreamReader, to_here: StreamWriter) -> None:
        lines.add(to_here)
        with suppress(OSError):
            there, to_there = await asyncio.open_connection("127.0.0.1", redis.port)
            lines.add(to_there)
            ways = carry(here, to_there, 0), carry(there, to_here, seconds)
            await asyncio.gather(*ways, return_exceptions=True)
        to_here.close()

    async def carry(heard: StreamReader, told: StreamWriter, late: float) -> None:
        while piece := await heard.read(65_536):
            await asyncio.sleep(late)
            told.write(piece)
        told.close()

    async def listen() -> asyncio.Server:
        return await asyncio.start_server(meet, "127.0.0.1", 0)

    async def end() -> None:
        listening.close()
        for line in lines:
            line.transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)

    # On a thread from the first: browser tests keep a loop of their own on this one.
    running = threading.Thread(target=loop.run_forever, daemon=True)
    running.start()
    listening = asyncio.run_coroutine_threadsafe(listen(), loop).result(START_SECONDS)
    try:
        port = listening.sockets[0].getsockname()[1]
        yield redis.url.replace(f":{redis.port}/", f":{port}/")
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result(START_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        running.join()
        loop.close()
