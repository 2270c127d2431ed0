"""start.py: what it makes, when it makes it anew, and what it says when it cannot."""

import ast
import importlib.util
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

import start

PROJECT = Path(start.__file__).parent
INPUTS = (
    ".npmrc",
    "package.json",
    "package-lock.json",
    "requirements.txt",
    "requirements-dev.txt",
    "requirements-node.txt",
)
OK = start.Outcome(0, "")


class World:
    """The commands that a set-up runs: written down, and pretended to have worked."""

    def __init__(self, root: Path) -> None:
        self.place = start.Place(root, self.run)
        self.ran: list[str] = []
        self.limits: dict[str, float | None] = {}
        self.words: dict[str, Sequence[str]] = {}
        self.answers: dict[str, start.Outcome | BaseException] = {}
        self.package: tuple[str, ...] = start.CHART_FILES

    def run(self, command: Sequence[str], cwd: Path, seconds: float | None) -> start.Outcome:
        name = self.name(command)
        self.ran.append(name)
        self.limits[name] = seconds
        self.words[name] = command
        answer = self.answers.get(name, OK)
        if isinstance(answer, BaseException):
            raise answer
        if answer == OK:
            self.pretend(name, command, cwd)
        return answer

    def name(self, command: Sequence[str]) -> str:
        words = " ".join(command)
        if "-m venv" in words:
            return "venv"
        if "-m pip" in words:
            return "pip " + command[-1]
        return "npm view" if " view " in words else "npm ci " + command[-1]

    def pretend(self, name: str, command: Sequence[str], cwd: Path) -> None:
        if name == "venv":
            shutil.rmtree(self.place.venv, ignore_errors=True)
            self.place.python.parent.mkdir(parents=True)
            self.place.python.touch()
        elif "--target" in command:
            Path(command[command.index("--target") + 1]).mkdir(parents=True)
        elif name.startswith("npm ci"):
            for file in self.package:
                path = cwd / "node_modules" / "highcharts" / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(file)

    def start(self) -> list[str]:
        """Set up as `run` does, and return the commands that this took."""
        self.ran.clear()
        start.set_up(self.place)
        return list(self.ran)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    root = tmp_path / "show of hands"
    root.mkdir()
    for name in INPUTS:
        shutil.copyfile(PROJECT / name, root / name)
    monkeypatch.setattr(start, "npm_on_path", lambda: ("npm",))
    monkeypatch.setattr(start, "node_for_checks", lambda place: start.Node("node", ("npm",)))
    return World(root)


ALL = ["venv", "pip requirements.txt", "npm ci --omit=dev"]
REBUILT = ALL[:2]
OFFLINE = start.Outcome(1, "getaddrinfo EAI_AGAIN")


def change(file: Path) -> None:
    file.write_text(file.read_text() + "# changed\n")


def test_first_start_makes_all_and_second_nothing(world: World) -> None:
    """A second start runs no command at all."""
    assert world.start() == ALL
    assert world.start() == []


def test_chart_comes_whole_with_its_version(world: World) -> None:
    """The pages find every file of the list, in its folder, and the version beside them."""
    world.start()
    assert all((world.place.chart / name).read_text() == name for name in start.CHART_FILES)
    version = (world.place.chart / "VERSION").read_text().splitlines()[0]
    assert version == start.chart(world.place)[0]
    assert not (world.place.root / "node_modules").exists()


def test_packages_are_installed_by_hash(world: World) -> None:
    """pip is told to refuse whatever the lock file has no digest for."""
    start.set_up(world.place, dev=True)
    for lock in ("requirements.txt", "requirements-dev.txt"):
        assert "--require-hashes" in world.words[f"pip {lock}"]


def test_changed_lock_builds_packages_anew(world: World) -> None:
    """Another requirements.txt means another .venv, and the chart stays as it is."""
    world.start()
    leftover = world.place.venv / "leftover"
    leftover.touch()
    change(world.place.root / "requirements.txt")
    assert world.start() == REBUILT
    assert not leftover.exists()
    assert not (world.place.root / ".venv.before").exists()


def test_python_that_is_gone_builds_packages_anew(world: World) -> None:
    """A .venv whose Python was uninstalled is no .venv, whatever its stamp says."""
    world.start()
    world.place.python.unlink()
    world.place.python.symlink_to("/nowhere/python")
    assert world.start() == REBUILT


def test_changed_chart_version_fetches_it_anew(world: World) -> None:
    """Another entry for Highcharts in package-lock.json means another chart."""
    world.start()
    lock = world.place.root / "package-lock.json"
    entries = json.loads(lock.read_text())
    entries["packages"]["node_modules/highcharts"]["integrity"] = "sha512-other"
    lock.write_text(json.dumps(entries))
    assert world.start() == ["npm view", "npm ci --omit=dev"]


def test_newer_linter_leaves_chart_alone(world: World) -> None:
    """A change elsewhere in package-lock.json is no reason to need the internet."""
    world.start()
    lock = world.place.root / "package-lock.json"
    entries = json.loads(lock.read_text())
    entries["packages"]["node_modules/eslint"]["version"] = "99.0.0"
    lock.write_text(json.dumps(entries))
    assert world.start() == []


def test_interrupted_packages_are_made_again(world: World) -> None:
    """A .venv that was being filled when somebody pressed Ctrl-C is not taken as done."""
    world.answers["pip requirements.txt"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        world.start()
    world.answers.clear()
    assert world.start() == ALL


def test_interrupted_tools_are_made_again(world: World) -> None:
    """Tools half replaced are made again, also when their lock is what it was before."""
    start.set_up(world.place, dev=True)
    lock = world.place.root / "requirements-dev.txt"
    old = lock.read_text()
    change(lock)
    world.answers["pip requirements-dev.txt"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        start.set_up(world.place, dev=True)
    lock.write_text(old)
    world.answers.clear()
    world.ran.clear()
    start.set_up(world.place, dev=True)
    assert world.ran == ["pip requirements-dev.txt"]


def test_failed_update_keeps_the_packages_of_before(world: World) -> None:
    """Whoever updates without internet can go back to the version that ran."""
    world.start()
    lock = world.place.root / "requirements.txt"
    old = lock.read_text()
    change(lock)
    world.answers["pip requirements.txt"] = OFFLINE
    with pytest.raises(start.Stop):
        world.start()
    lock.write_text(old)
    assert world.start() == []


def test_interrupted_chart_is_fetched_again(world: World) -> None:
    """A fetch that was interrupted leaves no chart that looks whole."""
    world.answers["npm ci --omit=dev"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        world.start()
    world.answers.clear()
    assert world.start() == ["npm view", "npm ci --omit=dev"]
    assert (world.place.chart / "VERSION").exists()


def test_pip_failure_is_one_sentence(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the package index the start ends with exit code 1, the cure and pip's last words."""
    world.answers["pip requirements.txt"] = start.Outcome(1, "ERROR: No matching distribution")
    assert start.main(["run"], world.place) == 1
    printed = capsys.readouterr()
    assert "connect and start again" in printed.err
    assert "No matching distribution" in printed.err
    assert "Traceback" not in printed.err
    assert printed.out == ""


def test_missing_venv_module_names_the_cure(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Debian without python3-venv is told what to install."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert start.main(["run"], world.place) == 1
    assert "sudo apt install python3-venv" in capsys.readouterr().err


def test_start_goes_on_without_chart(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """When npm fails, one sentence says what the pages do instead and how to try again."""
    world.answers["npm ci --omit=dev"] = OFFLINE
    assert world.start() == ALL
    said = capsys.readouterr().err
    assert "plain bars" in said
    assert "start.py setup" in said


def test_chart_that_lacks_a_file_does_not_replace_the_old(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """A package without a file that the pages need leaves the chart that works."""
    world.start()
    version = world.place.chart / "VERSION"
    version.write_text("12.0.0\nold\n")
    world.package = start.CHART_FILES[:1]
    world.start()
    assert version.read_text() == "12.0.0\nold\n"
    assert "keep the one they have" in capsys.readouterr().err


def test_failed_chart_is_not_tried_at_every_start(world: World) -> None:
    """Within ten minutes of a failure a start does not even ask; later it does, once."""
    world.answers["npm ci --omit=dev"] = OFFLINE
    world.start()
    assert world.start() == []
    long_ago = time.time() - start.RETRY_SECONDS - 1
    os.utime(world.place.notes / "chart-failed", (long_ago, long_ago))
    world.answers["npm view"] = OFFLINE
    assert world.start() == ["npm view"]
    assert world.start() == []


def test_offline_start_waits_no_longer_than_the_probe(world: World) -> None:
    """On a stage without internet, asking whether it is there has its own short limit."""
    world.start()
    shutil.rmtree(world.place.chart)
    world.answers["npm view"] = OFFLINE
    world.start()
    assert world.limits["npm view"] == start.PROBE_SECONDS < 1.5


def test_probe_does_not_believe_a_cache(world: World) -> None:
    """npm answers from its cache without any internet, so the probe brings an empty one."""
    world.start()
    shutil.rmtree(world.place.chart)
    world.start()
    words = list(world.words["npm view"])
    assert Path(words[words.index("--cache") + 1]).is_relative_to(tempfile.gettempdir())


def test_setup_tries_the_chart_at_once(world: World) -> None:
    """`start.py setup` is the way to try again, however fresh the last failure."""
    world.answers["npm ci --omit=dev"] = OFFLINE
    world.start()
    world.answers.clear()
    assert start.main(["setup"], world.place) == 0
    assert (world.place.chart / "VERSION").exists()
    assert not (world.place.notes / "chart-failed").exists()


def test_first_start_without_npm_brings_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer without Node.js gets one for as long as the fetch takes."""
    monkeypatch.setattr(start, "npm_on_path", lambda: ())
    assert world.start() == [*REBUILT, "pip requirements-node.txt", "npm ci --omit=dev"]
    assert (world.place.chart / "VERSION").exists()
    assert not (world.place.notes / "node").exists()


def test_later_start_without_npm_brings_none(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty megabytes are not fetched by surprise when the room is waiting."""
    world.start()
    shutil.rmtree(world.place.chart)
    monkeypatch.setattr(start, "npm_on_path", lambda: ())
    assert world.start() == []


def test_tools_come_with_dev_only(world: World) -> None:
    """What tests and checks need is made for them alone, and once."""
    world.start()
    start.set_up(world.place, dev=True)
    assert world.ran == [*ALL, "pip requirements-dev.txt", "npm ci --include=dev"]
    start.set_up(world.place, dev=True)
    assert len(world.ran) == 5


def test_two_starts_at_once_set_up_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second start waits for the first and then finds everything done."""
    waiting = threading.Event()
    building = threading.Event()

    def say(text: str) -> None:
        if "waiting" in text:
            waiting.set()

    def run(command: Sequence[str], cwd: Path, seconds: float | None) -> start.Outcome:
        building.set()
        assert waiting.wait(10)
        return world.run(command, cwd, seconds)

    monkeypatch.setattr(start, "say", say)
    first = threading.Thread(target=start.set_up, args=(start.Place(world.place.root, run),))
    first.start()
    assert building.wait(10)
    start.set_up(world.place)
    first.join(10)
    assert world.ran == ALL


@pytest.mark.parametrize("version", [(2, 7), (3, 9), (3, 10)])
def test_old_python_is_told_what_is_needed(version: tuple[int, int]) -> None:
    """A Python that is too old says which one is needed and which one it is."""
    sentence = start.too_old(version, None)
    assert sentence is not None
    assert "3.11 or newer" in sentence
    assert "{}.{}".format(*version) in sentence


def test_old_python_points_at_a_newer_one() -> None:
    """Where a newer Python is installed beside the old one, the sentence says how to use it."""
    assert "make run PYTHON=python3.12" in (start.too_old((3, 9), "python3.12") or "")
    assert start.too_old((3, 11), None) is None
    assert start.too_old((4, 0), None) is None


def test_old_python_can_read_start() -> None:
    """Python 3.9 gets as far as the sentence: the file has no newer syntax."""
    source = (PROJECT / "start.py").read_text("utf-8")
    ast.parse(source, feature_version=(3, 9))
    assert "from __future__ import annotations" in source


def test_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    """A command past its limit is killed with its children, and the start goes on."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    script = f"exec 3>'{pipe}'; echo begun >&3; sleep 600 & wait"
    outcome = start.run_quietly(["sh", "-c", script], tmp_path, 1.0)
    assert outcome == start.Outcome(124, "no end after 1 seconds")
    assert os.read(reader, 99) == b"begun\n"
    # The pipe's end comes when nobody is left who could write: parent or child.
    assert select.select([reader], [], [], 10)[0]
    assert os.read(reader, 99) == b""
    os.close(reader)


def test_failed_command_gives_its_last_words(tmp_path: Path) -> None:
    """Of what a command wrote, the last lines are kept, from both of its streams."""
    script = "import sys; [print(n) for n in range(99)]; sys.stdout.flush(); sys.exit('gone')"
    outcome = start.run_quietly([sys.executable, "-c", script], tmp_path, None)
    assert outcome == start.Outcome(1, "94\n95\n96\n97\n98\ngone")


def test_command_that_does_not_exist_is_a_failure(tmp_path: Path) -> None:
    """A program that cannot be started is an outcome like any other, not a traceback."""
    outcome = start.run_quietly([str(tmp_path / "nothing")], tmp_path, None)
    assert outcome.code == 127


def test_the_start_knows_every_command_of_the_server() -> None:
    """But for `check`, which has another meaning here."""
    source = (Path(start.__file__).parent / "dashboard.py").read_text("utf-8")
    listed = set(re.findall(r"^    python dashboard\.py ([a-z-]+)", source, re.MULTILINE))
    assert {"run", *listed} - {"check"} == set(start.OF_THE_SERVER)
    for command in start.OF_THE_SERVER:
        assert f"python3 start.py {command} " in start.USAGE


@pytest.mark.parametrize("words", [[], ["dance"], ["setup", "--all"], ["check", "me"]])
def test_unknown_words_get_the_usage(
    words: list[str], world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """What start.py does not know ends with exit code 2 and what it does know."""
    assert start.main(words, world.place) == 2
    assert "usage: python3 start.py run" in capsys.readouterr().err
    assert world.ran == []


@pytest.fixture
def checkout(world: World) -> Path:
    """A real copy whose packages are there and whose chart is not."""
    root = world.place.root
    shutil.copyfile(PROJECT / "start.py", root / "start.py")
    world.answers["npm ci --omit=dev"] = OFFLINE
    world.start()
    (world.place.notes / "chart-failed").unlink()
    world.place.python.unlink()
    world.place.python.symlink_to(sys.executable)
    return root


def fake_npm(root: Path, script: str) -> dict[str, str]:
    """Put an `npm` in front of the PATH and return the environment that finds it."""
    folder = root / "bin"
    folder.mkdir()
    for name in ("npm", "node"):
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def test_run_becomes_the_server(checkout: Path) -> None:
    """Arguments, standard streams and signals of `run` are the server's own."""
    (checkout / "dashboard.py").write_text(
        "import os, signal, sys\n"
        "signal.alarm(20)\n"
        "print(os.getpid(), *sys.argv[1:], flush=True)\n"
        "signal.pause()\n"
    )
    process = subprocess.Popen(
        [sys.executable, str(checkout / "start.py"), "run", "--port", "8000", "--help"],
        env=fake_npm(checkout, "exit 1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        line = process.stdout.readline()
    process.terminate()
    assert process.wait(30) == -signal.SIGTERM
    assert line == f"{process.pid} run --port 8000 --help\n"


def test_run_goes_on_when_npm_fails(checkout: Path) -> None:
    """With an npm that fails the server starts all the same, after one sentence."""
    (checkout / "dashboard.py").write_text("print('serving')\n")
    done = subprocess.run(
        [sys.executable, str(checkout / "start.py"), "run"],
        env=fake_npm(checkout, "echo no network >&2; exit 1"),
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert (done.returncode, done.stdout) == (0, "serving\n")
    assert done.stderr.count("\n") == 1
    assert "plain bars" in done.stderr
    assert (checkout / ".setup" / "chart-failed").read_text() == "no network\n"


def test_locks_name_no_place_to_fetch_from() -> None:
    """Whoever installs decides where from: the locks hold digests, never addresses."""
    for file in PROJECT.glob("requirements*.txt"):
        lines = file.read_text().splitlines()
        assert not [line for line in lines if "://" in line or line.startswith("-")], file
    entries = json.loads((PROJECT / "package-lock.json").read_text())["packages"]
    assert not [name for name, entry in entries.items() if "resolved" in entry]
    assert all("integrity" in entry for name, entry in entries.items() if name)
