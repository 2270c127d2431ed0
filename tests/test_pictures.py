"""The result as a picture to keep: made by the admin's page alone, complete in itself."""

from __future__ import annotations

import base64
import re
import struct
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.phones import phone
from tests.serving import ADA, Server, poll_config
from tests.windows import LAPTOP, Window

pytestmark = pytest.mark.browser

LONG = "Augusta Ada King, Countess of Lovelace, the first to publish a program, née Byron"[:80]
NAMES = ["<b>Bo</b> {y} {point.y}", "&amp; {", "محمد بن موسى الخوارزمي", "🙂 🏳️‍🌈", "钱学森", LONG]
QUESTION = "<i>Which</i> {name}, {y}?"

# How much of a picture is not white, and whether its corners are.
INK = """async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes]));
    const pen = new OffscreenCanvas(image.width, image.height).getContext("2d");
    pen.drawImage(image, 0, 0);
    const { data } = pen.getImageData(0, 0, image.width, image.height);
    let [inked, coloured] = [0, 0];
    for (let at = 0; at < data.length; at += 4) {
        if (data[at] + data[at + 1] + data[at + 2] < 740) inked += 1;
        if (Math.abs(data[at] - data[at + 2]) > 60) coloured += 1;
    }
    const all = data.length / 4;
    return { inked: inked / all, coloured: coloured / all, corner: [...data.slice(0, 4)] };
}"""


def desk(window: Window, server: Server, votes: list[str]) -> Page:
    """Open the admin's dark page with these votes; all that is not ours is out of reach."""
    for choice in votes:
        voter = phone(server)
        voter.vote(choice)
        voter.until(type="receipt")
    admin = window.admin(color_scheme="dark", size=LAPTOP)
    expect(admin.locator("#ballots")).to_have_text(str(len(votes)))

    def only_ours(route: Route) -> None:
        ours = route.request.url.startswith((server.url, "blob:", "data:"))
        assert ours, route.request.url
        route.continue_()

    admin.context.route("**/*", only_ours)
    return admin


def saved(page: Page, kind: str) -> bytes:
    """Press the button of a kind of picture and return the file that was saved."""
    with page.expect_download() as download:
        page.locator(f"[data-picture={kind}]:visible").first.click()
    assert download.value.suggested_filename == f"show-of-hands-round-1.{kind}"
    return Path(download.value.path()).read_bytes()


def texts(svg: bytes) -> list[str]:
    """Return what is written in an SVG, each text in one piece, but not its title."""
    tree = ElementTree.fromstring(svg)
    assert b"var(" not in svg
    assert b"style=" not in svg
    found = tree.iter("{http://www.w3.org/2000/svg}text")
    return ["".join(text.itertext()).replace("\u200b", "") for text in found]


def is_drawn(page: Page, png: bytes) -> None:
    """Check size and ground of a picture, and that there are writing and columns on it."""
    assert struct.unpack("!II", png[16:24]) == (1920, 1080)
    ink = page.evaluate(INK, base64.b64encode(png).decode())
    assert ink["corner"] == [255, 255, 255, 255]
    assert 0.02 < ink["inked"] < 0.6
    assert ink["coloured"] > 0.002


def test_a_picture_stands_alone_with_every_name_as_it_is_written(
    serve: Callable[..., Server], windows: Callable[[Server], Window]
) -> None:
    """PNG and SVG, without internet, from a dark page on a white ground, in the page's language."""
    server = serve(poll_config(question=QUESTION, candidates=NAMES))
    ids = [candidate["id"] for candidate in phone(server).state["poll"]["candidates"]]
    admin = desk(windows(server), server, [ids[0], ids[0], ids[4]])
    is_drawn(admin, saved(admin, "png"))
    written = texts(saved(admin, "svg"))
    joined = "".join(written).replace(" ", "")
    for name in [QUESTION, *NAMES]:
        assert name.replace(" ", "") in joined, name
    assert any(re.match(r"Round 1 · 3 of \d+ have voted · .*20\d\d", text) for text in written)
    assert {"267%", "133%", "00%", "Highcharts.com"} <= {*written}
    expect(admin.locator("svg.highcharts-root")).to_have_count(0)

    admin.goto(server.url + "/admin?lang=zh-Hans")
    svg = saved(admin, "svg")
    assert b"Created with" not in svg
    latin = re.compile("[A-Za-zé]{2,}")
    ours = set(latin.findall(" ".join([QUESTION, *NAMES])))
    # What has drawn the columns is named, as its licence asks.
    assert set(latin.findall(" ".join(texts(svg)))) - ours == {"Highcharts", "com"}


def test_many_candidates_are_rows_on_a_picture(
    serve: Callable[..., Server], windows: Callable[[Server], Window]
) -> None:
    """Each with letter, name, share and count."""
    names = [f"Candidate {n}" for n in range(50)]
    server = serve(poll_config(question="Which?", candidates=names))
    admin = desk(windows(server), server, ["candidate-1", "candidate-2", "candidate-14"])
    is_drawn(admin, saved(admin, "png"))
    written = texts(saved(admin, "svg"))
    assert {"AX", "1", "33%", *names} <= {*written}


def test_an_archived_round_is_a_picture_too_and_needs_no_highcharts(
    window: Window, server: Server
) -> None:
    """From the list of rounds, with its own numbers, as rows where there is no chart."""
    admin = desk(window, server, [ADA, ADA])
    admin.goto(server.url + "/admin/rounds")
    assert {"Ada Lovelace", "2100%", "Highcharts.com"} <= {*texts(saved(admin, "svg"))}
    admin.reload()
    admin.context.route("**/highcharts.js", lambda route: route.abort())
    written = texts(saved(admin, "svg"))
    assert {"Ada Lovelace", "2", "100%"} <= {*written}
    assert "Highcharts.com" not in written
