"""What a page without a socket has been told already, as the token that it sends along.

Owns the token's form, and how it is told whether there is something new. Pure.

A token names contents, not places in a queue: whatever process answers the next question compares
them with what it would say now. So nothing is kept for a page between two questions, an answer that
was lost on the way is given again, and a page may be answered by another server each time.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

MAX_TOKEN = 200

_FIELD = r"([A-Za-z0-9_-]{1,40})"
_TOKEN = re.compile(rf"{_FIELD}\.{_FIELD}\.([0-9]{{1,16}})\.{_FIELD}\.{_FIELD}\.{_FIELD}")


class Seen(NamedTuple):
    """What a page has been told.

    `line` is a name for that page's questions; it begins with the node's that the page is here
    with. `epoch` and `version` are those of the state; `still` names what was told of it beside the
    numbers, `numbers` those, `own` the `you`; each a digest, or "-" for nothing.
    """

    line: str
    epoch: str
    version: int
    still: str
    numbers: str
    own: str

    def token(self) -> str:
        """Return this as the text that a page sends along with its next question."""
        return ".".join(map(str, self))

    def is_ahead_of(self, now: Seen) -> bool:
        """Say whether the page has been told more than there is here, by a server that is ahead."""
        return self.epoch == now.epoch and self.version > now.version


def read(token: str) -> Seen | None:
    """Read a token; None if it is none of ours."""
    found = _TOKEN.fullmatch(token) if len(token) <= MAX_TOKEN else None
    if found is None:
        return None
    line, epoch, version, still, numbers, own = found.groups()
    return Seen(line, epoch, int(version), still, numbers, own)


def digest(content: bytes) -> str:
    """Name a content: 12 characters of BLAKE2b."""
    return hashlib.blake2b(content, digest_size=6).hexdigest()
