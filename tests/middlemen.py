"""Proxies between pages and a server, as networks have them: they block, swallow and cut.

Owns the way of the bytes, and changes none of them; what one is told while it runs holds from the
next connection on. Never decides what a page should make of it.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Literal, TypeVar

from tests.serving import START_SECONDS, Server

T = TypeVar("T")
Upgrades = Literal["pass", "refuse", "close", "mute", "one-way", "swallow"]
"""What becomes of WebSockets: nothing but a 403, the end, a 101 and then silence, all that the
server says and nothing that the page does, or silence."""

HEAD_ENDS = b"\r\n\r\n"
KEY = re.compile(rb"(?i)\r\nsec-websocket-key: (\S+)")
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
REFUSAL = b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
WELCOME = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: "
)
PIECE = 65_536


class Middleman:
    """A proxy before a server, on a port of its own.

    `upgrades` is what it does with WebSockets, `patience` how many seconds it lets an answer take,
    `is_deaf` whether all that the server says is lost on the way, on every connection there is.
    """

    def __init__(self, server: Server, upgrades: Upgrades = "pass") -> None:
        self.upgrades = upgrades
        self.patience: float | None = None
        self.is_deaf = False
        self._server = server
        self._open: set[StreamWriter] = set()
        self._release = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._listening = self._run(asyncio.start_server(self._meet, "127.0.0.1", 0))
        self.port: int = self._listening.sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def link(self) -> str:
        """The link that logs an admin in."""
        return self._server.link

    def release(self) -> None:
        """Let WebSockets pass, those that were swallowed too if their page still waits."""
        self.upgrades = "pass"
        self._loop.call_soon_threadsafe(self._release.set)

    def cut(self) -> None:
        """End every connection there is."""
        self._run(self._cut())

    def close(self) -> None:
        """End it all."""
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_SECONDS)
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_SECONDS)

    async def _cut(self) -> None:
        for line in list(self._open):
            line.transport.abort()

    async def _end(self) -> None:
        self._listening.close()
        await self._cut()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _meet(self, heard: StreamReader, page: StreamWriter) -> None:
        self._open.add(page)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = await heard.readuntil(HEAD_ENDS)
            key = KEY.search(head)
            if key is not None and self.upgrades == "swallow":
                await self._release.wait()
            if key is not None and self.upgrades not in ("pass", "one-way"):
                await self._block(key[1], heard, page)
            else:
                await self._pass(head, heard, page, is_socket=key is not None)
        self._open.discard(page)
        page.close()

    async def _block(self, key: bytes, heard: StreamReader, page: StreamWriter) -> None:
        if self.upgrades == "refuse":
            page.write(REFUSAL)
            await page.drain()
            page.write_eof()
        elif self.upgrades == "mute":
            accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
            page.write(WELCOME + accept + HEAD_ENDS)
        if self.upgrades == "mute":
            while await heard.read(PIECE):
                pass

    async def _reach(self) -> tuple[StreamReader, StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self._server.port)

    async def _pass(
        self, head: bytes, heard: StreamReader, page: StreamWriter, *, is_socket: bool
    ) -> None:
        answers, server = await self._reach()
        self._open.add(server)
        overdue: asyncio.TimerHandle | None = None
        is_one_way = is_socket and self.upgrades == "one-way"

        def asked(piece: bytes) -> None:
            nonlocal overdue
            if is_one_way and piece is not head:
                return
            server.write(piece)
            if self.patience is not None and not is_socket and overdue is None:
                overdue = self._loop.call_later(self.patience, page.transport.abort)

        def answered(piece: bytes) -> None:
            nonlocal overdue
            if overdue is not None:
                overdue.cancel()
                overdue = None
            if not self.is_deaf:
                page.write(piece)

        asked(head)
        ways = [
            asyncio.ensure_future(_flow(heard, asked)),
            asyncio.ensure_future(_flow(answers, answered)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            with suppress(OSError):
                await page.drain()
            self._open.discard(server)
            server.transport.abort()


async def _flow(source: StreamReader, take: Callable[[bytes], None]) -> None:
    with suppress(OSError):
        while piece := await source.read(PIECE):
            take(piece)
