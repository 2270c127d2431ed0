"""A server of ours as a process, as a presenter would start it, on a data folder of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

from tests.nursery import Born, Nursery

ROOT = Path(__file__).parent.parent

CONFIG = """
[[polls]]
question = "Who should give the next talk?"
candidates = ["Ada Lovelace", "Grace Hopper", "Edsger Dijkstra"]

[server]
host = "127.0.0.1"
public_url = "http://vote.example:5000"
"""
ADA, GRACE, EDSGER = "ada-lovelace", "grace-hopper", "edsger-dijks"

START_SECONDS = 30
STOP_SECONDS = 15

NURSERY = Nursery()


class Server:
    """A running server; `start` again after `stop` or `kill` goes on with the same data."""

    def __init__(self, folder: Path, config: str = CONFIG, root: Path = ROOT) -> None:
        self.folder = folder
        self._root = root
        self.config = folder / "config.toml"
        self.config.write_text(config, encoding="utf-8")
        self.port: int | None = 0  # any free one; None leaves the choice to the server
        self.link = ""
        self.security: ssl.SSLContext | None = None  # what those who come need for TLS
        self.deaf = False  # whether standard error is closed once the server runs
        self.process: subprocess.Popen[str] | Born | None = None
        self.sockets: list[socket.socket] = []
        self._said: list[str] = []
        self._spoke = threading.Condition()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def entrance(self) -> int:
        """The port that phones call."""
        return self.port or 0

    @property
    def address(self) -> str:
        """What a browser sends as Host."""
        return self.url.partition("//")[2]

    def dial(self, *, seconds: float, receive_buffer: int | None = None) -> socket.socket:
        """Return a connection that gives up when nothing comes for so many seconds."""
        opened = socket.socket()
        if receive_buffer:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        opened.settimeout(seconds)
        try:
            opened.connect(("127.0.0.1", self.port))
        except BaseException:
            opened.close()
            raise
        return opened

    @property
    def said(self) -> str:
        """Everything that the server has told the presenter."""
        with self._spoke:
            return "".join(self._said)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self, *options: str) -> Server:
        """Start on the port of last time, or on a free one; return when phones may come."""
        self._said.clear()
        if "--port" not in options and self.port is not None:
            options = ("--port", str(self.port), *options)
        self.process = self.launch(*options)
        threading.Thread(target=self._listen, args=(self.process,), daemon=True).start()
        said = self.wait_for(r"Ctrl-C stops")
        found = re.search(r"http://\S+:(\d+)/admin/login\?link=(\S+)", said)
        assert found, said
        self.port, self.link = int(found[1]), found[2]
        return self

    def launch(self, *options: str) -> subprocess.Popen[str] | Born:
        """Start the process: a fork of one that has loaded the program, if it is this tree's."""
        arguments = ["run", "--config", str(self.config), *options]
        if self._root != ROOT:
            return popen(*arguments, root=self._root)
        return NURSERY.start(arguments, environment())

    def wait_for(self, pattern: str) -> str:
        """Return what was said, once it holds a pattern."""
        with self._spoke:
            there = self._spoke.wait_for(
                lambda: re.search(pattern, "".join(self._said)) or self._ended, START_SECONDS
            )
            said = "".join(self._said)
        assert there, f"expected {pattern!r}, got: {said}"
        assert re.search(pattern, said), f"the server ended and said: {said}"
        return said

    def stop(self) -> int:
        """End it as Ctrl-C does, and return its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut does."""
        self._end(signal.SIGKILL)

    def clear_up(self) -> None:
        """End what still runs, and close the sockets that tests have opened to it."""
        for opened in self.sockets:
            opened.close()
        if self.process is not None:
            self.kill()

    def _end(self, number: signal.Signals) -> int:
        assert self.process is not None
        process, self.process = self.process, None
        process.send_signal(number)
        return process.wait(STOP_SECONDS)

    @property
    def _ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def _listen(self, process: subprocess.Popen[str] | Born) -> None:
        assert process.stderr
        for line in process.stderr:
            with self._spoke:
                self._said.append(line)
                self._spoke.notify_all()
            if self.deaf and "Ctrl-C stops" in line:
                break
        with self._spoke:
            self._spoke.notify_all()
        process.stderr.close()


def popen(*arguments: object, root: Path = ROOT) -> subprocess.Popen[str]:
    """Start `python dashboard.py` with arguments."""
    return subprocess.Popen(
        [sys.executable, str(root / "dashboard.py"), *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environment(),
    )


def environment() -> dict[str, str]:
    """Return the environment of a process that is told to write UTF-8."""
    return {**os.environ, "PYTHONIOENCODING": "utf-8"}


def dashboard(*arguments: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run `python dashboard.py` with arguments to its end, in a fork of one that has loaded it."""
    return NURSERY.run([*map(str, arguments)], environment(), stdin, START_SECONDS)


def poll_config(**poll: object) -> str:
    """Return CONFIG with a poll of the test's own."""
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in poll.items()]
    return "[[polls]]\n" + "\n".join(lines) + CONFIG[CONFIG.index("\n[server]") :]
