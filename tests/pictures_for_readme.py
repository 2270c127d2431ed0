"""The pictures of the README and the docs, in docs/pictures: `make screenshots ARGS=readme`."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.album import Camera
from tests.house import drawn, dress
from tests.pictures_of_phones import NAMES, show
from tests.pictures_of_screens import BEHIND, moderate, say
from tests.serving import ROOT, Server
from tests.steward import Steward
from tests.windows import connected, unfold

FOLDER = ROOT / "docs" / "pictures"
MANY = [f"{NAMES[n % 4]} {n + 1}" for n in range(50)]
SAID = {
    "Ada": "Could you speak a little louder, please?",
    "小林": "第三位的题目最有意思 👏",
    "Noor": "متى تبدأ الجولة التالية؟",
    "": "Will there be a recording of this?",
    "Sam": "Yes please, and the slides afterwards.",
}
POLLS = [
    {"id": "talk", "question": "Who should give the next talk?", "candidates": NAMES[:3]},
    {"id": "many", "question": "Which of these fifty?", "candidates": MANY},
]


def photograph_readme(camera: Camera, serve: Callable[[str], Server]) -> None:
    """Screen, phone, desk and overlay of one vote; the room that talks; then fifty candidates."""
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
    voter.get_by_role("textbox").fill("Kim")
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
    moderate(steward, "state", state="open")
    for name, text in SAID.items():
        say(server, name, text)
    screen.keyboard.press("m")
    voter.locator("#talk-open").click()
    unfold(desk, "Messages")
    expect(screen.locator("#messages .text").last).to_have_text(SAID["Sam"])
    expect(voter.locator("#talk-list .text")).to_have_count(len(SAID))
    expect(desk.locator("#queue li")).to_have_count(len(SAID))
    desk.locator("#talk").evaluate("talk => talk.scrollIntoView()")
    side_by_side([screen, voter, desk], "talk")
    screen.keyboard.press("m")
    steward.steer("stage", poll="many")
    steward.steer("open", poll="many")
    steward.fill([(7 * n) % 5 for n in range(50)])
    expect(screen.locator("[data-count]").nth(2)).to_have_text("4")
    screen.screenshot(path=FOLDER / "fifty.png")


def side_by_side(pages: list[Page], name: str) -> None:
    """Keep one picture of several pages beside each other, all of one height."""
    taken = [b64encode(page.screenshot()).decode() for page in pages]
    sheet = pages[0].context.new_page()
    sheet.set_viewport_size({"width": 1920, "height": 720})
    images = "".join(
        f'<img height="640" alt="" src="data:image/png;base64,{one}">' for one in taken
    )
    style = "display: inline-flex; gap: 24px; margin: 0; padding: 24px; background: #6b6f76"
    sheet.set_content(f'<body style="margin: 0"><div style="{style}">{images}</div>')
    sheet.locator("div").screenshot(path=FOLDER / f"{name}.png")
    sheet.close()
