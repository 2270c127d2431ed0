"""What a voter sees where the room talks, beside a vote: for `make screenshots`."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.album import PHONES, Album, Cast
from tests.phones import Browser
from tests.pictures_of_phones import NAMES, show
from tests.serving import Server
from tests.steward import Steward
from tests.talkers import Talker
from tests.windows import connected

POLLS = [{"id": "talk", "question": "Who should give the next talk?", "candidates": NAMES}]
MESSAGES = """
[messages]
enabled = true
voter_per_second = 100
"""
SAID = [
    ("Ada", "Could we have ten minutes before the next talk? I would love a coffee."),
    ("钱学森", "同意，休息十分钟吧 🙂"),
    ("Ada", "So would I.\n\nAnd a window could be opened."),
    ("محمد بن موسى الخوارزمي", "فكرة جيدة!"),
    ("", "Donaudampfschifffahrtsgesellschaftskapitän, and <b>other</b> long words"),
]
ANSWER = "We break at eleven, for a quarter of an hour."


def photograph_talk(album: Album, serve: Callable[[str], Server]) -> None:
    """One voter in four looks: the panel shut and open, to everyone, to one, refused, closed."""
    server = serve(show(POLLS) + MESSAGES)
    steward = Steward(server)
    steward.steer("open", poll="talk", seconds=3_600)
    steward.fill([31, 27, 16, 4])

    def enter(size: str, language: str) -> Page:
        page = album.open(server, "/login", size, language)
        page.get_by_role("textbox").fill(f"Vera {size[:3]} {language[:2]}")
        page.get_by_role("textbox").press("Enter")
        connected(page)
        page.locator("#talk-open").wait_for()
        return page

    voters = Cast.enter(album, "Voter, messages", PHONES, enter)
    crowd = [Talker(Browser(server).log_in(name)) for name, _ in SAID]
    stage = Talker(steward.browser, view="admin")

    def moderate(action: str, **form: object) -> None:
        steward.browser.post(f"/admin/talk/{action}", form)

    def press(selector: str) -> None:
        for page in voters:
            page.locator(selector).first.click()

    def type_and_send(text: str) -> None:
        for page in voters:
            page.locator("#talk-text").fill(text)
            page.locator("#talk-send").click()

    voters.take("on, nothing said", "#talk-open:not([data-unread])")
    press("#talk-open")
    voters.take("nobody has said anything", "#talk-empty:visible")
    press("#talk-close")
    for talker, (_name, text) in zip(crowd, SAID, strict=True):
        talker.say(text)
    stage.say(ANSWER)
    voters.take("unread", "#talk-open[data-unread=wall]")
    press("[data-candidate]")
    press("#talk-open")
    voters.take("to everyone", "#talk-list [data-from=stage]")
    type_and_send("Thank you")
    voters.take("to everyone, with mine", "#talk-list [data-from=me]:not([data-stage])")
    press("#talk-one")
    voters.take("to whom", "#talk-persons li:nth-child(5)")
    press("#talk-persons button")
    voters.take("nothing said to the stage", "#talk-with:visible")
    press("#talk-close")
    for page in voters:
        expect(page.locator("#talk")).to_be_hidden()
    stage.until(lambda: len(speakers(stage, "Vera")) == len(voters.pages))
    for person in speakers(stage, "Vera"):
        crowd[0].say("Is the seat beside you free?", to=person)
    voters.take("unread, to this voter alone", "#talk-open[data-unread=direct]")
    press("#talk-open")
    type_and_send("It is. Third row, at the window.")
    voters.take("to one person", "#talk-list [data-from=me]:not([data-stage])")
    moderate("slow", seconds=120)
    press("#talk-wall")
    for page in voters:
        page.locator("#talk-text").fill("x" * 300)
    voters.take("too long, and too soon", "[data-over]")
    moderate("slow", seconds=0)
    for person in speakers(stage, "Vera"):
        moderate("mute", person=person)
    type_and_send("Am I heard?")
    voters.take("refused", "[data-stage=refused]")
    moderate("state", state="closed")
    voters.take("closed", "#talk-note:visible")
    server.kill()
    for page in voters:
        page.locator("body[data-connection=reconnecting]").wait_for()
    voters.take("no server", "#talk")
    for one in [*crowd, stage]:
        one.leave()


def speakers(talker: Talker, name: str) -> list[str]:
    """Return those whose name begins so, and whose messages a page holds."""
    messages = talker.wall.messages
    return [message["from"] for message in messages if message["name"].startswith(name)]
