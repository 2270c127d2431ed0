"""Pages that talk, whatever way their messages travel, and what each of them holds.

Owns a page's side of the wire's `talk`, `direct`, `said` and `unsaid`. Keeps every byte that came,
so that a test can say what never came.
"""

from __future__ import annotations

import json
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Literal, Protocol
from urllib.parse import urlencode

from tests.phones import PING, PONG, TEXT, Browser, Wire
from tests.serving import CONFIG, Server

TALKING = CONFIG + "\n[messages]\nenabled = true\n"
FAST = (
    TALKING
    + "voter_per_second = 10000\nroom_per_second = 10000\n"
    + "[limits]\nmessages_per_second = 10000\n"
)
"""The same for voters who say in a second what people say in an hour."""

Way = Literal["websocket", "longpoll", "poll"]
WAYS: tuple[Way, ...] = ("websocket", "longpoll", "poll")

PATIENCE = 60
"""Seconds after which a wait that should have ended fails the test."""

PAUSE = 0.05
"""Seconds between two questions of a page that may not wait for its answer."""

UNDERWAY = 8
"""Messages for whose answers a page need not wait before it sends the next."""

MOST = 200
"""As many messages of a kind as a page keeps."""

Message = dict[str, Any]


class Wall:
    """What a page holds of the wall: what `talk` messages brought, by their ids.

    `again` are the ids that came though the page had them, `afresh` how often all was replaced.
    """

    def __init__(self) -> None:
        self.epoch, self.version = "", 0
        self.held: dict[str, Message] = {}
        self.again: list[str] = []
        self.afresh = 0

    def take(self, told: Message) -> None:
        """Take in one `talk` message."""
        if told.get("afresh") or told["epoch"] != self.epoch:
            self.afresh += 1
            self.held.clear()
            self.epoch, self.version = told["epoch"], 0
        for message in told["messages"]:
            if message["id"] in self.held:
                self.again.append(message["id"])
            self.held[message["id"]] = message
        for id in told.get("hidden", ()):
            self.held.pop(id, None)
        for kind in ("wall", "hidden", "direct"):
            alike = [each for each in self.messages if kind_of(each) == kind]
            for place, old in enumerate(reversed(alike)):
                if place >= MOST or (kind != "direct" and old["version"] < told["first"]):
                    del self.held[old["id"]]
        self.version = max(self.version, told["version"])

    @property
    def after(self) -> str:
        """How a page says what it holds."""
        return f"{self.epoch}.{self.version}" if self.epoch else ""

    @property
    def messages(self) -> list[Message]:
        return sorted(self.held.values(), key=lambda message: int(message["version"]))

    @property
    def texts(self) -> list[str]:
        """What was said to everyone; an admin is told more."""
        return [each["text"] for each in self.messages if kind_of(each) != "direct"]


def kind_of(message: Message) -> str:
    """Say which of a page's messages this is one of."""
    return "direct" if message.get("to") else "hidden" if message.get("hidden") else "wall"


class Line(Protocol):
    """A page's way to the server."""

    def send(self, message: Message) -> None:
        """Send a message of the wire."""

    def next(self) -> list[Message]:
        """Return what came next; may be nothing."""

    def close(self) -> None:
        """Go away."""


class SocketLine:
    """By WebSocket."""

    def __init__(self, browser: Browser, view: str, raw: list[bytes], **wire: Any) -> None:
        self.wire = Wire(browser.server, **wire)
        status, _ = self.wire.upgrade(f"/live?view={view}", Cookie=browser.cookie)
        assert status == 101
        self._raw = raw

    def send(self, message: Message) -> None:
        self.wire.send(TEXT, json.dumps(message).encode())

    def next(self) -> list[Message]:
        opcode, payload = self.wire.receive()
        self._raw.append(payload)
        if opcode == PING:
            self.wire.send(PONG, payload)
        return [json.loads(payload)] if opcode == TEXT else []

    def close(self) -> None:
        self.wire.close()


class AskedLine:
    """By questions, which may wait for their answer; what is said goes by POST."""

    def __init__(self, browser: Browser, view: str, raw: list[bytes], wait: float) -> None:
        self._browser, self._raw = browser, raw
        self._asked: dict[str, object] = {"view": view, "wait": wait}
        self._wish: dict[str, object] = {}
        self._answers: deque[Message] = deque()

    def send(self, message: Message) -> None:
        if message["type"] == "hear":
            self._wish["heard"] = message["after"] or "0"
        else:
            path = "/messages?view=admin" if self._asked["view"] == "admin" else "/messages"
            as_json = {"Content-Type": "application/json"}
            answer = self._browser.ask("POST", path, json.dumps(message).encode(), as_json)
            self._raw.append(answer.body)
            self._answers.append(answer.json | {"status": answer.status})

    def next(self) -> list[Message]:
        if self._answers:
            return [self._answers.popleft()]
        answer = self._browser.get(f"/live?{urlencode(self._asked | self._wish)}")
        assert answer.status in (200, 204), answer.text
        self._raw.append(answer.body)
        if answer.status == 204:
            if not self._asked["wait"]:
                time.sleep(PAUSE)
            return []
        self._wish.clear()
        self._asked["after"] = answer.json["after"]
        messages: list[Message] = answer.json["messages"]
        return messages

    def close(self) -> None:
        """Nothing is open between two questions."""


class Talker:
    """One page; its `way` to the server may change, and what it holds of the wall stays.

    With `hears` it asks for what was said before it came, on each new line.
    """

    def __init__(
        self,
        browser: Browser,
        way: Way = "websocket",
        view: str = "voter",
        *,
        hears: bool = True,
        **wire: Any,
    ) -> None:
        self.browser, self.view, self.hears = browser, view, hears
        self.wall = Wall()
        self.directs: dict[str, Message] = {}
        self.people: dict[str, str] = {}
        self.state: Message = {}
        self.you: Message = {}
        self.refusal: Message = {}
        self.raw: list[bytes] = []
        self._answers: dict[str | None, Message] = {}
        self.come(way, **wire)

    def come(self, way: Way, **wire: Any) -> Talker:
        """Connect, and ask for what is missing; return once the state has come."""
        if way == "websocket":
            self.line: Line = SocketLine(self.browser, self.view, self.raw, **wire)
        else:
            wait = 25 if way == "longpoll" else 0
            self.line = AskedLine(self.browser, self.view, self.raw, wait)
        if self.hears:
            self.line.send({"type": "hear", "after": self.wall.after})
        self.state = {}
        self.until(lambda: self.state)
        return self

    def leave(self) -> None:
        """Go away; what this page holds, it keeps."""
        self.line.close()

    @property
    def wire(self) -> Wire:
        """The socket, where the page has one."""
        assert isinstance(self.line, SocketLine)
        return self.line.wire

    @property
    def person(self) -> str:
        """The public name of this page's voter."""
        person: str = self.you["person"]
        return person

    def send(self, text: str, to: str = "", key: str = "") -> str:
        """Say something without waiting for the answer; return its key."""
        key = key or secrets.token_hex(8)
        self.line.send({"type": "say", "key": key, "to": to, "text": text})
        return key

    def answer(self, key: str | None) -> Message:
        """Wait for what became of a key: `said` or `unsaid`."""
        self.until(lambda: key in self._answers)
        return self._answers.pop(key)

    def say(self, text: str, to: str = "", key: str = "") -> Message:
        """Say something, and return what became of it: `said` or `unsaid`."""
        return self.answer(self.send(text, to, key))

    def say_all(self, texts: Iterable[str], to: str = "") -> list[Message]:
        """Say many things, some at a time; return the answers, which must all be `said`."""
        keys: deque[str] = deque()
        answers = []
        for text in texts:
            keys.append(self.send(text, to))
            if len(keys) == UNDERWAY:
                answers.append(self.answer(keys.popleft()))
        answers += [self.answer(key) for key in keys]
        assert {answer["type"] for answer in answers} <= {"said"}, answers
        return answers

    def unsaid(self, text: str, to: str = "") -> str:
        """Return why something cannot be said."""
        answer = self.say(text, to)
        assert answer["type"] == "unsaid", answer
        assert answer["message"]
        code: str = answer["code"]
        return code

    def until(self, gate: Callable[[], object]) -> None:
        """Take in what comes until a gate opens."""
        end = time.monotonic() + PATIENCE
        while not gate():
            try:
                told = self.line.next()
            except TimeoutError:
                end = 0.0  # nothing comes any more
            held = f"{self.view}: {self.wall.texts}, {self.directs}, {self.state}"
            assert time.monotonic() < end, held
            for message in told:
                self._take(message)

    def sees(self, *texts: str) -> None:
        """Wait until the wall holds just these texts, in this order."""
        self.until(lambda: self.wall.texts == [*texts])

    def meets(self, *persons: str) -> None:
        """Ask who is here, and wait until these are."""
        self.line.send({"type": "people", "on": True})
        self.until(lambda: {*persons} <= self.people.keys())

    def has(self, text: str) -> Message:
        """Wait until a message of this text has come to this page alone; return it."""
        self.until(lambda: text in self._direct_texts)
        return self._direct_texts[text]

    @property
    def _direct_texts(self) -> dict[str, Message]:
        """On an admin's page they stand among the others."""
        told = [*self.directs.values(), *self.wall.messages]
        return {each["text"]: each for each in told if kind_of(each) == "direct"}

    def has_got(self, text: str) -> bool:
        """Say whether these characters came to this page at all, in whatever bytes."""
        return any(text.encode() in came for came in self.raw)

    def _take(self, message: Message) -> None:
        match message["type"]:
            case "talk":
                self.wall.take(message)
            case "direct":
                self.directs |= {each["id"]: each for each in message["messages"]}
            case "people":
                if message["afresh"]:
                    self.people.clear()
                self.people |= {each["id"]: each["name"] for each in message["people"]}
                for person in message["left"]:
                    self.people.pop(person, None)
            case "said" | "unsaid":
                self._answers[message["key"]] = message
            case "refused":
                self.refusal = message
            case "state":
                self.state = message
            case "you":
                self.you = message


class Desk:
    """An admin who moderates by the buttons."""

    def __init__(self, server: Server) -> None:
        self.browser = Browser(server).become_admin()

    @property
    def version(self) -> int:
        """The version that an admin sees now."""
        (state,) = self.browser.get("/live?view=admin").json["messages"]
        version: int = state["version"]
        return version

    def press(self, action: str, **form: object) -> None:
        """Press a button; it must do what it says."""
        answer = self.browser.post(f"/admin/talk/{action}", form, Accept="application/json")
        assert (answer.status, answer.json) == (200, {"ok": True}), answer.text
