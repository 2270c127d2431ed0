"""histogram.py: values fall into buckets, and nothing gets lost."""

from __future__ import annotations

from voting.histogram import Histogram


def test_a_value_is_in_every_bucket_that_is_not_below_it() -> None:
    """On a bound it belongs to it; above all bounds it is still counted, and summed."""
    histogram = Histogram((1.0, 2.5))
    for value in (0.5, 1.0, 2.0, 100.0):
        histogram.add(value)
    assert histogram.buckets() == [(1.0, 2), (2.5, 3), (float("inf"), 4)]
    assert histogram.total == 103.5


def test_an_empty_histogram_tells_its_buckets() -> None:
    """Whoever draws it sees zeros and no gap."""
    assert Histogram((1.0,)).buckets() == [(1.0, 0), (float("inf"), 0)]
