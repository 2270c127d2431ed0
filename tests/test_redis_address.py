"""redis_address.py: the forms of `[journal] url`, and a password that nobody is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.serving import dashboard
from voting import redis_address
from voting.config import ConfigError, load
from voting.redis_address import Host

POLL = """
[[polls]]
question = "Who?"
candidates = ["Ada", "Bob"]
[journal]
"""

SECRET = "geheim"

SENTINELS = f"redis://:{SECRET}@s1:26380,s2,[fd00::3]/1?sentinel_password={SECRET}&ssl_ca_certs=/ca"


@pytest.mark.parametrize(
    "url, shown, hosts, arguments",
    [
        ("redis://localhost", "redis://localhost", (("localhost", 6379),), {"db": 0}),
        (
            f"redis://:{SECRET}%40%2F@10.0.0.1:7000/3",
            "redis://…@10.0.0.1:7000/3",
            (("10.0.0.1", 7000),),
            {"db": 3, "password": f"{SECRET}@/"},
        ),
        (
            f"rediss://ada:{SECRET}@[::1]:7000?db=2&ssl_ca_certs=/ca.pem&ssl_check_hostname=no",
            "rediss://…@[::1]:7000",
            (("::1", 7000),),
            {
                "db": 2,
                "username": "ada",
                "password": SECRET,
                "ssl_ca_certs": "/ca.pem",
                "ssl_check_hostname": False,
            },
        ),
        (
            f"unix:///run/redis.sock?password={SECRET}",
            "unix:///run/redis.sock",
            (),
            {"db": 0, "path": "/run/redis.sock", "password": SECRET},
        ),
    ],
)
def test_a_url_of_each_form_is_read(
    url: str, shown: str, hosts: tuple[Host, ...], arguments: dict[str, object]
) -> None:
    """Hosts, and what redis-py is told beside them; people are shown no password."""
    address = redis_address.read(url, "", cluster=False)
    assert (address.shown, address.hosts, address.client) == (shown, hosts, arguments)


def test_several_hosts_are_sentinels_or_nodes() -> None:
    """With the usual ports of each; a password for Sentinels is theirs alone, TLS is for both."""
    url = SENTINELS.replace("redis:", "rediss:")
    address = redis_address.read(url, "mymaster", cluster=False)
    assert address.hosts == (("s1", 26380), ("s2", 26379), ("fd00::3", 26379))
    assert address.client == {
        "db": 1,
        "password": SECRET,
        "ssl_ca_certs": "/ca",
        "ssl_check_hostname": True,
    }
    assert address.sentinel == {
        "username": None,
        "password": SECRET,
        "ssl_ca_certs": "/ca",
        "ssl_check_hostname": True,
    }
    assert address.shown == "rediss://…@s1:26380,s2,[fd00::3]/1"
    nodes = redis_address.read("redis://a,b:7001", "", cluster=True)
    assert nodes.hosts == (("a", 6379), ("b", 7001))


@pytest.mark.parametrize(
    "lines, expected",
    [
        ([f'url = "http://:{SECRET}@host"'], "expected an address like"),
        ([f'url = ":{SECRET}@host:6379"'], "expected an address like"),
        ([f'url = "redis://:{SECRET}/3@host"'], "signs like / ? # @ % are written as %2F"),
        ([f'url = "redis://:{SECRET}@host:port"'], "expected an address like"),
        ([f'url = "redis://:{SECRET}@host:0"'], "expected an address like"),
        ([f'url = "redis://host:{SECRET}"'], "expected an address like"),
        ([f'url = "redis://:{SECRET}@"'], "expected an address like"),
        ([f'url = "redis://:{SECRET}@host/votes"'], "expected an address like"),
        ([f'url = "redis://host?db={SECRET}"'], "expected the number of a database"),
        ([f'url = "redis://:{SECRET}@host?socket_timeout=1"'], 'socket_timeout=…": expected no'),
        ([f'url = "redis://:{SECRET}@host?ssl_ca_certs=/ca"'], 'ssl_ca_certs=…": expected no'),
        ([f'url = "rediss://:{SECRET}@host?ssl_cert_reqs=never"'], 'expected "none", "optional"'),
        ([f'url = "redis://:{SECRET}@a,b"'], "several are for journal.sentinel"),
        (["cluster = true", f'url = "redis://:{SECRET}@a/1"'], "expected the database 0"),
        (["cluster = true", f'url = "unix:///a?password={SECRET}"'], "expected hosts, since"),
        (["cluster = true", 'sentinel = "a"', 'url = "redis://a"'], "journal.cluster = true"),
        (["min_replicas = 1"], "journal.url is missing: expected one, since"),
        ([f'url = ["redis://:{SECRET}@host"]'], "expected an address like"),
        ([f'ulr = "redis://:{SECRET}@host"'], '(did you mean "url"?)'),
        ([f'ulr = "unix:///a?password={SECRET}"'], '(did you mean "url"?)'),
        ([f'password = "{SECRET}"'], "journal.password = …: expected one of"),
        ([f'room = "redis://:{SECRET * 20}@host"'], "expected up to 64 of"),
    ],
)
def test_what_cannot_be_meant_is_a_sentence_without_the_password(
    tmp_path: Path, lines: list[str], expected: str
) -> None:
    """Whatever is wrong with it, and wherever it was written."""
    file = tmp_path / "config.toml"
    file.write_text(POLL + "\n".join(lines), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file)
    said = str(caught.value)
    assert said.startswith(f"{file}: journal.")
    assert expected in said
    assert SECRET not in said
    assert "\n" not in said


def test_the_check_of_a_configuration_knows_these_rules(tmp_path: Path) -> None:
    """`check` ends with the sentence, and exit code 2."""
    file = tmp_path / "config.toml"
    file.write_text(POLL + f'url = "redis://:{SECRET}@a,b"', encoding="utf-8")
    said = dashboard("check", "--config", file)
    assert said.returncode == 2
    assert 'journal.url = "redis://…@a,b": expected one host' in said.stderr
    assert SECRET not in said.stderr
