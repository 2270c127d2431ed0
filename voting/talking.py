"""What pages say to the room, and ask of what was said.

Owns how fast somebody may write, and whether a receiver is known: what is decided at the edge, and
is never a record. The rest is decided by the fold.
"""

from __future__ import annotations

from functools import partial

from voting import ballots, protocol, speech, talk, wall
from voting.casters import Answered
from voting.client import Client
from voting.config import Messages
from voting.engine import Engine
from voting.feed import RoomFeed
from voting.hub import Hub
from voting.pace import Pace
from voting.people import People
from voting.protocol import Attend, Follow, Hear, Say, Unsaid
from voting.scene import Scene
from voting.speech import EVERYONE, STAGE
from voting.state import Done, Outcome, Refusal

MAX_UNANSWERED = 8
"""Messages that one connection may have under way. A page has one; more is a flood."""

HEARINGS_PER_SECOND = 2
"""How often one page may ask what was said; it does once on each line."""

TOO_FAST = Refusal("too_fast", "more messages in a second than one voter, or all, may send")
UNKNOWN = Refusal("unknown_person", "nobody of that name has been here")
BUSY = Refusal("not_recorded", "wait for the answers")
OFF = Refusal("talk_closed", "there are no messages in this room")


class Talking:
    """The way of messages, in and out.

    Args:
        people: says who is known here.
        limits: how fast somebody may write.
    """

    def __init__(
        self,
        engine: Engine,
        hub: Hub,
        scene: Scene,
        feed: RoomFeed,
        people: People,
        limits: Messages,
    ) -> None:
        self._engine = engine
        self._hub = hub
        self._scene = scene
        self._feed = feed
        self._people = people
        self._limits = limits
        self._pace = Pace()
        self._hearings = Pace()

    def welcome(self, client: Client) -> None:
        """Tell a page what was said to its voter alone, perhaps while nobody was there."""
        if client.voter is not None and not client.is_guest:
            self._people.came(client)
        said = self._feed.direct(client.person, None) if client.person else None
        if said:
            client.connection.tell(said)

    def leave(self, client: Client) -> None:
        """Tell a page nothing any more, and others that its voter is gone, if it was the last."""
        self._people.unsubscribe(client)
        if client.voter is not None and not self._hub.is_here(client.voter):
            self._people.left(client)

    def receive(self, client: Client, message: Say | Hear | Attend | Follow) -> None:
        """Deal with a message of a client; its answer is told to its line when it comes."""
        key = message.key if isinstance(message, Say) else None
        is_stage = client.voter is None and bool(client.session)
        if isinstance(message, Hear):
            self._hear(client, message)
        elif isinstance(message, Follow):
            if not message.on:
                self._people.unsubscribe(client)
            elif client.voter is not None or is_stage:
                self._people.subscribe(client)
        elif client.voter is None and not (is_stage and isinstance(message, Say)):
            self._tell(client, Unsaid(key, "not_logged_in", "this view does not write"))
        elif client.unanswered >= MAX_UNANSWERED:
            self._answer(client, key, BUSY)
        else:
            client.unanswered += 1
            self.take(client.voter or "", message, partial(self._settle, client, key))

    def take(self, voter: str, message: Say | Attend, answered: Answered) -> None:
        """Take what a voter, or with "" the stage, says; `answered` gets what came of it."""
        if isinstance(message, Say):
            self._say(voter, message, answered)
        else:
            self._attend(voter, message, answered)

    def _say(self, voter: str, message: Say, answered: Answered) -> None:
        say = speech.Say(voter, message.key, message.text, message.to)
        casters, refusal = self._engine.casters, None
        if ballots.answer_of(self._engine.state, say) is None and not casters.has(say):
            try:
                say = speech.Say(voter, say.key, speech.clean_text(say.text), say.to)
            except speech.BadText as error:
                refusal = Refusal("bad_text", str(error))
            else:
                refusal = self._refusal(say)
        if refusal:
            casters.answer(say, answered, refusal)
        else:
            self._engine.cast(say, answered)

    def _refusal(self, say: speech.Say) -> Refusal | None:
        """Return why a text that is good cannot be said, as far as the fold does not know it."""
        if not self._is_known(say.to):
            return UNKNOWN
        if say.voter and not self._keeps_pace(say.voter):
            return TOO_FAST
        return None

    def _is_known(self, person: str) -> bool:
        return (
            person in (EVERYONE, STAGE)
            or self._people.knows(person)
            or talk.has_spoken(self._engine.state, person)
        )

    def _keeps_pace(self, voter: str) -> bool:
        return self._pace.allows(voter, self._limits.voter_per_second) and self._pace.allows(
            "", self._limits.room_per_second
        )

    def _attend(self, voter: str, wish: Attend, answered: Answered) -> None:
        state = self._engine.state
        if state.talk.state == "off":
            answered(OFF)
        elif not self._keeps_pace(voter):
            answered(TOO_FAST)
        else:
            self._engine.submit(
                speech.Attend(voter, wish.listed), partial(self._attended, voter, answered)
            )

    def log_in(self, voter: str) -> None:
        """Note that a voter is back who had logged out."""
        if speech.person_of(voter) in self._engine.state.talk.gone:
            self._note(voter, here=True)

    def log_out(self, voter: str) -> None:
        """Note that a voter has logged out: whoever writes to them is told so."""
        if self._engine.state.talk.state != "off":
            self._note(voter, here=False)

    def _note(self, voter: str, *, here: bool) -> None:
        listed = speech.person_of(voter) not in self._engine.state.talk.unlisted
        self._engine.submit(speech.Attend(voter, listed, here), lambda outcome: None)

    def _attended(self, voter: str, answered: Answered, outcome: Outcome) -> None:
        answered(outcome)
        if isinstance(outcome, Done):
            for tab in self._hub.of_voter(voter):
                tab.connection.tell(protocol.encode(self._scene.you(voter, tab.name)))

    def _hear(self, client: Client, wish: Hear) -> None:
        page = f"{id(client)} {client.came_at}"  # each line of a voter has a history to hear
        if self._hearings.allows(page, HEARINGS_PER_SECOND):
            place = wall.read_place(wish.after)
            client.connection.tell(self._feed.heard(client.view, place))
        else:
            self._answer(client, None, TOO_FAST)

    def _settle(self, client: Client, key: str | None, outcome: Outcome) -> None:
        client.unanswered -= 1
        self._answer(client, key, outcome)

    def _answer(self, client: Client, key: str | None, outcome: Outcome) -> None:
        if isinstance(outcome, Refusal):
            self._tell(client, Unsaid(key, outcome.code, outcome.message))
        elif not isinstance(outcome, Done):
            self._tell(client, outcome)

    def _tell(self, client: Client, message: protocol.Message) -> None:
        client.connection.tell(protocol.encode(message))
