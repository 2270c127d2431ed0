"""What a record does to the room's talk: messages, and how an admin moderates them. Pure.

Owns the rules of what may be said. Never sees who is present: whether a receiver is known at all,
and how fast somebody may write, is decided at the edge.
"""

from __future__ import annotations

from voting.conversation import Conversation, Message, Said, answer_to
from voting.speech import (
    EVERYONE,
    MAX_KEYS,
    STAGE,
    Attend,
    Clear,
    Hide,
    Mute,
    Say,
    Slow,
    Spoken,
    Spotlight,
    Talk,
    message_id,
    person_of,
)
from voting.state import Done, Refusal, State

UNKNOWN = Refusal("not_possible", "no such message on the wall")


def said_of(state: State, say: Say) -> Said | None:
    """Return the answer that a voter's key has got, whatever comes with it now."""
    said = state.talk.said.get(say.voter, {}).get(say.key)
    if said is None and (message := state.talk.find(message_id(say.voter, say.key))):
        said = answer_to(message)
    return said


def judge(state: State, say: Say, at: int) -> Said | Refusal | None:
    """Answer a message that needs no record: said before, or refused as things stand at a time.

    None means that it is good and, once in the journal, will be said.
    """
    said = said_of(state, say)
    if said is not None or say.said:
        return said
    talk = state.talk
    if talk.state == "off" or (talk.state == "closed" and say.voter):
        return Refusal("talk_closed", "nobody may write just now")
    person = person_of(say.voter)
    if person in talk.muted:
        return Refusal("muted", "this voter's messages are not taken")
    if say.to == person:
        return Refusal("unknown_person", "this is you")
    if say.to not in (EVERYONE, STAGE):
        if say.voter and not talk.direct:
            return Refusal("not_allowed", "one voter may not write to another")
        if say.to in talk.gone:
            return Refusal("gone", "this person has left")
    last = talk.last_at(say.voter)
    if say.voter and last is not None and at < last + 1_000 * talk.slow:
        return Refusal("slow_down", f"expected one message in {talk.slow} seconds")
    return None


def has_spoken(state: State, person: str) -> bool:
    """Say whether there is a message of a person, or to it."""
    talk = state.talk
    return person in talk.boxes or any(m.author == person for m in talk.wall.values())


def take(state: State, spoken: Spoken) -> Said | Refusal | Done:
    """Do what a record says, or refuse it and change nothing."""
    talk = state.talk
    match spoken:
        case Say():
            return judge(state, spoken, state.at) or _say(state, spoken)
        case Attend():
            _put(talk.unlisted, spoken.person, spoken.listed)
            _put(talk.gone, spoken.person, spoken.here)
            talk.attended = state.version
            return Done()
        case Hide():
            return _hide(state, spoken)
        case Spotlight(message=id):
            message = talk.wall.get(id)
            if id and (message is None or message.hidden):
                return UNKNOWN
            talk.spotlight = message
        case Clear(version=version):
            talk.clear(version)
            talk.renewed = talk.spoken = state.version
        case Mute(person=person, muted=muted):
            _put(talk.muted, person, not muted)
        case Slow(seconds=seconds):
            talk.slow = seconds
        case Talk():
            was_off = talk.state == "off"
            talk.state = spoken.state or talk.state
            if spoken.direct is not None:
                talk.direct = spoken.direct
            if was_off and talk.state != "off":
                talk.renewed = talk.begun = talk.spoken = state.version
            if spoken.configured:
                talk.configured = (talk.state != "off", talk.direct)
    talk.steered = state.version
    return Done()


def _put(persons: dict[str, None], person: str, is_out: bool | None) -> None:
    """Put a person among others, or take it out; None leaves it where it is."""
    if is_out:
        persons.pop(person, None)
    elif is_out is not None:
        persons[person] = None


def _say(state: State, say: Say) -> Said:
    message = Message(
        message_id(say.voter, say.key),
        state.version,
        state.at,
        say.voter,
        say.key,
        person_of(say.voter),
        say.to,
        say.text,
    )
    state.talk.add(message)
    return answer_to(message)


def _hide(state: State, hide: Hide) -> Done | Refusal:
    talk = state.talk
    message = talk.find(hide.message)
    if message is None or message.to != EVERYONE:
        return UNKNOWN
    if message.hidden != hide.hidden:
        message.hidden, message.changed = hide.hidden, state.version
        talk.shorten()
        talk.spoken = state.version
        if hide.hidden and talk.spotlight is message:
            talk.spotlight = None
            talk.steered = state.version
    return Done()


Missing = Say | Hide | Mute | Attend
"""What is brought back where it was lost."""


def lacking(held: Conversation, found: Conversation) -> list[tuple[int, Missing]]:
    """Return what one conversation has and another lacks, each with its version.

    Messages; that some are hidden, or were cleared away; who is muted, and who wants to stand in no
    list. What nobody was to see any more is not said again.
    """
    missing: list[tuple[int, Missing]] = [
        *((held.steered, Mute(p, muted=True)) for p in held.muted if p not in found.muted),
        *((held.attended, Attend(p, False)) for p in held.unlisted if p not in found.unlisted),
    ]
    for message in (*held.wall.values(), *held.directs.values()):
        known = found.said.get(message.voter, {})
        there = found.find(message.id)
        if message.key in known or there is not None:
            if there is not None and message.hidden and not there.hidden:
                missing.append((message.changed, Hide(message.id, hidden=True)))
        elif not message.hidden and not _has_forgotten(message, known):
            say = Say(message.voter, message.key, message.text, message.to, said=True)
            missing.append((message.version, say))
    for message in found.wall.values():
        is_cleared = held.forgotten < message.version <= held.renewed
        if is_cleared and message.id not in held.wall and not message.hidden:
            missing.append((held.renewed, Hide(message.id, hidden=True)))
    return missing


def _has_forgotten(message: Message, known: dict[str, Said]) -> bool:
    """Say whether there are newer keys only because the message's was given up for them."""
    return len(known) >= MAX_KEYS and message.at <= min(said.at for said in known.values())
