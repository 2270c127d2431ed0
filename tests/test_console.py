"""The command line beside `run`, on the data of a server that runs, or ran."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.phones import Browser, phone
from tests.serving import ADA, CONFIG, GRACE, Server, dashboard
from voting.console import expected, verify_journal

ALLOWED = CONFIG + "\n[room]\nnames_in_exports = true\n"


@pytest.fixture
def voted(server: Server) -> Server:
    """A server whose first round has two votes of Zoe's and Yan's."""
    for name, choice in [("Zoe", ADA), ("Yan", GRACE)]:
        voter = phone(server, name)
        ballot = voter.vote(choice)
        voter.until(type="receipt", ballot=ballot)
    return server


def close(server: Server) -> Browser:
    """Close the round on stage; return the admin who did."""
    admin = Browser(server).become_admin()
    assert admin.steer("close", phone(server).state).status == 200
    return admin


def on(server: Server, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command on a server's data."""
    command, *rest = arguments
    return dashboard(command, "--config", server.config, *rest)


def break_journal(server: Server) -> None:
    """Change one byte of a vote in the journal of a server that is stopped."""
    with sqlite3.connect(server.folder / "data" / "journal.sqlite") as database:
        database.execute(
            "UPDATE record SET body = CAST(replace(CAST(body AS TEXT), ?, ?) AS BLOB)",
            (f'["{ADA}"]', f'["{GRACE}"]'),
        )
    database.close()


def test_a_journal_is_verified_while_the_server_runs(voted: Server) -> None:
    """One line for the round and one for the chain, and exit code 0."""
    done = on(voted, "verify")
    assert done.returncode == 0, done.stderr
    round, chain = done.stdout.splitlines()
    assert "Round 1" in round
    assert "2 ballots by 2 voters · Ada Lovelace 1, Grace Hopper 1, Edsger Dijkstra 0" in round
    assert "chain unbroken" in chain


def test_a_changed_vote_is_found_and_stops_the_start(voted: Server) -> None:
    """Verify says no, the server does not start, and both name what is wrong and what to do."""
    voted.stop()
    break_journal(voted)
    said = on(voted, "verify")
    assert said.returncode == 1
    assert "--repair" in said.stdout
    started = on(voted, "run", "--port", "0")
    assert started.returncode == 2
    assert "is damaged" in started.stderr
    assert "last good record" in started.stderr
    assert "--repair" in started.stderr
    assert "Traceback" not in started.stderr


def test_a_repair_goes_on_from_the_last_good_record(voted: Server) -> None:
    """Afterwards the server starts, with a new epoch; what was damaged is still there."""
    epoch = phone(voted).state["epoch"]
    voted.stop()
    break_journal(voted)
    broken = (voted.folder / "data" / "journal.sqlite").read_bytes()
    repaired = on(voted, "verify", "--repair")
    assert repaired.returncode == 0, repaired.stdout + repaired.stderr
    kept = list((voted.folder / "data").glob("damaged-*/journal.sqlite"))
    assert [file.read_bytes() for file in kept] == [broken]
    assert on(voted, "verify").returncode == 0
    voted.start()
    assert phone(voted).state["epoch"] != epoch


@pytest.mark.parametrize(
    "typed",
    [
        "redis://:s3cret@host/0",
        "redis:/:s3cret@host",
        "unix:/a?password=s3cret",
        "rediss://u:s3@cret@h",
    ],
)
def test_a_password_in_the_wrong_place_is_not_shown(typed: str, tmp_path: Path) -> None:
    """Not even where an address is taken for a folder or a file."""
    for option in ("--data", "--config"):
        done = CliRunner().invoke(verify_journal, [option, str(tmp_path / typed)])
        assert done.exit_code == 2
        assert "…" in done.output
        assert "cret" not in done.output


def test_a_good_journal_is_not_repaired(voted: Server) -> None:
    """Whoever asks for it all the same changes nothing."""
    assert on(voted, "verify", "--repair").returncode == 0
    assert not list((voted.folder / "data").glob("damaged-*"))


def test_a_room_whose_journal_is_gone_does_not_start_silently(voted: Server) -> None:
    """With its head, the start stops; without, the greeting says that the votes are not there."""
    voted.stop()
    data = voted.folder / "data"
    (data / "journal.sqlite").unlink()
    started = on(voted, "run", "--port", "0")
    assert started.returncode == 2
    assert "journal.sqlite is missing" in started.stderr
    (data / "journal.head").unlink()
    voted.start()
    assert "its journal is not there any more" in voted.said
    voted.stop()
    voted.start()
    assert "not there any more" not in voted.said


def test_a_folder_without_a_journal_is_not_well(tmp_path: Path) -> None:
    """A mistyped folder must not look like a good journal."""
    done = dashboard("verify", "--data", tmp_path)
    assert done.returncode == 2
    assert "no journal" in done.stderr


def test_nothing_is_exported_from_a_folder_without_a_journal(tmp_path: Path) -> None:
    """A mistyped folder must not look like a room where nobody voted."""
    done = dashboard("export", "--data", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"There is no journal in {tmp_path}" in done.stderr


def test_the_public_list_agrees_with_the_journal(voted: Server, tmp_path: Path) -> None:
    """And a list with a vote moved to another choice does not."""
    close(voted)
    file = tmp_path / "list.csv"
    file.write_bytes(Browser(voted).get("/rounds/1.csv").body)
    agreed = on(voted, "verify", "--list", file)
    assert agreed.returncode == 0, agreed.stdout
    assert "agree" in agreed.stdout
    text = file.read_text(encoding="utf-8-sig")
    file.write_text(text.replace(f"1,{ADA},Ada Lovelace", f"1,{GRACE},Grace Hopper"))
    moved = on(voted, "verify", "--list", file)
    assert moved.returncode == 1
    assert "list.csv: Round 1" in moved.stdout


def test_a_list_that_is_no_utf_8_is_named(voted: Server, tmp_path: Path) -> None:
    """Among several files, the sentence says which one a spreadsheet has rewritten."""
    file = tmp_path / "rewritten.csv"
    file.write_bytes("round,choice,name,code\r\n1,ada,Zoë,K7Q4-MX2P\r\n".encode("latin-1"))
    done = on(voted, "verify", "--list", file)
    assert done.returncode == 2
    assert f"{file} is no list of receipts" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_rounds_are_exported_to_a_file_or_to_standard_output(voted: Server, tmp_path: Path) -> None:
    """As CSV and as JSON, the same as the admin downloads."""
    admin = close(voted)
    assert on(voted, "export", 1).stdout.encode() == admin.get("/admin/rounds/1.csv").body.replace(
        b"\r\n", b"\n"
    )
    file = tmp_path / "rounds.json"
    assert on(voted, "export", "--format", "json", "--output", file).returncode == 0
    assert file.read_bytes() == admin.get("/admin/rounds.json").body
    assert json.loads(file.read_bytes())["rounds"][0]["voted"] == 2


def test_an_unknown_round_is_a_sentence(voted: Server) -> None:
    """It names those that there are."""
    done = on(voted, "export", 7)
    assert done.returncode == 2
    assert done.stderr == "There is no round 7; expected 1.\n"


@pytest.mark.parametrize(
    "rounds, said",
    [
        ([], "none was opened yet"),
        (range(1, 201), "expected 1 to 200"),
        ([1, 4, 5, 6], "expected 1, 4 to 6"),
    ],
)
def test_many_rounds_are_named_in_few_words(rounds: Iterable[int], said: str) -> None:
    """An evening's 200 rounds must not fill the terminal."""
    assert expected(rounds) == said


def test_names_are_exported_where_config_allows_and_erased_for_good(voted: Server) -> None:
    """Votes and chain stay as they were; the running server does not bring a name back."""
    refused = on(voted, "export", "--names")
    assert refused.returncode == 2
    assert "names_in_exports" in refused.stderr
    voted.config.write_text(ALLOWED, encoding="utf-8")
    assert sorted(voters(on(voted, "export", "--names").stdout)) == ["Yan", "Zoe"]
    assert voters(on(voted, "export").stdout) == ["", ""]
    before = on(voted, "verify").stdout
    assert on(voted, "erase-names").returncode == 0
    assert voters(on(voted, "export", "--names").stdout) == ["", ""]
    assert on(voted, "verify").stdout == before
    for file in (voted.folder / "data").iterdir():
        assert not file.is_file() or b"Zoe" not in file.read_bytes()


def voters(text: str) -> list[str]:
    rows = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    return [row["voter"] for row in rows if row["row"] == "ballot"]
