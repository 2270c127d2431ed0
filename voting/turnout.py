"""Who is in the room: voters with a page open, and those who have voted and left.

Owns that count over all nodes, kept as voters come, vote and leave: made anew, it would cost every
arrival a look at everybody who has voted. Pure.

A voter with pages on two nodes counts as two who are here; no node knows the other's voters.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import msgspec

from voting.state import Round, State


class Said(msgspec.Struct, frozen=True, array_like=True):
    """What one node says of its voters: how many are present, and how many of these have voted in
    a round of an epoch when so many had voted in it; whether any has come since its start.

    In a deploy nodes of two versions hear each other: what a later one adds stands last, and has a
    default.
    """

    epoch: str
    round: int
    voted: int
    present: int
    present_voted: int
    arrived: bool


class Turnout:
    """The room of one state; `arrived` says whether any voter has come since the start."""

    def __init__(self, state: State) -> None:
        self.arrived = False
        self._state = state
        self._present: set[str] = set()
        self._round: Round | None = None
        self._seen = 0
        self._away = 0
        self._others: list[Said] = []
        self._elsewhere = 0

    @property
    def online(self) -> int:
        """How many voters are present."""
        return len(self._present) + self._elsewhere

    @property
    def room(self) -> int:
        """How many are present, or gone after voting in the round on stage.

        A round that is closed keeps the number that it ended with.
        """
        current = self._look()
        if current is not None and current.closed_at is not None and current.room:
            return current.room
        online = self.online
        if current is None or not self._others:
            return online + self._away
        epoch = self._state.epoch
        same = [o for o in self._others if (o.epoch, o.round) == (epoch, current.id)]
        # What others said is up to a second old. Who has voted since is taken for present, or a
        # storm of votes would look like a crowd that votes and leaves.
        since = current.voted - min((o.voted for o in same), default=0)
        voted_elsewhere = sum(o.present_voted for o in same) + max(0, since)
        return online + max(0, self._away - min(voted_elsewhere, self._elsewhere))

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

    def said(self) -> Said:
        """Return what other nodes need to know of this one's voters."""
        current = self._look()
        return Said(
            self._state.epoch,
            current.id if current else 0,
            self._seen,
            len(self._present),
            self._seen - self._away,
            self.arrived,
        )

    def hear(self, others: Iterable[Said]) -> bool:
        """Take in what the other nodes say; return whether the room is another."""
        before = self.online, self.room, self.arrived
        self._others = list(others)
        self._elsewhere = sum(other.present for other in self._others)
        self.arrived = self.arrived or any(other.arrived for other in self._others)
        return before != (self.online, self.room, self.arrived)

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
