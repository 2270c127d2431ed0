"""Several processes that serve one room at one port.

Owns their lives: starts them, starts a dead one again, replaces them one by one, ends them
together. Serves nobody itself, and knows nothing of the room.

A worker is a program of its own, which inherits the listening socket and one end of a line to this
process. On it the worker says, once, that it serves; then it listens. The line ends with this
process, and then the worker ends, too.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

import gevent
from gevent.event import Event

from voting import logbook
from voting.fleet import GROUP

END_SECONDS = 9.0
"""How long all may take to end; each takes less by itself."""

PAUSES = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Before a dead worker is started again: the longer, the more have died soon after their start."""

SOON_SECONDS = 60.0

Command = Callable[[int, int, int, bool], list[str]]
"""A worker's command line: its number, the descriptors of its socket and its line, and whether it
is the very first, which is to make the greeting."""


class Worker:
    """One process that serves, or is about to."""

    def __init__(self, command: Command, number: int, sock: socket.socket, *, greets: bool) -> None:
        self._began = monotonic()
        self._line, theirs = socket.socketpair()
        with theirs:
            files = sock.fileno(), theirs.fileno()
            self._process = subprocess.Popen(
                command(number, *files, greets),
                pass_fds=files,
                env={GROUP: f"{socket.gethostname()} {os.getpid()}", **os.environ},
            )
        self._saying = gevent.spawn(self._listen)

    def _listen(self) -> str:
        said = b""
        with suppress(OSError):
            while more := self._line.recv(65_536):
                said += more
        return said.decode()

    def said(self) -> str:
        """Wait until it serves, and return what it says then; nothing, if it ended instead."""
        return self._saying.get()

    def wait(self) -> int:
        """Wait for its end; return its exit code, which is negative after a signal."""
        return int(self._process.wait())

    @property
    def has_ended(self) -> bool:
        """Whether it is gone."""
        return self._process.poll() is not None

    @property
    def died_soon(self) -> bool:
        """Whether it has not lived for long."""
        return monotonic() - self._began < SOON_SECONDS

    def send(self, number: signal.Signals) -> None:
        """Send it a signal: SIGTERM asks it to send everybody away and go."""
        self._process.send_signal(number)


class Workers:
    """So many processes at one port; `greet` is called, once, with what the first one says."""

    def __init__(
        self, count: int, command: Command, sock: socket.socket, greet: Callable[[str], None]
    ) -> None:
        self._count, self._command, self._sock, self._greet = count, command, sock, greet
        self._stopping = Event()
        self._places: dict[int, Worker] = {}
        self._living: set[Worker] = set()
        self._is_replacing = False
        self._has_terminal = os.isatty(logbook.STANDARD_ERROR)

    def run(self) -> int:
        """Serve until Ctrl-C; return the exit code.

        The first one starts alone: if it cannot, it says why, once, and its exit code is ours.
        """
        for number in (signal.SIGINT, signal.SIGTERM):
            gevent.signal_handler(number, self._stop)
        gevent.signal_handler(signal.SIGHUP, self._hang_up)
        self._places[1] = first = self._start(1, greets=True)
        if first.said():
            self._places |= {place: self._start(place) for place in range(2, self._count + 1)}
        silent = [worker for worker in self._places.values() if not worker.said()]
        if silent and not self._stopping.is_set():
            self._end()
            return max(silent[0].wait(), 1)
        if not self._stopping.is_set():
            self._greet(first.said())
            for place in self._places:
                gevent.spawn(self._keep, place)
        self._stopping.wait()
        logbook.say("Stopping: every vote that was counted is saved.")
        codes = self._end()
        logbook.finish()
        # One that is asked while it starts may not know yet how to go.
        return 0 if codes <= {0, -signal.SIGTERM} else 1

    def _start(self, number: int, *, greets: bool = False) -> Worker:
        started = Worker(self._command, number, self._sock, greets=greets)
        self._living = {worker for worker in self._living if not worker.has_ended} | {started}
        return started

    def _keep(self, number: int) -> None:
        """Have a worker serve in a place, whatever becomes of it."""
        deaths = 0
        while not self._stopping.is_set():
            worker = self._places[number]
            code = worker.wait()
            if self._stopping.is_set() or self._places[number] is not worker:
                continue
            deaths = deaths + 1 if worker.died_soon else 0
            pause = PAUSES[min(deaths, len(PAUSES) - 1)]
            logbook.note("worker_gone", worker=number, code=code, seconds=pause)
            self._stopping.wait(pause)
            if not self._stopping.is_set() and self._places[number] is worker:
                self._places[number] = self._start(number)

    def _hang_up(self) -> None:
        """Stop, if it was our terminal that was closed; else replace all."""
        if self._has_terminal and not os.isatty(logbook.STANDARD_ERROR):
            self._stop()
        elif not self._is_replacing:
            gevent.spawn(self._replace)

    def _replace(self) -> None:
        """Put a new worker in each place, one after the other, as soon as it serves."""
        self._is_replacing = True
        for number in sorted(self._places):
            new = self._start(number)
            if not new.said():  # it has told why; those there are go on
                logbook.note("not_replaced", worker=number, code=new.wait())
                break
            self._places[number], old = new, self._places[number]
            self._send_away({old})
        else:
            logbook.note("replaced", workers=len(self._places))
        self._is_replacing = False

    def _stop(self) -> None:
        """Stop when asked once; asked twice, at once."""
        if self._stopping.is_set():
            for worker in self._living:
                worker.send(signal.SIGKILL)
            os._exit(1)
        self._stopping.set()
        for worker in self._living:
            worker.send(signal.SIGTERM)  # also to one that is only starting

    def _end(self) -> set[int]:
        return self._send_away({worker for worker in self._living if not worker.has_ended})

    def _send_away(self, workers: set[Worker]) -> set[int]:
        """Let workers end, by themselves if they do in time; return their exit codes."""
        ends = [gevent.spawn(worker.wait) for worker in workers]
        for worker in workers:
            worker.send(signal.SIGTERM)
        gevent.joinall(ends, timeout=END_SECONDS)
        for worker in workers:
            if not worker.has_ended:
                worker.send(signal.SIGKILL)
        return {end.get() for end in ends}


def say_once(line: socket.socket, said: str) -> None:
    """Say, as a worker, that we serve."""
    with suppress(OSError):  # who has started us is gone
        line.sendall(said.encode())
        line.shutdown(socket.SHUT_WR)


def hear_end(line: socket.socket, stopping: Event) -> None:
    """Stop, as a worker, when who has started us is gone."""
    with suppress(OSError):
        line.recv(1)
    stopping.set()
