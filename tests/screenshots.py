"""Pictures of every page for looking at: `make screenshots`, then open screenshots/index.html.

Sizes × themes × languages × states of the room, and the odd rooms: fifty candidates, long names.
With `--readme` it also writes the README's three into docs/pictures.
"""

from __future__ import annotations

import html
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import CHROMIUM_ARGS, find_chromium
from tests.phones import Browser as Visitor
from tests.phones import Phone, phone
from tests.rule_pictures import photograph_rules, rules_config
from tests.serving import CONFIG, ROOT, Server, poll_config

SIZES = {"phone": (360, 740), "laptop": (1280, 720), "projector": (1920, 1080)}
LANGUAGES = {"en": "en", "zh": "zh-CN"}
OUT = ROOT / "screenshots"

LONG = "Augusta Ada King, Countess of Lovelace, the first to publish a program, née Byron"[:80]
NAMES = ["Ada Lovelace", "Grace Hopper", "Edsger Dijkstra", "Margaret Hamilton", "Alan Turing"]
ROOMS = {
    "usual": (CONFIG, [31, 27, 16]),
    "chinese": (
        poll_config(
            question="下一场演讲应该由谁来做？", candidates=["钱学森", "屠呦呦", "袁隆平", "吴健雄"]
        ),
        [18, 24, 9, 12],
    ),
    "odd-names": (
        poll_config(
            question="Whose name is the hardest for a screen, when everybody has a long one and "
            "the question does not want to end either?",
            candidates=[LONG, "<b>Bo</b> {y}", "🙂 🏳️‍🌈", "محمد بن موسى الخوارزمي", "X"],
        ),
        [5, 3, 8, 2, 1],
    ),
    "show": (
        poll_config(question="Who should give the next talk?", candidates=NAMES[:3])
        + """
[[polls]]
question = "What would you like for lunch?"
candidates = ["Soup", "Salad", "Bread"]
rule = "approval"
results = "hidden"
countdown = 45
""",
        [6, 4, 3],
    ),
    "two": (poll_config(question="Shall we have a break?", candidates=["Yes", "No"]), [140, 9]),
    "twelve": (
        poll_config(question="Which month?", candidates=[f"Month {n}" for n in range(1, 13)]),
        range(12),
    ),
    "fifty": (
        poll_config(
            question="Which of these fifty?",
            candidates=[f"{NAMES[n % 5]} {n + 1}" for n in range(50)],
        ),
        [n % 4 for n in range(50)],
    ),
}


class Photographer:
    """Takes pictures of one server's pages, named for what is on them."""

    def __init__(self, browser: Browser, out: Path) -> None:
        self._browser = browser
        self._out = out
        self.taken: list[Path] = []

    def page(self, server: Server, path: str, size: str, theme: str, language: str) -> Page:
        width, height = SIZES[size]
        context = self._browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,  # type: ignore[arg-type]
            locale=LANGUAGES[language],
            device_scale_factor=2 if size == "phone" else 1,
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.goto(server.url + path)
        return page

    def take(self, page: Page, *name: str, theme: str = "") -> None:
        if theme:  # the screen page is dark whatever the browser prefers
            page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        file = self._out / ("-".join(name) + ".png")
        page.screenshot(path=file, full_page="phone" in name)
        self.taken.append(file)


def connected(page: Page) -> Page:
    expect(page.locator("body")).to_have_attribute("data-connection", "connected")
    return page


def charted(page: Page, ballots: int) -> Page:
    """Wait until the page shows so many ballots, and its chart has been drawn."""
    expect(page.locator("#ballots")).to_have_text(str(ballots))
    if ballots and page.locator("body").get_attribute("data-page") == "presenter":
        page.wait_for_selector("#chart .highcharts-data-label")
    return page


def join(page: Page, name: str) -> Page:
    page.get_by_role("textbox").fill(name)
    page.get_by_role("textbox").press("Enter")
    return connected(page)


def fill(server: Server, counts: Any) -> list[Phone]:
    """Let a crowd vote."""
    crowd: list[Phone] = []
    for place, count in enumerate(counts):
        for _ in range(count):
            voter = phone(server)
            voter.vote(voter.state["poll"]["candidates"][place]["id"])
            voter.until(type="receipt")
            crowd.append(voter)
    return crowd


def photograph_room(photos: Photographer, server: Server, name: str, counts: Any) -> None:
    """All pages of a room: at the start, with votes, closed, and when the server is gone."""
    steward = Visitor(server).become_admin()
    looks = [(s, t, n) for s in SIZES for t in ("dark", "light") for n in LANGUAGES]
    if name != "usual":
        looks = [(s, t, "zh" if name == "chinese" else "en") for s, t in DULL_LOOKS]
    pages: list[tuple[tuple[str, str, str], dict[str, Page]]] = []
    for look in looks:
        desk = photos.page(server, "/login", *look)
        desk.context.add_cookies(
            [{"name": k, "value": v, "url": server.url} for k, v in steward.cookies.items()]
        )
        desk.goto(server.url + "/admin")
        opened = {
            "vote": join(photos.page(server, "/login", *look), "Vera"),
            "present": connected(photos.page(server, "/present", *look)),
            "admin": connected(desk),
        }
        pages.append((look, opened))

    def all_pages(state: str, ready: Callable[[Page], object]) -> None:
        for (size, theme, language), opened in pages:
            for kind, page in opened.items():
                ready(page)
                on_screen = theme if kind == "present" else ""
                photos.take(page, name, kind, state, size, theme, language, theme=on_screen)

    all_pages("empty", lambda page: None)
    crowd = fill(server, counts)
    for _, opened in pages:
        opened["vote"].locator("[data-candidate]").nth(1 % len(counts)).click()
        expect(opened["vote"].locator("#status")).to_have_attribute("data-status", "counted")
    ballots = len(crowd) + len(pages)

    def busy(page: Page) -> None:
        if page.locator("#ballots").count():
            charted(page, ballots)

    all_pages("busy", busy)
    if name == "show":
        photograph_show(photos, server, steward)
    if name != "usual":
        return
    state = phone(server).state
    assert steward.steer("close", state).status == 200
    all_pages("closed", lambda page: page.wait_for_selector("body[data-round=closed]"))
    for look, opened in pages:
        photograph_archive(photos, server, opened["admin"], look)
    server.kill()
    all_pages("away", lambda page: page.wait_for_selector("body[data-connection=reconnecting]"))


def photograph_archive(
    photos: Photographer, server: Server, desk: Page, look: tuple[str, str, str]
) -> None:
    """The list of rounds, and what a stranger sees of the one that is closed."""
    page = desk.context.new_page()
    for name, path in (("rounds", "/admin/rounds"), ("result", "/rounds/1?code=AAAA-AAAA")):
        page.goto(server.url + path)
        photos.take(page, name, *look)
    page.close()


def photograph_show(photos: Photographer, server: Server, steward: Visitor) -> None:
    """The desk through a show of two questions, and the pages on which one is written."""
    looks = [("phone", "light", "en"), ("phone", "dark", "zh"), ("laptop", "light", "en")]
    desks = []
    for look in looks:
        desk = photos.page(server, "/login", *look)
        desk.context.add_cookies(
            [{"name": k, "value": v, "url": server.url} for k, v in steward.cookies.items()]
        )
        desk.goto(server.url + "/admin")
        desks.append((look, connected(desk)))

    def take(state: str, wait_for: str) -> None:
        for look, desk in desks:
            desk.wait_for_selector(wait_for)
            photos.take(desk, "show-desk", state, *look)

    def press(action: str, **more: object) -> None:
        assert steward.steer(action, phone(server).state, **more).status == 200

    press("extend", seconds=90)
    take("counting", "[data-countdown=running]")
    for _, desk in desks:
        desk.locator(".pager button:visible").click()
    take("asked", "#ask:visible")
    press("close")
    take("closed", "[data-part=next]:visible")
    press("stage", poll="poll-2")
    take("next", "#seconds:visible")
    press("open", poll="poll-2")
    fill(server, [2, 3])
    press("close")
    for _, desk in desks:
        desk.locator("summary").click()
    take("hidden", "[data-part=reveal]:visible")
    press("reopen")
    for look, desk in desks:
        desk.goto(server.url + "/admin/polls/poll-2")
        photos.take(desk, "show-question", "edit", *look)
        desk.locator("#more").fill("Ice cream")
        desk.locator("#draft button").click()
        desk.wait_for_selector(".ask")
        photos.take(desk, "show-question", "in-use", *look)


DULL_LOOKS = [("phone", "light"), ("laptop", "light"), ("projector", "dark")]


def photograph_doors(photos: Photographer, server: Server) -> None:
    """The pages outside the room: the logins and the lost page."""
    for size in SIZES:
        for theme in ("dark", "light"):
            for language in LANGUAGES:
                for name, path in (
                    ("login", "/login"),
                    ("admin-login", "/admin/login"),
                    ("admin-link", f"/admin/login?link={server.link}"),
                    ("lost", "/nowhere"),
                ):
                    page = photos.page(server, path, size, theme, language)
                    photos.take(page, name, size, theme, language)
                    page.context.close()


def write_contact_sheet(taken: list[Path], out: Path) -> None:
    """Write a page that shows all pictures, grouped by what is on them."""
    figures = "\n".join(
        f'<figure><a href="{file.name}"><img loading="lazy" src="{file.name}" alt=""></a>'
        f"<figcaption>{html.escape(file.stem)}</figcaption></figure>"
        for file in taken
    )
    out.joinpath("index.html").write_text(
        "<!doctype html><meta charset='utf-8'><title>Show of Hands: all pages</title>"
        "<style>body{background:#777;font:14px system-ui;display:flex;flex-wrap:wrap;gap:16px}"
        "figure{margin:0}img{height:300px;display:block}</style>" + figures,
        encoding="utf-8",
    )


def write_readme_pictures(browser: Browser, folder: Path) -> None:
    """Take the three pictures of the README."""
    config = CONFIG.replace("http://vote.example:5000", "http://192.168.1.20:5000")
    server = Server(folder, config).start()
    try:
        photos = Photographer(browser, ROOT / "docs" / "pictures")
        crowd = fill(server, [31, 27, 16])
        screen = connected(photos.page(server, "/present", "laptop", "dark", "en"))
        voter = join(photos.page(server, "/login", "phone", "light", "en"), "Vera")
        voter.locator("[data-candidate]").nth(1).click()
        expect(voter.locator("#status")).to_have_attribute("data-status", "counted")
        desk = photos.page(server, f"/admin/login?link={server.link}", "phone", "dark", "en")
        desk.locator("main button[type=submit]").first.click()
        connected(desk)
        for page in (screen, desk):
            charted(page, len(crowd) + 1)
        for name, page in (("screen", screen), ("phone", voter), ("admin", desk)):
            page.screenshot(path=photos._out / f"{name}.png")
    finally:
        server.clear_up()


def main() -> None:
    OUT.mkdir(exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGS)
        photos = Photographer(browser, OUT)
        for name, (config, counts) in {**ROOMS, "rules": (rules_config(), [])}.items():
            place = Path(folder) / name
            place.mkdir()
            server = Server(place, config).start()
            try:
                if name == "usual":
                    photograph_doors(photos, server)
                if name == "rules":
                    photograph_rules(photos, server)
                else:
                    photograph_room(photos, server, name, counts)
            finally:
                server.clear_up()
            for context in browser.contexts:
                context.close()
        if "--readme" in sys.argv[1:]:
            place = Path(folder) / "readme"
            place.mkdir()
            write_readme_pictures(browser, place)
        browser.close()
    write_contact_sheet(photos.taken, OUT)
    sys.stderr.write(f"{len(photos.taken)} pictures; open {OUT / 'index.html'}\n")


if __name__ == "__main__":
    main()
