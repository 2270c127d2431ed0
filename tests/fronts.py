"""A server of ours behind a real nginx or Caddy, with the very files of deploy/.

Owns the proxy's life, and what is replaced in its file: names, ports and places, nothing else.
"""

from __future__ import annotations

import getpass
import http.client
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.serving import ROOT, START_SECONDS, STOP_SECONDS, Server

NAME = "vote.example.org"
CERTIFICATE = ("-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME},IP:127.0.0.1")
KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1")


def nginx(folder: Path, tls: int, plain: int, upstreams: Sequence[int]) -> list[str]:
    """Write nginx's file; return the command that serves by it."""
    first, *others = upstreams
    of_two = {"#server": "server", "127.0.0.1:5001": f"127.0.0.1:{others[0]}"} if others else {}
    said = written(
        folder / "nginx.conf",
        {
            "user www-data;": f"user {getpass.getuser()};",
            "pid /run/nginx.pid;": f"pid {folder}/nginx.pid;",
            "http {": f"http {{ {temporary(folder)}",
            "/var/log/nginx/": f"{folder}/",
            "/var/cache/nginx/": f"{folder}/",
            f"/etc/ssl/{NAME}/": f"{folder}/",
            "listen [::]:80;": "",
            "listen 80;": f"listen 127.0.0.1:{plain};",
            "listen [::]:443 ssl http2 sndbuf=32k;": "",
            "listen 443 ": f"listen 127.0.0.1:{tls} ",
            **of_two,
            "127.0.0.1:5000": f"127.0.0.1:{first}",
            NAME: "127.0.0.1",
        },
    )
    alone = ("-e", "stderr", "-g", "daemon off;")
    return [program("nginx", "nginx-light"), "-p", str(folder), "-c", str(said), *alone]


def caddy(folder: Path, tls: int, plain: int, upstreams: Sequence[int]) -> list[str]:
    """Write Caddy's file; return the command that serves by it."""
    settings = ("lb_policy", "lb_try_duration", "fail_duration")
    of_many = {f"#{name}": name for name in settings} if len(upstreams) > 1 else {}
    said = written(
        folder / "Caddyfile",
        {
            "\n{\n": f"\n{{\n\tadmin off\n\thttp_port {plain}\n",
            f"\n{NAME} {{": f"\nhttps://127.0.0.1:{tls} {{\n"
            f"\tbind 127.0.0.1\n\ttls {folder}/fullchain.pem {folder}/privkey.pem",
            **of_many,
            "reverse_proxy 127.0.0.1:5000": " ".join(
                ["reverse_proxy", *(f"127.0.0.1:{port}" for port in upstreams)]
            ),
        },
    )
    return [program("caddy"), "run", "--adapter", "caddyfile", "--config", str(said)]


PROXIES: dict[str, Callable[[Path, int, int, Sequence[int]], list[str]]] = {
    "nginx": nginx,
    "caddy": caddy,
}


class Fronted(Server):
    """A server with a proxy in front; `port` is its own, `url` and `dial` lead to the proxy.

    The proxy outlives a `stop` or `kill` of the server, as it would, and leads to the servers
    `beside` it, too, which run already. `source` is the address that connections to the proxy come
    from; `written` is every line that the proxy has logged.
    """

    def __init__(
        self, folder: Path, config: str, proxy: str, beside: Sequence[Server] = ()
    ) -> None:
        super().__init__(folder, config)
        self.security = trusting()
        self._beside = beside
        self.source = "127.0.0.1"
        self.plain = 0
        self.proxy = proxy
        self._tls = 0
        self._front: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._tls}"

    @property
    def entrance(self) -> int:
        return self._tls

    @property
    def written(self) -> str:
        return "".join(file.read_text("utf-8") for file in self.folder.glob("*.log"))

    def dial(self, *, seconds: float, receive_buffer: int | None = None) -> socket.socket:
        patience = max(seconds, START_SECONDS)  # a long poll may take 25
        opened = socket.create_connection(("127.0.0.1", self._tls), patience, (self.source, 0))
        return self.security.wrap_socket(opened, server_hostname="127.0.0.1")

    def start(self, *options: str) -> Server:
        super().start(*options)
        if self._front is None:
            self._front = self._open()
        return self

    def clear_up(self) -> None:
        super().clear_up()
        if self._front is not None:
            self._front.terminate()
            self._front.wait(STOP_SECONDS)

    def _open(self) -> subprocess.Popen[bytes]:
        make_certificate(self.folder)
        with (self.folder / "front.log").open("wb") as log:
            for _ in range(5):  # somebody may take a port that was free just now
                self._tls, self.plain = free_ports()
                upstreams = [server.port or 0 for server in (self, *self._beside)]
                command = PROXIES[self.proxy](self.folder, self._tls, self.plain, upstreams)
                home = {"HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder)}
                front = subprocess.Popen(command, stderr=log, env={**os.environ, **home})
                if self._answers(front):
                    return front
        raise AssertionError(self.written)

    def _answers(self, front: subprocess.Popen[bytes]) -> bool:
        end = time.monotonic() + START_SECONDS
        while front.poll() is None and time.monotonic() < end:
            try:
                self.dial(seconds=START_SECONDS).close()
            except OSError:
                time.sleep(0.01)
            else:
                return True
        front.kill()
        front.wait(STOP_SECONDS)
        return False


def direct(
    port: int | None, path: str, method: str = "GET", *, source: str = "127.0.0.1", **headers: str
) -> http.client.HTTPResponse:
    """Ask a port of this computer in plain HTTP, from one of its addresses."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", port, timeout=START_SECONDS, source_address=(source, 0)
    )
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=sent)
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    return answer


def program(name: str, package: str | None = None) -> str:
    """Return where a program of Debian's lies; a test that needs it is skipped without."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        missing = f"{name} is missing; on Debian: apt install {package or name}"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return found


def written(target: Path, changes: dict[str, str]) -> Path:
    """Write a file of deploy/ with changes, each of which must find its place."""
    text = (ROOT / "deploy" / target.name).read_text("utf-8")
    for old, new in changes.items():
        assert old in text, f"{target.name} has no {old!r}"
        text = text.replace(old, new)
    target.write_text(text, "utf-8")
    return target


def temporary(folder: Path) -> str:
    """Let nginx keep its temporary files where it may, whoever runs it."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    return " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)


def make_certificate(folder: Path) -> None:
    """Make a key, and a certificate that it signed itself."""
    files = ("-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem")
    command = (program("openssl"), "req", "-x509", *KEY, *CERTIFICATE, *files)
    subprocess.run(command, check=True, capture_output=True)


def trusting() -> ssl.SSLContext:
    """Return a client's TLS that takes a certificate which signed itself."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def free_ports() -> tuple[int, int]:
    """Return two ports at which nobody listens."""
    with socket.socket() as first, socket.socket() as second:
        for opened in (first, second):
            opened.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]
