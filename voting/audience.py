"""Clients that are shown the newest state together, at a pace of their own.

Owns the tick. Never knows what a state holds: it is handed an `Encode`.

Counts are state, not events: a change marks the state as new, and the next tick encodes it once per
view and gives every client of that view the same bytes. The work is clients × ticks, never clients
× votes. The first change after a silence goes out at once; then ticks keep their distance, and so
much of it that they never take more of the processor than their share.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from time import monotonic, thread_time
from typing import Literal

import gevent
from gevent.event import Event

from voting.connection import Connection
from voting.fanout import SLICE, Fanout
from voting.frames import text_frame
from voting.pipe import Pipe

Kind = Literal["state", "tally"]
Encode = Callable[[Kind, str], bytes]
"""Encodes the state as it is now: (kind, view) → what every client of the view gets."""

QUIET_SECONDS = 1.0
"""Without a tick for so long, nobody is waiting for anything."""


class Client:
    """One connected page: its socket, its view, and the voter or the admin's session behind it."""

    __slots__ = ("connection", "name", "session", "unanswered", "view", "voter")

    def __init__(
        self,
        connection: Connection,
        view: str,
        *,
        voter: str | None = None,
        name: str = "",
        session: str = "",
    ) -> None:
        self.connection = connection
        self.view = view
        self.voter = voter
        self.name = name
        self.session = session
        self.unanswered = 0


class Audience:
    """Some clients, and the tick that they share; `cpu_seconds` is what all ticks have cost.

    Args:
        encode: makes a view's payload.
        tick_seconds: the least time between two ticks.
        share: how much of one core the ticks may take, at most. Where more clients come than that
            is enough for, ticks come later, and each still shows the newest.
    """

    def __init__(self, encode: Encode, *, tick_seconds: float, share: float) -> None:
        self.clients: set[Client] = set()
        self._encode = encode
        self._tick_seconds = tick_seconds
        self._share = share
        self._fanouts: dict[str, Fanout] = {}
        self._need_state: set[Client] = set()
        self._news = Event()
        self._state_changed = False
        self._ticked_at = 0.0
        self.cpu_seconds = 0.0

    def add(self, client: Client) -> None:
        """Show a client what there is from the next tick on."""
        self.clients.add(client)
        self._fanouts.setdefault(client.view, Fanout()).add(client.connection.pipe)

    def remove(self, client: Client) -> None:
        """Forget a client, if it is one of these."""
        self.clients.discard(client)
        self._need_state.discard(client)
        if client.view in self._fanouts:
            self._fanouts[client.view].remove(client.connection.pipe)

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

    def mark(self, *, state: bool = False) -> None:
        """Say that something changed: the numbers, or with `state` anything else too."""
        if self.clients:  # who comes later is shown the whole state
            self._state_changed |= state
            self._news.set()

    @property
    def is_quiet(self) -> bool:
        """Whether nothing has been new for a while."""
        return not self._news.is_set() and monotonic() - self._ticked_at > QUIET_SECONDS

    def tick(self) -> None:
        """Show every client what is true now.

        Others have a turn in between. If the state changes meanwhile, that is what the rest waits
        for: it comes with the next tick.
        """
        turns = self._turns()
        while self._has_done(turns):
            gevent.sleep(0)
            if self._state_changed:
                return

    def _has_done(self, turns: Iterator[None]) -> bool:
        """Do one more turn of a tick, and note what it cost; False when there is none."""
        began = thread_time()
        is_more = next(turns, self) is not self
        self.cpu_seconds += thread_time() - began
        return is_more

    def _turns(self) -> Iterator[None]:
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
                client.connection.pipe.snapshot(frames["state", client.view], whole=True)
                self._need_state.discard(client)
                self.add(client)
            if place % SLICE == 0:
                yield
        for slices in shows:
            yield from slices

    def run(self) -> None:
        """Tick whenever there is something new, for ever."""
        while True:
            self._news.wait()
            self._news.clear()
            self._ticked_at, before = monotonic(), self.cpu_seconds
            try:
                self.tick()
            except Exception:
                # Without its next turn the room would stand still for good.
                traceback.print_exc(file=sys.stderr)
                self.mark(state=True)
            rest = self._tick_seconds - (monotonic() - self._ticked_at)
            spent = self.cpu_seconds - before
            gevent.sleep(max(rest, spent * (1 / self._share - 1)))


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
