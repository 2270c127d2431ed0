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
from collections.abc import Callable
from time import monotonic, thread_time
from typing import Literal

import gevent
from gevent.event import Event

from voting.connection import Connection
from voting.frames import text_frame
from voting.pipe import Pipe, show_all

Kind = Literal["state", "tally"]
Encode = Callable[[Kind, str], bytes]
"""Encodes the state as it is now: (kind, view) → what every client of the view gets."""

SLICE = 250
"""Clients that are shown a frame before others have a turn: some 2 ms."""

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
    """Some clients, and the tick that they share.

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
        # By view, and without the clients around them: a tick's time goes by what it looks at.
        self._pipes: dict[str, set[Pipe]] = {}
        self._need_state: set[Pipe] = set()
        self._news = Event()
        self._state_changed = False
        self._ticked_at = self._spent = 0.0

    def add(self, client: Client) -> None:
        """Show a client what there is from the next tick on."""
        self.clients.add(client)
        self._pipes.setdefault(client.view, set()).add(client.connection.pipe)

    def remove(self, client: Client) -> None:
        """Forget a client, if it is one of these."""
        self.clients.discard(client)
        for pipes in (self._need_state, self._pipes.get(client.view, set())):
            pipes.discard(client.connection.pipe)

    def move(self, client: Client, view: str, *, needs_state: bool) -> None:
        """Show a client another view from now on, and with `needs_state` first a whole state."""
        is_here = client in self.clients
        self.remove(client)
        client.view = view
        if is_here:
            self.add(client)
            if needs_state:
                self._need_state.add(client.connection.pipe)

    def mark(self, *, state: bool = False) -> None:
        """Say that something changed: the numbers, or with `state` anything else too."""
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
        groups: dict[tuple[Kind, str], list[Pipe]] = {}
        for view, pipes in self._pipes.items():
            whole = pipes if self._state_changed else pipes & self._need_state
            groups["state", view], groups["tally", view] = list(whole), list(pipes - whole)
        self._state_changed = False
        self._need_state.clear()
        frames = {key: text_frame(self._encode(*key)) for key, pipes in groups.items() if pipes}
        for key, frame in frames.items():
            for start in range(0, len(groups[key]), SLICE):
                self._show(key, frame, groups[key][start : start + SLICE])
                gevent.sleep(0)
                if self._state_changed:
                    return

    def _show(self, key: tuple[Kind, str], frame: bytes, pipes: list[Pipe]) -> None:
        kind, view = key
        began = thread_time()
        for pipe in show_all(pipes, frame):
            if kind == "tally" and pipe.owes_state:
                pipe.snapshot(text_frame(self._encode("state", view)), whole=True)
            else:
                pipe.snapshot(frame, whole=kind == "state")
        self._spent += thread_time() - began

    def run(self) -> None:
        """Tick whenever there is something new, for ever."""
        while True:
            self._news.wait()
            self._news.clear()
            self._ticked_at, self._spent = monotonic(), 0.0
            try:
                self.tick()
            except Exception:
                # Without its next turn the room would stand still for good.
                traceback.print_exc(file=sys.stderr)
                self.mark(state=True)
            rest = self._tick_seconds - (monotonic() - self._ticked_at)
            gevent.sleep(max(rest, self._spent * (1 / self._share - 1)))
