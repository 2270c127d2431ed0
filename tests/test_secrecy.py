"""What a view may not see never leaves the server.

Two servers play the same evening: the same people come, vote at the same moments and are steered
alike, but what some of them choose is different. Whoever may not see the counts must get the same
bytes from both, over every way there is. And who may see them does, at once.
"""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, get_args

import pytest

from tests.phones import PING, PONG, TEXT, Browser, Wire
from tests.routes import paths, routes
from tests.serving import ADA, CONFIG, EDSGER, GRACE, Server
from voting.records import Rule

RULES = get_args(Rule) if os.environ.get("TEST_ALL") else ()

Choices = tuple[str, ...]

LIVE = ["/live?view=screen&wait=0", "/live?view=voter&wait=0", "/live?view=admin&wait=0"]
"""The socket's address, asked without a handshake."""


def every_path() -> list[str]:
    """Return every address that anybody can ask for.

    But for what the server costs, which is never the same twice: tests/test_metrics.py sees that it
    names no candidate.
    """
    return [*LIVE, *(path for path in paths() if path != "/metrics")]


class Page:
    """A page that keeps every message as it was sent."""

    def __init__(self, browser: Browser, view: str) -> None:
        self.browser = browser
        self.wire = Wire(browser.server)
        status, _ = self.wire.upgrade(f"/live?view={view}", Cookie=browser.cookie)
        assert status == 101
        self.heard: list[bytes] = []

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Listen until a message comes that is wanted; return it."""
        while True:
            opcode, payload = self.wire.receive()
            if opcode == PING:
                self.wire.send(PONG, payload)
            if opcode != TEXT:
                continue
            self.heard.append(payload)
            message: dict[str, Any] = json.loads(payload)
            if wanted(message):
                return message

    def state(self) -> dict[str, Any]:
        return self.until(lambda message: message["type"] == "state")

    def vote(self, ballot: str, round: int, *choices: str) -> None:
        vote = {"type": "vote", "ballot": ballot, "round": round, "choices": choices}
        self.wire.send(TEXT, json.dumps(vote).encode())


@dataclass
class Evening:
    """One server's evening. Each step is waited for on every page, so both go the same way."""

    server: Server
    choices: list[Choices]

    def __post_init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.got: dict[str, list[bytes]] = {}
        self.admin = Browser(self.server).become_admin()
        self.desk = Page(self.admin, "admin")
        self.now = self.desk.state()
        self.stranger = Browser(self.server)
        self.ballots = iter(range(1_000))
        self.join("screen", "screen", self.stranger)

    # Steps

    def join(self, name: str, view: str = "voter", browser: Browser | None = None) -> None:
        """Let one more page come; a voter's first one is told to all."""
        page = Page(browser or Browser(self.server).log_in(name), view)
        is_new = all(page.browser is not other.browser for other in self.pages.values())
        self.pages[name] = page
        page.state()
        if view == "voter" and is_new:
            self.wait()

    @property
    def online(self) -> int:
        """How many voters are there; two tabs are one."""
        return len({id(page.browser) for page in self.pages.values()} - {id(self.stranger)})

    def vote(self, name: str, *choices: str) -> None:
        """Let a voter vote, and wait until it shows."""
        id = f"ballot-{next(self.ballots)}"
        self.pages[name].vote(id, self.now["round"]["id"], *choices)
        self.pages[name].until(lambda message: message["type"] == "receipt")
        self.now["version"] += 1
        self.wait()

    def differ(self) -> None:
        """Let three voters choose what is different this evening; then one of them changes."""
        for name, chosen in zip(["x", "y", "z", "x"], self.choices, strict=True):
            self.vote(name, *chosen)

    def steer(self, action: str, **more: object) -> None:
        """Let the admin press a button, and wait until it shows."""
        answer = self.admin.steer(action, self.now, **more)
        assert answer.json == {"ok": True}, action
        self.now["version"] += 1
        self.wait()

    def wait(self) -> None:
        """Listen until every page shows this version and so many voters."""

        def caught_up(message: dict[str, Any]) -> bool:
            if message["type"] not in ("state", "tally"):
                return False
            return (message["online"], message["version"]) == (self.online, self.now["version"])

        for page in self.pages.values():
            page.until(caught_up)
        newest = self.desk.until(caught_up)
        self.now |= newest if newest["type"] == "state" else {"counts": newest["counts"]}

    def restart(self) -> None:
        """Kill the server and start it; every page comes back."""
        self.server.kill()
        self.server.start()
        before, self.pages = self.pages, {}
        self.desk = Page(self.admin, "admin")
        self.now = self.desk.state()
        for name, page in before.items():
            self.join(name, "screen" if name == "screen" else "voter", page.browser)
            self.pages[name].heard[:0] = page.heard

    def look(self) -> None:
        """Get every page that people without the admin's login can open."""
        self._get([path for path in every_path() if not path.startswith("/admin")])

    def look_everywhere(self) -> None:
        """Get every page that they can try."""
        self._get(every_path())

    def _get(self, paths: list[str]) -> None:
        looking = {"stranger": self.stranger}
        looking |= {n: page.browser for n, page in self.pages.items() if n in ("same", "waits")}
        for (name, browser), path in itertools.product(looking.items(), paths):
            answer = browser.get(path)
            passing = ("Date", "Set-Cookie")
            head = [f"{k}: {v}" for k, v in answer.headers.items() if k not in passing]
            said = "\n".join([str(answer.status), *head, ""]).encode() + answer.body
            self.got.setdefault(f"{name} gets {path}", []).append(said)

    # What was heard and got

    def told(self, names: list[str]) -> Iterator[tuple[str, list[bytes]]]:
        """Return what these people were told on each way, without what must differ."""
        epoch = self.now["epoch"].encode()
        port = str(self.server.port).encode()
        ways = {f"{name} hears": self.pages[name].heard for name in names if name in self.pages}
        ways |= {way: said for way, said in self.got.items() if way.split()[0] in names}
        for way, said in ways.items():
            own = way.split()[0] == "same"
            yield way, [plain(text, epoch, port, own=own) for text in said]


def plain(text: bytes, epoch: bytes, port: bytes, *, own: bool) -> bytes:
    """Take out what tells two evenings apart whatever is chosen; `own` codes are a voter's own."""
    text = text.replace(epoch, b"EPOCH").replace(b":" + port, b":PORT")
    text = re.sub(rb"\b1\d{12}\b", b"TIME", text)
    text = re.sub(rb'(name="csrf_token" value=)"[^"]*"', rb"\1TOKEN", text)
    # A voter's public name is made of a random id.
    text = re.sub(rb'("person":")[a-z2-9]{10}"', rb'\1PERSON"', text)
    # Of a token: its page's random name, the digest of numbers, in which the epoch is hashed, and
    # that of `you`, in which the name is.
    text = re.sub(
        rb'("after":")[\w-]+(\.EPOCH\.\d+\.\w+\.)\w+\.[\w-]+', rb"\1PAGE\2NUMBERS.OWN", text
    )
    if own:
        text = re.sub(rb"\b[A-Z2-7]{4}-[A-Z2-7]{4}\b", b"OWN-CODE", text)
    return text


LUNCH = """
[[polls]]
id = "lunch"
question = "What is for lunch?"
candidates = ["Ada Lovelace", "Grace Hopper", "Edsger Dijkstra"]
"""
SINGLE = ([(ADA,), (ADA,), (GRACE,), (ADA,)], [(EDSGER,), (GRACE,), (EDSGER,), (GRACE,)])
SEVERAL = ([(ADA,), (ADA, GRACE), (GRACE,), (EDSGER, GRACE)], [(EDSGER, GRACE)] * 3 + [(ADA,)])
PICKS = {"single": SINGLE, "approval": SEVERAL, "taps": SINGLE}


def two_evenings(
    serve: Callable[..., Server], rule: str, results: str, play: Callable[[Evening], None]
) -> list[Evening]:
    """Play the same evening on two servers, with different choices."""
    said = f'results = "{results}"\nrule = "{rule}"\ntaps_per_second = 50\n'
    config = CONFIG.replace("\n[server]", said + LUNCH + said + "\n[server]")
    config += "[live]\nticks_per_second = 60\n"
    evenings = [Evening(serve(config), choices) for choices in PICKS[rule]]

    def spend(evening: Evening) -> None:
        for name in ("same", "waits", "x", "y", "z"):
            evening.join(name)
        play(evening)

    with ThreadPoolExecutor(2) as hands:
        list(hands.map(spend, evenings))
    return evenings


def assert_nothing_tells(evenings: list[Evening], names: list[str]) -> None:
    """The admin saw different counts; these people cannot know."""
    one, other = evenings
    seen = [[json.loads(text).get("counts") for text in e.desk.heard] for e in evenings]
    assert seen[0] != seen[1]
    for (way, here), (_, there) in zip(one.told(names), other.told(names), strict=True):
        for n, (a, b) in enumerate(zip(here, there, strict=True)):
            assert a == b, f"{way}, message {n}"


# The long way round


def test_every_way_to_get_something_is_tried() -> None:
    """A route to which no path leads here would not be looked at."""
    assert [rule for rule, paths in routes().items() if not paths] == []
    assert {"/", "/login", "/present", "/rounds/<int:id>", "/rounds/<int:id>.csv"} <= set(routes())


@pytest.mark.parametrize("rule", RULES or ["taps"])
def test_a_hidden_result_is_told_to_nobody(serve: Callable[..., Server], rule: str) -> None:
    """Not while it runs, nor closed, reopened, archived, compared, restored, or after a restart."""

    def play(evening: Evening) -> None:
        evening.vote("same", ADA)
        evening.differ()
        evening.look()
        evening.steer("close")
        evening.look()
        evening.steer("reopen")
        evening.steer("extend", seconds=600)
        evening.differ()
        evening.steer("extend", seconds="")
        evening.steer("reset")
        evening.steer("compare", target=1)
        evening.vote("same", GRACE)
        evening.differ()
        evening.join("late")
        evening.look()
        evening.steer("stage", poll="lunch")
        evening.steer("open", poll="lunch")
        evening.differ()
        evening.look()
        evening.steer("restore", target=1)
        evening.restart()
        evening.look_everywhere()

    evenings = two_evenings(serve, rule, "hidden", play)
    assert_nothing_tells(evenings, ["screen", "stranger", "same", "waits", "late"])


@pytest.mark.skipif(not RULES, reason="the next ones show some of it; make test-all")
@pytest.mark.parametrize("rule", RULES or ["approval"])
def test_before_the_vote_the_counts_are_told_to_nobody(
    serve: Callable[..., Server], rule: str
) -> None:
    """With after_vote the screen, a stranger and who has not voted are told nothing."""

    def play(evening: Evening) -> None:
        evening.vote("same", ADA)
        evening.differ()
        evening.look()
        evening.steer("extend", seconds=600)
        evening.steer("extend", seconds="")
        evening.join("late")
        evening.restart()
        evening.differ()
        evening.look_everywhere()

    evenings = two_evenings(serve, rule, "after_vote", play)
    assert_nothing_tells(evenings, ["screen", "stranger", "waits", "late"])


@pytest.mark.parametrize("begins", ["live", "after_vote"] if RULES else ["after_vote"])
def test_what_is_hidden_while_it_runs_is_hidden_from_then_on(
    serve: Callable[..., Server], begins: str
) -> None:
    """Who saw the counts before the switch is told nothing of what comes behind it."""

    def play(evening: Evening) -> None:
        evening.vote("same", ADA)
        evening.steer("show", target=1, results="hidden")
        evening.differ()
        evening.look()
        evening.steer("close")
        evening.steer("reset")
        evening.steer("show", target=2, results="hidden")
        evening.steer("compare", target=1)
        evening.differ()
        evening.look_everywhere()

    evenings = two_evenings(serve, "single", begins, play)
    assert_nothing_tells(evenings, ["screen", "stranger", "same", "waits"])


@pytest.mark.skipif(not RULES, reason="the other way round is shown; make test-all")
def test_what_asks_for_a_vote_first_from_now_on_does_so(serve: Callable[..., Server]) -> None:
    """Switched from live while it runs: the screen and who waits are told nothing more."""

    def play(evening: Evening) -> None:
        evening.vote("same", ADA)
        evening.steer("show", target=1, results="after_vote")
        evening.differ()
        evening.look_everywhere()

    evenings = two_evenings(serve, "single", "live", play)
    assert_nothing_tells(evenings, ["screen", "stranger", "waits"])


# Who may see does see

CAST = {ADA: 1, GRACE: 0, EDSGER: 0}


@pytest.fixture
def evening(serve: Callable[..., Server]) -> Evening:
    """A room whose results are for those who have voted, with one voter and one who waits."""
    begun = Evening(serve(CONFIG.replace("\n[server]", 'results = "after_vote"\n[server]')), [])
    for name in ("voter", "waits"):
        begun.join(name)
    return begun


def seen(evening: Evening, **by: Any) -> None:
    """Check which counts stand in the newest message to each page, and in the page itself."""
    for name, counts in by.items():
        page = evening.pages[name]
        newest = json.loads(page.heard[-1])
        assert newest["counts"] == counts, name
        path = "/present" if name == "screen" else "/"
        embedded = re.search(r'"counts": ?(null|{[^}]*})', page.browser.get(path).text)
        assert embedded, path
        assert json.loads(embedded[1]) == counts, path


def test_who_votes_sees_the_counts_at_once(evening: Evening) -> None:
    """With the tick behind the receipt, on every tab of the voter; who waits goes on waiting."""
    evening.join("tab", browser=evening.pages["voter"].browser)
    seen(evening, voter=None, tab=None, waits=None, screen=None)
    evening.vote("voter", ADA)
    seen(evening, voter=CAST, tab=CAST, waits=None, screen=None)
    assert json.loads(evening.pages["tab"].heard[-1])["type"] == "state"
    evening.vote("waits", ADA)
    seen(evening, voter=CAST | {ADA: 2}, waits=CAST | {ADA: 2}, screen=None)


def test_everyone_sees_the_counts_once_the_round_is_closed(evening: Evening) -> None:
    """And not after a reopen, and nobody's of the next round; its public page comes and goes."""
    evening.vote("voter", ADA)
    assert evening.stranger.get("/rounds/1").status == 403
    evening.steer("close")
    seen(evening, voter=CAST, waits=CAST, screen=CAST)
    assert evening.stranger.get("/rounds/1").status == 200
    assert evening.stranger.get("/rounds/1.csv").status == 200
    evening.steer("reopen")
    seen(evening, voter=CAST, waits=None, screen=None)
    assert evening.stranger.get("/rounds/1").status == 403
    assert evening.stranger.get("/rounds/1.csv").status == 403
    evening.steer("reset")
    seen(evening, voter=None, waits=None, screen=None)
    assert evening.stranger.get("/rounds/1").status == 200


def test_everyone_sees_a_hidden_result_when_it_is_revealed(evening: Evening) -> None:
    """On stage, and beside the next round; hidden again, it is gone from every page."""
    evening.steer("show", target=1, results="hidden")
    evening.vote("voter", ADA)
    seen(evening, voter=None, waits=None, screen=None)
    evening.steer("close")
    seen(evening, voter=None, waits=None, screen=None)
    evening.steer("show", target=1, results="live")
    seen(evening, voter=CAST, waits=CAST, screen=CAST)
    evening.steer("reset")
    evening.steer("compare", target=1)
    beside = {"round": 1, "voted": 1, "ballots": 1, "counts": CAST}
    assert json.loads(evening.pages["screen"].heard[-1])["compared"] == beside
    evening.steer("show", target=1, results="hidden")
    assert json.loads(evening.pages["screen"].heard[-1])["compared"] is None
    assert evening.now["compared"] == beside


def test_the_admin_sees_every_count(evening: Evening) -> None:
    """On the socket and in the page, whatever the others are shown."""
    evening.steer("show", target=1, results="hidden")
    evening.vote("voter", ADA)
    assert evening.now["counts"] == CAST
    assert '"counts"' in evening.admin.get("/admin").text
