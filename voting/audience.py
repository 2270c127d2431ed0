"""Clients with a socket, who are shown the newest state together.

Owns what a tick writes. Never knows what a state holds: it is handed an `Encode`, and a `Feed` of
what was said.

Counts are state, not events: a change marks the state as new, and the next tick encodes it once per
view and gives every client of that view the same bytes. The work is clients × ticks, never clients
× votes. What was said since the last tick is in these bytes, too: one write brings both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Literal, cast

from voting.arrears import Arrears, Feed, pipe_of
from voting.client import Client
from voting.connection import Connection
from voting.fanout import SLICE, Fanout
from voting.frames import text_frame
from voting.pipe import Pipe, Write
from voting.ticks import Ticks
from voting.wall import BEGINNING, Place

Kind = Literal["state", "tally"]
Encode = Callable[[Kind, str], bytes]
"""Encodes the state as it is now: (kind, view) → what every client of the view gets."""


class Audience(Ticks):
    """Clients with a socket, and the tick that they share.

    Args:
        encode: makes a view's payload.
        feed: what is said.
        pages_of: the pages of a person, here or not.
        tick_seconds, share: the pace, as `Ticks` has it.
    """

    def __init__(
        self,
        encode: Encode,
        feed: Feed,
        pages_of: Callable[[str], Iterable[Client]],
        *,
        tick_seconds: float,
        share: float,
    ) -> None:
        super().__init__(tick_seconds=tick_seconds, share=share)
        self.clients: set[Client] = set()
        self._encode = encode
        self._feed = feed
        self._pages_of = pages_of
        self._fanouts: dict[str, Fanout] = {}
        self._need_state: set[Client] = set()
        self._by_pipe: dict[Pipe, Client] = {}
        self._arrears = Arrears(feed)
        self._moved: dict[Write, Client] = {}  # in the tick under way, to another view
        self._told = feed.here()
        self._only_said = False

    @property
    def is_empty(self) -> bool:
        """Whether nobody is connected."""
        return not self.clients

    @property
    def frames(self) -> int:
        """How many frames of ticks the kernel has taken."""
        return sum(fanout.written for fanout in self._fanouts.values())

    def mark(self, *, state: bool = False) -> None:
        """Say that something changed: the numbers, or with `state` anything else too."""
        self._only_said = False
        super().mark(state=state)

    def mark_said(self) -> None:
        """Say that something was said."""
        if not self._news.is_set():
            self._only_said = True
        super().mark()

    def add(self, client: Client) -> None:
        """Show a client what there is from the next tick on."""
        if self.is_empty:
            self._told = self._feed.here()
        self._by_pipe[pipe_of(client)] = client
        self._put(client)

    def _put(self, client: Client) -> None:
        self.clients.add(client)
        self._fanouts.setdefault(client.view, Fanout(self._freed)).add(pipe_of(client))

    def _freed(self) -> None:
        """Go on where a page is free again that is owed something."""
        if self._arrears:
            self.mark_said()

    def hear(self, client: Client, place: Place | None) -> None:
        """Tell a page what was said to everyone since a place, or, without one, all of it.

        Where it is not free that waits for it, and nothing is queued.
        """
        pipe = pipe_of(client)
        if pipe.is_free:
            pipe.event(text_frame(self._feed.heard(client.view, place)))
        else:
            self._arrears.owe(client, place or BEGINNING)

    def welcome(self, client: Client) -> None:
        """Show a client the state as of this moment."""
        frame = text_frame(self._encode("state", client.view))
        cast(Connection, client.connection).show(frame, whole=True)

    def remove(self, client: Client) -> None:
        """Forget a client, if it is one of these."""
        self._by_pipe.pop(pipe_of(client), None)
        self._arrears.forget(client)
        self._moved.pop(pipe_of(client).write, None)
        self._take_out(client)

    def _take_out(self, client: Client) -> None:
        self.clients.discard(client)
        self._need_state.discard(client)
        if client.view in self._fanouts:
            self._fanouts[client.view].remove(pipe_of(client))

    def move(self, client: Client, view: str, *, needs_state: bool) -> None:
        """Show a client another view from now on, and with `needs_state` first a whole state."""
        is_here = client in self.clients
        if is_here:
            self._moved[pipe_of(client).write] = client
        self._take_out(client)
        client.view = view
        if is_here and needs_state:
            self.clients.add(client)
            self._need_state.add(client)
        elif is_here:
            self._put(client)

    def turns(self) -> Iterator[None]:
        """Write what is new to each client, those who need it a whole state."""
        told, self._told = self._told, self._feed.here()
        self._must_end = is_said = self._feed.is_new(told)
        try:
            if self._arrears:
                yield from self._arrears.pay(told)
            yield from self._show(told if is_said else None)
            if self._arrears:
                yield from self._arrears.pay_direct(self._told)
        except Exception:
            self._told = told  # told twice is better than not at all
            raise
        if self._arrears.can_be_paid:
            self.mark_said()

    def _show(self, told: Place | None) -> Iterator[None]:
        """Show what is new, and with it what was said since, if anything was."""
        kind: Kind | None = None if self._only_said else "tally"
        if self._state_changed:
            kind = "state"
        self._state_changed = self._only_said = False
        frames = _Frames(self._encode)
        if told is not None:
            for person in self._feed.addressed(told):
                for client in self._pages_of(person):
                    if client in self.clients:
                        self._arrears.owe_direct(client, told)
        self._moved.clear()
        shows, owing = [], self._arrears.pipes
        for view, fanout in self._fanouts.items():
            said = self._feed.wall(view, told, self._told) if fanout and told else None
            if fanout and (kind or said):
                frame = frames[kind, view] if kind else b""
                if said:
                    frame += text_frame(said)
                since = told if said else None
                keep = partial(self._keep, kind, view, frames, since)
                shows.append(fanout.show(frame, keep, owing, partial(self._lose, since)))
        for place, client in enumerate(list(self._need_state), 1):
            if client in self._need_state:  # it may have left, or moved on, in another's turn
                pipe_of(client).snapshot(frames["state", client.view], whole=True)
                self._need_state.discard(client)
                self._put(client)
                if told is not None:
                    self._arrears.owe(client, told)
            if place % SLICE == 0:
                yield
        for slices in shows:
            yield from slices

    def _keep(
        self, kind: Kind | None, view: str, frames: _Frames, told: Place | None, pipe: Pipe
    ) -> None:
        """Keep for a slow client what it was not shown: the newest, and from where it goes on."""
        if kind is not None:
            # One that is owed a state gets a newer state.
            kept: Kind = "state" if pipe.owes_state else kind
            pipe.snapshot(frames[kept, view], whole=kept == "state")
        if told is not None and pipe in self._by_pipe:
            self._arrears.owe(self._by_pipe[pipe], told)

    def _lose(self, told: Place | None, write: Write) -> None:
        """Owe what was said to who went over to another view before its turn in this one."""
        if told is not None and write in self._moved:
            self._arrears.owe(self._moved[write], told)


class _Frames(dict[tuple[Kind, str], bytes]):
    """The frames of one tick, each encoded when it is first asked for."""

    def __init__(self, encode: Encode) -> None:
        self._encode = encode

    def __missing__(self, key: tuple[Kind, str]) -> bytes:
        frame = self[key] = text_frame(self._encode(*key))
        return frame
