"""workers.py: `run --workers N` is one room at one port, whatever becomes of its processes."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import pytest

from tests.audience import Audience
from tests.crash import quiet_port
from tests.fronts import free_ports
from tests.phones import Browser, Closed, Phone, phone
from tests.processes import children, is_there, sockets
from tests.redises import Redis
from tests.serving import CONFIG, ROOT, STOP_SECONDS, Server, dashboard
from voting import nearby

TWO = ("--workers", "2")
ALL = os.environ.get("TEST_ALL")
PHONES = 200 if ALL else 20
END_SECONDS = 10


def over(url: str, room: str = "house") -> str:
    """Return CONFIG with a journal in Redis."""
    return f'{CONFIG}\n[journal]\nurl = "{url}"\nroom = "{room}"\n'


def starts(server: Server) -> list[int]:
    """Return which workers have said that they serve, each as often as it was started."""
    return [int(number) for number in re.findall(r" started worker=(\d+) ", server.said)]


def processes(server: Server) -> list[int]:
    """Return the process ids of a server's workers."""
    return children(server.pid)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, standing_redis: Redis) -> Iterator[Server]:
    """Two workers at one port."""
    server = Server(tmp_path_factory.mktemp("house"), over(standing_redis.url))
    server.port = quiet_port()
    yield server.start(*TWO)
    server.clear_up()


@pytest.fixture(scope="module")
def audience(house: Server) -> Iterator[Audience]:
    """Phones that vote all the time, and do not give up."""
    with Audience(house, PHONES, "workers") as gathered:
        yield gathered


def agree(audience: Audience) -> None:
    """Compare what each phone was told with what the room shows; then let them go on."""
    audience.wait_for_answers(2 * PHONES)
    audience.settle()
    look = Phone(Browser(audience.server), "screen")
    shown = look.until(type="state")
    while shown["counts"] != audience.counts(1):  # a worker may be a moment behind another
        shown = look.next()
    look.close()
    assert shown["voted"] == PHONES
    audience.vote()


def test_two_workers_are_one_room_with_one_greeting(house: Server, audience: Audience) -> None:
    """Votes on either count on both, and each has its share of the phones."""
    assert sorted(starts(house)) == [1, 2]
    assert house.said.count("Ctrl-C stops") == house.said.count("?link=") == 1
    assert nearby.noted(house.folder / "data") == ("127.0.0.1", house.port)
    agree(audience)
    shares = [sockets(pid) for pid in processes(house)]
    print(f"{PHONES} phones on two workers: sockets {shares}")  # noqa: T201
    assert not ALL or min(shares) > PHONES / 8  # few can be had by whoever is awake


def test_workers_are_replaced_one_by_one_in_a_storm(house: Server, audience: Audience) -> None:
    """After SIGHUP others serve the same room; if the next cannot start, those there stay."""
    before = set(processes(house))
    assert house.process is not None
    house.process.send_signal(signal.SIGHUP)
    house.wait_for(" replaced workers=2")
    after = set(processes(house))
    assert "worker_gone" not in house.said
    assert len(after) == 2
    assert not before & after
    good = house.config.read_text("utf-8")
    house.config.write_text(good + "prot = 5\n", "utf-8")
    house.process.send_signal(signal.SIGHUP)
    assert "journal.prot = 5" in house.wait_for(" not_replaced worker=1 code=2")
    house.config.write_text(good, "utf-8")
    assert set(processes(house)) == after
    assert house.said.count("?link=") == 1
    agree(audience)


def test_a_dead_worker_has_a_successor_and_no_vote_is_lost(
    house: Server, audience: Audience
) -> None:
    """Killed in a storm; who dies soon after its start has to wait for its next."""
    os.kill(processes(house)[0], signal.SIGKILL)
    house.wait_for(" worker_gone worker=. code=-9 seconds=1.0")
    agree(audience)  # on the other one
    audience.wait(lambda: len(processes(house)) == 2 and len(starts(house)) == 5)
    agree(audience)


def test_all_end_together_and_in_time(house: Server, audience: Audience) -> None:
    """A Ctrl-C reaches all processes of a terminal; each phone is told, and the exit code is 0."""
    told = phone(house)
    began = monotonic()
    assert house.process is not None
    for pid in (*processes(house), house.pid):
        os.kill(pid, signal.SIGINT)
    with pytest.raises(Closed, match="1001"):
        told.until(type="never")
    told.close()
    assert house.process.wait(STOP_SECONDS) == 0
    assert monotonic() - began < END_SECONDS
    assert house.said.count("Stopping: every vote") == 1
    assert not (house.folder / "data" / nearby.NOTE).exists()
    assert "Traceback" not in house.said


@pytest.mark.skipif(not ALL, reason="starts three processes more; TEST_ALL=1")
def test_workers_end_with_who_has_started_them(
    serve: Callable[..., Server], standing_redis: Redis
) -> None:
    """Killed, it can tell nobody; they see that it is gone, and send their phones away."""
    server = serve(over(standing_redis.url, "orphans"), *TWO)
    told = phone(server)
    pids = processes(server)
    server.kill()
    with pytest.raises(Closed, match="1001"):
        told.until(type="never")
    told.close()
    for pid in pids:
        while is_there(pid):
            signal.sigtimedwait((), 0.01)


@pytest.mark.parametrize(
    "config, said",
    [
        (CONFIG, "--workers 3 needs a journal that processes can share: [journal] url in "),
        (over("redis://127.0.0.1:{free}/0"), "127.0.0.1:{free}"),
    ],
)
def test_a_start_that_cannot_be_is_one_sentence(tmp_path: Path, config: str, said: str) -> None:
    """Said once, not by every worker; exit code 2, and nobody is left."""
    free, _ = free_ports()
    server = Server(tmp_path, config.replace("{free}", str(free)))
    done = dashboard("run", "--config", server.config, "--port", "0", "--workers", "3")
    assert done.returncode == 2
    assert said.replace("{free}", str(free)) in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.skipif(not ALL, reason="starts three processes more; TEST_ALL=1")
def test_a_terminal_that_is_closed_ends_all(tmp_path: Path, redis: Redis) -> None:
    """It hangs up, as who wants workers replaced does; but then it is gone."""
    server = Server(tmp_path, over(redis.url))
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, ROOT / "dashboard.py", "run", "--config", server.config, *TWO],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    said = b""
    while b"Ctrl-C stops" not in said:
        said += os.read(ours, 65_536)
    pids = children(process.pid)
    os.close(ours)
    assert process.wait(STOP_SECONDS) == 0
    assert not any(is_there(pid) for pid in pids)
