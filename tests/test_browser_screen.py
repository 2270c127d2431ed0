"""The screen in a real Chromium: its keys, its shapes, and what it does when the server is away."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Request, WebSocketRoute, expect

from tests.phones import Browser as Visitor
from tests.phones import Phone, phone
from tests.serving import ADA, CONFIG, EDSGER, GRACE, Server, dashboard, poll_config
from tests.steward import Steward
from tests.windows import LAPTOP, PROJECTOR, LossyLine, Window, connected, draws, shows

pytestmark = pytest.mark.browser

SHOW = (
    CONFIG
    + """
[[polls]]
question = "What would you like for lunch?"
candidates = ["Soup", "Salad"]
results = "hidden"
countdown = 600

[screen]
columns = "3d"
"""
)
PASSWORD = "correct horse"

LONG = "Augusta Ada King, Countess of Lovelace, the first to publish a program, née Byron"[:80]
CHINESE = "下一场演讲应该由谁来做这个问题很长" * 5
ENDLESS = "Which of all these many things would you rather do, if nobody were looking? " * 3
NAMES = {
    "short": lambda n: [f"Name {place}" for place in range(1, n + 1)],
    "long": lambda n: [f"{place} {LONG}"[:80] for place in range(1, n + 1)],
    "chinese": lambda n: [f"{place}{CHINESE}"[:80] for place in range(1, n + 1)],
}
FEW = 12
NUMBERS = (3, 12, 13, 24, 25, 50)
# Which shape each room has; of names too long for columns there are rows.
ROOMS = {
    (number, kind): "columns"
    if number <= FEW and kind == "short"
    else "rows"
    if number <= 24
    else "pairs"
    for number in NUMBERS
    for kind in NAMES
}
HARDEST = {
    room: ROOMS[room] for room in [(3, "long"), (12, "short"), (12, "chinese"), (12, "long")]
}
HARDEST |= {
    room: ROOMS[room] for room in [(13, "short"), (24, "long"), (25, "short"), (50, "long")]
}

DEEP = "() => Highcharts.charts.find(Boolean).options.chart.options3d?.enabled"

# What the back row sees: sizes as computed; what leaves the window, or lies over something else.
MEASURED = """() => {
    const seen = (name) => [...document.querySelectorAll(name)]
        .filter((it) => it.checkVisibility());
    const size = (name) => Math.min(
        ...seen(name).map((it) => parseFloat(getComputedStyle(it).fontSize)));
    // A name may end in dots at the end of its place; a number is as wide as its digits.
    const ink = (it) => {
        const range = document.createRange();
        range.selectNodeContents(it);
        const text = range.getBoundingClientRect();
        const box = it.closest("th, td").getBoundingClientRect();
        const right = it.matches(".name") ? Math.min(text.right, box.right) : text.right;
        return { left: Math.max(text.left, box.left), right };
    };
    const rows = seen("#candidates tr");
    const isTouching = (row) => {
        const parts = [...row.querySelectorAll(".letter, .name, .strip, .share, .earlier, .count")]
            .filter((it) => it.getBoundingClientRect().width > 1)
            .map(ink);
        return parts.slice(1).some(({ left }, place) => left < parts[place].right);
    };
    const boxes = rows.map((row) => row.getBoundingClientRect());
    const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1
        && a.top < b.bottom - 1 && b.top < a.bottom - 1;
    const isCut = (it) => getComputedStyle(it).overflow === "hidden"
        && it.scrollWidth > it.clientWidth;
    const root = document.documentElement;
    const { layout } = document.body.dataset;
    // In columns the numbers are the chart's.
    const parts = ["#question", ".name", ".turnout .figure", layout === "columns" ? "" : ".count"];
    return {
        layout,
        sizes: parts.filter(Boolean).map((name) => [name, size(name)]),
        overflow: [root.scrollWidth - innerWidth, root.scrollHeight - innerHeight],
        cut: seen(".name").filter(isCut).length,
        touching: layout === "columns" ? 0 : rows.filter(isTouching).length,
        over: boxes.filter((box, at) => boxes.slice(at + 1).some((it) => meet(box, it))).length,
        outside: boxes.filter((it) => it.bottom > innerHeight || it.right > innerWidth).length,
    };
}"""


@pytest.fixture
def show(
    serve: Callable[..., Server], windows: Callable[[Server], Window]
) -> tuple[Server, Window]:
    """A show of two questions, the second with a hidden result."""
    server = serve(SHOW)
    return server, windows(server)


def steered(window: Window, steward: Steward, **context: object) -> Page:
    """Open the screen in a browser that is logged in as admin."""
    page = window.screen(**context)
    page.context.add_cookies(steward.cookies)
    page.reload()
    connected(page)
    return page


def press(page: Page, *keys: str) -> None:
    """Press keys, each once the screen takes them again after the last change."""
    for key in keys:
        expect(page.locator("body:not([data-fresh])")).to_be_visible()
        page.keyboard.press(key)


def look(page: Page, **wanted: str) -> None:
    """Wait until the page's body and root say what is wanted."""
    for name, value in wanted.items():
        where = "html" if name in ("theme", "text") else "body"
        expect(page.locator(where)).to_have_attribute(f"data-{name}", value)


def forget(window: Window, *statuses: int) -> None:
    """Strike from the complaints what Chromium says of answers that were meant so."""
    meant = tuple(
        f"Failed to load resource: the server responded with a status of {n}" for n in statuses
    )
    window.complaints[:] = [said for said in window.complaints if not said.startswith(meant)]


def left_to_right(page: Page) -> list[str]:
    """Return the letters of the candidates as they are seen, in the order of reading."""
    return page.evaluate("""() => [...document.querySelectorAll("#candidates .letter")]
        .map((each) => [each.textContent, each.getBoundingClientRect()])
        .sort(([, a], [, b]) => a.left + a.top * 2 - b.left - b.top * 2).map(([text]) => text)""")


# Keys


def test_keys_change_the_look_and_the_browser_remembers_it(window: Window, server: Server) -> None:
    """Theme, size of text, order, style, code; each is a button of the list as well."""
    screen, voter = window.screen(), phone(server)
    voter.vote(GRACE)
    voter.until(type="receipt")
    draws(screen, **{GRACE: 1})
    look(screen, theme="dark", text="1", code="corner")
    size = float(screen.evaluate("parseFloat(getComputedStyle(question).fontSize)"))
    assert left_to_right(screen) == ["A", "B", "C"]

    press(screen, "t", "+", "S", "3")
    look(screen, theme="light", text="2")
    assert float(screen.evaluate("parseFloat(getComputedStyle(question).fontSize)")) > size
    assert left_to_right(screen) == ["B", "A", "C"]
    draws(screen, **{GRACE: 1})
    screen.wait_for_function(DEEP)
    press(screen, "-", "-", "-")
    look(screen, text="0")

    screen.reload()
    connected(screen)
    look(screen, theme="light", text="0", code="corner")
    assert left_to_right(screen) == ["B", "A", "C"]

    press(screen, "?")
    for doing, wanted in (
        ("theme", {"theme": "dark"}),
        ("larger", {"text": "1"}),
        ("smaller", {"text": "0"}),
        ("code", {"code": "none"}),
    ):
        screen.locator(f"#keys [data-do={doing}]").click()
        look(screen, **wanted)
    screen.locator("#keys [data-do=sort]").click()
    press(screen, "Escape")
    expect(screen.locator("#keys")).to_be_hidden()
    assert left_to_right(screen) == ["A", "B", "C"]


def test_a_light_screen_is_light_from_its_first_paint(window: Window) -> None:
    """What is remembered is there before the scripts that draw the room have come."""
    screen = window.screen()
    press(screen, "t", "+")
    screen.route("**/presenter.js", lambda route: route.abort())
    screen.reload()
    look(screen, theme="light", text="2", connection="connecting")


def test_full_screen_is_entered_and_left_by_its_key(window: Window) -> None:
    """Where a browser has none, the screen says so."""
    screen = window.screen()
    press(screen, "f")
    screen.wait_for_function("() => document.fullscreenElement !== null")
    press(screen, "f")
    screen.wait_for_function("() => document.fullscreenElement === null")
    screen.evaluate("document.documentElement.requestFullscreen = undefined")
    press(screen, "f")
    expect(screen.locator("#said")).to_have_text("This browser does not offer the full screen.")


def test_keys_that_are_not_meant_for_the_screen_do_nothing(show: tuple[Server, Window]) -> None:
    """With Ctrl, Alt or Meta, held down, while a question is asked, or turned off altogether."""
    server, window = show
    screen = steered(window, Steward(server))
    for key in ("Control+Shift+t", "Alt+t", "Meta+t", "x"):
        press(screen, key)
    screen.evaluate(
        "dispatch = (init) => document.body.dispatchEvent("
        "new KeyboardEvent('keydown', { bubbles: true, ...init }))"
    )
    screen.evaluate("dispatch({ key: 't', code: 'KeyT', repeat: true })")
    look(screen, theme="dark")
    # A Russian keyboard has е where t would be.
    screen.evaluate("dispatch({ key: 'е', code: 'KeyT' })")
    look(screen, theme="light")

    press(screen, "?")
    screen.locator("#keys-on").uncheck()
    press(screen, "t", "Escape")
    look(screen, theme="light")
    screen.reload()
    connected(screen)
    press(screen, "t", "?")
    expect(screen.locator("#keys")).to_be_hidden()
    look(screen, theme="light")
    screen.get_by_role("button", name="Keys").click()
    expect(screen.locator("#keys")).to_be_visible()
    expect(screen.locator("#keys-on")).not_to_be_checked()
    screen.locator("#keys [data-do=theme]").click()
    look(screen, theme="dark")


def test_the_admins_keys_lead_through_the_show(show: tuple[Server, Window]) -> None:
    """Close, open, reset after the server's question, next, reveal; a refusal is a sentence."""
    server, window = show
    steward = Steward(server)
    screen = steered(window, steward)
    steward.fill([2])
    draws(screen, **{ADA: 2})
    screen.wait_for_function(DEEP)  # as config.toml proposes

    press(screen, "r")
    expect(screen.locator("#ask")).to_contain_text("2 ballots")
    press(screen, "Escape")
    expect(screen.locator("#ask")).to_be_hidden()
    shows(screen, **{ADA: 2})
    press(screen, "r")
    press(screen, "o")  # not while a question is asked
    screen.get_by_role("button", name="Reset the round").click()
    shows(screen)
    assert steward.look()["round"] == {**steward.look()["round"], "id": 2, "state": "open"}

    press(screen, "o")
    look(screen, round="closed")
    press(screen, "o")
    look(screen, round="open")
    assert steward.look()["round"]["id"] == 2  # the second press takes the first one back
    press(screen, "v")
    expect(screen.locator("#said")).to_have_text("Everybody sees the numbers already.")

    steward.fill([1])
    draws(screen, **{ADA: 1})
    press(screen, "n")
    screen.get_by_role("button", name="Close it and go on").click()
    expect(screen.locator("#question")).to_have_text("What would you like for lunch?")
    expect(screen.locator("#said")).to_be_hidden()
    press(screen, "o")
    look(screen, round="open")
    expect(screen.locator("#countdown")).to_have_text(re.compile(r"10:00|9:5\d"))
    steward.fill([1, 2])
    look(screen, stage="hidden")
    expect(screen.locator(".turnout")).to_have_text("3 of 6 have voted")
    press(screen, "v")
    look(screen, stage="chart")
    expect(screen.locator("span[data-count=salad]")).to_have_text("2")

    press(screen, "?")
    screen.locator("#keys [data-do=turn]").click()
    look(screen, round="closed")
    expect(screen.locator("#keys")).to_be_hidden()
    press(screen, "n")
    expect(screen.locator("#said")).to_have_text("This is the last question.")
    forget(window, 409)


def test_two_presses_of_a_key_are_one(show: tuple[Server, Window]) -> None:
    """Neither while the first is under way, nor on what it has just made."""
    server, window = show
    steward = Steward(server)
    screen = steered(window, steward)
    posted: list[Request] = []
    screen.on("request", lambda sent: sent.method == "POST" and posted.append(sent))
    # The third press comes at the very moment when the closed round is shown.
    screen.evaluate("""() => new MutationObserver(() => document.body.dispatchEvent(
        new KeyboardEvent("keydown", { key: "o", code: "KeyO", bubbles: true })))
        .observe(document.body, { attributeFilter: ["data-round"] })""")
    screen.keyboard.press("o")
    screen.keyboard.press("o")
    look(screen, round="closed")
    expect(screen.locator("body:not([data-fresh])")).to_be_visible()
    assert [sent.url.rpartition("/")[2] for sent in posted] == ["close"]
    assert steward.look()["round"]["id"] == 1
    expect(screen.locator("#said")).to_be_hidden()


def test_a_question_about_one_round_goes_when_another_begins(show: tuple[Server, Window]) -> None:
    """An admin elsewhere resets while the screen asks."""
    server, window = show
    steward = Steward(server)
    screen = steered(window, steward)
    steward.fill([1])
    shows(screen, **{ADA: 1})
    press(screen, "r")
    expect(screen.locator("#ask")).to_be_visible()
    steward.steer("reset")
    expect(screen.locator("#ask")).to_be_hidden()
    assert steward.look()["round"]["id"] == 2


# The login


def test_a_key_asks_for_the_login_and_then_does_what_was_asked(
    show: tuple[Server, Window],
) -> None:
    """A wrong password says so and leaves the keyboard where it is; the right one goes on."""
    server, window = show
    assert dashboard("password", "--config", server.config, stdin=PASSWORD + "\n").returncode == 0
    screen = window.screen()
    press(screen, "o")
    password = screen.get_by_label("Admin password")
    expect(password).to_be_focused()
    password.press_sequentially("too")  # typing is no key
    password.press("Enter")
    expect(screen.locator("#login-problem")).to_have_text("That is not the password.")
    expect(password).to_be_focused()
    look(screen, round="open", theme="dark")
    password.fill(PASSWORD)
    password.press("Enter")
    look(screen, round="closed")
    expect(screen.locator("#login")).to_be_hidden()
    press(screen, "o")
    look(screen, round="open")
    forget(window, 401)


def test_a_screen_and_a_desk_in_one_browser_both_go_on(window: Window, server: Server) -> None:
    """The screen was open before the admin came in, and the desk before its admin came to vote:
    each login renews the session, and neither page has to be loaded again.
    """
    screen = window.screen()
    desk = window.tab(screen.context, f"/admin/login?link={server.link}")
    desk.locator("main button").click()
    connected(desk)
    screen.bring_to_front()
    press(screen, "o")
    look(screen, round="closed")
    vote = window.tab(screen.context, "/login")
    vote.get_by_role("textbox").press("Enter")
    connected(vote)
    desk.bring_to_front()
    expect(desk.locator("main:not([data-fresh])")).to_be_visible()
    desk.locator(".actions .primary:visible").click()
    look(screen, round="open")
    forget(window, 400)


def test_without_a_password_a_key_tells_of_the_link(window: Window, server: Server) -> None:
    """The link from the terminal is opened in the same browser; then the key acts."""
    screen = window.screen()
    press(screen, "o")
    expect(screen.locator("#login")).to_be_visible()
    expect(screen.locator("#login")).to_contain_text("Open the admin link that the terminal showed")
    press(screen, "Escape")
    look(screen, round="open")
    desk = window.tab(screen.context, f"/admin/login?link={server.link}")
    desk.get_by_role("button", name=re.compile("admin")).click()
    connected(desk)
    press(screen, "o")
    look(screen, round="closed")
    forget(window, 400, 401)


# The code to join


def test_the_code_is_large_then_in_the_corner_then_away(window: Window, server: Server) -> None:
    """Half the height before the first vote; afterwards by key; always what phones can reach."""
    screen = window.screen()
    code, height = screen.locator("#join-code"), PROJECTOR["height"]

    def tall() -> float:
        box = code.bounding_box()
        assert box is not None
        assert box["width"] == pytest.approx(box["height"])
        return box["height"] / height

    expect(screen.locator("#join-link")).to_have_text("vote.example:5000")  # opened as 127.0.0.1
    assert tall() == pytest.approx(0.5, abs=0.02)
    voter = phone(server)
    voter.vote(ADA)
    draws(screen, **{ADA: 1})
    look(screen, code="corner")
    assert 0.2 < tall() < 0.35
    press(screen, "q")
    expect(code).to_be_hidden()
    press(screen, "q")
    look(screen, code="big")
    assert tall() == pytest.approx(0.5, abs=0.02)
    press(screen, "q")
    look(screen, code="corner")
    draws(screen, **{ADA: 1})


def test_the_code_follows_the_address(window: Window, server: Server) -> None:
    """Another network is another code; without any, the screen kindly says so."""
    lines: list[tuple[WebSocketRoute, str]] = []

    def through(line: WebSocketRoute) -> None:
        server = line.connect_to_server()

        def pass_on(text: str | bytes) -> None:
            lines.append((line, str(text)))
            line.send(text)

        server.on_message(pass_on)

    screen = window.screen()
    screen.route_web_socket(re.compile("/live"), through)
    screen.reload()
    connected(screen)
    line, state = next((line, text) for line, text in lines if '"type":"state"' in text)
    fetched: list[str] = []
    screen.on("request", lambda sent: fetched.append(sent.url))
    moved = state.replace('"http://vote.example:5000"', '"http://192.168.7.8:5000"')
    line.send(moved)
    expect(screen.locator("#join-link")).to_have_text("192.168.7.8:5000")
    expect(screen.locator("#join-code")).to_have_js_property("complete", True)
    assert [url for url in fetched if "/join.svg?" in url and "192.168.7.8" in url]
    line.send(state.replace('"http://vote.example:5000"', "null"))
    expect(screen.locator("#join-code")).to_be_hidden()
    expect(screen.locator("#join-notice")).to_contain_text("in no network")
    line.send(state)
    expect(screen.locator("#join-link")).to_have_text("vote.example:5000")
    expect(screen.locator("#join-notice")).to_be_hidden()


# Shapes


def test_every_room_fits_the_screen_and_can_be_read_from_the_back_row(
    serve: Callable[..., Server], windows: Callable[[Server], Window]
) -> None:
    """Columns, rows, pairs of rows: sizes, nothing outside, nothing over anything else."""
    rooms = ROOMS if os.environ.get("TEST_ALL") else HARDEST
    texts = [
        poll_config(
            id=f"{number}-{kind}",
            question=ENDLESS[:200] if kind == "long" else f"Which of these {number}?",
            candidates=NAMES[kind](number),
        ).partition("\n[server]")[0]
        for number, kind in rooms
    ]
    server = serve("\n".join(texts) + CONFIG[CONFIG.index("\n[server]") :])
    window, steward = windows(server), Steward(server)
    projector, laptop = window.screen(), window.screen(size=LAPTOP)
    for (number, kind), layout in rooms.items():
        poll = f"{number}-{kind}"
        if steward.look()["poll"]["id"] != poll:
            steward.steer("stage", poll=poll)
            steward.steer("open")
        expect(projector.locator("#candidates tr")).to_have_count(number)
        for stage in ("join", "chart"):
            if stage == "chart":
                steward.fill([2, 1])
            for page in (projector, laptop):
                look(page, stage=stage, code="big" if stage == "join" else "corner")
                found = page.evaluate(MEASURED)
                told = f"{poll} {stage}: {found}"
                assert found["layout"] == layout, told
                assert found["overflow"] == [0, 0], told
                assert [found[each] for each in ("touching", "over", "outside")] == [0, 0, 0], told
                assert found["cut"] == 0 or number > FEW, told
            least = {"#question": 48, ".name": 32 if number <= FEW else 24}
            for part, size in projector.evaluate(MEASURED)["sizes"]:
                assert size is None or size >= least.get(part, 40), (poll, stage, part, size)
        for page in (projector, laptop):
            expect(page.locator("#countdown")).to_be_hidden()
            expect(page.locator(".turnout")).to_be_in_viewport(ratio=1)
        steward.steer("close")


def test_rows_stand_beside_an_earlier_rounds_and_change_places(
    serve: Callable[..., Server], windows: Callable[[Server], Window]
) -> None:
    """Also above twenty-four: both numbers in one line, ranked by the present ones."""
    server = serve(poll_config(id="many", question="Which?", candidates=NAMES["short"](30)))
    window, steward = windows(server), Steward(server)
    screen = window.screen()
    ids = [one["id"] for one in steward.look()["poll"]["candidates"]]
    steward.fill([1, 3])
    steward.steer("close")
    steward.steer("open")
    steward.steer("compare", target=1)
    steward.fill([1, 0, 2])
    third = screen.locator(f"[data-candidate={ids[2]}]")
    expect(third.locator(".count")).to_have_text("2")
    second = screen.locator(f"[data-candidate={ids[1]}]")
    expect(second.locator(".earlier")).to_have_text("3")
    expect(screen.locator("#legend")).to_have_text(re.compile(r"Round 1\s+Round 2"))
    assert screen.evaluate("innerHeight >= document.documentElement.scrollHeight")
    press(screen, "s")
    expect(third).to_have_js_property("style.order", "0")
    boxes = [
        screen.locator(f"[data-candidate={ids[place]}]").bounding_box() for place in (2, 0, 1, 29)
    ]
    assert all(boxes)
    places = [(box["x"], box["y"]) for box in boxes if box]
    assert places == sorted(places)
    rows = screen.get_by_role("table").get_by_role("row")
    expect(rows.nth(2)).to_contain_text("Name 2")  # who hears the table hears the ballot's order


def test_the_candidates_are_a_table_in_every_shape(window: Window, server: Server) -> None:
    """Names are headers of their rows, and numbers are cells, beside the chart as without it."""
    screen = window.screen()
    voter = phone(server)
    voter.vote(ADA)
    draws(screen, **{ADA: 1})
    heard = ['row "A Ada Lovelace 100% 1"', 'rowheader "A Ada Lovelace"', 'cell "100%"', 'cell "1"']
    for layout in ("columns", "rows"):
        look(screen, layout=layout)
        table = screen.get_by_role("table", name="The candidates and their votes")
        for line in heard:
            assert line in table.aria_snapshot(), layout
        screen.set_viewport_size({"width": 600, "height": 900})


def test_text_twice_as_large_leaves_nothing_out(window: Window, server: Server) -> None:
    """By its key, which asks twice for more than fits, and by the browser's own zoom.

    The page may then scroll, downwards alone.
    """
    screen = window.screen()
    voter = phone(server)
    voter.vote(EDSGER)
    draws(screen, **{EDSGER: 1})
    press(screen, "+", "+", "+")
    expect(screen.locator("#said")).to_contain_text("as large as fits")
    look(screen, text="3")
    assert screen.evaluate("document.documentElement.scrollHeight <= innerHeight")
    press(screen, "+")
    look(screen, text="4")
    for size in (PROJECTOR, {"width": 640, "height": 360}):
        screen.set_viewport_size(size)
        assert screen.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for each in ("#question", ".turnout", "#keys-open", "[data-count=edsger-dijks]"):
            expect(screen.locator(each)).to_be_visible()


def test_opened_as_localhost_it_shows_what_phones_can_reach(
    serve: Callable[..., Server], windows: Callable[[Server], Window]
) -> None:
    """The address of a network, as the server sees it; without a network it says so."""
    server = serve(CONFIG[: CONFIG.index("[server]")])
    screen = windows(server).screen()
    address = Phone(Visitor(server), "screen").until(type="state")["join"]
    if address is None:
        expect(screen.locator("#join-notice")).to_be_visible()
    else:
        expect(screen.locator("#join-link")).to_have_attribute("href", address)
        expect(screen.locator("#join-link")).to_have_text(address.removeprefix("http://"))
        assert not re.search(r"127\.|localhost", address)


# The room goes on


def test_the_last_seconds_are_marked_by_more_than_a_colour(
    serve: Callable[..., Server], windows: Callable[[Server], Window]
) -> None:
    """With fifty rows, too, where time and turnout are seen as before."""
    server = serve(poll_config(question="Which?", candidates=NAMES["long"](50)))
    window, steward = windows(server), Steward(server)
    screen = window.screen()
    countdown = screen.locator("#countdown")
    ground = "each => getComputedStyle(each).backgroundColor"
    steward.steer("extend", seconds=600)
    look(screen, layout="pairs")
    expect(countdown).to_be_in_viewport(ratio=1)
    expect(countdown).to_have_attribute("data-countdown", "running")
    calm = countdown.evaluate(ground)
    steward.steer("extend", seconds="")
    steward.steer("extend", seconds=9)
    expect(countdown).to_have_attribute("data-countdown", "last")
    assert countdown.evaluate(ground) != calm
    expect(screen.locator(".turnout")).to_be_in_viewport(ratio=1)
    assert screen.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_the_room_is_told_to_whoever_hears_it(show: tuple[Server, Window]) -> None:
    """One polite region: the round as it changes, with turnout and leaders; the focus stays."""
    server, window = show
    steward = Steward(server)
    screen = steered(window, steward)
    keys = screen.get_by_role("button", name="Keys")
    keys.focus()
    expect(screen.locator("[aria-live], [role=status], [role=alert]")).to_have_count(1)
    heard = screen.locator("#announcer")
    expect(heard).to_be_empty()
    steward.fill([2, 1])
    draws(screen, **{ADA: 2, GRACE: 1})
    steward.steer("close")
    expect(heard).to_contain_text("Voting has closed")
    expect(heard).to_contain_text("3 of 3 have voted. Ahead: Ada Lovelace, 2.")
    expect(keys).to_be_focused()


@pytest.mark.parametrize("way", ["kill", "stop"] if os.environ.get("TEST_ALL") else ["kill"])
def test_a_screen_without_its_server_keeps_everything(
    show: tuple[Server, Window], way: str
) -> None:
    """It says since when, the picture stays and does not move; then it goes on by itself."""
    server, window = show
    steward = Steward(server)
    screen = window.screen()
    press(screen, "t", "s", "+")
    steward.fill([1, 2])
    draws(screen, **{ADA: 1, GRACE: 2})
    before = screen.locator("#chart").bounding_box()
    getattr(server, way)()
    look(screen, connection="reconnecting")
    expect(screen.locator("#connection")).to_have_text(
        re.compile(r"No connection since \d\d:\d\d; the numbers are from then\.")
    )
    draws(screen, **{ADA: 1, GRACE: 2})
    assert screen.locator("#chart").bounding_box() == before
    press(screen, "-", "+")
    server.start()
    connected(screen)
    voter = phone(server)
    voter.vote(ADA)
    draws(screen, **{ADA: 2, GRACE: 2})
    look(screen, theme="light", text="2", layout="columns", code="corner")
    assert left_to_right(screen) == ["B", "A", "C"]  # level, so nobody has moved


def test_a_laptop_that_slept_replaces_its_dead_line(window: Window, server: Server) -> None:
    """The socket says that it is open, and nothing comes: on waking the page asks."""
    screen = window.screen()
    line = LossyLine(screen)
    press(screen, "t")
    voter = phone(server)
    line.freeze()
    voter.vote(ADA)
    voter.until(type="receipt")
    look(screen, connection="connected", stage="join")
    screen.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    draws(screen, **{ADA: 1})
    connected(screen)
    assert line.opened == 2
    look(screen, theme="light", stage="chart")


def test_the_screen_stays_awake_while_it_is_seen(window: Window, server: Server) -> None:
    """Asked for at the start and whenever it comes to sight again."""
    screen = window.open("/login", PROJECTOR)
    screen.add_init_script(
        "asked = 0; navigator.wakeLock.request = async (kind) => { asked += kind === 'screen'; };"
    )
    screen.goto(f"{server.url}/present")
    connected(screen)
    assert screen.evaluate("asked") == 1
    screen.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert screen.evaluate("asked") == 2


def test_without_scripts_or_chart_the_screen_has_the_same_rows(
    window: Window, server: Server
) -> None:
    """Names, bars and numbers, in one line each."""
    voter = phone(server)
    voter.vote(ADA)
    voter.until(type="receipt")
    still = window.open("/present", PROJECTOR, java_script_enabled=False)
    bare = window.open("/login", PROJECTOR)
    bare.context.route("**/highcharts.js", lambda route: route.abort())
    bare.goto(f"{server.url}/present")
    connected(bare)
    expect(bare.locator("#chart-note")).to_be_visible()
    for page in (still, bare):
        look(page, layout="rows")
        row = page.locator(f"[data-candidate={ADA}]")
        expect(row.locator(".strip rect")).to_be_visible()
        expect(row).to_contain_text(re.compile(r"A\s+Ada Lovelace\s+100%\s+1"))
        expect(page.locator(".turnout")).to_have_text("1 of 1 has voted")
