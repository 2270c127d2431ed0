"""What tests share: servers that end with the test, and a real Chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser as Chromium

from tests.phones import WAIT_SECONDS, Browser
from tests.redises import Redis
from tests.serving import CONFIG, ROOT, Server
from tests.windows import Window
from voting import logbook

CHROMIUM_ARGS = [
    "--no-sandbox",  # Chromium will not run as root with it
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> str | None:
    """Return where Debian's Chromium lies: its headless shell, if there, takes half the time."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser")
    return next((found for name in names if (found := shutil.which(name))), None)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start servers, each on a data folder of its own; they end with the test."""
    started: list[Server] = []

    def start(config: str = CONFIG, *options: str, root: Path = ROOT) -> Server:
        folder = tmp_path / f"server-{len(started)}"
        folder.mkdir()
        server = Server(folder, config, root)
        started.append(server)
        return server.start(*options)

    yield start
    for server in started:
        server.clear_up()


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    """A running server with the usual poll, its first round open."""
    return serve()


@pytest.fixture(scope="module")
def standing_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same, for all tests of a module that leave no trace which another would see."""
    server = Server(tmp_path_factory.mktemp("server"), CONFIG + 'trusted_hosts = ["stage.local"]\n')
    yield server.start()
    server.clear_up()


@pytest.fixture
def redises(tmp_path: Path) -> Iterator[Callable[..., Redis]]:
    """Start Redis servers, each with options of redis.conf; they end with the test."""
    started: list[Redis] = []

    def start(**options: str | None) -> Redis:
        started.append(Redis(tmp_path / f"redis-{len(started)}", **options))
        return started[-1].start()

    yield start
    for one in started:
        one.clear_up()


@pytest.fixture
def redis(redises: Callable[..., Redis]) -> Redis:
    """A running Redis that keeps everything it has answered."""
    return redises()


@pytest.fixture(scope="module")
def standing_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """The same, for all tests of a module; each has a room of its own there."""
    one = Redis(tmp_path_factory.mktemp("redis"))
    try:
        yield one.start()
    finally:
        one.clear_up()


@pytest.fixture
def admin(server: Server) -> Browser:
    """A browser that is logged in as admin."""
    return Browser(server).become_admin()


@pytest.fixture
def logged(capfd: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """What this process has said on standard error since the last look."""

    def look() -> str:
        logbook.finish(WAIT_SECONDS)
        return capfd.readouterr().err

    return look


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Use Debian's Chromium, with what it needs to run as root and without internet."""
    chromium = find_chromium()
    if chromium is None:
        missing = (
            "chromium is missing; on Debian: apt install chromium-headless-shell fonts-noto-cjk"
        )
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return {"executable_path": chromium, "args": CHROMIUM_ARGS}


@pytest.fixture
def windows(browser: Chromium) -> Iterator[Callable[[Server], Window]]:
    """Opens windows on servers; no page may have complained by the end."""
    opened: list[Window] = []

    def open_on(server: Server) -> Window:
        opened.append(Window(browser, server))
        return opened[-1]

    yield open_on
    for one in opened:
        one.close()
        assert one.complaints == []


@pytest.fixture
def window(windows: Callable[[Server], Window], server: Server) -> Window:
    """Pages of the usual server."""
    return windows(server)
