"""Ways in and ways out: the messages of the protocol over the WebSocket `/live`.

Owns the traffic between clients and the engine. Decides nothing about a ballot, and never waits
for the journal: an answer is sent when it comes.
"""

from __future__ import annotations

from collections.abc import Set
from functools import partial
from typing import cast, get_args

import msgspec
from flask import Blueprint, abort, request
from flask_sock import Sock
from simple_websocket import Server

from voting import identity, protocol
from voting.connection import BadUpgrade, Connection, prepare
from voting.engine import Change, Engine
from voting.hub import Client, Encode, Hub, Kind
from voting.protocol import View
from voting.records import Ballot
from voting.state import Outcome, Receipt, Refusal

MAX_UNANSWERED = 32
"""Ballots that one connection may have under way. A phone has one; more is a flood."""

VIEWS: tuple[View, ...] = get_args(View)


def snapshot(engine: Engine, view: View, present: Set[str]) -> protocol.Snapshot:
    """Return the engine's state as a view sees it now."""
    return protocol.snapshot(
        engine.state, view, now=engine.now(), present=present, recording=engine.recording
    )


def encoder(engine: Engine) -> Encode:
    """Return the function by which the hub shows the engine's state."""

    def encode(kind: Kind, view: str, present: Set[str]) -> bytes:
        if kind == "tally":
            return protocol.encode(protocol.tally(engine.state, present))
        return protocol.encode(snapshot(engine, cast(View, view), present))

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
        message = snapshot(self._engine, view, self._hub.present)
        return cast(dict[str, object], msgspec.to_builtins(message))

    def you(self, voter: str, name: str) -> dict[str, object]:
        """Return the `you` message that a voter would get now, for a page to start with."""
        message = protocol.you(self._engine.state, voter, name)
        return cast(dict[str, object], msgspec.to_builtins(message))

    def sign_out(self, voter: str) -> None:
        """End a voter's open sockets, because the session behind them has ended."""
        self._dismiss(self._hub.of_voter(voter))

    def sign_out_admin(self, session: str) -> None:
        """End the sockets of one admin's session."""
        self._dismiss(self._hub.of_session(session))

    def _dismiss(self, clients: list[Client]) -> None:
        for client in clients:
            client.connection.close(protocol.NOT_LOGGED_IN, "logged out")

    def _serve(self, ws: Server) -> None:
        connection = Connection(ws)
        client = self._client(connection, request.args["view"])
        if client is None:
            connection.close(protocol.NOT_LOGGED_IN, "log in first")
            connection.listen(lambda frame: None)
            return
        try:
            connection.listen(partial(self._receive, client), partial(self._welcome, client))
        finally:
            self._hub.leave(client)

    def _client(self, connection: Connection, view: str) -> Client | None:
        """Return who connects, or None if the view needs a login that is not there."""
        if view == "voter":
            who = identity.logged_in()
            return Client(connection, view, voter=who[0], name=who[1]) if who else None
        if view == "admin":
            session = self._admin.session()
            return Client(connection, view, session=session) if session else None
        return Client(connection, view)

    def _welcome(self, client: Client) -> None:
        self._show_own(client)
        self._hub.join(client)

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
            seen = self._engine.state.version
            self._engine.cast(
                Ballot(client.voter, message.ballot, message.round, message.choices),
                partial(self._answer, client, message.ballot, seen),
            )

    def _answer(self, client: Client, ballot: str, seen: int, outcome: Outcome) -> None:
        client.unanswered -= 1
        if isinstance(outcome, Refusal):
            self._refuse(client, ballot, outcome.code, outcome.message)
        elif isinstance(outcome, Receipt) and client.voter is not None:
            client.connection.tell(protocol.encode(outcome))
            current = self._engine.state.on_stage
            newest = current is not None and current.codes.get(client.voter) == outcome.code
            again = outcome.version <= seen
            if newest and not again:
                for tab in self._hub.of_voter(client.voter):
                    if tab is not client:
                        self._show_own(tab)
            elif again and not newest:
                # This receipt is of an earlier ballot: it is not what counts now.
                self._show_own(client)

    def _refuse(self, client: Client, ballot: str | None, code: str, message: str) -> None:
        client.connection.tell(protocol.encode(protocol.Refused(ballot, code, message)))

    def _show_own(self, client: Client) -> None:
        if client.voter is not None:
            own = protocol.you(self._engine.state, client.voter, client.name)
            client.connection.tell(protocol.encode(own))

    def _changed(self, change: Change) -> None:
        self._hub.mark(state=change != "numbers")
        if change == "round":
            for client in self._hub.voters():
                self._show_own(client)
