"""Real Redis servers: started, starved, paused, killed, brought back.

Owns their processes. A `Redis` keeps its port and its folder over `stop` and `kill`; `start` goes
on with what lies there. Unless asked otherwise it writes all to disk before it answers.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.fronts import free_ports, program
from tests.serving import START_SECONDS, STOP_SECONDS

READY = b"Ready to accept connections"
KEEPS_ALL = {"appendonly": "yes", "appendfsync": "always", "save": ""}
AT_ONCE = {"repl_diskless_sync_delay": "0"}  # else a replica waits five seconds for others
IN_CLUSTER = {
    "cluster_enabled": "yes",
    "cluster_config_file": "nodes.conf",
    "cluster_require_full_coverage": "no",
}


class Redis:
    """A redis-server; its options are redis.conf's, `_` for `-`, and may be changed between starts.

    An option given as None is left out. With `tls_cert_file` the port speaks TLS and nothing else.
    """

    def __init__(self, folder: Path, **options: str | None) -> None:
        self.folder = folder
        self.folder.mkdir(exist_ok=True)
        self.options: dict[str, str | None] = {**KEEPS_ALL, **AT_ONCE, **options}
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._bus = 0  # where a cluster's nodes talk to each other
        self._client: redis.Redis | None = None

    @property
    def url(self) -> str:
        password = self.options.get("requirepass")
        scheme = "rediss" if self._speaks_tls else "redis"
        return f"{scheme}://{f':{password}@' if password else ''}127.0.0.1:{self.port}/0"

    @property
    def client(self) -> redis.Redis:
        """A client of the test's own, which tries once."""
        if self._client is None:
            trusting = {"ssl_cert_reqs": "none"} if self._speaks_tls else {}
            self._client = redis.Redis.from_url(
                self.url, retry=Retry(NoBackoff(), 0), socket_timeout=START_SECONDS, **trusting
            )
        return self._client

    @property
    def said(self) -> str:
        """Its log, since its folder was made."""
        return self._log.read_text("utf-8", "replace")

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self, *, ready: bytes = READY) -> Redis:
        """Start on the port of last time, or on a free one; return once its log has a word."""
        is_new = not self.port
        for _ in range(5):  # somebody may take a port that was free just now
            if is_new:
                self.port, self._bus = free_ports()
            if self._begin(ready):
                return self
            if not is_new or "Address already in use" not in self.said:
                break
        raise AssertionError(self.said)

    def stop(self) -> None:
        """End it as an administrator does."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as the kernel does when memory is short."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let it answer nothing, with its connections open."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    @contextmanager
    def paused(self) -> Iterator[None]:
        self.pause()
        try:
            yield
        finally:
            self.resume()

    def clear_up(self) -> None:
        """End what still runs."""
        if self.process is not None:
            self.kill()
        if self._client is not None:
            self._client.close()

    @property
    def _log(self) -> Path:
        return self.folder / "redis.log"

    @property
    def _speaks_tls(self) -> bool:
        return "tls_cert_file" in self.options

    def _begin(self, ready: bytes) -> bool:
        before = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(self._command(), stdout=log, stderr=log)
        end = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < end:
            if ready in self._log.read_bytes()[before:]:
                return True
            time.sleep(0.01)
        self.kill()
        return False

    def _command(self) -> list[str]:
        options = {"bind": "127.0.0.1", "port": str(self.port), "dir": str(self.folder)}
        if self._speaks_tls:
            options |= {"port": "0", "tls-port": str(self.port)}
        if "cluster_enabled" in self.options:
            options["cluster-port"] = str(self._bus)
        given = {name.replace("_", "-"): value for name, value in self.options.items()}
        options |= {name: value for name, value in given.items() if value is not None}
        command = [program("redis-server")]
        for name, value in options.items():
            command += [f"--{name}", *(value.split() or [""])]
        return command

    def _end(self, number: signal.Signals) -> None:
        assert self.process is not None
        process, self.process = self.process, None
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)  # one that is paused hears nothing else
        process.wait(STOP_SECONDS)


class Watcher(Redis):
    """A Sentinel that watches one master, alone: its word is enough for a failover.

    It is patient until it is told to `worry`, so that a busy computer is no failed one.
    """

    def __init__(self, folder: Path, service: str, master: Redis) -> None:
        super().__init__(folder)
        self._service, self._master = service, master

    def start(self, *, ready: bytes = b"+monitor master") -> Redis:
        return super().start(ready=ready)

    def worry(self) -> None:
        """Take a silence of half a second for a failure from now on."""
        setting = ("down-after-milliseconds", "500")
        self.client.execute_command("SENTINEL", "SET", self._service, *setting)

    def _command(self) -> list[str]:
        lines = [
            f"bind 127.0.0.1\nport {self.port}\ndir {self.folder}",
            f"sentinel monitor {self._service} 127.0.0.1 {self._master.port} 1",
            f"sentinel down-after-milliseconds {self._service} 60000",
            f"sentinel failover-timeout {self._service} 5000",
        ]
        if password := self._master.options.get("requirepass"):
            lines.append(f"sentinel auth-pass {self._service} {password}")
        file = self.folder / "sentinel.conf"  # which it rewrites
        file.write_text("\n".join(lines), "utf-8")
        return [program("redis-server"), str(file), "--sentinel"]


def joined(nodes: list[Redis]) -> None:
    """Make a Cluster of three nodes or more, which were started with `IN_CLUSTER`."""
    addresses = [f"127.0.0.1:{node.port}" for node in nodes]
    command = [program("redis-cli", "redis-tools"), "--cluster", "create", *addresses]
    subprocess.run([*command, "--cluster-yes"], check=True, capture_output=True)
    end = time.monotonic() + START_SECONDS
    while not all(node.client.cluster("info")["cluster_state"] == "ok" for node in nodes):
        assert time.monotonic() < end
        time.sleep(0.02)
