"""clock.py: the time that records get."""

import time

import pytest

from voting.clock import steady_clock


def test_a_clock_that_is_set_meanwhile_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It began as the computer's clock, goes on, and does not follow it back or ahead."""
    before = time.time_ns() // 1_000_000
    clock = steady_clock()
    first = clock()
    assert before - 1 <= first <= time.time_ns() // 1_000_000 + 1
    for hours in (-1, 1):
        there = time.time_ns() + hours * 3_600 * 1_000_000_000
        monkeypatch.setattr(time, "time_ns", lambda there=there: there)
        assert 0 <= clock() - first < 60_000
        monkeypatch.undo()
