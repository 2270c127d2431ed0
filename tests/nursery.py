"""Programs that need not be loaded: forked from a process that has loaded `dashboard.py`.

Owns that process, and how a child of it is held. Tests start hundreds of servers and run a hundred
commands; loading takes four fifths of a start's processor time, and compiling templates a third as
long. That a Python of its own starts, too, is shown where `serving.popen` is used.

Between the two stands a nurse, a process that waits for her child and tells how it ended.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from threading import Lock
from typing import IO, Any, TextIO

# As they are before gevent takes their places: the nursery has nothing else to do while it waits.
fork, waitpid, receive = os.fork, os.waitpid, socket.recv_fds

ROOT = Path(__file__).parent.parent
PROGRAM = str(ROOT / "dashboard.py")
NUMBER_BYTES = 4


class Born:
    """A process that was forked, as `subprocess.Popen` would hold it."""

    def __init__(self, news: int, stderr: TextIO | None) -> None:
        self._news = news
        self._look = select.poll()
        self._look.register(news, select.POLLIN)
        self.stderr = stderr
        self.returncode: int | None = None
        self.pid = self._hear()

    def poll(self) -> int | None:
        """Return how it ended, or None while it has not."""
        return self._look_for(0)

    def wait(self, timeout: float) -> int:
        """Return how it ended, when it has."""
        ended = self._look_for(timeout)
        if ended is None:
            raise subprocess.TimeoutExpired(PROGRAM, timeout)
        return ended

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def _look_for(self, seconds: float) -> int | None:
        if self.returncode is None and self._look.poll(1_000 * seconds):
            self.returncode = os.waitstatus_to_exitcode(self._hear())
            os.close(self._news)
        return self.returncode

    def _hear(self) -> int:
        told = os.read(self._news, NUMBER_BYTES)
        assert told, "the nursery is gone"
        return int.from_bytes(told, sys.byteorder)


class Nursery:
    """The process that has loaded the program, started when a first child is wanted."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._asks: socket.socket | None = None

    def start(self, arguments: list[str], environment: Mapping[str, str]) -> Born:
        """Return a process that has begun; what it says is to be read from its `stderr`."""
        said, says = os.pipe()
        with open(os.devnull, "r+b") as null, open(says, "wb") as stderr:
            return self._bear(
                arguments, environment, [null, null, stderr], open(said, encoding="utf-8")
            )

    def run(
        self, arguments: list[str], environment: Mapping[str, str], stdin: str, timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """Run the program to its end."""
        text = partial(TemporaryFile, "w+", encoding="utf-8")
        with text() as given, text() as out, text() as err:
            given.write(stdin)
            given.seek(0)
            born = self._bear(arguments, environment, [given, out, err])
            try:
                code = born.wait(timeout)
            except subprocess.TimeoutExpired:
                born.send_signal(signal.SIGKILL)
                raise
            for said in (out, err):
                said.seek(0)
            return subprocess.CompletedProcess([PROGRAM, *arguments], code, out.read(), err.read())

    def _bear(
        self,
        arguments: list[str],
        environment: Mapping[str, str],
        streams: Sequence[IO[Any]],
        stderr: TextIO | None = None,
    ) -> Born:
        wish, wishes = os.pipe()
        news, tells = os.pipe()
        with self._turn:
            self._asks = self._asks or _open(environment)
            given = [stream.fileno() for stream in streams]
            socket.send_fds(self._asks, [b"!"], [wish, tells, *given])
        os.close(wish)
        os.close(tells)
        with open(wishes, "w", encoding="utf-8") as asked:
            json.dump({"arguments": arguments, "environment": dict(environment)}, asked)
        return Born(news, stderr)


def _open(environment: Mapping[str, str]) -> socket.socket:
    """Start the process; it ends when this one does."""
    templates = TemporaryDirectory(prefix="templates-")
    asks, asked = socket.socketpair()
    with asked:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.nursery", str(asked.fileno()), templates.name],
            cwd=ROOT,
            env=environment,
            pass_fds=[asked.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    atexit.register(templates.cleanup)
    atexit.register(process.wait)
    atexit.register(asks.close)
    return asks


def breed(asked: socket.socket) -> None:
    """Fork a nurse for each wish, and she a child; return in each child."""
    while given := receive(asked, 1, 5)[1]:
        if fork() == 0:
            asked.close()
            nurse(*given)
            return
        for one in given:
            os.close(one)
        with suppress(ChildProcessError):
            while waitpid(-1, os.WNOHANG)[0]:
                pass
    sys.exit()


def nurse(wish: int, tells: int, *streams: int) -> None:
    """Fork a child, tell its process id and its end; return in the child, made to the wish."""
    pid = fork()
    if pid:
        for one in (wish, *streams):
            os.close(one)
        os.write(tells, pid.to_bytes(NUMBER_BYTES, sys.byteorder))
        os.write(tells, waitpid(pid, 0)[1].to_bytes(NUMBER_BYTES, sys.byteorder))
        os._exit(0)
    os.close(tells)
    for place, stream in enumerate(streams):
        os.dup2(stream, place)
        os.close(stream)
    with open(wish, encoding="utf-8") as asked:
        wanted = json.load(asked)
    os.environ.clear()
    os.environ.update(wanted["environment"])
    sys.argv = [PROGRAM, *wanted["arguments"]]


def compile_templates_once(folder: str) -> None:
    """Let what one child has compiled be there for all others."""
    from flask import Flask
    from jinja2 import FileSystemBytecodeCache
    from jinja2.bccache import Bucket

    class Cache(FileSystemBytecodeCache):
        def dump_bytecode(self, bucket: Bucket) -> None:
            with suppress(OSError):  # a test may have taken the disk away
                super().dump_bytecode(bucket)

    Flask.jinja_options = {"bytecode_cache": Cache(folder)}


if __name__ == "__main__":
    import dashboard  # which takes care that all others are imported after gevent

    compile_templates_once(sys.argv[2])
    gc.freeze()  # or looking for garbage would copy what all children have together
    breed(socket.socket(fileno=int(sys.argv[1])))
    dashboard.gevent.reinit()  # type: ignore[attr-defined]
    dashboard.main()
