"""Who is present on all nodes: what each says of its voters, taken into every node's turnout.

Owns that exchange. Counts nobody: `turnout.py` does.
"""

from __future__ import annotations

import msgspec

from voting.fleet import Fleet
from voting.hub import Hub
from voting.turnout import Said, Turnout


def share(fleet: Fleet, turnout: Turnout, hub: Hub) -> None:
    """Say with each beat who is here, and hear who is elsewhere; the hub tells what is new."""

    def look() -> None:
        if turnout.hear(msgspec.convert(fleet.others("turnout"), list[Said])):
            hub.tell_of_presence()

    fleet.say("turnout", turnout.said)
    fleet.watch(look)
