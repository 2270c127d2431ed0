"""A third language is one catalogue file, whatever its direction, its plurals and its length."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po
from playwright.sync_api import Page, expect

from tests import measuring
from tests.house import House, forgive_refusals, room
from tests.serving import ROOT, Server
from tests.windows import Window

pytestmark = pytest.mark.browser

PARTS = ("voting", "rehearsal", "templates", "static", "translations")
KEPT = re.compile(r"(%\(\w+\)[sd]|%%|%[sd]|\{\w+\}|&\w+;|<[^>]+>)")
LETTERS = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ابتثجحخدذرزسشصضطظعغفقكلمنه")
LONGER = 0.4
ARABIC_FORMS = 6
PATIENCE_MS = 15_000

# Words that are the same in every language: names, addresses, formats, codes.
SAME = re.compile(
    r"Vera|English|简体中文|Highcharts\.com|CSV|JSON|PNG|SVG|QR|\bESC\b|VPN|Wi-Fi|config\.toml|python3.*"
    r"|https?://\S+|[\w.]+:\d+|[A-Z2-7]{4}-[A-Z2-7]{4}|--\w+|\b[A-Z]{1,2}\b|AAAA"
)
LATIN = re.compile(r"[A-Za-z]{2,}")


def pretend(text: str, form: str = "") -> str:
    """Return a sentence as another language might have it: other letters, two fifths longer."""
    parts = KEPT.split(text)
    said = "".join(
        part if place % 2 else part.lower().translate(LETTERS) for place, part in enumerate(parts)
    )
    bare = said.strip()
    longer = bare + " ءوءو" * round(len(bare) * LONGER / 5)
    return said.replace(bare, form + longer) if bare else said


def write_arabic(folder: Path) -> None:
    """Write a catalogue of every sentence there is, as the Chinese one lists them."""
    with (folder / "zh_Hans.po").open("rb") as file:
        known = read_po(file, locale="zh_Hans")
    catalogue = Catalog(locale="ar")
    for message in known:
        if message.id:
            catalogue.add(message.id, translated(message), flags=message.flags)
    with (folder / "ar.po").open("wb") as file:
        write_po(file, catalogue)


def translated(message: Message) -> str | tuple[str, ...]:
    if message.id == "English":
        return "العربية"
    if isinstance(message.id, str):
        return pretend(message.id)
    return tuple(pretend(message.id[1], f"«{form}» ") for form in range(ARABIC_FORMS))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the program with one file more."""
    root = tmp_path / "program"
    for part in PARTS:
        shutil.copytree(ROOT / part, root / part)
    shutil.copy(ROOT / "dashboard.py", root)
    write_arabic(root / "translations")
    return root


def english_left(page: Page) -> list[str]:
    """Return the words on a page that nobody has translated."""
    said = page.locator("body").inner_text()
    labels = page.locator("body *").evaluate_all(
        "all => all.flatMap((one) => [one.ariaLabel, one.getAttribute('alt'), one.title])"
        ".filter(Boolean)"
    )
    return sorted(set(LATIN.findall(SAME.sub("", "\n".join([said, *labels])))))


@pytest.mark.skipif(not os.environ.get("TEST_ALL"), reason="looks at every page; make test-all")
def test_a_language_from_right_to_left_is_one_more_file(
    serve: Callable[..., Server], windows: Callable[[Server], Window], tree: Path
) -> None:
    """Every page turns around, keeps to its window, says nothing in English, and counts its way."""
    server = serve(
        room(("من؟", ["محمد بن موسى الخوارزمي", "١٢٣", "٤٥٦"]), ("ماذا؟", ["١", "٢"])), root=tree
    )
    window = windows(server)
    house = House(window, server, ["ar"], size=1)
    left: dict[str, list[str]] = {}

    def inspect(state: str, every: str) -> None:
        house.inspect(state, every=every)
        for kind, (page,) in house.pages.items():
            expect(page.locator("html")).to_have_attribute("dir", "rtl")
            if words := english_left(page):
                left[f"{kind} {state}"] = words

    inspect("not begun", "body[data-round=none]")
    house.steward.steer("open", poll="first")
    house.steward.fill([3, 1])
    inspect("busy", "[data-count]:text-is('3')")
    # Five phones are "few" in Arabic, which is the fourth of its forms.
    health = house.pages["admin"][0].locator("#health-line")
    expect(health).to_contain_text("«3»", timeout=PATIENCE_MS)
    round = house.steward.look()["round"]["id"]
    house.steward.steer("show", target=round, results="hidden")
    house.steward.steer("close")
    inspect("hidden", "body[data-round=closed]")
    house.steward.steer("show", target=round, results="live")
    house.steward.steer("open", poll="first")
    house.steward.fill([1])
    house.inspect_beside(moments=1)
    forgive_refusals(window)
    assert not left | house.faults, measuring.told(left | house.faults)
