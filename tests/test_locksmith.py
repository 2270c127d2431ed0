"""The commands that change a secret."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.phones import Browser
from tests.redises import Redis
from tests.rooms import Room
from tests.serving import CONFIG, ROOT, START_SECONDS, Server, dashboard
from voting.locksmith import password


def test_a_rotated_key_keeps_everybody_in(server: Server) -> None:
    """A running server takes it at its next start: logins, open pages and the admin go on."""
    voter, admin = Browser(server).log_in("Zoe"), Browser(server).become_admin()
    token = voter.token()
    file = server.folder / "data" / "secret.key"
    old = file.read_text()
    done = dashboard("rotate-key", "--config", server.config)
    assert done.returncode == 0, done.stderr
    assert "at its next start" in done.stderr
    assert file.read_text().splitlines()[0] != old
    assert file.stat().st_mode & 0o077 == 0
    assert voter.get("/").status == 200
    server.stop()
    server.start()
    assert "Zoe" in voter.get("/").text
    assert admin.get("/admin").status == 200
    assert voter.post("/logout", {"csrf_token": token}).status == 303
    assert (len(voter.cookies), voter.get("/").status) == (1, 303)


def test_a_key_is_rotated_where_there_is_one(tmp_path: Path) -> None:
    """A mistyped folder, or a file that is no key, is one sentence, and stays as it is."""
    done = dashboard("rotate-key", "--data", tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "There is no key" in done.stderr
    assert not list(tmp_path.iterdir())
    (tmp_path / "secret.key").write_text("cut")
    cut = dashboard("rotate-key", "--data", tmp_path)
    assert (cut.returncode, len(cut.stderr.splitlines())) == (2, 1)
    assert "secret.key is empty or cut" in cut.stderr
    assert (tmp_path / "secret.key").read_text() == "cut"


def test_whether_a_password_was_saved_is_not_guessed(standing_redis: Redis, tmp_path: Path) -> None:
    """A Redis that takes it and does not answer in time may have it: set again, it is known."""
    room = Room(standing_redis)
    config = tmp_path / "config.toml"
    config.write_text(CONFIG + room.config(), encoding="utf-8")
    arguments = ["--config", str(config)]
    room.redis.client.client_pause(30_000, all=False)  # what writes waits, all else is answered
    try:
        done = CliRunner().invoke(password, arguments, input="correct horse\n")
    finally:
        room.redis.client.client_unpause()
    assert done.exit_code == 2
    assert done.output.endswith(". It is not known whether the password was saved; set it again.\n")
    room.redis.stop()
    try:
        done = CliRunner().invoke(password, arguments, input="correct horse\n")
    finally:
        room.redis.start()
    assert (done.exit_code, len(done.output.splitlines())) == (2, 1)
    assert done.output.startswith("The password cannot be saved: Redis at ")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_nobody_sees_the_password_in_the_list_of_processes(tmp_path: Path) -> None:
    """It comes by the terminal or a pipe, never by an argument or the environment."""
    setting = subprocess.Popen(
        [sys.executable, ROOT / "dashboard.py", "password", "--data", tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert setting.stdin
    setting.stdin.write(b"correct ho")
    setting.stdin.flush()  # it has half of it, and waits for the rest
    process = Path(f"/proc/{setting.pid}")
    while (
        b"password" not in (process / "cmdline").read_bytes()
    ):  # it is about to become our program
        assert setting.poll() is None
    shown = [(process / name).read_bytes() for name in ("cmdline", "environ", "comm")]
    said, _ = setting.communicate(b"rse\n", timeout=START_SECONDS)
    assert setting.returncode == 0
    for text in (*shown, said):
        assert b"correct" not in text
    assert (tmp_path / "admin.password").read_text().startswith("scrypt:")
