"""What the journal holds of the room's talk, and what somebody may say.

Owns the shapes of these records, the limits of a text, and the public names of voters. Decides
nothing: what a record does is `talk.py`'s.

A voter is named here by the uuid that the records of ballots have. What leaves the server is
`person_of` it: names, like the ballots' uuids, are kept beside the journal, and can be erased.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from itertools import groupby
from typing import Literal

import msgspec

MAX_TEXT = 280
"""Characters in one message."""

MAX_WALL = 200
"""Messages to everyone that whoever joins late is told."""

MAX_DIRECT = 50
"""Messages from or to one person that are kept in memory; all of them stay in the journal."""

MAX_ALL_DIRECT = 5_000
"""The same of all persons together."""

MAX_KEYS = 10
"""Keys of one voter that are known again by themselves; for as long as a message is kept, so is its
key. A page sends the next message when the last is said."""

MAX_SLOW_SECONDS = 600

STAGE = "stage"
"""The person that the presenter and the admins are, together."""

EVERYONE = ""
"""To whom a message for the wall is."""

MAX_LINES = 8
"""Lines of one message: the wall and a phone have room for few."""

MAX_MARKS = 8
"""Combining marks on one letter: no script needs as many, and more grow over other lines."""

LETTERS = "23456789bcdfghjkmnpqrstvwxyz"
"""What public names are made of: without vowels they spell nothing on a projector."""

NAME_LENGTHS = {"person": 10, "message": 12}
"""Of public names, in letters: of a million voters two would share one with a probability of 1 in
590, of a million messages with 1 in 460,000."""

TalkState = Literal["off", "open", "closed"]
"""Whether there are messages: none; they can be read and written; they can be read."""


class Say(msgspec.Struct, frozen=True, tag="say", omit_defaults=True):
    """A message of a voter, or with `voter` "" of the stage.

    `key` is the id that its page made for it, `to` a person, or "" for everyone. `said`: it has
    been said, in records that were lost.
    """

    voter: str
    key: str
    text: str
    to: str = EVERYONE
    said: bool = False


class Talk(msgspec.Struct, frozen=True, tag="talk", omit_defaults=True):
    """Whether there are messages, and whether one voter may write to another.

    What is None stays as it is. `configured`: because config.toml says so, and did not when it was
    looked at last.
    """

    state: TalkState | None = None
    direct: bool | None = None
    configured: bool = False


class Slow(msgspec.Struct, frozen=True, tag="slow"):
    """One message of a voter in so many seconds; 0 for as many as come."""

    seconds: int


class Hide(msgspec.Struct, frozen=True, tag="hide"):
    """Take a message off every page, or show it again. It stays in the journal."""

    message: str
    hidden: bool


class Mute(msgspec.Struct, frozen=True, tag="mute"):
    """Take no more messages of a person, or take them again."""

    person: str
    muted: bool


class Clear(msgspec.Struct, frozen=True, tag="clear"):
    """Take the wall off every page, as far as the admin saw it: up to that version."""

    version: int


class Spotlight(msgspec.Struct, frozen=True, tag="spotlight"):
    """Put a message on the screen, large; "" takes it off."""

    message: str


class Attend(msgspec.Struct, frozen=True, tag="attend", omit_defaults=True):
    """Whether a person stands in the list of who is here, and has not logged out.

    What is None stays as it is.
    """

    person: str
    listed: bool | None = None
    here: bool | None = None


Moderation = Talk | Slow | Hide | Mute | Clear | Spotlight
"""What an admin does to the talk."""

Spoken = Say | Attend | Moderation


class BadText(Exception):
    """What somebody typed cannot be shown as a message."""


def person_of(voter: str) -> str:
    """Return the public name of a voter: characters of a digest, and the stage's for ""."""
    if not voter:
        return STAGE
    return _name("person", voter)


def message_id(voter: str, key: str) -> str:
    """Return the public name of a message: it stays the same whatever becomes of the journal."""
    return _name("message", voter, key)


def _name(kind: str, *parts: str) -> str:
    left = int.from_bytes(hashlib.sha256("\n".join((kind, *parts)).encode()).digest(), "big")
    letters = ""
    for _ in range(NAME_LENGTHS[kind]):
        left, place = divmod(left, len(LETTERS))
        letters += LETTERS[place]
    return letters


def clean_text(typed: str) -> str:
    """Return a text as it is kept: trimmed, with no more than one empty line in a row.

    What is in more lines than there is room for stands together in the last. What slides and tables
    break lines and columns with becomes plain line breaks and spaces.

    Raises:
        BadText: it is empty, too long, or has control or direction-changing characters.
    """
    if len(typed) > 4 * MAX_TEXT:
        raise BadText(f"expected at most {MAX_TEXT} characters")
    if _highest_pile(typed) > MAX_MARKS:  # before NFC, which takes the square of a pile's height
        raise BadText(f"expected at most {MAX_MARKS} marks on one letter")
    lines = unicodedata.normalize("NFC", typed.replace("\t", " ")).strip().splitlines()
    lines = re.sub("\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).split("\n")
    rest = " ".join(line for line in lines[MAX_LINES - 1 :] if line)
    text = "\n".join([*lines[: MAX_LINES - 1], rest]).rstrip()
    if len(text) > MAX_TEXT:
        raise BadText(f"expected at most {MAX_TEXT} characters")
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in text if c != "\n"):
        raise BadText("expected no control characters")
    if _TURNS.search(text):
        raise BadText("expected no characters that change the direction of others")
    # A phone may know newer signs than this computer, to which they are not assigned.
    if all(unicodedata.category(c) in _UNSEEN or c in _BLANK for c in text):
        raise BadText("expected something that can be seen")
    return text


def _highest_pile(text: str) -> int:
    """Return how many marks there are in a row at most."""
    piles = groupby(text, key=lambda c: unicodedata.category(c) in ("Mn", "Me"))
    return max((len(list(pile)) for is_marks, pile in piles if is_marks), default=0)


_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp", "Zs")
_BLANK = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters and signs, as Unicode has them, that look like nothing."""
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
