"""What may happen to a room, as hypothesis draws it: polls, ballots, commands, talk, of few names.

Few, so that they meet: a voter changes, an id comes again, an edit hits the round on stage.
"""

from __future__ import annotations

from typing import Any, get_args

import msgspec
from hypothesis import strategies as st

from tests.folding import ADA, BOB, CYD, Room
from voting.records import (
    Ballot,
    Body,
    Claim,
    Close,
    Command,
    Compare,
    Edit,
    Extend,
    Issue,
    Open,
    Poll,
    Record,
    Rehearse,
    Remove,
    Reopen,
    Reset,
    Restore,
    Results,
    Rule,
    Seal,
    Show,
    Stage,
)
from voting.speech import (
    MAX_KEYS,
    Attend,
    Clear,
    Hide,
    Moderation,
    Mute,
    Say,
    Slow,
    Spoken,
    Spotlight,
    Talk,
    TalkState,
    message_id,
    person_of,
)
from voting.state import State

VOTERS = ("v", "w")
BALLOTS = tuple(f"b{n}" for n in range(40))
POLLS = ("a", "b", "c")

polls = st.builds(
    Poll,
    id=st.sampled_from(POLLS),
    question=st.sampled_from(["Who?", "Who else?"]),
    candidates=st.sampled_from([(ADA, BOB, CYD), (ADA, BOB), (CYD, ADA)]),
    rule=st.sampled_from(get_args(Rule)),
    changes=st.sampled_from([True, True, False]),
    max_choices=st.sampled_from([2, 1]),
    taps_per_second=st.just(1_000_000),
    results=st.sampled_from(get_args(Results)),
    max_ballots=st.sampled_from([4, 2]),
)
listings = st.lists(polls, min_size=1, max_size=3, unique_by=lambda poll: poll.id)
choices = st.sampled_from(
    [("ada",), ("ada",), ("cyd",), ("bob",), ("zoe",), ("ada", "cyd"), ("ada", "ada"), ()]
)
ballots = st.builds(
    Ballot, st.sampled_from(VOTERS), st.sampled_from(BALLOTS), st.integers(0, 4), choices
)

CODES = tuple(f"c{n}" for n in range(6))
several = st.lists(st.sampled_from(CODES), max_size=3).map(tuple)
# For good, or for a rehearsal that is on, or was.
issues = st.builds(Issue, several, st.sampled_from([0, 0, -1, -2]))
claims = st.builds(Claim, st.sampled_from(CODES), st.sampled_from([*VOTERS, "x", "y"]))

stages = st.integers(0, 4)
versions = st.integers(0, 40)
names = st.sampled_from([*POLLS, "gone", ""])
durations = st.none() | st.integers(1, 5)
PARTS: dict[type[Command], tuple[st.SearchStrategy[Any], ...]] = {
    Open: (names, durations),
    Close: (stages,),
    Reopen: (),
    Extend: (durations,),
    Reset: (durations, stages),
    Restore: (stages, stages),
    Stage: (names, stages),
    Show: (stages, st.sampled_from(get_args(Results))),
    Compare: (stages,),
    Edit: (polls, versions, st.none() | st.booleans(), stages),
    Remove: (names, versions, st.booleans()),
    Rehearse: (durations.map(lambda seconds: seconds or 60),),
}
commands = st.one_of([st.builds(kind, stages, versions, *rest) for kind, rest in PARTS.items()])


def aimed(ballot: Ballot, state: State) -> Ballot:
    """Let a ballot be for the round on stage."""
    return msgspec.structs.replace(ballot, round=state.stage)


def informed(command: Command, state: State) -> Command:
    """Let a command come from an admin who has seen everything."""
    changed: dict[str, Any] = {"round": state.stage, "version": state.version}
    if isinstance(command, Edit | Remove):
        poll = command.poll if isinstance(command, Remove) else command.poll.id
        changed["seen"] = state.defined.get(poll, 0)
    return msgspec.structs.replace(command, **changed)


# "" is the stage; few keys, so that most come again, and more than are known by themselves.
speakers = st.sampled_from([*VOTERS, "x", ""])
keys = st.sampled_from([f"k{n}" for n in range(2 * MAX_KEYS)])
people = st.builds(person_of, speakers) | st.just("nobody")
messages = st.builds(message_id, speakers, keys)
switches = st.sampled_from([True, True, False])
says = st.builds(
    Say,
    voter=speakers,
    key=keys,
    text=st.sampled_from(["Hello", "你好", "one\ntwo"]),
    to=st.just("") | people,
    said=st.sampled_from([False] * 5 + [True]),
).filter(lambda say: not say.said or say.to != person_of(say.voter))  # which never was said
moderations: st.SearchStrategy[Moderation] = st.one_of(
    st.builds(
        Talk, st.sampled_from([None, "open", "open", *get_args(TalkState)]), st.none() | switches
    ),
    st.builds(Slow, st.sampled_from([0, 0, 1])),
    st.builds(Hide, messages, switches),
    st.builds(Mute, people, switches),
    st.builds(Clear, versions),
    st.builds(Spotlight, messages | st.just("")),
)
attendances = st.builds(Attend, people, st.none() | switches, st.none() | switches)
talk: st.SearchStrategy[Spoken] = st.one_of(says, says, says, says, moderations, attendances)

moves: st.SearchStrategy[Body] = st.one_of(
    ballots, ballots, ballots, commands, issues, claims, talk
)
steps = st.tuples(
    st.none() | moves,
    st.integers(0, 4).map(bool),
    st.sampled_from([0, 1, 1, 700, 2_000]),
)


def stream(listing: list[Poll], taken: list[tuple[Body | None, bool, int]]) -> list[Record]:
    """Return a room's records; a step is a body or a seal, who knows the room, and a pause."""
    room = Room(*listing)
    for body, knows, pause in taken:
        seen: Body = Seal(room.state.chain.hex()) if body is None else body
        if knows and isinstance(seen, Ballot):
            seen = aimed(seen, room.state)
        elif knows and isinstance(seen, Command):
            seen = informed(seen, room.state)
        room.record(seen, at=room.state.at + pause)
    return room.records


streams = st.builds(stream, listings, st.lists(steps, min_size=10, max_size=60))
"""Records with times, as a journal may hold them."""


def conversation(spoken: list[tuple[Spoken, int]]) -> list[Record]:
    """Return the records of a room that talks and does nothing else; a step has a pause."""
    room = Room(open=False)
    room.record(Talk("open", direct=True))
    for body, pause in spoken:
        room.record(body, at=room.state.at + pause)
    return room.records


talk_steps = st.tuples(talk, st.sampled_from([0, 1, 700]))
conversations = st.builds(conversation, st.lists(talk_steps, min_size=10, max_size=80))
"""The same, of talk alone."""
