"""The nodes that serve one room: what they tell each other beside the journal.

Owns the face of it, and what it is for one node alone. A node is one process. What nodes say here
decides nothing about a round: who is present, how many have tried a password, that somebody logged
out. The journal is the only thing that they must agree on.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from typing import Any, Protocol

GROUP = "SHOW_OF_HANDS_GROUP"
"""Names, in the environment, the nodes behind one port: any of them may be asked for /metrics."""

Heard = Callable[[str], None]


class Fleet(Protocol):
    """All nodes of a room, seen from one of them.

    `node` is this process's name, another with each start. `group` names the nodes that stand
    behind one port with it. `is_shared` says whether there may be others, `reachable` whether they
    can be heard: while they cannot, what they said last holds, for a minute.

    Nothing here raises because Redis is gone, and nothing but `start`, `gathered` and `stop` waits.
    """

    node: str
    group: str
    is_shared: bool
    reachable: bool

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes that live, this one first."""

    def tell(self, kind: str, what: str) -> None:
        """Send a notice to all other nodes, with the next beat.

        It comes within a second, as a rule once, after a fault perhaps twice; a node that starts
        later does not get it.
        """

    def hear(self, kind: str, heard: Heard) -> None:
        """Have `heard` called with each notice of a kind that another node sends."""

    def say(self, key: str, of: Callable[[], Any], *, apart: bool = False) -> None:
        """Say with each beat what `of` returns then: small, of Python's own types.

        What is large is said `apart`: to the nodes of this group alone, when somebody gathers it.
        """

    def others(self, key: str) -> list[Any]:
        """Return what each of the other living nodes said last, of those that say such a thing."""

    def gathered(self, key: str) -> dict[str, Any]:
        """Return what each node of this group says apart, by its name, this one first."""

    def watch(self, looked: Callable[[], None]) -> None:
        """Have `looked` called after each beat: what others say may be new."""

    def start(self) -> None:
        """Hear everybody once, and begin to beat."""

    def stop(self) -> None:
        """Take back what this node said, so that it counts no more; may take a second."""


class Alone:
    """One node, and nobody to tell anything."""

    def __init__(self) -> None:
        self.node = new_name()
        self.group = self.node
        self.is_shared = False
        self.reachable = True
        self.nodes = (self.node,)
        self._apart: dict[str, Callable[[], Any]] = {}

    def tell(self, kind: str, what: str) -> None:
        """Nothing: nobody hears it."""

    def hear(self, kind: str, heard: Heard) -> None:
        """Nothing: nobody tells anything."""

    def say(self, key: str, of: Callable[[], Any], *, apart: bool = False) -> None:
        """Keep what is said apart, for this node itself."""
        if apart:
            self._apart[key] = of

    def others(self, _key: str) -> list[Any]:
        """Return nothing: there are no others."""
        return []

    def gathered(self, key: str) -> dict[str, Any]:
        """Return what this node says."""
        return {self.node: self._apart[key]()}

    def watch(self, looked: Callable[[], None]) -> None:
        """Nothing: what others say is never new."""

    def start(self) -> None:
        """Nothing."""

    def stop(self) -> None:
        """Nothing."""


def new_name() -> str:
    """Return a name for this process."""
    return secrets.token_hex(4)


def group_of(node: str) -> str:
    """Return the group of a node: by itself it is one, unless whoever started it says otherwise."""
    return os.environ.get(GROUP) or node
