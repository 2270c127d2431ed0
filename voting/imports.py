"""What the polls of config.toml mean to a journal that knows earlier texts of them. Pure.

Owns which poll, and which candidate, a text without an id stands for. Never reads the file, and
changes nothing itself: it says which records would.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

from msgspec.structs import replace

from voting.polls import Made, with_ids
from voting.records import Arrange, Body, Candidate, Define, Poll, Remove, source_digest
from voting.state import State

ALL_WRITTEN = Made()


def news(state: State, polls: Sequence[Poll], made: Made = ALL_WRITTEN) -> list[Body]:
    """Return the records that bring the list up to the file's polls; none if it is there.

    Ids that are `made` give way to those that the journal knows; all others are meant as written.
    """
    read = dict(zip(_poll_ids(state, polls, made), polls, strict=True))
    # Of the text as it was read, whatever ids its candidates keep: so a file that nobody edited is
    # told as such, even where the admin edited the poll.
    sources = {id: _source(poll, id) for id, poll in read.items()}
    new = [id for id in read if state.sources.get(id) != sources[id]]
    gone = [id for id in state.polls if id in state.sources and id not in read]
    if not new and len(gone) == len(state.polls):
        new = list(read)[:1]  # the admin removed all that the file lists, and one poll has to stay
    found: list[Body] = [Define(_settled(state, id, read[id], made), sources[id]) for id in new]
    found += [
        Remove(state.stage, state.version, id, state.defined[id], unlisted=True) for id in gone
    ]
    listed = dict.fromkeys([*state.polls, *new])
    wanted = tuple(id for id in read if id in listed)
    if wanted != tuple(id for id in listed if id in read):
        found.append(Arrange(wanted))
    return found


def _source(poll: Poll, id: str) -> str:
    return source_digest(replace(poll, id=id))


# Which poll


def _poll_ids(state: State, polls: Sequence[Poll], made: Made) -> list[str]:
    """Return the polls' ids: as written, or of the poll that each one was, or fresh ones.

    It is the poll that had this very text; else one that asked this; else one in this place.
    """
    texts = _newest_texts(state)
    listed = [id for id in state.polls if id in state.sources]
    # Those in the list come first: one that the admin removed must not stand in for its likeness.
    known = list(dict.fromkeys([*listed, *state.sources, *texts]))
    used = {*state.polls, *known}

    def unedited(place: int) -> Iterator[str]:
        return (id for id in known if state.sources.get(id) == _source(polls[place], id))

    def same_question(place: int) -> Iterator[str]:
        asked = polls[place].question
        return (id for id in known if id in texts and texts[id].question == asked)

    def same_place(place: int) -> Iterator[str]:
        id = polls[place].id
        if id in state.sources or id not in used:
            yield id
        yield from listed[place : place + 1]

    def fresh(_: int) -> Iterator[str]:
        return (id for n in count(2) if (id := f"poll-{n}") not in used)

    found = {place: poll.id for place, poll in enumerate(polls) if poll.id not in made.polls}
    for ways in (unedited, same_question, same_place, fresh):
        for place in range(len(polls)):
            free = (id for id in ways(place) if id not in found.values())
            if place not in found and (id := next(free, "")):
                found[place] = id
    # Nobody can tell polls with one text apart, so an order of their own keeps them in place.
    alike: dict[str, list[int]] = {}
    for place, poll in enumerate(polls):
        if poll.id in made.polls:
            alike.setdefault(_source(poll, ""), []).append(place)
    for places in alike.values():
        found |= zip(places, sorted((found[at] for at in places), key=_in_order), strict=True)
    return [found[place] for place in range(len(polls))]


def _in_order(id: str) -> tuple[int, str]:
    return len(id), id  # poll-2 before poll-10


def _newest_texts(state: State) -> dict[str, Poll]:
    """Return the last known text of each poll, but of those in the list that the admin wrote."""
    texts = {round.poll.id: round.poll for round in state.rounds.values()} | state.polls
    return {id: text for id, text in texts.items() if id in state.sources or id not in state.polls}


# Which candidate


def _settled(state: State, id: str, poll: Poll, made: Made) -> Poll:
    """Return a poll under its id, each candidate with the id that its name has had there.

    A name that is new gets an id that nobody has had: beside an earlier round, an id is a person.
    """
    names = _newest_names(state, id)
    ids = {name.casefold(): candidate for candidate, name in reversed(names.items())}
    written = {
        candidate.id
        for candidate in poll.candidates
        if (poll.id, candidate.id) not in made.candidates
    }

    def known(candidate: Candidate) -> Candidate:
        if candidate.id in written:
            return candidate
        kept = ids.get(candidate.name.casefold(), "")
        return Candidate("" if kept in written else kept, candidate.name)

    candidates = with_ids([known(candidate) for candidate in poll.candidates], taken=names)
    return replace(poll, id=id, candidates=candidates)


def _newest_names(state: State, id: str) -> dict[str, str]:
    """Return every candidate's id that a poll has had, newest first, with its last name."""
    texts = [state.polls[id]] if id in state.polls else []
    texts += [round.poll for _, round in sorted(state.rounds.items(), reverse=True)]
    names: dict[str, str] = {}
    for text in texts:
        if text.id == id:
            names |= {c.id: c.name for c in text.candidates if c.id not in names}
    return names
