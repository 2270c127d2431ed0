"""A page that many get alike but for a few places: written once, and the places filled for each.

Owns the written pages and the marks in them. Never decides who gets a page alike: it is told.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

from markupsafe import Markup, escape

Words = Mapping[str, Markup]
"""What stands in each place, as HTML."""


class Stencil:
    """A page for many readers.

    Before a vote begins a whole room arrives at the same page: only the first has to wait until it
    is written.

    Args:
        places: what differs between two readers, by name.
    """

    def __init__(self, *places: str) -> None:
        # Nobody can guess the marks, so nothing that a person has written can be one.
        mark = secrets.token_hex(8)
        self._marks = {place: escape(f"{mark}-{place}-") for place in places}
        self._seen: object = None
        self._written: dict[object, str] = {}

    def fill(self, seen: object, kind: object, write: Callable[[Words], str], words: Words) -> str:
        """Return a page with its places filled.

        Args:
            seen: what all readers see now; when it has changed, pages are written anew.
            kind: tells the pages apart that are written for the same.
            write: writes a page with certain words in its places.
            words: this reader's words.
        """
        if seen != self._seen:
            self._seen, self._written = seen, {}
        if kind not in self._written:
            self._written[kind] = write(self._marks)
        page = self._written[kind]
        for place, mark in self._marks.items():
            page = page.replace(mark, words[place])
        return page
