"""What the server does and how fast, in numbers that Prometheus reads.

Owns /metrics: the names of the numbers, and who may read them. They are counted where things
happen, in plain numbers; here they are only looked at, when somebody asks. Never tells what a
round's counts are, nor who anybody is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import get_args

from flask import Blueprint, Response, abort, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from voting import logbook, vitals
from voting.config import Server, Transport
from voting.engine import Engine
from voting.histogram import Histogram
from voting.hub import Hub
from voting.journal_sqlite import SqliteJournal
from voting.posting import STATUS
from voting.proxies import Networks
from voting.visitors import PAGES

PATH = "/metrics"
PREFIX = "show_of_hands"

HEADERS_OF_PROXIES = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")

OUTCOMES = ("repeated", *STATUS)


class Figures(Collector):
    """The numbers of one process."""

    def __init__(self, engine: Engine, journal: SqliteJournal, hub: Hub) -> None:
        self._engine = engine
        self._journal = journal
        self._hub = hub

    def collect(self) -> Iterator[Metric]:
        """Yield every number as it is now."""
        yield self._connections()
        yield from self._ballots()
        yield from self._shown()
        yield from self._process()

    def _connections(self) -> Metric:
        found = Counter(
            (client.connection.transport, "voter" if client.voter else client.view)
            for client in self._hub.everyone()
        )
        metric = GaugeMetricFamily(
            f"{PREFIX}_connections",
            "Pages that are connected, by the way their messages take.",
            labels=("transport", "view"),
        )
        for transport, page in product(get_args(Transport), PAGES):
            metric.add_metric((transport, page), found[transport, page])
        return metric

    def _ballots(self) -> Iterator[Metric]:
        ballots = CounterMetricFamily(
            f"{PREFIX}_ballots", "Ballots that were answered.", labels=("outcome",)
        )
        ballots.add_metric(("counted",), self._engine.delays.count)
        for outcome in OUTCOMES:
            ballots.add_metric((outcome,), self._engine.answers[outcome])
        yield ballots
        yield _histogram(
            "receipt_seconds", "From a ballot to its receipt.", {(): self._engine.delays}
        )
        yield _histogram(
            "commit_seconds", "One durable write of the journal.", {(): self._journal.commits}
        )
        yield _gauge("ballots_waiting", "Ballots that wait for a commit.", self._engine.underway)
        yield _gauge("recording", "Whether ballots can be made durable.", self._engine.recording)

    def _shown(self) -> Iterator[Metric]:
        lines = self._hub.lines()
        yield _histogram(
            "tick_seconds",
            "Showing everybody what is new, once.",
            {(name,): taken for name, taken in self._hub.durations.items()},
            labels=("audience",),
        )
        yield _counter("frames", "Frames that ticks have handed to the kernel.", self._hub.frames)
        text = "Pages that have connected; a screen without a socket does with each question."
        yield _counter("joined", text, self._hub.joined)
        yield _counter("cut", "Pages that were cut because they took nothing.", lines.cut)
        yield _gauge("behind", "Phones for which something has waited for a second.", lines.slow)

    def _process(self) -> Iterator[Metric]:
        yield _counter("log_lines_lost", "Lines of the log that did not fit.", logbook.lost())
        used = CounterMetricFamily("process_cpu_seconds", "Of all threads since the start.")
        used.add_metric((), vitals.cpu_seconds())
        yield used
        memory = GaugeMetricFamily("process_resident_memory_bytes", "Memory that is in use.")
        memory.add_metric((), vitals.memory() or float("nan"))
        yield memory


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"{PREFIX}_{name}", text, value=value)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{PREFIX}_{name}", text, value=value)


def _histogram(
    name: str,
    text: str,
    taken: dict[tuple[str, ...], Histogram],
    labels: tuple[str, ...] = (),
) -> Metric:
    metric = HistogramMetricFamily(f"{PREFIX}_{name}", text, labels=labels)
    for values, histogram in taken.items():
        buckets = [
            ("+Inf" if bound == float("inf") else str(bound), count)
            for bound, count in histogram.buckets()
        ]
        metric.add_metric(values, buckets, histogram.total)
    return metric


def create_blueprint(figures: Figures, settings: Server) -> Blueprint:
    """Return the route."""
    blueprint = Blueprint("metrics", __name__)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(figures)
    readers, proxies = Networks(settings.metrics), Networks(settings.proxies)

    @blueprint.get(PATH)
    def metrics() -> Response:
        # Behind a proxy that config.toml does not name, everybody has the proxy's address.
        peer = request.environ["voting.peer"]
        came_through = any(header in request.headers for header in HEADERS_OF_PROXIES)
        if (came_through and peer not in proxies) or (request.remote_addr or "") not in readers:
            abort(403, "expected an address that config.toml lets read this (server.metrics)")
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return blueprint
