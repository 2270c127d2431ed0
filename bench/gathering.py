"""All costs that a simulation is told, measured or looked up, each with where it comes from.

Owns docs/scale.json as a list: what is in it and by what it was found. Only puts together.
"""

from __future__ import annotations

import subprocess
import sys
from typing import NamedTuple

import msgspec

from bench import fleet, following
from bench.costs import Cost, Costs, Ledger
from bench.following import Found
from bench.report import FILE as REPORT
from bench.report import Figure, Report, read
from bench.servers import ROOT
from bench.stores import store
from bench.watching import ALWAYS, EVERYSEC
from voting.fleet_redis import BEAT_SECONDS

HEADS_BYTES = 52
"""Of a TCP packet over IPv4, with its time stamps; each frame is one."""

ASSUMED = {
    "hop": Cost(0.25e-3, "s", "assumed: half a round trip between two machines of one place"),
    "wire": Cost(1.25e9, "B", "assumed: a network of 10 Gbit/s, a second of it"),
}


class From(NamedTuple):
    """A figure of a report: its run, what it says, and by what it becomes seconds or bytes."""

    run: str
    what: str
    factor: float
    unit: str


OF_BENCHMARK = {
    "frame": From("broadcast to 8,000 phones", "server CPU a frame", 1e-6, "s"),
    "arrival": From("arrivals", "the same with every file", 1e-3, "s"),
    "phone_memory": From("2,000 silent phones", "memory a phone", 1e3, "B"),
}

ALONE = "`bench/pricing.py`: done again and again, alone"
ON_NODES = "`bench/following.py`: two nodes, phones on one"


def gather(figures: list[Figure], date: str, machine: str) -> Ledger:
    """Measure what is not among a fleet's figures, and put all of it together."""
    benchmark = read(REPORT)
    found = {name: _of(benchmark, source) for name, source in OF_BENCHMARK.items()}
    every, always = _priced(EVERYSEC), _priced(ALWAYS)
    frame = found["frame"].value
    on_nodes = following.follow(frame, every["entry"], 1 / BEAT_SECONDS)
    found |= _alone(every, always) | _on_nodes(on_nodes) | ASSUMED
    sizes = [f.value for f in figures if f.what == fleet.FRAME and f.value is not None]
    weight = sum(sizes) / len(sizes) + HEADS_BYTES
    found["frame_bytes"] = Cost(weight, "B", "docs/fleet.json, and 52 of TCP and IP")
    return Ledger(date, machine, {name: found[name] for name in Costs._fields})


def _of(report: Report, source: From) -> Cost:
    value = next(
        f.value for f in report.figures if (f.run, f.what) == source[:2] and f.value is not None
    )
    said = f"docs/benchmark.json: {source.run}, {source.what}"
    return Cost(value * source.factor, source.unit, said)


def _priced(fsync: str) -> dict[str, float]:
    with store(fsync) as redis:
        command = [sys.executable, "-m", "bench.pricing", str(redis.port), str(redis.pid)]
        said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    return msgspec.json.decode(said, type=dict[str, float])


def _alone(every: dict[str, float], always: dict[str, float]) -> dict[str, Cost]:
    """Return what was priced alone; waiting for the disk is what `always` takes longer."""
    found = {
        name: Cost(value, _unit(name), ALONE)
        for name, value in every.items()
        if name != "append_seconds"
    }
    waits = f"{ALONE}; `appendfsync` `always`, less `everysec`"
    more = always["redis_append"] - every["redis_append"]
    longer = always["append_seconds"] - every["append_seconds"]
    found["fsync_cpu"] = Cost(more, "s", waits)
    found["fsync"] = Cost(max(0.0, longer - more), "s", waits)
    return found


def _on_nodes(found: Found) -> dict[str, Cost]:
    beat = found.beat
    return {
        "vote": Cost(found.vote, "s", ON_NODES),
        "fold": Cost(found.fold, "s", ON_NODES),
        "append": Cost(found.append, "s", ON_NODES),
        "read": Cost(found.read, "s", ON_NODES),
        "redis_beat": Cost(beat.cpu, "s", f"{ON_NODES}, silent"),
        "beat_commands": Cost(beat.commands, "", f"{ON_NODES}, silent"),
        "beat_bytes": Cost(max(beat.bytes_in, beat.bytes_out), "B", f"{ON_NODES}, silent"),
        "said_bytes": Cost(found.said, "B", f"{ON_NODES}, silent"),
    }


def _unit(name: str) -> str:
    if name.endswith("_commands"):
        return ""
    return "B" if name.endswith(("_bytes", "_memory")) else "s"
