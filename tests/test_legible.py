"""Legible from the back row, and on the smallest phone: sizes as drawn, whatever the names.

One show from question to question, followed by two screens and three phones.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import measuring
from tests.phones import Browser, Phone, phone
from tests.serving import CONFIG, Server, poll_config
from tests.steward import Steward
from tests.talkers import Talker
from tests.windows import LAPTOP, PHONE, PROJECTOR, Window

pytestmark = pytest.mark.browser

SMALL = {"width": 320, "height": 568}
LANDSCAPE = {"width": 568, "height": 320}

QUESTION_PX, NAME_PX, MANY_NAME_PX, NUMBER_PX, LEAST_PX = 48, 32, 24, 40, 20
MESSAGE_PX = 28
FEW = 12  # candidates, up to which names have to be large and whole

# The chart's licence asks for its credit; who needs another language stands at the laptop.
SMALL_PRINT = ".highcharts-credits, .languages"

SHORT = ["Ada Lovelace", "Grace Hopper", "Edsger Dijkstra", "Margaret Hamilton", "Alan Turing"]
LONG = "Augusta Ada King, Countess of Lovelace, the first to publish a program, née Byron"[:80]
ODD = [LONG, "<b>Bo</b> {y} {point.y} &amp;", "🙂 🏳️‍🌈 名前", "محمد بن موسى الخوارزمي", "X"]
CHINESE = ["钱学森", "屠呦呦", "袁隆平院士，杂交水稻之父", "吴健雄", "华罗庚", "阿卜杜拉·买买提江"]
ENDLESS = "Which of all these many things that one could do would you rather do, if nobody, " * 2

# A question, and its candidates; in the normal run those that are hardest to draw.
POLLS: dict[str, tuple[str, list[str]]] = {
    "one": ("Shall we begin?", ["Yes"]),
    "three": ("Who should give the next talk?", SHORT[:3]),
    "odd": (ENDLESS[:150], ODD),
    "endless": ("Questionableness" * 9, ["W" * 80, "名" * 80, "Donaudampfschifffahrt" * 3, "X"]),
    "twelve": ("Which month?", [f"Candidate {n}" for n in range(1, 13)]),
    "twelve-long": ("Whose name is the longest?", [f"{n} {LONG}"[:80] for n in range(12)]),
    "thirteen": ("下一场演讲应该由谁来做？", [f"{CHINESE[n % 6]} {n}" for n in range(13)]),
    "fifty": ("Which of these fifty?", [f"{ODD[n % 5]} {n}"[-80:] for n in range(50)]),
}
if os.environ.get("TEST_ALL"):
    POLLS |= {
        "two": ("Shall we have a break?", ["Yes", "No"]),
        "six-han": ("谁应该来做下一场演讲？" * 6, CHINESE),
        "eight": ("Which room?", [f"Room {n} on the ground floor" for n in range(8)]),
        "twenty-four": ("Which hour?", [f"{SHORT[n % 5]} {n}" for n in range(24)]),
        "twenty-five": ("Which one?", [f"{n} {LONG}"[:80] for n in range(25)]),
        "fifty-short": (ENDLESS[:150], [f"{SHORT[n % 5]} {n}" for n in range(50)]),
        "fifty-han": ("哪一位？", [f"{CHINESE[n % 6]} {n}" for n in range(50)]),
    }
SHOW = (
    "\n".join(
        poll_config(
            id=id, question=question, candidates=names, rule="taps", taps_per_second=50
        ).partition("\n[server]")[0]
        for id, (question, names) in POLLS.items()
    )
    + CONFIG[CONFIG.index("\n[server]") :]
    + "\n[messages]\nenabled = true\nvoter_per_second = 100\n"
)
SAID = [*ODD, *CHINESE, ENDLESS, "W" * 200]
CROWD = 60
COUNTS = [17 * CROWD, 2 * CROWD, CROWD]  # from two digits to four, and no more than one may tap


def tap(crowd: list[Phone], steward: Steward) -> dict[str, int]:
    """Let everybody tap for some of the candidates on stage; return what is counted then."""
    state = steward.look()
    ids = [candidate["id"] for candidate in state["poll"]["candidates"]]
    wanted = dict.fromkeys(ids, 0) | dict(zip(ids, COUNTS, strict=False))
    for voter in crowd:
        for id, count in wanted.items():
            for _ in range(count // CROWD):
                voter.vote(id, round=state["round"]["id"])
    for voter in crowd:
        for _ in range(sum(wanted.values()) // CROWD):
            while (message := voter.next())["type"] != "receipt":
                assert message["type"] != "refused", message
    return wanted


def settle(pages: Iterable[Page], wanted: dict[str, int]) -> None:
    """Wait until pages show these counts, and the chart has drawn them where there is one."""
    for page in pages:
        first = next(iter(wanted))
        expect(page.locator("[data-candidate]")).to_have_count(len(wanted))
        expect(page.locator(f"span[data-count='{first}']")).to_have_text(str(wanted[first]))
        if page.locator("body[data-layout=columns]").count():
            page.locator("#chart .highcharts-data-label").first.wait_for()


def too_small(page: Page, least: dict[str, float]) -> list[str]:
    """Return the words of some elements that are drawn smaller than they must be."""
    return [
        f"small: {selector} “{words[:30]}” {size:.1f} px, not {wanted}"
        for selector, wanted in least.items()
        for words, size in measuring.drawn_sizes(page, selector, SMALL_PRINT).items()
        if size < wanted - 0.01
    ]


def on_screen(page: Page, candidates: int) -> list[str]:
    """Return what somebody in the back row could not read."""
    few = candidates <= FEW
    found = [*measuring.spilled(page), *measuring.overlaps(page)]
    if page.evaluate("document.documentElement.scrollHeight > innerHeight"):
        found.append("scrolls")
    if page.viewport_size == PROJECTOR:
        found += too_small(
            page,
            {
                "#question": QUESTION_PX,
                "#candidates .name": NAME_PX if few else MANY_NAME_PX,
                "#candidates .count": NUMBER_PX,
                "#chart .highcharts-data-label .chart-count": NUMBER_PX,
                ".turnout": MANY_NAME_PX,
                ".join": MANY_NAME_PX,
                "#messages .author": MANY_NAME_PX,
                "#messages .text": MESSAGE_PX,
                "main": LEAST_PX,
            },
        )
    if few:
        found += measuring.cut(page, "#question, #candidates .name")
    return found + measuring.cut(page, "#messages")


def beside_the_wall(page: Page, candidates: int) -> list[str]:
    """Return the same with the room's messages beside the picture, and take them away again."""
    page.keyboard.press("m")
    expect(page.locator("#messages .text").last).to_have_text(SAID[-1])
    found = on_screen(page, candidates)
    page.keyboard.press("m")
    expect(page.locator(".wall")).to_be_hidden()
    return found


def on_phone(page: Page) -> list[str]:
    """Return what a thumb could not tap or an eye could not read."""
    return [
        *measuring.spilled(page),
        *measuring.overlaps(page),
        *measuring.cut(page, "#question, .name, #status"),
        *(
            f"row of {height:.0f} px"
            for height in measuring.heights(page, "[data-candidate]")
            if height < 48
        ),
        *(
            f"target of {height:.0f} px"
            for height in measuring.heights(page, "a, button, input:not([type=hidden])")
            if height < 24
        ),
        *too_small(page, {"#question": 20, ".name": 16, "input": 16, "body": 12}),
    ]


# What an admin reads of all that; the last round is closed by then.
PAPERS = ["/admin", "/admin/polls/endless", "/admin/polls/fifty", "/admin/rounds", "/rounds/2"]
UNFOLD = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"


def on_paper(window: Window, steward: Steward, url: str) -> dict[str, list[str]]:
    """Return what is too wide on the pages beside the room, all of it unfolded."""
    found = {}
    for size in (SMALL, LAPTOP):
        page = window.open("/login", size)
        page.context.add_cookies(steward.cookies)
        for path in PAPERS:
            answer = page.goto(url + path)
            assert answer, path
            assert answer.ok, path
            page.evaluate(UNFOLD)
            found[f"{path} {size}"] = measuring.spilled(page)
    return found


def test_everything_is_legible_from_the_back_row_and_on_the_smallest_phone(
    serve: Callable[..., Server], windows: Callable[[Server], Window]
) -> None:
    """One to fifty candidates, long names, markup, emoji, Arabic and Chinese, counts to 1,000."""
    server = serve(SHOW)
    window, steward = windows(server), Steward(server)
    calm: dict[str, Any] = {"reduced_motion": "reduce"}
    screens = [window.screen(size=size, **calm) for size in (PROJECTOR, LAPTOP)]
    sizes = [PHONE, SMALL, LANDSCAPE]
    phones = [window.voter("Vera", size=size, **calm) for size in sizes]
    crowd = [phone(server) for _ in range(CROWD)]
    speaker = Talker(Browser(server).log_in("Ada Lovelace"))
    for text in SAID:
        assert speaker.say(text)["type"] == "said"
    found: dict[str, list[str]] = {}
    for id, (_, names) in POLLS.items():
        if steward.look()["poll"]["id"] != id:
            steward.steer("stage", poll=id)
            steward.steer("open", poll=id)
        settle([*screens, *phones], tap(crowd, steward))
        for page in screens:
            found[f"screen {id} {page.viewport_size}"] = on_screen(page, len(names))
            found[f"wall {id} {page.viewport_size}"] = beside_the_wall(page, len(names))
        for page in phones:
            found[f"phone {id} {page.viewport_size}"] = on_phone(page)
    steward.steer("close")
    found |= on_paper(window, steward, server.url)
    found = {place: wrong for place, wrong in found.items() if wrong}
    assert not found, measuring.told(found)
