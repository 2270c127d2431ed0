"""Ways in and ways out: the messages of the protocol over the WebSocket `/live`.

Owns the traffic between clients and the engine. Decides nothing about a ballot, and never waits
for the journal: an answer is sent when it comes.
"""

from __future__ import annotations

from functools import partial
from typing import cast, get_args

import msgspec
from flask import Blueprint, abort, request
from flask_sock import Sock
from simple_websocket import Server

from voting import identity, protocol
from voting.connection import BadUpgrade, Connection, prepare
from voting.engine import Engine
from voting.hub import Client, Encode, Hub, Kind
from voting.protocol import View
from voting.records import Ballot
from voting.state import Outcome, Receipt, Refusal

MAX_UNANSWERED = 32
"""Ballots that one connection may have under way. A phone has one; more is a flood."""

VIEWS: tuple[View, ...] = get_args(View)


def snapshot(engine: Engine, view: View, online: int) -> protocol.Snapshot:
    """Return the engine's state as a view sees it now."""
    return protocol.snapshot(
        engine.state, view, now=engine.now(), online=online, recording=engine.recording
    )


def encoder(engine: Engine) -> Encode:
    """Return the function by which the hub shows the engine's state."""

    def encode(kind: Kind, view: str, online: int) -> bytes:
        if kind == "tally":
            return protocol.encode(protocol.tally(engine.state, online))
        return protocol.encode(snapshot(engine, cast(View, view), online))

    return encode


class Live:
    """Who is connected to what: pages to the hub, ballots to the engine, answers to phones."""

    def __init__(self, engine: Engine, hub: Hub, admin: identity.Admin) -> None:
        self._engine = engine
        self._hub = hub
        self._admin = admin
        engine.watch(self._changed)

    def blueprint(self) -> Blueprint:
        """Return the routes of this module."""
        blueprint = Blueprint("live", __name__)

        @blueprint.before_request
        def check_upgrade() -> None:
            if not identity.origin_is_ours(request):
                abort(403, "expected an Origin that equals the Host")
            if request.args.get("view") not in VIEWS:
                abort(400, f"expected view to be one of {', '.join(VIEWS)}")
            try:
                prepare(request.environ)
            except BadUpgrade as error:
                abort(400, str(error))

        Sock().route("/live", bp=blueprint)(self._serve)
        return blueprint

    def snapshot(self, view: View) -> dict[str, object]:
        """Return the `state` message that a view would get now, for a page to start with."""
        message = snapshot(self._engine, view, self._hub.online)
        return cast(dict[str, object], msgspec.to_builtins(message))

    def you(self, voter: str, name: str) -> dict[str, object]:
        """Return the `you` message that a voter would get now, for a page to start with."""
        message = protocol.you(self._engine.state, voter, name)
        return cast(dict[str, object], msgspec.to_builtins(message))

    def sign_out(self, voter: str) -> None:
        """End a voter's open sockets, because the session behind them has ended."""
        for client in self._hub.of_voter(voter):
            client.connection.close(protocol.NOT_LOGGED_IN, "logged out")

    def _serve(self, ws: Server) -> None:
        connection = Connection(ws)
        view, who = request.args["view"], identity.logged_in()
        if (view == "voter" and who is None) or (view == "admin" and not self._admin.is_in()):
            connection.close(protocol.NOT_LOGGED_IN, "log in first")
            connection.listen(lambda frame: None)
            return
        client = (
            Client(connection, view, *who) if view == "voter" and who else Client(connection, view)
        )
        self._show_own(client)
        self._hub.join(client)
        try:
            connection.listen(partial(self._receive, client))
        finally:
            self._hub.leave(client)

    def _receive(self, client: Client, frame: str) -> None:
        try:
            message = protocol.decode(frame)
        except protocol.BadMessage as error:
            self._refuse(client, None, "bad_message", str(error))
            return
        if isinstance(message, protocol.Ping):
            client.connection.tell(protocol.encode(protocol.Pong(self._engine.now())))
        elif client.voter is None:
            self._refuse(client, message.ballot, "not_logged_in", "this view does not vote")
        elif client.unanswered >= MAX_UNANSWERED:
            self._refuse(client, message.ballot, "too_fast", "wait for the answers")
        else:
            client.unanswered += 1
            self._engine.cast(
                Ballot(client.voter, message.ballot, message.round, message.choices),
                partial(self._answer, client, message.ballot),
            )

    def _answer(self, client: Client, ballot: str, outcome: Outcome) -> None:
        client.unanswered -= 1
        if isinstance(outcome, Refusal):
            self._refuse(client, ballot, outcome.code, outcome.message)
        elif isinstance(outcome, Receipt) and client.voter is not None:
            client.connection.tell(protocol.encode(outcome))
            # The receipt says it all, unless it is that of an earlier ballot, sent again.
            current = self._engine.state.on_stage
            newest = current is not None and current.codes.get(client.voter) == outcome.code
            for tab in self._hub.of_voter(client.voter):
                if tab is not client or not newest:
                    self._show_own(tab)

    def _refuse(self, client: Client, ballot: str | None, code: str, message: str) -> None:
        client.connection.tell(protocol.encode(protocol.Refused(ballot, code, message)))

    def _show_own(self, client: Client) -> None:
        if client.voter is not None:
            own = protocol.you(self._engine.state, client.voter, client.name)
            client.connection.tell(protocol.encode(own))

    def _changed(self, steered: bool) -> None:
        self._hub.mark(state=steered)
        if steered:
            for client in self._hub.voters():
                self._show_own(client)
