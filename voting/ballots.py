"""The state of the room as the fold of its journal, and the rules of a ballot.

`apply(state, record)` is the only way a state changes. Pure: no socket, no clock, no database, no
randomness; a restart is a replay, and two servers that read the same records agree.
"""

from __future__ import annotations

import base64
import hashlib

import msgspec

from voting.records import (
    FORMAT,
    Ballot,
    Begin,
    Close,
    Command,
    Define,
    Open,
    Poll,
    Record,
    Reopen,
    Reset,
    Restore,
    decode,
)
from voting.state import Done, Outcome, Receipt, Refusal, Round, State

MAX_BALLOTS_PER_VOTER = 1_000
"""Ballot ids that one voter may use up in one round; past it new ones are refused."""


class Broken(Exception):
    """These records are no history that this program could have written."""


class Newer(Broken):
    """A newer program has written these records."""


def receipt_code(chain: bytes, voter: str, ballot: str) -> str:
    """Make a receipt's code: eight base32 characters of SHA-256(chain ‖ voter ‖ ballot).

    `chain` is the chain before the ballot's record, so no phone can choose its code and every
    server gives the same.
    """
    digest = hashlib.sha256(chain + voter.encode() + ballot.encode()).digest()
    letters = base64.b32encode(digest[:5]).decode()
    return f"{letters[:4]}-{letters[4:]}"


def judge(state: State, ballot: Ballot) -> Receipt | Refusal | None:
    """Answer a ballot that needs no record: counted before, or refused as things stand.

    A ballot id that was counted gets its own receipt whatever has happened since. None means
    that the ballot is good and, once in the journal, will count.
    """
    before = state.receipts.get(ballot.voter)
    if before is not None and (receipt := before.get(ballot.ballot)) is not None:
        return receipt
    current = state.on_stage
    if current is None or ballot.round != current.id:
        return Refusal("stale_round", f"round {ballot.round} is not on stage")
    if current.closed_at is not None:
        return Refusal("round_closed", f"round {current.id} is closed")
    if len(ballot.choices) != 1:
        return Refusal("wrong_choices", f"expected 1 choice, got {len(ballot.choices)}")
    if ballot.choices[0] not in current.counts:
        return Refusal("unknown_candidate", f"no candidate {ballot.choices[0]!r} in this poll")
    if ballot.voter in current.choices:
        if not current.poll.changes:
            return Refusal("already_voted", "this poll does not allow a change")
        if current.used[ballot.voter] >= MAX_BALLOTS_PER_VOTER:
            return Refusal("too_fast", f"{MAX_BALLOTS_PER_VOTER} ballots in this round are enough")
    return None


def apply(state: State, record: Record) -> Outcome:
    """Fold one record into the state and say what it did.

    Every record counts one version and goes into the chain, a refused one too.

    Raises:
        Broken: the record cannot follow the ones before it; the state is then unusable.
    """
    try:
        body = decode(record.body)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise Broken(f"record {state.version + 1} cannot be read: {error}") from error
    if isinstance(body, Begin) != (state.version == 0):
        raise Broken(f"record {state.version + 1} is a {type(body).__name__}; expected another")
    if record.at < state.at:
        raise Broken(f"record {state.version + 1} is older than the one before it")
    before = state.chain
    state.at = record.at
    state.version += 1
    state.chain = hashlib.sha256(before + record.at.to_bytes(8, "big") + record.body).digest()
    match body:
        case Ballot():
            return judge(state, body) or _count(state, body, before)
        case Begin():
            return _begin(state, body)
        case Define():
            return _define(state, body)
        case _:
            return _steer(state, body)


def _count(state: State, ballot: Ballot, chain_before: bytes) -> Receipt:
    current = state.rounds[ballot.round]
    for candidate in current.choices.get(ballot.voter, ()):
        current.counts[candidate] -= 1
    for candidate in ballot.choices:
        current.counts[candidate] += 1
    code = receipt_code(chain_before, ballot.voter, ballot.ballot)
    current.choices[ballot.voter] = ballot.choices
    current.codes[ballot.voter] = code
    current.used[ballot.voter] = current.used.get(ballot.voter, 0) + 1
    receipt = Receipt(ballot.ballot, ballot.round, ballot.choices, state.version, code)
    state.receipts.setdefault(ballot.voter, {})[ballot.ballot] = receipt
    return receipt


def _begin(state: State, begin: Begin) -> Done:
    if begin.format > FORMAT:
        raise Newer(f"it has format {begin.format}, and this program reads up to {FORMAT}")
    state.epoch = begin.epoch
    return Done()


def _define(state: State, define: Define) -> Done:
    """Take a poll in. A round that holds ballots keeps the text they were cast for."""
    poll = define.poll
    state.polls[poll.id] = poll
    state.sources[poll.id] = define.source
    current = state.on_stage
    if current and current.poll.id == poll.id and current.closed_at is None and not current.used:
        state.rounds[current.id] = Round(current.id, poll, current.opened_at)
    return Done()


def _steer(state: State, command: Command) -> Outcome:
    if command.round != state.stage or command.version < state.steered:
        return Refusal("conflict", "the room has changed since; look again and repeat")
    current = state.on_stage
    match command:
        case Open(poll=poll):
            if poll not in state.polls:
                return Refusal("not_possible", f"there is no poll {poll!r}")
            if current is not None and current.closed_at is None:
                return Refusal("not_possible", "a round is open; close it first")
            _leave(state)
            _stage(state, state.polls[poll])
        case Close():
            if current is None or current.closed_at is not None:
                return Refusal("not_possible", "no round is open")
            current.closed_at = state.at
        case Reopen():
            if current is None or current.closed_at is None:
                return Refusal("not_possible", "there is no closed round on stage")
            current.closed_at = None
        case Reset():
            if current is None:
                return Refusal("not_possible", "there is no round on stage")
            _leave(state)
            _stage(state, state.polls[current.poll.id])
        case Restore(target=target):
            if target not in state.rounds or target == state.stage:
                return Refusal("not_possible", f"round {target} is not in the archive")
            _leave(state)
            state.stage = target
    state.steered = state.version
    return Done()


def _leave(state: State) -> None:
    """Take the round on stage, if any, into the archive; an open one is closed by it."""
    current = state.on_stage
    if current is not None:
        state.previous = current.id
        if current.closed_at is None:
            current.closed_at = state.at


def _stage(state: State, poll: Poll) -> None:
    state.stage = max(state.rounds, default=0) + 1
    state.rounds[state.stage] = Round(state.stage, poll, state.at)
