"""gevent's server, as a room needs it: sockets, limits, and an end that loses nobody.

Owns the listening socket, the accepted ones until a handler has them, and the file limit.
"""

from __future__ import annotations

import errno
import socket
import sys
from typing import Any

import gevent
from gevent.pywsgi import WSGIHandler, WSGIServer

from voting.requests import Head

DEFAULT_PORT = 5000
"""Where it listens unless something else is asked for."""

NEXT_PORTS = 20
"""How many ports above the usual one are tried when nobody asked for one."""

BACKLOG = 4_096
"""Phones that may knock at the same moment; the kernel holds them until they are let in."""

RESERVED_FILES = 64
"""File descriptors that are not phones': the journal, logs, pages under way."""


REQUEST_SECONDS = 10.0
"""How long the head of a request may take to come, and a kept-alive connection may be silent."""


BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
LENGTH_REQUIRED = BAD_REQUEST.replace(b"400 Bad Request", b"411 Length Required")


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


def raise_file_limit() -> int | None:
    """Allow as many open files as the system lets us; return how many phones that is.

    A phone costs one file descriptor. None where the system has no such limit.
    """
    try:
        import resource
    except ImportError:  # Windows
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        hard = 65_536
    if soft < hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
        except (OSError, ValueError):
            pass  # then the soft limit is what there is, and what we say
    return max(0, soft - RESERVED_FILES)


class _Handler(WSGIHandler):
    """One HTTP connection; after an upgrade its socket belongs to `connection.py`."""

    MessageClass: Any = Head
    _held: bytearray | None = None

    def __init__(self, sock: Any, address: Any, server: WSGIServer) -> None:
        # Without it an answer on a kept-alive connection waits 40 ms for an acknowledgement.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(REQUEST_SECONDS)  # for bodies; a WebSocket takes it off again
        super().__init__(sock, address, server)

    def handle_one_request(self) -> Any:
        # The next request may be long in coming, or never whole: then the phone has left, or
        # means no good, and its file descriptor is needed.
        self._patience = gevent.Timeout.start_new(REQUEST_SECONDS)
        try:
            return super().handle_one_request()
        except gevent.Timeout as timeout:
            if timeout is not self._patience:
                raise
            return None
        finally:
            self._patience.close()

    def _handle_client_error(self, _error: Exception) -> tuple[str, bytes]:
        # A stranger's broken request is answered, not printed: a terminal that nobody reads
        # would in the end hold the server up.
        return ("400", BAD_REQUEST)

    def get_environ(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environ()
        environ["voting.socket"] = self.socket
        return environ

    def _write_with_headers(self, data: bytes) -> None:
        # Head and body in one packet: a small answer is one call of the kernel, and one wake of
        # the phone's radio, instead of two.
        self._held = held = bytearray()
        try:
            super()._write_with_headers(data)  # type: ignore[misc]
        finally:
            self._held = None
        self._sendall(held)

    def _sendall(self, data: bytes | bytearray) -> None:
        if self._held is None:
            super()._sendall(data)  # type: ignore[misc]
        else:
            self._held += data

    def handle_one_response(self) -> None:
        self._patience.close()
        gevent.sleep(0)  # a client that sends request after request must not have all the turns
        if "HTTP_TRANSFER_ENCODING" in (self.environ or {}):
            # No browser sends a body of unknown length, and we would read it to its end.
            self.close_connection = True
            self.socket.sendall(LENGTH_REQUIRED)
            return
        super().handle_one_response()
        if "HTTP_UPGRADE" in (self.environ or {}):
            # Whatever follows a WebSocket on this socket is not HTTP.
            self.close_connection = True


def create_server(sock: socket.socket, app: Any) -> WSGIServer:
    """Return a server for a listening socket; the app's errors go to standard error."""
    return WSGIServer(
        sock,
        app,
        log=None,
        error_log=None,
        environ={"wsgi.errors": sys.stderr},
        handler_class=_Handler,
    )
