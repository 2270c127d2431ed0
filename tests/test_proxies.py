"""proxies.py: whom a request is from, as far as the proxies that we trust may say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import closing
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.phones import Browser, Wire
from tests.serving import ADA, CONFIG, Server
from voting.password import Password
from voting.proxies import Networks, believe
from voting.safe import FolderSafe

TRUSTED = ("127.0.0.1", "10.0.0.0/8", "2001:db8::/32")


def seen(peer: str, proxies: tuple[str, ...] = TRUSTED, **headers: str) -> tuple[str, str]:
    """Return whom the app sees, and over what."""
    found: dict[str, Any] = {}

    def app(environ: dict[str, Any], _start_response: object) -> list[bytes]:
        found.update(environ)
        return []

    sent = {f"HTTP_{name}": value for name, value in headers.items()}
    believe(app, proxies)({"REMOTE_ADDR": peer, "wsgi.url_scheme": "http", **sent}, None)
    return found["REMOTE_ADDR"], found["wsgi.url_scheme"]


def test_a_trusted_proxy_says_who_asked_and_over_what() -> None:
    """The address is the phone's, and the cookie may be Secure."""
    assert seen("127.0.0.1", X_FORWARDED_FOR="203.0.113.7", X_FORWARDED_PROTO="https") == (
        "203.0.113.7",
        "https",
    )


@pytest.mark.parametrize("proxies", [(), ("192.0.2.1",), TRUSTED])
def test_from_anybody_else_these_headers_change_nothing(proxies: tuple[str, ...]) -> None:
    """Everybody can write them."""
    said = {"X_FORWARDED_FOR": "10.0.0.1, 198.51.100.1", "X_FORWARDED_PROTO": "https"}
    assert seen("203.0.113.7", proxies, **said) == ("203.0.113.7", "http")


@pytest.mark.parametrize(
    "chain, who",
    [
        # What the phone wrote itself stands left of what our own proxies saw.
        ("127.0.0.1, 203.0.113.7", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7, 10.1.2.3", "203.0.113.7"),
        ("unknown, nonsense, 203.0.113.7,10.1.2.3", "203.0.113.7"),
        ("10.9.9.9, 10.1.2.3", "10.9.9.9"),
        # Ports, brackets, and IPv4 in the clothes of IPv6.
        ("203.0.113.7:5678", "203.0.113.7"),
        ("[2001:db9::7]:99", "2001:db9::7"),
        ("[2001:db9::7]", "2001:db9::7"),
        ("2001:db9::7", "2001:db9::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("203.0.113.7, ::ffff:10.1.2.3", "203.0.113.7"),
        # Where a trusted proxy saw nothing that is an address, nobody knows more than that proxy.
        ("", "127.0.0.1"),
        ("unknown", "127.0.0.1"),
        ("203.0.113.7, unknown", "127.0.0.1"),
        ("203.0.113.7, unknown, 10.1.2.3", "10.1.2.3"),
        ("203.0.113.7,", "127.0.0.1"),
        ("203.0.113.7:123456", "127.0.0.1"),
        ("203.0.113.300", "127.0.0.1"),
        ("[203.0.113.7", "127.0.0.1"),
        ("203.0.113.7\x00", "127.0.0.1"),
        ("1" * 60_000, "127.0.0.1"),
        (", ".join(["10.1.2.3"] * 5_000), "10.1.2.3"),
    ],
)
def test_the_chain_is_walked_from_the_right_to_the_first_stranger(chain: str, who: str) -> None:
    """Each trusted proxy has added whom it saw; anything else may be a lie."""
    assert seen("127.0.0.1", X_FORWARDED_FOR=chain)[0] == who


@pytest.mark.parametrize(
    "said, scheme",
    [
        ("https", "https"),
        ("HTTPS", "https"),
        ("http, https", "https"),
        ("https, http", "http"),
        ("http", "http"),
        ("wss", "http"),
        ("https://x", "http"),
        ("", "http"),
    ],
)
def test_the_nearest_proxy_says_over_what(said: str, scheme: str) -> None:
    """It wrote the last word; what is neither http nor https is no word."""
    assert seen("::ffff:127.0.0.1", X_FORWARDED_PROTO=said)[1] == scheme


def test_networks_hold_the_addresses_in_them() -> None:
    """Of either kind; what is no address is in none."""
    networks = Networks(TRUSTED)
    assert all(text in networks for text in ("127.0.0.1", "10.255.0.1", "2001:db8:1::1"))
    assert not any(text in networks for text in ("127.0.0.2", "11.0.0.1", "2001:db9::", "x", ""))
    assert not Networks(())


# A server behind a proxy, which here is whoever connects from this computer

BEHIND = CONFIG.replace('"http://vote.example:5000"', '"https://vote.example"')
HTTPS = {"Host": "vote.example", "Origin": "https://vote.example", "X_Forwarded_Proto": "https"}


def test_behind_tls_the_cookie_is_shut_and_every_way_works(serve: Callable[..., Server]) -> None:
    """`__Host-`, Secure; forms, the socket and ballots take the https Origin and no other."""
    server = serve(BEHIND + 'proxies = ["127.0.0.1"]\n')
    voter = Browser(server)
    token = re.search(r'name="csrf_token" value="([^"]+)"', voter.get("/login", **HTTPS).text)
    assert token
    form = urlencode({"csrf_token": token[1], "name": "Vera"}).encode()
    in_clear = {**HTTPS, "Origin": "http://vote.example"}
    assert voter.ask("POST", "/login", form, in_clear).status == 403
    answer = voter.ask("POST", "/login", form, HTTPS)
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    name, _, flags = answer.headers["Set-Cookie"].partition("=")
    assert name.startswith("__Host-show_of_hands_")
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=Lax"} <= set(flags.split("; "))
    assert "Domain" not in flags
    assert voter.get("/", **HTTPS).status == 200
    assert voter.get("/").status == 303  # in clear nobody is in

    with closing(Wire(server)) as refused:
        headers = {**in_clear, "Cookie": voter.cookie}
        assert refused.upgrade("/live?view=voter", **headers)[0] == 403
    with closing(Wire(server)) as wire:
        status, _ = wire.upgrade("/live?view=voter", **HTTPS, Cookie=voter.cookie)
        assert (status, json.loads(wire.receive()[1])["type"]) == (101, "you")
    asked = voter.get("/live?view=voter", **HTTPS).json["messages"]
    assert [message["type"] for message in asked] == ["you", "state"]
    vote = {"type": "vote", "ballot": "b", "round": 1, "choices": [ADA]}
    sent = {**HTTPS, "Content_Type": "application/json"}
    cast = voter.ask("POST", "/ballots", json.dumps(vote).encode(), sent)
    assert (cast.status, cast.json["type"]) == (200, "receipt")


def test_whoever_writes_these_headers_himself_gains_nothing(serve: Callable[..., Server]) -> None:
    """Without a proxy in config.toml guesses are counted by the real address, in clear; behind
    one by what it saw, whatever its visitor wrote before that.
    """
    password = {"password": "wrong horse"}
    bare, proxied = serve(), serve(CONFIG + 'proxies = ["127.0.0.1"]\n')
    for server in (bare, proxied):
        Password(FolderSafe(server.folder / "data")).set("correct horse")
        forged = [f"192.0.2.{n}, 203.0.113.7" for n in range(11)]
        guesser = Browser(server)
        statuses = [
            guesser.post("/admin/login", password, X_Forwarded_For=chain).status for chain in forged
        ]
        assert statuses == [401] * 10 + [429]
    other = {"X_Forwarded_For": "203.0.113.8"}
    assert Browser(bare).post("/admin/login", password, **other).status == 429
    assert Browser(proxied).post("/admin/login", password, **other).status == 401
    cookie = Browser(bare).get("/login", X_Forwarded_Proto="https").headers["Set-Cookie"]
    assert "Secure" not in cookie
    assert not cookie.startswith("__Host-")
