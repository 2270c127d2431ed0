"""What a journal can hold: polls, ballots, codes, an admin's commands, and how they are written.

Owns the shapes and their bytes; those of messages are `speech.py`'s. Decides nothing: what a record
does to a room is `ballots.apply`.

A record is a time and a body. The time is given when the record is appended (milliseconds since
1970, UTC) and never decreases; the body is one JSON object with a `type`. The fold reads nothing
else, so whoever holds the same records holds the same state.

Records form a chain: a digest of the one before, the time and the body. The last record of each
append carries it as its seal, so that no byte can change unnoticed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from voting.speech import Spoken

FORMAT = 6
"""The journal's format that this program writes; the first record of a journal carries it.

1: one poll at a time, rule `single`, results `live`. 2: seals, rules, countdowns, several polls.
3: rehearsals. 4: one-time codes. 5: seals that are records, and journals that begin in the middle.
6: messages.
"""

SEALED_SINCE = 2
"""The first format whose records have seals."""

MAX_POLLS = 100
"""Polls in the list; each admin's page is sent all of them."""

MAX_CODES = 1_000
"""Codes in one record; more of them are several."""

MAX_REHEARSAL_SECONDS = 3_600
"""A rehearsal that somebody forgets is over before the hall fills."""

Rule = Literal["single", "approval", "taps"]
Results = Literal["live", "after_vote", "hidden"]


class Candidate(msgspec.Struct, frozen=True):
    """What can be chosen. The id (≤ 12 characters) is given once and kept through edits."""

    id: str
    name: str


class Poll(msgspec.Struct, frozen=True):
    """A question with its candidates, in ballot order, and its rules.

    `max_choices` is of the rule `approval` alone, `taps_per_second` (of one voter) of `taps`.
    `results` is how a round of it begins. `countdown`, in seconds, is proposed for each round.
    `max_ballots` bounds the ballot ids that one voter may use up in one round.
    """

    id: str
    question: str
    candidates: tuple[Candidate, ...]
    rule: Rule = "single"
    changes: bool = True
    max_choices: int = 1
    taps_per_second: int = 10
    results: Results = "live"
    countdown: int | None = None
    max_ballots: int = 1_000


class Begin(msgspec.Struct, frozen=True, tag="begin"):
    """The first record of every journal: its format, and the epoch that names its history.

    Again where a history goes on under another format, or under another epoch because it was cut.
    """

    format: int
    epoch: str


class Resume(msgspec.Struct, frozen=True, tag="resume"):
    """The first record of a journal whose earlier records nobody keeps: the state as of them.

    `version` is the state's and the record's own: it stands for the record of that version, too.
    """

    version: int
    state: bytes


class Seal(msgspec.Struct, frozen=True, tag="seal"):
    """Proves all records before it: `chain`, in hex, is the chain that they give.

    For journals that have no place for a seal beside a record.
    """

    chain: str


class Define(msgspec.Struct, frozen=True, tag="define"):
    """A poll of the configuration, new or edited. `source` is a digest of its text there."""

    poll: Poll
    source: str


class Arrange(msgspec.Struct, frozen=True, tag="arrange"):
    """The order of the polls; those not named come last."""

    polls: tuple[str, ...]


class Ballot(msgspec.Struct, frozen=True, tag="ballot", omit_defaults=True):
    """One voter's choice in one round, with the id that the voter's phone made for it.

    `counted`: it was in time, and has counted, in records that were lost.
    """

    voter: str
    ballot: str
    round: int
    choices: tuple[str, ...]
    counted: bool = False


class Steering(msgspec.Struct, frozen=True):
    """What every command of an admin says: the round and the version that the admin saw.

    Where a command ends a round, its `room` is how many were present or had voted, for turnout.
    """

    round: int
    version: int


class Open(Steering, frozen=True, tag="open"):
    """Open a new round of a poll, and close it after so many seconds, or by hand alone."""

    poll: str
    seconds: int | None = None


class Close(Steering, frozen=True, tag="close"):
    """End the round on stage; a reopen undoes it. The engine appends it too, at a countdown's end.

    Where the countdown was over already, that is when the round ended.
    """

    room: int = 0


class Reopen(Steering, frozen=True, tag="reopen"):
    """Take ballots again in the closed round on stage: same round, same ballots, no countdown."""


class Extend(Steering, frozen=True, tag="extend"):
    """Give the open round so many seconds more, or from now where there was no countdown.

    None takes the countdown away.
    """

    seconds: int | None


class Reset(Steering, frozen=True, tag="reset"):
    """Archive the round on stage with its result and open a new one at zero."""

    seconds: int | None = None
    room: int = 0


class Restore(Steering, frozen=True, tag="restore"):
    """Archive the round on stage with its ballots and bring `target` back, closed."""

    target: int
    room: int = 0


class Stage(Steering, frozen=True, tag="stage"):
    """Put a poll on stage, with its latest round if it has one; what was there goes."""

    poll: str
    room: int = 0


class Show(Steering, frozen=True, tag="show"):
    """Say who sees the counts of round `target`; "live" reveals a hidden result."""

    target: int
    results: Results


class Compare(Steering, frozen=True, tag="compare"):
    """Put round `target` of the same poll beside the one on stage; 0 takes it away."""

    target: int


class Edit(Steering, frozen=True, tag="edit", omit_defaults=True):
    """A poll written on the admin's page, new or edited.

    `seen` is the version at which the edited text was defined, 0 for a new poll. Where the round on
    stage holds ballots cast for the old text, `restart` decides: True begins a new round with the
    new one, False leaves it to the next round, None has not decided. `back`: the poll that was
    taken off the list last stands where it stood.
    """

    poll: Poll
    seen: int
    restart: bool | None = None
    room: int = 0
    back: bool = False


class Remove(Steering, frozen=True, tag="remove"):
    """Take a poll off the list; its rounds are kept.

    `unlisted`: because config.toml lists it no more. Listed there again, it comes back; a poll that
    an admin removed does so only with another text.
    """

    poll: str
    seen: int
    unlisted: bool = False


class Rehearse(Steering, frozen=True, tag="rehearse"):
    """Put a rehearsal of the poll on stage over what is there, for so many seconds at most.

    `close` ends it, and nothing is kept of it.
    """

    seconds: int


class Issue(msgspec.Struct, frozen=True, tag="issue"):
    """One-time codes, by their digests (`codes.digest`): each will let one voter in.

    `rehearsal` is the id of the rehearsal that they are for, and end with; 0 if they stay.
    """

    codes: tuple[str, ...]
    rehearsal: int = 0


class Claim(msgspec.Struct, frozen=True, tag="claim"):
    """A voter comes in by a code, which is named by its digest."""

    code: str
    voter: str


Ending = Close | Reset | Restore | Stage | Edit
"""Commands that may end a round, and say how many were in the room."""

Command = (
    Open
    | Close
    | Reopen
    | Extend
    | Reset
    | Restore
    | Stage
    | Show
    | Compare
    | Edit
    | Remove
    | Rehearse
)
Body = Begin | Resume | Seal | Define | Arrange | Ballot | Issue | Claim | Command | Spoken


class Record(NamedTuple):
    """One entry of a journal: `at` in milliseconds since 1970, UTC, and the encoded body.

    `seal` is the chain after this record, or empty.
    """

    at: int
    body: bytes
    seal: bytes = b""


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


def first_version(records: Sequence[Record]) -> int:
    """Return the version of a journal's first record: more than 1 where it stands for earlier ones.

    What cannot be read stands for none; the fold will say what is wrong with it.
    """
    try:
        first = decode(records[0].body) if records else None
    except (msgspec.DecodeError, UnicodeError):
        return 1
    return first.version if isinstance(first, Resume) else 1


def last_version(records: Sequence[Record]) -> int:
    """Return the version of the last of a journal's records, 0 if there is none."""
    return first_version(records) + len(records) - 1


def link(chain: bytes, record: Record) -> bytes:
    """Return the chain after a record: SHA-256(chain ‖ time, 8 bytes, big-endian ‖ body)."""
    return hashlib.sha256(chain + record.at.to_bytes(8, "big") + record.body).digest()


def sealed(chain: bytes, records: list[Record]) -> list[Record]:
    """Return records with the last one sealed; `chain` is the chain before the first."""
    for record in records:
        chain = link(chain, record)
    return [*records[:-1], records[-1]._replace(seal=chain)]


def same_text(one: Poll, other: Poll) -> bool:
    """Say whether two polls mean the same to a voter: all but how a round of them begins."""
    return one == msgspec.structs.replace(other, results=one.results, countdown=one.countdown)


def source_digest(poll: Poll) -> str:
    """Name a poll's text, so that an edit of config.toml is told from an edit by the admin.

    Defaults are left out of it: a setting that a later version adds is nobody's edit.
    """
    bare = msgspec.structs.asdict(Poll("", "", ()))
    said = {key: value for key, value in msgspec.structs.asdict(poll).items() if value != bare[key]}
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()[:16]
