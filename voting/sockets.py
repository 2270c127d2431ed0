"""The WebSocket `/live`: the shortest way between a page and the room.

Owns the route, and who is refused before and after the upgrade. What the messages mean is `live`'s.
"""

from __future__ import annotations

from functools import partial
from typing import cast

from flask import Blueprint, abort, request, session
from flask_sock import Sock
from simple_websocket import Server

from voting import identity, logbook, protocol
from voting.config import Config
from voting.connection import Connection
from voting.handshake import BadUpgrade, prepare
from voting.live import Live
from voting.visitors import PAGES, NoRoom, NotLoggedIn, Page, Visitors
from voting.web import turn_stranger_away


def create_blueprint(live: Live, visitors: Visitors, config: Config) -> Blueprint:
    """Return the route."""
    blueprint = Blueprint("sockets", __name__)
    most = config.limits.messages_per_second
    too_fast = protocol.encode(
        protocol.Refused(None, "too_fast", f"expected at most {most} messages a second")
    )

    @blueprint.before_request
    def check_upgrade() -> None:
        if not identity.origin_is_ours(request, allow_absent=config.server.allow_no_origin):
            turn_stranger_away()
        if "websocket" not in config.live.transports:
            abort(403, "expected a transport that config.toml allows (live.transports)")
        if request.args.get("view") not in PAGES:
            abort(400, f"expected view to be one of {', '.join(PAGES)}")
        try:
            prepare(request.environ)
        except BadUpgrade as error:
            logbook.note_rarely("bad_upgrade", request.remote_addr or "", reason=str(error))
            abort(400, str(error))

    def serve(ws: Server) -> None:
        page, address = cast(Page, request.args["view"]), request.remote_addr or ""
        abused = partial(logbook.note_rarely, "too_fast", address)
        connection = Connection(ws, most=most, too_fast=too_fast, abused=abused)
        try:
            tab = request.args.get("tab", "")
            client = visitors.client(connection, page, tab, session, address)
        except NotLoggedIn:
            connection.close(protocol.NOT_LOGGED_IN, "log in first")
        except NoRoom:
            visitors.turn_away(connection, "more pages than one address may have open")
        else:
            try:
                connection.listen(partial(live.receive, client), partial(live.welcome, client))
            finally:
                live.leave(client)
            return
        connection.listen(lambda payload: None)

    Sock().route("/live", bp=blueprint)(serve)
    return blueprint
