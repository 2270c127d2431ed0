"""A server of ours under gunicorn, started as its documentation says."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.serving import ROOT, STOP_SECONDS, Server

APP = "dashboard:create_app()"


def command(*options: str) -> list[str]:
    """Return gunicorn's command line."""
    return [str(Path(sys.executable).with_name("gunicorn")), "-k", "gevent", *options, APP]


class Gunicorn(Server):
    """A running gunicorn with so many workers; options of `start` are gunicorn's."""

    workers = 1

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "SHOW_OF_HANDS_CONFIG": str(self.config),
            "PYTHONIOENCODING": "utf-8",
        }

    def launch(self, *options: str) -> subprocess.Popen[str]:
        port = options[options.index("--port") + 1]
        return subprocess.Popen(
            command("-b", f"127.0.0.1:{port}", "-w", str(self.workers)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            cwd=ROOT,
            env=self.environment,
        )

    def hang_up(self) -> None:
        """Have each worker replaced."""
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)

    def clear_up(self) -> None:
        """End it in peace: who is killed leaves its workers behind for a moment."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(STOP_SECONDS)
            self.process = None
        super().clear_up()
