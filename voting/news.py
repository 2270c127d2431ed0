"""What there is to tell a page without a socket, and whether that is new to it.

Owns what a socket would have sent since a token was given. Sends nothing.
"""

from __future__ import annotations

from typing import NamedTuple

from voting import protocol, views
from voting.client import Client
from voting.doorway import Doorway
from voting.engine import Engine
from voting.live import snapshot
from voting.protocol import View
from voting.tokens import Seen, digest
from voting.turnout import Turnout

NOTHING = "-"


class _Now(NamedTuple):
    """What one view is shown of a moment, which `of` names, and its digests."""

    of: tuple[object, ...]
    still: str
    numbers: str
    tally: bytes


class News:
    """The room's news, for one page at a time; what pages of one view share is made once."""

    def __init__(self, engine: Engine, turnout: Turnout, doorway: Doorway) -> None:
        self._engine = engine
        self._turnout = turnout
        self._doorway = doorway
        self._shown: dict[View, _Now] = {}

    def since(self, seen: Seen | None, client: Client, view: View) -> tuple[list[bytes], Seen]:
        """Return the messages that are new to a client's page, and what it has seen then.

        Without `seen` everything is. To a page that was told more by a server that is ahead of this
        one, nothing is.
        """
        state = self._engine.state
        now = self._now(view)
        you = b""
        if client.voter is not None:
            you = protocol.encode(views.you(state, client.voter, client.name))
        line = seen.line if seen else NOTHING
        own = digest(you) if you else NOTHING
        after = Seen(line, state.epoch, state.version, now.still, now.numbers, own)
        if seen is not None and seen.is_ahead_of(after):
            return [], seen
        messages = [you] if you and (seen is None or seen.own != own) else []
        if seen is None or (seen.epoch, seen.still) != (state.epoch, now.still):
            whole = snapshot(self._engine, view, self._turnout, self._doorway)
            messages.append(protocol.encode(whole))
        elif seen.numbers != now.numbers:
            messages.append(now.tally)
        return messages, after

    def _now(self, view: View) -> _Now:
        state, is_voter = self._engine.state, view in ("waiting", "voted")
        join = None if is_voter else self._doorway.url
        recording = self._engine.recording
        numbers = (self._turnout.online, self._turnout.room)
        of = (state.epoch, state.version, recording, join, *numbers)
        shown = self._shown.get(view)
        if shown is None or shown.of != of:
            tally = views.tally(state, view, self._turnout)
            # All but the numbers: what makes a `state` of what would else be a `tally`.
            still = (state.steered, state.stage, recording, tally.counts is None, join, is_voter)
            encoded = protocol.encode(tally)
            shown = _Now(of, digest(repr(still).encode()), digest(encoded), encoded)
            self._shown[view] = shown
        return shown
