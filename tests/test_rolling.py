"""A deploy: two servers behind a real proxy are replaced one by one, and nobody is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.audience import Audience
from tests.crash import quiet_port
from tests.fronts import PROXIES, Fronted
from tests.phones import Browser, Phone
from tests.redises import Redis
from tests.serving import CONFIG, Server

PHONES = 100 if os.environ.get("TEST_ALL") else 20
AWAY_SECONDS = 5.0
"""A few seconds: how long a phone may have no line."""

SECRET = "one secret for all servers of the room"
BEHIND = """public_url = "https://vote.example.org"
proxies = ["127.0.0.1"]

[journal]
url = "{url}"
"""


def agree(audience: Audience) -> None:
    """Compare what each phone was told with what a server shows, once it shows it."""
    audience.wait_for_answers(2 * PHONES)
    audience.settle()
    look = Phone(Browser(audience.server), "screen")
    shown = look.until(type="state")
    while shown["counts"] != audience.counts(1) or shown["online"] != PHONES:
        shown = look.next()  # a server may be a moment behind another
    look.close()
    assert shown["voted"] == PHONES
    audience.vote()


@pytest.mark.parametrize("proxy", PROXIES if os.environ.get("TEST_ALL") else [next(iter(PROXIES))])
def test_servers_are_replaced_one_by_one_and_nobody_is_lost(
    proxy: str, tmp_path: Path, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a storm of votes: every receipt counts once, and no phone is out for long."""
    monkeypatch.setenv("SHOW_OF_HANDS_SECRET", SECRET)
    usual = 'public_url = "http://vote.example:5000"\n'
    config = CONFIG.replace(usual, BEHIND.format(url=redis.url))
    (second_folder := tmp_path / "second").mkdir()
    (first_folder := tmp_path / "first").mkdir()
    second = Server(second_folder, config)
    first = Fronted(first_folder, config, proxy, beside=[second])
    try:
        second.port = quiet_port()
        second.start()
        first.port = quiet_port()
        first.start()
        with Audience(first, PHONES, "deploy") as audience:
            for server in (first, second):
                agree(audience)
                assert server.stop() == 0
                audience.wait_for_answers(2 * PHONES)  # of the other one
                server.start()
            agree(audience)
            assert len(audience.epochs) == 1
            away = max(one.longest_away for one in audience.phones.values())
            print(f"{PHONES} phones behind {proxy}: {away:.2f} s without a line")  # noqa: T201
            assert away < AWAY_SECONDS
        for server in (first, second):
            assert "mistake" not in server.said
    finally:
        first.clear_up()
        second.clear_up()
