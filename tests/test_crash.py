"""kill -9, again and again: every ballot counts once, and everybody shows the same numbers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.crash import crashing

ROUNDS = 60 if os.environ.get("TEST_ALL") else 12
PHONES = 60


@pytest.mark.browser
def test_no_kill_loses_a_ballot_or_counts_it_twice(browser: Browser, tmp_path: Path) -> None:
    """Receipts held by phones = journal = tally = export = chart = `verify`, under all rules."""
    with crashing(tmp_path, PHONES, "hands") as crash:
        for number in range(ROUNDS):
            crash.round(number)
        crash.compare(browser)
