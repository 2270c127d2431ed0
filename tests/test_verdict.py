"""What a person is told after a rehearsal."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rehearsal.findings import Costs, Findings, Spread, spread
from rehearsal.verdict import WIFI, is_good, limits, report, verdict

KB, GB = 1 << 10, 1 << 30

FINE = Findings(
    phones=500,
    joined=500,
    voters=490,
    votes=6_000,
    skipped=0,
    receipts=6_000,
    receipts_per_second=200.0,
    seconds=30.0,
    lost=0,
    refused={},
    backwards=0,
    cut=0,
    receipt_ms=Spread(4.0, 21.0),
    screen_ms=Spread(60.0, 140.0),
    costs=Costs(
        cpu_share=0.2,
        own_share=0.3,
        arrival_seconds=0.003,
        vote_seconds=0.000_06,
        frame_seconds=0.000_01,
        server_bytes=120_000_000,
        phone_bytes=50 * KB,
        free_bytes=8 * GB,
        open_files=20_000,
    ),
)


def with_costs(**costs: Any) -> Findings:
    return msgspec.structs.replace(FINE, costs=msgspec.structs.replace(FINE.costs, **costs))


def but(**what: Any) -> Findings:
    return msgspec.structs.replace(FINE, **what)


def test_a_guess_goes_no_farther_than_ten_times_what_was_tried() -> None:
    """Everything measured would do for more, but nobody has seen it."""
    assert verdict(FINE) == (
        "500 phones: good. By calculation, not by trial, this computer could take 5,000 or more."
        f" {WIFI}"
    )
    assert is_good(FINE)


@pytest.mark.parametrize(
    "costs, about, what",
    [
        ({"open_files": 4_161}, "4,000", "open files"),
        ({"free_bytes": 200 << 20}, "3,200", "memory"),
        ({"arrival_seconds": 0.021}, "2,800", "processor time, when all come in the same minute"),
        ({"vote_seconds": 0.002}, "2,500", "processor time, when all vote within ten seconds"),
        ({"frame_seconds": 0.000_1}, "2,500", "processor time, when all are shown each change"),
    ],
)
def test_what_gives_out_first_is_named(costs: dict[str, Any], about: str, what: str) -> None:
    """With a number of two digits, rounded down."""
    said = verdict(with_costs(**costs))
    assert f"this computer could take {about}; the limit then is {what}. Wi-Fi" in said


def test_what_was_tried_and_went_well_is_not_denied() -> None:
    """A guess below it is wrong, but says that there is no room to spare."""
    said = verdict(with_costs(arrival_seconds=0.2))
    assert said.startswith("500 phones: good. ")
    assert "could take hardly more" in said


@pytest.mark.parametrize(
    "what, clause",
    [
        ({"joined": 499}, "1 phone could not join"),
        ({"lost": 2}, "2 ballots got lost"),
        ({"refused": {"too_fast": 3}}, "3 ballots got a refusal (too_fast)"),
        ({"backwards": 1}, "Numbers went back 1 time"),
        ({"cut": 5}, "The server ended 5 lines"),
        ({"receipt_ms": Spread(300.0, 1_500.0)}, "1 receipt of 100 took longer than 1.5 s"),
        (
            {"screen_ms": Spread(300.0, 2_040.0)},
            "1 vote of 100 took longer than 2.0 s to the screen",
        ),
    ],
)
def test_what_went_wrong_is_the_verdict(what: dict[str, Any], clause: str) -> None:
    """Whatever the guess, the room may not come; and there is something to try."""
    found = but(**what)
    assert not is_good(found)
    assert verdict(found).startswith(f"500 phones: not good. {clause}. Try ")


def test_two_things_that_went_wrong_are_both_said() -> None:
    """The last one behind an and."""
    assert "2 ballots got lost and the server ended 5 lines." in verdict(but(lost=2, cut=5))


def test_phones_that_were_too_slow_themselves_are_not_held_against_the_room() -> None:
    """Pretended phones share the computer with the server; then the advice is another."""
    slow = but(lost=1, costs=msgspec.structs.replace(FINE.costs, own_share=0.98))
    assert "try fewer phones, or fewer votes a second" in verdict(slow)
    assert any("had a core to themselves" in line for line in report(slow))


def test_a_rehearsal_that_was_cut_short_has_no_verdict() -> None:
    """An admin may end it on the desk."""
    assert not is_good(but(is_whole=False))
    assert "ended before its time" in verdict(but(is_whole=False))


def test_votes_that_the_end_overtook_are_told() -> None:
    """Sent and not counted, they must not look as if they were lost."""
    assert "; 3 votes on the way did not count." in verdict(but(is_whole=False, receipts=5_997))


@pytest.mark.parametrize("what", [{"voters": 249}, {"receipts": 99, "votes": 99}])
def test_nothing_is_calculated_from_little(what: dict[str, Any]) -> None:
    """Few votes, or of few phones, say nothing of a hall; what was tried is good all the same."""
    said = verdict(but(**what))
    assert is_good(but(**what))
    assert said == f"500 phones: good. That was too short to say more: vote for longer. {WIFI}"


@pytest.mark.parametrize(
    "what", [{"screen_ms": None}, {"votes": 0, "receipts": 0, "receipt_ms": None}]
)
def test_where_nothing_was_measured_there_is_no_verdict(what: dict[str, Any]) -> None:
    """The room may not come yet; but nothing is wrong with the computer."""
    assert not is_good(but(**what))
    assert verdict(but(**what)) == (
        "Nothing could be measured, so there is no verdict. Vote for longer."
    )


def test_memory_that_phones_before_have_left_is_no_limit_of_millions() -> None:
    """A server that was full once needs next to no more; then a phone counts as usual."""
    found = with_costs(phone_bytes=4 * KB, free_bytes=350_000_000)
    assert limits(found.costs)["memory"] == 8_000


def test_votes_that_no_phone_could_send_are_told() -> None:
    """It is the plan that asked for too much: nothing speaks against the room."""
    found = but(skipped=7_300)
    (line,) = (line for line in report(found) if line.startswith("Not sent"))
    assert "7,300 votes" in line
    assert "waits for its answer" in line
    assert is_good(found)


def test_what_a_system_does_not_tell_is_left_out() -> None:
    """No limit, no line, and still a verdict about what was tried."""
    unknown = but(costs=Costs())
    assert limits(unknown.costs) == {}
    assert verdict(unknown).startswith("500 phones: good. ")
    assert not any(line.startswith(("Processor", "Memory")) for line in report(unknown))


def test_the_report_has_each_number_with_its_name() -> None:
    """One line for each, and the verdict at the end."""
    lines = report(FINE)
    assert lines[0] == "Joined     500 of 500 phones"
    assert "Votes      6,000 sent, 6,000 counted (200 a second after a slow start)" in lines
    assert "Lost       0" in lines
    assert "Receipts   half within 4 ms, 99 of 100 within 21 ms" in lines
    assert "On screen  half within 60 ms, 99 of 100 within 140 ms" in lines
    assert "Processor  20% of one core while votes came" in lines
    assert "Memory     120 MB in all" in lines
    assert lines[-1] == verdict(FINE)


def test_the_spread_of_waits_is_in_milliseconds() -> None:
    """In whatever order they were measured."""
    assert spread([n / 1_000 for n in range(100, 0, -1)]) == Spread(51.0, 100.0)
    assert spread([0.25]) == Spread(250.0, 250.0)
    assert spread([]) is None
