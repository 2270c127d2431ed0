"""What a voter sees, from the login to the last result: for `make screenshots`."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page

from tests.album import PHONES, Album, Cast
from tests.faults import FileLimit
from tests.serving import CONFIG, Server, poll_config
from tests.steward import Steward
from tests.windows import connected

NAMES = ["Ada Lovelace", "Grace Hopper", "Edsger Dijkstra", "Margaret Hamilton"]
LONG = "Augusta Ada King, Countess of Lovelace, the first to publish a program, née Byron"[:80]
ODD = [LONG, "<b>Bo</b> {y}", "🙂 🏳️‍🌈", "محمد بن موسى الخوارزمي", "X"]
POLLS: list[dict[str, Any]] = [
    {"id": "one", "question": "Who should give the next talk?"},
    {
        "id": "several",
        "question": "Which talks would you like to hear?",
        "rule": "approval",
        "max_choices": 2,
    },
    {
        "id": "once",
        "question": "Which two shall go?",
        "rule": "approval",
        "max_choices": 2,
        "changes": False,
    },
    {"id": "taps", "question": "Clap for your favourite", "rule": "taps"},
    {"id": "after", "question": "Who shall lead us?", "results": "after_vote"},
    {"id": "hidden", "question": "Who has told the best story?", "results": "hidden"},
    {
        "id": "odd",
        "candidates": ODD,
        "question": "Whose name is the hardest for a small screen, when all have a long one and "
        "the question does not want to end either?",
    },
    {
        "id": "fifty",
        "question": "Which of these fifty?",
        "candidates": [f"{NAMES[n % 4]} {n + 1}" for n in range(50)],
    },
]


def show(polls: list[dict[str, Any]], *more: str) -> str:
    """Return the configuration of a room with these polls, not begun."""
    texts = [
        poll_config(**{"candidates": NAMES, **poll}).partition("\n[server]")[0] for poll in polls
    ]
    rest = CONFIG[CONFIG.index("\n[server]") :].replace("vote.example", "192.168.1.20")
    return "\n".join([*texts, rest, "[room]", "open_at_start = false", *more])


@contextmanager
def frozen(server: Server) -> Iterator[None]:
    """Let a server say nothing for a while."""
    os.kill(server.pid, signal.SIGSTOP)
    yield
    os.kill(server.pid, signal.SIGCONT)


def photograph_phones(album: Album, serve: Callable[[str], Server]) -> None:
    """One voter in four looks, through every state of the page."""
    server = serve(show(POLLS))
    steward = Steward(server)

    def enter(size: str, language: str) -> Page:
        page = album.open(server, "/login", size, language)
        page.get_by_role("textbox").fill("Vera")
        page.get_by_role("textbox").press("Enter")
        connected(page)
        return page

    voters = Cast.enter(album, "Voter", PHONES, enter)

    def tap(*places: int) -> None:
        for page in voters:
            for place in places:
                page.locator("[data-candidate]").nth(place).click()

    def press(selector: str) -> None:
        for page in voters:
            page.locator(selector).click()

    def take(state: str, status: str, **options: Any) -> None:
        voters.take(state, f"#status[data-status={status}]", **options)

    def begin(poll: str, **more: object) -> int:
        steward.steer("stage", poll=poll)
        round = steward.steer("open", poll=poll, **more)["round"]["id"]
        for page in voters:
            page.locator("#status[data-status=idle]").wait_for()
        return int(round)

    take("not begun", "none")
    first = steward.steer("open", poll="one")["round"]["id"]
    take("open", "idle")
    with frozen(server):
        tap(1)
        take("sending", "sending")
    take("counted, the first", "counted")
    crowd = steward.fill([31, 27, 16, 4])
    take("counted", "counted")
    for page in voters:
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    take("counted, further down", "counted")
    with frozen(server):
        tap(0)
        take("voting again", "sending")
    press("#badge")
    take("what the badge tells", "counted")
    press("#disconnect")
    press("#details-close")
    take("disconnected by hand", "counted")
    press("#badge")
    press("#reconnect")
    press("#details-close")
    for page in voters:
        connected(page)
    steward.steer("extend", seconds=95)
    take("countdown", "counted")
    steward.steer("close")
    take("closed, voted", "closed")
    steward.steer("open", poll="one", seconds=10)
    seconds = "[data-countdown=last]"
    voters.take("a new round has begun, last seconds", seconds, themes=("light",))
    take("closed, not voted", "closed")
    steward.steer("open", poll="one")
    steward.steer("compare", target=first)
    tap(0)
    take("compared", "counted")
    fault = FileLimit(server.folder / "data")
    fault.begin(server)
    tap(2)
    take("votes cannot be saved", "retrying")
    fault.end(server)
    take("saved after all", "counted", themes=("dark",))
    server.kill()
    for page in voters:
        page.locator("body[data-connection=reconnecting]").wait_for()
    take("no server", "counted")
    tap(1)
    take("no server, a vote waits", "waiting")
    press("#badge")
    take("no server, what the badge tells", "waiting")
    press("#details-close")
    server.start()
    steward = Steward(server)
    take("sent when it was back", "counted", themes=("dark",))
    steward.steer("close")
    steward.steer("rehearse", seconds=600)
    tap(0)
    take("rehearsal", "counted")
    steward.steer("end")
    for one in crowd:
        one.close()

    begin("several")
    tap(0)
    take("several, one chosen", "counted")
    tap(2, 1)
    take("several, too many", "hint")
    begin("once")
    tap(1, 3)
    take("several once, not sent yet", "idle")
    press("#send")
    take("several once, sent", "counted")
    begin("taps")
    tap(1, 1, 1, 0)
    take("taps", "counted")
    begin("after")
    take("numbers after the vote, before", "idle")
    tap(2)
    take("numbers after the vote, after", "counted")
    hidden = begin("hidden")
    tap(0)
    take("numbers hidden", "counted")
    steward.steer("close")
    take("numbers hidden, closed", "closed")
    steward.steer("show", target=hidden, results="live")
    take("revealed", "closed")
    begin("odd")
    steward.fill([5, 3, 8, 2, 1])
    take("odd names", "idle")
    tap(0)
    take("odd names, voted", "counted")
    begin("fifty", seconds=600)
    tap(2)
    take("fifty", "counted")
