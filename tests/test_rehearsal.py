"""`rehearse`, end to end: pretended phones on a real server, and nothing of them afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from random import Random
from typing import Any

import pytest

from rehearsal.crowd import Answered
from rehearsal.measuring import unheld
from rehearsal.turns import chosen
from tests.faults import FileLimit
from tests.phones import Browser, Phone, phone
from tests.serving import ADA, CONFIG, ROOT, Server, dashboard, poll_config, popen
from voting.nearby import note, noted
from voting.password import Password
from voting.protocol import PollView
from voting.records import Candidate
from voting.safe import FolderSafe

PASSWORD = "correct horse"


@pytest.fixture
def admin(server: Server) -> Browser:
    """A browser that is logged in as admin, with the password; the link is left for others."""
    Password(FolderSafe(server.folder / "data")).set(PASSWORD)
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


def until_voting(screen: Phone) -> None:
    """Wait until a screen shows votes of a rehearsal."""
    while not (screen.next().get("voted") and screen.state["round"].get("rehearsal")):
        pass


def until_said(run: subprocess.Popen[str], words: str) -> None:
    """Wait until a program says something on standard error."""
    assert run.stderr
    while words not in (line := run.stderr.readline()):
        assert line, "it has ended"


def results(server: Server, admin: Browser) -> list[bytes]:
    """Return everything that is told of rounds, and the names."""
    paths = ("/admin/rounds.csv", "/admin/rounds.json", "/rounds/1", "/rounds/1.csv")
    names = (server.folder / "data" / "names.jsonl").read_bytes()
    return [*(admin.get(path).body for path in paths), names]


def test_a_room_that_asks_for_codes_is_rehearsed_without_spending_one(
    serve: Callable[..., Server],
) -> None:
    """Pretended phones come in by codes of the rehearsal's own, and nothing of them is left."""
    server = serve(CONFIG + '\n[room]\nvoters = "codes"\n')
    told = rehearse(server, "--phones", 5, "--seconds", 1, "--json", secret=server.link)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["findings"]["joined"] == 5
    lines = dashboard("verify", "--config", server.config).stdout.splitlines()
    assert "0 ballots by 0 voters" in lines[0]
    assert [line for line in lines if "Codes" in line] == []


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
    assert found["costs"]["arrival_seconds"] > 0
    assert shown(voted)["round"] == stage
    assert results(voted, admin) == before


def test_the_report_is_for_a_person(voted: Server) -> None:
    """Numbers with their names, a verdict, and how far it is on standard error."""
    done = rehearse(voted, "--votes-per-second", 100)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Joined     20 of 20 phones" in done.stdout
    assert "Lost       0" in done.stdout
    assert "20 phones: good. By calculation, not by trial" in done.stdout
    assert "Wi-Fi was not tried" in done.stdout
    assert "Joining" in done.stderr
    assert "The rehearsal is over" in done.stderr


def test_a_round_that_is_in_use_is_left_alone(server: Server, admin: Browser) -> None:
    """It is said what to do first, before the link is used up."""
    zoe = phone(server, "Zoe")
    zoe.vote(ADA)
    zoe.until(type="receipt")
    done = rehearse(server, secret=server.link)
    assert done.returncode == 2
    assert "Close it first" in done.stderr
    assert shown(server)["ballots"] == 1
    Browser(server).become_admin()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_gives_the_stage_back(voted: Server, admin: Browser, number: signal.Signals) -> None:
    """In the middle of the voting; what was begun is ended before the program goes."""
    before, stage = results(voted, admin), shown(voted)["round"]
    screen = Phone(Browser(voted), "screen")
    options = ("--config", voted.config, "--phones", "20", "--seconds", "60")
    with popen("rehearse", *options, "--token", voted.link) as run:
        until_voting(screen)
        run.send_signal(number)
        _, said = run.communicate(timeout=20)
    assert run.returncode == 130, said
    assert "no result holds anything of it" in said
    assert "Traceback" not in said
    assert shown(voted)["round"] == stage
    assert results(voted, admin) == before


def test_ctrl_c_again_does_not_keep_it_from_giving_the_stage_back(
    voted: Server, admin: Browser
) -> None:
    """Asked for twice while the server is slow to answer, the end is still seen through."""
    stage = shown(voted)["round"]
    screen = Phone(Browser(voted), "screen")
    options = ("--config", voted.config, "--phones", "20", "--seconds", "60")
    with popen("rehearse", *options, "--token", voted.link) as run:
        until_voting(screen)
        os.kill(voted.pid, signal.SIGSTOP)
        for _ in range(2):
            run.send_signal(signal.SIGINT)
            time.sleep(0.02)
        until_said(run, "Ending the rehearsal")
        os.kill(voted.pid, signal.SIGCONT)
        _, said = run.communicate(timeout=20)
    assert run.returncode == 130, said
    assert "The rehearsal is over" in said
    assert shown(voted)["round"] == stage


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's limits")
def test_a_stage_that_the_server_does_not_give_back_is_told(voted: Server, admin: Browser) -> None:
    """Nothing can be written, so the rehearsal stays on; nobody is told that it is over."""
    disk = FileLimit(voted.folder / "data")
    screen = Phone(Browser(voted), "screen")
    options = ("--config", voted.config, "--phones", "20", "--seconds", "60")
    with popen("rehearse", *options, "--token", voted.link) as run:
        until_voting(screen)
        disk.begin(voted)
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=20)
        disk.end(voted)
    assert run.returncode == 130, said
    assert "may still be on: the admin page's button ends it" in said
    assert "is over" not in said
    assert shown(voted)["round"]["rehearsal"]


def test_pretended_phones_never_vote_in_a_round_that_counts(server: Server, admin: Browser) -> None:
    """Where the admin ends the rehearsal under them, the open round behind it stays empty."""
    screen = Phone(Browser(server), "screen")
    options = ("--config", server.config, "--phones", "20", "--seconds", "60")
    with popen("rehearse", *options, "--token", server.link) as run:
        until_voting(screen)
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
        until_voting(screen)
        voted.kill()
        _, said = run.communicate(timeout=20)
    assert run.returncode == 1
    assert "stopped answering. The rehearsal may still be on" in said
    assert "Errno" not in said
    assert "Traceback" not in said
    voted.start()
    assert shown(voted)["round"] == stage
    assert results(voted, admin) == before


def test_a_rehearsal_of_the_admins_stays_on(voted: Server, admin: Browser) -> None:
    """Who has not started it does not end it."""
    assert admin.steer("rehearse", shown(voted), seconds=600).status == 200
    stage = shown(voted)["round"]
    assert stage["rehearsal"]
    done = rehearse(voted, "--seconds", 1)
    assert done.returncode == 0
    assert "still on, and is ended on the admin's page" in done.stderr
    assert shown(voted)["round"] == stage


def test_phones_that_cannot_vote_so_fast_are_not_held_against_the_room(voted: Server) -> None:
    """Each waits for its answer; what was asked for beyond that was not sent, so none of it is
    lost or refused."""
    done = rehearse(voted, "--phones", 2, "--votes-per-second", 5_000, "--json", secret=PASSWORD)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)["findings"]
    assert found["skipped"] > 1_000
    assert (found["lost"], found["refused"]) == (0, {})
    assert found["votes"] == found["receipts"] > 0


def test_phones_tap_no_faster_than_a_voter_may(serve: Callable[..., Server]) -> None:
    """A poll that takes one tap a second refuses none of them."""
    poll = {"question": "Louder?", "candidates": ["Yes", "No"], "rule": "taps"}
    server = serve(poll_config(**poll, taps_per_second=1))
    done = rehearse(server, "--phones", 4, "--seconds", 3, "--json", secret=server.link)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)["findings"]
    assert (found["lost"], found["refused"]) == (0, {})
    assert 4 < found["receipts"] <= 12


def test_who_is_not_the_admin_is_told_what_to_do(server: Server) -> None:
    """Nothing has begun."""
    done = rehearse(server, secret="wrong horse")
    assert done.returncode == 2
    assert "Wrong password, or the link was used already" in done.stderr
    assert "start.py password" in done.stderr
    assert "rehearsal" not in str(shown(server)["round"])


@pytest.mark.parametrize("secret", ["//[", "http://[::1?link=", "\N{SNOWMAN}", "?link="])
def test_whatever_is_typed_as_a_secret_is_a_sentence(server: Server, secret: str) -> None:
    """No address is made of what only looks like one."""
    done = rehearse(server, secret=secret)
    assert done.returncode == 2
    assert "Wrong password" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_links_whole_address_is_as_good_as_its_end(server: Server) -> None:
    """As it was copied from the terminal."""
    done = rehearse(server, "--seconds", 1, secret=f"{server.url}/admin/login?link={server.link}")
    assert done.returncode == 0, done.stderr


def test_no_secret_is_a_sentence(server: Server) -> None:
    """An empty standard input is no wrong password."""
    done = rehearse(server, secret="")
    assert (done.returncode, "was given" in done.stderr) == (2, True)


def test_a_secret_is_told_to_no_other_server(serve: Callable[..., Server], server: Server) -> None:
    """Where another listens at the noted address, its link stays unused until it is named."""
    other = serve()
    note(server.folder / "data", "127.0.0.1", other.port or 0)
    done = rehearse(server, secret=other.link)
    assert done.returncode == 2
    assert f"not that of the data folder {server.folder / 'data'}" in done.stderr
    assert shown(other)["round"]["id"] == 1
    assert rehearse(server, other.url, "--seconds", 1, secret=other.link).returncode == 0


def test_a_server_is_known_by_the_secret_in_the_environment_too(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its data folder then has none."""
    monkeypatch.setenv("SHOW_OF_HANDS_SECRET", "a secret of a fleet, that is long")
    server = serve()
    done = rehearse(server, "--seconds", 1, secret=server.link)
    assert done.returncode == 0, done.stderr


def test_another_program_is_told_no_secret(server: Server) -> None:
    """It is no server of ours, so nothing is asked of it."""
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        done = rehearse(server, f"http://127.0.0.1:{other.server_port}")
        other.shutdown()
    assert done.returncode == 2
    assert "is not Show of Hands. Nothing was started." in done.stderr


def test_a_server_that_stops_takes_its_note_back(server: Server) -> None:
    """Another program may be there next."""
    assert noted(server.folder / "data")
    server.stop()
    assert noted(server.folder / "data") is None


@pytest.mark.parametrize(
    "options, said",
    [
        (("--seconds", 3_600), "with 20 phones, try at most 3,539 seconds"),
        (("http://localhost:5000", "--port", 5_000), "not both"),
    ],
)
def test_a_plan_that_cannot_be_is_a_sentence(
    server: Server, options: tuple[object, ...], said: str
) -> None:
    """Before anything is asked of the server."""
    done = rehearse(server, *options, secret=server.link)
    assert done.returncode == 2
    assert said in done.stderr
    Browser(server).become_admin()


def test_another_computers_server_is_refused() -> None:
    """Before anything is asked of it, or sent to it."""
    done = dashboard("rehearse", "http://192.0.2.7:5000")
    assert done.returncode == 2
    assert done.stderr == (
        "192.0.2.7 is another computer. A rehearsal is for a server of your own, on this one.\n"
    )


def test_where_no_server_answers_it_is_said_how_to_start_one(server: Server) -> None:
    """It had noted where it was, and is gone."""
    server.kill()
    done = rehearse(server)
    assert done.returncode == 2
    assert f"No server answers at {server.url}" in done.stderr
    assert "start.py run" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="no limit of open files")
def test_more_phones_than_there_are_connections_for_are_not_tried(server: Server) -> None:
    """The attempt would take the real phones' place."""
    command = [sys.executable, ROOT / "dashboard.py", "rehearse", "--phones", "50"]
    limited = ["bash", "-c", 'ulimit -n 100; exec "$@"', "bash"]
    done = subprocess.run(
        [*limited, *command, "--config", server.config], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "at most 36 phones" in done.stderr


@pytest.mark.parametrize(
    "versions, gained, missing",
    [((3, 5, 4), 3, 0), ((3, 5, 4), 2, 1), ((3, 6, 4), 9, 1), ((3, 3, 4), 9, 1)],
)
def test_a_receipt_that_the_server_does_not_stand_by_is_missed(
    versions: tuple[int, ...], gained: int, missing: int
) -> None:
    """Where people voted too, so that the tally has enough, the versions tell."""
    receipts = [Answered(0.0, 0.1, version) for version in versions]
    assert unheld(receipts, version=5, expected=3, gained=gained) == missing


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


def test_a_room_without_websockets_is_told_that_it_cannot_be_rehearsed(tmp_path: Path) -> None:
    """Before anything is begun, and with the setting's name."""
    config = tmp_path / "config.toml"
    config.write_text(CONFIG + '[live]\ntransports = ["longpoll"]\n', encoding="utf-8")
    told = dashboard("rehearse", "--config", config)
    assert told.returncode == 2
    assert "[live] transports" in told.stderr
