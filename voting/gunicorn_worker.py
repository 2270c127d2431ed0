"""gunicorn's gevent worker, as a room needs it: what lets phones in is our own server.

Owns a worker's life under gunicorn: from the fork, behind which engine and hub start, to an end
that sends everybody away. gunicorn's own way through requests has no deadline for slow ones, and
gives a WebSocket's socket to nobody; it is not used.

gunicorn's first process reads this too, and must not load what gevent changes behind the fork:
hence the imports within.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import suppress
from typing import Any

import gevent
from gunicorn.workers.ggevent import GeventWorker

from voting.config import DEFAULT_PORT, Config, ConfigError, chosen_file, load

BEAT_SECONDS = 1.0
"""Between two signs of life; gunicorn kills who gives none for `timeout` seconds."""

SUCCESSION_SECONDS = 15.0
"""How long the worker that is replaced may hold the data folder."""

AGAIN_SECONDS = 5.0
"""Before gunicorn starts a worker again that cannot start, while others may serve."""


def settings() -> Config:
    """Return the configuration.

    Raises:
        ConfigError: it cannot be used.
    """
    return load(chosen_file())


def bind() -> str:
    """Return where config.toml has the server listen."""
    try:
        server = settings().server
    except ConfigError:
        return f"localhost:{DEFAULT_PORT}"  # `refusal` tells of it, before anybody listens
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"{host}:{server.port or DEFAULT_PORT}"


def refusal(cfg: Any) -> str | None:
    """Say why gunicorn cannot serve a room as it is set, if it cannot."""
    try:
        room = settings()
    except ConfigError as error:
        return str(error)
    if cfg.workers > 1 and not room.journal.url:
        return (
            f"{cfg.workers} workers need a journal that they can share: [journal] url in"
            f' {room.file}, like "redis://localhost:6379/0". Without one, use -w 1.'
        )
    if not issubclass(cfg.worker_class, GeventWorker):
        return "A room needs gunicorn's gevent worker: -k gevent."
    if len(cfg.address) != 1 or not isinstance(cfg.address[0], tuple) or cfg.is_ssl:
        return (
            "A room needs one address with a port to listen on, like -b 127.0.0.1:5000; TLS is the"
            " proxy's."
        )
    return None


def forget(host: str, port: int) -> None:
    """Take back the word, in the data folder, of where the server listened."""
    from voting import nearby

    with suppress(ConfigError):  # it may have been edited since
        nearby.forget(settings().data, host, port)


class Worker(GeventWorker):  # type: ignore[misc] # gunicorn has no types
    """A process of gunicorn's that serves the room."""

    def load_wsgi(self) -> None:
        """Make the app; where that cannot be, say why and end."""
        from voting import logbook
        from voting.fleet import GROUP
        from voting.journal import InUse
        from voting.starting import CANNOT_START, GIVE_UP, OUR_PORT, Asked, why

        os.environ.setdefault(GROUP, f"{socket.gethostname()} {self.ppid}")
        os.environ[OUR_PORT] = str(self._port)
        is_early = self.age <= self.cfg.workers
        patient_until = 0.0 if is_early else time.monotonic() + SUCCESSION_SECONDS
        while True:
            try:
                return super().load_wsgi()  # type: ignore[no-any-return]
            except CANNOT_START as error:
                if not isinstance(error, InUse) or time.monotonic() > patient_until:
                    logbook.say(why(error, Asked(chosen_file())))
                    logbook.finish()
                    break
            self._wait(BEAT_SECONDS)
        if is_early:
            raise SystemExit(GIVE_UP)
        self._wait(AGAIN_SECONDS)
        raise SystemExit(1)

    def run(self) -> None:
        """Serve until gunicorn says that it is over, or is gone."""
        from gevent.event import Event

        from voting import logbook, nearby
        from voting.running import Serving, greet_person

        stopping = Event()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            gevent.signal_handler(number, stopping.set)
        room, phones = settings(), self.worker_connections
        logbook.configure(room.server.log, worker=self.pid)
        serving = Serving(self.wsgi, self.sockets[0], room, phones, is_shared=True)
        serving.begin()
        nearby.note(room.data, *self.sockets[0].getsockname()[:2])
        if self.age == 1:
            greet_person(serving.greeting(phones * self.cfg.workers))
        while not serving.is_over(stopping, BEAT_SECONDS):
            self.tmp.notify()
            if os.getppid() != self.ppid:
                stopping.set()
        os._exit(serving.end())

    @property
    def _port(self) -> int:
        return int(self.sockets[0].getsockname()[1])

    def _wait(self, seconds: float) -> None:
        self.tmp.notify()
        time.sleep(seconds)
