"""HTTP as a phone's browser speaks it to a server of ours: one kept-alive connection, its cookies.

Owns requests, and the reading of well-formed answers. Never follows a redirect, never looks a name
up.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import urlencode

from gevent import socket

READ_BYTES = 65_536
MAX_HEAD_BYTES = 16_384
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
TOKEN = re.compile(rb'name="csrf_token" value="([^"]+)"')

FRESH_SECONDS = 5.0
"""How long a silent connection is used again: the server gives it up after ten."""


class TurnedAway(Exception):
    """The server answered something else than was asked for; the text says what.

    `status` is the HTTP status that it answered, None if it was no HTTP.
    """

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


class Site(NamedTuple):
    """Where a server listens: an address in digits, which costs no look-up, and a port."""

    host: str
    port: int

    @property
    def name(self) -> str:
        """What the Host header says."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def origin(self) -> str:
        """What the Origin header says."""
        return f"http://{self.name}"

    def dial(self, seconds: float) -> Any:
        """Return a connected TCP socket that waits for nothing longer than so many seconds.

        Raises:
            OSError: nobody answers there.
        """
        sock = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(seconds)
            sock.connect((self.host, self.port))
        except BaseException:
            sock.close()
            raise
        return sock


class Head(NamedTuple):
    """The head of an answer; names of headers are in lower case, cookies stand apart."""

    status: int
    headers: dict[str, str]
    cookies: dict[str, str]
    size: int


class Answer(NamedTuple):
    """An answer as it came; `size` is what it was on the wire, its head included."""

    status: int
    headers: dict[str, str]
    body: bytes
    size: int

    @property
    def content(self) -> bytes:
        """The body as a browser sees it."""
        zipped = self.headers.get("content-encoding") == "gzip"
        return zlib.decompress(self.body, wbits=31) if zipped else self.body

    @property
    def token(self) -> str:
        """What the page's form must send back with it.

        Raises:
            TurnedAway: the page holds no form.
        """
        found = TOKEN.search(self.content)
        if found is None:
            raise TurnedAway(f"the server answered {self.status}, and no form", self.status)
        return found[1].decode()


class Visit:
    """One browser's way to a site: a connection that is used again, and the cookies it was given.

    Each request may raise OSError where nobody answers in time, and TurnedAway where the answer
    is none.
    """

    def __init__(self, site: Site, seconds: float = 20.0) -> None:
        self.site = site
        self.cookies: dict[str, str] = {}
        self._seconds = seconds
        self._socket: Any = None
        self._used_at = 0.0

    @property
    def cookie(self) -> str:
        """What the Cookie header says."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask for a page or a file."""
        return self._ask("GET", path, b"", headers or {})

    def post(
        self, path: str, form: Mapping[str, object], headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a form as a page of the site would."""
        said = {"Content-Type": FORM, "Origin": self.site.origin, **(headers or {})}
        return self._ask("POST", path, urlencode(form, errors="surrogateescape").encode(), said)

    def tell(self, path: str, message: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a message as a script of the site would."""
        said = {"Content-Type": JSON, "Origin": self.site.origin, **(headers or {})}
        return self._ask("POST", path, message, said)

    def close(self) -> None:
        """Hang up; the cookies stay."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        sent = {"Host": self.site.name, "Accept-Encoding": "gzip", **headers}
        if self.cookies:
            sent["Cookie"] = self.cookie
        if method == "POST":
            sent["Content-Length"] = str(len(body))
        if monotonic() - self._used_at > FRESH_SECONDS:
            self.close()
        try:
            if self._socket is None:
                self._socket = self.site.dial(self._seconds)
            self._socket.sendall(request_head(method, path, sent) + body)
            head, read = read_head(self._socket)
            size = _body_size(head)
            while len(read) < size:
                more = self._socket.recv(READ_BYTES)
                if not more:
                    raise TurnedAway("the server ended the connection within an answer")
                read += more
        except BaseException:
            self.close()
            raise
        self.cookies.update(head.cookies)
        self._used_at = monotonic()
        if head.headers.get("connection", "").lower() == "close":
            self.close()
        return Answer(head.status, head.headers, read[:size], head.size + size)


def request_head(method: str, path: str, headers: Mapping[str, str]) -> bytes:
    """Encode the head of a request."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {said}" for name, said in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def read_head(sock: Any) -> tuple[Head, bytes]:
    """Read the head of an answer from a socket; return it, and what came behind it.

    Raises:
        TurnedAway: it is no HTTP, or there is none.
    """
    read = b""
    while b"\r\n\r\n" not in read:
        more = sock.recv(READ_BYTES)
        if not more or len(read) > MAX_HEAD_BYTES:
            raise TurnedAway("the server ended the connection without an answer")
        read += more
    head, _, behind = read.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    if not words[0].startswith("HTTP/") or len(words) < 2 or not words[1].isdigit():
        raise TurnedAway("the server does not speak HTTP")
    headers: dict[str, str] = {}
    cookies: dict[str, str] = {}
    for line in lines:
        name, _, said = line.partition(":")
        if name.lower() == "set-cookie":
            cookie, _, value = said.partition(";")[0].partition("=")
            cookies[cookie.strip()] = value
        else:
            headers[name.lower()] = said.strip()
    return Head(int(words[1]), headers, cookies, len(head) + 4), behind


def _body_size(head: Head) -> int:
    if head.status in (204, 304):
        return 0
    said = head.headers.get("content-length", "")
    if not said.isdigit():
        raise TurnedAway("the server does not say how long its answer is", head.status)
    return int(said)
