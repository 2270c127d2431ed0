"""Where Redis is now, a line to it, and the look at it before a room relies on it.

Owns how a client is made: one connection, no retries, to whoever may be written to at this moment.
Never keeps a client, and never touches the room's keys.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from time import monotonic, sleep
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import BusyLoadingError
from redis.retry import Retry
from redis.sentinel import Sentinel

from voting import redis_address, redis_promise, redis_trouble
from voting.config import Journal
from voting.journal import Unusable
from voting.redis_address import Host
from voting.redis_promise import Promise

PATIENCE = 2.0
"""Seconds in which Redis has to be reached, and to answer."""

LOADING_SECONDS = 20.0
"""How long a start waits for a Redis that reads what it has on disk."""

LOADING_LOOK_SECONDS = 0.1

ONCE = Retry(NoBackoff(), 0)

KINDS = {
    "redis": redis.Connection,
    "rediss": redis.SSLConnection,
    "unix": redis.UnixDomainSocketConnection,
}


class RedisServer:
    """A Redis, whichever server that is now: the one named, or the master of Sentinels or Cluster.

    The servers that were asked and answered are remembered, so that those named may go.
    """

    def __init__(self, settings: Journal) -> None:
        self._settings = settings
        self._address = redis_address.read(
            settings.url, settings.sentinel, cluster=settings.cluster
        )
        self._known = self._address.hosts

    @property
    def shown(self) -> str:
        """The URL without its password."""
        return self._address.shown

    def trouble(self, error: redis.RedisError) -> str:
        """Return why it cannot be used, as a sentence without its full stop."""
        return f"Redis at {self.shown} {redis_trouble.sentence(error, self._settings)}"

    def key(self, name: str) -> str:
        """Return a key of this room; in a Cluster all of them lie on one node."""
        return f"{{{self._settings.room}}}:{name}"

    def connect(self, patience: float = PATIENCE) -> redis.Redis:
        """Return a client on one connection of its own, to the server that may be written to.

        Greenlets that share a client wait for each other. Who waits in a command (XREAD BLOCK) asks
        for more patience than it waits there. A client whose line is lost stays without: it is
        closed, and another one made, since whoever is at the same address next may be a replica.
        Closing ends another greenlet's wait, with a `ValueError` there.

        Raises:
            redis.RedisError: it cannot be reached, or does not let us in.
        """
        if self._settings.sentinel:
            return self._master_of_sentinels(patience)
        if self._settings.cluster:
            return self._client(self._node_of_cluster(patience), patience)
        return self._client(self._known[0] if self._known else None, patience)

    def promise(self, client: redis.Redis) -> Promise:
        """Ask what it promises.

        Raises:
            redis.RedisError: it does not answer.
            Unusable: no room can rely on it; the text is for the person who starts the server.
        """
        info = client.info()
        try:
            redis_promise.check(info, self._settings)
        except Unusable as error:
            raise Unusable(f"Redis at {self.shown} {error}.") from None
        try:
            asked: Any = client.config_get(*redis_promise.ASKED)
        except redis.ResponseError:  # forbidden, or called otherwise there
            asked = None
        return redis_promise.promise(info, asked, self._settings.min_replicas)

    def _client(self, host: Host | None, patience: float) -> redis.Redis:
        where: dict[str, Any] = {"host": host[0], "port": host[1]} if host else {}
        # Not redis-py's single_connection_client: its pipelines take a second connection.
        pool = redis.BlockingConnectionPool(
            **where,
            **self._address.client,
            **_how(patience),
            connection_class=KINDS[self._address.scheme],
            redis_connect_func=_once(),
            max_connections=1,
            timeout=patience,
        )
        try:
            pool.release(pool.get_connection())
        except BaseException:
            pool.close()
            raise
        return redis.Redis.from_pool(pool)

    def _master_of_sentinels(self, patience: float) -> redis.Redis:
        is_safe = self._address.scheme == "rediss"
        how = {**self._address.sentinel, **_how(patience), "ssl": is_safe}
        with closing(Sentinel(self._known, sentinel_kwargs=how)) as sentinels:
            master = sentinels.discover_master(self._settings.sentinel)
            asked = [one.connection_pool.connection_kwargs for one in sentinels.sentinels]
        # Who has answered comes first, and next time last, unless its answer proves right.
        first, *others = [(one["host"], one["port"]) for one in asked]
        self._known = (*others, first)
        client = self._client(master, patience)
        try:
            # A Sentinel that was cut off may not know that another one was made master.
            if client.role()[0] != b"master":
                raise redis.ConnectionError(f"{master[0]}:{master[1]} is a master no more")
        except BaseException:
            client.close()
            raise
        self._known = (first, *others)
        return client

    def _node_of_cluster(self, patience: float) -> Host:
        """Ask the nodes one after the other; the first that answers knows them all."""
        slot = key_slot(self.key("").encode())
        failure: redis.RedisError = redis.ConnectionError(
            "no node of the cluster holds the room's keys"
        )
        for host in self._known:
            try:
                with closing(self._client(host, patience)) as node:
                    ranges = node.execute_command("CLUSTER SLOTS")
            except redis.RedisError as error:
                failure = error
                continue
            # A node that does not know its own address leaves it empty.
            found = {
                (first, last): [(one[0].decode() or host[0], one[1]) for one in nodes]
                for first, last, *nodes in ranges
            }
            others = sorted({one for nodes in found.values() for one in nodes})
            self._known = tuple(dict.fromkeys((host, *others, *self._address.hosts)))
            for (first, last), nodes in found.items():
                if first <= slot <= last:
                    return nodes[0]
        raise failure


def check(settings: Journal) -> Promise:
    """Return what the Redis of a configuration promises, once it has loaded what it keeps.

    Raises:
        Unusable: it cannot be used, or must not without `allow_volatile`; the text is for the
            person who starts the server.
    """
    server = RedisServer(settings)
    end = monotonic() + LOADING_SECONDS
    while True:
        try:
            with closing(server.connect()) as client:
                if not client.info("persistence")["loading"]:
                    promised = server.promise(client)
                    break
                failure: redis.RedisError = BusyLoadingError()
        except redis.RedisError as error:
            failure = error
        if monotonic() > end or not isinstance(failure, BusyLoadingError):
            raise Unusable(f"{server.trouble(failure)}.") from failure
        sleep(LOADING_LOOK_SECONDS)
    if promised.is_volatile and not settings.allow_volatile:
        raise Unusable(
            f"{promised.sentence} Set appendonly yes there, or allow_volatile = true in [journal]"
            " where that is good enough."
        )
    return promised


def _once() -> Callable[[redis.Connection], None]:
    """Return what lets a connection be made once: redis-py would mend it without a word."""
    made = False

    def greet(connection: redis.Connection) -> None:
        nonlocal made
        if made:
            raise redis.ConnectionError("the line was lost")
        made = True
        connection.on_connect()
        # Who is not let in is told so unasked, and redis-py takes that for rubbish on the line.
        connection.send_command("ECHO", "")
        connection.read_response()

    return greet


def _how(patience: float) -> dict[str, Any]:
    """Return what redis-py is told for every connection."""
    return {
        "socket_timeout": patience,
        "socket_connect_timeout": patience,
        "retry": ONCE,
        "protocol": 2,  # with RESP3 redis-py hears of maintenance too, and acts on it by threads
        "driver_info": None,  # what it says of itself costs a round trip, and rights
    }
