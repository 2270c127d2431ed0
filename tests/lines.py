"""A phone's WebSocket for hundreds at a time, as asyncio reads it."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from typing import Any

from tests.phones import PING, PONG, TEXT, frame
from tests.serving import Server


class Line:
    """One WebSocket to the server, as asyncio reads it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @staticmethod
    async def open(server: Server, cookie: str) -> Line:
        """Connect; anything but a WebSocket that stands is an OSError or EOFError."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", server.entrance, ssl=server.security
        )
        key = base64.b64encode(os.urandom(16)).decode()
        head = (
            f"GET /live?view=voter HTTP/1.1\r\nHost: {server.address}\r\n"
            f"Origin: {server.url}\r\nCookie: {cookie}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
        )
        line = Line(reader, writer)
        try:
            writer.write(head.encode())
            answer = await reader.readuntil(b"\r\n\r\n")
            if b" 101 " not in answer.partition(b"\r\n")[0]:
                raise ConnectionError(answer)
        except BaseException:
            line.close()
            raise
        return line

    def tell(self, message: dict[str, Any]) -> None:
        self._writer.write(frame(TEXT, json.dumps(message).encode()))

    async def next(self) -> dict[str, Any]:
        """Return the next message; a line that has ended is an OSError or EOFError."""
        while True:
            first, size = await self._reader.readexactly(2)
            if size > 125:
                size = int.from_bytes(
                    await self._reader.readexactly(2 if size == 126 else 8), "big"
                )
            payload = await self._reader.readexactly(size)
            if first & 0x0F == PING:
                self._writer.write(frame(PONG, payload))
            elif first & 0x0F == TEXT:
                message: dict[str, Any] = json.loads(payload)
                return message
            else:
                raise ConnectionError("the server has closed the line")

    def close(self) -> None:
        self._writer.transport.abort()
