"""The chart in a real Chromium: it says what the list says, in every order, style and size."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.phones import Browser as Visitor
from tests.phones import Phone, phone
from tests.serving import ADA, GRACE, Server, poll_config
from tests.windows import PROJECTOR, Window, agrees, draws

pytestmark = pytest.mark.browser

FIVE = ["Ada", "Bob", "Cy", "Di", "Ed"]

# A chart by itself in a box of a page, driven as a page drives it.
ALONE = """async ([width, height]) => {
    const base = document.querySelector("link[rel=stylesheet]").href;
    const { createChart } = await import(base.replace(/css\\/.*/, "js/chart/chart.js"));
    document.documentElement.dataset.theme = "dark";
    document.body.replaceChildren();
    const box = document.createElement("div");
    box.style.width = `${width}px`;
    box.style.height = `${height}px`;
    document.body.append(box);
    window.alone = createChart(box, { letters: () => false, onMissing: () => {} });
}"""

# Sizes and places of the numbers that are on the chart.
LABELS = """() => [...document.querySelectorAll(".highcharts-data-label text")]
    .filter((text) => text.closest("[visibility=hidden]") === null)
    .map((text) => {
        const { left, right, top, bottom } = text.getBoundingClientRect();
        const [size, share] = [text, text.querySelector(".chart-share")]
            .map((element) => element && parseFloat(getComputedStyle(element).fontSize));
        return { size, share, left, right, top, bottom, text: text.textContent };
    })"""


def snapshot(counts: list[int], earlier: list[int] | None = None) -> dict[str, Any]:
    """Return a room's state as a page holds it."""
    ids = [f"c{n}" for n in range(len(counts))]
    poll = {"id": "p", "candidates": [{"id": id, "name": id.upper()} for id in ids]}
    return {
        "poll": poll,
        "round": {"id": 2},
        "compared": earlier and {"round": 1, **numbers(ids, earlier)},
        **numbers(ids, counts),
    }


def numbers(ids: list[str], counts: list[int]) -> dict[str, Any]:
    return {"counts": dict(zip(ids, counts, strict=True)), "ballots": sum(counts)}


def update(page: Page, state: dict[str, Any], **options: Any) -> None:
    """Show a state in the chart that stands alone, and wait until it is drawn whole."""
    page.evaluate("([state, options]) => alone.update(state, options)", [state, options])
    wanted = list(state["counts"].values())
    page.wait_for_function(
        """wanted => {
            const chart = window.Highcharts?.charts.find(Boolean);
            const points = chart?.get("present")?.points ?? [];
            return JSON.stringify(points.map(({ y }) => y)) === JSON.stringify(wanted)
                && points.every(({ dataLabel }) => dataLabel?.opacity === 1);
        }""",
        arg=wanted,
    )


@pytest.fixture
def five(
    serve: Callable[..., Server], windows: Callable[[Server], Window]
) -> tuple[Window, list[Phone], Visitor]:
    """A room with five candidates, four phones and an admin."""
    server = serve(poll_config(question="Who?", candidates=FIVE))
    return windows(server), [phone(server) for _ in range(4)], Visitor(server).become_admin()


def cast(voter: Phone, choice: str) -> None:
    voter.vote(choice)
    voter.until(type="receipt")


def next_round(voter: Phone, admin: Visitor) -> None:
    """Close the round on stage and open another one; the phone has seen it."""
    before = voter.state["round"]["id"]
    for action in ("close", "open"):
        poll = voter.state["poll"]["id"]
        assert admin.steer(action, voter.state, poll=poll).json["ok"]
        voter.until(type="state")
    while voter.state["round"]["id"] == before:
        voter.next()


def test_chart_list_and_spans_agree_in_each_order_and_style(
    five: tuple[Window, list[Phone], Visitor],
) -> None:
    """Ballot order, leaders first, with depth, beside an earlier round, right to left."""
    window, phones, admin = five
    cast(phones[0], "cy")
    screen = window.screen()
    agrees(screen, below=True)
    screen.keyboard.press("s")
    cast(phones[1], "ed")
    cast(phones[2], "ed")
    expect(screen.locator("[data-count=ed]")).to_have_text("2")
    agrees(screen, below=True)
    assert order(screen) == ["ed", "cy", "ada", "bob", "di"]

    screen.keyboard.press("3")
    screen.wait_for_function("() => Highcharts.charts.find(Boolean).is3d?.()")
    agrees(screen, below=True)
    cast(phones[3], "bob")  # level with Cy, who stays before Bob
    expect(screen.locator("[data-count=bob]")).to_have_text("1")
    agrees(screen, below=True)
    assert order(screen) == ["ed", "cy", "bob", "ada", "di"]

    next_round(phones[0], admin)
    cast(phones[0], "di")
    assert admin.steer("compare", phones[0].state, target=1).json["ok"]
    expect(screen.locator("#legend")).to_be_visible()
    expect(screen.locator("[data-candidate=ed] .earlier")).to_contain_text("2")
    agrees(screen)
    assert order(screen)[0] == "di"
    screen.keyboard.press("t")
    screen.keyboard.press("3")
    screen.wait_for_function("() => !Highcharts.charts.find(Boolean).is3d?.()")
    screen.keyboard.press("s")
    agrees(screen)
    assert order(screen) == ["ada", "bob", "cy", "di", "ed"]

    screen.evaluate("document.documentElement.dir = 'rtl'")
    assert admin.steer("compare", phones[0].until(type="state"), target=0).json["ok"]
    expect(screen.locator("#legend")).to_be_hidden()
    agrees(screen, below=True)


def order(screen: Page) -> list[str]:
    """Return who stands where in the chart, from left to right."""
    found: list[str] = screen.evaluate(
        """() => [...Highcharts.charts.find(Boolean).get("present").points]
            .sort((a, b) => a.x - b.x).map(({ id }) => id)"""
    )
    return found


def test_a_tie_moves_nobody_and_an_overtaking_does(window: Window) -> None:
    """Three hundred votes at random: sorted after each, and who is level keeps his place."""
    page = window.open("/login")
    dice = random.Random("curtain")
    counts = dict.fromkeys("abcdefgh", 0)
    walk = []
    for _ in range(300):
        chosen = dice.choice("aabcdefgh")
        # Now and then somebody changes their mind.
        counts[chosen] = max(0, counts[chosen] + dice.choice([1, 1, 1, -1]))
        walk.append(dict(counts))
    orders: list[list[str]] = page.evaluate(
        """async (walk) => {
            const base = document.querySelector("link[rel=stylesheet]").href;
            const { rankedOrder } = await import(base.replace(/css\\/.*/, "js/chart/order.js"));
            const poll = { candidates: Object.keys(walk[0]).map((id) => ({ id })) };
            let held = [];
            return walk.map((counts) => (held = rankedOrder({ poll, counts }, held)));
        }""",
        walk,
    )
    before = list("abcdefgh")
    for now, shown in zip(walk, orders, strict=True):
        assert shown == sorted(before, key=lambda name: -now[name])  # a stable sort
        before = shown


@pytest.mark.parametrize("style", ["flat", "3d"])
def test_numbers_are_large_and_apart_up_to_twelve_columns(window: Window, style: str) -> None:
    """At 1920 × 1080 beside the code: four digits, alone and beside an earlier round."""
    page = window.open("/login", PROJECTOR)
    page.evaluate(ALONE, [1480, 520])
    for number in (1, 2, 5, 6, 7, 9, 11, 12) if os.environ.get("TEST_ALL") else (5, 12):
        for most, earlier in ((9999, None), (99, None), (9999, 9999), (99, 88)):
            counts = [most - n * (most // 20) for n in range(number)]
            beside = earlier and [earlier - n for n in reversed(range(number))]
            update(page, snapshot(counts, beside or None), style=style)
            labels = page.evaluate(LABELS)
            present = [label for label in labels if label["size"] >= 40]
            assert len(present) == number, (number, most, earlier, labels)
            for label in labels:
                assert label["size"] >= 24, label
                assert label["left"] >= 0, label
                assert label["right"] <= 1480, label
            for one, next_one in pairwise(present):
                assert one["right"] <= next_one["left"], (number, most, earlier)
            if earlier is None:
                assert all(label["share"] >= 24 for label in labels), labels


def test_columns_move_within_a_tick_and_stand_still_where_that_is_wished(window: Window) -> None:
    """Both from the same page: the wish may change while it is open."""
    page = window.open("/login", PROJECTOR)
    page.evaluate(ALONE, [1480, 520])
    update(page, snapshot([1, 4]))
    page.clock.install()
    page.clock.pause_at(4_000_000_000_000)
    tops = "() => Highcharts.charts.find(Boolean).series[0].points.map(({ graphic }) => graphic.y)"
    tell = "([state, options]) => alone.update(state, options)"
    before = page.evaluate(tops)
    page.evaluate(tell, [snapshot([3, 4]), {}])
    page.clock.run_for(50)
    under_way = page.evaluate(tops)
    page.clock.run_for(70)
    after = page.evaluate(tops)
    assert before[0] > under_way[0] > after[0]
    page.clock.run_for(1000)
    assert page.evaluate(tops) == after
    page.emulate_media(reduced_motion="reduce")
    page.evaluate(tell, [snapshot([1, 4]), {}])
    assert page.evaluate(tops) == before


def test_depth_that_is_missing_leaves_the_columns_flat(window: Window) -> None:
    """Nothing is said: the numbers are all there."""
    screen = window.open("/present", PROJECTOR)
    screen.context.route("**/highcharts-3d.js", lambda route: route.abort())
    voter = window.voter()
    voter.locator(f"[data-candidate={GRACE}]").click()
    draws(screen, **{GRACE: 1})
    with screen.expect_event("requestfailed"):
        screen.keyboard.press("3")
    voter.locator(f"[data-candidate={ADA}]").click()
    draws(screen, **{ADA: 1})
    agrees(screen, below=True)
    expect(screen.locator("#chart-note")).to_be_hidden()


def test_a_phones_chart_brings_the_meaning_of_its_tones(
    five: tuple[Window, list[Phone], Visitor],
) -> None:
    """The legend comes and goes with the chart: the list has one tone only."""
    window, phones, admin = five
    voter = window.voter()
    cast(phones[0], "bob")
    next_round(phones[0], admin)
    cast(phones[0], "ada")
    assert admin.steer("compare", phones[0].state, target=1).json["ok"]
    expect(voter.locator("[data-candidate=bob] .earlier")).to_contain_text("1")
    expect(voter.locator("#legend")).to_be_hidden()
    voter.locator("#chart-toggle").click()
    expect(voter.locator("#legend")).to_have_text("Round 1 Round 2")
    agrees(voter)
    voter.locator("#chart-toggle").click()
    expect(voter.locator("#legend")).to_be_hidden()
    shows_one = voter.locator("[data-count=ada]")
    expect(shows_one).to_have_text("1")
