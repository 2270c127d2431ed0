"""The room's talk as records leave it: what was said, who may speak, who may be spoken to.

Owns these shapes, and how much of what was said is kept in memory. Decides nothing.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from voting.speech import EVERYONE, MAX_ALL_DIRECT, MAX_DIRECT, MAX_KEYS, MAX_WALL, STAGE, TalkState


class Said(msgspec.Struct, frozen=True, tag="said", gc=False):
    """The answer that a message is said: `id` is its public name, `at` its record's time."""

    key: str
    id: str
    version: int
    at: int


class Message(msgspec.Struct, gc=False):
    """A message. `author` and `to` are persons; `changed` is when it was hidden or shown last."""

    id: str
    version: int
    at: int
    voter: str
    key: str
    author: str
    to: str
    text: str
    hidden: bool = False
    changed: int = 0


class Conversation:
    """The room's talk.

    `wall` holds the newest messages to everyone by their ids, the oldest first. `directs` holds
    those to one person alone that are in the box of either, and `boxes` maps a person to those from
    and to it. `spotlight` is the message on the screen, which may have left the wall. `said` maps a
    voter, "" for the stage, to keys and what they were answered.

    Versions: who was told of less than `forgotten` may lack what is not kept any more, or show what
    was hidden; `renewed` is of the command that last cleared the wall, or switched messages on,
    `begun` of the one that switched them on; `spoken` of the newest record that changed the wall,
    `whispered` of the newest direct message, `steered` of the newest that changed how the room may
    talk, or the spotlight, `attended` of the newest that says who is `unlisted` or has `gone`.

    `muted`, `unlisted` and `gone` hold persons, in the order of the records. `configured` is what
    config.toml said when it was looked at last: whether there are messages, and direct ones.
    """

    def __init__(self) -> None:
        self.state: TalkState = "off"
        self.direct = True
        self.configured: tuple[bool, bool] = (False, True)
        self.slow = 0
        self.wall: dict[str, Message] = {}
        self.forgotten = self.renewed = self.begun = 0
        self.boxes: dict[str, dict[str, Message]] = {}
        self.directs: dict[str, Message] = {}
        self.spotlight: Message | None = None
        self.said: dict[str, dict[str, Said]] = {}
        self.muted: dict[str, None] = {}
        self.unlisted: dict[str, None] = {}
        self.gone: dict[str, None] = {}
        self.spoken = self.whispered = self.steered = self.attended = 0

    def find(self, id: str) -> Message | None:
        """Return a message that is kept."""
        message = self.wall.get(id) or self.directs.get(id)
        lit = self.spotlight
        return message or (lit if lit and lit.id == id else None)

    def add(self, message: Message) -> None:
        """Keep a message that is not kept yet, and answer its key from now on.

        The oldest of its kind may have to go.
        """
        self.answer(message.voter, answer_to(message))
        if message.to == EVERYONE:
            self.wall[message.id] = message
            self.spoken = message.version
            self.shorten()
        else:
            self.whispered = message.version
            self.file(message)

    def shorten(self) -> None:
        """Keep the newest messages that can be read, and of the hidden among them as many.

        Were they counted together, pages would show what no admin could hide any more.
        """
        if len(self.wall) <= MAX_WALL:
            return
        readable = [each for each in self.wall.values() if not each.hidden]
        hidden = [each for each in self.wall.values() if each.hidden]
        first = readable[-MAX_WALL].version if len(readable) > MAX_WALL else 0
        before = [each for each in (*readable, *hidden) if each.version < first]
        for old in (*before, *hidden[:-MAX_WALL]):
            self.forgotten = max(self.forgotten, old.version, old.changed)
            self.wall.pop(old.id, None)

    def answer(self, voter: str, said: Said) -> None:
        """Answer a voter's key with this from now on."""
        # Another dict, not a changed one: a packing of this state may be holding it.
        answers = {**self.said.get(voter, {}), said.key: said}
        if len(answers) > MAX_KEYS:
            del answers[next(iter(answers))]
        self.said[voter] = answers

    def clear(self, version: int) -> None:
        """Forget the wall up to a version."""
        self.wall = {id: said for id, said in self.wall.items() if said.version > version}
        if self.spotlight and self.spotlight.version <= version:
            self.spotlight = None

    def file(self, message: Message, *, author: bool = True, receiver: bool = True) -> None:
        """Put a direct message into the boxes of its author and its receiver."""
        self.directs[message.id] = message
        for person, has in ((message.author, author), (message.to, receiver)):
            if has:
                box = self.boxes.setdefault(person, {})
                box[message.id] = message
                if len(box) > (MAX_WALL if person == STAGE else MAX_DIRECT):
                    self._drop(person, _excess(box))
        if len(self.directs) > MAX_ALL_DIRECT:
            oldest = next(iter(self.directs.values()))
            for person in (oldest.author, oldest.to):
                if oldest.id in self.boxes.get(person, {}):
                    self._drop(person, oldest)

    def _drop(self, person: str, message: Message) -> None:
        """Take a message out of a person's box; what no box holds is kept no more."""
        box = self.boxes[person]
        del box[message.id]
        if not box:
            del self.boxes[person]
        if not any(message.id in self.boxes.get(p, {}) for p in (message.author, message.to)):
            del self.directs[message.id]

    def last_at(self, voter: str) -> int | None:
        """Return when a voter said something last, None if never."""
        answers = self.said.get(voter)
        return answers[next(reversed(answers))].at if answers else None


def answer_to(message: Message) -> Said:
    """Return what a message's key is answered."""
    return Said(message.key, message.id, message.version, message.at)


def _excess(box: dict[str, Message]) -> Message:
    """Return the oldest message of whoever wrote most: nobody can push out what others wrote."""
    numbers = Counter(message.author for message in box.values())
    loudest, _ = numbers.most_common(1)[0]
    return next(message for message in box.values() if message.author == loudest)
