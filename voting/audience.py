"""Clients with a socket, who are shown the newest state together.

Owns what a tick writes. Never knows what a state holds: it is handed an `Encode`.

Counts are state, not events: a change marks the state as new, and the next tick encodes it once per
view and gives every client of that view the same bytes. The work is clients × ticks, never clients
× votes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Literal, cast

from voting.client import Client
from voting.connection import Connection
from voting.fanout import SLICE, Fanout
from voting.frames import text_frame
from voting.pipe import Pipe
from voting.ticks import Ticks

Kind = Literal["state", "tally"]
Encode = Callable[[Kind, str], bytes]
"""Encodes the state as it is now: (kind, view) → what every client of the view gets."""


class Audience(Ticks):
    """Clients with a socket, and the tick that they share.

    Args:
        encode: makes a view's payload.
        tick_seconds, share: the pace, as `Ticks` has it.
    """

    def __init__(self, encode: Encode, *, tick_seconds: float, share: float) -> None:
        super().__init__(tick_seconds=tick_seconds, share=share)
        self.clients: set[Client] = set()
        self._encode = encode
        self._fanouts: dict[str, Fanout] = {}
        self._need_state: set[Client] = set()

    @property
    def is_empty(self) -> bool:
        """Whether nobody is connected."""
        return not self.clients

    @property
    def frames(self) -> int:
        """How many frames of ticks the kernel has taken."""
        return sum(fanout.written for fanout in self._fanouts.values())

    def add(self, client: Client) -> None:
        """Show a client what there is from the next tick on."""
        self.clients.add(client)
        self._fanouts.setdefault(client.view, Fanout()).add(_pipe(client))

    def welcome(self, client: Client) -> None:
        """Show a client the state as of this moment."""
        frame = text_frame(self._encode("state", client.view))
        cast(Connection, client.connection).show(frame, whole=True)

    def remove(self, client: Client) -> None:
        """Forget a client, if it is one of these."""
        self.clients.discard(client)
        self._need_state.discard(client)
        if client.view in self._fanouts:
            self._fanouts[client.view].remove(_pipe(client))

    def move(self, client: Client, view: str, *, needs_state: bool) -> None:
        """Show a client another view from now on, and with `needs_state` first a whole state."""
        is_here = client in self.clients
        self.remove(client)
        client.view = view
        if is_here and needs_state:
            self.clients.add(client)
            self._need_state.add(client)
        elif is_here:
            self.add(client)

    def turns(self) -> Iterator[None]:
        """Write what is new to each client, those who need it a whole state."""
        kind: Kind = "state" if self._state_changed else "tally"
        self._state_changed = False
        frames = _Frames(self._encode)
        shows = [
            fanout.show(frames[kind, view], partial(_keep_for, kind, view, frames))
            for view, fanout in self._fanouts.items()
            if fanout
        ]
        for place, client in enumerate(list(self._need_state), 1):
            if client in self._need_state:  # it may have left, or moved on, in another's turn
                _pipe(client).snapshot(frames["state", client.view], whole=True)
                self._need_state.discard(client)
                self.add(client)
            if place % SLICE == 0:
                yield
        for slices in shows:
            yield from slices


def _pipe(client: Client) -> Pipe:
    return cast(Connection, client.connection).pipe


class _Frames(dict[tuple[Kind, str], bytes]):
    """The frames of one tick, each encoded when it is first asked for."""

    def __init__(self, encode: Encode) -> None:
        self._encode = encode

    def __missing__(self, key: tuple[Kind, str]) -> bytes:
        frame = self[key] = text_frame(self._encode(*key))
        return frame


def _keep_for(kind: Kind, view: str, frames: _Frames, pipe: Pipe) -> None:
    """Keep a tick's frame for a slow client; one that is owed a state gets a newer state."""
    kept: Kind = "state" if pipe.owes_state else kind
    pipe.snapshot(frames[kept, view], whole=kept == "state")
