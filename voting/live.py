"""The messages of the protocol between clients and the engine, whatever way they travel.

Owns who is shown what and who is told what. Decides nothing about a ballot or a message, and never
waits for one to be recorded: an answer is sent when it comes.
"""

from __future__ import annotations

from functools import partial
from typing import Any, cast

import gevent
import msgspec

from voting import protocol, views
from voting.casters import Answered
from voting.client import Client
from voting.engine import Change, Engine
from voting.hub import Hub
from voting.protocol import View
from voting.records import Ballot
from voting.scene import Scene
from voting.state import Outcome, Receipt, Refusal
from voting.talking import Talking
from voting.visitors import Visitors

CATCH_UP_SECONDS = 1.0
"""How long a page may wait for what other servers have recorded; then it is shown what is known."""

MAX_UNANSWERED = 32
"""Ballots that one connection may have under way. A phone has one; more is a flood."""


class Live:
    """Who is connected to what: pages to the hub, ballots to the engine, answers to phones."""

    def __init__(
        self,
        engine: Engine,
        hub: Hub,
        scene: Scene,
        visitors: Visitors,
        talking: Talking,
    ) -> None:
        self._engine = engine
        self._hub = hub
        self._scene = scene
        self._visitors = visitors
        self._talking = talking
        engine.watch(self._changed, self.room, self._voted_elsewhere)

    def snapshot(self, view: View) -> dict[str, object]:
        """Return the `state` message that a view would get now, for a page to start with."""
        message = self._scene.snapshot(view)
        return cast(dict[str, object], msgspec.to_builtins(message))

    def room(self) -> int:
        """Return how many are present or have voted in the round on stage."""
        return self._scene.room

    @property
    def is_rehearsing(self) -> bool:
        """Whether what is on stage does not count."""
        return self._engine.state.rehearsal is not None

    def view_of(self, voter: str) -> View:
        """Return what a voter's page is shown now."""
        return views.view_of(self._engine.state, voter)

    def you(self, voter: str, name: str) -> dict[str, object]:
        """Return the `you` message that a voter would get now, for a page to start with."""
        message = self._scene.you(voter, name)
        return cast(dict[str, object], msgspec.to_builtins(message))

    def welcome(self, client: Client) -> None:
        """Take a client in, and tell it what it has missed; on the way there, wait a moment.

        Who was answered by another server just now must not be told less here.
        """
        if client.voter is not None:
            with gevent.Timeout(CATCH_UP_SECONDS, cast(Any, False)):
                self._engine.catch_up()
        self._visitors.make_room_for(client)
        self._look_again(client)
        self._show_own(client)
        self._hub.join(client)
        self._talking.welcome(client)

    def leave(self, client: Client) -> None:
        """Forget a client."""
        self._hub.leave(client)
        self._talking.leave(client)

    def log_in(self, voter: str) -> None:
        """Note that a voter has logged in."""
        self._talking.log_in(voter)

    def log_out(self, voter: str) -> None:
        """End the pages of a voter who has logged out, on all nodes."""
        self._visitors.sign_out(voter)
        self._talking.log_out(voter)

    def receive(self, client: Client, payload: bytes) -> None:
        """Deal with a message of a client; its answer is told to its line when it comes."""
        try:
            message = protocol.decode(payload)
        except protocol.BadMessage as error:
            self._refuse(client, None, "bad_message", str(error))
            return
        if isinstance(message, protocol.Ping):
            client.connection.tell(protocol.encode(protocol.Pong(self._engine.now())))
        elif not isinstance(message, protocol.Vote):
            self._talking.receive(client, message)
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

    def cast(self, voter: str, vote: protocol.Vote, answered: Answered) -> None:
        """Cast a ballot that came without a line to its page; `answered` gets what came of it."""
        seen = self._engine.state.version

        def answer(outcome: Outcome) -> None:
            answered(outcome)
            if isinstance(outcome, Receipt):
                self._tell_tabs(voter, outcome, seen, None)

        self._engine.cast(Ballot(voter, vote.ballot, vote.round, vote.choices), answer)

    def _answer(self, client: Client, ballot: str, seen: int, outcome: Outcome) -> None:
        client.unanswered -= 1
        if isinstance(outcome, Refusal):
            self._refuse(client, ballot, outcome.code, outcome.message)
        elif isinstance(outcome, Receipt) and client.voter is not None:
            client.connection.tell(protocol.encode(outcome))
            self._tell_tabs(client.voter, outcome, seen, client)

    def _tell_tabs(self, voter: str, receipt: Receipt, seen: int, client: Client | None) -> None:
        """Tell a voter's pages what counts now; `client` is the one that knows by its receipt.

        `seen` is the version that was folded when the ballot came.
        """
        current = self._engine.state.on_stage
        newest = current.newest(voter) if current else None
        is_newest = newest is not None and newest.code == receipt.code
        again = receipt.version <= seen
        if current is not None and is_newest and not again:
            for tab in self._hub.of_voter(voter):
                self._look_again(tab)
                # Taps add up, and some in the same batch may be of another tab.
                if tab is not client or current.poll.rule == "taps":
                    self._show_own(tab)
        elif again and not is_newest and client is not None:
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
            own = self._scene.you(client.voter, client.name)
            client.connection.tell(protocol.encode(own))

    def _changed(self, change: Change) -> None:
        if change == "talk":
            self._hub.mark_said()
            return
        self._hub.mark(state=change != "numbers")
        if change == "round":
            self._visitors.sign_out_turned_away()
            for client in self._hub.phones():
                self._look_again(client)
                self._show_own(client)

    def _voted_elsewhere(self, voters: list[str]) -> None:
        """Tell the pages that voters have here what counts since they voted at another server."""
        for voter in voters:
            for tab in self._hub.of_voter(voter):
                self._look_again(tab)
                self._show_own(tab)
