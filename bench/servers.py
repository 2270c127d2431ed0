"""Servers as processes: ours, the floor and the peers, each alone on a loopback port.

Owns their start and their end, by process id. Never talks to them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import gevent
from gevent import socket, subprocess

from bench.packages import NotMeasured, compiled_floor, node, python
from rehearsal.visit import Site
from voting.keys import VARIABLE

ROOT = Path(__file__).parent.parent
HOST = "127.0.0.1"
START_SECONDS = 30.0
STOP_SECONDS = 15.0

TICK_MILLISECONDS = 100

CONFIG = """\
[[polls]]
question = "Who should give the next talk?"
candidates = ["Ada Lovelace", "Grace Hopper", "Edsger Dijkstra"]
max_ballots = 10000000

[server]
host = "127.0.0.1"
log = "off"

[limits]
messages_per_second = 1000000
"""
"""As shipped, but for what one voter may do: a flood must meet no limit but the machine's."""

SIGNED_WITH = "an-example-of-a-key-that-keeps-nothing-secret"
"""One for all nodes: they turn away whoever signs with another."""

ON_PYTHON = ("flask-sock", "gevent-websocket", "flask-socketio", "tornado")
ON_NODE = ("ws", "socket.io")
PEERS = (*ON_PYTHON, *ON_NODE)
SPEAK_SOCKET_IO = ("flask-socketio", "socket.io")


class Server:
    """One server process; `start` again after `stop` is a restart on the same port."""

    def __init__(self, name: str, command: list[str], site: Site, log: Path) -> None:
        self.name = name
        self.site = site
        self._command = command
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self.pid = 0

    def start(self) -> None:
        """Start it; return when it accepts connections.

        Raises:
            NotMeasured: it ended, or did not come up.
        """
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env={**os.environ, VARIABLE: SIGNED_WITH},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.pid = self._process.pid
        late = monotonic() + START_SECONDS
        while self._process.poll() is None and monotonic() < late:
            try:
                self.site.dial(1.0).close()
            except OSError:
                gevent.sleep(0.02)
            else:
                return
        self.stop()
        raise NotMeasured(
            f"it did not start and said: {(self.said.splitlines() or ['nothing'])[-1]}"
        )

    @property
    def said(self) -> str:
        """What it has printed so far."""
        return self._log.read_text(encoding="utf-8", errors="replace").strip()

    def stop(self) -> None:
        """End it as Ctrl-C does, or by force where that takes too long."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


@contextmanager
def ours(url: str = "", more: str = "") -> Iterator[Server]:
    """Run our server on a new data folder with a poll of its own, or a node of it on a Redis.

    `more` is put behind the configuration that all have.
    """
    with TemporaryDirectory(prefix="bench-") as name:
        config = Path(name) / "config.toml"
        journal = f'\n[journal]\nurl = "{url}"\n' if url else ""
        config.write_text(CONFIG + journal + more, encoding="utf-8")
        port = free_port()
        command = [sys.executable, str(ROOT / "dashboard.py"), "run", "--config", str(config)]
        with _running("ours", [*command, "--port", str(port)], port, Path(name)) as server:
            yield server


@contextmanager
def floor() -> Iterator[Server]:
    """Run the floor.

    Raises:
        NotMeasured: it cannot be compiled here.
    """
    with TemporaryDirectory(prefix="bench-") as name:
        port = free_port()
        command = [str(compiled_floor(Path(name))), str(port), str(TICK_MILLISECONDS)]
        with _running("floor", command, port, Path(name)) as server:
            yield server


@contextmanager
def peer(peer_name: str) -> Iterator[Server]:
    """Run one of the peers.

    Raises:
        NotMeasured: its packages cannot be had here.
    """
    with TemporaryDirectory(prefix="bench-") as name:
        port = free_port()
        here = Path(__file__).parent
        if peer_name in ON_NODE:
            command = [node(), str(here / "peers.mjs")]
        else:
            command = [str(python()), str(here / "peers.py")]
        with _running(peer_name, [*command, peer_name, str(port)], port, Path(name)) as server:
            yield server


@contextmanager
def _running(name: str, command: list[str], port: int, folder: Path) -> Iterator[Server]:
    server = Server(name, command, Site(HOST, port), folder / "log")
    server.start()
    try:
        yield server
    finally:
        server.stop()


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        port: int = sock.getsockname()[1]
        return port
