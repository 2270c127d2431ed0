"""What one-time codes do to the state. A part of the fold, and pure like it.

Owns who has come in by which code: one voter by each, and no voter by two. Never sees a code, only
its digest, and never asks whether the room wants one: a room that stops asking forgets nothing.
"""

from __future__ import annotations

from voting.records import Claim, Issue
from voting.state import Admission, Done, Outcome, Refusal, State

UNKNOWN_CODE = Refusal("unknown_code", "there is no such code")
CODE_USED = Refusal("code_used", "another voter has come in by this code")


def has_come(state: State, voter: str) -> bool:
    """Say whether a voter has come in by a code, or is let in for the rehearsal that is on."""
    return any(voter in admission.voters for admission in _admissions(state))


def judge(state: State, claim: Claim) -> Done | Refusal | None:
    """Answer a claim that needs no record; None means that, once in the journal, it will hold.

    Who has come in by a code needs no other: one that is scanned all the same stays good.
    """
    if has_come(state, claim.voter):
        return Done()
    found = _admission_of(state, claim.code)
    if found is None:
        return UNKNOWN_CODE
    return CODE_USED if found.codes[claim.code] else None


def let_in(state: State, claim: Claim) -> Outcome:
    """Let a voter in by a code, or refuse and change nothing."""
    answer = judge(state, claim)
    found = _admission_of(state, claim.code)
    if answer is not None or found is None:
        return answer or UNKNOWN_CODE
    found.codes[claim.code] = claim.voter
    found.voters.add(claim.voter)
    return Done()


def add(state: State, issue: Issue) -> Outcome:
    """Add codes to those that there are; one that is there already stays as it is."""
    if not issue.rehearsal:
        added_to = state.admission
    elif state.rehearsal and state.rehearsal.round.id == issue.rehearsal:
        added_to = state.rehearsal.admission
    else:
        return Refusal("not_possible", f"rehearsal {issue.rehearsal} is not on")
    for code in issue.codes:
        if _admission_of(state, code) is None:
            added_to.codes[code] = ""
    return Done()


def _admissions(state: State) -> list[Admission]:
    tried = state.rehearsal
    return [state.admission, tried.admission] if tried else [state.admission]


def _admission_of(state: State, code: str) -> Admission | None:
    """Return where a code belongs, or None."""
    return next((found for found in _admissions(state) if code in found.codes), None)
