"""What a journal can hold: polls, ballots and the commands of an admin, and how they are written.

Owns the shapes and their bytes. Decides nothing: what a record does to a room is `ballots.apply`.

A record is a time and a body. The time is given when the record is appended (milliseconds since
1970, UTC) and never decreases; the body is one JSON object with a `type`. The fold reads nothing
else, so whoever holds the same records holds the same state.
"""

from __future__ import annotations

import hashlib
from typing import Literal, NamedTuple

import msgspec

FORMAT = 1
"""The journal's format that this program writes; the first record of a journal carries it."""


class Candidate(msgspec.Struct, frozen=True):
    """What can be chosen. The id (≤ 12 characters) is given once and kept through edits."""

    id: str
    name: str


class Poll(msgspec.Struct, frozen=True):
    """A question with its candidates, in ballot order, and its rule."""

    id: str
    question: str
    candidates: tuple[Candidate, ...]
    rule: Literal["single"] = "single"
    changes: bool = True


class Begin(msgspec.Struct, frozen=True, tag="begin"):
    """The first record of every journal: its format, and the epoch that names its history."""

    format: int
    epoch: str


class Define(msgspec.Struct, frozen=True, tag="define"):
    """A poll, new or edited. `source` is a digest of the configuration it was imported from."""

    poll: Poll
    source: str


class Ballot(msgspec.Struct, frozen=True, tag="ballot"):
    """One voter's choice in one round, with the id that the voter's phone made for it."""

    voter: str
    ballot: str
    round: int
    choices: tuple[str, ...]


class Open(msgspec.Struct, frozen=True, tag="open"):
    """Open a new round of a poll. `round` and `version` are what the admin saw, here and below."""

    round: int
    version: int
    poll: str


class Close(msgspec.Struct, frozen=True, tag="close"):
    """End the round on stage; a reopen undoes it."""

    round: int
    version: int


class Reopen(msgspec.Struct, frozen=True, tag="reopen"):
    """Take ballots again in the closed round on stage: same round, same ballots."""

    round: int
    version: int


class Reset(msgspec.Struct, frozen=True, tag="reset"):
    """Archive the round on stage with its result and open a new one at zero."""

    round: int
    version: int


class Restore(msgspec.Struct, frozen=True, tag="restore"):
    """Archive the round on stage with its ballots and bring `target` back, closed."""

    round: int
    version: int
    target: int


Command = Open | Close | Reopen | Reset | Restore
Body = Begin | Define | Ballot | Open | Close | Reopen | Reset | Restore


class Record(NamedTuple):
    """One entry of a journal: `at` in milliseconds since 1970, UTC, and the encoded body."""

    at: int
    body: bytes


_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Body] = msgspec.json.Decoder(Body)


def encode(body: Body) -> bytes:
    """Encode a body as it is written into a journal."""
    return _encoder.encode(body)


def decode(body: bytes) -> Body:
    """Decode what `encode` wrote.

    Raises:
        msgspec.DecodeError, UnicodeError: the bytes are no record of this format.
    """
    return _decoder.decode(body)


def source_digest(poll: Poll) -> str:
    """Name a poll's text, so that an edit of config.toml is told from an edit by the admin."""
    return hashlib.sha256(msgspec.json.encode(poll)).hexdigest()[:16]
