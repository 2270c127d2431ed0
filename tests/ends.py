"""A pipe over a real socket, and what a phone at the other end reads."""

from __future__ import annotations

import struct

import gevent
from gevent.socket import SHUT_WR, socketpair

from tests.wired import LARGE, PATIENCE
from voting.frames import text_frame
from voting.pipe import Pipe


class Ends:
    """A pipe over a real socket, and the phone at the other end."""

    def __init__(self) -> None:
        ours, self.phone = socketpair()
        self.phone.settimeout(PATIENCE)
        self.pipe = Pipe(ours)
        self.read = b""

    def close(self) -> None:
        self.pipe.end()
        self.pipe.socket.close()
        self.phone.close()

    def stall(self) -> bytes:
        """Write more than the kernel takes; return the payload, of which a part has left."""
        payload = b"large".ljust(LARGE, b".")
        self.pipe.event(text_frame(payload))
        assert self.pipe.behind_since is not None
        return payload

    def take(self, size: int) -> None:
        """Let the phone read a little of what lies ready, and the pipe go on."""
        self.phone.settimeout(0.0)
        try:
            self.read += self.phone.recv(size)
        except BlockingIOError:
            pass
        finally:
            self.phone.settimeout(PATIENCE)
        gevent.sleep(0)
        gevent.sleep(0)

    def rest(self) -> list[bytes]:
        """Let the phone read everything; return the payloads of all frames it ever got."""
        while self.pipe.behind_since is not None:
            self.read += self.phone.recv(65_536)
        self.pipe.socket.shutdown(SHUT_WR)
        while data := self.phone.recv(65_536):
            self.read += data
        return texts_in(self.read)


def texts_in(data: bytes) -> list[bytes]:
    """Cut a stream of unmasked frames into their payloads; it must be whole frames and no more."""
    found = []
    while data:
        assert data[0] == 0x81, f"expected the begin of a text frame, got {data[:20]!r}"
        size, at = data[1], 2
        if size == 126:
            (size,), at = struct.unpack_from("!H", data, 2), 4
        elif size == 127:
            (size,), at = struct.unpack_from("!Q", data, 2), 10
        assert len(data) >= at + size, "the last frame is cut"
        found.append(data[at : at + size])
        data = data[at + size :]
    return found
