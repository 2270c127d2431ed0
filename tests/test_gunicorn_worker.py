"""gunicorn_worker.py: `gunicorn -k gevent "dashboard:create_app()"` is the room, whole."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from gunicorn.config import Config

from tests.gunicorns import Gunicorn, command
from tests.phones import Browser, Closed, Phone, phone
from tests.redises import Redis
from tests.serving import ADA, CONFIG, GRACE, ROOT, START_SECONDS, STOP_SECONDS
from voting import gunicorn_worker, nearby

STARTED = r"started worker=(\d+) "


@pytest.fixture
def gunicorns(tmp_path: Path) -> Iterator[Callable[..., Gunicorn]]:
    """Start gunicorns, each on a data folder of its own; they end with the test."""
    started: list[Gunicorn] = []

    def start(config: str = CONFIG, workers: int = 1) -> Gunicorn:
        folder = tmp_path / f"gunicorn-{len(started)}"
        folder.mkdir()
        started.append(Gunicorn(folder, config))
        started[-1].workers = workers
        started[-1].start()
        return started[-1]

    yield start
    for one in started:
        one.clear_up()


def test_two_workers_are_one_room_with_every_way_into_it(
    gunicorns: Callable[..., Gunicorn], redis: Redis
) -> None:
    """Pages, files, desk, socket, long poll, ballots by POST, refusals; at the end 1001, code 0."""
    gunicorn = gunicorns(f'{CONFIG}\n[journal]\nurl = "{redis.url}"\n', workers=2)
    gunicorn.wait_for(f"(?s){STARTED}.*{STARTED}")
    phones = [phone(gunicorn) for _ in range(12)]
    polling, admin = Browser(gunicorn).log_in(), Browser(gunicorn).become_admin()
    style = re.search(r'href="(/static/[^"]+\.css)"', polling.get("/login").text)
    assert style
    assert "max-age=" in polling.get(style[1]).headers["Cache-Control"]

    after = polling.get("/live?view=voter").json["after"]
    with ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(polling.get, f"/live?view=voter&wait=25&after={after}")
        for one in phones:
            one.vote(ADA)
            one.until(type="receipt")
        assert waiting.result().status == 200
    message = {"type": "vote", "ballot": "b", "round": phones[0].state["round"]["id"]}
    body = json.dumps({**message, "choices": [GRACE]}).encode()
    counted = polling.ask("POST", "/ballots", body, {"Content-Type": "application/json"})
    assert (counted.status, counted.json["type"]) == (200, "receipt")
    for one in phones:
        one.until(type="tally", voted=len(phones) + 1)
    assert admin.steer("close", phones[0].state).status == 200
    for one in phones:
        one.until(type="state")
        assert one.state["round"]["state"] == "closed"

    with gunicorn.dial(seconds=START_SECONDS) as opened:
        opened.sendall(b"GET /login HTTP/1.1\r\nHost : x\r\n\r\n")
        assert b"RFC 9112" in opened.recv(4_096)
    told = phones.pop()
    for one in phones:
        one.close()
    assert gunicorn.process is not None
    gunicorn.process.terminate()
    with pytest.raises(Closed, match="1001"):
        told.until(type="never")
    told.close()
    assert gunicorn.process.wait(STOP_SECONDS) == 0
    assert nearby.noted(gunicorn.folder / "data") is None
    assert "mistake" not in gunicorn.said
    assert "Traceback" not in gunicorn.said


def test_one_worker_on_a_data_folder_has_a_successor_with_every_vote(
    gunicorns: Callable[..., Gunicorn],
) -> None:
    """Replaced or killed, another one waits for the folder; without gunicorn, it ends."""
    gunicorn = gunicorns()
    assert nearby.noted(gunicorn.folder / "data") == ("127.0.0.1", gunicorn.port)
    voter = phone(gunicorn)
    voter.vote(ADA)
    voter.until(type="receipt")
    gunicorn.hang_up()
    with pytest.raises(Closed, match="1001"):
        voter.until(type="never")
    gunicorn.wait_for(f"(?s){STARTED}.*{STARTED}")  # this phone did not go, and held the first up
    voter.close()
    voter = Phone(voter.browser)
    assert voter.until(type="state")["counts"][ADA] == 1
    os.kill(int(re.findall(STARTED, gunicorn.said)[-1]), signal.SIGKILL)
    with pytest.raises(Closed):
        voter.until(type="never")
    gunicorn.wait_for(f"(?s){STARTED}.*{STARTED}.*{STARTED}")
    voter = Phone(voter.browser)
    assert voter.until(type="state")["counts"][ADA] == 1
    assert gunicorn.said.count("Ctrl-C stops") == 1
    assert "another server" not in gunicorn.said
    assert "5000 is in use" not in gunicorn.said
    gunicorn.kill()
    with pytest.raises(Closed, match="1001"):
        voter.until(type="never")
    voter.close()


@pytest.mark.parametrize(
    "options, code, sentence",
    [
        (["-w", "2"], 2, "2 workers need a journal that they can share: [journal] url in "),
        (["--preload"], 3, "gunicorn has to read gunicorn.conf.py, and to start without --preload"),
        (["-c", "{folder}/none.py"], 3, "gunicorn has to read gunicorn.conf.py"),
    ],
)
def test_what_cannot_be_is_said_once_and_nothing_is_started_again(
    tmp_path: Path, options: list[str], code: int, sentence: str
) -> None:
    """One sentence, no traceback, and an exit code for whoever supervises it."""
    (tmp_path / "none.py").write_text("control_socket_disable = True\n")
    done = refused(tmp_path, *(option.format(folder=tmp_path) for option in options))
    assert done.returncode == code
    assert done.stderr.count(sentence) == 1
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data").exists()


def test_a_start_that_fails_in_the_worker_is_a_sentence_too(tmp_path: Path) -> None:
    """Here for a key that is none; gunicorn gives up instead of trying for ever."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secret.key").write_text("short")
    done = refused(tmp_path)
    assert done.returncode == 3
    assert done.stderr.count("secret.key") == 1
    assert "Traceback" not in done.stderr


def refused(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Start a gunicorn that ends by itself."""
    gunicorn = Gunicorn(folder, CONFIG)
    return subprocess.run(
        command("-b", "127.0.0.1:0", *options),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=gunicorn.environment,
        timeout=START_SECONDS,
    )


@pytest.mark.parametrize(
    "settings, said",
    [
        ({}, None),
        ({"workers": 2}, "need a journal that they can share"),
        ({"worker_class": "sync"}, "gevent worker: -k gevent"),
        ({"bind": "unix:/run/vote"}, "one address with a port"),
        ({"bind": ["127.0.0.1:1", "127.0.0.1:2"]}, "one address with a port"),
        ({"certfile": __file__}, "TLS is the proxy's"),
    ],
)
def test_a_setting_that_no_room_can_have_is_a_sentence(
    settings: dict[str, object], said: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each says what is needed instead."""
    (tmp_path / "config.toml").write_text(CONFIG, "utf-8")
    monkeypatch.setenv("SHOW_OF_HANDS_CONFIG", str(tmp_path / "config.toml"))
    asked = Config()
    for name, value in ({"worker_class": "gevent"} | settings).items():
        asked.set(name, value)
    refusal = gunicorn_worker.refusal(asked)
    assert refusal is None if said is None else said in (refusal or "")
    (tmp_path / "config.toml").write_text(CONFIG + "prot = 5\n", "utf-8")
    assert "server.prot = 5" in (gunicorn_worker.refusal(asked) or "")


def test_gunicorns_first_process_loads_nothing_that_gevent_changes_behind_the_fork() -> None:
    """What took a lock or a socket from Python before would stop all phones of a worker."""
    look = "import sys, runpy; runpy.run_path('gunicorn.conf.py'); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert not {"flask", "redis", "click", "voting.server", "dashboard"} & {*done.stdout.split()}
