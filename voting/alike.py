"""Whether the nodes of a room have the same config.toml, in what voters would notice.

Owns the comparison, and a line in the log. Stops nobody: while a change goes from node to node,
they differ.
"""

from __future__ import annotations

import hashlib

import msgspec

from voting import logbook
from voting.config import Config
from voting.fleet import Fleet

SECTIONS = ("room", "limits", "messages", "live", "polls")


def watch(fleet: Fleet, config: Config) -> None:
    """Note, whenever it changes, in which sections other nodes differ."""
    own = {name: _digest(getattr(config, name)) for name in SECTIONS}
    noted: set[str] = set()

    def look() -> None:
        nonlocal noted
        others = fleet.others("config")
        found = {name for name in SECTIONS if any(said.get(name) != own[name] for said in others)}
        if found != noted:
            noted = found
            logbook.note("config_differs", sections=",".join(sorted(found)) or "none")

    fleet.say("config", lambda: own)
    fleet.watch(look)


def _digest(section: object) -> str:
    return hashlib.sha256(msgspec.json.encode(section)).hexdigest()[:8]
