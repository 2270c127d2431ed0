"""What one phone says to the room in a storm, sent again until it has its answer.

Owns the messages of one phone: what it sent, what it was told of them, the one under way.
"""

from __future__ import annotations

from random import Random
from typing import Any

SAYS, AGAIN = 0.1, 0.2
"""How often a phone says something when it may, and then something that it has said before."""

RECENT = 10
"""So many of the newest may be said again: fewer than there are keys that a server knows again."""

NOT_NOW = {"not_recorded", "too_fast"}


class Voice:
    """One phone's side of the talk. `said` maps keys to the public names that they were given."""

    def __init__(self, name: str, random: Random) -> None:
        self.sent: dict[str, str] = {}
        self.said: dict[str, str] = {}
        self.underway: dict[str, Any] | None = None
        self._name = name
        self._random = random

    def begins(self) -> bool:
        """Say something, by chance, if the last is answered; False for silence."""
        if self.underway is not None or self._random.random() >= SAYS:
            return False
        if self.said and self._random.random() < AGAIN:
            key = self._random.choice([*self.said][-RECENT:])
        else:
            key = f"{self._name}-{len(self.sent)}"
            self.sent[key] = f"{self._name} says {len(self.sent)}"
        self.underway = {"type": "say", "key": key, "to": "", "text": self.sent[key]}
        return True

    def take(self, answer: dict[str, Any]) -> str | None:
        """Take an answer; return what is wrong with it, in words."""
        key = answer["key"]
        if answer["type"] == "unsaid":
            return None if answer["code"] in NOT_NOW else "may not say what it must"
        if self.said.setdefault(key, answer["id"]) != answer["id"] or key not in self.sent:
            return "was told of another message"
        if self.underway and self.underway["key"] == key:
            self.underway = None
        return None
