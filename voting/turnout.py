"""Who is in the room: voters with a page open, and those who have voted and left.

Owns that count, kept as they come, vote and leave: made anew, it would cost every arrival a look at
everybody who has voted.
"""

from __future__ import annotations

from itertools import islice

from voting.state import Round, State


class Turnout:
    """The room of one state; `arrived` says whether any voter has come since the start."""

    def __init__(self, state: State) -> None:
        self.arrived = False
        self._state = state
        self._present: set[str] = set()
        self._round: Round | None = None
        self._seen = 0
        self._away = 0

    @property
    def online(self) -> int:
        """How many voters are present."""
        return len(self._present)

    @property
    def room(self) -> int:
        """How many are present, or gone after voting in the round on stage.

        A round that is closed keeps the number that it ended with.
        """
        current = self._look()
        if current is not None and current.closed_at is not None and current.room:
            return current.room
        return len(self._present) + self._away

    def came(self, voter: str) -> None:
        """Note that a voter is present."""
        current = self._look()
        self.arrived = True
        self._present.add(voter)
        if current is not None and voter in current.counted:
            self._away -= 1

    def left(self, voter: str) -> None:
        """Note that a voter is not present any more."""
        current = self._look()
        self._present.remove(voter)
        if current is not None and voter in current.counted:
            self._away += 1

    def _look(self) -> Round | None:
        """Count those who have voted since the last look, or of another round everybody."""
        current = self._state.on_stage
        if current is not self._round:
            self._round, self._seen, self._away = current, 0, 0
        if current is not None and current.voted > self._seen:
            # Nobody is ever taken out of those who have voted, so the new ones are the last.
            fresh = islice(reversed(current.counted), current.voted - self._seen)
            self._away += sum(voter not in self._present for voter in fresh)
            self._seen = current.voted
        return current
