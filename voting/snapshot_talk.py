"""The room's talk in a snapshot: its parts, and a conversation made of them again.

Owns the shapes of these parts. How they become bytes is `snapshot.py`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from operator import attrgetter
from typing import Literal

import msgspec

from voting.conversation import Conversation, Message, Said
from voting.speech import MAX_KEYS, TalkState

PersonsOf = Literal["muted", "unlisted", "gone"]
OF_PERSONS: tuple[PersonsOf, ...] = ("muted", "unlisted", "gone")


class Standing(msgspec.Struct, frozen=True, tag="talk"):
    """How the talk stands, and the wall; `spotlight` may have left that."""

    state: TalkState
    direct: bool
    configured: tuple[bool, bool]
    slow: int
    forgotten: int
    renewed: int
    begun: int
    spoken: int
    whispered: int
    steered: int
    attended: int
    spotlight: Message | None
    wall: tuple[Message, ...]


OF_TALK = Standing.__struct_fields__[: Standing.__struct_fields__.index("spotlight")]
"""What is packed as a conversation has it."""


class Persons(msgspec.Struct, frozen=True, tag="persons"):
    """Some of those who are muted, stand in no list, or have gone."""

    are: PersonsOf
    persons: tuple[str, ...]


class Directs(msgspec.Struct, frozen=True, tag="directs"):
    """Direct messages, the oldest first, each with whether its author's and receiver's boxes hold
    it."""

    messages: list[tuple[Message, bool, bool]]


class Keys(msgspec.Struct, frozen=True, tag="keys"):
    """What the keys of some voters were answered."""

    voters: list[tuple[str, list[tuple[str, str, int, int]]]]


TalkPart = Standing | Persons | Directs | Keys
_said_of = attrgetter(*Said.__struct_fields__)


def parts(talk: Conversation, piece: int) -> Iterator[TalkPart]:
    """Return the parts of the talk as it is now, none if nobody ever talked.

    They are made as they are asked for, of about so many messages, keys or persons each.
    """
    if not (talk.spoken or talk.whispered or talk.steered or talk.attended):
        return iter(())
    copied = msgspec.structs.replace
    standing = Standing(
        **{name: getattr(talk, name) for name in OF_TALK},
        spotlight=talk.spotlight and copied(talk.spotlight),
        wall=tuple(copied(message) for message in talk.wall.values()),
    )
    persons = [(name, tuple(getattr(talk, name))) for name in OF_PERSONS]
    directs = [
        (said, said.id in talk.boxes.get(said.author, {}), said.id in talk.boxes.get(said.to, {}))
        for said in talk.directs.values()
    ]
    return _pieces(standing, persons, directs, talk.said.copy(), piece)


def _pieces(
    standing: Standing,
    persons: Sequence[tuple[PersonsOf, tuple[str, ...]]],
    directs: list[tuple[Message, bool, bool]],
    said: dict[str, dict[str, Said]],
    piece: int,
) -> Iterator[TalkPart]:
    yield standing
    for are, all_of_them in persons:
        for first in range(0, len(all_of_them), piece):
            yield Persons(are, all_of_them[first : first + piece])
    for first in range(0, len(directs), piece):
        yield Directs(directs[first : first + piece])
    voters = iter(said.items())
    while some := list(islice(voters, max(1, piece // MAX_KEYS))):
        yield Keys([(voter, [_said_of(s) for s in answers.values()]) for voter, answers in some])


def take(talk: Conversation, part: TalkPart) -> None:
    """Put what a part holds into a conversation; the parts come in their order."""
    match part:
        case Standing():
            for name in OF_TALK:
                setattr(talk, name, getattr(part, name))
            talk.wall = {message.id: message for message in part.wall}
            lit = part.spotlight
            talk.spotlight = talk.wall.get(lit.id, lit) if lit else None
        case Persons():
            getattr(talk, part.are).update(dict.fromkeys(part.persons))
        case Directs():
            for message, author, receiver in part.messages:
                talk.file(message, author=author, receiver=receiver)
        case Keys():
            for voter, answers in part.voters:
                for answer in answers:
                    talk.answer(voter, Said(*answer))
