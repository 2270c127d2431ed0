"""One line an event, to standard error: for the person at the terminal, or for a program.

Owns how a line looks, how often a stranger can cause one, and the thread that writes. Never waits:
a terminal that nobody reads must not hold a room up, so what does not fit is dropped, counted, and
said later. Events are rare things, never one a phone or a vote; their facts hold no names, no codes
and no passwords. Whatever the facts contain, a line is one line.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, cast

import gevent
from gevent import monkey

from voting.config import Log

# Those that gevent has put in their places would wait in the loop's own thread.
_start_thread = monkey.get_original("_thread", "start_new_thread")
_NativeQueue = monkey.get_original("queue", "SimpleQueue")

STANDARD_ERROR = 2

MOST_LINES = 1_000
"""Lines that may wait for a terminal that takes none."""

MOST_CHARACTERS = 200
MOST_CHARACTERS_OF_A_MISTAKE = 20_000
"""Of one fact: what is longer was written by somebody who wants to fill the disk."""

MOST_FRAMES = 20
"""Of a mistake: the innermost calls, which is where it is."""

RARELY_SECONDS = 1.0
"""Between two lines about the same event and address."""

MOST_STRANGERS = 1_000
"""Addresses that are remembered for their last line; those beyond share one."""

FINISH_SECONDS = 1.0
"""How long the end of the process may wait for the last lines."""

Fact = str | int | float | None
_Error = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]


class Logbook:
    """The lines of this process; `lost` is how many could not be written."""

    def __init__(self) -> None:
        self._style: Log = "text"
        self._worker: dict[str, Fact] = {}
        self._lines: Any = _NativeQueue()
        self._is_writing = False
        self._put = self._written = self._dropped = self._failed = 0
        self._repeated: dict[tuple[str, str, str], int] = {}

    def configure(self, style: Log, *, worker: int | None = None) -> None:
        """Write lines for people ("text"), for programs ("json"), or none ("off").

        Where several processes write to one place, each line says which `worker` it is from.
        """
        self._style = style
        self._worker = {} if worker is None else {"worker": worker}

    @property
    def lost(self) -> int:
        """How many lines did not fit, or could not be written."""
        return self._dropped + self._failed

    def note(self, event: str, **facts: Fact) -> None:
        """Write a line about an event, soon."""
        if self._style != "off":
            self._line(self._styled(event, facts))

    def say(self, sentence: str) -> None:
        """Tell the person at the terminal a sentence, in its turn among the lines."""
        self._line(sentence)

    def note_rarely(self, event: str, address: str, **facts: Fact) -> None:
        """Write a line about what an address does again and again: at once, then one a second.

        The later ones tell how many more there were, and nothing else.
        """
        self._note_rarely(event, "address", address, facts)

    def _note_rarely(self, event: str, what: str, which: str, facts: dict[str, Fact]) -> None:
        key = (event, what, which)
        if key not in self._repeated and len(self._repeated) >= MOST_STRANGERS:
            key = (event, what, "others")
        if key in self._repeated:
            self._repeated[key] += 1
            return
        self._repeated[key] = 0
        self.note(event, **{what: key[2]}, **facts)
        gevent.spawn_later(RARELY_SECONDS, self._sum_up, key)

    def _sum_up(self, key: tuple[str, str, str]) -> None:
        event, what, which = key
        while more := self._repeated[key]:
            self._repeated[key] = 0
            self.note(event, **{what: which}, more=more)
            gevent.sleep(RARELY_SECONDS)
        del self._repeated[key]

    def mistake(self, error: _Error | None = None) -> None:
        """Write a line about a mistake of ours: the exception that is being handled, or another.

        The same place again is counted: whoever finds out how to cause it must not fill the disk.
        """
        kind, value, trace = error or sys.exc_info()
        lines = traceback.format_exception(kind, value, trace, limit=-MOST_FRAMES)
        inner = traceback.extract_tb(trace)[-1:]
        where = "".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in inner)
        self._note_rarely("mistake", "where", where, {"trace": _Trace("".join(lines))})

    def finish(self, seconds: float = FINISH_SECONDS) -> None:
        """Wait until what was noted is written, but not for long."""
        end = monotonic() + seconds
        while self._written < self._put and monotonic() < end:
            gevent.sleep(0.005)

    def _styled(self, event: str, facts: dict[str, Fact]) -> str:
        return _styled(self._style, event, {**self._worker, **facts})

    def _line(self, line: str) -> None:
        if self._put - self._written >= MOST_LINES:
            self._dropped += 1
            return
        if not self._is_writing:
            self._is_writing = True
            _start_thread(self._write, ())
        self._put += 1
        self._lines.put(line)

    def _write(self) -> None:
        """Write line after line, for ever, in a native thread of its own."""
        told = 0
        while True:
            line = self._lines.get()
            with suppress(OSError):  # nobody reads any more, or the disk behind it is full
                if (dropped := self._dropped) > told:
                    _write_whole(self._styled("lines_dropped", {"lines": dropped - told}))
                    told = dropped
                _write_whole(line)
                line = ""
            self._failed += bool(line)
            self._written += 1


class _Trace(str):
    """A fact that may be long: where a mistake of ours is."""


def _write_whole(line: str) -> None:
    left = memoryview(line.encode() + b"\n")
    while left:
        left = left[os.write(STANDARD_ERROR, left) :]


def _styled(style: Log, event: str, facts: dict[str, Fact]) -> str:
    now = datetime.now(UTC)
    kept = {name: _kept(fact) for name, fact in facts.items()}
    if style == "json":
        at = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return _quoted({"time": at, "event": event, **kept})
    said = (f" {name}={_quoted(fact)}" for name, fact in kept.items())
    return f"{now.astimezone():%Y-%m-%d %H:%M:%S} {event}{''.join(said)}"


def _kept(fact: Fact) -> Fact:
    if not isinstance(fact, str):
        return fact
    most = MOST_CHARACTERS_OF_A_MISTAKE if isinstance(fact, _Trace) else MOST_CHARACTERS
    return fact if len(fact) <= most else fact[:most] + "…"


def _quoted(fact: object) -> str:
    """Write a fact in ASCII alone: a terminal obeys more characters than those below 32."""
    return json.dumps(fact, separators=(",", ":")).replace("\x7f", "\\u007f")


class _Mistakes(logging.Handler):
    """Takes what one of Python's loggers is told."""

    def emit(self, record: logging.LogRecord) -> None:
        """Note it."""
        if record.exc_info:
            _book.mistake(record.exc_info)
        else:
            _book.note("mistake", message=record.getMessage())


def take_over(logger: logging.Logger) -> None:
    """Let what gevent and a logger would print about mistakes become lines: printing could wait."""
    logger.handlers = [_Mistakes()]
    logger.propagate = False

    def note_mistake(_context: object, kind: Any, value: Any, trace: Any) -> None:
        _book.mistake((kind, value, trace))

    cast(Any, gevent.get_hub()).print_exception = note_mistake


_book = Logbook()
configure = _book.configure
note = _book.note
note_rarely = _book.note_rarely
mistake = _book.mistake
say = _book.say
finish = _book.finish


def lost() -> int:
    """Return how many lines of this process did not fit, or could not be written."""
    return _book.lost
