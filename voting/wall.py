"""What each view is told of what was said. Pure.

Owns who may read what: a direct message is in no message but its sender's and its receiver's.

What somebody has been told is a place: an epoch, and the version of its state then. Nothing else is
kept for anybody, however slow; what is new to a place is found by comparing it with the messages
that there are. Too far back, it is told all of them `afresh`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from voting.conversation import Message
from voting.protocol import Direct, MessageView, PersonView, TalkView, View, Wall
from voting.speech import EVERYONE, STAGE
from voting.state import State

NameOf = Callable[[str], str]
"""Returns what a person is called, "" if nobody knows."""


class Place(NamedTuple):
    """Up to where somebody has been told."""

    epoch: str
    version: int


BEGINNING = Place("", 0)
"""The place of whoever has been told nothing."""


def here(state: State) -> Place:
    """Return the place of whoever has been told everything."""
    return Place(state.epoch, state.version)


def read_place(text: str) -> Place | None:
    """Read `<epoch>.<version>`; None if it is none."""
    epoch, _dot, version = text.rpartition(".")
    return Place(epoch, int(version)) if version.isdecimal() and len(version) < 17 else None


def known(state: State, place: Place | None) -> Place | None:
    """Return a place from which something can be told, None where all has to be told afresh."""
    talk = state.talk
    if place is None or place.epoch != state.epoch:
        return None
    if place.version < max(talk.forgotten, talk.renewed):
        return None
    return min(place, here(state))


def is_new(state: State, place: Place) -> bool:
    """Say whether anything was said to anybody since, or hidden."""
    talk = state.talk
    return talk.state != "off" and (
        place.epoch != state.epoch or max(talk.spoken, talk.whispered) > place.version
    )


def is_new_to(state: State, view: View, place: Place) -> bool:
    """Say whether a view's wall is another one since: an admin's has messages to the stage, too."""
    if not is_new(state, place):
        return False
    if place.epoch != state.epoch or state.talk.spoken > place.version:
        return True
    box = state.talk.boxes.get(STAGE)
    if view != "admin" or not box:
        return False
    return box[next(reversed(box))].version > place.version


def talk(state: State, view: View, name_of: NameOf) -> TalkView | msgspec.UnsetType:
    """Return how the room may talk; to all but admins nothing where it may not."""
    known = state.talk
    if view != "admin":
        if known.state == "off":
            return msgspec.UNSET
        muted: tuple[PersonView, ...] | msgspec.UnsetType = msgspec.UNSET
    else:
        muted = tuple(PersonView(person, name_of(person)) for person in known.muted)
    spotlight = _view(known.spotlight, name_of) if known.spotlight else None
    return TalkView(known.state, known.slow, known.direct, spotlight, muted)


def wall(
    state: State,
    view: View,
    place: Place | None,
    name_of: NameOf,
    *,
    until: Place | None = None,
) -> Wall:
    """Return what is new on the wall since a place; without one, all that there is.

    What was said behind the place `until`, if one is given, is left to another time.
    """
    talk = state.talk
    is_admin = view == "admin"
    end = _end(state, until)
    if talk.state == "off" and not is_admin:
        return Wall(*end, 0, state.version, (), afresh=True)
    messages: Iterable[Message] = talk.wall.values()
    if is_admin:
        messages = sorted((*messages, *talk.boxes.get(STAGE, {}).values()), key=lambda m: m.version)
    place = known(state, place)
    since = place.version if place else 0
    afresh = not since
    after = 0 if afresh else max(talk.forgotten, talk.renewed)
    hidden = []
    told = []
    for message in messages:
        if message.version > end.version:
            continue
        # What came before: who holds it, lacks nothing that this goes on behind.
        after = max(after, *(v for v in (message.version, message.changed, 0) if v <= since))
        if afresh or message.version > since or message.changed > since:
            if is_admin or not message.hidden:
                told.append(_view(message, name_of))
            elif message.version <= since:
                hidden.append(message.id)
    first = next((message.version for message in talk.wall.values()), state.version)
    return Wall(*end, after, first, tuple(told), tuple(hidden) if not afresh else (), afresh)


def direct(
    state: State,
    person: str,
    place: Place | None,
    name_of: NameOf,
    *,
    until: Place | None = None,
) -> Direct | None:
    """Return the messages from and to one person that are new since a place, None without any.

    What was said behind the place `until`, if one is given, is left to another time.
    """
    box = state.talk.boxes.get(person)
    if not box or state.talk.state == "off":
        return None
    since = _heard(state, place)
    end = _end(state, until)
    told = tuple(
        _view(said, name_of) for said in box.values() if since < said.version <= end.version
    )
    return Direct(*end, told) if told else None


def addressed(state: State, place: Place) -> set[str]:
    """Return the persons for whom there are direct messages since a place."""
    since = _heard(state, place)
    persons: set[str] = set()
    for message in reversed(state.talk.directs.values()):
        if message.version <= since:
            break
        persons |= {message.author, message.to}
    return persons - {STAGE}


def _heard(state: State, place: Place | None) -> int:
    """Return the version up to which direct messages were told: none while messages were off."""
    if place is None or place.epoch != state.epoch or place.version < state.talk.begun:
        return 0
    return place.version


def _end(state: State, until: Place | None) -> Place:
    """Return up to where is told: in another epoch than the place's, all there is."""
    return until if until and until.epoch == state.epoch else here(state)


def _view(message: Message, name_of: NameOf) -> MessageView:
    is_direct = message.to != EVERYONE
    return MessageView(
        message.id,
        message.version,
        message.at,
        message.author,
        name_of(message.author),
        message.text,
        message.to if is_direct else msgspec.UNSET,
        name_of(message.to) if is_direct else msgspec.UNSET,
        message.hidden,
    )
