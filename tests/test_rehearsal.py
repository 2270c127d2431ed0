"""`rehearse`, end to end: pretended phones on a real server, and nothing of them afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from random import Random
from typing import Any

import pytest

from rehearsal.run import chosen
from tests.phones import Browser, Phone, phone
from tests.serving import ADA, ROOT, Server, dashboard, popen
from voting.protocol import PollView
from voting.records import Candidate

PASSWORD = "correct horse"


@pytest.fixture
def admin(server: Server) -> Browser:
    """A browser that is logged in as admin, with the password; the link is left for others."""
    dashboard("password", "--config", server.config, stdin=f"{PASSWORD}\n")
    admin = Browser(server)
    assert admin.post("/admin/login", {"password": PASSWORD}).status == 303
    return admin


@pytest.fixture
def voted(server: Server, admin: Browser) -> Server:
    """A server whose first round, closed, holds Zoe's vote."""
    zoe = phone(server, "Zoe")
    zoe.vote(ADA)
    zoe.until(type="receipt")
    assert admin.steer("close", zoe.state).status == 200
    zoe.close()
    return server


def rehearse(
    server: Server, *options: object, secret: str = PASSWORD
) -> subprocess.CompletedProcess[str]:
    """Run a small rehearsal to its end."""
    small = ("--phones", 20, "--votes-per-second", 40, "--seconds", 2)
    return dashboard("rehearse", "--config", server.config, *small, *options, stdin=f"{secret}\n")


def results(server: Server, admin: Browser) -> list[bytes]:
    """Return everything that is told of rounds, and the names."""
    paths = ("/admin/rounds.csv", "/admin/rounds.json", "/rounds/1", "/rounds/1.csv")
    names = (server.folder / "data" / "names.jsonl").read_bytes()
    return [*(admin.get(path).body for path in paths), names]


def shown(server: Server) -> dict[str, Any]:
    """Return what a screen that comes now is shown."""
    page = Phone(Browser(server), "screen")
    state = page.until(type="state")
    page.close()
    return state


def test_a_rehearsal_reports_and_leaves_no_trace(voted: Server, admin: Browser) -> None:
    """Everybody joins and votes, nothing is lost, and every export is byte for byte as before."""
    before, stage = results(voted, admin), shown(voted)["round"]
    done = rehearse(voted, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    found = told["findings"]
    assert told["good"]
    assert (found["joined"], found["lost"], found["refused"], found["cut"]) == (20, 0, {}, 0)
    assert found["votes"] == found["receipts"] > 0
    assert 0 < found["receipt_ms"]["p50"] <= found["receipt_ms"]["p99"]
    assert 0 < found["screen_ms"]["p50"] <= found["screen_ms"]["p99"]
    assert found["costs"]["arrival"] > 0
    assert shown(voted)["round"] == stage
    assert results(voted, admin) == before


def test_the_report_is_for_a_person(voted: Server) -> None:
    """Numbers with their names, a verdict, and how far it is on standard error."""
    done = rehearse(voted)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Joined     20 of 20 phones" in done.stdout
    assert "Lost       0" in done.stdout
    assert "good for at least 200 phones" in done.stdout
    assert "Joining" in done.stderr


def test_a_round_that_is_in_use_is_left_alone(server: Server, admin: Browser) -> None:
    """The server's own sentence says what to do first."""
    zoe = phone(server, "Zoe")
    zoe.vote(ADA)
    zoe.until(type="receipt")
    done = rehearse(server)
    assert done.returncode == 2
    assert "Close it first" in done.stderr
    assert shown(server)["ballots"] == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_gives_the_stage_back(voted: Server, admin: Browser, number: signal.Signals) -> None:
    """In the middle of the voting; what was begun is ended before the program goes."""
    before, stage = results(voted, admin), shown(voted)["round"]
    screen = Phone(Browser(voted), "screen")
    options = ("--config", voted.config, "--phones", "20", "--seconds", "60")
    with popen("rehearse", *options, "--token", voted.link) as run:
        while not (screen.next().get("voted") and screen.state["round"].get("rehearsal")):
            pass
        run.send_signal(number)
        _, said = run.communicate(timeout=20)
    assert run.returncode == 130, said
    assert "nothing of it is kept" in said
    assert "Traceback" not in said
    assert shown(voted)["round"] == stage
    assert results(voted, admin) == before


def test_pretended_phones_never_vote_in_a_round_that_counts(server: Server, admin: Browser) -> None:
    """Where the admin ends the rehearsal under them, the open round behind it stays empty."""
    screen = Phone(Browser(server), "screen")
    options = ("--config", server.config, "--phones", "20", "--seconds", "60")
    with popen("rehearse", *options, "--token", server.link) as run:
        while not (screen.next().get("voted") and screen.state["round"].get("rehearsal")):
            pass
        assert admin.steer("end", screen.state).status == 200
        run.communicate(timeout=20)
    assert run.returncode == 1
    assert (shown(server)["round"]["id"], shown(server)["ballots"]) == (1, 0)
    exported = admin.get("/admin/rounds.json").json["rounds"]
    assert [(round["round"], round["ballots"], round["voted"]) for round in exported] == [(1, 0, 0)]


def test_a_server_that_is_gone_is_a_sentence(voted: Server, admin: Browser) -> None:
    """And its next start ends the rehearsal."""
    before, stage = results(voted, admin), shown(voted)["round"]
    screen = Phone(Browser(voted), "screen")
    options = ("--config", voted.config, "--phones", "20", "--seconds", "60")
    with popen("rehearse", *options, "--token", voted.link) as run:
        while not (screen.next().get("voted") and screen.state["round"].get("rehearsal")):
            pass
        voted.kill()
        _, said = run.communicate(timeout=20)
    assert run.returncode == 1
    assert "stopped answering" in said
    assert "Traceback" not in said
    voted.start()
    assert shown(voted)["round"] == stage
    assert results(voted, admin) == before


def test_a_rehearsal_of_the_admins_stays_on(voted: Server, admin: Browser) -> None:
    """Who has not started it does not end it."""
    assert admin.steer("rehearse", shown(voted), seconds=600).status == 200
    stage = shown(voted)["round"]
    assert stage["rehearsal"]
    assert rehearse(voted).returncode == 0
    assert shown(voted)["round"] == stage


def test_who_is_not_the_admin_is_told_what_to_do(server: Server) -> None:
    """Nothing has begun."""
    done = rehearse(server, secret="wrong horse")
    assert done.returncode == 2
    assert "That is not the admin's password" in done.stderr
    assert "start.py password" in done.stderr
    assert "rehearsal" not in str(shown(server)["round"])


def test_another_computers_server_is_refused() -> None:
    """Before anything is asked of it, or sent to it."""
    done = dashboard("rehearse", "http://192.0.2.7:5000")
    assert done.returncode == 2
    assert done.stderr == (
        "192.0.2.7 is another computer. A rehearsal is for a server of your own, on this one.\n"
    )


def test_where_no_server_answers_it_is_said_how_to_start_one(server: Server) -> None:
    """It had noted where it was, and is gone."""
    server.stop()
    done = rehearse(server)
    assert done.returncode == 2
    assert f"No server answers at {server.url}" in done.stderr
    assert "start.py run" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="no limit of open files")
def test_more_phones_than_there_are_connections_for_are_not_tried(server: Server) -> None:
    """The attempt would take the real phones' place."""
    command = f"ulimit -n 100; exec {sys.executable} {ROOT / 'dashboard.py'} rehearse --phones 50"
    done = subprocess.run(
        ["bash", "-c", f"{command} --config {server.config}"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "at most 36 phones" in done.stderr


@pytest.mark.parametrize(
    "rule, most, sizes", [("single", 1, {1}), ("taps", 1, {1}), ("approval", 3, {1, 2, 3})]
)
def test_ballots_fit_the_rule(rule: str, most: int, sizes: set[int]) -> None:
    """Each choice once, no more than may be chosen, and everybody gets votes."""
    names = ("a", "b", "c", "d")
    candidates = tuple(Candidate(id, id) for id in names)
    poll = PollView("p", "?", rule, most, 10, True, None, candidates)  # type: ignore[arg-type]
    random = Random(7)
    cast = [chosen(poll, n / 400, random) for n in range(400)]
    assert {len(choices) for choices in cast} == sizes
    assert all(len(set(choices)) == len(choices) for choices in cast)
    assert {choice for choices in cast for choice in choices} == set(names)
