"""A phone as the server sees it: HTTP with a cookie jar, and a WebSocket down to its bytes."""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tests.serving import Server

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
WAIT_SECONDS = 10


@dataclass
class Answer:
    """An HTTP answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Browser:
    """HTTP requests of one browser, with its cookies."""

    server: Server
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, form: dict[str, object] | None = None, **headers: str) -> Answer:
        """Send a form as a page of ours would, with the token of the login page."""
        filled = {"csrf_token": self.token(), **(form or {})}
        return self.ask("POST", path, urlencode(filled).encode(), headers)

    def token(self) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get("/login").text)
        assert found
        return found[1]

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        sent = {"Cookie": self.cookie, "Origin": self.server.url}
        if body:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        sent |= {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        connection = http.client.HTTPConnection(self.server.address)
        connection.sock = self.server.dial(seconds=WAIT_SECONDS)
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        finally:
            connection.close()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    @property
    def cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def log_in(self, name: str = "") -> Browser:
        assert self.post("/login", {"name": name}).status == 303
        return self

    def become_admin(self) -> Browser:
        assert self.post("/admin/login", {"link": self.server.link}).status == 303
        return self

    def steer(self, action: str, state: dict[str, Any], **more: object) -> Answer:
        """Press one of the admin's buttons, having seen a `state`."""
        form = {"round": state["round"]["id"], "version": state["version"], **more}
        return self.post(f"/admin/{action}", form, Accept="application/json")


class Closed(Exception):
    """The server closed the socket, with a close code or (None) without a word."""

    def __init__(self, code: int | None) -> None:
        super().__init__(code)
        self.code = code


def frame(opcode: int, payload: bytes, *, last: bool = True) -> bytes:
    """Encode a client's frame, masked (RFC 6455, section 5.2)."""
    size, head = len(payload), (0x80 if last else 0) | opcode
    if size < 126:
        start = struct.pack("!BB", head, 0x80 | size)
    elif size < 65_536:
        start = struct.pack("!BBH", head, 0x80 | 126, size)
    else:
        start = struct.pack("!BBQ", head, 0x80 | 127, size)
    mask = os.urandom(4)
    repeated = (mask * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
    return start + mask + masked.to_bytes(size, "big")


class Wire:
    """One TCP connection to the server, and the frames on it."""

    def __init__(self, server: Server, *, receive_buffer: int | None = None) -> None:
        self.socket = server.dial(seconds=WAIT_SECONDS, receive_buffer=receive_buffer)
        server.sockets.append(self.socket)
        self._server = server
        self._read = b""

    def upgrade(self, path: str, **headers: str | None) -> tuple[int, dict[str, str]]:
        """Ask for a WebSocket; return the answer's status and headers (lower case)."""
        self.send_upgrade(path, **headers)
        head = self._until(b"\r\n\r\n").decode().split("\r\n")
        answered = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        return int(head[0].split()[1]), answered

    def send_upgrade(self, path: str, **headers: str | None) -> None:
        """Ask for a WebSocket; headers given as None are left out."""
        sent: dict[str, str | None] = {
            "Host": self._server.address,
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Origin": self._server.url,
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
        }
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"GET {path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in sent.items() if value is not None]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())

    def send(self, opcode: int, payload: bytes, *, last: bool = True) -> None:
        self.socket.sendall(frame(opcode, payload, last=last))

    def receive(self) -> tuple[int, bytes]:
        """Return the next frame: its opcode and payload.

        Raises:
            Closed: it is the end.
        """
        first, second = self._take(2)
        assert not second & 0x80, "a server's frames are not masked"
        assert first & 0x70 == 0, "no extension was agreed on"
        size = second
        if size == 126:
            (size,) = struct.unpack("!H", self._take(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self._take(8))
        payload, opcode = self._take(size), first & 0x0F
        if opcode == CLOSE:
            raise Closed(struct.unpack("!H", payload[:2])[0] if payload else None)
        return opcode, payload

    def close(self) -> None:
        self.socket.close()

    def _until(self, end: bytes) -> bytes:
        while end not in self._read:
            self._more()
        found, _, self._read = self._read.partition(end)
        return found

    def _take(self, size: int) -> bytes:
        while len(self._read) < size:
            self._more()
        taken, self._read = self._read[:size], self._read[size:]
        return taken

    def _more(self) -> None:
        try:
            data = self.socket.recv(65_536)
        except ConnectionError:
            data = b""
        if not data:
            raise Closed(None)
        self._read += data


class Phone:
    """A client of `/live`: sends messages, and waits for those it wants."""

    def __init__(self, browser: Browser, view: str = "voter", **wire: Any) -> None:
        self.browser = browser
        self.wire = Wire(browser.server, **wire)
        status, _ = self.wire.upgrade(f"/live?view={view}", Cookie=browser.cookie)
        assert status == 101
        self.state: dict[str, Any] = {}
        self.online = 0
        self.versions: list[int] = []

    def tell(self, message: dict[str, Any]) -> None:
        self.wire.send(TEXT, json.dumps(message).encode())

    def vote(self, *choices: str, ballot: str | None = None, round: int | None = None) -> str:
        """Send a ballot; return its id."""
        ballot = ballot or secrets.token_hex(8)
        seen = self.state["round"]["id"] if round is None else round
        self.tell({"type": "vote", "ballot": ballot, "round": seen, "choices": choices})
        return ballot

    def next(self) -> dict[str, Any]:
        """Return the next message; answer pings on the way."""
        while True:
            opcode, payload = self.wire.receive()
            if opcode == PING:
                self.wire.send(PONG, payload)
            elif opcode == TEXT:
                break
        message: dict[str, Any] = json.loads(payload)
        if message["type"] == "state":
            self.state = message
        if message["type"] in ("state", "tally"):
            self.versions.append(message["version"])
            self.online = message["online"]
        return message

    def until(self, **wanted: Any) -> dict[str, Any]:
        """Return the next message that has these fields."""
        while True:
            message = self.next()
            if all(message.get(name) == value for name, value in wanted.items()):
                return message

    def close(self) -> None:
        self.wire.close()


def phone(server: Server, name: str = "", **wire: Any) -> Phone:
    """Log a new phone in and connect it; it has seen the state."""
    joined = Phone(Browser(server).log_in(name), **wire)
    joined.until(type="state")
    return joined
