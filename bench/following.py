"""What a ballot costs the node that takes it, and a node that is only told of it.

Owns the run that finds this on two nodes: all phones are on one, and the other follows. At two
rates of votes there are as many entries in the stream, so what differs is the ballots'.
"""

from __future__ import annotations

from typing import NamedTuple

import gevent

from bench.halls import Hall
from bench.measure import Meter
from bench.servers import Server, ours
from bench.stores import Done, Store, store

PHONES = 20
"""So few that their frames hardly count."""

FEW, MANY = 100.0, 2_000.0
WARM_UP_SECONDS = 1.0
SECONDS = 4.0

NOTHING = Done(*7 * [0.0])


class Second(NamedTuple):
    """What a second of a rate cost: CPU of the node that takes votes, and of the one that follows;
    votes, entries of the stream, frames to phones."""

    taking: float
    following: float
    votes: float
    entries: float
    frames: float


class Found(NamedTuple):
    """Seconds of CPU: see `costs.Costs`. `beat` is what Redis did for a beat of one of two nodes,
    and `said` the bytes that it says."""

    vote: float
    fold: float
    append: float
    read: float
    beat: Done
    said: float


def follow(frame: float, entry: float, beats_a_second: float) -> Found:
    """Measure; what a frame costs, and an entry of the stream that is full or not, is known."""
    with store("everysec") as redis:
        unasked = _silence(redis)
        return _found(redis, unasked, frame, entry, beats_a_second)


def _silence(redis: Store) -> Done:
    """Return what a Redis does in a second of nobody's votes."""
    before = redis.look()
    gevent.sleep(SECONDS)
    done = redis.look().since(before)
    return Done(*(told / done.at for told in done))


def _found(redis: Store, unasked: Done, frame: float, entry: float, beats: float) -> Found:
    with ours(redis.url) as taking, ours(redis.url) as following:
        full = Hall([taking])
        full.fill(PHONES)
        full.wait_for_quiet(2 * WARM_UP_SECONDS)
        idle = _second(full, following, redis, 0.0)
        quiet = _silence(redis).since(unasked)
        few, many = (_second(full, following, redis, rate) for rate in (FEW, MANY))
        beat = Done(*(told / beats / 2 for told in quiet))
        found = solve(idle, few, many, frame, entry)._replace(beat=beat, said=redis.said())
        full.leave()
    return found


def solve(idle: Second, few: Second, many: Second, frame: float, entry: float) -> Found:
    """Return what explains these seconds."""
    votes = many.votes - few.votes
    fold = (many.following - few.following) / votes
    shown = frame * (many.frames - few.frames)
    vote = (many.taking - few.taking - shown) / votes - fold
    read = (few.following - idle.following - fold * few.votes) / few.entries - entry
    own = few.taking - idle.taking - (vote + fold) * few.votes - frame * few.frames
    return Found(vote, fold, own / few.entries - read - entry, read, NOTHING, 0.0)


def _second(full: Hall, following: Server, redis: Store, rate: float) -> Second:
    _vote(full, rate, WARM_UP_SECONDS)
    full.crowd.clear()
    before, one, other = redis.look(), Meter(full.server.pid), Meter(following.pid)
    _vote(full, rate, SECONDS)
    taking, told = one.read(), other.read()
    done = redis.look().since(before)
    full.wait_for_answers()
    votes = len(full.crowd.receipts)
    frames = full.crowd.frames - votes
    spent = (taking.cpu, told.cpu, votes, done.entries, frames)
    return Second(*(value / taking.seconds for value in spent))


def _vote(full: Hall, rate: float, seconds: float) -> None:
    if rate:
        full.vote_steadily(rate, seconds, PHONES)
    else:
        gevent.sleep(seconds)
