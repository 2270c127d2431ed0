"""redis_server.py: a line to a real Redis in each of its forms, and what it says it can lose."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import pytest
import redis as redis_py
from redis.exceptions import (
    ClusterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
)

from tests.fronts import make_certificate
from tests.phones import Browser, Phone, phone
from tests.redises import IN_CLUSTER, Redis, Watcher, joined
from tests.serving import ADA, CONFIG, GRACE, ROOT, START_SECONDS, Server
from voting import redis_promise, redis_trouble
from voting.config import Journal
from voting.journal import Unusable
from voting.redis_server import RedisServer, check

Redises = Callable[..., Redis]
T = TypeVar("T")

PASSWORD = "geheim/und@mehr"  # in a URL only when quoted
QUOTED = "geheim%2Fund%40mehr"

PAGE = (ROOT / "docs" / "deploy.md").read_text("utf-8")
RULE = re.findall(r"^user hall on >password (.+)$", PAGE, re.MULTILINE)[0]

# Under gevent, as in the server: one greenlet waits for the stream, another ends its line.
WAITING = """
from gevent import monkey
monkey.patch_all()
import sys, threading, gevent
from voting.config import Journal
from voting.redis_server import RedisServer
server = RedisServer(Journal(url=sys.argv[1]))
client, other = server.connect(patience=60), server.connect()
reading = gevent.spawn(client.xread, {server.key("stream"): "$"}, block=50_000)
while not any(one["cmd"] == "xread" for one in other.client_list()):
    gevent.sleep(0.01)
client.close()
reading.join(30)
print(type(reading.exception).__name__, threading.active_count(), len(other.client_list()))
"""


def let_in(redis: Redis, user: str, *more: str) -> None:
    """Make a user by the rule of docs/deploy.md, and more rules."""
    redis.client.execute_command("ACL", "SETUSER", user, "on", *RULE.split(), *more)


def refusal(settings: Journal) -> str:
    """Return the sentence with which a Redis is refused."""
    with pytest.raises(Unusable) as caught:
        check(settings)
    said = str(caught.value)
    assert "\n" not in said
    assert said.endswith(".")
    assert PASSWORD not in said
    assert QUOTED not in said
    return said


def clients(redis: Redis) -> list[dict[str, str]]:
    """Return who is connected."""
    return redis.client.client_list()


def until(look: Callable[[], T]) -> T:
    """Look until something is there, and return it."""
    end = time.monotonic() + START_SECONDS
    while not (found := look()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


# A line


def test_a_line_is_one_connection_and_ends_with_its_client(standing_redis: Redis) -> None:
    """The server counts one more while it is open, and none afterwards."""
    server = RedisServer(Journal(url=standing_redis.url, room="hall-1"))
    before = len(clients(standing_redis))
    with closing(server.connect()) as client:
        client.set(server.key("meta"), b"\xff")
        assert client.get(server.key("meta")) == b"\xff"
        assert client.pipeline(transaction=True).get(server.key("meta")).execute() == [b"\xff"]
        with ThreadPoolExecutor(1) as beside:
            waiting = beside.submit(client.blpop, [server.key("none")], 0.1)
            until(lambda: any(one["cmd"] == "blpop" for one in clients(standing_redis)))
            assert client.ping()  # after the other, not beside it
            assert waiting.result() is None
        assert len(clients(standing_redis)) == before + 1
    assert standing_redis.client.get("{hall-1}:meta") == b"\xff"
    until(lambda: len(clients(standing_redis)) == before)


def test_a_line_that_is_lost_or_closed_is_not_mended_in_silence(redis: Redis) -> None:
    """Who appends must know, so that nothing sent on the old line arrives later unnoticed."""
    server = RedisServer(Journal(url=redis.url))
    with closing(server.connect()) as client:
        redis.client.client_kill_filter(_id=client.client_id())
        for _ in range(2):
            with pytest.raises(redis_py.ConnectionError):
                client.ping()
    with closing(server.connect()) as client:
        assert client.ping()
        client.close()
        with pytest.raises(redis_py.ConnectionError, match="the line was lost"):
            client.ping()
    until(lambda: len(clients(redis)) == 1)


def test_a_wait_for_the_stream_ends_when_its_line_is_closed(standing_redis: Redis) -> None:
    """Redis has lost the client, no thread was started, and whoever waited goes on."""
    said = subprocess.run(
        [sys.executable, "-c", WAITING, standing_redis.url],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert said.stdout.split() == ["ValueError", "1", "2"], said


def test_a_redis_behind_a_password_a_user_a_file_or_tls(redises: Redises, tmp_path: Path) -> None:
    """What the URL names is used, and the room's own rights are enough."""
    make_certificate(tmp_path)
    certificate, key = str(tmp_path / "fullchain.pem"), str(tmp_path / "privkey.pem")
    socket = tmp_path / "redis.sock"
    plain = redises(requirepass="secret", unixsocket=str(socket))
    let_in(plain, "hall", f">{PASSWORD}")
    secure = redises(tls_cert_file=certificate, tls_key_file=key, tls_ca_cert_file=certificate)
    forms = [
        plain.url,
        f"redis://hall:{QUOTED}@127.0.0.1:{plain.port}",
        f"unix://hall:{QUOTED}@{socket}?db=0",
        f"{secure.url}?ssl_ca_certs={certificate}&ssl_certfile={certificate}&ssl_keyfile={key}",
    ]
    for url in forms:
        assert not check(Journal(url=url)).is_volatile, url
    assert "hangs up: see its log, and whether it wants TLS" in refusal(
        Journal(url=f"redis://127.0.0.1:{secure.port}")
    )
    untrusting = Journal(url=secure.url)
    assert "a certificate that is not trusted (self-signed certificate)" in refusal(untrusting)
    without = f"{secure.url}?ssl_ca_certs={certificate}"
    assert "wants a certificate" in refusal(Journal(url=without))


def test_a_server_needs_no_more_of_redis_than_the_page_says(
    redises: Redises, serve: Callable[..., Server], tmp_path: Path
) -> None:
    """It starts, counts votes, loses its lines, lets its admin in, and Redis forbids nothing."""
    (lines,) = re.findall(r"^```\n(appendonly .+?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "page.conf").write_text(lines, "utf-8")
    redis = redises(include=str(tmp_path / "page.conf"))
    assert redis.client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    let_in(redis, "hall", f">{PASSWORD}")
    url = f"redis://hall:{QUOTED}@127.0.0.1:{redis.port}/0"
    server = serve(CONFIG + f'[journal]\nurl = "{url}"\n')
    assert "  Votes    Redis syncs its log before it answers (appendfsync always)" in server.said
    voter = phone(server, "Ada")
    voter.vote(ADA)
    voter.until(type="receipt")
    redis.client.client_kill_filter(_type="normal", skipme=True)
    until(lambda: counts(voter))
    assert Browser(server).become_admin().get("/admin").status == 200
    assert redis.client.execute_command("ACL LOG") == []
    assert QUOTED not in server.said


def counts(voter: Phone) -> bool:
    """Vote, and say whether it was counted."""
    sent = voter.vote(GRACE)
    return bool(voter.until(ballot=sent)["type"] == "receipt")


# Whom it leads to


def test_with_sentinels_the_line_leads_to_whoever_is_master_now(
    redises: Redises, tmp_path: Path
) -> None:
    """A master is killed: once another one is made, the next line leads there."""
    master = redises(requirepass="secret", masterauth="secret")
    place = f"127.0.0.1 {master.port}"
    replica = redises(requirepass="secret", masterauth="secret", replicaof=place)
    until(lambda: is_followed(master))
    watcher = Watcher(tmp_path / "watcher", "hall", master)
    mistaken = Watcher(tmp_path / "mistaken", "late", replica)
    informed = Watcher(tmp_path / "informed", "late", master)
    try:
        watcher.start()
        # The first Sentinel is not there.
        hosts = f"127.0.0.1:1,127.0.0.1:{watcher.port}"
        settings = Journal(url=f"redis://:secret@{hosts}/0", sentinel="hall")
        assert "can lose the last votes" in check(settings).sentence
        server = RedisServer(settings)
        with closing(server.connect()) as client:
            client.set(server.key("meta"), 1)
            assert client.wait(1, 10_000) == 1
        other = Journal(url=settings.url, sentinel="other")
        assert 'tells of no master "other"' in refusal(other)
        # One that was cut off does not know that another master was made: its neighbour does.
        mistaken.start()
        informed.start()
        late = f"redis://:secret@127.0.0.1:{mistaken.port},127.0.0.1:{informed.port}"
        assert "is a master no more" in refusal(Journal(url=late, sentinel="late"))
        cautious = RedisServer(Journal(url=late, sentinel="late"))
        assert reached(cautious) is None
        cautious.connect().close()

        master.kill()
        watcher.worry()
        with closing(until(lambda: reached(server))) as client:
            assert client.get(server.key("meta")) == b"1"
            assert client.connection_pool.connection_kwargs["port"] == replica.port
    finally:
        for one in (watcher, mistaken, informed):
            one.clear_up()


def is_followed(master: Redis) -> bool:
    """Say whether a replica has all that its master has."""
    return master.client.info("replication").get("slave0", {}).get("state") == "online"


def reached(server: RedisServer) -> redis_py.Redis | None:
    try:
        return server.connect()
    except redis_py.RedisError:
        return None


def test_in_a_cluster_the_line_leads_to_the_rooms_node(redises: Redises) -> None:
    """Wherever the room's keys move, and although the node that the URL names is gone."""
    nodes = [redises(**IN_CLUSTER) for _ in range(3)]
    joined(nodes)
    named = nodes[0]
    settings = Journal(url=named.url, cluster=True, room="hall")
    server = RedisServer(settings)
    with closing(server.connect()) as client:
        home = client.connection_pool.connection_kwargs["port"]
        for name in ("meta", "journal", "nodes"):
            client.set(server.key(name), name)
    assert not check(settings).is_volatile
    assert "say cluster = true" in refusal(Journal(url=named.url))

    # The room's slot goes to the other node that the URL does not name; it is empty by then.
    slot = int(named.client.cluster("keyslot", server.key("meta")))
    by_port = {node.port: node for node in nodes}
    for name in ("meta", "journal", "nodes"):
        by_port[home].client.delete(server.key(name))
    (target, *_) = [node for node in nodes[1:] if node.port != home]
    owner = target.client.cluster("myid").decode()
    for node in (target, *(node for node in nodes if node is not target)):
        node.client.cluster("setslot", slot, "node", owner)
    with closing(server.connect()) as client:
        assert client.connection_pool.connection_kwargs["port"] == target.port
        client.set(server.key("meta"), 1)
    named.kill()
    with closing(server.connect()) as client:
        assert client.get(server.key("meta")) == b"1"


# What it promises


@pytest.mark.parametrize(
    "options, kept",
    [
        ({"appendfsync": "always"}, 60),
        ({"appendfsync": "everysec"}, 60),
        ({"appendfsync": "no"}, 60),
        ({"appendonly": "no", "save": "3600 1"}, 20),
        ({"appendonly": "no"}, 0),
    ],
)
def test_a_crash_of_redis_loses_what_is_said_at_the_start(
    redises: Redises, options: dict[str, str], kept: int
) -> None:
    """kill -9 after sixty answers, twenty of them before a snapshot where there are snapshots."""
    one = redises(**options)
    settings = Journal(url=one.url, allow_volatile=True)
    promised = check(settings)
    server = RedisServer(settings)
    with closing(server.connect()) as client:
        for sent in range(1, 61):
            client.xadd(server.key("journal"), {"r": sent})
            if sent == 20 and options.get("save"):
                client.save()
    one.kill()
    one.start()
    assert one.client.xlen(server.key("journal")) == kept
    assert promised.is_volatile == (kept == 0)
    assert ("can lose" in promised.sentence or "loses every" in promised.sentence) == (
        kept < 60 or "always" not in options.values()
    )


def test_what_redis_can_lose_is_said_in_a_sentence(redises: Redises) -> None:
    """For each way to keep, or not; what can lose everything is refused, unless that is meant."""
    one = redises()
    let_in(one, "mute", "nopass", "-config")
    settings = Journal(url=one.url)
    mute = Journal(url=one.url.replace("//", "//mute:any@"))

    def said(of: Journal = settings, **changed: str) -> str:
        for name, value in changed.items():
            one.client.config_set(name.replace("_", "-"), value)
        return check(of).sentence

    assert said() == (
        "Redis syncs its log before it answers (appendfsync always):"
        " neither a crash nor a power cut loses a counted vote."
    )
    assert said(appendfsync="everysec") == (
        "Redis syncs its log every second (appendfsync everysec): a power cut can lose two"
        " seconds of counted votes, and so can a crash of Redis while its disk is slow."
    )
    assert "half a minute of counted votes then;" in said(no_appendfsync_on_rewrite="yes")
    assert said(appendfsync="no") == (
        "Redis leaves it to the system when its log is on disk (appendfsync no): a power cut can"
        " lose half a minute of counted votes; a crash of Redis alone loses none."
    )
    assert "keeps a log, and CONFIG, which would tell how soon" in said(mute)
    assert said(appendonly="no", save="900 1 60 10000") == (
        "Redis keeps snapshots alone (appendonly no, save 900 1 60 10000): a crash of it can lose"
        " 15 minutes of counted votes."
    )
    assert refusal(mute).startswith(
        "Redis keeps no log (appendonly no), and CONFIG, which tells of snapshots, is forbidden:"
        " a crash or restart of it can lose every vote. Set appendonly yes there, or"
    )
    one.client.config_set("save", "")
    assert refusal(settings) == (
        'Redis keeps nothing on disk (appendonly no, save ""): a crash or restart of it loses'
        " every vote. Set appendonly yes there, or allow_volatile = true in [journal] where that"
        " is good enough."
    )
    meant = Journal(url=one.url, allow_volatile=True)
    assert check(meant).is_volatile
    one.client.config_set("maxmemory", "100mb")
    one.client.config_set("maxmemory-policy", "allkeys-lru")
    assert refusal(meant).endswith(
        "drops what it holds when its memory is full (maxmemory-policy allkeys-lru):"
        " set maxmemory-policy noeviction there."
    )
    one.client.config_set("maxmemory", "0")
    assert check(meant).is_volatile


def test_what_replicas_add_is_said(redises: Redises) -> None:
    """How many there are beside how many a receipt waits for; a replica itself is refused."""
    one = redises()
    replica = redises(replicaof=f"127.0.0.1 {one.port}")
    until(lambda: is_followed(one))

    def said(least: int) -> str:
        return check(Journal(url=one.url, min_replicas=least)).sentence.partition("vote. ")[2]

    assert said(0) == (
        "Receipts wait for no replica (min_replicas 0): a failover can lose the last votes."
    )
    assert said(1) == (
        "A vote is counted once a replica has it, so that a failover to one of them loses none."
    )
    assert said(2) == (
        "min_replicas is 2 and 1 replica is connected: no vote is counted until more are."
    )
    assert refusal(Journal(url=replica.url)) == (
        f"Redis at {replica.url} is a replica: let url in [journal] name its master,"
        f" 127.0.0.1:{one.port}."
    )


# What is wrong


def test_a_redis_that_cannot_be_used_is_a_sentence(
    redises: Redises, standing_redis: Redis, standing_server: Server, tmp_path: Path
) -> None:
    """It says what is wrong and what to do, and never the password."""
    locked = redises(requirepass="secret")
    let_in(locked, "shut", "nopass", "-@all", "+echo")
    port, free, web = locked.port, standing_redis.port, standing_server.port
    nowhere = ".".join(["hall" * 12] * 6)  # too long for a name
    for url, expected in {
        f"redis://127.0.0.1:{port}": "wants a password: write it into url in [journal]",
        f"redis://:{QUOTED}@127.0.0.1:{port}": "does not know this user and password",
        f"redis://nobody:{QUOTED}@127.0.0.1:{port}": "does not know this user and password",
        f"redis://:{QUOTED}@127.0.0.1:{free}": "has no password, and url in [journal] has one",
        f"redis://shut:any@127.0.0.1:{port}": "forbids its user something",
        f"redis://127.0.0.1:{free}/99": "says: DB index is out of range",
        f"redis://:{QUOTED}@127.0.0.1:1": "is not there: nobody listens",
        f"redis://:{QUOTED}@{nowhere}:1": "its host has no address here",
        f"rediss://127.0.0.1:{web}": "speaks no TLS there",
        f"redis://127.0.0.1:{web}": "is no Redis",
        f"rediss://127.0.0.1:{free}?ssl_ca_certs=/none": "a file that url in [journal] names",
        f"unix://:{QUOTED}@{tmp_path}/none": "a file that url in [journal] names is missing",
    }.items():
        said = refusal(Journal(url=url))
        assert said.startswith(f"Redis at {url.partition('?')[0].partition(':')[0]}://")
        assert expected in said
    plain = Journal(url=standing_redis.url, sentinel="hall")
    assert "is no Sentinel: take sentinel out" in refusal(plain)
    plain = Journal(url=standing_redis.url, cluster=True)
    assert "is no Cluster: take cluster = true out" in refusal(plain)
    narrow = redises(maxclients="1")
    with closing(RedisServer(Journal(url=narrow.url)).connect()):
        assert "has as many clients as it takes" in refusal(Journal(url=narrow.url))


def test_a_redis_that_does_not_answer_in_time_is_a_sentence(standing_redis: Redis) -> None:
    """One that hangs, and one that waits for a line while TLS is spoken to it."""

    def said(settings: Journal) -> str:
        server = RedisServer(settings)
        with pytest.raises(redis_py.TimeoutError) as silent:
            server.promise(server.connect(patience=0.1))
        return redis_trouble.sentence(silent.value, settings)

    assert "whether it speaks TLS" in said(Journal(url=f"rediss://127.0.0.1:{standing_redis.port}"))
    with standing_redis.paused():
        assert said(Journal(url=standing_redis.url)) == (
            "does not answer: see whether it runs and can be reached, or correct url in [journal]"
        )


@pytest.mark.parametrize(
    "error, expected",
    [
        # As a Redis says it to another computer; here only this one asks.
        (ResponseError("DENIED Redis is running in protected mode because"), "set requirepass"),
        (ClusterDownError("The cluster is down"), "is a Cluster that is down"),
        (OutOfMemoryError("command not allowed"), "give it more maxmemory"),
        (ReadOnlyError("You can't write"), "let url in [journal] name its master"),
        (ResponseError("Something new"), "says: Something new"),
        (redis_py.ConnectionError("No route"), "cannot be reached: No route"),
    ],
)
def test_what_a_redis_answers_later_has_a_sentence_too(
    error: redis_py.RedisError, expected: str
) -> None:
    """Those that no start meets in these tests."""
    assert expected in redis_trouble.sentence(error, Journal())


def test_an_old_redis_and_a_sentinel_are_told_by_what_they_say(standing_redis: Redis) -> None:
    """Redis before 7.0 and Valkey before 7.2 have not what the journal needs."""
    info = {**standing_redis.client.info()}
    settings = Journal()
    redis_promise.check(info, settings)
    redis_promise.check(info | {"valkey_version": "8.1.0", "redis_version": "7.2.4"}, settings)
    for changed, expected in [
        ({"redis_version": "6.2.14"}, "is Redis 6.2: a room needs 7.0 or newer"),
        ({"valkey_version": "7.1.9"}, "is Valkey 7.1: a room needs 7.2 or newer"),
        ({"redis_mode": "sentinel"}, "is a Sentinel: name its service"),
    ]:
        with pytest.raises(Unusable, match=expected):
            redis_promise.check(info | changed, settings)


def test_a_start_waits_while_redis_reads_what_it_has_on_disk(redises: Redises) -> None:
    """It says nothing and goes on, and sees what was there."""
    one = redises(appendonly="no", save="3600 1")
    for number in range(100):
        one.client.set(f"key-{number}", os.urandom(1_000))  # it answers once in so many bytes
    one.stop()
    one.options |= {"key_load_delay": "100000", "loading_process_events_interval_bytes": "1024"}
    one.start(ready=b"Server initialized")
    with ThreadPoolExecutor(1) as beside:
        checked = beside.submit(check, Journal(url=one.url))
        # The second look: after the first it was still loading.
        until(lambda: one.client.info("stats")["total_connections_received"] > 2)
        assert one.client.info("persistence")["loading"] == 1
        one.client.config_set("key-load-delay", "0")
        assert not checked.result(START_SECONDS).is_volatile
    assert one.client.dbsize() == 100
