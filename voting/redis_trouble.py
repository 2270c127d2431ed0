"""Why a Redis cannot be used, in words: what redis-py raised, and what to do about it.

Owns these sentences. Nothing of a URL that could be a password is in them. Pure.
"""

from __future__ import annotations

import socket
import ssl

import redis
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ClusterDownError,
    InvalidResponse,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
)
from redis.sentinel import MasterNotFoundError

from voting.config import Journal

PLACE = "url in [journal]"


def sentence(error: redis.RedisError, settings: Journal) -> str:
    """Return what is wrong, to go on after the name of the Redis."""
    known = _of_answer(error, settings) or _of_line(error, settings)
    verb = "says" if isinstance(error, redis.ResponseError) else "cannot be reached"
    return known or f"{verb}: {error}"


def _of_line(error: redis.RedisError, settings: Journal) -> str:
    """Say why there is no line to it; nothing if there is one."""
    below = error.__context__  # what the system said
    match below:
        case socket.gaierror():
            return f"cannot be found: its host has no address here; correct {PLACE}"
        case ConnectionRefusedError():
            return f"is not there: nobody listens; start it, or correct {PLACE}"
        case ssl.SSLCertVerificationError() as refused:
            why = refused.verify_message.rstrip(".")
            return f"shows a certificate that is not trusted ({why}): name its CA, ?ssl_ca_certs=…"
        case ssl.SSLError():
            return "speaks no TLS there, or wants a certificate: rediss:// is for its TLS port"
        case FileNotFoundError():
            return f"cannot be reached: a file that {PLACE} names is missing"
        case PermissionError():
            return f"cannot be reached: a file that {PLACE} names may not be used"
    if isinstance(error, redis.TimeoutError):
        tls = ", and whether it speaks TLS there," if settings.url.startswith("rediss:") else ","
        return f"does not answer: see whether it runs and can be reached{tls} or correct {PLACE}"
    was_reset = isinstance(below, ConnectionResetError | BrokenPipeError)
    if was_reset or "Connection closed by server" in str(error):
        return "hangs up: see its log, and whether it wants TLS (rediss://)"
    return ""


def _of_answer(error: redis.RedisError, settings: Journal) -> str:
    """Say what it means that it answers so; nothing where its own words are best."""
    said = str(error)
    match error:
        case AuthenticationError() if error.status_code == "NOAUTH":
            return f"wants a password: write it into {PLACE}, like redis://:password@host:6379/0"
        case AuthenticationError() if "without any password" in said:
            return f"has no password, and {PLACE} has one: take it out, or set it there"
        case AuthenticationError():
            return f"does not know this user and password: correct {PLACE}"
        case NoPermissionError():
            room = f"~{{{settings.room}}}:*"
            return f"forbids its user something ({said}): docs/deploy.md has the rule, with {room}"
        case BusyLoadingError():
            return "is still loading its data: wait for that, and start again"
        case ReadOnlyError():
            return f"is a replica: let {PLACE} name its master"
        case OutOfMemoryError():
            return "is full: give it more maxmemory"
        case ClusterDownError():
            return "is a Cluster that is down: see CLUSTER INFO there"
        case MasterNotFoundError():
            named = f'"{settings.sentinel}"'
            return f"tells of no master {named}: no Sentinel answers, or knows that service"
        case InvalidResponse():
            return f"is no Redis: correct {PLACE}"
    if "max number of clients" in said:
        return "has as many clients as it takes: give it more maxclients"
    if "protected mode" in said:
        return "is in protected mode, and lets no other computer in: set requirepass there"
    if "cluster support disabled" in said:
        return "is no Cluster: take cluster = true out of [journal]"
    if "unknown command" in said and "SENTINEL" in said.upper() and settings.sentinel:
        return "is no Sentinel: take sentinel out of [journal], or let url name the Sentinels"
    return ""
