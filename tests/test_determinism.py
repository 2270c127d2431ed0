"""The fold is the same everywhere: whoever reads the same records holds the same, byte for byte."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.far_node import FarNode, Sent, folded
from tests.histories import streams
from voting.records import Record

ALL = bool(os.environ.get("TEST_ALL"))
YEAR = 366 * 86_400


@pytest.fixture(scope="module")
def far_nodes() -> Iterator[list[FarNode]]:
    """Nodes on other machines: their sets, their clocks and their batches differ."""
    started = [
        FarNode(hash_seed=0, clock_seconds=-YEAR, most=1),
        FarNode(hash_seed=1, clock_seconds=3, most=7),
        FarNode(hash_seed=4_000_000_000, clock_seconds=YEAR, most=1_000),
    ]
    yield started
    for node in started:
        node.end()


def test_nodes_hold_the_same_whatever_their_clocks_batches_and_hashes(
    far_nodes: list[FarNode],
) -> None:
    """Every outcome and the packed state are equal bytes, with a restart from a snapshot or not."""

    @settings(max_examples=3_000 if ALL else 120, deadline=None)
    @given(streams, st.integers(0, 60))
    def agree(records: list[Record], cut: int) -> None:
        here = folded(Sent(records, cut=0), most=len(records))
        for node in far_nodes:
            node.send(Sent(records, cut))
        assert [node.came() for node in far_nodes] == [here] * len(far_nodes)

    agree()
