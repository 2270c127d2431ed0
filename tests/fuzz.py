"""Garbage from a seed, thrown at a real server over real sockets.

    python -m tests.fuzz --inputs 100000 --seed WORD

Each input is frames on a WebSocket of its own, a message on one that stays or without any, a
question for news, an HTTP request down to its bytes, or a form. Whatever comes back must be an
answer that is specified. After each batch the server must take a normal vote, have told of no
mistake, and be no larger than before. What was done is printed as one line of JSON; what went
wrong, with the input that did it. `--only NUMBER` sends that one again.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from urllib.parse import urlencode

import click

from tests import garble
from tests.answers import (
    STATUSES_OF_BALLOTS,
    Unspecified,
    check_frames,
    check_message,
    check_requests,
    is_message,
)
from tests.phones import PING, PONG, TEXT, Browser, Closed, Phone, Wire, frame
from tests.serving import CONFIG, Server
from tests.strangers import MEGABYTE, is_well, knock, resident

NAMES = ("messages_per_second", "logins_per_minute", "sockets_per_voter", "sockets_per_address")
LIMITS = "\n[limits]\n" + "".join(f"{name} = 10000000\n" for name in NAMES)
"""It is the content of a message that is tried here, not how many there are."""

BATCH = 1_000
MOST_GROWTH = 24 * MEGABYTE
"""Since the first batch: ballots that count, and a voter for each batch."""

SHARES = {"frames": 35, "message": 30, "ballot": 8, "question": 7, "request": 12, "form": 8}


class Fuzz:
    """Inputs for one server; `answers` counts what came back, `sent` is the last input."""

    def __init__(self, server: Server, seed: str) -> None:
        self.answers: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.sent: object = b""
        self._server = server
        self._seed = seed
        self._browser = Browser(server).log_in("Vera")
        self._form = {"csrf_token": self._browser.token()}
        self._phone: Phone | None = None
        self._token = ""
        self._tries: dict[str, Callable[[Random], list[str]]] = {
            "frames": self._try_frames,
            "message": self._try_message,
            "ballot": self._try_ballot,
            "question": self._try_question,
            "request": self._try_request,
            "form": self._try_form,
        }

    def throw(self, number: int) -> None:
        """Send one input and judge what comes back.

        Raises:
            Unspecified: the answer is none to this; the text says what was sent.
        """
        random = Random(f"{self._seed} {number}")
        (kind,) = random.choices(list(SHARES), list(SHARES.values()))
        self.kinds[kind] += 1
        try:
            self.answers.update(self._tries[kind](random))
        except (AssertionError, OSError, Closed, ValueError) as error:
            again = f"{kind}, --seed {self._seed} --only {number}"
            raise Unspecified(f"{again}: {error!r} to {self.sent!r}") from error

    def settle(self) -> int:
        """See that the server is well, and return how much memory it holds."""
        is_well(self._server)
        return resident(self._server)

    def _try_frames(self, random: Random) -> list[str]:
        self.sent = data = garble.frames(random)
        wire = Wire(self._server)
        try:
            view = random.choice(("voter", "voter", "screen"))
            wire.send_upgrade(f"/live?view={view}", Cookie=self._browser.cookie)
            if random.random() < 0.9:  # others do not wait for the answer to their handshake
                wire.socket.sendall(b"")
                head = wire._until(b"\r\n\r\n")
            else:
                head = b""
            self._trickle(random, wire, data)
            came = _rest(wire)
        finally:
            wire.close()
            self._server.sockets.remove(wire.socket)
        if not head:
            head, _, came = came.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101 "):
            raise Unspecified(f"no handshake: {head!r}")
        return check_frames(came)

    def _trickle(self, random: Random, wire: Wire, data: bytes) -> None:
        """Send bytes in a few pieces, and say that there are no more."""
        cuts = sorted(random.randint(0, len(data)) for _ in range(random.choice((0, 0, 1, 5))))
        with suppress(ConnectionError):  # the server may have heard enough
            for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
                wire.socket.sendall(data[start:end])
            wire.socket.shutdown(1)

    def _try_message(self, random: Random) -> list[str]:
        """On a line that stays: a message, and a ping behind which its answer is there."""
        self.sent = said = garble.message(random)[:4_096]
        good = is_message(said)
        try:
            said.decode()
        except UnicodeDecodeError:
            said = said.decode(errors="replace").encode()[:4_000].decode(errors="ignore").encode()
            self.sent, good = said, is_message(said)
        if self._phone is None:
            self._phone = Phone(self._browser)
        wire, found = self._phone.wire, []
        wire.socket.sendall(frame(TEXT, said) + frame(PING, b"?"))
        is_refused = is_answered = False
        while True:
            opcode, payload = wire.receive()
            if (opcode, payload) == (PONG, b"?"):
                break
            if opcode == TEXT:
                message = check_message(payload)
                found.append(message["type"])
                is_refused = is_refused or message.get("code") == "bad_message"
                is_answered = is_answered or message["type"] == "pong"
        if good is not None and is_refused == good:
            raise Unspecified(f"expected {'no ' if good else ''}bad_message, got {found}")
        if is_refused and is_answered:
            raise Unspecified("two answers")
        return found

    def _try_ballot(self, random: Random) -> list[str]:
        self.sent = said = garble.message(random)
        json_type = {"Content-Type": "application/json"}
        answer = self._browser.ask("POST", "/ballots", said, json_type)
        told = check_message(answer.body)
        is_bad = told.get("code") == "bad_message"
        # A ping is a message, but no vote.
        if is_message(said) is False and not is_bad:
            raise Unspecified(f"expected bad_message, got {told}")
        if answer.status != STATUSES_OF_BALLOTS.get(told.get("code"), 200):
            raise Unspecified(f"HTTP {answer.status} with {told}")
        return [f"ballot {answer.status}"]

    def _try_question(self, random: Random) -> list[str]:
        token = self._token or self._browser.get("/live?view=screen").json["after"]
        self.sent = asked = garble.question(random, token)
        answer = self._browser.get(asked)
        if answer.status not in (200, 400, 401):
            raise Unspecified(f"HTTP {answer.status} to a question")
        if answer.status == 200:
            self._token = answer.json["after"]
            messages = [json.dumps(one).encode() for one in answer.json["messages"]]
            return ["question 200", *(check_message(one)["type"] for one in messages)]
        return [f"question {answer.status}"]

    def _try_request(self, random: Random) -> list[str]:
        host = f"127.0.0.1:{self._server.port}"
        self.sent = data = garble.request(random, host, self._browser.cookie)
        return check_requests(knock(self._server, data), is_head=b"HEAD" in data)

    def _try_form(self, random: Random) -> list[str]:
        self.sent = filled = self._form | garble.form(random)
        path = random.choice(("/login", "/login", "/login", "/admin/login"))
        body = urlencode(filled, errors="surrogatepass").encode()
        visitor = Browser(self._server, dict(self._browser.cookies))
        answer = visitor.ask("POST", path, body)
        if answer.status not in (303, 400, 401, 422, 429):
            raise Unspecified(f"HTTP {answer.status} to a form")
        return [f"form {answer.status}"]


def _rest(wire: Wire) -> bytes:
    """Return what comes until the end; a connection that is reset has lost its last frames."""
    came = wire._read
    try:
        while data := wire.socket.recv(65_536):
            came += data
    except ConnectionError:
        return b""
    return came


def throw(server: Server, seed: str, inputs: int, batch: int = BATCH) -> dict[str, object]:
    """Send so many inputs to a server; return what was done, and what it cost.

    Raises:
        AssertionError: something was answered that is not specified, or the server is not well.
    """
    fuzz, begin, sizes = Fuzz(server, seed), time.monotonic(), [0]
    for number in range(inputs):
        fuzz.throw(number)
        if (number + 1) % batch == 0 or number + 1 == inputs:
            sizes.append(fuzz.settle())
            grown = sizes[-1] - sizes[1]
            assert grown < MOST_GROWTH, f"{grown} bytes more after {number + 1} inputs"
    return {
        "seed": seed,
        "inputs": inputs,
        "seconds": round(time.monotonic() - begin, 1),
        "kinds": dict(fuzz.kinds),
        "answers": dict(sorted(fuzz.answers.items())),
        "megabytes": {
            name: round(size / MEGABYTE, 1)
            for name, size in (("first", sizes[1]), ("most", max(sizes)), ("last", sizes[-1]))
        },
    }


@click.command()
@click.option("--inputs", default=100_000, show_default=True)
@click.option("--seed", default="curtain", show_default=True)
@click.option("--only", type=int, help="Send this one alone.")
def main(inputs: int, seed: str, only: int | None) -> None:
    """Throw garbage at a server of its own, on this computer."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), CONFIG + LIMITS)
        try:
            server.start()
            if only is not None:
                fuzz = Fuzz(server, seed)
                fuzz.throw(only)
                fuzz.settle()
                return click.echo(f"{fuzz.sent!r} {dict(fuzz.answers)}")
            click.echo(json.dumps(throw(server, seed, inputs)))
        finally:
            server.clear_up()


if __name__ == "__main__":
    main()
