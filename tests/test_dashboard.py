"""The command line: starting, what it says, and what stops a start."""

from __future__ import annotations

import shutil
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.phones import Browser, Closed, phone
from tests.serving import ADA, CONFIG, ROOT, Server, dashboard, poll_config


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration in a folder of its own."""
    file = tmp_path / "config.toml"
    file.write_text(CONFIG, encoding="utf-8")
    return file


def test_a_start_says_where_everything_is(server: Server) -> None:
    """The address for phones, its QR code, the screen's address and the admin's link."""
    assert "http://vote.example:5000" in server.said
    assert "█" in server.said
    assert f"http://localhost:{server.port}/present" in server.said
    assert server.link in server.said


def test_our_own_configuration_is_good() -> None:
    """What is delivered starts."""
    assert dashboard("check", "--config", ROOT / "config.toml").returncode == 0


@pytest.mark.parametrize(
    "text, said",
    [
        (CONFIG + "prot = 5000\n", "server.prot = 5000"),
        (poll_config(question="Q", candidates=[]), "polls #1.candidates = []"),
        (poll_config(question="Q", candidates=["Ada", "ada"]), '"ada": expected a name that no'),
        (CONFIG + "port = 70000\n", "server.port = 70000"),
    ],
)
@pytest.mark.parametrize("command", ["check", "run"])
def test_a_bad_configuration_is_one_sentence_and_nothing_starts(
    config: Path, text: str, said: str, command: str
) -> None:
    """File, key, value and expectation; exit code 2; no data folder."""
    config.write_text(text, encoding="utf-8")
    done = dashboard(command, "--config", config)
    assert done.returncode == 2
    assert said in done.stderr
    assert "expected" in done.stderr
    assert str(config) in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (config.parent / "data").exists()


def test_a_missing_configuration_is_a_sentence(tmp_path: Path) -> None:
    """No traceback for a mistyped path."""
    done = dashboard("run", "--config", tmp_path / "none.toml")
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 1)


def test_a_port_in_use_that_was_asked_for_is_a_sentence(config: Path, taken: int) -> None:
    """Nothing is started somewhere else behind the presenter's back."""
    done = dashboard("run", "--config", config, "--port", taken)
    assert done.returncode == 2
    assert f"port {taken} is in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_the_configuration_was_asked_for(config: Path, taken: int) -> None:
    """A line in config.toml is as good as an option."""
    config.write_text(CONFIG + f"port = {taken}\n", encoding="utf-8")
    done = dashboard("run", "--config", config)
    assert (done.returncode, f"port {taken} is in use" in done.stderr) == (2, True)


def test_a_host_that_is_not_ours_is_a_sentence(config: Path) -> None:
    """TEST-NET-3 is nobody's (RFC 5737)."""
    done = dashboard("run", "--config", config, "--host", "203.0.113.1", "--port", 0)
    assert done.returncode == 2
    assert "203.0.113.1 is no address of this computer" in done.stderr


def test_a_second_server_on_the_same_data_is_refused(server: Server) -> None:
    """Two writers would split the history."""
    done = dashboard("run", "--config", server.config, "--port", 0)
    assert done.returncode == 2
    assert "another server uses the data folder" in done.stderr


def test_a_data_folder_that_cannot_be_made_is_a_sentence(config: Path) -> None:
    """A file stands where the folder should."""
    (config.parent / "data").write_text("in the way")
    done = dashboard("run", "--config", config, "--port", 0)
    assert done.returncode == 2
    assert "cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_journal_that_is_none_stops_the_start(config: Path) -> None:
    """Never a silent empty start."""
    data = config.parent / "data"
    data.mkdir()
    (data / "journal.sqlite").write_bytes(b"this is no database, however long it may be" * 99)
    done = dashboard("run", "--config", config, "--port", 0)
    assert done.returncode == 2
    assert "is damaged: the database file is damaged" in done.stderr
    assert "Traceback" not in done.stderr


def test_secrets_are_for_their_owner_alone(server: Server) -> None:
    """The key that signs sessions is made at first start, 0600, and stays."""
    key = server.folder / "data" / "secret.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = key.read_bytes()
    server.stop()
    server.start()
    assert key.read_bytes() == before


def test_a_key_that_was_cut_is_a_sentence(server: Server) -> None:
    """A restored backup with an empty key does not start with forgeable sessions."""
    server.stop()
    (server.folder / "data" / "secret.key").write_text("")
    done = dashboard("run", "--config", server.config, "--port", 0)
    assert done.returncode == 2
    assert "secret.key is empty or cut" in done.stderr


def test_the_next_port_is_taken_and_said(tmp_path: Path) -> None:
    """Nobody asked for 5000, so a program that listens there is no reason not to start."""
    with socket.socket() as other:
        with suppress(OSError):  # then somebody else listens there, which is as good
            other.bind(("127.0.0.1", 5000))
            other.listen()
        server = Server(tmp_path)
        server.port = None
        try:
            assert "Port 5000 is in use, so this is port" in server.start().said
            assert server.port != 5000
        finally:
            server.clear_up()


def test_a_terminal_that_is_gone_takes_nobody_with_it(server: Server) -> None:
    """With standard error closed, phones are still told to come back, and the exit code is 0."""
    server.stop()
    server.deaf = True
    voter = phone(server.start())
    assert server.stop() == 0
    with pytest.raises(Closed, match="1001"):
        voter.until(type="never")


def test_the_data_folder_can_be_chosen(serve: Callable[..., Server], tmp_path: Path) -> None:
    """`--data` wins over the configuration."""
    serve(CONFIG, "--data", str(tmp_path / "elsewhere"))
    assert (tmp_path / "elsewhere" / "journal.sqlite").exists()


def test_an_edited_poll_without_ballots_is_shown_at_the_next_start(server: Server) -> None:
    """A typo is mended in config.toml, and who joins votes for the mended text at once."""
    server.stop()
    server.config.write_text(CONFIG.replace("next talk", "first talk"), encoding="utf-8")
    server.start()
    state = phone(server).state
    assert state["poll"]["question"] == "Who should give the first talk?"
    assert state["round"]["state"] == "open"


def test_an_edited_poll_never_changes_what_ballots_meant(server: Server) -> None:
    """A round with ballots keeps its text, the start says so, and the next round has the new."""
    voter = phone(server)
    voter.vote(ADA)
    voter.until(type="receipt")
    server.stop()
    server.config.write_text(CONFIG.replace("next talk", "first talk"), encoding="utf-8")
    server.start()
    assert "the next round takes the new text" in " ".join(server.said.split())
    page = phone(server)
    assert page.state["poll"]["question"] == "Who should give the next talk?"
    assert Browser(server).become_admin().steer("reset", page.state).status == 200
    page.until(type="state")
    assert page.state["poll"]["question"] == "Who should give the first talk?"


def test_a_short_password_is_refused(config: Path) -> None:
    """And none is set."""
    done = dashboard("password", "--config", config, stdin="short\n")
    assert (done.returncode, "at least 8" in done.stderr) == (2, True)
    assert not (config.parent / "data" / "admin.password").exists()


def test_the_first_example_of_a_stranger_works(tmp_path: Path) -> None:
    """A copy of config.toml alone, with another question, runs."""
    shutil.copy(ROOT / "config.toml", tmp_path)
    server = Server(tmp_path, (ROOT / "config.toml").read_text(encoding="utf-8"))
    try:
        server.start("--host", "127.0.0.1")
        assert phone(server).state["round"]["state"] == "open"
    finally:
        server.clear_up()
