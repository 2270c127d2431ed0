"""What a person is told after a rehearsal."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rehearsal.verdict import Costs, Findings, Spread, is_good, limits, report, spread, verdict

KB, GB = 1 << 10, 1 << 30

FINE = Findings(
    phones=500,
    joined=500,
    votes=6_000,
    receipts=6_000,
    seconds=30.0,
    lost=0,
    refused={},
    backwards=0,
    cut=0,
    receipt_ms=Spread(4.0, 21.0),
    screen_ms=Spread(60.0, 140.0),
    costs=Costs(0.2, 0.003, 0.000_06, 0.000_01, 0.3, 50 * KB, 8 * GB, 20_000),
)


def with_costs(**costs: Any) -> Findings:
    return msgspec.structs.replace(FINE, costs=msgspec.structs.replace(FINE.costs, **costs))


def but(**what: Any) -> Findings:
    return msgspec.structs.replace(FINE, **what)


def test_a_guess_goes_no_farther_than_ten_times_what_was_tried() -> None:
    """Everything measured would do for more, but nobody has seen it."""
    assert verdict(FINE) == "Tried with 500; this computer is good for at least 5,000 phones."
    assert is_good(FINE)


@pytest.mark.parametrize(
    "costs, about, what",
    [
        ({"files": 4_161}, "4,000", "open files"),
        ({"memory_free": 200 << 20}, "3,200", "memory"),
        ({"arrival": 0.021}, "2,800", "processor time, when all come in the same minute"),
        ({"vote": 0.002}, "2,500", "processor time, when all vote within ten seconds"),
        ({"frame": 0.000_1}, "2,500", "processor time, when all are shown each change"),
    ],
)
def test_what_gives_out_first_is_named(costs: dict[str, Any], about: str, what: str) -> None:
    """With a number of two digits, rounded down."""
    said = verdict(with_costs(**costs))
    assert said == f"This computer is good for about {about} phones; the limit is {what}."


def test_what_was_tried_and_went_well_is_not_denied() -> None:
    """A guess below it is wrong, but says that there is no room to spare."""
    said = verdict(with_costs(arrival=0.2))
    assert "good for the 500 phones that were tried, and for hardly more" in said


@pytest.mark.parametrize(
    "what, clause",
    [
        ({"joined": 499}, "1 phone could not join"),
        ({"lost": 2}, "2 ballots got lost"),
        ({"refused": {"too_fast": 3}}, "3 ballots got a refusal (too_fast)"),
        ({"backwards": 1}, "numbers went back 1 time"),
        ({"cut": 5}, "the server ended 5 lines"),
        ({"receipt_ms": Spread(300.0, 1_500.0)}, "receipts took up to 1.5 s"),
        ({"screen_ms": Spread(300.0, 2_040.0)}, "votes took up to 2.0 s to the screen"),
        ({"screen_ms": None}, "nothing could be measured"),
        ({"votes": 0, "receipts": 0}, "nothing could be measured"),
    ],
)
def test_what_went_wrong_is_the_verdict(what: dict[str, Any], clause: str) -> None:
    """Whatever the guess, the room may not come; and there is something to try."""
    found = but(**what)
    assert not is_good(found)
    assert verdict(found).startswith(f"Not good enough with 500 phones: {clause}. Try ")


def test_two_things_that_went_wrong_are_both_said() -> None:
    """The last one behind an and."""
    assert "2 ballots got lost and the server ended 5 lines." in verdict(but(lost=2, cut=5))


def test_phones_that_were_too_slow_themselves_are_not_held_against_the_room() -> None:
    """Pretended phones share the computer with the server; then the advice is another."""
    slow = but(lost=1, costs=msgspec.structs.replace(FINE.costs, own=0.98))
    assert "try fewer phones, or fewer votes a second" in verdict(slow)
    assert any("had a core to themselves" in line for line in report(slow))


def test_a_rehearsal_that_was_cut_short_has_no_verdict() -> None:
    """An admin may end it on the desk."""
    assert not is_good(but(is_whole=False))
    assert "ended before its time" in verdict(but(is_whole=False))


def test_what_a_system_does_not_tell_is_left_out() -> None:
    """No limit, no line, and still a verdict about what was tried."""
    unknown = but(costs=Costs())
    assert limits(unknown.costs) == {}
    assert "good for at least 500 phones" in verdict(unknown)
    assert not any(line.startswith(("Processor", "Memory")) for line in report(unknown))


def test_the_report_has_each_number_with_its_name() -> None:
    """One line for each, and the verdict at the end."""
    lines = report(FINE)
    assert lines[0] == "Joined     500 of 500 phones"
    assert "Votes      6,000 sent, 6,000 counted (200 a second)" in lines
    assert "Lost       0" in lines
    assert "Receipts   4 ms for half of them, 21 ms for 99 of 100" in lines
    assert "Processor  20% of one core while votes came" in lines
    assert "Memory     50 KB a phone" in lines
    assert lines[-1] == verdict(FINE)


def test_the_spread_of_waits_is_in_milliseconds() -> None:
    """In whatever order they were measured."""
    assert spread([n / 1_000 for n in range(100, 0, -1)]) == Spread(51.0, 100.0)
    assert spread([0.25]) == Spread(250.0, 250.0)
    assert spread([]) is None
