"""gevent's server, as a room needs it: ports, as many connections as there are files for, an end.

Owns the listening socket, and the accepted ones until an `Exchange` has them.
"""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, cast

import gevent
from gevent.pywsgi import WSGIServer

from voting import logbook
from voting.exchange import Exchange

NEXT_PORTS = 20
"""How many ports above the usual one are tried when nobody asked for one."""

BACKLOG = 4_096
"""Phones that may knock at the same moment; the kernel holds them until they are let in."""

FULL_SECONDS = 1.0
"""Between two looks whether the system has room for connections again."""

SAY_FULL_SECONDS = 60.0
"""At most so often the log hears that there is no room: at the limit it comes and goes."""


class CannotListen(Exception):
    """The server cannot listen there; the text is for the person who started it."""


def listen(host: str, port: int, *, asked: bool) -> socket.socket:
    """Return a listening TCP socket at a port, or, unless it was asked for, at the next free one.

    Raises:
        CannotListen: there is none.
    """
    last = port if asked else port + NEXT_PORTS
    for candidate in range(port, last + 1):
        try:
            return _listen(host, candidate)
        except (UnicodeError, TypeError) as error:
            raise CannotListen(f"{host!r} is no address; expected one, or 0.0.0.0") from error
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise CannotListen(_sentence(host, candidate, error)) from error
    if asked:
        raise CannotListen(
            f"port {port} is in use by another program; stop that one, or choose another with"
            " --port"
        )
    raise CannotListen(f"ports {port} to {last} are all in use; choose another with --port")


def _listen(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        if sys.platform != "win32":  # there the option would let two programs share the port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


def _sentence(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EACCES:
        return f"port {port} needs special rights; choose one above 1023 with --port"
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return f"{host} is no address of this computer; expected one, or 0.0.0.0 for all"
    return f"cannot listen on {host} port {port}: {error.strerror}"


class Server(WSGIServer):
    """Lets connections in while there are files for them; the others wait at the kernel's door.

    Args:
        sock: it listens.
        app: what answers.
        most: connections that may be open at once, if that is known: with the last file gone, the
            journal could not open its own.
        is_shared: whether other processes accept connections of the same socket.
    """

    def __init__(
        self, sock: socket.socket, app: Any, most: int | None, *, is_shared: bool = False
    ) -> None:
        # gevent then accepts one connection at a time, and leaves the next to the others.
        environ = {"wsgi.multiprocess": is_shared}
        super().__init__(
            sock, app, log=None, error_log=None, handler_class=Exchange, environ=environ
        )
        self._most = most
        self._open = 0
        self._answering = 0
        self._said_full_at = float("-inf")

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Count an answer that is under way."""
        self._answering += 1
        try:
            yield
        finally:
            self._answering -= 1

    def finish(self, seconds: float) -> None:
        """Wait until the answers under way have left."""
        with gevent.Timeout(seconds, cast(Any, False)):
            while self._answering:
                gevent.sleep(0.01)

    def full(self) -> bool:
        """Say whether nobody can be let in now; who leaves makes room."""
        is_full = bool(self._most) and self._open >= cast(int, self._most)
        if is_full:
            self._say_full()
        return is_full

    def do_read(self) -> Any:
        try:
            accepted = super().do_read()
        except ConnectionAbortedError:
            return None  # gone before it was let in
        except OSError:
            # No file or no memory for one more, in this process or in the whole system.
            self._say_full()
            self.stop_accepting()
            self._timer = self.loop.timer(FULL_SECONDS)
            self._timer.start(self._let_in)
            return None
        self._open += accepted is not None
        return accepted

    def do_close(self, *accepted: Any) -> None:
        super().do_close(*accepted)
        self._open -= 1
        self._let_in()

    def _let_in(self) -> None:
        if self.started:
            self.start_accepting()

    def _say_full(self) -> None:
        now = monotonic()
        if now - self._said_full_at > SAY_FULL_SECONDS:
            self._said_full_at = now
            logbook.note("full", connections=self._open)
