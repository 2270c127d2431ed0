"""What only the benchmark needs: the peers' packages and the plot's, apart from the server's.

Owns `.venv-bench` and `bench/node_modules`. A stamp, a digest of the lock, says that one is whole.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
VENV = HERE.parent / ".venv-bench"
NODE_MODULES = HERE / "node_modules"
FETCH_SECONDS = 300


class NotMeasured(Exception):
    """Something cannot be measured on this computer; the text says what it needs."""


def python() -> Path:
    """Return the Python that has the peers' packages, fetched if they are missing.

    Raises:
        NotMeasured: they cannot be had.
    """
    found = VENV / "bin" / "python"
    lock = HERE / "requirements.txt"
    stamp = VENV / ".stamp"
    if not _is_whole(stamp, lock):
        _say("Fetching the packages of the peers and the plot (once) …")
        _run([sys.executable, "-m", "venv", "--clear", str(VENV)], "Python's venv")
        quiet = ("--quiet", "--disable-pip-version-check", "--no-input", "--require-hashes")
        _run([str(found), "-m", "pip", "install", *quiet, "-r", str(lock)], "the internet once")
        _finish(stamp, lock)
    return found


def node() -> str:
    """Return a Node.js; the packages of its peers are there, fetched if they were missing.

    Raises:
        NotMeasured: there is no Node.js, or they cannot be had.
    """
    found = shutil.which("node")
    if found is None or shutil.which("npm") is None:
        raise NotMeasured("needs Node.js with npm")
    stamp, lock = NODE_MODULES / ".stamp", HERE / "package-lock.json"
    if not _is_whole(stamp, lock):
        _say("Fetching the packages of the peers on Node.js (once) …")
        _run(["npm", "ci", "--ignore-scripts", "--loglevel=error"], "the internet once")
        _finish(stamp, lock)
    return found


def compiled_floor(folder: Path) -> Path:
    """Compile the floor into a folder.

    Raises:
        NotMeasured: there is no C compiler.
    """
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise NotMeasured("needs a C compiler (cc)")
    target = folder / "floor"
    _run([compiler, "-O2", "-o", str(target), str(HERE / "floor.c")], "a C compiler for Linux")
    return target


def _run(command: list[str], need: str) -> None:
    try:
        ended = subprocess.run(
            command, cwd=HERE, stdin=subprocess.DEVNULL, stdout=sys.stderr, timeout=FETCH_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise NotMeasured(f"needs {need}") from problem
    if ended.returncode:
        raise NotMeasured(f"needs {need}")


def _is_whole(stamp: Path, lock: Path) -> bool:
    return stamp.exists() and stamp.read_text(encoding="ascii") == _digest(lock)


def _finish(stamp: Path, lock: Path) -> None:
    stamp.write_text(_digest(lock), encoding="ascii")


def _digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
