"""The room as pages are shown it now: its state, who is here, the door, who is called what.

Owns the messages that every page of a view gets alike. What a view may see is `views.py`'s.
"""

from __future__ import annotations

from typing import cast

from voting import protocol, views, wall
from voting.audience import Kind
from voting.doorway import Doorway
from voting.engine import Engine
from voting.protocol import Snapshot, Tally, View, You
from voting.state import State
from voting.turnout import Turnout
from voting.wall import NameOf


class Scene:
    """What there is to be shown."""

    def __init__(self, engine: Engine, turnout: Turnout, doorway: Doorway, name_of: NameOf) -> None:
        self._engine = engine
        self._turnout = turnout
        self._doorway = doorway
        self._name_of = name_of

    @property
    def state(self) -> State:
        """The room; always the same object."""
        return self._engine.state

    @property
    def recording(self) -> bool:
        """Whether ballots can be made durable."""
        return self._engine.recording

    @property
    def join(self) -> str | None:
        """The address that phones open."""
        return self._doorway.url

    @property
    def online(self) -> int:
        """How many voters are present."""
        return self._turnout.online

    @property
    def room(self) -> int:
        """How many are present or have voted in the round on stage."""
        return self._turnout.room

    def encode(self, kind: Kind, view: str) -> bytes:
        """Return what audiences of a view are shown now. See `audience.Encode`."""
        shown = cast(View, view)
        return protocol.encode(self.tally(shown) if kind == "tally" else self.snapshot(shown))

    def tally(self, view: View) -> Tally:
        """Return the numbers that a view may see."""
        return views.tally(self.state, view, self._turnout)

    def snapshot(self, view: View) -> Snapshot:
        """Return the whole state as one view sees it."""
        return views.snapshot(
            self.state,
            view,
            self._turnout,
            now=self._engine.now(),
            recording=self.recording,
            join=self.join,
            talk=wall.talk(self.state, view, self._name_of),
        )

    def you(self, voter: str, name: str) -> You:
        """Return what a voter has done in the round on stage."""
        return views.you(self.state, voter, name)
