"""Ways in and ways out: the messages of the protocol over the WebSocket `/live`.

Owns the traffic between clients and the engine. Decides nothing about a ballot, and never waits
for the journal: an answer is sent when it comes.
"""

from __future__ import annotations

from functools import partial
from typing import Literal, cast, get_args

import msgspec
from flask import Blueprint, abort, request
from flask_sock import Sock
from simple_websocket import Server

from voting import identity, protocol, views
from voting.audience import Client, Encode, Kind
from voting.connection import Connection
from voting.doorway import Doorway
from voting.engine import Change, Engine
from voting.handshake import BadUpgrade, prepare
from voting.hub import Hub
from voting.protocol import View
from voting.records import Ballot
from voting.state import Outcome, Receipt, Refusal
from voting.turnout import Turnout

MAX_UNANSWERED = 32
"""Ballots that one connection may have under way. A phone has one; more is a flood."""

Page = Literal["voter", "screen", "admin"]
"""Who connects; what a voter's page is shown depends on whether it has voted (`View`)."""

PAGES: tuple[Page, ...] = get_args(Page)


def encoder(engine: Engine, turnout: Turnout, doorway: Doorway) -> Encode:
    """Return the function by which audiences are shown the engine's state."""

    def encode(kind: Kind, view: str) -> bytes:
        shown = cast(View, view)
        if kind == "tally":
            return protocol.encode(views.tally(engine.state, shown, turnout))
        return protocol.encode(snapshot(engine, shown, turnout, doorway))

    return encode


def snapshot(engine: Engine, view: View, turnout: Turnout, doorway: Doorway) -> protocol.Snapshot:
    """Return the engine's state as a view sees it now."""
    return views.snapshot(
        engine.state,
        view,
        turnout,
        now=engine.now(),
        recording=engine.recording,
        join=doorway.url,
    )


class Live:
    """Who is connected to what: pages to the hub, ballots to the engine, answers to phones."""

    def __init__(
        self,
        engine: Engine,
        hub: Hub,
        turnout: Turnout,
        doorway: Doorway,
        admin: identity.Admin,
    ) -> None:
        self._engine = engine
        self._hub = hub
        self._turnout = turnout
        self._doorway = doorway
        self._admin = admin
        engine.watch(self._changed, self.room)

    def blueprint(self) -> Blueprint:
        """Return the routes of this module."""
        blueprint = Blueprint("live", __name__)

        @blueprint.before_request
        def check_upgrade() -> None:
            if not identity.origin_is_ours(request):
                abort(403, "expected an Origin that equals the Host")
            if request.args.get("view") not in PAGES:
                abort(400, f"expected view to be one of {', '.join(PAGES)}")
            try:
                prepare(request.environ)
            except BadUpgrade as error:
                abort(400, str(error))

        Sock().route("/live", bp=blueprint)(self._serve)
        return blueprint

    def snapshot(self, view: View) -> dict[str, object]:
        """Return the `state` message that a view would get now, for a page to start with."""
        message = snapshot(self._engine, view, self._turnout, self._doorway)
        return cast(dict[str, object], msgspec.to_builtins(message))

    def room(self) -> int:
        """Return how many are present or have voted in the round on stage."""
        return self._turnout.room

    @property
    def is_rehearsing(self) -> bool:
        """Whether what is on stage does not count."""
        return self._engine.state.rehearsal is not None

    def view_of(self, voter: str) -> View:
        """Return what a voter's page is shown now."""
        return views.view_of(self._engine.state, voter)

    def you(self, voter: str, name: str) -> dict[str, object]:
        """Return the `you` message that a voter would get now, for a page to start with."""
        message = views.you(self._engine.state, voter, name)
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
            connection.listen(lambda payload: None)
            return
        try:
            connection.listen(partial(self._receive, client), partial(self._welcome, client))
        finally:
            self._hub.leave(client)

    def _client(self, connection: Connection, page: str) -> Client | None:
        """Return who connects, or None if the page needs a login that is not there."""
        if page == "voter":
            who = identity.logged_in()
            if who is None:
                return None
            return Client(connection, self.view_of(who[0]), voter=who[0], name=who[1])
        if page == "admin":
            session = self._admin.session()
            return Client(connection, page, session=session) if session else None
        return Client(connection, page)

    def _welcome(self, client: Client) -> None:
        self._look_again(client)
        self._show_own(client)
        self._hub.join(client)

    def _receive(self, client: Client, payload: bytes) -> None:
        try:
            message = protocol.decode(payload)
        except protocol.BadMessage as error:
            self._refuse(client, None, "bad_message", str(error))
            return
        if isinstance(message, protocol.Ping):
            client.connection.tell(protocol.encode(protocol.Pong(self._engine.now())))
        elif client.voter is None:
            self._refuse(client, message.ballot, "not_logged_in", "this view does not vote")
        elif client.unanswered >= MAX_UNANSWERED:
            # Not for good: copies of one ballot may be among those under way.
            self._refuse(client, message.ballot, "not_recorded", "wait for the answers")
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
            newest = current.newest(client.voter) if current else None
            is_newest = newest is not None and newest.code == outcome.code
            again = outcome.version <= seen
            if current is not None and is_newest and not again:
                for tab in self._hub.of_voter(client.voter):
                    self._look_again(tab)
                    # Taps add up, and some in the same batch may be of another tab.
                    if tab is not client or current.poll.rule == "taps":
                        self._show_own(tab)
            elif again and not is_newest:
                # This receipt is of an earlier ballot: it is not what counts now.
                self._show_own(client)

    def _look_again(self, client: Client) -> None:
        """Let a voter's page see what it may see now; where that is more, it needs the state."""
        if client.voter is None:
            return
        view = self.view_of(client.voter)
        if view != client.view:
            current = self._engine.state.on_stage
            differ = current is not None and current.results == "after_vote"
            self._hub.move(client, view, needs_state=differ)

    def _refuse(self, client: Client, ballot: str | None, code: str, message: str) -> None:
        client.connection.tell(protocol.encode(protocol.Refused(ballot, code, message)))

    def _show_own(self, client: Client) -> None:
        if client.voter is not None:
            own = views.you(self._engine.state, client.voter, client.name)
            client.connection.tell(protocol.encode(own))

    def _changed(self, change: Change) -> None:
        self._hub.mark(state=change != "numbers")
        if change == "round":
            for client in self._hub.voters():
                self._look_again(client)
                self._show_own(client)
