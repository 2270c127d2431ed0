"""One HTTP connection: a request comes whole and in time, or not at all.

Owns a connection's deadlines and its bodies: the app is asked only when the whole request is here,
so who drips it holds up nobody. Never knows what is asked for. After an upgrade the socket belongs
to `connection.py`.
"""

from __future__ import annotations

import errno
import socket
from io import BytesIO
from typing import Any, cast

import gevent
from gevent.pywsgi import WSGIHandler, WSGIServer

from voting import logbook
from voting.requests import BadHead, Head, check_line
from voting.web import MAX_BODY_BYTES

REQUEST_SECONDS = 8.0
"""How long a request may take to come, head and body, and a kept-alive connection be silent."""

ANSWER_SECONDS = 60.0
"""How long an answer may take to leave; what the kernel holds of it does not count."""

MOST_UNREAD_BYTES = 1 << 20
"""Of a refused body, what is read all the same: else a reset would overtake the refusal."""

READ_BYTES = 16_384


def _refusal(status: str, sentence: str) -> bytes:
    body = sentence.encode()
    head = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: text/plain\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


BAD_REQUEST = _refusal("400 Bad Request", "This request is not HTTP as RFC 9112 has it.\n")
BAD_UPGRADE = _refusal("400 Bad Request", "A WebSocket begins with a GET without a body.\n")
LENGTH_REQUIRED = _refusal("411 Length Required", "Expected a body with a Content-Length.\n")
TOO_LARGE = _refusal("413 Content Too Large", f"Expected at most {MAX_BODY_BYTES} bytes.\n")


class Exchange(WSGIHandler):
    """Requests and answers on one connection, one after the other."""

    MessageClass: Any = Head
    server: Any
    _held: bytearray | None = None

    def __init__(self, sock: Any, address: Any, server: WSGIServer) -> None:
        # Without it an answer on a kept-alive connection waits 40 ms for an acknowledgement.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(ANSWER_SECONDS)  # a WebSocket takes it off again
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

    def read_request(self, raw_requestline: str) -> Any:
        check_line(raw_requestline)
        return super().read_request(raw_requestline)

    def _handle_client_error(self, error: Exception) -> tuple[str, bytes]:
        if isinstance(error, ValueError):
            # Nothing but our own words: a line that is no request may hold somebody's code.
            self._note("bad_request", str(error) if isinstance(error, BadHead) else "no request")
        elif not isinstance(error, OSError):  # which is a phone that left
            logbook.mistake()
        return ("400", BAD_REQUEST)

    def _note(self, event: str, reason: str) -> None:
        address = self.client_address[0] if self.client_address else ""
        logbook.note_rarely(event, str(address), reason=reason)

    def get_environ(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environ()
        environ["voting.socket"] = self.socket
        environ["voting.peer"] = environ["REMOTE_ADDR"]  # whatever a proxy may say of others
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
        if self._held is not None:
            self._held += data
            return
        try:
            super()._sendall(data)  # type: ignore[misc]
        except OSError as error:
            # Whoever takes no answer has left, and that is no mistake: gevent knows it by this.
            raise BrokenPipeError(errno.EPIPE, str(error)) from error

    def handle_one_response(self) -> None:
        try:
            refusal = self._take_body()
            if refusal is not None:
                self._refuse(refusal)
                return
        except OSError:  # it left in the middle of its request
            self.close_connection = True
            return
        self._patience.close()
        gevent.sleep(0)  # a client that sends request after request must not have all the turns
        if self._asks_for_a_websocket:
            super().handle_one_response()
            self.close_connection = True  # whatever follows on this socket is not HTTP
        else:
            with self.server.answering():
                super().handle_one_response()

    @property
    def _asks_for_a_websocket(self) -> bool:
        # Other upgrades, to HTTP/2 say, may be passed over: the request is answered as it is.
        asked: str = (self.environ or {}).get("HTTP_UPGRADE", "")
        return asked.lower() == "websocket"

    def _take_body(self) -> bytes | None:
        """Let the app find the whole body in memory; return how to refuse one that is none."""
        environ, length = self.environ or {}, self.content_length or 0
        if "HTTP_TRANSFER_ENCODING" in environ:
            # No browser sends a body of unknown length, and we would read it to its end.
            self._note("bad_request", "length")
            return LENGTH_REQUIRED
        if self._asks_for_a_websocket and (length or self.command != "GET"):
            self._note("bad_upgrade", "expected GET without a body")
            return BAD_UPGRADE
        if length > MAX_BODY_BYTES:
            self._note("bad_request", "size")
            return TOO_LARGE
        if length:
            environ["wsgi.input"] = BytesIO(cast(Any, self.wsgi_input).read())
        return None

    def _refuse(self, refusal: bytes) -> None:
        self.close_connection = True
        self.socket.sendall(refusal)
        self.socket.shutdown(socket.SHUT_WR)
        unread = MOST_UNREAD_BYTES
        while unread > 0 and (read := self.rfile.read1(READ_BYTES)):
            unread -= len(read)
