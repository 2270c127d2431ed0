"""Two servers and their Redis in a storm: whatever goes wrong, each ballot counts once.

After each trouble everything is compared: the receipts that phones hold, the records in the stream,
what both servers show at one version, what they export; and each message that was said is there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial

import pytest

from tests import storms, troubles
from tests.redises import Redis
from tests.storms import Storm
from tests.talkers import FAST

WHOLE = bool(os.environ.get("TEST_ALL"))
PHONES = 60 if WHOLE else 20
SECONDS = 10.0 if WHOLE else 0.0
"""How long Redis is gone, or no longer than until every phone has heard of it."""
LENGTHS = (0.3, 0.7, 1.1, 1.5) if WHOLE else (0.3, 1.5)
"""Seconds for which a slow Redis answers nothing, one after the other."""


@pytest.fixture(scope="module")
def storm(standing_redis: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storm]:
    """One storm that does not end: each test compares everything since its beginning."""
    folder = tmp_path_factory.mktemp("nodes")
    with storms.storm(folder, standing_redis, FAST, PHONES, "nodes") as one:
        yield one


def test_a_vote_at_either_server_counts_at_both(storm: Storm) -> None:
    """Whichever a phone comes to with each ballot: at the same version both show the same."""
    storm.survives(lambda storm: None)
    assert len(storm.audience.epochs) == 1


def test_a_killed_server_loses_no_ballot(storm: Storm) -> None:
    """kill -9 in the middle of it: its phones go to the other one, and it comes back."""
    storm.survives(troubles.a_node_is_killed)
    if WHOLE:
        storm.survives(troubles.the_nodes_are_replaced)


def test_a_killed_redis_loses_no_ballot(storm: Storm) -> None:
    """kill -9 of it and of a server at once; with appendfsync always it has what it answered."""
    storm.survives(troubles.redis_and_a_node_are_killed)
    if WHOLE:
        storm.survives(troubles.redis_is_killed)
        storm.survives(troubles.everything_is_killed)
    assert len(storm.audience.epochs) == 1, "a restart is no new history"


def test_a_stopped_redis_is_waited_for(storm: Storm) -> None:
    """Every phone hears that its vote is not counted yet; then each counts once."""
    storm.survives(partial(troubles.redis_is_stopped, seconds=SECONDS))


def test_a_redis_that_stalls_makes_nothing_count_twice(storm: Storm) -> None:
    """It may take what it is sent and answer too late: a ballot sent again is the same one."""
    storm.survives(partial(troubles.redis_is_slow, lengths=LENGTHS))
    storm.survives(partial(troubles.redis_hangs, seconds=SECONDS))


def test_a_full_redis_is_waited_for(storm: Storm) -> None:
    """It refuses what is new; with room again each vote counts once, without a restart."""
    storm.survives(troubles.redis_is_full)


def test_a_server_that_slept_through_a_trim_folds_across_no_hole(storm: Storm) -> None:
    """It begins anew from the snapshot, in the same epoch; its phones get the right numbers."""
    storm.survives(troubles.a_node_sleeps_through_a_trim)
    assert len(storm.audience.epochs) == 1


def test_an_emptied_redis_gets_every_vote_back_from_the_servers(storm: Storm) -> None:
    """FLUSHALL: every page takes the new epoch, and all that had a receipt counts."""
    held = storm.audience.receipts
    storm.survives(troubles.redis_is_emptied)
    assert storm.audience.receipts > held
    assert len(storm.audience.epochs) == 2
    if WHOLE:
        storm.survives(troubles.redis_is_emptied_while_a_node_sleeps)
    storm.verify()
