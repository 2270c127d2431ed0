"""Every page, in every state, theme and language: nothing for axe to find, nothing faint or cut."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests import measuring
from tests.house import House, forgive_refusals, room
from tests.serving import Server
from tests.windows import Window

pytestmark = pytest.mark.browser

NAMES = ["Ada Lovelace", "<b>Bo</b> {y}", "🙂 名前", "محمد", *"FGHIJ"]
COUNTS = [5, 3, 3, 1, 2, 0, 1, 4, 2]
ROOM = room(
    ("Who should give the next talk?", NAMES),
    ("What would you like for lunch?", ["Soup", "Salad", "Bread"]),
)


def test_every_page_is_for_everyone_in_every_state_of_the_room(
    serve: Callable[..., Server], windows: Callable[[Server], Window]
) -> None:
    """Phone, screen, overlay and desk: not begun, empty, busy, hidden, closed, compared, away."""
    server = serve(ROOM)
    window = windows(server)
    house = House(window, server)
    house.inspect("not begun", every="body[data-round=none]")
    house.steward.steer("open", poll="first")
    house.inspect("empty", every="body[data-round=open]")
    house.steward.fill(COUNTS)
    for page in house.pages["vote"]:
        page.locator("[data-candidate]").nth(1).click()
        expect(page.locator("#status")).to_have_attribute("data-status", "counted")
    house.inspect("busy", every="[data-count=ada-lovelace]:text-is('5')")
    house.inspect_dialogs()
    round = house.steward.look()["round"]["id"]
    house.steward.steer("show", target=round, results="hidden")
    house.inspect("hidden", every="[data-numbers=hidden]", admin="[data-numbers=shown]")
    house.steward.steer("extend", seconds=9)
    # On a slow machine the last seconds may be over before every page was looked at.
    house.inspect("counting", every="[data-countdown=last], [data-countdown=over]", embed="body")
    if house.steward.look()["round"]["state"] == "open":
        house.steward.steer("close")
    house.inspect("hidden, closed", every="body[data-round=closed]")
    house.steward.steer("show", target=round, results="live")
    house.inspect("closed", every="[data-numbers=shown]")
    house.steward.steer("open", poll="first")
    house.steward.steer("compare", target=round)
    house.inspect("compared", every=".earlier:not(:empty)")
    server.kill()
    house.inspect("away", every="body[data-connection=reconnecting]")
    forgive_refusals(window)
    assert not house.faults, measuring.told(house.faults)


@pytest.mark.skipif(not os.environ.get("TEST_ALL"), reason="as large again; make test-all")
def test_every_page_beside_the_room_is_for_everyone(
    serve: Callable[..., Server], windows: Callable[[Server], Window]
) -> None:
    """Logins, forms, lists, results, what is asked before something is done, the lost page."""
    server = serve(ROOM)
    window = windows(server)
    house = House(window, server)
    house.steward.steer("open", poll="first")
    house.steward.fill([2, 1])
    house.steward.steer("close")
    house.steward.steer("open", poll="first")
    house.steward.fill([1])
    house.inspect_beside()
    forgive_refusals(window)
    assert not house.faults, measuring.told(house.faults)
