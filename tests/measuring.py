"""What a page looks like, in numbers and in axe's words.

Owns how the scripts of `measure/` and axe-core get into a page. Never opens one.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.serving import ROOT
from voting.joined import join_script

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
MEASURE = ROOT / "tests" / "measure"

MOST_TOLD = 8

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
RUN_AXE = """rules => axe.run(document, {
    runOnly: rules,
    resultTypes: ["violations"],
    rules: { "target-size": { enabled: true } },
}).then((found) => found.violations.flatMap(({ id, nodes }) => nodes.map((node) => ({
    id, target: node.target.join(" "), why: [...node.any, ...node.all, ...node.none]
        .map((check) => check.message).join(" "),
}))))"""


@cache
def scripts() -> str:
    """Return what a page needs to be measured; without axe-core there is nothing to test."""
    if not AXE.exists():
        pytest.skip("axe-core is missing; with internet: python3 start.py setup --dev")
    sources = {file.name: file.read_text(encoding="utf-8") for file in MEASURE.glob("*.js")}
    measure = join_script("index.js", sources)
    return AXE.read_text(encoding="utf-8") + f"\n{{\n{measure}\n}}"


def ready(page: Page) -> Page:
    """Bring the scripts into a page; its content policy holds none that come from outside."""
    if not page.evaluate("typeof measure === 'object'"):
        page.evaluate(scripts())
    return page


def breaches(page: Page) -> list[str]:
    """Return what axe finds on a page as it is now."""
    found: list[dict[str, Any]] = ready(page).evaluate(RUN_AXE, RULES)
    return ["axe: {id} at {target}: {why}".format(**one) for one in found]


def faint(page: Page, text: float, shape: float = 3, within: str = "body") -> list[str]:
    """Return the words and shapes inside of an element with less contrast than asked for."""
    ready(page)
    words = page.evaluate("([least, within]) => measure.faintTexts(least, within)", [text, within])
    shapes = page.evaluate(
        "([least, within]) => measure.faintShapes(least, within)", [shape, within]
    )
    return [f"faint: {one}" for one in [*words, *shapes]]


def spilled(page: Page) -> list[str]:
    """Return what is too wide for its place."""
    return [f"spilled: {one}" for one in ready(page).evaluate("measure.spilled()")]


def overlaps(page: Page) -> list[str]:
    """Return the words that lie on other words."""
    return [f"overlaps: {one}" for one in ready(page).evaluate("measure.overlaps()")]


def drawn_sizes(page: Page, selector: str, but: str = "template") -> dict[str, float]:
    """Return the words in a selector's elements, but for some, with their sizes as drawn (px)."""
    asked = "([selector, but]) => measure.drawnSizes(selector, but)"
    sizes = ready(page).evaluate(asked, [selector, but])
    return {one["words"]: one["size"] for one in sizes}


def cut(page: Page, selector: str) -> list[str]:
    """Return the elements of which not all can be read."""
    return [f"cut: {one}" for one in ready(page).evaluate("s => measure.cut(s)", selector)]


def heights(page: Page, selector: str) -> list[float]:
    """Return how high the visible elements of a selector are."""
    found: list[float] = ready(page).evaluate("s => measure.heights(s)", selector)
    return found


def told(faults: dict[str, list[str]]) -> str:
    """Return what was found, a line each, under the place where it was; of much only the start."""
    return "".join(
        f"\n{place}: {len(found)}\n    " + "\n    ".join(found[:MOST_TOLD])
        for place, found in faults.items()
    )
