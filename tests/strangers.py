"""What strangers do to a server's port, and how the server took it.

Owns raw bytes over real sockets and the look at the process behind them. Never knows a rule.
"""

from __future__ import annotations

import os
import socket
from contextlib import closing, suppress
from pathlib import Path

from tests.phones import WAIT_SECONDS, Closed, Wire, phone
from tests.serving import ADA, Server

MEGABYTE = 1 << 20


def knock(server: Server, data: bytes) -> bytes:
    """Send bytes and no more; return what the server answers until it closes."""
    with closing(socket.create_connection(("127.0.0.1", server.port), WAIT_SECONDS)) as sock:
        with suppress(ConnectionError):  # it may have heard enough before the end
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
        answer = b""
        with suppress(ConnectionError):
            while more := sock.recv(65_536):
                answer += more
    return answer


def status(answer: bytes) -> int:
    """Return the status of the first answer in what a knock has brought, 0 if there is none."""
    if not answer:
        return 0
    assert answer.startswith(b"HTTP/1."), answer[:200]
    return int(answer.split(b" ", 2)[1])


def close_code(server: Server, frames: bytes) -> int | None:
    """Open the screen's socket, send bytes on it, and return the code that it is closed with."""
    wire = Wire(server)
    with closing(wire.socket):
        assert wire.upgrade("/live?view=screen")[0] == 101
        with suppress(ConnectionError):
            wire.socket.sendall(frames)
        try:
            while True:
                wire.receive()
        except Closed as closed:
            return closed.code
        finally:
            server.sockets.remove(wire.socket)


def resident(server: Server) -> int:
    """Return how many bytes of memory the server's process holds."""
    pages = int(Path(f"/proc/{server.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def is_well(server: Server) -> None:
    """See a new voter log in, vote and be counted, and nothing in what the server has said."""
    voter = phone(server)
    voter.vote(ADA)
    voter.until(type="receipt")
    voter.close()
    server.sockets.remove(voter.wire.socket)
    assert "Traceback" not in server.said
    assert "mistake" not in server.said
