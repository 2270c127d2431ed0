"""The voter page is light and open to everybody: Lighthouse's own measure, as on a slow phone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import pytest

from tests.lighthouse.audit import LOCK, WANTED, NotMeasured, audit
from tests.serving import ROOT, Server

KEPT = ROOT / "docs" / "lighthouse.json"


@pytest.mark.skipif(not os.environ.get("TEST_ALL"), reason="takes half a minute: make test-all")
def test_lighthouse_finds_next_to_nothing_on_the_voter_page(serve: Callable[..., Server]) -> None:
    """Performance 95 at least, accessibility and best practices 100, with the mobile preset."""
    server = serve((ROOT / "config.toml").read_text(encoding="utf-8"), "--host", "127.0.0.1")
    try:
        found = audit(server)
    except NotMeasured as reason:
        pytest.skip(f"Lighthouse {reason}")
    assert all(found["scores"][name] >= least for name, least in WANTED.items()), found


def test_the_run_that_the_docs_tell_of_reached_it() -> None:
    """docs/lighthouse.json is a whole run's."""
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    assert all(kept["scores"][name] >= least for name, least in WANTED.items())


def test_lighthouses_lock_names_no_place_to_fetch_from() -> None:
    """As those of the server: digests, never addresses."""
    entries = json.loads(LOCK.read_bytes())["packages"]
    assert not [name for name, entry in entries.items() if "resolved" in entry]
    assert all("integrity" in entry for name, entry in entries.items() if name)
