"""The nodes of a room over Redis: a hash of what each says, and a stream of notices.

Owns the beat: twice a second a node says what it has to say and hears what all others say, in one
command. Never raises because Redis is gone; what was heard last holds for a minute.

`{room}:nodes` maps a node to its beat's number and what it says.
`{room}:notices` is a stream, cut short: whoever starts hears what comes from then on.
`{room}:group:<group>` maps the nodes behind one port to what they say apart.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any, NamedTuple, cast

import gevent
import msgspec
import redis
from gevent.lock import RLock

from voting import logbook
from voting.fleet import Heard, group_of, new_name
from voting.neighbours import LOST_SECONDS, Neighbours
from voting.redis_server import RedisServer

BEAT_SECONDS = 0.5

APART_BEATS = 4
"""What is said apart is said once in so many beats."""

LAST_SECONDS = 1.0
"""How long the last word may take."""

MOST_TOLD = 10_000
"""Notices that wait for a beat; of more the oldest are dropped."""

MOST_ENTRIES = 2_000
"""Of the stream, about: ten seconds of a hundred nodes that all have news."""

BEAT = f"""#!lua flags=allow-oom
local nodes, notices, group = KEYS[1], KEYS[2], KEYS[3]
local node, said, apart, told, place = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local function put(key, what)
  if what == '' then redis.call('HDEL', key, node) else redis.call('HSET', key, node, what) end
  redis.call('EXPIRE', key, {LOST_SECONDS})
end
put(nodes, said)
if told ~= '' then
  redis.call('XADD', notices, 'MAXLEN', '~', {MOST_ENTRIES}, '*', 'by', node, 'told', told)
  redis.call('EXPIRE', notices, {LOST_SECONDS})
end
for i = 6, #ARGV do redis.call('HDEL', nodes, ARGV[i]) end
local newest = redis.call('XREVRANGE', notices, '+', '-', 'COUNT', 1)
local news = {{}}
if place ~= '' then news = redis.call('XRANGE', notices, '(' .. place, '+') end
local shared = false
if apart ~= '-' then
  put(group, apart)
  shared = redis.call('HGETALL', group)
end
return {{redis.call('HGETALL', nodes), newest, news, shared}}
"""
"""A full Redis takes this too: it never grows, and the room must not lose sight of its nodes."""

FAULTS = (redis.RedisError, OSError, ValueError)
"""What using a line may raise, or one that is being closed."""

Id = tuple[int, int]
NOWHERE: Id = (0, 0)

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


class Answer(NamedTuple):
    """What a beat brings: all nodes; the newest notice there is; those that are new; the group."""

    nodes: dict[str, bytes]
    newest: Id
    news: list[tuple[Id, bytes, bytes]]
    group: dict[str, bytes] | None


class RedisFleet:
    """This node among those that share a Redis. See `fleet.Fleet`."""

    def __init__(self, server: RedisServer) -> None:
        self.node = new_name()
        self.group = group_of(self.node)
        self.is_shared = True
        self.reachable = False
        self._server = server
        self._keys = [server.key(name) for name in ("nodes", "notices", f"group:{self.group}")]
        self._client: redis.Redis | None = None
        self._turn = RLock()  # one beat at a time, whoever asks for it
        self._neighbours = Neighbours()
        self._sayings: dict[str, Callable[[], Any]] = {}
        self._apart: dict[str, Callable[[], Any]] = {}
        self._hearers: dict[str, list[Heard]] = {"left": [self._neighbours.forget]}
        self._watchers: list[Callable[[], None]] = []
        self._told: list[tuple[str, str]] = []
        self._of_group: dict[str, bytes] = {}
        self._beats = 0
        self._place: Id | None = None
        self._is_stopping = False
        self._greenlet: gevent.Greenlet[[], None] | None = None

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes that live, this one first."""
        return (self.node, *self._neighbours.alive)

    def tell(self, kind: str, what: str) -> None:
        """Send a notice to all other nodes, with the next beat."""
        self._told.append((kind, what))
        del self._told[:-MOST_TOLD]

    def hear(self, kind: str, heard: Heard) -> None:
        """Have `heard` called with each notice of a kind that another node sends."""
        self._hearers.setdefault(kind, []).append(heard)

    def say(self, key: str, of: Callable[[], Any], *, apart: bool = False) -> None:
        """Say with each beat what `of` returns then; `apart`, to this group alone."""
        (self._apart if apart else self._sayings)[key] = of

    def others(self, key: str) -> list[Any]:
        """Return what each of the other living nodes said last."""
        return self._neighbours.said(key)

    def gathered(self, key: str) -> dict[str, Any]:
        """Return what each node of this group says apart, by its name, this one first.

        What this node says here it tells the group first: who asks another node next must not be
        told less. Where it cannot, it answers for itself alone.
        """
        own = {self.node: self._apart[key]()}
        if self.group == self.node or not self.reachable:
            return own
        with self._turn:
            if not self._beat(apart=True):
                return own
            said = {n: _decode(self._of_group[n]) for n in self.nodes if n in self._of_group}
        return {name: each[key] for name, each in said.items() if key in each}

    def watch(self, looked: Callable[[], None]) -> None:
        """Have `looked` called after each beat."""
        self._watchers.append(looked)

    def start(self) -> None:
        """Hear everybody once, so that the first page is told the truth, and begin to beat."""
        self.beat()
        self._greenlet = gevent.spawn(self._run)

    def stop(self) -> None:
        """Take back what this node said, so that it counts no more, and say that it left."""
        self._is_stopping = True
        with gevent.Timeout(LAST_SECONDS, cast(Any, False)), self._turn:
            self.tell("left", self.node)
            with suppress(*FAULTS):  # they miss its beat within seconds
                self._exchange(b"", b"", self._told)
        if self._greenlet:
            self._greenlet.kill()
        self._hang_up()

    def beat(self) -> bool:
        """Say what there is to say and hear what others say; return whether that could be."""
        with self._turn:
            return self._beat(apart=self.group != self.node and self._beats % APART_BEATS == 0)

    def _run(self) -> None:
        while True:
            gevent.sleep(BEAT_SECONDS)
            try:
                self.beat()
            except Exception:
                logbook.mistake()

    def _beat(self, *, apart: bool) -> bool:
        if self._is_stopping:
            return False
        self._beats += 1
        said = _encode((self._beats, {key: of() for key, of in self._sayings.items()}))
        own = _encode({key: of() for key, of in self._apart.items()}) if apart else b"-"
        told, self._told = self._told, []
        try:
            answer = self._exchange(said, own, told)
        except FAULTS:
            self._hang_up()
            self._told = [*told, *self._told][-MOST_TOLD:]
            self.reachable = False
            self._neighbours.hear_nothing(monotonic())
        else:
            self.reachable = True
            self._take(answer)
        for looked in self._watchers:
            try:
                looked()
            except Exception:
                logbook.mistake()
        return self.reachable

    def _exchange(self, said: bytes, apart: bytes, told: list[tuple[str, str]]) -> Answer:
        if self._client is None:
            self._client = self._server.connect()
        place = "" if self._place is None else "{}-{}".format(*self._place)
        ask = self._client.register_script(BEAT)
        notices = _encode(told) if told else b""
        buried = self._neighbours.buried
        found = ask(self._keys, [self.node, said, apart, notices, place, *buried])
        nodes, newest, news, group = cast(Any, found)
        return Answer(
            _mapping(nodes),
            _id(newest[0][0]) if newest else NOWHERE,
            [(_id(id), fields[1], fields[3]) for id, fields in news],
            None if group is None else _mapping(group),
        )

    def _take(self, answer: Answer) -> None:
        if answer.group is not None:
            self._of_group = answer.group
        beats = {n: _decode(said) for n, said in answer.nodes.items() if n != self.node}
        self._neighbours.listen(beats, monotonic())
        for id, by, told in answer.news:
            self._place = id
            if by.decode() != self.node:
                self._hear(_decode(told))
        # A Redis that lost what it held may count from an earlier time: what comes now is new.
        if self._place is None or answer.newest < self._place:
            self._place = answer.newest

    def _hear(self, told: list[tuple[str, str]]) -> None:
        for kind, what in told:
            for heard in self._hearers.get(kind, ()):
                try:
                    heard(what)
                except Exception:
                    logbook.mistake()

    def _hang_up(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(*FAULTS):
                client.close()


def _mapping(flat: list[bytes]) -> dict[str, bytes]:
    """Read a hash as a script returns it: names and values in turn."""
    return {name.decode(): value for name, value in zip(flat[::2], flat[1::2], strict=True)}


def _id(id: bytes) -> Id:
    milliseconds, _, number = id.partition(b"-")
    return int(milliseconds), int(number)
