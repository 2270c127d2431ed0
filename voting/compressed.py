"""What is sent compressed, and to whom: gzip, which is all that browsers offer over plain HTTP.

Owns how bytes are compressed and who accepts it. Never decides which page may be.
"""

from __future__ import annotations

import gzip

VARY = "Accept-Encoding"

PAGE_LEVEL = 1
"""A page is compressed for one phone: half the time of the usual level, a tenth more bytes."""

FILE_LEVEL = 9
"""A file is compressed once, for all."""


def compress(content: bytes, level: int) -> bytes:
    """Return a gzip member that is the same whenever it is made."""
    return gzip.compress(content, level, mtime=0)


def is_accepted(accept_encoding: str) -> bool:
    """Say whether an Accept-Encoding header (RFC 9110, section 12.5.3) asks for gzip by name."""
    for coding in accept_encoding.split(","):
        name, _, parameters = coding.partition(";")
        if name.strip().lower() in ("gzip", "x-gzip"):
            quality = parameters.replace(" ", "").lower().partition("q=")[2]
            return not quality or quality.strip("0.") != ""
    return False
