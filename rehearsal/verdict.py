"""What a rehearsal has found, as sentences for a person. Pure.

Owns what is good enough, and how many phones a computer could take by calculation: from what each
cost, named by what gives out first, and never more than ten times what was tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rehearsal.findings import Costs, Findings
from voting.open_files import RESERVED_FILES

SLOW_MS = 1_000
"""A receipt, or a vote on the screen, that takes longer has lost the room's attention."""

FARTHEST = 10
"""How many times what was tried is as far as a guess may go."""

ARRIVAL_SECONDS = 60.0
"""Within which everybody can come in."""

STORM_SECONDS = 10.0
"""Within which everybody can vote, with half of a core."""

SLOWEST_TICKS = 2
"""Pictures a second that every phone gets, with half of a core for them."""

HALF_A_CORE = 0.5
MEMORY_SHARE = 0.8

PHONE_BYTES = 35_000
"""What a phone takes at least, as the benchmark found: a server that had phones before gives their
memory to the next ones, and then seems to need next to none."""

ENOUGH_VOTES, ENOUGH_VOTERS = 100, 0.5
"""Ballots that were counted, and the share of phones that they came from, to calculate with."""

LIMITS = {
    "open_files": "open files",
    "memory": "memory",
    "arrivals": "processor time, when all come in the same minute",
    "votes": "processor time, when all vote within ten seconds",
    "pictures": "processor time, when all are shown each change",
}

WIFI = "Wi-Fi was not tried: ask whoever runs it how many phones it holds."

SELF_BUSY = 0.9
"""Of a core: above it, the pretended phones measure themselves."""


def limits(costs: Costs) -> dict[str, int]:
    """Return how many phones each thing is enough for, by what would give out."""
    found: dict[str, int] = {}
    if costs.open_files is not None:
        found["open_files"] = max(0, costs.open_files - RESERVED_FILES)
    if costs.phone_bytes is not None and costs.free_bytes is not None:
        each = max(PHONE_BYTES, costs.phone_bytes)
        found["memory"] = int(costs.free_bytes * MEMORY_SHARE / each)
    if costs.arrival_seconds:
        found["arrivals"] = int(ARRIVAL_SECONDS / costs.arrival_seconds)
    if costs.vote_seconds:
        found["votes"] = int(STORM_SECONDS * HALF_A_CORE / costs.vote_seconds)
    if costs.frame_seconds:
        found["pictures"] = int(HALF_A_CORE / (SLOWEST_TICKS * costs.frame_seconds))
    return found


def problems(found: Findings) -> Iterator[str]:
    """Yield what was not good enough, each as a clause."""
    if found.joined < found.phones:
        yield f"{_count(found.phones - found.joined, 'phone')} could not join"
    if found.lost:
        yield f"{_count(found.lost, 'ballot')} got lost"
    if refused := sum(found.refused.values()):
        codes = ", ".join(sorted(found.refused))
        yield f"{_count(refused, 'ballot')} got a refusal ({codes})"
    if found.backwards:
        yield f"numbers went back {_count(found.backwards, 'time')}"
    if found.cut:
        yield f"the server ended {_count(found.cut, 'line')}"
    if found.receipt_ms and found.receipt_ms.p99 > SLOW_MS:
        yield f"1 receipt of 100 took longer than {_duration(found.receipt_ms.p99)}"
    if found.screen_ms and found.screen_ms.p99 > SLOW_MS:
        yield f"1 vote of 100 took longer than {_duration(found.screen_ms.p99)} to the screen"


def is_good(found: Findings) -> bool:
    """Say whether the room may come."""
    return found.is_whole and _is_measured(found) and not any(problems(found))


def verdict(found: Findings) -> str:
    """Say how it went, how many phones this computer could take, or what to try."""
    if not found.is_whole:
        under_way = found.votes - found.receipts
        late = f"; {_count(under_way, 'vote')} on the way did not count" if under_way > 0 else ""
        return f"The rehearsal was ended before its time, so there is no verdict{late}. Try again."
    wrong = list(problems(found))
    if wrong:
        return f"{_phones(found.phones)}: not good. {_listed(wrong)}. {_advice(found)}"
    if not _is_measured(found):
        return "Nothing could be measured, so there is no verdict. Vote for longer."
    return f"{_phones(found.joined)}: good. {_outlook(found)} {WIFI}"


def report(found: Findings) -> list[str]:
    """Say everything in lines."""
    costs = found.costs
    busy = f"{found.receipts_per_second:,.0f} a second"
    lines = [
        f"Joined     {found.joined:,} of {_phones(found.phones)}",
        f"Votes      {found.votes:,} sent, {found.receipts:,} counted ({busy} after a slow start)",
        f"Lost       {found.lost:,}",
    ]
    if found.skipped:
        lines.append(
            f"Not sent   {_count(found.skipped, 'vote')}: the phones could not vote as fast as"
            " asked, since each waits for its answer before it votes again. More phones can."
        )
    for title, waits in (("Receipts", found.receipt_ms), ("On screen", found.screen_ms)):
        if waits:
            p50, p99 = _duration(waits.p50), _duration(waits.p99)
            lines.append(f"{title:<10} half within {p50}, 99 of 100 within {p99}")
    if costs.cpu_share is not None:
        lines.append(f"Processor  {costs.cpu_share:.0%} of one core while votes came")
    if costs.server_bytes:
        lines.append(f"Memory     {costs.server_bytes / 1e6:,.0f} MB in all")
    if costs.own_share is not None and costs.own_share > SELF_BUSY:
        lines.append(
            "The pretended phones had a core to themselves and could have used more: real phones"
            " bring their own, and wait less."
        )
    return [*lines, "", verdict(found)]


def _is_measured(found: Findings) -> bool:
    return found.receipt_ms is not None and found.screen_ms is not None


def _outlook(found: Findings) -> str:
    """Say how many phones this computer could take, if enough was tried to calculate with."""
    if found.receipts < ENOUGH_VOTES or found.voters < ENOUGH_VOTERS * found.joined:
        return "That was too short to say more: vote for longer."
    key, most = min(limits(found.costs).items(), key=lambda limit: limit[1], default=("", 0))
    calculated = "By calculation, not by trial, this computer"
    if not key:
        return "What this computer could take, it does not tell."
    if most >= FARTHEST * found.joined:
        return f"{calculated} could take {_rounded(FARTHEST * found.joined):,} or more."
    if most <= found.joined:
        return f"{calculated} could take hardly more; the limit is {LIMITS[key]}."
    about = max(found.joined, _rounded(most))
    return f"{calculated} could take {about:,}; the limit then is {LIMITS[key]}."


def _advice(found: Findings) -> str:
    if found.costs.own_share is not None and found.costs.own_share > SELF_BUSY:
        return (
            "The pretended phones kept this computer busy themselves: try fewer phones, or fewer"
            " votes a second."
        )
    return "Try fewer phones, close other programs, and plug this computer in; then try again."


def _rounded(number: int) -> int:
    """Round down to two digits: more would be a promise."""
    step: int = 10 ** max(0, len(str(number)) - 2)
    return number // step * step


def _duration(ms: float) -> str:
    return f"{ms:,.0f} ms" if ms < 1_000 else f"{ms / 1_000:,.1f} s"


def _listed(clauses: Sequence[str]) -> str:
    *others, last = clauses
    said = f"{', '.join(others)} and {last}" if others else last
    return said[0].upper() + said[1:]


def _phones(count: int) -> str:
    return _count(count, "phone")


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
