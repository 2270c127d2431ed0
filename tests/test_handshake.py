"""handshake.py: what is no handshake is refused, and no extension is agreed to."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import pytest
from gevent.socket import socketpair
from simple_websocket import Server

from tests.phones import Wire, phone
from tests.serving import Server as Process
from tests.wired import KEY
from voting.handshake import SERVER_OPTIONS, BadUpgrade, prepare


@contextmanager
def upgrade(**changed: str | None) -> Iterator[dict[str, Any]]:
    """Make the environ of a handshake as gevent's server does, with some of it changed."""
    ours, phone = socketpair()
    reader = ours.makefile("rb")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "gevent/26 Python/3.11",
        "HTTP_HOST": "vote.local",
        "HTTP_UPGRADE": "websocket",
        "HTTP_CONNECTION": "keep-alive, Upgrade",
        "HTTP_SEC_WEBSOCKET_VERSION": "13",
        "HTTP_SEC_WEBSOCKET_KEY": KEY,
        "HTTP_SEC_WEBSOCKET_EXTENSIONS": "permessage-deflate; client_max_window_bits",
        "HTTP_COOKIE": "show_of_hands=secret",
        "voting.socket": ours,
        "wsgi.input": reader,
        "test.phone": phone,
    } | changed
    environ = {name: value for name, value in environ.items() if value is not None}
    try:
        yield environ
    finally:
        reader.close()
        ours.close()
        phone.close()


@pytest.mark.parametrize(
    "changed, expected",
    [
        ({"REQUEST_METHOD": "POST"}, "GET"),
        ({"SERVER_PROTOCOL": "HTTP/1.0"}, "HTTP/1.1"),
        ({"HTTP_UPGRADE": "h2c"}, "Upgrade: websocket"),
        ({"HTTP_CONNECTION": "keep-alive"}, "Connection: Upgrade"),
        ({"HTTP_SEC_WEBSOCKET_VERSION": None}, "Version: 13"),
        ({"HTTP_SEC_WEBSOCKET_VERSION": "8"}, "Version: 13"),
        ({"HTTP_SEC_WEBSOCKET_VERSION": "13, 8"}, "Version: 13"),
        ({"HTTP_SEC_WEBSOCKET_KEY": None}, "Key: 16 bytes"),
        ({"HTTP_SEC_WEBSOCKET_KEY": ""}, "Key: 16 bytes"),
        ({"HTTP_SEC_WEBSOCKET_KEY": "not base64!"}, "Key: 16 bytes"),
        ({"HTTP_SEC_WEBSOCKET_KEY": "schlüssel"}, "Key: 16 bytes"),
        ({"HTTP_SEC_WEBSOCKET_KEY": base64.b64encode(bytes(15)).decode()}, "Key: 16 bytes"),
        ({"HTTP_SEC_WEBSOCKET_KEY": base64.b64encode(bytes(17)).decode()}, "Key: 16 bytes"),
        ({"HTTP_SEC_WEBSOCKET_EXTENSIONS": ""}, "Extensions: names"),
        ({"HTTP_SEC_WEBSOCKET_EXTENSIONS": "deflate; =9"}, "Extensions: names"),
        ({"HTTP_SEC_WEBSOCKET_EXTENSIONS": 'deflate; bits="9'}, "Extensions: names"),
        ({"HTTP_SEC_WEBSOCKET_EXTENSIONS": "a;" * 20_000}, "Extensions: names"),
    ],
)
def test_a_malformed_upgrade_is_refused(changed: dict[str, str | None], expected: str) -> None:
    """What is no handshake gets a sentence for its 400, before any other part can trip over it."""
    with upgrade(**changed) as environ:
        with pytest.raises(BadUpgrade, match=expected):
            prepare(environ)
        assert "HTTP_HOST" in environ


@pytest.mark.parametrize(
    "offered",
    [
        "permessage-deflate",
        "permessage-deflate; server_max_window_bits=99",
        'a ; b = "c";d=e,\tf, ,g',
    ],
)
def test_a_handshake_agrees_to_no_extension(offered: str) -> None:
    """Whatever is offered, well formed or not, the answer accepts the socket uncompressed."""
    with upgrade(HTTP_SEC_WEBSOCKET_EXTENSIONS=offered) as environ:
        prepare(environ)
        Server(environ, **SERVER_OPTIONS)
        answer = environ["test.phone"].recv(4_096).lower()
    assert answer.startswith(b"http/1.1 101 ")
    assert b"s3pplmbitxaq9kygzzhzrbk+xoo=" in answer  # the RFC's answer to its example
    assert b"extensions" not in answer


MALFORMED: list[dict[str, str | None]] = [
    {"Sec_WebSocket_Version": "8"},
    {"Sec_WebSocket_Key": "short"},
    {"Sec_WebSocket_Key": None},
    {"Sec_WebSocket_Extensions": "deflate; =9"},
    {"Content_Length": "5"},
]


def test_a_storm_of_malformed_upgrades_is_a_line_a_second(standing_server: Process) -> None:
    """Each is answered 400, none leaves a traceback, and a phone comes in as before."""
    began = monotonic()
    for malformed in MALFORMED * 20:
        wire = Wire(standing_server)
        status, _ = wire.upgrade("/live?view=screen", **malformed)
        assert status == 400
        wire.close()
    assert phone(standing_server).state["round"]["state"] == "open"
    told = standing_server.wait_for(" bad_upgrade ")
    assert told.count(" bad_upgrade ") <= 1 + (monotonic() - began)
    assert told.count(" more=") <= monotonic() - began
    assert "mistake" not in told
