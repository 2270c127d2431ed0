"""What a Redis promises about votes: what it keeps, and what a crash of it can lose, in words.

Owns the reading of what Redis says of itself, and these sentences. Asks nothing itself. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from voting.config import Journal
from voting.journal import Unusable

ASKED = ("appendfsync", "no-appendfsync-on-rewrite", "save")
"""The settings that `INFO` does not tell."""

OLDEST_REDIS, OLDEST_VALKEY = (7, 0), (7, 2)

NOT_BY_A_CRASH = "a crash of Redis alone loses none"
LATE = "a power cut can lose half a minute of counted votes"
"""So long Linux keeps what nobody asks it to write (`vm.dirty_expire_centisecs`)."""


class Promise(msgspec.Struct, frozen=True):
    """What a Redis promises; if `is_volatile`, a crash of it can lose every vote."""

    sentence: str
    is_volatile: bool = False


def promise(info: Mapping[str, Any], asked: Mapping[str, str] | None, least: int) -> Promise:
    """Return what follows from a Redis's own words.

    Args:
        info: its `INFO`, as redis-py reads it.
        asked: `CONFIG GET` of what was `ASKED`, or None where that is forbidden.
        least: how many replicas a receipt waits for.
    """
    kept = _log(asked) if info["aof_enabled"] else _snapshots(asked)
    return Promise(kept.sentence + _replicas(info, least), kept.is_volatile)


def check(info: Mapping[str, Any], settings: Journal) -> None:
    """Refuse a Redis on which no room can rely, whatever it keeps.

    Raises:
        Unusable: the text goes on after its name.
    """
    mode, policy = info.get("redis_mode"), info.get("maxmemory_policy", "")
    if mode == "sentinel":
        raise Unusable('is a Sentinel: name its service, like sentinel = "mymaster" in [journal]')
    name, version = _version(info)
    oldest = OLDEST_VALKEY if name == "Valkey" else OLDEST_REDIS
    if version < oldest:
        said, least = (".".join(map(str, one)) for one in (version, oldest))
        raise Unusable(f"is {name} {said}: a room needs {least} or newer")
    if mode == "cluster" and not settings.cluster:
        raise Unusable("is a node of a Redis Cluster: say cluster = true in [journal]")
    if info["role"] != "master":
        master = f"{info['master_host']}:{info['master_port']}"
        raise Unusable(f"is a replica: let url in [journal] name its master, {master}")
    if info["maxmemory"] and policy != "noeviction":
        raise Unusable(
            f"drops what it holds when its memory is full (maxmemory-policy {policy}):"
            " set maxmemory-policy noeviction there"
        )


def _version(info: Mapping[str, Any]) -> tuple[str, tuple[int, ...]]:
    valkey = info.get("valkey_version")
    digits = re.findall(r"\d+", str(valkey or info["redis_version"]))
    return "Valkey" if valkey else "Redis", tuple(map(int, digits[:2]))


def _log(asked: Mapping[str, str] | None) -> Promise:
    """Say what Redis's log of every write keeps."""
    if asked is None:
        how = "keeps a log, and CONFIG, which would tell how soon it is on disk, is forbidden"
        return Promise(f"Redis {how}: {LATE}; {NOT_BY_A_CRASH}.")
    fsync = asked["appendfsync"]
    if fsync != "no" and asked["no-appendfsync-on-rewrite"] == "yes":
        how = "does not sync its log while it rewrites it (no-appendfsync-on-rewrite yes)"
        return Promise(f"Redis {how}: {LATE} then; {NOT_BY_A_CRASH}.")
    if fsync == "always":
        how = "syncs its log before it answers (appendfsync always)"
        return Promise(f"Redis {how}: neither a crash nor a power cut loses a counted vote.")
    if fsync == "everysec":
        return Promise(
            "Redis syncs its log every second (appendfsync everysec): a power cut can lose two"
            " seconds of counted votes, and so can a crash of Redis while its disk is slow."
        )
    how = "leaves it to the system when its log is on disk (appendfsync no)"
    return Promise(f"Redis {how}: {LATE}; {NOT_BY_A_CRASH}.")


def _snapshots(asked: Mapping[str, str] | None) -> Promise:
    """Say what Redis's snapshots keep, where there is no log."""
    if asked is None:
        how = "keeps no log (appendonly no), and CONFIG, which tells of snapshots, is forbidden"
        return Promise(f"Redis {how}: a crash or restart of it can lose every vote.", True)
    if not asked["save"]:
        how = 'keeps nothing on disk (appendonly no, save "")'
        return Promise(f"Redis {how}: a crash or restart of it loses every vote.", True)
    seconds = max(map(int, asked["save"].split()[::2]))
    span = f"{-(-seconds // 60)} minutes" if seconds > 90 else f"{seconds} seconds"
    return Promise(
        f"Redis keeps snapshots alone (appendonly no, save {asked['save']}): a crash of it can lose"
        f" {span} of counted votes."
    )


def _replicas(info: Mapping[str, Any], least: int) -> str:
    """Say what replicas add, if there are any or should be."""
    listed = [one for name, one in info.items() if re.fullmatch(r"slave\d+", name)]
    there = sum(one["state"] == "online" for one in listed)
    if least > there:
        named = "1 replica is" if there == 1 else f"{there} replicas are"
        return f" min_replicas is {least} and {named} connected: no vote is counted until more are."
    if least:
        named = "a replica has" if least == 1 else f"{least} replicas have"
        return f" A vote is counted once {named} it, so that a failover to one of them loses none."
    if there:
        return " Receipts wait for no replica (min_replicas 0): a failover can lose the last votes."
    return ""
