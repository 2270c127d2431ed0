"""What there is to tell a page without a socket, and whether that is new to it.

Owns what a socket would have sent since a token was given. Sends nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from voting import protocol
from voting.client import Client
from voting.feed import RoomFeed
from voting.people import People
from voting.protocol import View
from voting.scene import Scene
from voting.tokens import Seen, digest
from voting.wall import Place, read_place

NOTHING = "-"


class _Now(NamedTuple):
    """What one view is shown of a moment, which `of` names, and its digests."""

    of: tuple[object, ...]
    still: str
    numbers: str
    tally: bytes


class News:
    """The room's news, for one page at a time; what pages of one view share is made once."""

    def __init__(self, scene: Scene, feed: RoomFeed, people: People) -> None:
        self._scene = scene
        self._feed = feed
        self._people = people
        self._shown: dict[View, _Now] = {}

    def since(
        self,
        seen: Seen | None,
        client: Client,
        view: View,
        heard: str | None = None,
        people: str | None = None,
    ) -> tuple[list[bytes], Seen]:
        """Return the messages that are new to a client's page, and what it has seen then.

        `heard` is what a page wants that asks what was said, as `hear` has it; `people`, of one
        that asks who is here, how far it was told. Without `seen` everything else is new. To a page
        that was told more by a server that is ahead of this one, nothing is.
        """
        state = self._scene.state
        now = self._now(view)
        you = b""
        if client.voter is not None:
            you = protocol.encode(self._scene.you(client.voter, client.name))
        line = seen.line if seen else NOTHING
        own = digest(you) if you else NOTHING
        after = Seen(line, state.epoch, state.version, now.still, now.numbers, own)
        if seen is not None and seen.is_ahead_of(after):
            is_asked = heard is not None
            return [self._feed.heard(view, read_place(heard or ""))] if is_asked else [], seen
        messages = [you] if you and (seen is None or seen.own != own) else []
        if seen is None or (seen.epoch, seen.still) != (state.epoch, now.still):
            messages.append(protocol.encode(self._scene.snapshot(view)))
        elif seen.numbers != now.numbers:
            messages.append(now.tally)
        messages += self._said(seen, client, view, heard)
        return messages + self._who_is_here(client, people), after

    def _said(
        self, seen: Seen | None, client: Client, view: View, heard: str | None
    ) -> list[bytes]:
        """Return what was said; of the wall, to a page that has just come, only what it asks."""
        place = Place(seen.epoch, seen.version) if seen else None
        on_wall = None
        if heard is not None:
            on_wall = self._feed.heard(view, read_place(heard))
        elif place is not None:
            on_wall = self._feed.wall(view, place)
        direct = self._feed.direct(client.person, place) if client.person else None
        return [said for said in (on_wall, direct) if said]

    def _who_is_here(self, client: Client, mark: str | None) -> list[bytes]:
        """Return what is new of the list, to voters and admins."""
        if mark is None or not (client.voter or client.session):
            return []
        told = self._people.message(mark)
        return [protocol.encode(told)] if told else []

    def _now(self, view: View) -> _Now:
        scene, is_voter = self._scene, view in ("waiting", "voted")
        state = scene.state
        join = None if is_voter else scene.join
        of = (state.epoch, state.version, scene.recording, join, scene.online, scene.room)
        shown = self._shown.get(view)
        if shown is None or shown.of != of:
            tally = scene.tally(view)
            # All but the numbers: what makes a `state` of what would else be a `tally`.
            still = (
                state.steered,
                state.talk.steered,
                state.stage,
                scene.recording,
                tally.counts is None,
                join,
                is_voter,
            )
            # What is said makes versions, and no other numbers.
            numbers = protocol.encode(msgspec.structs.replace(tally, version=0))
            shown = _Now(of, digest(repr(still).encode()), digest(numbers), protocol.encode(tally))
            self._shown[view] = shown
        return shown
