"""A disk that is full, fails or is busy: no receipt lies, no page hangs, and it mends by itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from tests.audience import PATIENCE, Audience
from tests.faults import Fault, FileLimit, FullDisk, fill, locked, small_disk
from tests.phones import Browser, Phone
from tests.serving import ADA, CONFIG, ROOT, Server, dashboard
from tests.windows import Window, draws
from tests.witness import Witness

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's limits and tmpfs")

PHONES = 20
PROMPT = 10.0
"""Seconds for thirty pages that take half of one on a quiet machine. If each waited until SQLite
gives up on a lock, they would take thirty."""


@pytest.fixture(params=[FileLimit, FullDisk] if os.environ.get("TEST_ALL") else [FileLimit])
def fault(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fault]:
    """A disk that can fail, in each way that a test can arrange."""
    folder = tmp_path / "disk"
    folder.mkdir()
    with ExitStack() as stack:
        if request.param is FullDisk:
            stack.enter_context(small_disk(folder))
        yield request.param(folder)


@pytest.fixture
def server(fault: Fault, serve: Callable[..., Server]) -> Server:
    """A running server whose data folder lies on the disk that can fail."""
    return serve(CONFIG, "--data", str(fault.folder))


def are_prompt(voter: Browser, admin: Browser) -> None:
    """Expect every page at once, whatever the disk does."""
    began = time.monotonic()
    for _ in range(10):
        for visitor, path in ((voter, "/"), (voter, "/present"), (admin, "/admin")):
            assert visitor.get(path).status == 200
    assert time.monotonic() - began < PROMPT


def hears(page: Phone, *, recording: bool) -> None:
    """Wait until a page is told that votes are recorded, or that they are not."""
    deadline = time.monotonic() + PATIENCE
    while page.next().get("recording") is not recording:
        assert time.monotonic() < deadline


def ends_well(server: Server, folder: Path) -> None:
    """Expect that nothing went wrong by the server's own account and by its journal's."""
    for opened in server.sockets:
        opened.close()
    assert server.stop() == 0
    assert "Traceback" not in server.said
    verified = dashboard("verify", "--data", folder)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def counts_of(browser: Browser) -> Counter[str]:
    """Count what the screen shows to whoever opens it now."""
    return Counter(Phone(browser, "screen").until(type="state")["counts"])


def test_no_receipt_lies_and_no_page_hangs_while_nothing_can_be_written(
    fault: Fault, server: Server
) -> None:
    """Phones hear "not now" and the numbers stand still; with room again every vote counts once."""
    admin, late = Browser(server).become_admin(), Browser(server)
    desk = Phone(admin, "admin")
    with Audience(server, PHONES, "fault") as audience:
        witness = Witness(audience)
        audience.wait_for_answers(5 * PHONES)
        fault.begin(server)
        hears(desk, recording=False)
        audience.wait_until_put_off()
        late.log_in("Late")
        are_prompt(late, admin)
        assert late.get("/healthz").status == 200
        assert late.get("/readyz").status == 503
        assert admin.steer("close", desk.state).status == 503
        witness.look(fault.folder)
        told = audience.receipts
        audience.wait_until_put_off()
        assert audience.receipts == told
        assert counts_of(late) == Counter(witness.state.rounds[1].counts)

        fault.end(server)
        hears(desk, recording=True)
        server.wait_for(r" journal_lost reason=[^\n]+\n(.*\n)*.* journal_back found=\d+\n")
        assert late.get("/readyz").status == 200
        audience.settle()
        witness.look(fault.folder)
        assert audience.receipts > told
        assert counts_of(late) == audience.counts(1)
        assert audience.counts(1).total() == PHONES
    ends_well(server, fault.folder)


def test_a_kill_while_nothing_can_be_written_loses_nothing(fault: Fault, server: Server) -> None:
    """Killed on a full disk and started on it, it shows what it holds and waits for room."""
    with Audience(server, PHONES, "kill") as audience:
        witness = Witness(audience)
        audience.wait_for_answers(5 * PHONES)
        fault.begin(server)
        audience.wait_until_put_off()
        server.kill()
        audience.wait_until_cut()
        witness.look(fault.folder)

        server.start("--data", str(fault.folder))
        fault.begin(server)
        audience.wait_until_put_off()
        witness.look(fault.folder)  # before the fault was there again, a vote may have come through
        assert counts_of(Browser(server)) == Counter(witness.state.rounds[1].counts)
        fault.end(server)
        audience.settle()
        witness.look(fault.folder)
        assert audience.counts(1).total() == PHONES
    ends_well(server, fault.folder)


@pytest.mark.parametrize("full", [True, False], ids=["full disk", "file limit"])
def test_a_first_start_without_room_ends_with_a_sentence(tmp_path: Path, full: bool) -> None:
    """It names the data folder, the exit code is 2, and there is no traceback."""
    disk = tmp_path / "disk"
    disk.mkdir()
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    run = [sys.executable, str(ROOT / "dashboard.py"), "run", "--port", "0"]
    run += ["--config", str(tmp_path / "config.toml"), "--data", str(disk)]
    with ExitStack() as stack:
        if full:
            fill(stack.enter_context(small_disk(disk)) / "ballast")
        else:
            run = ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *run]
        refused = subprocess.run(run, capture_output=True, text=True, timeout=PATIENCE)
    assert refused.returncode == 2
    assert str(disk) in refused.stderr
    assert refused.stderr.count("\n") == 1, refused.stderr


@pytest.mark.parametrize("fault", [FileLimit], indirect=True)
def test_a_lock_of_two_seconds_on_the_journal_is_waited_out(fault: Fault, server: Server) -> None:
    """No receipt before it ends, one for every phone after that, and pages answer meanwhile."""
    admin, watcher = Browser(server).become_admin(), Browser(server).log_in()
    with Audience(server, PHONES, "lock") as audience:
        witness = Witness(audience)
        audience.wait_for_answers(5 * PHONES)
        audience.settle()
        before = audience.receipts
        with locked(fault.folder / "journal.sqlite", seconds=2):
            audience.vote()
            are_prompt(watcher, admin)
            audience.wait_until_put_off()
            assert audience.receipts == before
        audience.settle()
        witness.look(fault.folder)
        assert audience.counts(1).total() == PHONES
        assert watcher.get("/readyz").status == 200
    ends_well(server, fault.folder)


@pytest.mark.browser
def test_a_page_says_that_its_vote_waits_and_brings_it_home(
    fault: Fault, server: Server, browser: Chromium
) -> None:
    """The voter reads a sentence, then the receipt; the desk says it too, and the screen waits."""
    window = Window(browser, server)
    voter, screen, desk = window.voter("Vera"), window.screen(), window.admin()
    status, trouble = voter.locator("#status"), desk.locator("#health")
    expect(trouble).to_be_hidden()
    fault.begin(server)
    voter.locator(f"[data-candidate={ADA}]").click()
    expect(status).to_have_attribute("data-status", "retrying")
    expect(status).to_contain_text("not counted yet")
    expect(trouble).to_be_visible()
    draws(screen)
    fault.end(server)
    expect(status).to_have_attribute("data-status", "counted", timeout=20_000)
    expect(status).to_contain_text(re.compile(r"\b[A-Z2-7]{4}-[A-Z2-7]{4}\b"))
    expect(trouble).to_be_hidden()
    draws(screen, **{ADA: 1})
    window.close()
    assert window.complaints == []
