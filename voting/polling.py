"""The way to a page without a WebSocket: `GET /live`, again and again, which may wait for news.

Owns the route and its statuses. Which page asks is `askers`', what there is to tell is `news`'.

It is answered below Flask, as static files are: a thousand pages that wait are answered several
times a second, and what Flask does for a page would be half of that work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from time import monotonic
from typing import Any, NamedTuple, cast

from flask import Request

from voting import identity, logbook, protocol
from voting.askers import Askers, TurnedAway
from voting.client import Client
from voting.config import Config
from voting.engine import Engine
from voting.hub import Hub
from voting.live import Live
from voting.news import News
from voting.protocol import Pong, Refused, View
from voting.tokens import Seen, read
from voting.visitors import PAGES, NoRoom, NotLoggedIn, Page
from voting.waiting import Poller

PATH = "/live"

MAX_QUERY = 500

MAX_WAIT = 25.0
"""Seconds that a page may wait: less than what proxies allow an answer to take, often 30 or 60."""

RETRIED = (429, 503)
RETRY_SECONDS = 2
"""Who gets one of these statuses may come again after so long."""

HEADERS = [
    ("Content-Type", "application/json"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
]


class Question(NamedTuple):
    """What a page asks: what it has seen, how long it will wait, whether it wants a pong, from
    where on it wants to hear what was said, and how far it was told who is here, if it asks."""

    page: Page
    tab: str
    seen: Seen | None
    wait: float
    ping: bool
    heard: str | None
    people: str | None


class Answer(NamedTuple):
    """What it is told."""

    status: int
    body: bytes = b""


class Polling:
    """The way of those that ask.

    Args:
        askers: knows who they are.
        opens: returns what the session of a WSGI environ holds.
        trusts: says whether a Host is ours.
    """

    def __init__(
        self,
        engine: Engine,
        live: Live,
        askers: Askers,
        hub: Hub,
        news: News,
        config: Config,
        *,
        opens: Callable[[dict[str, Any]], Mapping[str, object]],
        trusts: Callable[[str], bool],
    ) -> None:
        self._engine = engine
        self._live = live
        self._askers = askers
        self._hub = hub
        self._news = news
        self._is_allowed = not {"longpoll", "poll"}.isdisjoint(config.live.transports)
        self._may_wait = "longpoll" in config.live.transports
        self._opens = opens
        self._trusts = trusts

    def serve(self, app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
        """Return a WSGI app that answers the pages which ask, and hands all else to `app`."""

        def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            asks = environ["PATH_INFO"] == PATH and environ["REQUEST_METHOD"] == "GET"
            if not asks or environ.get("HTTP_UPGRADE", "").lower() == "websocket":
                return app(environ, start_response)
            status, body = self._answer(environ)
            headers = [*HEADERS] if body else HEADERS[1:]
            if status in RETRIED:
                headers.append(("Retry-After", str(RETRY_SECONDS)))
            if status != 204:
                headers.append(("Content-Length", str(len(body))))
            start_response(f"{status} {HTTPStatus(status).phrase}", headers)
            return [body]

        return answer

    def _answer(self, environ: dict[str, Any]) -> Answer:
        host, origin = environ.get("HTTP_HOST", ""), environ.get("HTTP_ORIGIN")
        if not self._trusts(host):
            return _refused(400, "bad_message", "expected a Host that config.toml trusts")
        # No browser sends an Origin with a GET of its own page, and to another page's script the
        # answer is closed by the same rule that makes it say where it is from.
        if origin is not None and not identity.origin_is_ours(Request(environ)):
            logbook.note_rarely("foreign_origin", environ.get("REMOTE_ADDR", ""), origin=origin)
            return _refused(403, "bad_message", "expected an Origin that equals the Host")
        if self._hub.is_closing:
            return _GOING
        question = self._read(environ["QUERY_STRING"])
        if question is None:
            return _refused(400, "bad_message", f"expected view to be one of {', '.join(PAGES)}")
        if not self._is_allowed:
            return _refused(403, "bad_message", "expected a transport that config.toml allows")
        try:
            client = self._askers.who(
                question.seen.line if question.seen else "",
                question.page,
                question.tab,
                self._opens(environ),
                environ.get("REMOTE_ADDR", ""),
            )
        except NotLoggedIn:
            return _refused(401, "not_logged_in", "log in first")
        except TurnedAway:
            return _ENDED[protocol.ABUSE]
        except NoRoom:
            return _refused(429, "too_many", "more pages than one address may have open")
        try:
            return self._look(question, client, environ["voting.socket"])
        finally:
            if question.page == "screen":
                # Anybody may look, and nobody's being here hangs on it: a stranger who asks and
                # asks must not take the room of those who share the address.
                self._askers.forget(cast(Poller, client.connection))

    def _read(self, query: str) -> Question | None:
        # Nothing that a page of ours sends here is ever escaped.
        asked = dict(said.partition("=")[::2] for said in query[:MAX_QUERY].split("&"))
        page = asked.get("view")
        if page not in PAGES:
            return None
        try:
            wait = min(max(float(asked.get("wait", 0)), 0.0), MAX_WAIT)
        except ValueError:
            wait = 0.0
        seen = read(asked.get("after", ""))
        may_wait = self._may_wait and wait == wait  # NaN is not
        ping = asked.get("ping") == "1"
        waits = wait if may_wait and seen and not ping and "heard" not in asked else 0.0
        heard, people = asked.get("heard"), asked.get("people")
        return Question(page, asked.get("tab", ""), seen, waits, ping, heard, people)

    def _look(self, question: Question, client: Client, sock: Any) -> Answer:
        """Answer a page as soon as there is news for it, or its time is up."""
        poller = cast(Poller, client.connection)
        poller.heard()
        poller.transport = "longpoll" if question.wait else "poll"
        until = monotonic() + question.wait
        is_woken = False
        while True:
            messages, after = self._news.since(
                question.seen, client, self._view(client), question.heard, question.people
            )
            left = until - monotonic()
            if left <= 0 or (messages and is_woken):
                break
            if messages:  # it comes with the next tick, as to everybody, or this would be a storm
                self._hub.mark_asking()
            why = poller.wait(sock, left)
            if why == "gone":
                return Answer(204)
            if why == "ended":
                return _ENDED.get(poller.ended or 0, _GOING)
            is_woken = True
        if question.ping:
            messages = [*messages, protocol.encode(Pong(self._engine.now()))]
        if not messages and question.seen is not None:
            return Answer(204)
        token = after._replace(line=poller.name).token()
        return Answer(
            200, b'{"messages":[%b],"after":"%b"}' % (b",".join(messages), token.encode())
        )

    def _view(self, client: Client) -> View:
        return cast(View, client.view) if client.voter is None else self._live.view_of(client.voter)


def _refused(status: int, code: str, message: str) -> Answer:
    return Answer(status, protocol.encode(Refused(None, code, message)))


_GOING = _refused(503, "not_recorded", "the server stops; come back")

_ENDED = {
    protocol.NOT_LOGGED_IN: _refused(401, "not_logged_in", "log in first"),
    protocol.ABUSE: _refused(429, "too_many", "more pages than one voter may have open"),
}
"""What a page is told whose line was closed while it waited."""
