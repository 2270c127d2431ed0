"""A page that has no WebSocket: asks `GET /live` again and again, and posts its ballots."""

from __future__ import annotations

import json
import secrets
import socket
from typing import Any
from urllib.parse import urlencode

from tests.phones import Answer, Browser


class Asker:
    """One page of a browser; `after` is its token, `state` the newest state that it was told."""

    def __init__(self, browser: Browser, view: str = "voter") -> None:
        self.browser = browser
        self.view = view
        self.after = ""
        self.state: dict[str, Any] = {}

    def question(self, **more: object) -> str:
        """Return the path of the next question."""
        asked = {"view": self.view, **({"after": self.after} if self.after else {}), **more}
        return f"/live?{urlencode(asked)}"

    def ask(self, **more: object) -> Answer:
        """Ask once; take in what comes."""
        answer = self.browser.ask("GET", self.question(**more))
        if answer.status == 200:
            self.after = answer.json["after"]
            for message in answer.json["messages"]:
                if message["type"] == "state":
                    self.state = message
        return answer

    def hear(self, **more: object) -> list[dict[str, Any]]:
        """Ask once, and return the messages; none where the answer was 204."""
        answer = self.ask(**more)
        assert answer.status in (200, 204), answer.text
        messages: list[dict[str, Any]] = answer.json["messages"] if answer.body else []
        return messages

    def until(self, **wanted: object) -> dict[str, Any]:
        """Ask and wait until a message comes that has these fields; return it."""
        while True:
            for message in self.hear(wait=25):
                if wanted.items() <= message.items():
                    return message

    def post(self, message: object, **headers: str) -> Answer:
        """Post something to where ballots go."""
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        sent = {"Content-Type": "application/json", **headers}
        return self.browser.ask("POST", "/ballots", body, sent)

    def vote(self, *choices: str, ballot: str = "", round: int | None = None) -> Answer:
        """Cast a ballot."""
        seen = self.state["round"]["id"] if round is None else round
        ballot = ballot or secrets.token_hex(8)
        message = {"type": "vote", "ballot": ballot, "round": seen, "choices": choices}
        return self.post(message)

    def send_question(self, **more: object) -> socket.socket:
        """Ask, and return the connection without waiting for the answer."""
        server = self.browser.server
        line = server.dial(seconds=10)
        server.sockets.append(line)
        head = [
            f"GET {self.question(**more)} HTTP/1.1",
            f"Host: {server.address}",
            f"Cookie: {self.browser.cookie}",
        ]
        line.sendall("\r\n".join([*head, "", ""]).encode())
        return line


def asker(browser: Browser, view: str = "voter") -> Asker:
    """Return a page that has been told its first state."""
    page = Asker(browser, view)
    page.hear()
    assert page.state
    return page
