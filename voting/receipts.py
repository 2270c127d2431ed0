"""Receipt codes as a public list, and one looked up in it.

Owns the order of the list, which tells nothing of when a vote was cast, and what a person may type
for a code. Names no voter. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from voting.state import Receipt, Round, State

_MISREAD = str.maketrans("018", "OIB")
"""Signs that no code has, and the letters that were meant."""


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
    """Return the code that somebody meant, or None if it cannot be one.

    Case, spaces and the hyphen do not matter, nor does a phone's full-width keyboard.
    """
    if len(typed) > 100:
        return None
    plain = unicodedata.normalize("NFKC", typed).upper().translate(_MISREAD)
    letters = re.sub(r"[\W_]", "", plain)
    if not re.fullmatch(r"[A-Z2-7]{8}", letters):
        return None
    return f"{letters[:4]}-{letters[4:]}"


def find(current: Round, code: str) -> Receipt | None:
    """Return the receipt with a code, if its ballot counts now."""
    return next((receipt for _, receipt in counted(current) if receipt.code == code), None)


def was_replaced(state: State, current: Round, code: str) -> bool:
    """Say whether a code is that of a ballot whose voter has cast a newer one in its place."""
    changed = (v for v, used in current.used.items() if used > len(current.counted[v]))
    return any(
        receipt.code == code
        and receipt.round == current.id
        and receipt not in current.counted[voter]
        for voter in changed
        for receipt in state.receipts[voter].values()
    )
