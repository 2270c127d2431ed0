"""How a server ends: nobody comes in, everybody is answered and told, all within ten seconds.

Owns the order of the end, and its time. Never decides that it is the end.
"""

from __future__ import annotations

from typing import Any, cast

import gevent

from voting import logbook
from voting.engine import Engine
from voting.fleet import Fleet
from voting.hub import Hub
from voting.journal import Journal
from voting.names import Names
from voting.protocol import GOING_AWAY
from voting.server import Server

END_SECONDS = 7.5
"""All of it, but for a second or two of last words: a disk that hangs must not keep the process."""

ANSWER_SECONDS = 1.0
"""How long the requests under way may take, once everybody with a socket has left."""


def end(
    server: Server, engine: Engine, hub: Hub, names: Names, fleet: Fleet, journal: Journal
) -> None:
    """Let nobody in, commit and answer what waits, send everybody away, give the journal back.

    In this order: a ballot that comes while the last ones are committed is answered that it is not
    recorded, before its phone is told that we go; it comes back and sends the ballot again. Other
    nodes count our voters until these have left.
    """
    with gevent.Timeout(END_SECONDS, cast(Any, False)):
        server.close()
        engine.stop()
        hub.close(GOING_AWAY, "the server stops")
        server.finish(ANSWER_SECONDS)
        names.finish()
        fleet.stop()
        journal.close()
    logbook.finish()
