"""doorway.py: which address phones are shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gevent
import pytest

from tests.phones import Browser, Phone, phone
from tests.serving import CONFIG, Server
from voting import addresses, doorway
from voting.config import Server as Settings
from voting.doorway import Doorway, NoSuchAddress

WIFI, CABLE = ("wlan0", "192.168.1.7"), ("eth0", "10.0.0.7")


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The interfaces that this computer seems to have, to be changed by the test."""
    there = [WIFI, CABLE]
    monkeypatch.setattr(addresses, "_interfaces", lambda: there)
    return there


def test_the_admins_choice_wins_and_outlives_a_restart(
    tmp_path: Path, network: list[tuple[str, str]]
) -> None:
    """Until it is given back to the server."""
    door = Doorway(Settings(), 5000, tmp_path)
    assert (door.url, door.chosen) == ("http://192.168.1.7:5000", "")
    door.choose("10.0.0.7")
    again = Doorway(Settings(), 5001, tmp_path)
    assert (again.url, again.chosen) == ("http://10.0.0.7:5001", "10.0.0.7")
    again.choose("")
    assert (again.url, again.chosen) == ("http://192.168.1.7:5001", "")


def test_a_choice_that_is_gone_gives_way_and_comes_back(
    tmp_path: Path, network: list[tuple[str, str]]
) -> None:
    """A cable that is pulled out must not leave the room with a dead QR code."""
    door = Doorway(Settings(), 5000, tmp_path)
    door.choose("10.0.0.7")
    network.remove(CABLE)
    assert door.look() == "http://192.168.1.7:5000"
    network.append(CABLE)
    assert door.look() == "http://10.0.0.7:5000"


def test_only_what_this_computer_has_can_be_chosen(
    tmp_path: Path, network: list[tuple[str, str]]
) -> None:
    """The choice before stays as it was."""
    door = Doorway(Settings(), 5000, tmp_path)
    door.choose("10.0.0.7")
    with pytest.raises(NoSuchAddress):
        door.choose("10.0.0.8")
    assert door.chosen == "10.0.0.7"


def test_a_choice_that_cannot_be_kept_changes_nothing(
    tmp_path: Path, network: list[tuple[str, str]]
) -> None:
    """Not even what is in the file: the next start shows the same address."""
    door = Doorway(Settings(), 5000, tmp_path)
    door.choose("10.0.0.7")
    (tmp_path / "address.new").mkdir()  # as good as a full disk
    with pytest.raises(IsADirectoryError):
        door.choose("")
    assert (door.chosen, Doorway(Settings(), 5000, tmp_path).chosen) == ("10.0.0.7", "10.0.0.7")


@pytest.mark.parametrize(
    "settings", [Settings(public_url="https://vote.example"), Settings(host="10.0.0.7")]
)
def test_what_the_configuration_says_is_not_up_for_choice(
    tmp_path: Path, network: list[tuple[str, str]], settings: Settings
) -> None:
    """There is nothing to choose from, and a choice made earlier does not hold."""
    (tmp_path / "address").write_text("192.168.1.7")
    door = Doorway(settings, 5000, tmp_path)
    assert (door.is_fixed, door.chosen, door.networks()) == (True, "", [])
    with pytest.raises(NoSuchAddress):
        door.choose("10.0.0.7")
    assert door.url in ("https://vote.example", "http://10.0.0.7:5000")


def test_a_change_of_network_is_told(
    tmp_path: Path, network: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By itself, once for each change, and also when the network goes."""
    monkeypatch.setattr(doorway, "LOOK_SECONDS", 0.001)
    door = Doorway(Settings(), 5000, tmp_path)
    told: list[str | None] = []
    with watched(door, told):
        network.clear()
        wait_for(told, 1)
        network.append(CABLE)
        wait_for(told, 2)
    assert told == [None, "http://10.0.0.7:5000"]


def test_a_choice_made_in_another_process_is_taken_up(
    tmp_path: Path, network: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several processes serve from one data folder, and the desk is in one of them."""
    monkeypatch.setattr(doorway, "LOOK_SECONDS", 0.001)
    door, other = (Doorway(Settings(), 5000, tmp_path) for _ in range(2))
    told: list[str | None] = []
    with watched(door, told):
        other.choose("10.0.0.7")
        wait_for(told, 1)
        assert door.chosen == "10.0.0.7"
        other.choose("")
        wait_for(told, 2)
    assert told == ["http://10.0.0.7:5000", "http://192.168.1.7:5000"]


@contextmanager
def watched(door: Doorway, told: list[str | None]) -> Iterator[None]:
    watching = gevent.spawn(door.watch, lambda: told.append(door.url))
    yield
    watching.kill()


def wait_for(told: list[str | None], number: int) -> None:
    with gevent.Timeout(10):
        while len(told) < number:
            gevent.sleep(0.001)


# In a running server

ANYWHERE = CONFIG.replace('host = "127.0.0.1"\npublic_url = "http://vote.example:5000"\n', "")


def test_screens_and_desks_are_told_the_address_and_phones_are_not(server: Server) -> None:
    """Phones have it already, and thousands of them need not be told."""
    assert (
        Phone(Browser(server), "screen").until(type="state")["join"] == "http://vote.example:5000"
    )
    assert "join" not in phone(server).state


def test_the_addresses_are_for_the_admin_alone(server: Server, admin: Browser) -> None:
    """They tell how this computer is connected."""
    assert Browser(server).get("/admin/addresses", Accept="application/json").status == 401
    assert Browser(server).post("/admin/address", Accept="application/json").status == 401
    assert admin.get("/admin/addresses").json == {"chosen": "", "fixed": True, "addresses": []}


def test_an_address_is_chosen_while_the_room_runs(serve: object) -> None:
    """Whatever this computer has can be chosen; what it has not is refused, and said why."""
    server: Server = serve(ANYWHERE)  # type: ignore[operator]
    admin = Browser(server).become_admin()
    found = admin.get("/admin/addresses").json
    assert found["fixed"] is False
    for each in found["addresses"]:
        assert each["url"] == f"http://{each['address']}:{server.port}"
        screen = Phone(Browser(server), "screen")
        chosen = admin.post("/admin/address", {"address": each["address"]}, Accept=JSON)
        assert chosen.json == {"ok": True}
        screen.until(type="state", join=each["url"])
        screen.close()
        assert admin.get("/admin/addresses").json["chosen"] == each["address"]
    refused = admin.post("/admin/address", {"address": "203.0.113.9"}, Accept=JSON)
    assert (refused.status, refused.json["code"]) == (409, "no_such_address")
    chosen = admin.get("/admin/addresses").json["chosen"]
    assert server.stop() == 0
    server.start()
    assert admin.get("/admin/addresses").json["chosen"] == chosen


JSON = "application/json"
