"""Receipt codes as a public list, and one looked up in it.

Owns the order of the list, which tells nothing of when a vote was cast, what became of each code,
and what a person may type for one. Names no voter. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from voting.codes import read_groups
from voting.state import Receipt, Round, State

GROUP = 4
"""Letters before and behind a code's hyphen."""


class Codes(NamedTuple):
    """What became of the codes of one round.

    `by_choice` is the list, `choices` what each code counts for; `replaced` are the codes of
    ballots whose voter has cast a newer one in their place.
    """

    by_choice: dict[str, list[str]]
    choices: dict[str, tuple[str, ...]]
    replaced: frozenset[str]


def counted(current: Round) -> Iterator[tuple[str, Receipt]]:
    """Yield (voter, receipt) of every ballot that counts now."""
    for voter, receipts in current.counted.items():
        for receipt in receipts:
            yield voter, receipt


def codes_by_choice(current: Round) -> dict[str, list[str]]:
    """Return the codes of each candidate, in ballot order and then their own.

    A ballot with several choices is under each of them; one that was changed is under none.
    """
    codes: dict[str, list[str]] = {candidate.id: [] for candidate in current.poll.candidates}
    for _, receipt in counted(current):
        for choice in receipt.choices:
            codes[choice].append(receipt.code)
    for listed in codes.values():
        listed.sort()
    return codes


def read_code(typed: str) -> str | None:
    """Return the code that somebody meant, or None if it cannot be one."""
    return read_groups(typed, GROUP)


def changed(state: State, current: Round) -> list[Receipt]:
    """Return all receipts, of any round, of the voters who have changed their vote in this one."""
    return [
        receipt
        for voter, used in current.used.items()
        if used > len(current.counted[voter])
        for receipt in state.receipts[voter].values()
    ]


def codes_of(current: Round, changed: Iterable[Receipt]) -> Codes:
    """Return what became of the codes of a round; `changed` is what the function says."""
    choices = {receipt.code: receipt.choices for _, receipt in counted(current)}
    gone = (receipt.code for receipt in changed if receipt.round == current.id)
    return Codes(codes_by_choice(current), choices, frozenset(gone) - choices.keys())
