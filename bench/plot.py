"""The plot: how long after the last vote the last phone shows the end, against the phones.

    .venv-bench/bin/python -m bench.plot docs/benchmark.json docs/pictures/settle.svg

Owns the drawing; the same report makes the same bytes. It imports nothing of ours: it runs where
matplotlib is, and the server's packages are not.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

# Read on white and on GitHub's dark: 3:1 or more on both.
INK = "#808080"
OURS, FLOOR, OTHERS = "#0a84d8", "#5f9e6e", "#a8755a"
NAMES = {"ours": "Show of Hands", "floor": "the kernel alone (C, epoll)"}
SIZE_INCHES = (8.0, 4.8)
LIMIT = 60.0
"""Seconds after which nobody was waited for: what is later is drawn here, with an arrow."""

AT_ONCE = 0.001
"""Seconds below which nothing is told apart: a millisecond is no phone's business."""

LEAST_LABEL_GAP = 1.6
"""Between two labels, as a ratio of seconds: closer ones would cover each other."""


def draw(report: Path, target: Path) -> None:
    """Draw a report's plot into an SVG file."""
    mpl.rcParams.update(
        {
            "svg.hashsalt": "show-of-hands",
            "svg.fonttype": "none",
            "font.family": "sans-serif",
            "text.color": INK,
            "axes.labelcolor": INK,
            "axes.edgecolor": INK,
            "xtick.color": INK,
            "ytick.color": INK,
            "font.size": 10,
        }
    )
    figure, axes = plt.subplots(figsize=SIZE_INCHES, layout="constrained")
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="phones, each votes once within two seconds",
        ylabel="seconds from the last vote until\nthe last phone shows the end",
    )
    ends: list[tuple[float, str, str]] = []
    phones: set[int] = set()
    for rival in json.loads(report.read_bytes())["rivals"]:
        told = {int(size): took for size, took in rival.get("settle", {}).items()}
        if not told:
            continue
        late = None in told.values()
        points = sorted(
            (size, max(LIMIT if took is None else took, AT_ONCE)) for size, took in told.items()
        )
        name = rival["name"]
        colour = {"ours": OURS, "floor": FLOOR}.get(name, OTHERS)
        thick = 2.5 if name == "ours" else 1.2
        dashed = "--" if name == "floor" else "-"
        sizes, seconds = zip(*points, strict=True)
        axes.plot(sizes, seconds, dashed, color=colour, linewidth=thick, marker="o", markersize=3)
        if late:
            axes.plot(sizes[-1], LIMIT, "^", color=colour)
        ends.append((seconds[-1], NAMES.get(name, name) + (", later" if late else ""), colour))
        phones |= set(told)
    _label(axes, max(phones), ends)
    axes.xaxis.set_major_locator(FixedLocator(sorted(phones)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.grid(axis="y", color=INK, alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(target, transparent=True, metadata={"Date": None})


def _label(axes: plt.Axes, x: int, ends: list[tuple[float, str, str]]) -> None:
    """Name each line beside its end; where ends are close, names move up."""
    least = 0.0
    for seconds, name, colour in sorted(ends):
        at = max(seconds, least)
        least = at * LEAST_LABEL_GAP
        axes.annotate(
            name,
            (x, at),
            xytext=(10, 0),
            textcoords="offset points",
            va="center",
            color=colour,
            annotation_clip=False,
        )
    axes.set_ylim(top=max(least, LIMIT))


if __name__ == "__main__":
    draw(Path(sys.argv[1]), Path(sys.argv[2]))
