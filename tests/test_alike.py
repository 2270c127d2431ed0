"""alike.py: nodes whose config.toml differs say so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.redises import Redis
from tests.rooms import Room
from tests.serving import CONFIG, Server
from voting.keys import VARIABLE


def test_nodes_with_another_config_say_so(
    serve: Callable[..., Server], standing_redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, and again when they are alike; those that are alike say nothing."""
    monkeypatch.setenv(VARIABLE, "a secret of the whole fleet, not of a file")
    config = CONFIG + Room(standing_redis).config()
    first, alike = serve(config), serve(config)
    assert "config_differs" not in first.said + alike.said
    other = serve(f'{config}[room]\nvoters = "codes"\n')
    for node in (first, alike, other):
        node.wait_for(' config_differs sections="room"')
    other.stop()
    for node in (first, alike):
        node.wait_for(' config_differs sections="none"')
