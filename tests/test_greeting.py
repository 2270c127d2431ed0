"""What the terminal says at start."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from voting import addresses
from voting.ballots import apply
from voting.config import load
from voting.doorway import Doorway
from voting.greeting import greet
from voting.records import (
    FORMAT,
    Ballot,
    Begin,
    Body,
    Candidate,
    Define,
    Open,
    Poll,
    Record,
    encode,
)
from voting.state import State

POLL = """
[[polls]]
question = "Who?"
candidates = ["Ada", "Bob"]
[server]
"""


def said(folder: Path, server: str = "", state: State | None = None, **facts: int | None) -> str:
    file = folder / "config.toml"
    file.write_text(POLL + server, encoding="utf-8")
    asked = {
        "restored": False,
        "emptied": False,
        "port": 5000,
        "instead_of": None,
        "phones": None,
    } | facts
    config = load(file)
    doorway = Doorway(config.server, facts.get("port") or 5000, folder)
    return greet(config, state or State(), doorway, link="token", **asked)  # type: ignore[arg-type]


def test_all_addresses_are_said(tmp_path: Path) -> None:
    """Phones get the public address and its code; the presenter what works on this computer."""
    text = said(tmp_path, 'public_url = "https://vote.example.org"', phones=1984)
    assert "  Phones   https://vote.example.org\n" in text
    assert "  Screen   http://localhost:5000/present\n" in text
    assert "  Admin    http://localhost:5000/admin/login?link=token" in text
    assert "up to 1,984 phones" in text


def test_https_without_a_proxy_is_explained(tmp_path: Path) -> None:
    """Something must end TLS before us, and until it is named its word counts nothing."""
    https = 'public_url = "https://vote.example.org"'
    assert "cookies are not marked Secure" in said(tmp_path, https)
    for settled in (https + '\nproxies = ["127.0.0.1"]', 'public_url = "http://vote.example.org"'):
        assert "Secure" not in said(tmp_path, settled)


def test_without_a_network_the_cure_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address that phones cannot open is not shown."""
    monkeypatch.setattr(addresses, "_interfaces", lambda: [("lo", "127.0.0.1")])
    text = said(tmp_path)
    assert "Join a Wi-Fi or start a" in text
    assert "Phones   http" not in text


def test_a_server_for_this_computer_alone_says_so(tmp_path: Path) -> None:
    """Then no Wi-Fi is the cure."""
    text = said(tmp_path, 'host = "127.0.0.1"')
    assert "means this computer alone" in text
    assert "Wi-Fi" not in text


@pytest.mark.parametrize(
    "host, name",
    [("0.0.0.0", "localhost"), ("::1", "[::1]"), ("192.0.2.9", "192.0.2.9")],
)
def test_the_screens_address_works_on_this_computer(tmp_path: Path, host: str, name: str) -> None:
    """The server may listen on one address only."""
    assert f"Screen   http://{name}:5000/present" in said(tmp_path, f'host = "{host}"')


def test_another_port_is_explained(tmp_path: Path) -> None:
    """Who expects 5000 is told where the server went."""
    assert "Port 5000 is in use, so this is port 5003." in said(
        tmp_path, port=5003, instead_of=5000
    )


def test_a_round_that_goes_on_is_announced(tmp_path: Path) -> None:
    """With its ballots, and a word if the poll has another text by now."""
    poll = Poll("poll", "Who?", (Candidate("ada", "Ada"), Candidate("bob", "Bob")))
    state = folded(Define(poll, "s"), Open(0, 0, "poll"), Ballot("v", "b", 1, ("ada",)))
    text = said(tmp_path, state=state)
    assert "with round 1: open, 1 ballot" in text
    assert "was changed" not in text
    apply(state, Record(1, encode(Define(msgspec.structs.replace(poll, question="What?"), "t"))))
    assert "The text of the poll on stage was changed. Round 1" in said(tmp_path, state=state)


def test_a_restored_backup_is_announced(tmp_path: Path) -> None:
    """Who put a copy of the data folder in place is told what that means."""
    assert "goes on from there as a new" in said(tmp_path, restored=True)
    assert "copy" not in said(tmp_path)


def test_a_folder_whose_journal_is_gone_is_announced(tmp_path: Path) -> None:
    """An empty room where there was another is never silent."""
    assert "this is a new room" in said(tmp_path, emptied=True)
    assert "new room" not in said(tmp_path)
    in_redis = '[journal]\nurl = "redis://localhost"'
    assert "as at a first start: this is a new one" in said(tmp_path, in_redis, emptied=True)
    assert "as at a first start" not in said(tmp_path, in_redis)


def test_a_journal_that_is_not_used_is_announced(tmp_path: Path) -> None:
    """Whoever has given the room a Redis, and not moved it there, hears where the votes are."""
    in_redis = '[journal]\nurl = "redis://localhost"'
    assert "It is not used" not in said(tmp_path, in_redis)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "journal.sqlite").touch()
    text = " ".join(said(tmp_path, in_redis).split())
    assert f"There is a journal in {tmp_path / 'data'} too. It is not used: votes are in" in text
    assert "It is not used" not in said(tmp_path)


def test_a_repaired_room_says_so(tmp_path: Path) -> None:
    """As long as the damaged files are there, nobody takes the room for the whole one."""
    assert "repaired" not in said(tmp_path)
    aside = tmp_path / "data" / "damaged-20261120T114523.000000Z"
    aside.mkdir(parents=True)
    assert f"files are kept in {aside}" in said(tmp_path)


def folded(*bodies: Body) -> State:
    state = State()
    for body in (Begin(FORMAT, "epoch"), *bodies):
        apply(state, Record(1, encode(body)))
    return state


def test_several_computers_without_one_name_are_told_of_it(tmp_path: Path) -> None:
    """Each would show phones an address of its own; one that is named is for all."""
    redis = '[journal]\nurl = "redis://localhost"\n'
    assert "show phones their own addresses" in said(tmp_path, redis)
    named = f'public_url = "https://vote.example.org"\n{redis}'
    for settings in ("", named):
        assert "their own addresses" not in said(tmp_path, settings)
