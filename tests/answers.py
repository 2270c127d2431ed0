"""What a server may answer to garbage, read from the specification and not from its code.

Owns the judgement of bytes that came back: frames, messages, HTTP. Pure.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator
from typing import Any

from tests.phones import CLOSE, PING, PONG, TEXT

TYPES = ("you", "state", "tally", "receipt", "refused", "pong")
REFUSALS = (
    *("bad_message", "stale_round", "round_closed", "unknown_candidate", "wrong_choices"),
    *("already_voted", "too_fast", "not_recorded", "not_logged_in", "too_many"),
)
CLOSE_CODES = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 4401)
"""All but 1011, a mistake of the server, and those that a client has said first."""

STATUSES = (
    *(200, 204, 206, 301, 302, 303, 304, 308, 400, 401, 403, 404, 405, 408, 409, 411, 413, 414),
    *(415, 422, 429, 503),
)
"""All but 500, a mistake of the server; and 101, after which no HTTP follows."""

STATUSES_OF_BALLOTS = {
    "bad_message": 422,
    "unknown_candidate": 422,
    "wrong_choices": 422,
    "stale_round": 409,
    "round_closed": 409,
    "already_voted": 409,
    "too_fast": 429,
    "not_recorded": 503,
    "not_logged_in": 401,
}

DEEP = 200
"""Levels of JSON that every reader takes."""


class Unspecified(AssertionError):
    """The server answered what it may not."""


def frames_in(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield a server's frames: whole, unmasked, without extensions.

    Raises:
        Unspecified: it is something else.
    """
    at = 0
    while at < len(data):
        if len(data) - at < 2:
            raise Unspecified(f"half a frame: {data[at:]!r}")
        first, size = data[at], data[at + 1]
        start = at + 2
        if first & 0x70 or not first & 0x80 or size & 0x80:
            raise Unspecified(f"no frame of a server: {data[at : at + 80]!r}")
        if size > 125:
            wide = 2 if size == 126 else 8
            size, start = int.from_bytes(data[start : start + wide], "big"), start + wide
        at = start + size
        if at > len(data):
            raise Unspecified(f"half a frame: {data[start:][:80]!r}")
        yield first & 0x0F, data[start:at]


def check_frames(data: bytes, said: int | None = None) -> list[str]:
    """Judge all that came on a WebSocket; return names of the answers, of the close code too.

    `said` is a close code that the client has sent, which comes back.
    """
    found: list[str] = []
    for opcode, payload in frames_in(data):
        if found and found[-1].startswith("close"):
            raise Unspecified(f"a frame behind the close frame: {payload!r}")
        if opcode == TEXT:
            found.append(check_message(payload)["type"])
        elif opcode == CLOSE:
            (code,) = struct.unpack("!H", payload[:2])
            if code not in (*CLOSE_CODES, said) and not 3000 <= code < 5000:
                raise Unspecified(f"closed with {code}: {payload[2:]!r}")
            found.append(f"close {code}")
        elif opcode not in (PING, PONG):
            raise Unspecified(f"opcode {opcode}")
    return found


def check_message(payload: bytes) -> dict[str, Any]:
    """Judge one message of the server; return it."""
    message: dict[str, Any] = json.loads(payload.decode())
    if message.get("type") not in TYPES:
        raise Unspecified(f"a message of nobody: {payload!r}")
    if message["type"] == "refused" and message["code"] not in REFUSALS:
        raise Unspecified(f"a code of nobody: {payload!r}")
    return message


def is_message(sent: bytes) -> bool | None:
    """Say whether bytes are a client's message, by the specification; None where both may be.

    What depends on the reader of JSON is left to it: how deep is too deep, what becomes of half a
    surrogate, and of a type that comes twice.
    """
    if sent.count(b"[") + sent.count(b"{") > DEEP or re.search(rb"\\[uU][dD][89a-fA-F]", sent):
        return None
    twice = False

    def read(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal twice
        twice = twice or len({name for name, _ in pairs}) < len(pairs)
        return dict(pairs)

    def refuse(name: str) -> None:
        raise ValueError(name)

    try:
        message = json.loads(sent.decode(), object_pairs_hook=read, parse_constant=refuse)
    except ValueError:
        # Python gives up at 4,300 digits, others do not, where nobody reads the number.
        return None if re.search(rb"\d{4300}", sent) else False
    if twice:
        return None
    if not isinstance(message, dict):
        return False
    return message.get("type") == "ping" or (message.get("type") == "vote" and _is_vote(message))


def _is_vote(message: dict[str, Any]) -> bool:
    ballot, round, choices = (message.get(name) for name in ("ballot", "round", "choices"))
    return (
        isinstance(ballot, str)
        and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", ballot) is not None
        and type(round) is int
        and abs(round) < 2**53
        and isinstance(choices, list)
        and len(choices) <= 100
        and all(isinstance(choice, str) and len(choice) <= 64 for choice in choices)
    )


def check_requests(data: bytes, *, is_head: bool = False) -> list[str]:
    """Judge all that came on an HTTP connection: whole answers and nothing between them.

    `is_head` says that bodies may be missing: somebody asked for heads alone.
    """
    found: list[str] = []
    while data:
        head, end, data = data.partition(b"\r\n\r\n")
        line = re.match(rb"HTTP/1\.[01] (\d{3}) [^\r\n]*(\r\n|$)", head)
        if not end or line is None:
            raise Unspecified(f"no answer of HTTP: {head[:300]!r}")
        status = int(line[1])
        found.append(f"HTTP {status}")
        if status == 101:
            return [*found, *check_frames(data)]
        if status not in (*STATUSES, 100):
            raise Unspecified(f"HTTP {status}: {head[:300]!r}")
        if re.search(rb"(?i)\r\nX:|evil\.example", head):
            raise Unspecified(f"an answer with a stranger's words in its head: {head!r}")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        if is_head and (not data or data.startswith(b"HTTP/")):
            continue
        size = int(length[1]) if length and status not in (100, 204, 304) else 0
        if length is None and re.search(rb"(?i)\r\ntransfer-encoding: *chunked", head):
            return found
        if len(data) < size:
            raise Unspecified(f"half an answer: {head[:300]!r}")
        data = data[size:]
    return found
