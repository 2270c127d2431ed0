"""The pictures of the README and the docs, in docs/pictures: `make screenshots ARGS=readme`."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.album import Camera
from tests.house import drawn, dress
from tests.pictures_of_phones import NAMES, show
from tests.pictures_of_screens import BEHIND
from tests.serving import ROOT, Server
from tests.steward import Steward
from tests.windows import connected

FOLDER = ROOT / "docs" / "pictures"
MANY = [f"{NAMES[n % 4]} {n + 1}" for n in range(50)]
POLLS = [
    {"id": "talk", "question": "Who should give the next talk?", "candidates": NAMES[:3]},
    {"id": "many", "question": "Which of these fifty?", "candidates": MANY},
]


def photograph_readme(camera: Camera, serve: Callable[[str], Server]) -> None:
    """Screen, phone, desk and overlay of one vote; then the screen with fifty candidates."""
    server = serve(show(POLLS))
    steward = Steward(server)
    steward.steer("open", poll="talk")
    steward.fill([31, 26, 16])
    screen = camera.open(server, "/present", "1280×720", "English")
    overlay = camera.open(server, "/embed?theme=transparent", "1280×720", "English")
    desk = camera.open(server, "/login", "360×740", "English")
    desk.context.add_cookies(steward.cookies)
    desk.goto(server.url + "/admin")
    voter = camera.open(server, "/login", "360×740", "English")
    voter.get_by_role("textbox").press("Enter")
    pages = {"screen": screen, "overlay": overlay, "phone": voter, "admin": desk}
    for page in pages.values():
        connected(page)
    voter.locator("[data-candidate]").nth(1).click()
    expect(voter.locator("#status")).to_have_attribute("data-status", "counted")
    for name, page in pages.items():
        expect(page.locator("[data-count]").nth(1)).to_have_text("27")
        drawn(page)
        if name == "overlay":
            page.evaluate(BEHIND)
        else:
            dress(page, "light" if name == "phone" else "dark")
        page.screenshot(path=FOLDER / f"{name}.png")
    steward.steer("stage", poll="many")
    steward.steer("open", poll="many")
    steward.fill([(7 * n) % 5 for n in range(50)])
    expect(screen.locator("[data-count]").nth(2)).to_have_text("4")
    screen.screenshot(path=FOLDER / "fifty.png")
