"""The benchmark's report: what counts as reached, what people read, where it is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import gevent
import pytest

from bench import asking, table, talk
from bench.listeners import Listener, Listeners
from bench.report import FILE, Figure, Report, Rival, read, write
from bench.rooms import spread
from rehearsal.visit import Site
from tests.serving import ROOT
from voting.protocol import MessageView, Wall, encode


def report(*figures: Figure, rivals: list[Rival] | None = None) -> Report:
    return Report("2026-11-20", "2 × a processor", list(figures), rivals or [])


@pytest.mark.parametrize(
    "value, most, least, is_reached",
    [
        (1.3, 1.3, None, True),
        (1.31, 1.3, None, False),
        (12_000, None, 12_000, True),
        (11_999, None, 12_000, False),
        (2.0, 2.3, 1.7, True),
        (1.6, 2.3, 1.7, False),
        (None, 10, None, False),
        (7, None, None, None),
    ],
)
def test_a_figure_is_reached_at_its_target_and_not_beyond(
    value: float | None, most: float | None, least: float | None, is_reached: bool | None
) -> None:
    """What was to be measured and could not be is not reached; what has no target is neither."""
    assert Figure("run", "what", value, "s", most, least).is_reached is is_reached


def test_what_is_not_reached_is_said() -> None:
    """In its row, and in the list of misses."""
    good, bad = Figure("a", "good", 1, "s", most=2), Figure("b", "bad", 3, "s", most=2)
    rows = table.tables(report(good, bad)).splitlines()
    assert table.misses(report(good, bad)) == [bad]
    assert ["not reached" in row for row in rows if "≤ 2" in row] == [False, True]


def test_a_busy_load_tool_is_said() -> None:
    """Its own share of a core may be what a figure shows."""
    rows = table.tables(
        report(Figure("a", "b", 1, "s", load=0.95), Figure("c", "d", 1, "s", load=0.5))
    )
    assert rows.count("the load tool was busy (95% of a core)") == 1
    assert rows.count("busy") == 1


def test_a_rival_is_compared_with_ours_in_the_same_room() -> None:
    """One that was given up early is compared at the size that it reached."""
    rivals = [
        Rival("ours", {500: 0.1, 2_000: 0.2}, phones=2_000, frames=10, cpu=1e-4),
        Rival("slow", {500: 5.0}, phones=500, frames=10, cpu=1e-3),
        Rival("slower", {500: None}, phones=500, frames=10, cpu=1e-3),
        Rival("absent", note="not measured: needs Node.js with npm"),
    ]
    said = {
        row.split("|")[1].strip(): row
        for row in table.tables(report(rivals=rivals)).split("\n")
        if row.startswith("|")
    }
    assert "| 50 × " in " ".join(said["slow"].split())
    assert "not within 60 s" in said["slower"]
    assert "needs Node.js" in said["absent"]


def test_a_report_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    """The file is what the page and the plot are made from."""
    kept = report(
        Figure("a", "b", None, "s", most=1, note="needs a C compiler (cc)"),
        rivals=[Rival("ours", {125: 0.1, 250: None}, phones=250)],
    )
    write(kept, tmp_path / "report.json")
    assert read(tmp_path / "report.json") == kept


def test_the_page_keeps_everything_around_its_tables(tmp_path: Path) -> None:
    """Written twice it holds them once; a page without a place for them is left alone."""
    page = tmp_path / "page.md"
    begin = f"<!-- {table.WHOLE} -->\n"
    page.write_text(f"before\n{begin}old\n{table.END}after\n", encoding="utf-8")
    shown = table.tables(report(Figure("a", "b", 1, "s")))
    table.write_page(page, table.WHOLE, shown)
    table.write_page(page, table.WHOLE, shown)
    written = page.read_text(encoding="utf-8")
    assert written.startswith("before\n")
    assert written.endswith("after\n")
    assert written.count(shown) == 1
    assert "old" not in written
    with pytest.raises(ValueError, match="has no lines"):
        table.write_page(page, table.TRANSPORTS, shown)
    assert page.read_text(encoding="utf-8") == written


def test_transports_stand_beside_each_other() -> None:
    """A row for each thing measured, a column for each transport."""
    rows = table.beside(
        report(Figure("one", "a", 1, "s"), Figure("two", "a", 2, "s"), Figure("two", "b", 3, "ms"))
    ).splitlines()[2:]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert cells[0] == ["measured", "one", "two"]
    assert cells[2:] == [["a", "1 s", "2 s"], ["b", "–", "3 ms"]]


def test_a_storm_is_over_with_its_last_vote() -> None:
    """What would run in a wait after it has not run when its end is told."""
    waited: list[int] = []
    spread(range(5), 0.01, lambda vote: gevent.spawn(waited.append, vote))
    assert 4 not in waited
    gevent.idle()
    assert waited == [0, 1, 2, 3, 4]


def test_a_storm_tells_how_long_it_really_took() -> None:
    """One that this machine cannot send in time is another storm."""
    assert spread(range(5), 0.01, lambda _: gevent.sleep(0.02)).seconds >= 5 * 0.02


def test_the_benchmarks_locks_name_no_place_to_fetch_from() -> None:
    """As those of the server: digests, never addresses."""
    lines = (ROOT / "bench" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if "://" in line or line.startswith("-")]
    entries = json.loads((ROOT / "bench" / "package-lock.json").read_bytes())["packages"]
    assert not [name for name, entry in entries.items() if "resolved" in entry]
    assert all("integrity" in entry for name, entry in entries.items() if name)


def test_a_phone_notes_what_it_hears_again_or_out_of_order() -> None:
    """What all have heard once, in order, is nobody's mistake."""
    crowd = Listeners()
    phones = [Listener(crowd, Site("127.0.0.1", 0)) for _ in range(2)]

    def tell(phone: Listener, *versions: int) -> None:
        said = tuple(MessageView(f"m{v}", v, 0, "vera", "", f"text {v}") for v in versions)
        told = Wall("epoch", versions[-1], after=0, first=1, messages=said)
        phone.hear(encode(told))

    for phone in phones:
        tell(phone, 1, 2)
        tell(phone, 4)
    assert ([phone.heard for phone in phones], crowd.misheard) == ([3, 3], 0)
    tell(phones[0], 4)
    assert crowd.misheard == 1
    tell(phones[1], 6, 5)
    assert crowd.misheard == 2


@pytest.mark.parametrize(
    "place, file, shown",
    [
        (table.WHOLE, FILE, table.tables),
        (table.TRANSPORTS, asking.FILE, table.beside),
        (table.TALK, talk.FILE, table.beside),
    ],
)
def test_docs_performance_shows_the_runs_that_were_kept(
    place: str, file: Path, shown: Callable[[Report], str]
) -> None:
    """Nobody types a number, and no run is kept that the page does not show."""
    page = table.PAGE.read_text(encoding="utf-8")
    assert page.count(f"<!-- {place} -->\n") == 1
    _, _, rest = page.partition(f"<!-- {place} -->\n")
    assert rest.partition(table.END)[0].strip() == shown(read(file)).strip()
