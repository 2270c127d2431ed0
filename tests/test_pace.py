"""pace.py: how fast one voter may go, and that the others do not notice."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from voting.pace import Pace


class Watch:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def taps(pace: Pace, count: int, per_second: int = 5, voter: str = "v") -> int:
    """Tap so often at one moment; return how many were allowed."""
    return sum(pace.allows(voter, per_second) for _ in range(count))


def test_a_seconds_worth_may_come_at_once_and_no_more() -> None:
    """Quick taps in a row are a person; more than the rate is not."""
    assert taps(Pace(Watch()), 9, per_second=5) == 5


def test_after_a_pause_so_much_is_free_as_the_pause_was_long() -> None:
    """Half a second at four a second is two taps, and no pause is worth more than a second."""
    watch = Watch()
    pace = Pace(watch)
    assert taps(pace, 9, per_second=4) == 4
    watch.now += 0.5
    assert taps(pace, 9, per_second=4) == 2
    watch.now += 3_600
    assert taps(pace, 9, per_second=4) == 4


def test_refused_taps_cost_nothing() -> None:
    """Who hammers on gets the rate all the same, not silence for as long as it goes on."""
    watch = Watch()
    pace = Pace(watch)
    allowed = 0
    for _ in range(160):
        watch.now += 1 / 16
        allowed += taps(pace, 3, per_second=4)
    assert allowed == 4 + (160 - 1) * 4 // 16


def test_other_voters_are_not_affected() -> None:
    """Everybody has a pace of their own."""
    pace = Pace(Watch())
    taps(pace, 100, voter="greedy")
    assert taps(pace, 9, voter="other") == 5


def test_another_poll_has_another_rate() -> None:
    """What is left of a fast poll's second is no more than a slow one's."""
    watch = Watch()
    pace = Pace(watch)
    assert taps(pace, 1, per_second=50) == 1
    assert taps(pace, 9, per_second=2) == 2


def test_who_has_been_quiet_is_forgotten_and_loses_nothing() -> None:
    """A crowd that has come and gone takes no memory, and nobody gets more than a fresh start."""
    watch = Watch()
    pace = Pace(watch)
    for n in range(1_000):
        taps(pace, 9, voter=f"v{n}")
        watch.now += 0.01
    assert len(pace._buckets) <= 101  # what it remembers cannot be seen from outside
    assert taps(pace, 9, voter="v0") == 5


@given(
    st.lists(st.floats(0, 0.5), min_size=1, max_size=60),
    st.integers(1, 50),
)
def test_in_no_second_is_more_allowed_than_two_seconds_worth(
    pauses: list[float], per_second: int
) -> None:
    """A full bucket, and what flows in meanwhile: that is the most that any second can take."""
    watch = Watch()
    pace = Pace(watch)
    allowed = []
    for pause in pauses:
        watch.now += pause
        allowed += [watch.now] * taps(pace, 2 * per_second, per_second)
    assert allowed
    assert all(earlier <= later for earlier, later in pairwise(allowed))
    for start in allowed:
        assert sum(start <= at < start + 1 for at in allowed) <= 2 * per_second
