"""The other nodes of a room, as one node has heard of them: what each said, and whether it lives.

Owns that judgement, by the listener's own clock. Hears nothing itself. Pure.

A node says a number with each beat. Where that stands still, the node is dead, whatever time its
computer thinks it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SILENT_SECONDS = 5.0
"""A node whose beat stands still for so long does not count."""

LOST_SECONDS = 60
"""What nobody has renewed for so long is forgotten."""

Beat = tuple[int, dict[str, Any]]
"""Its number, and what a node said with it."""


class _Neighbour:
    __slots__ = ("beat", "heard_at", "is_alive")

    def __init__(self, beat: Beat, now: float, *, is_alive: bool) -> None:
        self.beat = beat
        self.heard_at = now
        self.is_alive = is_alive


class Neighbours:
    """Other nodes. `buried` are those that have been silent for so long that nobody needs them."""

    def __init__(self) -> None:
        self.buried: list[str] = []
        self._known: dict[str, _Neighbour] = {}
        self._listened_at: float | None = None

    @property
    def alive(self) -> list[str]:
        """The names of those that live."""
        return [name for name, other in self._known.items() if other.is_alive]

    def said(self, key: str) -> list[Any]:
        """Return what each of those that live said last, of those that say such a thing."""
        beats = [other.beat[1] for other in self._known.values() if other.is_alive]
        return [said[key] for said in beats if key in said]

    def listen(self, beats: Mapping[str, Beat], now: float) -> None:
        """Take in the beats that all others are at now."""
        before, self._listened_at = self._listened_at, now
        deaf = 0 if before is None else now - before
        for name, beat in beats.items():
            known = self._known.get(name)
            if known is None:
                # Of those that were there before us, some may have died before us.
                self._known[name] = _Neighbour(beat, now, is_alive=before is not None)
            elif known.beat[0] != beat[0]:
                known.beat, known.heard_at, known.is_alive = beat, now, True
        for name, known in list(self._known.items()):
            if deaf > SILENT_SECONDS / 2 and known.heard_at < now:
                known.heard_at += deaf  # it was we who did not listen
            if now - known.heard_at > SILENT_SECONDS:
                known.is_alive = False
            if not known.is_alive and name not in beats:
                self.forget(name)
        gone = LOST_SECONDS
        self.buried = [name for name, each in self._known.items() if now - each.heard_at > gone]

    def hear_nothing(self, now: float) -> None:
        """Note that nobody could be heard; what was heard last holds, but not for ever."""
        if self._listened_at is not None and now - self._listened_at > LOST_SECONDS:
            self._known.clear()

    def forget(self, name: str) -> None:
        """Forget a node that has left."""
        self._known.pop(name, None)
