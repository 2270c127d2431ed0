"""What an admin's command does to the state. A part of the fold, and pure like it.

Owns the commands and their refusals. A command names the round and the version that the admin saw;
when another one took effect in between, it is refused, and the admin looks again. Nothing here ever
throws a ballot away: what leaves the stage is archived. A rehearsal's ballots never were votes.
"""

from __future__ import annotations

import msgspec

from voting.records import (
    MAX_POLLS,
    Close,
    Command,
    Compare,
    Edit,
    Extend,
    Open,
    Poll,
    Rehearse,
    Remove,
    Reopen,
    Reset,
    Restore,
    Show,
    Stage,
    same_text,
)
from voting.state import Admission, Done, Outcome, Refusal, Rehearsal, Removed, Round, State

CONFLICT = Refusal("conflict", "the room has changed since; look again and repeat")
REHEARSING = Refusal("rehearsing", "a rehearsal is on; end it first")

REHEARSAL_BALLOTS = 100_000
"""Of one voter in a rehearsal: few pretended phones may stand for a hall."""


def define(state: State, poll: Poll) -> None:
    """Take a poll's text. A round keeps its own, unless it is open and holds no ballot.

    Even then ballots for the old text may be on their way, and must not count for the new one: so
    another round takes the empty one's place, under an id of its own.
    """
    state.polls[poll.id] = poll
    state.defined[poll.id] = state.version
    current = state.rounds.get(state.stage)
    if not current or current.poll.id != poll.id or current.closed_at is not None or current.used:
        return
    # Journals of format 1 go on with the round that they opened.
    if state.format > 1 and not same_text(current.poll, poll):
        del state.rounds[current.id]
        successor = _begin_round(state, current.poll, None)
        successor.closes_at, successor.results = current.closes_at, current.results
        current = successor
    current.take(poll)


def steer(state: State, command: Command) -> Outcome:
    """Do what a command says, or refuse it and change nothing."""
    refusal: Refusal | None
    if not isinstance(command, Edit | Remove) and _is_stale(state, command):
        refusal = CONFLICT
    elif state.rehearsal is not None:
        refusal = _rest(state, state.rehearsal, command)
    elif isinstance(command, Edit | Remove):
        refusal = _write(state, command)
    elif isinstance(command, Rehearse):
        refusal = _rehearse(state, command)
    elif isinstance(command, Open | Stage | Restore):
        refusal = _move(state, command)
    else:
        refusal = _tend(state, command)
    if refusal is not None:
        return refusal
    state.steered = state.version
    return Done()


def _is_stale(state: State, command: Command) -> bool:
    """Say whether the admin saw another room than this."""
    return command.round != state.stage or command.version < state.steered


def _write(state: State, command: Edit | Remove) -> Refusal | None:
    """Change the list of polls."""
    id = command.poll if isinstance(command, Remove) else command.poll.id
    if state.defined.get(id, 0) != command.seen:
        return CONFLICT
    if isinstance(command, Remove):
        if id not in state.polls:
            return _not_possible(f"there is no poll {id!r}")
        if len(state.polls) == 1:
            return _not_possible("the last poll stays")
        if not command.unlisted:
            place = list(state.polls).index(id)
            state.removed = Removed(state.polls[id], place, state.shown == id, state.at)
        del state.polls[id], state.defined[id]
        if state.shown == id:
            state.shown = ""
        if command.unlisted:
            state.sources.pop(id, None)
        return None
    current = state.on_stage
    used = current is not None and current.poll.id == id and bool(current.used)
    if used and command.restart is None:
        return Refusal("in_use", "the round on stage holds ballots for the text as it was")
    if command.restart and _is_stale(state, command):
        return CONFLICT
    if id not in state.polls and len(state.polls) >= MAX_POLLS:
        return _not_possible(f"{MAX_POLLS} polls are enough")
    define(state, command.poll)
    if command.back and state.removed and state.removed.poll.id == id:
        _put_back(state, state.removed)
    if used and command.restart:
        _leave(state, command.room)
        _begin_round(state, command.poll, None)
    return None


def _put_back(state: State, removed: Removed) -> None:
    """Let a poll that is on the list again stand where it stood."""
    polls = [poll for id, poll in state.polls.items() if id != removed.poll.id]
    polls.insert(removed.place, state.polls[removed.poll.id])
    state.polls = {poll.id: poll for poll in polls}
    if removed.shown and not state.shown:
        state.shown = removed.poll.id
    state.removed = None


def _move(state: State, command: Open | Stage | Restore) -> Refusal | None:
    """Put another round, or another poll, on stage."""
    current = state.on_stage
    match command:
        case Open(poll=poll, seconds=seconds):
            found = state.polls.get(poll)
            if found is None:
                return _not_possible(f"there is no poll {poll!r}")
            if current is not None and current.closed_at is None:
                return _not_possible("a round is open; close it first")
            _leave(state, 0)
            _begin_round(state, found, seconds)
        case Stage(poll=poll):
            if poll not in state.polls:
                return _not_possible(f"there is no poll {poll!r}")
            if state.poll and state.poll.id == poll:
                return _not_possible(f"poll {poll!r} is on stage already")
            _leave(state, command.room)
            _put_on_stage(state, poll, state.latest.get(poll, 0))
            state.previous = 0  # one step back is the way back
        case Restore(target=target):
            if target not in state.rounds or target == state.stage:
                return _not_possible(f"round {target} is not in the archive")
            _leave(state, command.room)
            _put_on_stage(state, state.rounds[target].poll.id, target)
    return None


def _tend(
    state: State, command: Close | Reopen | Extend | Reset | Show | Compare
) -> Refusal | None:
    """Change something about the rounds that are there."""
    current = state.on_stage
    if isinstance(command, Show):
        if command.target not in state.rounds:
            return _not_possible(f"there is no round {command.target}")
        state.rounds[command.target].results = command.results
        return None
    if current is None:
        return _not_possible("there is no round on stage")
    is_open = current.closed_at is None
    match command:
        case Close(room=room):
            if not is_open:
                return _not_possible("no round is open")
            _end(current, state.at, room)
        case Reopen():
            if is_open:
                return _not_possible("the round is open")
            current.closed_at = current.closes_at = None
        case Extend(seconds=seconds):
            if not is_open:
                return _not_possible("no round is open")
            since = max(current.closes_at or 0, state.at)
            current.closes_at = None if seconds is None else since + 1_000 * seconds
        case Reset(seconds=seconds, room=room):
            _leave(state, room)
            _begin_round(state, state.polls.get(current.poll.id, current.poll), seconds)
        case Compare(target=target):
            other = state.rounds.get(target)
            if target and (other is None or target == current.id):
                return _not_possible(f"round {target} is not in the archive")
            if other is not None and other.poll.id != current.poll.id:
                return _not_possible(f"round {target} was of another poll")
            state.compared = target
    return None


def _rehearse(state: State, command: Rehearse) -> Refusal | None:
    """Put a rehearsal on stage, where nobody's vote has to wait for its end."""
    current, poll = state.on_stage, state.poll
    if poll is None:
        return _not_possible("there is no poll to rehearse")
    if current is not None and current.closed_at is None and (current.used or current.closes_at):
        return Refusal("in_use", "the round on stage is open and in use; close it first")
    tried = msgspec.structs.replace(
        poll, results="live", changes=True, max_ballots=REHEARSAL_BALLOTS
    )
    state.rehearsed += 1
    round = Round(-state.rehearsed, tried, state.at, command.seconds)
    state.rehearsal = Rehearsal(round, state.stage, state.compared, Admission({}, set()))
    state.stage, state.compared = round.id, 0
    return None


def _rest(state: State, rehearsal: Rehearsal, command: Command) -> Refusal | None:
    """End a rehearsal, and be as if it had not been; anything else has to wait for that."""
    if not isinstance(command, Close):
        return REHEARSING
    tried = rehearsal.round
    for voter in tried.used:
        kept = {id: r for id, r in state.receipts[voter].items() if r.round != tried.id}
        if kept:
            state.receipts[voter] = kept
        else:
            del state.receipts[voter]
    state.rehearsal, state.stage, state.compared = None, rehearsal.stage, rehearsal.compared
    return None


def _not_possible(message: str) -> Refusal:
    return Refusal("not_possible", message)


def _end(current: Round, at: int, room: int) -> None:
    current.closed_at = at if current.closes_at is None else min(at, current.closes_at)
    current.room = max(room, current.voted)


def _leave(state: State, room: int) -> None:
    """Take the round on stage, if any, into the archive; an open one is closed by it."""
    current = state.on_stage
    if current is not None:
        state.previous = current.id
        if current.closed_at is None:
            _end(current, state.at, room)


def _begin_round(state: State, poll: Poll, seconds: int | None) -> Round:
    state.begun += 1
    begun = state.rounds[state.begun] = Round(state.begun, poll, state.at, seconds)
    _put_on_stage(state, poll.id, state.begun)
    return begun


def _put_on_stage(state: State, poll: str, round: int) -> None:
    state.shown, state.stage, state.compared = poll, round, 0
    if round:
        state.latest[poll] = round
