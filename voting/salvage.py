"""Which ballots and messages a journal lacks, when it turns out not to hold what a server folded.

Owns the comparison of two states. Pure.
"""

from __future__ import annotations

from voting import talk
from voting.records import Ballot
from voting.state import Receipt, State


def lacking(held: State, found: State) -> list[Ballot | talk.Missing]:
    """Return what counts in one state and is unknown to another, in its order.

    Taken again it counts once, in whatever order servers bring it; a countdown that is over by then
    refuses no ballot, where they go before the close. Left out are ballots of rounds that the other
    state does not know, and those of a voter who has meanwhile chosen anew: the older choice must
    not take the newer one's place. What messages there are, `talk.lacking` says.
    """
    missing: list[tuple[int, Ballot | talk.Missing]] = [*talk.lacking(held.talk, found.talk)]
    for voter, receipts in held.receipts.items():
        known = found.receipts.get(voter, {})
        if len(receipts) == len(known) and receipts.keys() == known.keys():
            continue
        for receipt in receipts.values():
            if receipt.ballot in known or not _know_both(held, found, receipt.round):
                continue
            if not _has_chosen_anew(found, receipt, known, receipts):
                ballot = Ballot(voter, receipt.ballot, receipt.round, receipt.choices, counted=True)
                missing.append((receipt.version, ballot))
    return [body for _, body in sorted(missing, key=lambda pair: pair[0])]


def _know_both(held: State, found: State, round: int) -> bool:
    """Say whether a round's id means the same round in both."""
    here, there = held.rounds.get(round), found.rounds.get(round)
    return here is not None and there is not None and here.opened_at == there.opened_at


def _has_chosen_anew(
    found: State, receipt: Receipt, known: dict[str, Receipt], held: dict[str, Receipt]
) -> bool:
    if found.rounds[receipt.round].poll.rule == "taps":
        return False
    return any(r.round == receipt.round and r.ballot not in held for r in known.values())
