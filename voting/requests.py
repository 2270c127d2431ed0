"""The head of an HTTP request, read quickly and without mercy.

Owns what a header may look like (RFC 9112, section 5). Never guesses: what two programs could read
in two ways is refused. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

HEAD_BYTES = 65_536
"""All headers together: who sends slowly holds no more than this of our memory."""

MOST_HEADERS = 100

# No space before the colon, no folded lines, nothing that ends a line for somebody else: a line
# feed alone, either.
HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\0\r\n]*)\r\n")

# Nothing but ASCII that can be seen: a byte beyond it has as many meanings as there are readers.
LINE = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+ [!-~]+ HTTP/1\.[01]\r\n")

LENGTH = re.compile(r"[0-9]{1,18}")

ONCE = frozenset({"host", "content-length", "transfer-encoding"})


class BadHead(ValueError):
    """A request whose headers are not HTTP's; it is answered 400."""


def check_line(line: str) -> None:
    """See that the first line of a request is one, as it came.

    Raises:
        BadHead: it is not.
    """
    if not LINE.fullmatch(line):
        raise BadHead("expected a method, an address in ASCII, and HTTP/1.0 or HTTP/1.1")


class Lines(Protocol):
    """What a head is read from."""

    def readline(self, size: int, /) -> bytes:
        """Return the next line with its end, cut at `size`, or b"" when there is no more."""


class Head:
    """Headers in the form that gevent's WSGIHandler asks for; Python's own parser of mail takes
    three times as long, which an arrival would feel seven times.

    Raises:
        BadHead: they cannot be read in one way only.
    """

    status = ""

    def __init__(self, lines: Lines, _seekable: int = 0) -> None:
        self._read: list[tuple[str, str]] = []
        self._values: dict[str, str] = {}
        left = HEAD_BYTES
        while (line := lines.readline(left)) != b"\r\n":
            left -= len(line)
            found = HEADER.fullmatch(line.decode("latin-1"))
            if found is None or len(self._read) == MOST_HEADERS:
                raise BadHead("expected at most 100 headers, each a name, a colon and a value")
            name, value = found.groups()
            key, value = name.lower(), value.strip(" \t")
            if key in ONCE and key in self._values:
                raise BadHead(f"expected one {name}")
            if key == "content-length" and not LENGTH.fullmatch(value):
                raise BadHead("expected a length in digits")
            self._read.append((name, value))
            self._values.setdefault(key, value)

    @property
    def headers(self) -> Iterator[str]:
        """Yield the headers as they came, a line each."""
        return (f"{name}: {value}" for name, value in self._read)

    @property
    def typeheader(self) -> str | None:
        """What the body is."""
        return self._values.get("content-type")

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the first value of a header."""
        return self._values.get(name.lower(), default)

    getheader = get

    def __delitem__(self, name: str) -> None:
        del self._values[name.lower()]
