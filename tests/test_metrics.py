"""metrics.py: what Prometheus reads agrees with what happened, and tells nothing of the room."""

from __future__ import annotations

import http.client
import socket
import struct
from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.phones import Browser, Phone, phone
from tests.serving import ADA, CONFIG, GRACE, Server
from tests.talkers import TALKING

P = "show_of_hands_"


class Numbers:
    """What /metrics says at one moment."""

    def __init__(self, server: Server) -> None:
        answer = Browser(server).get("/metrics")
        assert answer.status == 200, answer.text
        assert answer.headers["Content-Type"].startswith("text/plain")
        self.text = answer.text
        self._found = {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    def get(self, name: str, **labels: str) -> float:
        return self._found[(name, *sorted(labels.items()))]


def test_the_numbers_are_what_happened(standing_server: Server) -> None:
    """Pages by their way, ballots by outcome, and for each receipt, commit and tick its time."""
    server = standing_server
    before = Numbers(server)
    voter, screen = phone(server), Phone(Browser(server), "screen")
    screen.until(type="state")
    asking = Browser(server).log_in()
    assert asking.get("/live?view=voter").status == 200
    ballot = voter.vote(ADA)
    voter.until(type="receipt")
    voter.vote(ADA, ballot=ballot)
    voter.until(type="receipt")
    voter.vote(GRACE)
    voter.until(type="receipt")
    voter.vote("nobody")
    voter.until(type="refused")
    screen.until(type="tally", ballots=1, counts={ADA: 0, GRACE: 1, "edsger-dijks": 0})
    voter.until(type="tally", ballots=1)
    now = Numbers(server)

    def more(name: str, **labels: str) -> float:
        return now.get(P + name, **labels) - before.get(P + name, **labels)

    assert more("connections", transport="websocket", view="voter") == 1
    assert more("connections", transport="websocket", view="screen") == 1
    assert more("connections", transport="poll", view="voter") == 1
    assert more("joined_total") == 3
    assert more("ballots_total", outcome="counted") == 2
    assert more("ballots_total", outcome="repeated") == 1
    assert more("ballots_total", outcome="unknown_candidate") == 1
    assert more("receipt_seconds_count") == 2
    assert 0 < more("receipt_seconds_sum") < 60
    assert more("commit_seconds_count") >= 2
    assert more("tick_seconds_count", audience="screens") >= 1
    assert more("tick_seconds_count", audience="phones") >= 1
    assert more("frames_total") >= 2
    assert now.get(P + "ballots_waiting") == now.get(P + "behind") == now.get(P + "cut_total") == 0
    assert now.get(P + "log_lines_lost_total") == 0
    assert now.get(P + "recording") == 1
    assert now.get("process_resident_memory_bytes") > 1_000_000
    assert now.get("process_cpu_seconds_total") > before.get("process_cpu_seconds_total") > 0

    for told in (ADA, GRACE, "Lovelace", "Who should", voter.browser.cookie):
        assert told not in now.text


def test_messages_are_counted_by_what_became_of_them(serve: Callable[..., Server]) -> None:
    """Said, said before, refused; and neither a text nor a name is told."""
    server = serve(TALKING)
    voter = phone(server, "Vera")
    told = [
        ("one", "", "Hello"),
        ("one", "", "Hello"),
        ("two", "", "\0"),
        ("three", "nobody", "Hi"),
    ]
    for key, to, text in told:
        voter.tell({"type": "say", "key": key, "to": to, "text": text})
        while voter.next()["type"] not in ("said", "unsaid"):
            pass
    now = Numbers(server)
    for outcome in ("said", "repeated", "bad_text", "unknown_person"):
        assert now.get(P + "messages_total", outcome=outcome) == 1, outcome
    assert now.get(P + "messages_total", outcome="muted") == 0
    assert now.get(P + "ballots_total", outcome="repeated") == 0
    assert "Hello" not in now.text
    assert "Vera" not in now.text


def test_a_histogram_has_all_its_buckets_in_order(standing_server: Server) -> None:
    """Each holds those below it too, and the last one everything."""
    numbers = Numbers(standing_server)
    text = [line for line in numbers.text.splitlines() if line.startswith(f"{P}commit_seconds_b")]
    counts = [float(line.split()[1]) for line in text]
    assert counts == sorted(counts)
    assert 'le="+Inf"' in text[-1]
    assert counts[-1] == numbers.get(f"{P}commit_seconds_count") > 0


def test_only_those_whom_the_configuration_names_may_read(serve: Callable[..., Server]) -> None:
    """Others hear 403 and why; behind a trusted proxy it is the client's address that counts."""
    server = serve(CONFIG + 'proxies = ["127.0.0.1"]\nmetrics = ["192.0.2.0/24"]\n')
    through = Browser(server)
    refused = through.get("/metrics", Accept="application/json")
    assert refused.status == 403
    assert "server.metrics" in refused.json["message"]
    assert P not in refused.text
    assert through.get("/metrics", X_Forwarded_For="192.0.2.7").status == 200
    assert through.get("/metrics", X_Forwarded_For="192.0.2.7, 198.51.100.1").status == 403


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1", "Via: 1.1 somebody"]
)
def test_a_proxy_that_nobody_named_does_not_open_the_door(
    standing_server: Server, header: str
) -> None:
    """Everybody who comes through it has its address, which is this computer's own."""
    name, _, value = header.partition(": ")
    assert Browser(standing_server).get("/metrics", **{name: value}).status == 403


def test_who_leaves_before_the_answer_is_no_mistake(server: Server) -> None:
    """Nobody can fill the log with tracebacks."""
    for _ in range(20):
        scraper = server.dial(seconds=10)
        scraper.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        scraper.sendall(f"GET /metrics HTTP/1.1\r\nHost: {server.address}\r\n\r\n".encode())
        scraper.close()
    assert Numbers(server).get(f"{P}recording")
    server.stop()
    server.wait_for("stopping")
    assert "Traceback" not in server.said


def test_who_asks_again_and_again_keeps_the_connection(standing_server: Server) -> None:
    """A scrape needs no session, sets no cookie, and is never kept by a cache."""
    scraper = http.client.HTTPConnection("127.0.0.1", standing_server.port or 0, timeout=10)
    for _ in range(2):
        scraper.request("GET", "/metrics")
        answer = scraper.getresponse()
        assert answer.read()
        assert answer.getheader("Set-Cookie") is None
        assert answer.getheader("Cache-Control") == "no-store"
    scraper.close()
