"""What pages say to the room, and ask of what was said.

Owns how fast somebody may write, and whether a receiver is known: what is decided at the edge, and
is never a record. The rest is decided by the fold.
"""

from __future__ import annotations

from functools import partial

import gevent
import msgspec

from voting import protocol, speech, talk, wall
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
from voting.speech import EVERYONE, STAGE, person_of
from voting.state import Done, Outcome, Refusal

MAX_UNANSWERED = 8
"""Messages that one connection may have under way. A page has one; more is a flood."""

NOTES_PER_SECOND = 5
"""How often it is noted that a voter left, or came back."""

LOOK_SECONDS = 2.5
"""Between two looks for voters who are here and are said to have left. A page takes two seconds to
close, at most: who is seen twice has come back."""

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
        state, casters = self._engine.state, self._engine.casters
        refusal = None
        if not casters.has(say) and talk.said_of(state, say) is None:
            try:
                say = msgspec.structs.replace(say, text=speech.clean_text(say.text))
            except speech.BadText as error:
                refusal = Refusal("bad_text", str(error))
            else:
                # What the fold refuses costs nobody anything.
                if talk.judge(state, say, self._engine.now()) is None:
                    refusal = self._refusal(say)
        if refusal:
            casters.answer(say, answered, refusal)
        else:
            self._engine.cast(say, answered)

    def _refusal(self, say: speech.Say) -> Refusal | None:
        """Return why something cannot be said, as far as the fold does not know it."""
        if not self._is_known(say.to):
            return UNKNOWN
        return None if not say.voter or self._keeps_pace(say.voter) else TOO_FAST

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
        elif wish.listed == (person_of(voter) not in state.talk.unlisted):
            self._attended(voter, answered, Done())
        else:
            self._engine.submit(
                speech.Attend(person_of(voter), listed=wish.listed),
                partial(self._attended, voter, answered),
            )

    def log_in(self, voter: str) -> None:
        """Note that a voter is back who had logged out."""
        if person_of(voter) in self._engine.state.talk.gone:
            self._note(voter, here=True)

    def log_out(self, voter: str) -> None:
        """Note that a voter has logged out: whoever writes to them is told so."""
        state = self._engine.state
        if state.talk.state != "off" and person_of(voter) not in state.talk.gone:
            self._note(voter, here=False)

    def watch(self) -> None:
        """Look now and then, for ever, whether somebody is here of whom it is said that they left.

        Who logs in again at once does so while the logout is under way, perhaps at another server.
        """
        before: set[str] = set()
        while True:
            gevent.sleep(LOOK_SECONDS)
            gone = self._engine.state.talk.gone
            here = {v for v in self._hub.voters() if person_of(v) in gone} if gone else set()
            for voter in here & before:
                self._note(voter, here=True)
            before = here - before

    def _note(self, voter: str, *, here: bool) -> None:
        if self._pace.allows(voter, NOTES_PER_SECOND):
            self._engine.submit(speech.Attend(person_of(voter), here=here), lambda outcome: None)

    def _attended(self, voter: str, answered: Answered, outcome: Outcome) -> None:
        answered(outcome)
        if isinstance(outcome, Done):
            for tab in self._hub.of_voter(voter):
                tab.connection.tell(protocol.encode(self._scene.you(voter, tab.name)))

    def _hear(self, client: Client, wish: Hear) -> None:
        page = f"{id(client)} {client.came_at}"  # each line of a voter has a history to hear
        if self._hearings.allows(page, HEARINGS_PER_SECOND):
            self._hub.hear(client, wall.read_place(wish.after))
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
