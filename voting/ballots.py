"""The state of the room as the fold of its journal, and the rules of a ballot.

`apply(state, record)` is the only way a state changes. Pure: no socket, no clock, no database, no
randomness; a restart is a replay, and two servers that read the same records agree. What an admin's
command does is in `steering.py`, what a one-time code does in `admission.py`, what somebody says in
`talk.py`.
"""

from __future__ import annotations

import base64
import hashlib

import msgspec

from voting import admission, talk
from voting.conversation import Said
from voting.records import (
    FORMAT,
    Arrange,
    Ballot,
    Begin,
    Body,
    Claim,
    Define,
    Issue,
    Record,
    Resume,
    Seal,
    decode,
    link,
)
from voting.snapshot import unpack
from voting.speech import Attend, Clear, Hide, Mute, Say, Slow, Spotlight, Talk
from voting.state import Broken, Done, Newer, Outcome, Receipt, Refusal, Round, State
from voting.steering import define, steer


def receipt_code(chain: bytes, voter: str, ballot: str) -> str:
    """Make a receipt's code: eight base32 characters of SHA-256(chain ‖ voter ‖ ballot).

    `chain` is the chain before the ballot's record, so no phone can choose its code and every
    server gives the same.
    """
    digest = hashlib.sha256(chain + voter.encode() + ballot.encode()).digest()
    letters = base64.b32encode(digest[:5]).decode()
    return f"{letters[:4]}-{letters[4:]}"


Cast = Ballot | Say
"""What voters send: each has an id that its page made, so sending it again is harmless."""


def answer_of(state: State, cast: Cast) -> Receipt | Said | None:
    """Return the answer that a voter's id has got, whatever comes with it now."""
    return talk.said_of(state, cast) if isinstance(cast, Say) else receipt_of(state, cast)


def judge(state: State, cast: Cast, at: int) -> Receipt | Said | Refusal | None:
    """Answer what needs no record: taken before, or refused as things stand at a time.

    An id that was taken gets its own answer whatever has happened since. None means that the
    ballot, or message, is good and, once in the journal, will count.
    """
    return talk.judge(state, cast, at) if isinstance(cast, Say) else _judge(state, cast, at)


def receipt_of(state: State, ballot: Ballot) -> Receipt | None:
    """Return the receipt that a voter's ballot id has got, whatever choices come with it now."""
    return state.receipts.get(ballot.voter, {}).get(ballot.ballot)


def _judge(state: State, ballot: Ballot, at: int) -> Receipt | Refusal | None:
    receipt = receipt_of(state, ballot)
    if receipt is not None:
        return receipt
    current = state.on_stage
    if current is None or ballot.round != current.id:
        return Refusal("stale_round", f"round {ballot.round} is not on stage")
    in_time = current.closed_at is None and ballot.counted
    if not in_time and not current.is_open(at):
        return Refusal("round_closed", f"round {current.id} is closed")
    poll = current.poll
    refusal = _wrong_choices(current, ballot.choices)
    if refusal is not None:
        return refusal
    used = current.used.get(ballot.voter, 0)
    if used and poll.rule != "taps" and not poll.changes:
        return Refusal("already_voted", "this poll does not allow a change")
    if used >= poll.max_ballots:
        return Refusal("too_fast", f"{poll.max_ballots} ballots in this round are enough")
    return None


def _wrong_choices(current: Round, choices: tuple[str, ...]) -> Refusal | None:
    poll = current.poll
    most = poll.max_choices if poll.rule == "approval" else 1
    if not 1 <= len(choices) <= most:
        expected = "1 choice" if most == 1 else f"1 to {most} choices"
        return Refusal("wrong_choices", f"expected {expected}, got {len(choices)}")
    for choice in choices:
        if choice not in current.counts:
            return Refusal("unknown_candidate", f"no candidate {choice!r} in this poll")
    if len(set(choices)) < len(choices):
        return Refusal("wrong_choices", "expected each choice once")
    return None


def apply(state: State, record: Record) -> Outcome:
    """Fold one record into the state and say what it did.

    Every record counts one version and goes into the chain, a refused one too.

    Raises:
        Broken: the record cannot follow the ones before it; the state is then unusable.
    """
    return take(state, record, body_of(state, record))


def body_of(state: State, record: Record) -> Body:
    """Return the body of the record that follows.

    Raises:
        Broken: it cannot be read.
    """
    try:
        return decode(record.body)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise Broken(f"record {state.version + 1} cannot be read: {error}") from error


def take(state: State, record: Record, body: Body) -> Outcome:
    """Do what `apply` does with a record whose body has been read."""
    number = state.version + 1
    try:
        before, chain = state.chain, link(state.chain, record)
    except OverflowError as error:
        raise Broken(f"record {number} cannot be read: {error}") from error
    if number == 1 and isinstance(body, Resume):
        return _resume(state, body, record)
    if number == 1 and not isinstance(body, Begin):
        raise Broken(f"record 1 is a {type(body).__name__}; expected a Begin or a Resume")
    if record.at < state.at:
        raise Broken(f"record {number} is older than the one before it")
    if record.seal and record.seal != chain:
        raise Broken(f"the records {state.sealed + 1} to {number} are not what was sealed")
    state.at, state.version, state.chain = record.at, number, chain
    if record.seal:
        state.sealed = number
    match body:
        case Ballot():
            return _judge(state, body, record.at) or _count(state, body, before)
        case Begin():
            return _begin(state, body)
        case Seal():
            return _prove(state, body, before)
        case Resume():
            raise Broken(f"record {number} is a Resume; expected one nowhere but at the beginning")
        case Issue():
            return admission.add(state, body)
        case Claim():
            return admission.let_in(state, body)
        case Say() | Attend() | Hide() | Mute() | Slow() | Clear() | Spotlight() | Talk():
            return talk.take(state, body)
        case Define():
            define(state, body.poll)
            state.sources[body.poll.id] = body.source
            return Done()
        case Arrange():
            named = {id: state.polls[id] for id in body.polls if id in state.polls}
            state.polls = named | state.polls
            return Done()
        case _:
            return steer(state, body)


def _begin(state: State, begin: Begin) -> Done:
    if begin.format > FORMAT:
        raise Newer(f"it has format {begin.format}, and this program reads up to {FORMAT}")
    state.format, state.epoch = begin.format, begin.epoch
    return Done()


def _resume(state: State, resume: Resume, record: Record) -> Done:
    """Become the state that a journal begins with.

    The chain goes on from where it was then, so the records that follow are sealed, and give the
    codes, that they would have in the journal with all the earlier ones.
    """
    found = unpack(resume.state)
    if record.seal and record.seal != link(found.chain, record):
        raise Broken("the state that it begins with is not what was sealed")
    if (resume.version, record.at) != (found.version, found.at):
        raise Broken("the state that it begins with is of another version or time")
    vars(state).update(vars(found))
    if record.seal:
        state.sealed = state.version
    return Done()


def _prove(state: State, seal: Seal, chain_before: bytes) -> Done:
    if seal.chain != chain_before.hex():
        raise Broken(f"record {state.version} is not the seal of those before it")
    state.sealed = state.version
    return Done()


def _count(state: State, ballot: Ballot, chain_before: bytes) -> Receipt:
    code = receipt_code(chain_before, ballot.voter, ballot.ballot)
    receipt = Receipt(ballot.ballot, ballot.round, ballot.choices, state.version, code)
    state.count(ballot.voter, receipt)
    return receipt
