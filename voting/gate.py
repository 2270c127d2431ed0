"""Who may come in: everybody, or, where the room asks for codes, who has brought one.

Owns the way of a code from what somebody has typed to a record. Keeps no code: what one does is
decided by the fold, which knows digests.
"""

from __future__ import annotations

from collections.abc import Sequence

from voting import admission, codes
from voting.engine import Engine
from voting.records import MAX_CODES, Claim, Issue
from voting.state import Done, Outcome, Refusal


class Gate:
    """The room's gate; `asks` says whether it lets voters in by code alone."""

    def __init__(self, engine: Engine, *, asks: bool) -> None:
        self.asks = asks
        self._engine = engine

    def admits(self, voter: str) -> bool:
        """Say whether a voter need not bring a code."""
        return not self.asks or admission.has_come(self._engine.state, voter)

    def admits_by_now(self, voter: str) -> bool:
        """Say the same of somebody who may just have brought it to another server."""
        if not self.admits(voter):
            self._engine.catch_up()
        return self.admits(voter)

    def let_in(self, voter: str, typed: str) -> Outcome:
        """Let a voter in by what was typed as a code; that holds when this returns Done."""
        code = codes.read(typed)
        claim = Claim(codes.digest(code) if code else "", voter)
        answer = admission.judge(self._engine.state, claim)
        if code and isinstance(answer, Refusal):
            self._engine.catch_up()  # it may have been made on another server just now
            answer = admission.judge(self._engine.state, claim)
        # As with ballots: nothing is refused for good while nobody knows what the journal holds.
        # What is no code at all is none whatever it holds.
        is_known = self._engine.recording or not code
        if isinstance(answer, Done) or (answer is not None and is_known):
            return answer
        return self._engine.append(claim)

    def issue(self, made: Sequence[str], *, rehearsal: int = 0) -> Outcome:
        """Let these codes let voters in; those of a `rehearsal` that is on end with it."""
        outcome: Outcome = Done()
        for start in range(0, len(made), MAX_CODES):
            digests = tuple(map(codes.digest, made[start : start + MAX_CODES]))
            outcome = self._engine.append(Issue(digests, rehearsal))
            if isinstance(outcome, Refusal):
                break
        return outcome

    @property
    def made(self) -> int:
        """How many codes there are, used or not."""
        return len(self._engine.state.admission.codes)

    @property
    def used(self) -> int:
        """How many of them have let somebody in."""
        return len(self._engine.state.admission.voters)
