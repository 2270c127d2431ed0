"""A state as bytes and back: what stands for records that nobody keeps any more.

Owns that format. Never decides when a snapshot is made, or where it lies.

Equal states give equal bytes, whoever packs them, and a state that was unpacked goes on as the
packed one would have: dicts come back in their order, and counts are made anew from the receipts.
Only computers whose zlib differs compress the same parts to other bytes.

Packing takes long in a full room, so it is done in pieces, and the room goes on between them. What
they show is the state as it was when the packing began. All that is small is copied then; receipts
are read later, and those of a later version left out. So ballots, claims and commands in between
change nothing. One thing would: the end of a rehearsal takes its receipts away. A packing that
began before it is `Overtaken`.

The bytes: a line that names the format; then, compressed, parts in msgpack, each behind its length:
a head, the codes that stay, those of a rehearsal, and the votes in the order of `State.receipts`.
Where anybody has talked, then the talk (`snapshot_talk.py`).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import attrgetter

import msgspec

from voting import snapshot_talk
from voting.records import FORMAT, Poll, Results
from voting.snapshot_talk import TalkPart
from voting.state import Admission, Broken, Newer, Receipt, Rehearsal, Removed, Round, State

NAME = b"show-of-hands snapshot "
MARK = NAME + b"1\n"
"""What a snapshot begins with; the number is of the format described here."""

PIECE = 400
"""Receipts, codes or messages in one part: about a millisecond's work, and at most twice that."""

LEVEL = 1
"""Of compression: more effort finds no more in names that were made at random."""


class Overtaken(Exception):
    """A rehearsal has ended since the packing began, and with it what was to be packed."""


class _Round(msgspec.Struct, frozen=True, array_like=True):
    """A round without its votes; `text` is the place of its poll among the head's texts."""

    text: int
    id: int
    opened_at: int
    closed_at: int | None
    closes_at: int | None
    room: int
    results: Results


class _Head(msgspec.Struct, frozen=True, tag="head"):
    """Everything but codes and votes. What several rounds say of a poll is there once."""

    format: int
    epoch: str
    version: int
    chain: bytes
    sealed: int
    at: int
    defined: dict[str, int]
    sources: dict[str, str]
    begun: int
    rehearsed: int
    latest: dict[str, int]
    shown: str
    stage: int
    previous: int
    compared: int
    steered: int
    texts: tuple[Poll, ...]
    polls: tuple[int, ...]
    rounds: tuple[_Round, ...]
    rehearsal: tuple[_Round, int, int] | None
    removed: tuple[int, int, bool, int] | None


OF_ROUND = _Round.__struct_fields__[1:]
OF_STATE = _Head.__struct_fields__[: _Head.__struct_fields__.index("texts")]
"""What is packed under the name and in the shape that it has in a state."""


class _Codes(msgspec.Struct, frozen=True, tag="codes"):
    """One-time codes by their digests, and who has come by each; `tried`: for a rehearsal."""

    tried: bool
    voters: tuple[tuple[str, str], ...]


_Vote = tuple[str, int, tuple[str, ...], int, str]
"""A receipt: its ballot, round, choices, version and code."""


class _Votes(msgspec.Struct, frozen=True, tag="votes"):
    """The votes of some voters; one with very many is there more than once."""

    voters: list[tuple[str, list[_Vote]]]


_Part = _Head | _Codes | _Votes | TalkPart
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Part).decode
_vote_of = attrgetter("ballot", "round", "choices", "version", "code")


def pack(state: State) -> bytes:
    """Return a state as bytes, all at once."""
    return b"".join(packing(state))


def packing(state: State) -> Iterator[bytes]:
    """Return the bytes of a state as it is now, in pieces that are made as they are asked for.

    Records may be folded between two pieces.

    Raises:
        Overtaken: from the iterator; begin again.
    """
    tried = state.rehearsal.admission.codes if state.rehearsal else {}
    return _compressed(
        [_encode(_head_of(state))],
        _codes_of(state.admission.codes.copy(), tried=False),
        _codes_of(tried.copy(), tried=True),
        _votes_of(state, state.receipts, list(state.receipts), state.version, state.rehearsal),
        map(_encode, snapshot_talk.parts(state.talk, PIECE)),
    )


def _compressed(*several: Iterable[bytes]) -> Iterator[bytes]:
    compressor = zlib.compressobj(LEVEL)
    yield MARK
    for parts in several:
        for part in parts:
            yield compressor.compress(len(part).to_bytes(4, "big") + part)
    yield compressor.flush()


def _head_of(state: State) -> _Head:
    texts: dict[Poll, int] = {}

    def place(poll: Poll) -> int:
        return texts.setdefault(poll, len(texts))

    def bare(current: Round) -> _Round:
        return _Round(place(current.poll), *(getattr(current, name) for name in OF_ROUND))

    tried, removed = state.rehearsal, state.removed
    return _Head(
        **{name: getattr(state, name) for name in OF_STATE},
        polls=tuple(map(place, state.polls.values())),
        rounds=tuple(map(bare, state.rounds.values())),
        rehearsal=tried and (bare(tried.round), tried.stage, tried.compared),
        removed=removed and (place(removed.poll), *removed[1:]),
        texts=tuple(texts),  # once all of them have come
    )


def _codes_of(codes: dict[str, str], *, tried: bool) -> Iterator[bytes]:
    all_of_them = iter(codes.items())
    while some := tuple(islice(all_of_them, PIECE)):
        yield _encode(_Codes(tried, some))


def _votes_of(
    state: State,
    receipts: dict[str, dict[str, Receipt]],
    voters: Sequence[str],
    version: int,
    rehearsal: Rehearsal | None,
) -> Iterator[bytes]:
    def expect_rehearsal() -> None:
        if rehearsal is not None and state.rehearsal is not rehearsal:
            raise Overtaken

    some: list[tuple[str, list[_Vote]]] = []
    size = 0
    for voter in voters:
        expect_rehearsal()
        held = [_vote_of(kept) for kept in receipts[voter].values() if kept.version <= version]
        for first in range(0, len(held), PIECE):
            some.append((voter, held[first : first + PIECE]))
            size += len(some[-1][1])
            if size >= PIECE:
                yield _encode(_Votes(some))
                some, size = [], 0
    expect_rehearsal()
    if some:
        yield _encode(_Votes(some))


def unpack(packed: bytes) -> State:
    """Return the state that was packed.

    Raises:
        Newer: a newer program has packed it.
        Broken: these are not the bytes of a state.
    """
    mark, found, compressed = packed.partition(b"\n")
    if not packed.startswith(NAME) or not found:
        raise Broken("the snapshot does not begin like one")
    if mark + found != MARK:
        raise Newer(f"its snapshot is not of the form {MARK[len(NAME) : -1].decode()}")
    try:
        return _state_of(_parts(zlib.decompress(compressed)))
    except (zlib.error, msgspec.DecodeError, ValueError, LookupError) as error:
        raise Broken(f"the snapshot cannot be read: {error!r}") from error


def _parts(content: bytes) -> Iterator[_Part]:
    rest = memoryview(content)
    while rest:
        end = 4 + int.from_bytes(rest[:4], "big")
        yield _decode(rest[4:end])
        rest = rest[end:]


def _state_of(parts: Iterator[_Part]) -> State:
    head = next(parts, None)
    if not isinstance(head, _Head):
        raise Broken("the snapshot has no head")
    if head.format > FORMAT:  # known before a part is read that this program does not know
        raise Newer(f"its snapshot has format {head.format}, and this program reads up to {FORMAT}")
    state = _bare_state(head)
    votes: list[tuple[str, Receipt]] = []
    for part in parts:
        match part:
            case _Codes():
                _let_in(state, part)
            case _Votes():
                for voter, held in part.voters:
                    votes += [(voter, Receipt(*vote)) for vote in held]
            case _Head():
                raise Broken("the snapshot has two heads")
            case _:
                snapshot_talk.take(state.talk, part)
    votes.sort(key=lambda vote: vote[1].version)  # as they were counted
    known = {*state.rounds, *([state.stage] if state.rehearsal else [])}
    for voter, receipt in votes:
        if receipt.round not in known:
            raise Broken(f"the snapshot has a vote in round {receipt.round}, and no such round")
        state.count(voter, receipt)
    return state


def _bare_state(head: _Head) -> State:
    """Return the state without codes and votes."""

    def full(bare: _Round) -> Round:
        current = Round(bare.id, head.texts[bare.text], bare.opened_at)
        for name in OF_ROUND:
            setattr(current, name, getattr(bare, name))
        return current

    state = State()
    for name in OF_STATE:
        setattr(state, name, getattr(head, name))
    polls = [head.texts[place] for place in head.polls]
    state.polls = {poll.id: poll for poll in polls}
    state.rounds = {bare.id: full(bare) for bare in head.rounds}
    if head.rehearsal:
        tried, stage, compared = head.rehearsal
        state.rehearsal = Rehearsal(full(tried), stage, compared, Admission({}, set()))
    if head.removed:
        text, place, shown, at = head.removed
        state.removed = Removed(head.texts[text], place, shown, at)
    return state


def _let_in(state: State, part: _Codes) -> None:
    if part.tried and state.rehearsal is None:
        raise Broken("the snapshot has codes of a rehearsal, and no rehearsal")
    admission = state.rehearsal.admission if part.tried and state.rehearsal else state.admission
    admission.codes.update(part.voters)
    admission.voters.update(voter for _, voter in part.voters if voter)
