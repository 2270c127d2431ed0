"""Where a server of this computer is, and what is another computer."""

from __future__ import annotations

from pathlib import Path

import pytest

from voting.addresses import reachable
from voting.nearby import NOTE, NotHere, forget, here, named, note, noted


@pytest.mark.parametrize(
    "host, reached",
    [
        ("0.0.0.0", "127.0.0.1"),
        ("::", "::1"),
        ("127.0.0.1", "127.0.0.1"),
        ("192.0.2.7", "192.0.2.7"),
    ],
)
def test_a_server_is_found_where_it_has_noted_itself(
    host: str, reached: str, tmp_path: Path
) -> None:
    """All addresses are no address: then this computer's own."""
    note(tmp_path, host, 5001)
    assert noted(tmp_path) == (reached, 5001)


@pytest.mark.parametrize("written", [None, b"", b"127.0.0.1", b"127.0.0.1 port", b"\xff 1"])
def test_a_note_that_is_missing_or_spoilt_is_none(written: bytes | None, tmp_path: Path) -> None:
    """Then the configuration says where to look."""
    if written is not None:
        (tmp_path / NOTE).write_bytes(written)
    assert noted(tmp_path) is None


def test_a_note_can_be_taken_back(tmp_path: Path) -> None:
    """Where there is none, too."""
    note(tmp_path, "0.0.0.0", 5001)
    forget(tmp_path, "0.0.0.0", 5001)
    forget(tmp_path, "0.0.0.0", 5001)
    assert noted(tmp_path) is None


@pytest.mark.parametrize("gone", [("127.0.0.1", 5001), ("::1", 5002)])
def test_the_note_of_another_server_stays(gone: tuple[str, int], tmp_path: Path) -> None:
    """Of two on one data folder, which share a Redis, the one that ends takes back its own."""
    note(tmp_path, *gone)
    note(tmp_path, "127.0.0.1", 5002)
    forget(tmp_path, *gone)
    assert noted(tmp_path) == ("127.0.0.1", 5002)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1", *reachable()])
def test_this_computers_own_addresses_are_here(host: str) -> None:
    """Loopback, and each address of its interfaces."""
    assert here(host)


@pytest.mark.parametrize("host", ["192.0.2.7", "2001:db8::7"])
def test_another_computer_is_not_here(host: str) -> None:
    """Addresses that are nobody's, least of all ours."""
    with pytest.raises(NotHere, match="another computer"):
        here(host)


def test_a_name_that_nobody_has_is_a_sentence() -> None:
    """A mistyped name is not taken for this computer."""
    with pytest.raises(NotHere, match="cannot be looked up"):
        here("nobody.invalid")


@pytest.mark.parametrize(
    "written, read",
    [
        ("http://localhost:5000", ("localhost", 5000)),
        ("localhost:5000/", ("localhost", 5000)),
        ("http://[::1]:81/admin", ("::1", 81)),
        ("http://localhost", ("localhost", 80)),
    ],
)
def test_addresses_are_read_as_people_write_them(written: str, read: tuple[str, int]) -> None:
    """With http:// or without, with a path or without."""
    assert named(written) == read


@pytest.mark.parametrize("written", ["", "http://", "https://localhost", "localhost:port", "[::1"])
def test_what_is_no_address_is_a_sentence(written: str) -> None:
    """It shows what one looks like."""
    with pytest.raises(NotHere, match="http://localhost:5000"):
        named(written)
