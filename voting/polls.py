"""A poll as people write it, in config.toml or on the admin's page, checked and given its ids.

Owns what a poll's text may be. Where it came from, and what an error looks like there, is the
caller's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from voting.records import Candidate, Poll, Results, Rule
from voting.tables import Bad, Switch, table

MAX_CANDIDATES = 100
MAX_COUNTDOWN_SECONDS = 86_400
MAX_BALLOTS: dict[Rule, int] = {"single": 1_000, "approval": 1_000, "taps": 10_000}
"""Ballots of one voter in a round, unless the poll says otherwise. Each costs a record."""

Ident = Annotated[
    str,
    Meta(
        pattern=r"\A[a-z0-9_-]{1,12}\Z",
        description="1 to 12 of the characters a-z, 0-9, - and _",
    ),
]
Name = Annotated[str, Meta(min_length=1, max_length=80, description="a text of 1 to 80 characters")]
Question = Annotated[
    str, Meta(min_length=1, max_length=200, description="a text of 1 to 200 characters")
]
Countdown = Annotated[
    int,
    Meta(ge=1, le=MAX_COUNTDOWN_SECONDS, description="a whole number of seconds from 1 to 86400"),
]


class PollText(msgspec.Struct, frozen=True):
    """A poll as it is written, before its candidates have ids."""

    question: Question
    candidates: Annotated[
        list[Any], Meta(description='a list of names, like ["Ada Lovelace", "Grace Hopper"]')
    ]
    id: Ident | None = None
    rule: Annotated[Rule, Meta(description='"single", "approval" or "taps"')] = "single"
    changes: Switch = True
    max_choices: (
        Annotated[int, Meta(ge=1, le=MAX_CANDIDATES, description="a whole number from 1 to 100")]
        | None
    ) = None
    taps_per_second: Annotated[
        int, Meta(ge=1, le=50, description="a whole number from 1 to 50")
    ] = 10
    results: Annotated[Results, Meta(description='"live", "after_vote" or "hidden"')] = "live"
    countdown: Countdown | None = None
    max_ballots: (
        Annotated[int, Meta(ge=1, le=10_000_000, description="a whole number from 1 to 10000000")]
        | None
    ) = None


class Made(msgspec.Struct, frozen=True):
    """Ids that no text says: polls', and candidates', each beside its poll's."""

    polls: frozenset[str] = frozenset()
    candidates: frozenset[tuple[str, str]] = frozenset()


class _CandidateText(msgspec.Struct, frozen=True):
    name: Name
    id: Ident | None = None


def read_poll(tree: object, where: str, *, id: str, taken: Iterable[str] = ()) -> Poll:
    """Read a poll's text; `id` is its own unless the text has one.

    A candidate without an id gets one from its name, none of `taken`: an id that once was another
    candidate's must not come back as somebody else.

    Raises:
        Bad: something in it cannot be taken.
    """
    text = table(PollText, tree, where)
    _plain(text.question, f"{where}.question")
    candidates = with_ids(_candidates(text.candidates, f"{where}.candidates"), taken)
    if text.max_choices is not None and text.rule != "approval":
        raise Bad(f"{where}.max_choices", text.max_choices, 'rule = "approval" beside it')
    most = text.max_choices or len(candidates)
    if text.rule == "approval" and most > len(candidates):
        said = f"at most the number of candidates, {len(candidates)}"
        raise Bad(f"{where}.max_choices", most, said)
    return Poll(
        id=text.id or id,
        question=text.question.strip(),
        candidates=candidates,
        rule=text.rule,
        changes=text.changes,
        max_choices=most if text.rule == "approval" else 1,
        taps_per_second=text.taps_per_second,
        results=text.results,
        countdown=text.countdown,
        max_ballots=text.max_ballots or MAX_BALLOTS[text.rule],
    )


def with_ids(candidates: Iterable[Candidate], taken: Iterable[str]) -> tuple[Candidate, ...]:
    """Give an id, none of `taken`, to each candidate whose id is empty."""
    given = list(candidates)
    spent = {*taken, *(candidate.id for candidate in given)}
    found: list[Candidate] = []
    for candidate in given:
        ident = candidate.id or _ident(candidate.name, spent)
        spent.add(ident)
        found.append(Candidate(ident, candidate.name))
    return tuple(found)


def made_in(trees: Sequence[Any], polls: Sequence[Poll]) -> Made:
    """Return which ids of these polls `read_poll` made; `trees` are what it read."""
    pairs = list(zip(trees, polls, strict=True))
    return Made(
        polls=frozenset(poll.id for tree, poll in pairs if "id" not in tree),
        candidates=frozenset(
            (poll.id, candidate.id)
            for tree, poll in pairs
            for said, candidate in zip(tree["candidates"], poll.candidates, strict=True)
            if isinstance(said, str) or "id" not in said
        ),
    )


def _candidates(trees: list[Any], where: str) -> list[Candidate]:
    if not 1 <= len(trees) <= MAX_CANDIDATES:
        raise Bad(where, trees, f"1 to {MAX_CANDIDATES} candidates")
    found: list[Candidate] = []
    for number, tree in enumerate(trees, 1):
        here = f"{where} #{number}"  # as people count
        candidate = _candidate(tree, here)
        if candidate.name.casefold() in [c.name.casefold() for c in found]:
            raise Bad(here, candidate.name, "a name that no other has")
        if candidate.id and candidate.id in [c.id for c in found]:
            raise Bad(f"{here}.id", candidate.id, "an id that no other has")
        found.append(candidate)
    return found


def _candidate(tree: object, where: str) -> Candidate:
    tree = {"name": tree} if isinstance(tree, str) else tree
    if not isinstance(tree, dict):
        raise Bad(where, tree, "a name in quotes")
    found = table(_CandidateText, tree, where)
    _plain(found.name, where)
    return Candidate(found.id or "", " ".join(found.name.split()))


def _plain(text: str, where: str) -> None:
    if not text.strip() or any(unicodedata.category(c) in ("Cc", "Cs") for c in text):
        raise Bad(where, text, "a text without control characters that is not blank")


def _ident(name: str, taken: set[str]) -> str:
    """Make a candidate's id from its name, or from its place where the name has no Latin."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", ascii_name)
    stem = "-".join(words)[:12].strip("-") or "c"
    ident, n = stem, 1
    while ident in taken or ident == "c":
        ident, n = f"{stem[:9].rstrip('-')}{n}", n + 1
    return ident
