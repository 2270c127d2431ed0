"""What tests of the fold share: a state as something to compare."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from voting.ballots import apply
from voting.records import Record
from voting.state import State


def fields(state: State) -> dict[str, Any]:
    """Everything a state holds, comparable, and apart from what happens to the state later."""
    rounds = {
        id: {name: getattr(round, name) for name in round.__slots__}
        for id, round in state.rounds.items()
    }
    return copy.deepcopy(vars(state) | {"rounds": rounds})


def replayed(records: Iterable[Record]) -> dict[str, Any]:
    """Everything that a fresh state holds after these records."""
    state = State()
    for record in records:
        apply(state, record)
    return fields(state)
