"""`codes` on the command line: codes on paper, made while no server runs."""

from __future__ import annotations

import csv
import re
import resource
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.phones import Browser
from tests.serving import CONFIG, ROOT, START_SECONDS, Server, dashboard
from tests.test_codes import BY_CODE, comes
from voting.cards import cards, plain_list

LIST_ALONE = 40_000
"""Bytes that a file may have where a list of thirty codes fits, and their sheet does not."""


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[Server]:
    """A server that asks for codes and has never run."""
    folder = tmp_path / "room"
    folder.mkdir()
    server = Server(folder, BY_CODE)
    yield server
    server.clear_up()


def listed(file: Path) -> list[str]:
    """Return the codes of a plain list, having checked that each link brings its code."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert all(
        row["link"] == f"http://vote.example:5000/login?code={row['code']}" for row in rows
    ), rows
    return [row["code"] for row in rows]


def test_codes_made_before_the_first_start_let_phones_in(stopped: Server, tmp_path: Path) -> None:
    """A sheet and a list that their owner alone can read, and a second pair beside them."""
    paper = tmp_path / "paper"
    first = dashboard("codes", 30, "--config", stopped.config, "--output", paper)
    assert first.returncode == 0, first.stderr
    assert first.stdout == ""
    second = dashboard("codes", 2, "--config", stopped.config, "--output", paper, "--show")
    plain, more = sorted(paper.glob("codes-*.csv"))
    sheets = sorted(paper.glob("codes-*.html"))
    assert [file.stem for file in sheets] == [plain.stem, more.stem]
    for file in (plain, more, *sheets):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert f"{file.stem.rpartition('-')[0]}-" in first.stderr
    made = listed(plain) + listed(more)
    assert len(set(made)) == 32
    assert second.stdout.split() == listed(more)
    assert [one for one in made if one in first.stderr + second.stderr] == []
    for sheet, file in zip(sheets, (plain, more), strict=True):
        text = sheet.read_text(encoding="utf-8")
        assert re.findall(r'class="code">([^<]+)<', text) == listed(file)
        assert text.count("<svg") == len(listed(file))
        assert "vote.example:5000" in text
        assert 'lang="zh-Hans"' in text
        assert re.findall(r"(?:src|href|url)[=(]", text) == []  # it stands alone
    stopped.start()
    assert "Codes    32 made, 0 used" in stopped.said
    assert [comes(Browser(stopped), made[place]).status for place in (0, 29, 31)] == [303] * 3


def test_codes_are_not_made_beside_a_running_server(room: Server, tmp_path: Path) -> None:
    """The admin's page makes them then; nothing is written."""
    refused = dashboard("codes", 2, "--config", room.config, "--output", tmp_path / "paper")
    assert refused.returncode == 2
    assert "admin's page" in refused.stderr
    assert not (tmp_path / "paper").exists()


@pytest.fixture
def room(serve: Callable[..., Server]) -> Server:
    return serve(BY_CODE)


@pytest.mark.parametrize(
    "config, options, said",
    [
        (BY_CODE, ["0"], "0 is not in the range"),
        (BY_CODE, ["10001"], "10001 is not in the range"),
        (BY_CODE, ["2", "--output", "{data}/paper"], "where the votes are"),
        (BY_CODE.replace("public_url", "# "), ["2"], "phones cannot reach this computer"),
        (BY_CODE, ["2", "--output", "/dev/null/paper"], "No code was made"),
    ],
    ids=["none", "too many", "beside the votes", "no address", "no folder"],
)
def test_what_cannot_be_made_is_told(
    stopped: Server, config: str, options: list[str], said: str
) -> None:
    """One sentence, exit code 2, and no file."""
    stopped.config.write_text(config, encoding="utf-8")
    given = [option.format(data=stopped.folder / "data") for option in options]
    refused = dashboard("codes", "--config", stopped.config, *given)
    assert refused.returncode == 2
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr
    assert list(stopped.folder.rglob("codes-*")) == []


def test_codes_whose_paper_cannot_be_written_leave_nothing(stopped: Server, tmp_path: Path) -> None:
    """Half a pair would be cards that open nothing; those made before stay good."""
    paper = tmp_path / "paper"
    first = dashboard("codes", 1, "--config", stopped.config, "--output", paper)
    assert first.returncode == 0, first.stderr
    before = sorted(paper.iterdir())
    program = [sys.executable, str(ROOT / "dashboard.py"), "codes", "30"]
    refused = subprocess.run(
        [*program, "--config", stopped.config, "--output", paper],
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (LIST_ALONE, LIST_ALONE)),
    )
    assert refused.returncode == 2, refused.stderr
    assert "No code was made" in refused.stderr
    assert sorted(paper.iterdir()) == before
    assert "Codes · 1 made" in dashboard("verify", "--config", stopped.config).stdout


def test_a_room_that_does_not_ask_is_pointed_out(stopped: Server, tmp_path: Path) -> None:
    """The codes are made, and will be good once config.toml says so."""
    stopped.config.write_text(CONFIG, encoding="utf-8")
    made = dashboard("codes", 1, "--config", stopped.config, "--output", tmp_path / "paper")
    assert made.returncode == 0
    assert 'voters = "codes"' in made.stderr


def test_a_list_survives_any_address() -> None:
    """What stands in a link is quoted as links and spreadsheets want it."""
    drawn = list(cards(["AAAAA-BBBBB"], "https://[2001:db8::1]:8443"))
    assert plain_list(drawn).splitlines() == [
        "code,link",
        "AAAAA-BBBBB,https://[2001:db8::1]:8443/login?code=AAAAA-BBBBB",
    ]
