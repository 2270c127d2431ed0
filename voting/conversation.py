"""The room's talk as records leave it: what was said, who may speak, who may be spoken to.

Owns these shapes, and how much of what was said is kept in memory. Decides nothing.
"""

from __future__ import annotations

from collections import deque

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

    `wall` holds the newest messages to everyone by their ids, the oldest first; `forgotten` is the
    newest version of those that had to go, or were hidden or shown at it. `renewed` is the version
    of the command that last cleared the wall, or switched messages on.
    `directs` are the newest to one person alone, `boxes` maps a person to those of them that are
    from or to it. `spotlight` is the message on the screen. `said` maps a voter, "" for the stage,
    to keys and what they were answered.

    `spoken` is the version of the newest record that changed the wall, `whispered` of the newest
    direct message; `steered` of the newest
    that changed how the room may talk, or the spotlight; `attended` of the newest that says who is
    `unlisted` or has `gone`. `muted`, `unlisted` and `gone` hold persons. `configured` is what
    config.toml said when it was looked at last: whether there are messages, and direct ones.
    """

    def __init__(self) -> None:
        self.state: TalkState = "off"
        self.direct = True
        self.configured: tuple[bool, bool] = (False, True)
        self.slow = 0
        self.wall: dict[str, Message] = {}
        self.forgotten = self.renewed = 0
        self.boxes: dict[str, deque[Message]] = {}
        self.directs: deque[Message] = deque()
        self.spotlight: Message | None = None
        self.said: dict[str, dict[str, Said]] = {}
        self.muted: dict[str, None] = {}
        self.unlisted: set[str] = set()
        self.gone: set[str] = set()
        self.spoken = self.whispered = self.steered = self.attended = 0

    def add(self, message: Message) -> None:
        """Keep a message, and answer its key from now on; the oldest of its kind may have to go."""
        self.answer(message.voter, Said(message.key, message.id, message.version, message.at))
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
        answers = self.said.setdefault(voter, {})
        answers[said.key] = said
        if len(answers) > MAX_KEYS:
            del answers[next(iter(answers))]

    def clear(self, version: int) -> None:
        """Forget the wall up to a version."""
        self.wall = {id: said for id, said in self.wall.items() if said.version > version}
        if self.spotlight and self.spotlight.version <= version:
            self.spotlight = None

    def file(self, message: Message) -> None:
        """Put a direct message into both boxes."""
        self.directs.append(message)
        for person in (message.author, message.to):
            box = self.boxes.setdefault(person, deque())
            box.append(message)
            if len(box) > (MAX_WALL if person == STAGE else MAX_DIRECT):
                box.popleft()
        if len(self.directs) > MAX_ALL_DIRECT:
            oldest = self.directs.popleft()
            for person in (oldest.author, oldest.to):
                box = self.boxes.get(person, deque())
                if box and box[0] is oldest:  # else the box has lost it before
                    box.popleft()
                if not box:
                    self.boxes.pop(person, None)

    def last_at(self, voter: str) -> int | None:
        """Return when a voter said something last, None if never."""
        answers = self.said.get(voter)
        return answers[next(reversed(answers))].at if answers else None
