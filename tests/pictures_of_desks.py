"""What an admin sees, and every page beside the room: for `make screenshots`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from playwright.sync_api import Page

from tests.album import DESKS, Album, Cast
from tests.phones import Browser
from tests.pictures_of_phones import LONG, NAMES, show
from tests.serving import CONFIG, Server
from tests.steward import Steward
from tests.talkers import Desk, Talker
from tests.windows import connected

POLLS = [
    {"id": "talk", "question": "Who should give the next talk?", "candidates": NAMES[:3]},
    {
        "id": "lunch",
        "question": "What would you like for lunch?",
        "rule": "approval",
        "candidates": ["Soup", "Salad", "Bread"],
        "results": "hidden",
        "countdown": 45,
    },
    {
        "id": "long",
        "question": "Which of these many would you rather do, if nobody was looking?",
        "candidates": [f"{n + 1} {LONG}"[:80] for n in range(14)],
    },
]

SAID = {
    "Ada Lovelace": "Will the slides be shared afterwards?",
    "Grace": "🎉🎉🎉",
    "": "Could you say the last sentence again, please? Somebody was laughing here at the back, and"
    " I think that I have missed the one thing that I came for.",
    "张伟": "投影有点看不清楚，可以放大一些吗？",
    "محمد": "هل يمكنك التحدث ببطء أكثر؟",
    "Ada": "+1",
}
FULL = "\n[messages]\nenabled = true\nvoter_per_second = 1000\nroom_per_second = 1000\n"


def photograph_desks(album: Album, serve: Callable[[str], Server]) -> None:
    """An admin in four looks, through a show of three questions."""
    server = serve(show(POLLS))
    steward = Steward(server)

    def enter(size: str, language: str) -> Page:
        page = album.open(server, "/login", size, language)
        page.context.add_cookies(steward.cookies)
        page.goto(server.url + "/admin")
        connected(page)
        return page

    desks = Cast.enter(album, "Desk", DESKS, enter)

    def take(state: str, wait: str, **options: bool) -> None:
        for page in desks:
            page.locator("main:not([data-fresh])").wait_for()
            page.evaluate("scrollTo(0, 0)")
        desks.take(state, wait, **options)

    def press(selector: str) -> None:
        for page in desks:
            page.locator(f"{selector}:visible").first.click()

    take("no phone has arrived", "body[data-round=none]", whole=True)
    press("#addresses summary")
    take("choosing the address", "#addresses[open]", whole=True)
    steward.steer("open", poll="talk")
    take("open, nobody has voted", "body[data-round=open]")
    steward.fill([31, 27, 16])
    busy = "[data-count]:text-is('31')"
    take("open", busy)
    take("open, the whole page", busy, whole=True)
    press(".health summary")
    take("how the lines are", ".health[open]")
    press(".health summary")
    steward.steer("extend", seconds=90)
    take("countdown", "[data-countdown=running]")
    press("button[data-action=reset]")
    take("asked before a reset", "#ask:visible")
    next(iter(desks)).locator("#ask-yes").click()
    take("reset, and the way back", "#undo:visible")
    steward.fill([2, 3])
    steward.steer("close")
    take("closed", "[data-part=next]:visible")
    steward.steer("stage", poll="lunch")
    take("the next question", "#seconds:visible")
    steward.steer("open", poll="lunch")
    steward.fill([2, 3])
    steward.steer("close")
    take("numbers hidden, closed", "[data-part=reveal]:visible")
    steward.steer("rehearse", seconds=600)
    take("rehearsal", "#rehearsal:visible")
    steward.steer("end")
    steward.steer("stage", poll="long")
    steward.steer("open", poll="long")
    steward.fill([n % 3 for n in range(14)])
    take("many long names", "[data-candidate]:nth-of-type(14)", whole=True)
    photograph_papers(album, server, desks)
    for page in desks:
        page.goto(server.url + "/admin")
        connected(page)
    server.kill()
    take("no server", "body[data-connection=reconnecting]")
    photograph_queues(album, serve)


def photograph_queues(album: Album, serve: Callable[[str], Server]) -> None:
    """The room's talk on the desk, in the same four looks."""
    server = serve(CONFIG + FULL)
    moderator = Desk(server)
    press = moderator.press
    cookies = [
        {"name": name, "value": value, "url": server.url}
        for name, value in moderator.browser.cookies.items()
    ]

    def enter(size: str, language: str) -> Page:
        page = album.open(server, "/login", size, language)
        page.context.add_cookies(cookies)  # type: ignore[arg-type]
        page.goto(server.url + "/admin")
        connected(page)
        return page

    desks = Cast.enter(album, "Messages on the desk", DESKS, enter)

    def take(state: str, wait: str, part: str = "#talk") -> None:
        for page in desks:
            page.locator(wait).first.wait_for()
            page.locator(part).evaluate("part => part.scrollIntoView()")
        desks.take(state, wait)

    def tap(selector: str) -> None:
        for page in desks:
            page.locator(f"{selector}:visible").first.click()

    take("nothing said yet", "#talk-none:visible")
    voters = [Talker(Browser(server).log_in(name)) for name in SAID]
    said = [voter.say(text) for voter, text in zip(voters, SAID.values(), strict=True)]
    voters[0].say("The microphone on the left is off", "stage")
    voters[2].say("Can we open a window?", "stage")
    take("six messages, two to the stage", "#talk-unread:visible", ".queue-head")
    press("hide", message=said[1]["id"])
    press("spotlight", message=said[3]["id"])
    press("mute", person=voters[5].person)
    take("one hidden, one on the screen", "[data-hidden=true]", ".queue-head")
    tap("[data-view=stage]")
    take("to the stage", "#queue [data-to=stage]", ".queue-head")
    tap("[data-do=answer]")
    take("answering", "#say-to:visible", "#spotlight")
    tap(".rules summary")
    take("how people may write", "#muted:visible", ".rules")
    tap("[data-view=everyone]")
    for page in desks:
        page.locator("#queue").evaluate("list => { list.scrollTop = 150; }")
    voters[0].say_all([f"Message {n}" for n in range(200)])
    take("two hundred wait", "#talk-waiting:visible", ".queue-head")
    tap("#talk-waiting")
    take("two hundred", "#queue li:nth-child(200)", ".queue-head")
    tap("[data-part=clear] button")
    take("asked before the wall is cleared", "#ask:visible", ".rules")
    press("state", state="off")
    take("off", "[data-talk=off]")


def photograph_papers(album: Album, server: Server, desks: Cast) -> None:
    """Forms and lists, in the same four looks."""
    papers = {
        "A new question": "/admin/new-poll",
        "Editing a question": "/admin/polls/lunch",
        "All rounds": "/admin/rounds",
        "A public result": "/rounds/1?code=AAAA-AAAA",
        "A public result, hidden": "/rounds/3",
    }
    for name, path in papers.items():
        for page in desks:
            page.goto(server.url + path)
        Cast(album, name, desks.pages).take("as opened", whole=True)
    for page in desks:
        page.goto(server.url + "/admin/polls/long")
        page.locator("#more").fill("Ice cream")
        page.locator("#draft button[type=submit]").first.click()
    asked = Cast(album, "Editing a question", desks.pages)
    asked.take("with votes for the old text", ".ask", whole=True)


def photograph_doors(album: Album, serve: Callable[[str], Server]) -> None:
    """The logins and the lost page."""
    server = serve(CONFIG + "\n[room]\nname_required = true\n")
    doors = {
        "Login": "/login",
        "Admin login": "/admin/login",
        "Admin link": f"/admin/login?link={server.link}",
        "Lost": "/nowhere",
    }
    for name, path in doors.items():
        enter = partial(album.open, server, path)
        cast = Cast.enter(album, name, ["320×568", *DESKS], enter)
        cast.take("as opened")
        for page in cast:
            page.context.close()
    photograph_codes(album, serve)


def photograph_codes(album: Album, serve: Callable[[str], Server]) -> None:
    """A room that asks for codes: its door, its desk, and the page of new ones."""
    server = serve(show(POLLS, 'voters = "codes"'))
    steward = Steward(server)
    made = steward.browser.post("/admin/codes", {"number": 40}, Accept="application/json")
    codes = made.json["codes"]
    for code in codes[:12]:
        Browser(server).post("/login", {"code": code})
    sizes = ["320×568", *DESKS]
    for name, path in (
        ("Login by a code", "/login"),
        ("Login by a card", f"/login?code={codes[0]}"),
    ):
        door = Cast.enter(album, name, sizes, partial(album.open, server, path))
        door.take("as opened")
        if codes[0] in path:
            for page in door:
                page.locator("button[type=submit]").click()
            door.take("used by another phone", "#problem")
        for page in door:
            page.context.close()

    def enter(size: str, language: str) -> Page:
        page = album.open(server, "/login", size, language)
        page.context.add_cookies(steward.cookies)
        page.goto(server.url + "/admin")
        page.locator("details:has(#codes-number)").evaluate("fold => fold.open = true")
        page.locator("#codes-number").scroll_into_view_if_needed()
        return page

    desks = Cast.enter(album, "Desk", DESKS, enter)
    desks.take("codes", "#codes-number:visible")
    for page in desks:
        page.locator("#codes-number").fill("14")
        page.locator("#codes-number").press("Enter")
    made_page = Cast(album, "New codes", desks.pages)
    made_page.take("as made", ".card", whole=True)
    for page in desks:
        page.emulate_media(media="print")
    made_page.take("on paper", ".card", themes=("light",))
