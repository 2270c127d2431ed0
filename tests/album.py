"""Pictures of pages in all sizes, themes and languages, and the sheet that shows them together.

Owns how a page is opened, how a picture is taken and how it is filed. Never knows what is on it.
"""

from __future__ import annotations

import html
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Page, expect

from tests.house import THEMES, dress
from tests.serving import Server

SIZES = {
    "320×568": (320, 568),
    "360×740": (360, 740),
    "1280×720": (1280, 720),
    "1920×1080": (1920, 1080),
}
PHONES, SCREENS, DESKS = list(SIZES)[:2], list(SIZES)[2:], list(SIZES)[1:3]
LANGUAGES = {"English": "en-GB", "中文": "zh-CN"}

STYLE = """
body { margin: 0 24px 48px; background: #6b6f76; color: #fff; font: 15px/1.4 system-ui; }
a { color: inherit; }
nav ul { columns: 4; padding: 0; list-style: none; }
.shelf { display: flex; flex-wrap: wrap; gap: 12px; }
figure { margin: 0; }
figcaption { font-size: 12px; }
img { display: block; height: 320px; background: #6b6f76; }
"""


class Picture(NamedTuple):
    """One file, and what is on it."""

    page: str
    state: str
    look: str
    file: str


class Camera:
    """Opens pages as they are photographed: each in a browser of its own, and nothing moves."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser

    def open(self, server: Server, path: str, size: str, language: str, **options: Any) -> Page:
        width, height = SIZES[size]
        context = self._browser.new_context(
            viewport={"width": width, "height": height},
            locale=LANGUAGES[language],
            device_scale_factor=2 if size in PHONES else 1,
            has_touch=size in PHONES,
            reduced_motion="reduce",
            **options,
        )
        page = context.new_page()
        page.goto(server.url + path)
        return page


class Album(Camera):
    """Takes pictures into a folder that is emptied first."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        super().__init__(browser)
        self._folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.pictures: list[Picture] = []

    def take(self, page: Page, name: str, state: str, look: str, *, whole: bool = False) -> None:
        """Keep a picture of a page as it is now: what is in sight, or the whole of it."""
        file = f"{len(self.pictures):04}.png"
        with stretched(page) if whole else nullcontext():
            page.screenshot(path=self._folder / file)
        self.pictures.append(Picture(name, state, look, file))

    def write_sheet(self) -> None:
        """Write a page with all pictures: a chapter for each page, a shelf for each state."""
        chapters = []
        contents = []
        by_page = sorted(self.pictures, key=lambda one: one.page)
        for name, found in groupby(by_page, key=lambda one: one.page):
            pictures = list(found)
            contents.append(f'<li><a href="#{slug(name)}">{html.escape(name)}</a></li>')
            chapters.append(f'<h2 id="{slug(name)}">{html.escape(name)}</h2>')
            for state in dict.fromkeys(one.state for one in pictures):
                shelf = "".join(figure(one) for one in pictures if one.state == state)
                chapters.append(f'<h3>{html.escape(state)}</h3><div class="shelf">{shelf}</div>')
        title = f"Show of Hands: {len(self.pictures)} pictures"
        self._folder.joinpath("index.html").write_text(
            f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>"
            f"<style>{STYLE}</style><h1>{title}</h1><nav><ul>{''.join(contents)}</ul></nav>"
            + "\n".join(chapters),
            encoding="utf-8",
        )


@contextmanager
def stretched(page: Page) -> Iterator[None]:
    """Let a page's window be as high as the page: what sticks to its edge is then at the end."""
    size = page.viewport_size
    assert size
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": height})
    yield
    page.set_viewport_size(size)


def figure(one: Picture) -> str:
    words = html.escape(f"{one.page}, {one.state}, {one.look}")
    return (
        f'<figure><a href="{one.file}"><img loading="lazy" src="{one.file}" alt="{words}"></a>'
        f"<figcaption>{html.escape(one.look)}</figcaption></figure>"
    )


def slug(name: str) -> str:
    return "-".join(name.lower().split())


class Cast:
    """One page of a room in several sizes and both languages, seen state by state."""

    def __init__(self, album: Album, name: str, pages: Mapping[tuple[str, str], Page]) -> None:
        self._album, self._name = album, name
        self.pages = pages

    @classmethod
    def enter(
        cls, album: Album, name: str, sizes: Sequence[str], enter: Callable[[str, str], Page]
    ) -> Cast:
        """Let `enter` open a page in each size and language."""
        looks = [(size, language) for size in sizes for language in LANGUAGES]
        return cls(album, name, {look: enter(*look) for look in looks})

    def __iter__(self) -> Iterator[Page]:
        return iter(self.pages.values())

    def take(
        self, state: str, wait: str = "body", *, whole: bool = False, themes: Sequence[str] = THEMES
    ) -> None:
        """Take all pages, in both themes, once each has what is waited for."""
        for (size, language), page in self.pages.items():
            expect(page.locator(wait).first).to_be_attached()
            for theme in themes:
                dress(page, theme)
                look = f"{size} {theme} {language}"
                self._album.take(page, self._name, state, look, whole=whole)
