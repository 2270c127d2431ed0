"""What each view is shown of a state. Pure.

Owns who may see what: counts that a view may not see are not in its messages at all.
"""

from __future__ import annotations

import msgspec

from voting.protocol import (
    ComparedView,
    PollSummary,
    PollView,
    RoundSummary,
    RoundView,
    Snapshot,
    TalkView,
    Tally,
    View,
    You,
)
from voting.records import same_text
from voting.speech import person_of
from voting.state import Round, State
from voting.turnout import Turnout


def view_of(state: State, voter: str) -> View:
    """Return the view of a voter's page."""
    current = state.on_stage
    return "voted" if current is not None and voter in current.counted else "waiting"


def may_see(current: Round, view: View) -> bool:
    """Say whether a view is shown the counts of a round."""
    return (
        view == "admin"
        or current.is_public
        or (view == "voted" and current.results == "after_vote")
    )


def you(state: State, voter: str, name: str) -> You:
    """Tell a voter what the round on stage holds of theirs, and how others see them."""
    current = state.on_stage
    newest = current.newest(voter) if current else None
    person = person_of(voter)
    own = person, person not in state.talk.unlisted
    if current is None or newest is None:
        return You(name, state.stage, None, None, 0, *own)
    return You(name, current.id, newest.choices, newest.code, len(current.counted[voter]), *own)


def tally(state: State, view: View, turnout: Turnout) -> Tally:
    """The numbers of the round on stage that a view may see."""
    current = state.on_stage
    return Tally(
        state.epoch,
        state.version,
        state.stage,
        _counts(state, view),
        current.ballots if current else 0,
        current.voted if current else 0,
        turnout.online,
        turnout.room,
    )


def snapshot(
    state: State,
    view: View,
    turnout: Turnout,
    *,
    now: int,
    recording: bool,
    join: str | None,
    talk: TalkView | msgspec.UnsetType = msgspec.UNSET,
) -> Snapshot:
    """The whole state as one view sees it, as of `now`; `join` is the address that phones open.

    `talk` is `wall.talk`: how the room may talk.
    """
    poll, current = state.poll, state.on_stage
    if poll is None:
        raise ValueError("expected a state with a poll: the engine defines one before it starts")
    numbers = tally(state, view, turnout)
    is_admin = view == "admin"
    return Snapshot(
        epoch=state.epoch,
        version=state.version,
        now=now,
        poll=PollView(
            poll.id,
            poll.question,
            poll.rule,
            poll.max_choices,
            poll.taps_per_second,
            poll.changes,
            poll.countdown,
            poll.candidates,
        ),
        round=RoundView(
            current.id,
            current.state,
            current.opened_at,
            current.closes_at,
            rehearsal=state.rehearsal is not None,
        )
        if current
        else RoundView(0, "none", None, None),
        results=current.results if current else poll.results,
        recording=recording,
        counts=numbers.counts,
        ballots=numbers.ballots,
        voted=numbers.voted,
        online=numbers.online,
        room=numbers.room,
        compared=_compared(state, view),
        talk=talk,
        join=join if view in ("screen", "admin") else msgspec.UNSET,
        rounds=tuple(_summary(state, r) for r in reversed(state.rounds.values()))
        if is_admin
        else msgspec.UNSET,
        previous=state.previous if is_admin else msgspec.UNSET,
        polls=tuple(
            PollSummary(
                each.id,
                each.question,
                each.id == poll.id,
                state.defined[each.id],
                each.countdown,
                each.id == poll.id and not state.rehearsal and not same_text(each, poll),
            )
            for each in state.polls.values()
        )
        if is_admin
        else msgspec.UNSET,
    )


def _counts(state: State, view: View) -> dict[str, int] | None:
    if current := state.on_stage:
        return current.counts if may_see(current, view) else None
    if state.poll is None or (state.poll.results != "live" and view != "admin"):
        return None
    return {candidate.id: 0 for candidate in state.poll.candidates}


def _compared(state: State, view: View) -> ComparedView | None:
    other = state.rounds.get(state.compared)
    if other is None or not may_see(other, "admin" if view == "admin" else "screen"):
        return None
    return ComparedView(other.id, other.voted, other.ballots, other.counts)


def _summary(state: State, current: Round) -> RoundSummary:
    return RoundSummary(
        current.id,
        current.poll.id,
        current.poll.question,
        current.state,
        current.id != state.real_stage,
        current.results,
        current.opened_at,
        current.closed_at,
        current.ballots,
        current.voted,
    )
