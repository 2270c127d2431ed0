"""What the room sees: the presenter's page and the overlay, for `make screenshots`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.album import SCREENS, Album, Cast
from tests.faults import FileLimit
from tests.house import drawn
from tests.phones import Browser, phone
from tests.pictures_of_phones import LONG, NAMES, ODD, show
from tests.serving import Server
from tests.steward import Steward
from tests.talkers import Talker
from tests.windows import connected

CHINESE = ["钱学森", "屠呦呦", "袁隆平院士，杂交水稻之父", "吴健雄", "华罗庚", "阿卜杜拉·买买提江"]
POLLS: list[dict[str, Any]] = [
    {"id": "usual", "question": "Who should give the next talk?", "candidates": NAMES[:3]},
    {"id": "two", "question": "Shall we have a break?", "candidates": ["Yes", "No"]},
    {"id": "chinese", "question": "下一场演讲应该由谁来做？", "candidates": CHINESE},
    {
        "id": "odd",
        "candidates": ODD,
        "question": "Whose name is the hardest for a screen, when everybody has a long one and the "
        "question does not want to end either?",
    },
    {
        "id": "twelve",
        "question": "Which month?",
        "candidates": [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
    },
    {
        "id": "long",
        "question": "Whose name is the longest?",
        "candidates": [f"{n + 1} {LONG}"[:80] for n in range(12)],
    },
    {
        "id": "thirteen",
        "question": "Which of these thirteen?",
        "candidates": [f"{NAMES[n % 4]} {n + 1}" for n in range(13)],
    },
    {
        "id": "twenty-five",
        "question": "下面哪一位？",
        "candidates": [f"{CHINESE[n % 6]} {n + 1}" for n in range(25)],
    },
    {
        "id": "fifty",
        "question": "Which of these fifty?",
        "candidates": [f"{ODD[n % 5]} {n + 1}"[-80:] for n in range(50)],
    },
    {"id": "hidden", "question": "Who has told the best story?", "results": "hidden"},
]
COUNTS = {
    "two": [140, 9],
    "chinese": [18, 24, 9, 12, 3, 7],
    "odd": [5, 3, 8, 2, 1],
    "twelve": range(12),
    "long": range(12),
    "thirteen": [n % 5 + 1 for n in range(13)],
    "twenty-five": [n % 4 for n in range(25)],
    "fifty": [n % 3 for n in range(50)],
}
DEEP = "Highcharts.charts.find(Boolean).options.chart.options3d?.enabled"
# What the room says, each by somebody else; some of it is put over the picture.
SAID = {
    "Ada": "When does the next round begin?",
    "محمد": "متى تبدأ الجولة التالية؟ أريد أن أسمع عن الخوارزميات.",
    "Edsger Dijkstra": "Whether machines can think is like whether submarines can swim. " * 4,
    "张伟": "下一场演讲应该由谁来做？我觉得第三位的题目最有意思，希望能多讲一些实际的例子。",
    "Bo": "<b>Bold</b> {y} &amp; https://example.org/a/long/path/that/does/not/break",
    "": "Could you speak a little louder, please? The back row hears nothing. 🙂",
    "Ada ": "Another Ada, and I can hear you well.",
    "Grace Hopper": "Yes please, and the slides afterwards.",
}
LARGE = {"short": "Ada", "long": "Edsger Dijkstra", "Chinese": "张伟", "right to left": "محمد"}
# Something to be transparent over.
BEHIND = """document.documentElement.style.setProperty("background",
    "repeating-linear-gradient(45deg, #264653 0 40px, #2a9d8f 40px 80px)")"""


def photograph_screens(album: Album, serve: Callable[[str], Server]) -> None:
    """The screen in four looks, from the empty hall through all its shapes."""
    server = serve(show(POLLS))
    steward = Steward(server)

    def enter(size: str, language: str) -> Page:
        page = album.open(server, "/present", size, language)
        connected(page)
        return page

    screens = Cast.enter(album, "Screen", SCREENS, enter)

    def key(sign: str) -> None:
        for page in screens:
            page.keyboard.press(sign)

    def begin(poll: str) -> None:
        steward.steer("stage", poll=poll)
        steward.steer("open", poll=poll)

    def take(state: str, **options: Any) -> None:
        """Take the pages once the newest number is on them, in the chart where there is one."""
        state_now = steward.look()
        counts = state_now["counts"]
        id = max(counts, key=counts.__getitem__)
        for page in screens:
            expect(page.locator(f"[data-count='{id}']")).to_have_text(str(counts[id]))
            drawn(page)
        screens.take(state, **options)

    moderate(steward, "state", state="open")
    ids = {name: say(server, name, text) for name, text in SAID.items()}

    def take_wall(state: str) -> None:
        """Take the pages with the room's messages beside the picture."""
        key("m")
        for page in screens:
            expect(page.locator("#messages .text").last).to_have_text(SAID["Grace Hopper"])
            drawn(page)
        screens.take(f"{state}, beside messages")
        key("m")

    screens.take("not begun", "body[data-round=none]")
    steward.steer("open", poll="usual")
    screens.take("nobody has voted", "body[data-round=open]")
    take_wall("nobody has voted")
    photograph_overlay(album, server, "nobody has voted", "body")
    first = steward.look()["round"]["id"]
    crowd = steward.fill([1])
    take("the first vote")
    crowd += steward.fill([30, 27, 16])
    take("three candidates")
    take_wall("three candidates")
    for kind, name in LARGE.items():
        moderate(steward, "spotlight", message=ids[name])
        for page in screens:
            expect(page.locator("#spotlight .text")).to_have_text(SAID[name].strip())
        screens.take(f"a {kind} message")
    take_wall("a message")
    moderate(steward, "spotlight", message="")
    photograph_overlay(album, server, "three candidates", "[data-count]:text-is('31')")
    key("s")
    key("3")
    for page in screens:
        page.wait_for_function(DEEP)
    take("with depth")
    key("3")
    key("s")
    key("q")
    screens.take("no code, or a large one")
    key("q")
    screens.take("no code, or a large one, again")
    key("q")
    key("+")
    key("+")
    take("larger text")
    key("-")
    key("-")
    key("?")
    screens.take("keys", "#keys[open]")
    key("Escape")
    key("o")
    screens.take("who may do this", "#login[open]")
    key("Escape")
    steward.steer("extend", seconds=95)
    take("countdown")
    steward.steer("close")
    screens.take("closed", "body[data-round=closed]")
    steward.steer("open", poll="usual", seconds=9)
    steward.fill([2, 4, 3])
    screens.take("last seconds", "[data-countdown=last]")
    steward.steer("close")
    steward.steer("open", poll="usual")
    steward.fill([4, 9, 3])
    steward.steer("compare", target=first)
    take("beside an earlier round")
    steward.steer("close")
    steward.steer("rehearse", seconds=600)
    steward.fill([2, 1])
    screens.take("rehearsal", "#rehearsal:visible")
    steward.steer("end")
    for one in crowd:
        one.close()
    for poll, counts in COUNTS.items():
        begin(poll)
        if poll == "fifty":
            screens.take("fifty, nobody has voted", "body[data-stage=join]")
        steward.fill(counts)
        take(poll)
        if poll in ("chinese", "odd", "twelve", "fifty"):
            take_wall(poll)
        if poll in ("odd", "fifty"):
            photograph_overlay(album, server, poll, "[data-count]:text-is('2')")
        if poll in ("twelve", "fifty"):
            key("s")
            take(f"{poll}, leaders first")
            key("s")
    begin("hidden")
    steward.fill([3, 2])
    screens.take("numbers hidden", "body[data-stage=hidden]")
    photograph_overlay(album, server, "numbers hidden", "body[data-stage=hidden]")
    steward.steer("close")
    steward.steer("show", target=steward.look()["round"]["id"], results="live")
    take("revealed")
    steward.steer("reopen")
    unsaved = phone(server)
    fault = FileLimit(server.folder / "data")
    fault.begin(server)
    unsaved.vote("ada-lovelace")
    for page in screens:
        expect(page.locator("#connection")).to_contain_text(re.compile("saved|保存"))
    screens.take("votes cannot be saved")
    fault.end(server)
    server.kill()
    screens.take("no server", "body[data-connection=reconnecting]")


def moderate(steward: Steward, action: str, **form: object) -> None:
    """Press one of the admin's buttons about messages."""
    answer = steward.browser.post(f"/admin/talk/{action}", form, Accept="application/json")
    assert answer.status == 200, answer.text


def say(server: Server, name: str, text: str) -> str:
    """Let somebody say something to everyone; return what it is called."""
    talker = Talker(Browser(server).log_in(name.strip()))
    answer = talker.say(text)
    assert answer["type"] == "said", answer
    id: str = answer["id"]
    return id


def photograph_overlay(album: Album, server: Server, state: str, wait: str) -> None:
    """The overlay, as large as a slide and as a corner of a stream, over a picture of its own."""
    for theme in ("dark", "light", "transparent"):
        for size, language in (("1280×720", "English"), ("360×740", "中文")):
            page = album.open(server, f"/embed?theme={theme}", size, language)
            connected(page)
            if theme == "transparent":
                page.evaluate(BEHIND)
            expect(page.locator(wait).first).to_be_attached()
            drawn(page)
            album.take(page, "Overlay", state, f"{size} {theme} {language}")
            page.context.close()
