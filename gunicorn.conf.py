"""What gunicorn is told of a room. It reads this file by itself where it is started in this folder:

    .venv/bin/gunicorn -k gevent -w 4 "dashboard:create_app()"

config.toml is the one that SHOW_OF_HANDS_CONFIG names, or the one beside this file; where to listen
stands there, unless `-b` says otherwise. docs/deploy.md tells more.
"""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, chdir := str(Path(__file__).parent))

from voting import gunicorn_worker
from voting.open_files import raise_file_limit

worker_class = "gevent"
bind = gunicorn_worker.bind()
backlog = 4096  # phones that may knock at the same moment
worker_connections = raise_file_limit() or 1000  # a phone is one
preload_app = False  # engine and hub begin behind the fork

# A worker gives a sign of life each second, whatever its phones do; without one it is killed.
timeout = 30
# It ends by itself within nine seconds, with every vote saved and every phone told to come back.
graceful_timeout = 10

accesslog = None
control_socket_disable = True


def on_starting(arbiter: Any) -> None:
    """Say what cannot be, once, before a worker is started."""
    if sentence := gunicorn_worker.refusal(arbiter.cfg):
        sys.stderr.write(f"{sentence}\n")
        raise SystemExit(2)
    arbiter.worker_class = gunicorn_worker.Worker


def when_ready(arbiter: Any) -> None:
    """Remember where this server listens: at its end its sockets are closed."""
    arbiter.listened = arbiter.LISTENERS[0].getsockname()[:2]


def on_reload(arbiter: Any) -> None:
    """See to it that those who come now are of the same kind."""
    arbiter.worker_class = gunicorn_worker.Worker
    when_ready(arbiter)


def on_exit(arbiter: Any) -> None:
    """Take back the word of where this server listened."""
    if listened := getattr(arbiter, "listened", None):
        gunicorn_worker.forget(*listened)
