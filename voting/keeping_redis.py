"""What outlives a server, kept in Redis, where all servers of a room find it.

Owns the choice of what keeps a room there.
"""

from __future__ import annotations

from voting import keys, redis_server
from voting.config import Config
from voting.fleet_redis import RedisFleet
from voting.journal_redis import RedisJournal
from voting.keeping import Kept
from voting.names_redis import SharedNames
from voting.redis_server import RedisServer
from voting.safe import FolderSafe
from voting.safe_redis import SharedSafe
from voting.shared import Shared
from voting.signing import Signing


def in_redis(config: Config) -> Kept:
    """Keep in Redis what all servers of the room must find there.

    Raises:
        JournalError, BadSecret, CannotJoin: it cannot be kept there.
    """
    promise = redis_server.check(config.journal)
    server = RedisServer(config.journal)
    shared, fleet = Shared(server), RedisFleet(server)
    signing = Signing(shared, fleet, keys.keys(config.data), config.data)
    safe = SharedSafe(shared, FolderSafe(config.data).hash())
    known = signing.look()
    safe.open()
    journal = RedisJournal(config.journal, fleet.node, config.data)
    return Kept(
        fleet,
        journal,
        journal.clock,
        known,
        safe,
        SharedNames(shared),
        ran_before=True,
        signing=signing,
        promise=promise.sentence,
    )
