"""A copy of the data folder that is made while the server runs, and a room that goes on from it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.audience import PATIENCE, Audience
from tests.on_disk import DATABASE, HEAD, History, contents
from tests.phones import Browser, Phone, phone
from tests.serving import ADA, CONFIG, EDSGER, GRACE, ROOT, Server, dashboard
from tests.witness import read_journal
from voting import head
from voting.backup import back_up
from voting.journal import Unusable
from voting.journal_sqlite import SqliteJournal
from voting.records import Ballot

PHONES = 30
ANYWHERE = CONFIG.replace('host = "127.0.0.1"\npublic_url = "http://vote.example:5000"\n', "")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with three votes, whose server has stopped."""
    history = History()
    for voter in ("vera", "walt", "xena"):
        history.vote(voter, "ada")
    history.write(tmp_path / "data")
    return tmp_path / "data"


def test_a_backup_in_a_storm_is_a_whole_beginning_of_the_journal(
    server: Server, tmp_path: Path
) -> None:
    """Every vote counted before it is in it, votes go on meanwhile, and the journal stays one."""
    data = server.folder / "data"
    with Audience(server, PHONES, "backup") as audience:
        audience.wait_for_answers(5 * PHONES)
        for number in range(2):
            told = [r.version for p in audience.phones.values() for r in [*p.receipts.values()]]
            answers = audience.answers
            made = dashboard("backup", tmp_path / str(number), "--data", data)
            assert made.returncode == 0, made.stderr
            assert audience.answers > answers
            copy = read_journal(tmp_path / str(number))
            assert len(copy) >= max(told)
            assert copy == read_journal(data)[: len(copy)]
        audience.settle()
        assert audience.counts(1).total() == PHONES
    assert server.stop() == 0
    assert "Traceback" not in server.said
    assert dashboard("verify", "--data", data).returncode == 0


def test_a_room_goes_on_from_its_backup_under_a_new_epoch(serve: object, tmp_path: Path) -> None:
    """Same round, counts, choices and logins as then; what came later is gone, and phones hear."""
    server: Server = serve(ANYWHERE)  # type: ignore[operator]
    data, copy = server.folder / "data", tmp_path / "copies" / "evening"
    dashboard("password", "--config", server.config, stdin="correct horse\n")
    admin = Browser(server).become_admin()
    for network in admin.get("/admin/addresses").json["addresses"][:1]:
        admin.post("/admin/address", {"address": network["address"]}, Accept="application/json")
    early, late = phone(server, "Early"), phone(server, "Late")
    early.vote(ADA, ballot="early")
    receipt = early.until(type="receipt")
    made = dashboard("backup", copy, "--config", server.config)
    assert made.returncode == 0, made.stderr
    assert "1 ballot by 1 voter" in made.stdout
    is_complete(copy, data)
    late.vote(GRACE, ballot="late")
    late.until(type="receipt")
    server.kill()
    shutil.move(data, tmp_path / "before")
    shutil.copytree(copy, data)
    server.start()
    assert "copy of an earlier journal" in server.said

    back, lost = Phone(early.browser), Phone(late.browser)
    own = back.until(type="you")
    assert (own["name"], own["choices"], own["code"]) == ("Early", [ADA], receipt["code"])
    assert lost.until(type="you")["choices"] is None
    state = lost.until(type="state")
    assert state["epoch"] != early.state["epoch"]
    assert (state["round"], state["voted"]) == (early.state["round"], 1)
    lost.vote(EDSGER)
    assert lost.until(type="receipt")
    back.until(type="state")
    back.vote(GRACE, ballot="early")
    assert back.until(type="receipt") == receipt
    server.kill()
    server.start()
    assert phone(server).state["epoch"] == state["epoch"]


def is_complete(copy: Path, data: Path) -> None:
    """Expect all that a room needs, for its owner alone; not who runs where, nor SQLite's own."""
    here = {"lock", "serving", "journal.sqlite-wal", "journal.sqlite-shm"}
    files = {file.name for file in data.iterdir()}
    assert here <= files
    assert {file.name for file in copy.iterdir()} == files - here
    assert {"secret.key", "admin.password", "names.jsonl"} <= files
    for name in files - here - {DATABASE, HEAD}:
        assert (copy / name).read_bytes() == (data / name).read_bytes()
    assert {file.stat().st_mode & 0o777 for file in copy.iterdir()} == {0o600}
    assert copy.stat().st_mode & 0o777 == 0o700


def test_a_backup_is_a_copy_wherever_it_is_put(folder: Path, tmp_path: Path) -> None:
    """Moved there it is the very file that the backup made; a start still knows, until it wrote."""
    back_up(folder, tmp_path / "copy")
    noted = head.read(tmp_path / "copy" / HEAD)
    assert noted is not None
    assert noted.version == len(SqliteJournal(folder).read(0))
    for _ in range(2):
        journal = SqliteJournal(tmp_path / "copy")
        assert journal.restored
        records = journal.read(0)
        journal.close()
    journal = SqliteJournal(tmp_path / "copy")
    journal.append(len(records), [])
    journal.close()
    journal = SqliteJournal(tmp_path / "copy")
    assert not journal.restored
    journal.close()


def test_a_backup_that_was_cut_is_noticed(folder: Path, tmp_path: Path) -> None:
    """Its head says how far it goes, as any journal's does."""
    back_up(folder, tmp_path / "copy")
    cut = History()
    cut.write(tmp_path / "cut")
    shutil.copyfile(tmp_path / "cut" / DATABASE, tmp_path / "copy" / DATABASE)
    verified = dashboard("verify", "--data", tmp_path / "copy")
    assert verified.returncode == 1
    assert "missing" in verified.stdout


def test_a_backup_takes_nobodys_place(folder: Path, tmp_path: Path) -> None:
    """A folder that holds something, or a file, is left as it is; an empty folder will do."""
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "kept").touch()
    (tmp_path / "empty").mkdir()
    for taken in ("file", "full"):
        with pytest.raises(Unusable, match=f"{taken} is not empty; expected a folder"):
            back_up(folder, tmp_path / taken)
    back_up(folder, tmp_path / "empty")
    assert (tmp_path / "empty" / DATABASE).exists()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["data", "empty", "file", "full"]


def test_of_a_damaged_or_missing_journal_there_is_no_backup(folder: Path, tmp_path: Path) -> None:
    """One that would not start is worse than none; the sentence names the cure, nothing is left."""
    with pytest.raises(Unusable, match="there is no journal"):
        back_up(tmp_path / "nowhere", tmp_path / "copy")
    database = folder / DATABASE
    database.write_bytes(database.read_bytes().replace(b'["ada"]', b'["bob"]'))
    refused = dashboard("backup", tmp_path / "copy", "--data", folder)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert re.match("No backup was made: .*`verify` tells", refused.stderr)
    assert [file.name for file in tmp_path.iterdir()] == ["data"]


def test_a_backup_that_cannot_be_written_leaves_nothing_and_harms_nothing(tmp_path: Path) -> None:
    """Out of room in the middle, it takes away what it began; the data folder is as it was."""
    history, folder = History(), tmp_path / "data"
    history.batch(*(Ballot(f"voter-{n}", "b1", 1, ("ada",)) for n in range(2_000)))
    history.write(folder)
    before = contents(folder)
    blocks = len(before[DATABASE]) // 512 // 2  # too few for the copy, enough to read
    command = [sys.executable, str(ROOT / "dashboard.py"), "backup", str(tmp_path / "copy")]
    limited = ["sh", "-c", f'ulimit -f {blocks}; exec "$@"', "sh", *command, "--data", str(folder)]
    refused = subprocess.run(limited, capture_output=True, text=True, timeout=PATIENCE)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1), refused.stderr
    assert "journal.sqlite-new" in refused.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["data"]
    assert contents(folder) == before
