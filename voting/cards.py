"""Codes as cards for paper: one in each voter's hand, to be scanned or typed.

Owns what a card shows, and the plain list of the same codes. Makes no code, and keeps none.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import quote, urlencode

import segno
from markupsafe import Markup

PICTURE_QUALITY = "m"
"""A card is folded, and scanned in the dark: 15 % of its QR code may be unreadable."""


class Card(NamedTuple):
    """A code, the link that brings it along, and the link's QR code as SVG."""

    code: str
    link: str
    picture: Markup


def cards(codes: Iterable[str], url: str) -> Iterator[Card]:
    """Draw the cards of codes, one after the other, for a room at an address."""
    for code in codes:
        link = f"{url}/login?{urlencode({'code': code})}"
        yield Card(code, link, _picture(link))


def plain_list(drawn: Iterable[Card]) -> str:
    """Write codes and links as CSV, for whoever sends them or prints cards of their own."""
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(["code", "link"])
    rows.writerows([card.code, card.link] for card in drawn)
    return written.getvalue()


def as_download(text: str) -> str:
    """Return a CSV text as an address that a browser saves without asking the server again."""
    return "data:text/csv;charset=utf-8," + quote(text)


def spoken(url: str) -> str:
    """Return an address as people type it."""
    return url.removeprefix("http://").removeprefix("https://")


def _picture(link: str) -> Markup:
    code = segno.make(link, micro=False, error=PICTURE_QUALITY)
    svg = code.svg_inline(omitsize=True, light="#fff", svgclass=None, lineclass=None)
    return Markup(svg)  # noqa: S704  # a drawing of ours
