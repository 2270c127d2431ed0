"""password.py: a hash in a file, and guesses that take turns."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import pytest

from voting import password
from voting.password import Busy, Password
from voting.safe import FolderSafe

needs_modes = pytest.mark.skipif(os.name == "nt", reason="needs POSIX file modes")
PATIENCE = 30


def test_the_right_password_fits_and_a_wrong_one_does_not(tmp_path: Path) -> None:
    """Also when another process has set it."""
    kept = Password(FolderSafe(tmp_path / "data"))
    assert not kept.is_set
    assert not kept.fits("", is_known=True)
    Password(FolderSafe(tmp_path / "data")).set("correct horse")
    assert kept.is_set
    for wrong in ("", "correct", "Correct horse", "correct horse "):
        assert not kept.fits(wrong, is_known=False)
    assert kept.fits("correct horse", is_known=False)


@needs_modes
def test_nothing_but_a_salted_hash_is_kept(tmp_path: Path) -> None:
    """By scrypt, for the owner's eyes alone; the same password twice gives two texts."""
    for folder in "ab":
        Password(FolderSafe(tmp_path / folder)).set("correct horse")
    files = [tmp_path / folder / "admin.password" for folder in "ab"]
    texts = [file.read_text() for file in files]
    assert texts[0] != texts[1]
    for file, text in zip(files, texts, strict=True):
        assert text.startswith("scrypt:")
        assert "correct" not in text
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_new_password_has_another_mark(tmp_path: Path) -> None:
    """By it the sessions of the old one end; the same file has the same mark in every process."""
    kept = Password(FolderSafe(tmp_path))
    marks = [kept.mark()]
    for _ in range(2):
        kept.set("correct horse")
        marks.append(kept.mark())
    assert len(set(marks)) == 3
    assert Password(FolderSafe(tmp_path)).mark() == marks[-1]


def test_a_file_that_cannot_be_opened_now_ends_no_session(tmp_path: Path) -> None:
    """Under a flood there may be no file descriptor left; what was read last holds."""
    kept = Password(FolderSafe(tmp_path))
    kept.set("correct horse")
    mark = kept.mark()
    (tmp_path / "admin.password").unlink()
    (tmp_path / "admin.password").mkdir()
    assert kept.mark() == mark
    assert kept.is_set


class Hashing:
    """Stands in the place of the costly comparison; each waits until it is let go."""

    def __init__(self) -> None:
        self.at_once: list[int] = []
        self.go = threading.Event()
        self._running = 0
        self._lock = threading.Lock()

    def __call__(self, _stored: str, typed: str) -> bool:
        with self._lock:
            self._running += 1
            self.at_once.append(self._running)
        assert self.go.wait(PATIENCE)
        with self._lock:
            self._running -= 1
        return typed == "right"


@pytest.fixture
def hashing(monkeypatch: pytest.MonkeyPatch) -> Hashing:
    slow = Hashing()
    monkeypatch.setattr(password, "check_password_hash", slow)
    return slow


def test_guesses_take_turns_and_strangers_hold_nobody_up_who_is_known(
    tmp_path: Path, hashing: Hashing
) -> None:
    """A hundred at once use one core; the presenter's browser has a turn of its own."""
    kept = Password(FolderSafe(tmp_path))
    kept.set("whatever")

    def guess(typed: str, *, is_known: bool) -> Callable[[], Any]:
        return lambda: kept.fits(typed, is_known=is_known)

    strangers = [gevent.spawn(guess(f"{n}", is_known=False)) for n in range(100)]
    wait_for(lambda: hashing.at_once == [1])
    known = gevent.spawn(guess("right", is_known=True))
    wait_for(lambda: hashing.at_once == [1, 2])
    hashing.go.set()
    assert known.get(timeout=PATIENCE)
    gevent.joinall(strangers, timeout=PATIENCE, raise_error=True)
    assert [one.value for one in strangers] == [False] * 100
    assert max(hashing.at_once) == 2


def test_who_waits_too_long_is_told(
    tmp_path: Path, hashing: Hashing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the turn goes on to the next, whoever gave up."""
    monkeypatch.setattr(password, "PATIENCE_SECONDS", 0.01)
    kept = Password(FolderSafe(tmp_path))
    kept.set("whatever")
    first = gevent.spawn(lambda: kept.fits("right", is_known=False))
    wait_for(lambda: hashing.at_once == [1])
    with pytest.raises(Busy):
        kept.fits("right", is_known=False)
    hashing.go.set()
    assert first.get(timeout=PATIENCE)
    assert kept.fits("right", is_known=False)


def wait_for(come: Callable[[], bool]) -> None:
    with gevent.Timeout(PATIENCE):
        while not come():
            gevent.sleep(0.001)
