"""A report as people read it: in the terminal, and in docs/performance.md.

Owns the words and the rounding. Never measures.
"""

from __future__ import annotations

from pathlib import Path

from bench.measure import BUSY
from bench.report import Figure, Report, Rival

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
WHOLE = "figures: make bench"
TRANSPORTS = 'transports: make bench ARGS="transports"'
TALK = 'talk: make bench ARGS="talk"'
"""What a report's place in the page is called."""

END = "<!-- end of figures -->\n"


def tables(report: Report) -> str:
    """Return a report as two Markdown tables, which a terminal shows well enough."""
    said = f"{report.date}, {report.machine}.\n"
    figures = [
        ("run", "measured", "reached", "target", ""),
        *(_figure(figure) for figure in report.figures),
    ]
    rivals = [
        (
            "storm of one vote each in 2 s",
            "phones",
            "last phone shows the end",
            "÷ ours",
            "CPU a frame",
            "server CPU",
            "",
        ),
        *(_rival(rival, report.rivals) for rival in report.rivals),
    ]
    shown = [aligned(rows) for rows in (figures, rivals) if len(rows) > 1]
    return "\n".join([said, *shown])


def beside(report: Report) -> str:
    """Return a report as one table, with a column for each run."""
    runs = list(dict.fromkeys(figure.run for figure in report.figures))
    whats = dict.fromkeys(figure.what for figure in report.figures)
    found = {(figure.what, figure.run): figure for figure in report.figures}
    rows = [
        ("measured", *runs),
        *((what, *(_held(found.get((what, run))) for run in runs)) for what in whats),
    ]
    return f"{report.date}, {report.machine}.\n\n{aligned(rows)}"


def write_page(page: Path, place: str, tables: str) -> None:
    """Put tables in their place in a page.

    Raises:
        ValueError: the page has no such place.
    """
    begin = f"<!-- {place} -->\n"
    before, there, rest = page.read_text(encoding="utf-8").partition(begin)
    _, end, after = rest.partition(END)
    if not there or not end:
        raise ValueError(f"{page.name} has no lines {begin.strip()} and {END.strip()}")
    page.write_text(f"{before}{begin}\n{tables}\n{end}{after}", encoding="utf-8")


def misses(report: Report) -> list[Figure]:
    """Return the figures that do not reach their target."""
    return [figure for figure in report.figures if figure.is_reached is False]


def _figure(figure: Figure) -> tuple[str, ...]:
    notes = [figure.note] if figure.note else []
    if figure.load is not None and figure.load > BUSY:
        notes.append(f"the load tool was busy ({figure.load:.0%} of a core)")
    if figure.is_reached is False:
        notes.insert(0, "not reached")
    bounds = [f"≥ {number(figure.least)}" if figure.least is not None else ""]
    bounds.append(f"≤ {number(figure.most)}" if figure.most is not None else "")
    bound = " ".join(filter(None, bounds))
    return (figure.run, figure.what, reached(figure), bound, "; ".join(notes))


def _held(figure: Figure | None) -> str:
    """Return what was reached, beside its target if it has one."""
    bound = f" (≤ {number(figure.most)})" if figure and figure.most is not None else ""
    return reached(figure) + bound


def reached(figure: Figure | None) -> str:
    """Return what was reached, with its unit."""
    if figure is None or figure.value is None:
        return "–"
    return f"{number(figure.value)} {figure.unit}"


def _rival(rival: Rival, all: list[Rival]) -> tuple[str, ...]:
    if not rival.settle:
        return (rival.name, "", "–", "", "", "", rival.note)
    notes = [rival.note] if rival.note else []
    if rival.load > BUSY:
        notes.append(f"the load tool was busy ({rival.load:.0%} of a core)")
    took = rival.settle[rival.phones]
    ours = next((r.settle.get(rival.phones) for r in all if r.name == "ours"), None)
    ratio = f"{number(took / ours)} ×" if took is not None and ours else ""
    return (
        rival.name,
        f"{rival.phones:,}",
        "not within 60 s" if took is None else f"{number(took)} s",
        ratio,
        f"{number(1e6 * rival.cpu / rival.frames)} µs" if rival.frames else "–",
        f"{number(rival.cpu)} s",
        "; ".join(notes),
    )


def number(value: float) -> str:
    """Round to three digits, and never to a false zero."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def seconds(value: float) -> str:
    """Return a time in the unit that it is told in."""
    return _in_units(value, (1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


def size(value: float) -> str:
    """Return bytes likewise."""
    return _in_units(value, (1e9, "GB"), (1e6, "MB"), (1e3, "KB"), (1.0, "B"))


def scaled(value: float, unit: str) -> str:
    """Return what is kept in seconds or bytes, or has another unit, as people read it."""
    shown = {"s": seconds, "B": size}.get(unit)
    return shown(value) if shown else f"{number(value)} {unit}".strip()


def rough(value: float) -> str:
    """Round to two digits what is only roughly so."""
    return f"{float(f'{value:.2g}'):,.0f}"


def _in_units(value: float, *units: tuple[float, str]) -> str:
    least, unit = next((u for u in units if value >= u[0]), units[-1])
    return f"{number(value / least)} {unit}"


def aligned(rows: list[tuple[str, ...]]) -> str:
    """Return rows as a Markdown table; the first is its head."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "| " + " | ".join("-" * max(3, width) for width in widths) + " |")
    return "\n".join(lines) + "\n"
