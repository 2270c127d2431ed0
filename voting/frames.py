"""WebSocket frames as bytes, a server's and a client's (RFC 6455, section 5). Pure.

Owns how a message is cut into frames and put together again. Never sees a socket, and agrees to no
extension.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = OPCODES = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

MALFORMED = 1002
NOT_UTF8 = 1007
TOO_LARGE = 1009

MAX_CONTROL_BYTES = 125
"""The most that a ping, a pong or a close frame may carry (section 5.5)."""


class BadFrames(Exception):
    """The other side sent what is no frame; `code` is for the close frame that answers it."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def frame(opcode: int, payload: bytes) -> bytes:
    """Encode one whole frame of a server: unmasked."""
    return _head(opcode, len(payload), 0) + payload


def text_frame(payload: bytes) -> bytes:
    """Encode one whole text frame of a server."""
    return frame(TEXT, payload)


def close_frame(code: int, reason: str) -> bytes:
    """Encode a server's close frame; a reason too long is cut."""
    said = reason.encode()[: MAX_CONTROL_BYTES - 2].decode(errors="ignore")
    return frame(CLOSE, struct.pack("!H", code) + said.encode())


def masked_frame(opcode: int, payload: bytes, key: bytes) -> bytes:
    """Encode one whole frame of a client, masked with a key of four bytes."""
    return _head(opcode, len(payload), 0x80) + key + _mask(payload, key)


def close_code(payload: bytes) -> int | None:
    """Return the code that a close frame carries, or None if it carries none.

    Raises:
        BadFrames: it is none that may be sent (section 7.4), or the reason is no UTF-8.
    """
    if not payload:
        return None
    code = int.from_bytes(payload[:2], "big")
    known = code in (1000, 1001, 1002, 1003, *range(1007, 1015))
    if len(payload) < 2 or not (known or 3000 <= code < 5000):
        raise BadFrames(MALFORMED, "expected a close code")
    _check_text(payload[2:])
    return code


class FrameReader:
    """Puts messages together from the bytes of one direction of one connection.

    Args:
        masked: whether the frames are a client's.
        most: the largest message, in bytes, its fragments together; and the most fragments, which
            may be empty.
    """

    __slots__ = ("_kind", "_masked", "_most", "_number", "_parts", "_rest")

    def __init__(self, *, masked: bool, most: int) -> None:
        self._masked = 0x80 if masked else 0
        self._most = most
        self._rest = b""
        self._kind = self._number = 0
        self._parts = b""

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Take bytes as they come; yield the opcode and payload of each message and control frame.

        The payload of a text is UTF-8. The iterator must be run to its end before more is fed.

        Raises:
            BadFrames: the connection is of no more use.
        """
        if self._rest:
            data = self._rest + data
        end = len(data)
        at = 0
        while end - at >= 2:
            first, second = data[at], data[at + 1]
            start, size = at + 2, second & 0x7F
            if second & 0x80 != self._masked or first & 0x70:
                raise BadFrames(MALFORMED, "expected frames without extensions, a client's masked")
            if size > MAX_CONTROL_BYTES:
                if first & 0x08:
                    raise BadFrames(MALFORMED, "expected a shorter control frame")
                start += 2 if size == 126 else 8
                if end < start:
                    break
                size = int.from_bytes(data[at + 2 : start], "big")
            if size + len(self._parts) > self._most and not first & 0x08:
                raise BadFrames(TOO_LARGE, f"expected at most {self._most} bytes")
            if self._masked:
                start += 4
            if end < start + size:
                break
            at = start + size
            payload = data[start:at]
            if self._masked:
                payload = _mask(payload, data[start - 4 : start])
            opcode, is_last = first & 0x0F, first >= 0x80
            if opcode not in OPCODES:
                raise BadFrames(MALFORMED, "expected an opcode that is in use")
            if opcode >= CLOSE:
                if not is_last:
                    raise BadFrames(MALFORMED, "expected control frames in one piece")
                yield opcode, payload
                continue
            if (opcode == CONTINUATION) != bool(self._kind):
                raise BadFrames(MALFORMED, "expected a message's fragments one after the other")
            if not is_last:
                self._kind, self._parts = self._kind or opcode, self._parts + payload
                self._number += 1
                if self._number > self._most:
                    raise BadFrames(TOO_LARGE, f"expected at most {self._most} fragments")
                continue
            if self._kind:
                opcode, payload = self._kind, self._parts + payload
                self._kind, self._number, self._parts = 0, 0, b""
            if opcode == TEXT:
                _check_text(payload)
            yield opcode, payload
        self._rest = data[at:]


def _check_text(payload: bytes) -> None:
    try:
        payload.decode()
    except UnicodeDecodeError:
        raise BadFrames(NOT_UTF8, "expected UTF-8") from None


def _head(opcode: int, size: int, masked: int) -> bytes:
    if size < 126:
        return bytes((0x80 | opcode, masked | size))
    if size < 65_536:
        return struct.pack("!BBH", 0x80 | opcode, masked | 126, size)
    return struct.pack("!BBQ", 0x80 | opcode, masked | 127, size)


def _mask(payload: bytes, key: bytes) -> bytes:
    """Mask or unmask (section 5.3). As whole numbers: a loop over bytes would cost ten times."""
    size = len(payload)
    repeated = (key * (size // 4 + 1))[:size]
    mixed = int.from_bytes(payload, "little") ^ int.from_bytes(repeated, "little")
    return mixed.to_bytes(size, "little")
