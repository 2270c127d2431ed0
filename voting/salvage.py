"""Which counted ballots a journal lacks, when it turns out not to hold what a server has folded.

Owns the comparison of two states. Pure.
"""

from __future__ import annotations

from voting.records import Ballot
from voting.state import Receipt, State


def lacking(held: State, found: State) -> list[Ballot]:
    """Return the ballots that count in one state and are unknown to another, in their order.

    Cast again they count once, in whatever order servers bring them; a countdown that is over by
    then refuses none, where they go before the close. Left out are those of rounds that the other
    state does not know, and those of a voter who has meanwhile chosen anew: the older choice must
    not take the newer one's place.
    """
    missing: list[tuple[int, Ballot]] = []
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
    return [ballot for _, ballot in sorted(missing, key=lambda pair: pair[0])]


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
