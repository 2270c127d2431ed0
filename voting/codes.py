"""One-time codes as people hold them: ten letters and digits in two groups, like K7Q4M-X2P3A.

Owns how a code is made, what a person may type for one, and the digest that stands for it
everywhere else. Keeps none, and never knows who holds one.

A code has 50 random bits, so nobody finds one by trying: with 10,000 of them out and 10,000 tries
a minute, one would be hit in about twenty years. Of its digest 128 bits are kept, far more than
keep two codes apart. What the digest is not: a lock against somebody who has the journal and
computes all 2^50 codes. Whoever has the data folder has the key that signs sessions, too, and needs
no code; the digest keeps codes from a look at the journal, and the journal from being a stack of
cards.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
"""Those of receipts (base32): no sign among them is taken for another."""

GROUP = 5
LONGEST_TYPED = 100

_MISREAD = str.maketrans("018", "OIB")
"""Signs that no code has, and the letters that were meant."""


def make() -> str:
    """Return a new code."""
    letters = "".join(secrets.choice(LETTERS) for _ in range(2 * GROUP))
    return _grouped(letters, GROUP)


def several(number: int) -> list[str]:
    """Return so many new codes, no two alike."""
    made: set[str] = set()
    while len(made) < number:
        made.add(make())
    return list(made)


def read(typed: str) -> str | None:
    """Return the code that somebody meant, or None if it cannot be one."""
    return read_groups(typed, GROUP)


def read_groups(typed: str, size: int) -> str | None:
    """Return the two groups of so many letters that somebody meant, or None.

    Case, spaces and the hyphen do not matter, nor does a phone's full-width keyboard.
    """
    if len(typed) > LONGEST_TYPED:
        return None
    plain = unicodedata.normalize("NFKC", typed).upper().translate(_MISREAD)
    letters = re.sub(r"[\W_]", "", plain)
    return _grouped(letters, size) if re.fullmatch(f"[A-Z2-7]{{{2 * size}}}", letters) else None


def digest(code: str) -> str:
    """Return what stands for a code in the journal."""
    return hashlib.sha256(b"one-time code " + code.encode()).hexdigest()[:32]


def _grouped(letters: str, size: int) -> str:
    return f"{letters[:size]}-{letters[size:]}"
