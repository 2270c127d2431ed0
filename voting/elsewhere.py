"""How many pages one visitor has open on other nodes.

Owns what this node says of its visitors' pages, and the sums with what others say. Turns nobody
away.

Nodes hear of each other within a second; of who has few pages they say nothing. So a visitor may
have a few more over many nodes than on one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import nlargest, nsmallest

from voting.client import Client
from voting.config import Limits
from voting.fleet import Fleet
from voting.hub import Hub

SMALL_PART = 64
"""An address that has so small a part of what it may is not worth telling other nodes."""

LEAST = 2
"""Nor is a voter with fewer pages, unless another node has spoken of them: nearly all have one."""

MOST_SAID = 200
"""Of the addresses and voters that are: those with most."""


class Elsewhere:
    """The pages of this node's visitors on all others."""

    def __init__(self, fleet: Fleet, hub: Hub, limits: Limits) -> None:
        self._fleet = fleet
        self._hub = hub
        self._limits = limits
        fleet.say("addresses", self._addresses)
        fleet.say("tabs", self._tabs)

    def of_address(self, address: str) -> int:
        """Return how many pages other nodes have from an address."""
        return sum(said.get(address, 0) for said in self._fleet.others("addresses"))

    def excess(self) -> list[Client]:
        """Return the pages here that are the oldest of voters who have too many over all nodes."""
        found: list[Client] = []
        others = self._fleet.others("tabs")
        for voter in self._told_of():
            own = self._here(voter)
            came = {name: at for said in others for name, at in said.get(voter, {}).items()}
            came |= self._came(own)
            too_many = len(came) - self._limits.sockets_per_voter
            oldest = nsmallest(too_many, came, key=lambda name: (came[name], name))
            found += [
                page for tab, pages in own.items() if self._name(tab) in oldest for page in pages
            ]
        return found

    def _addresses(self) -> Mapping[str, int]:
        least = self._limits.sockets_per_address / SMALL_PART
        worth = [(n, address) for address, n in self._hub.addresses() if n >= least]
        return {address: n for n, address in nlargest(MOST_SAID, worth)}

    def _tabs(self) -> Mapping[str, Mapping[str, float]]:
        crowds = nlargest(MOST_SAID, self._hub.crowds(LEAST))
        voters = {voter for _, voter in crowds} | self._told_of()
        return {voter: self._came(self._here(voter)) for voter in voters if self._here(voter)}

    def _told_of(self) -> set[str]:
        """Return the voters of whom other nodes have said something."""
        return {voter for said in self._fleet.others("tabs") for voter in said}

    def _here(self, voter: str) -> dict[object, list[Client]]:
        return by_tab(client for client in self._hub.of_voter(voter) if not client.is_guest)

    def _came(self, tabs: Mapping[object, list[Client]]) -> dict[str, float]:
        """Return when each of a voter's pages came, by its name."""
        return {self._name(tab): pages[-1].came_at for tab, pages in tabs.items()}

    def _name(self, tab: object) -> str:
        """Return what a page calls itself, or a name that no other page has."""
        return tab if isinstance(tab, str) else f"{self._fleet.node} {id(tab)}"


def by_tab(clients: Iterable[Client]) -> dict[object, list[Client]]:
    """Return a voter's lines by the page that they belong to, the page that came last last."""
    tabs: dict[object, list[Client]] = {}
    for client in clients:
        key = client.tab or client
        tabs[key] = [*tabs.pop(key, []), client]
    return tabs
