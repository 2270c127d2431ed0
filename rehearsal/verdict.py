"""What a rehearsal has found, as numbers for machines and as sentences for a person. Pure.

Owns what is good enough, and the guess how many phones a computer holds: from what each cost, named
by what gives out first, and never more than ten times what was tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from voting.server import RESERVED_FILES

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

SELF_BUSY = 0.9
"""Of a core: above it, the pretended phones measure themselves."""


class Spread(msgspec.Struct, frozen=True):
    """Waiting times, in milliseconds: the middle one, and the one that 99 of 100 stay below."""

    p50: float
    p99: float


class Costs(msgspec.Struct, frozen=True):
    """What the server's computer paid. Seconds are of processor time; None was not measured.

    cpu: share of a core while votes came. arrival: login, page, files and socket of one phone.
    vote, frame: one ballot counted, one message delivered. own: the pretended phones' share of a
    core. memory: bytes a phone; memory_free and files: what there was for all of them.
    """

    cpu: float | None = None
    arrival: float | None = None
    vote: float | None = None
    frame: float | None = None
    own: float | None = None
    memory: int | None = None
    memory_free: int | None = None
    files: int | None = None


class Findings(msgspec.Struct, frozen=True):
    """What the pretended phones were told, and what it cost.

    lost: ballots without an answer, and receipts that the server's count does not hold.
    refused: by code. backwards: numbers that went back. cut: lines that the server ended.
    is_whole: whether the rehearsal lasted to its planned end.
    """

    phones: int
    joined: int
    votes: int
    receipts: int
    seconds: float
    lost: int
    refused: dict[str, int]
    backwards: int
    cut: int
    receipt_ms: Spread | None
    screen_ms: Spread | None
    costs: Costs
    is_whole: bool = True


def spread(seconds: Sequence[float]) -> Spread | None:
    """Return the spread of waiting times that were measured; None if there are none."""
    if not seconds:
        return None
    ranked = sorted(seconds)
    p50, p99 = (ranked[min(len(ranked) - 1, int(len(ranked) * part))] for part in (0.5, 0.99))
    return Spread(round(p50 * 1_000, 1), round(p99 * 1_000, 1))


def limits(costs: Costs) -> dict[str, int]:
    """Return how many phones each thing is enough for, by what would give out."""
    found: dict[str, int] = {}
    if costs.files is not None:
        found["open files"] = max(0, costs.files - RESERVED_FILES)
    if costs.memory and costs.memory_free is not None:
        found["memory"] = int(costs.memory_free * MEMORY_SHARE / costs.memory)
    if costs.arrival:
        found["processor time, when all come in the same minute"] = int(
            ARRIVAL_SECONDS / costs.arrival
        )
    if costs.vote:
        found["processor time, when all vote within ten seconds"] = int(
            STORM_SECONDS * HALF_A_CORE / costs.vote
        )
    if costs.frame:
        found["processor time, when all are shown each change"] = int(
            HALF_A_CORE / (SLOWEST_TICKS * costs.frame)
        )
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
        yield f"receipts took up to {_duration(found.receipt_ms.p99)}"
    if found.screen_ms and found.screen_ms.p99 > SLOW_MS:
        yield f"votes took up to {_duration(found.screen_ms.p99)} to the screen"
    if found.votes == 0 or (found.receipts and found.screen_ms is None):
        yield "nothing could be measured"


def is_good(found: Findings) -> bool:
    """Say whether the room may come."""
    return found.is_whole and not any(problems(found))


def verdict(found: Findings) -> str:
    """Say in a sentence or two how many phones this computer is good for, or what to try."""
    if not found.is_whole:
        return "The rehearsal was ended before its time, so there is no verdict. Try again."
    wrong = list(problems(found))
    if wrong:
        return f"Not good enough with {_phones(found.phones)}: {_listed(wrong)}. {_advice(found)}"
    known = limits(found.costs)
    what, most = min(known.items(), key=lambda limit: limit[1], default=("", 0))
    if not known or most >= FARTHEST * found.joined:
        far = _rounded(FARTHEST * found.joined) if known else found.joined
        return f"Tried with {found.joined:,}; this computer is good for at least {_phones(far)}."
    if most <= found.joined:
        return (
            f"This computer is good for the {_phones(found.joined)} that were tried, and for hardly"
            f" more; the limit is {what}."
        )
    about = max(found.joined, _rounded(most))
    return f"This computer is good for about {_phones(about)}; the limit is {what}."


def report(found: Findings) -> list[str]:
    """Say everything in lines."""
    costs = found.costs
    each = found.receipts / found.seconds if found.seconds else 0.0
    lines = [
        f"Joined     {found.joined:,} of {_phones(found.phones)}",
        f"Votes      {found.votes:,} sent, {found.receipts:,} counted ({each:,.0f} a second)",
        f"Lost       {found.lost:,}",
    ]
    for title, waits in (("Receipts", found.receipt_ms), ("To screen", found.screen_ms)):
        if waits:
            p50, p99 = _duration(waits.p50), _duration(waits.p99)
            lines.append(f"{title:<10} {p50} for half of them, {p99} for 99 of 100")
    if costs.cpu is not None:
        lines.append(f"Processor  {costs.cpu:.0%} of one core while votes came")
    if costs.memory:
        lines.append(f"Memory     {max(1, round(costs.memory / 1_024)):,} KB a phone")
    if costs.own is not None and costs.own > SELF_BUSY:
        lines.append(
            "The pretended phones had a core to themselves and could have used more: real phones"
            " bring their own, and wait less."
        )
    return [*lines, "", verdict(found)]


def _advice(found: Findings) -> str:
    if found.costs.own is not None and found.costs.own > SELF_BUSY:
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
    return f"{', '.join(others)} and {last}" if others else last


def _phones(count: int) -> str:
    return _count(count, "phone")


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
