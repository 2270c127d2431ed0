"""The chart alone, in a frame of slides or over a stream: who may frame it, and what it shows."""

from __future__ import annotations

import base64
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.phones import Browser as Visitor
from tests.phones import Phone, phone
from tests.serving import ADA, CONFIG, GRACE, Server, poll_config
from tests.windows import LAPTOP, Window, agrees, connected, draws

pytestmark = pytest.mark.browser


class Slides(ThreadingHTTPServer):
    """Somebody else's server, whose pages frame the address in their query."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Slide)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Slide(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        source = self.path.partition("?")[2]
        frame = f'<iframe src="{source}" width="1200" height="675" frameborder="0"></iframe>'
        self.wfile.write(f'<!doctype html><link rel="icon" href="data:,">{frame}'.encode())

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def slides() -> Iterator[Callable[[], Slides]]:
    """Starts other people's servers; they end with the test."""
    started: list[Slides] = []

    def start() -> Slides:
        started.append(Slides())
        return started[-1]

    yield start
    for one in started:
        one.shutdown()
        one.server_close()


def framed(page: Page, slides: Slides, address: str) -> FrameLocator:
    """Open a slide that frames an address of ours, and return what is in the frame."""
    page.goto(f"{slides.origin}/?{address}")
    return page.frame_locator("iframe")


def cast(voter: Phone, choice: str) -> None:
    voter.vote(choice)
    voter.until(type="receipt")


def test_slides_of_a_listed_origin_show_the_chart_and_others_do_not(
    serve: Callable[..., Server],
    windows: Callable[[Server], Window],
    slides: Callable[[], Slides],
) -> None:
    """Live and with depth in the frame of one, refused in the frame of the other."""
    ours, others = slides(), slides()
    config = f'{CONFIG}\n[embed]\norigins = ["{ours.origin}"]\n[screen]\ncolumns = "3d"\n'
    server = serve(config)
    window = windows(server)
    page = window.open("/login", LAPTOP)
    voter = phone(server)
    inside = framed(page, ours, f"{server.url}/embed")
    expect(inside.locator("body")).to_have_attribute("data-connection", "connected")
    expect(inside.locator("#instead")).to_have_text("Voting is open")
    cast(voter, ADA)
    count = inside.locator(f"[data-count={ADA}]")
    expect(count).to_have_text("1")
    expect(inside.locator("#chart .highcharts-data-label").first).to_contain_text("100%")
    cast(voter, GRACE)
    expect(count).to_have_text("0")
    expect(inside.locator(".highcharts-3d-chart")).to_be_visible()

    with page.expect_event("console", lambda said: "frame-ancestors" in said.text):
        refused = framed(page, others, f"{server.url}/embed")
    expect(refused.locator("#candidates")).to_have_count(0)
    with page.expect_event("console", lambda said: "frame-ancestors" in said.text):
        refused = framed(page, ours, f"{server.url}/present")
    expect(refused.locator("#candidates")).to_have_count(0)
    window.complaints[:] = [each for each in window.complaints if "frame-ancestors" not in each]


def test_the_frame_says_what_may_be_seen_and_keeps_its_picture(
    window: Window, server: Server, admin: Visitor
) -> None:
    """Empty, live, hidden, revealed, without a server; and without its question if asked."""
    page = window.open("/embed?question=0&theme=light", LAPTOP)
    connected(page)
    expect(page.locator("#instead")).to_be_visible()
    expect(page.locator("#chart")).to_be_hidden()
    box = page.locator("h1").bounding_box()
    assert box is not None
    assert box["width"] <= 1
    voter = phone(server)
    cast(voter, ADA)
    draws(page, **{ADA: 1})
    agrees(page, below=True)

    assert admin.steer("show", voter.state, target=1, results="hidden").json["ok"]
    expect(page.locator("#instead")).to_have_text("1 of 1 has voted")
    expect(page.locator("#chart")).to_be_hidden()
    expect(page.locator(f"[data-count={ADA}]")).to_have_text("")
    voter.until(type="state", results="hidden")
    assert admin.steer("show", voter.state, target=1, results="live").json["ok"]
    draws(page, **{ADA: 1})

    server.kill()
    expect(page.locator("#away")).to_be_visible()
    expect(page.locator("#away")).to_contain_text("the numbers are from then")
    # It speaks every five seconds at most, and has just spoken of the result.
    expect(page.get_by_role("status")).to_contain_text("No connection", timeout=10_000)
    agrees(page, below=True)
    server.start()
    # The longest wait between two attempts, and some more.
    expect(page.locator("#away")).to_be_hidden(timeout=15_000)
    cast(phone(server), GRACE)
    draws(page, **{ADA: 1, GRACE: 1})


def test_an_overlay_lets_the_picture_below_it_through(window: Window, server: Server) -> None:
    """Where nothing is drawn, nothing is painted; the other grounds are opaque."""
    cast(phone(server), ADA)
    clear = {}
    for theme in ("transparent", "dark", "light"):
        page = window.open(f"/embed?theme={theme}&question=0", LAPTOP, color_scheme="dark")
        draws(page, **{ADA: 1})
        png = page.screenshot(omit_background=True)
        clear[theme] = page.evaluate(
            """async (base64) => {
                const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
                const image = await createImageBitmap(new Blob([bytes]));
                const pen = new OffscreenCanvas(image.width, image.height).getContext("2d");
                pen.drawImage(image, 0, 0);
                const { data } = pen.getImageData(0, 0, image.width, image.height);
                let through = 0;
                for (let at = 3; at < data.length; at += 4) through += data[at] === 0;
                return through / (data.length / 4);
            }""",
            base64.b64encode(png).decode(),
        )
    assert clear["transparent"] > 0.5
    assert clear["dark"] == clear["light"] == 0


def test_many_are_rows_and_without_highcharts_all_are(
    serve: Callable[..., Server], windows: Callable[[Server], Window]
) -> None:
    """Every name, number and bar in one window, and nothing to scroll to."""
    rooms = [(3, 640), (50, 1920), *([(12, 1280), (14, 960)] if os.environ.get("TEST_ALL") else [])]
    for number, width in rooms:
        names = [f"Candidate {n}" for n in range(number)]
        server = serve(poll_config(question="Which?", candidates=names))
        cast(phone(server), "candidate-1")
        page = windows(server).open("/login", {"width": width, "height": width * 9 // 16})
        page.context.route("**/highcharts.js", lambda route: route.abort())
        page.goto(server.url + "/embed")
        connected(page)
        row = page.locator("[data-candidate=candidate-1]")
        expect(row.locator(".strip rect")).to_be_visible()
        expect(row.locator(".strip rect")).to_have_attribute("width", "33.33%")
        expect(row.locator(".count")).to_have_text("1")
        expect(page.locator("#candidates .name:visible")).to_have_count(number)
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), number
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), number
