"""What the server does and how fast, in numbers that Prometheus reads.

Owns /metrics: the names of the numbers, and who may read them. They are counted where things
happen, in plain numbers; here they are only looked at, when somebody asks. Never tells what a
round's counts are, nor who anybody is.

Of many nodes behind one port any may be asked, so each answers for all of them, with a label that
says which one a number is of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple, get_args

import msgspec
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
from voting.fleet import Fleet
from voting.histogram import Histogram
from voting.hub import Hub
from voting.journal import Journal
from voting.proxies import Networks
from voting.visitors import PAGES

PATH = "/metrics"
PREFIX = "show_of_hands"

HEADERS_OF_PROXIES = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")

ALWAYS = ("repeated", "too_fast", "not_recorded")
OF_BALLOTS = (
    *ALWAYS,
    "unknown_candidate",
    "wrong_choices",
    "stale_round",
    "round_closed",
    "already_voted",
)
OF_MESSAGES = (
    *ALWAYS,
    "said",
    "talk_closed",
    "muted",
    "slow_down",
    "bad_text",
    "unknown_person",
    "gone",
    "not_allowed",
)
"""What may become of a ballot that is not counted, and of a message."""


class Figures(Collector):
    """The numbers of this node, and of those behind the same port."""

    def __init__(self, engine: Engine, journal: Journal, hub: Hub, fleet: Fleet) -> None:
        self._engine = engine
        self._journal = journal
        self._hub = hub
        self._fleet = fleet
        fleet.say("figures", lambda: [_Plain.of(metric) for metric in self._own()], apart=True)

    def collect(self) -> Iterator[Metric]:
        """Yield every number as it is now."""
        if not self._fleet.is_shared:
            return self._own()
        merged: dict[str, Metric] = {}
        for node, said in self._fleet.gathered("figures").items():
            for plain in msgspec.convert(said, list[_Plain]):
                found = merged.setdefault(plain.name, Metric(plain.name, plain.text, plain.type))
                for name, labels, value in plain.samples:
                    found.add_sample(name, {**labels, "node": node}, value)
        return iter(merged.values())

    def _own(self) -> Iterator[Metric]:
        yield self._connections()
        yield from self._ballots()
        yield from self._kept()
        yield from self._shown()
        yield from self._process()

    def _connections(self) -> Metric:
        found = Counter(
            (client.connection.transport, "voter" if client.voter else client.view)
            for client in self._hub.everyone()
            if not client.is_guest
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
        ballots.add_metric(("counted",), self._engine.casters.delays.count)
        for outcome in OF_BALLOTS:
            ballots.add_metric((outcome,), self._engine.casters.answers[outcome])
        yield ballots
        messages = CounterMetricFamily(
            f"{PREFIX}_messages", "Messages that were answered.", labels=("outcome",)
        )
        for outcome in OF_MESSAGES:
            messages.add_metric((outcome,), self._engine.casters.messages[outcome])
        yield messages
        yield _histogram(
            "receipt_seconds", "From a ballot to its receipt.", {(): self._engine.casters.delays}
        )
        waiting = len(self._engine.casters)
        yield _gauge("ballots_waiting", "Ballots and messages that wait for a commit.", waiting)
        yield _gauge("recording", "Whether ballots can be made durable.", self._engine.recording)

    def _kept(self) -> Iterator[Metric]:
        text = "One durable write of the journal, and where nodes share it, until it is read back."
        yield _histogram("commit_seconds", text, {(): self._journal.commits})
        yield _histogram("batch_records", "Records in one write.", {(): self._engine.batches})
        yield _gauge("journal_version", "Records that are folded.", self._engine.state.version)
        if self._fleet.is_shared:
            text = "Writes of all nodes that were read."
            yield _counter("journal_entries", text, self._journal.entries)
            yield _gauge("nodes", "Nodes that serve the room.", len(self._fleet.nodes))
            text = "Whether the other nodes can be heard."
            yield _gauge("redis_reachable", text, self._fleet.reachable)

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


class _Plain(NamedTuple):
    """A metric as one node tells it to another."""

    name: str
    text: str
    type: str
    samples: list[tuple[str, dict[str, str], float]]

    @classmethod
    def of(cls, metric: Metric) -> _Plain:
        samples = [(each.name, each.labels, float(each.value)) for each in metric.samples]
        return cls(metric.name, metric.documentation, metric.type, samples)


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
