"""The WebSocket handshake on flask-sock's route: checked by us, answered by simple-websocket.

Owns what stands in the places of simple-websocket's socket, thread and event meanwhile. Afterwards
the socket is a `Connection`'s.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from voting.pipe import Pipe

_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_PARAMETER = rf'{_NAME}(?:[ \t]*=[ \t]*(?:{_NAME}|"{_NAME}"))?'
_EXTENSION = rf"{_NAME}(?:[ \t]*;[ \t]*{_PARAMETER})*"
EXTENSIONS = re.compile(rf"[ \t,]*{_EXTENSION}(?:[ \t]*,[ \t,]*{_EXTENSION})*[ \t,]*")
"""What may be offered (RFC 6455, section 9.1); we take up none of it."""


class BadUpgrade(Exception):
    """The request is no WebSocket handshake (RFC 6455, section 4.2.1); the text says what is."""


def prepare(environ: dict[str, Any]) -> None:
    """Make a WSGI environ ready for flask-sock: a checked handshake, no extensions, our socket.

    Raises:
        BadUpgrade: the client must be answered 400.
    """
    key = environ.get("HTTP_SEC_WEBSOCKET_KEY", "")
    try:
        good_key = len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        good_key = False
    if environ["REQUEST_METHOD"] != "GET" or environ["SERVER_PROTOCOL"] != "HTTP/1.1":
        raise BadUpgrade("expected GET over HTTP/1.1")
    connection = environ.get("HTTP_CONNECTION", "").lower().split(",")
    if environ.get("HTTP_UPGRADE", "").lower() != "websocket" or "upgrade" not in map(
        str.strip, connection
    ):
        raise BadUpgrade("expected Upgrade: websocket and Connection: Upgrade")
    if environ.get("HTTP_SEC_WEBSOCKET_VERSION") != "13":
        raise BadUpgrade("expected Sec-WebSocket-Version: 13")
    if not good_key:
        raise BadUpgrade("expected Sec-WebSocket-Key: 16 bytes in base64")
    offered = environ.get("HTTP_SEC_WEBSOCKET_EXTENSIONS")
    if offered is not None and not EXTENSIONS.fullmatch(offered):
        raise BadUpgrade("expected Sec-WebSocket-Extensions: names, each with its parameters")
    # simple-websocket writes the handshake anew from these headers and accepts any extension that
    # is offered. With the rest gone there is no compression to pay for, and nothing to trip over.
    for header in [name for name in environ if name.startswith("HTTP_")]:
        del environ[header]
    environ.update(
        HTTP_HOST="host",
        HTTP_UPGRADE="websocket",
        HTTP_CONNECTION="Upgrade",
        HTTP_SEC_WEBSOCKET_KEY=key,
        HTTP_SEC_WEBSOCKET_VERSION="13",
    )
    shaking = Handshake(environ["voting.socket"], _read_ahead(environ))
    environ["wsgi.input"] = SimpleNamespace(raw=SimpleNamespace(_sock=shaking))


def _read_ahead(environ: dict[str, Any]) -> bytes:
    """Take what the HTTP parser has read past the handshake; an eager client sends frames in it."""
    sock = environ["voting.socket"]
    sock.settimeout(0.0)
    try:
        ahead: bytes = environ["wsgi.input"].peek()
    except OSError:
        ahead = b""  # it is gone already; the first read will find out
    finally:
        sock.settimeout(None)
    return ahead


class Handshake:
    """Stands where simple-websocket has its socket, while it answers the handshake."""

    def __init__(self, sock: Any, ahead: bytes) -> None:
        self.pipe = Pipe(sock)
        self.ahead = ahead

    def dup(self) -> Handshake:
        return self

    def send(self, data: bytes) -> int:
        self.pipe.event(data)
        return len(data)


class _NoThread:
    """Stands where simple-websocket starts a thread that reads: nobody needs it."""

    name = ""

    def __init__(self, target: Callable[[], None]) -> None:
        pass

    def start(self) -> None:
        """Start nothing."""


SERVER_OPTIONS = {"thread_class": _NoThread, "event_class": object}
