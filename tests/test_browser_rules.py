"""Each rule's whole life on a phone in a real Chromium, and what the screen shows of it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.faults import FileLimit, locked
from tests.phones import Browser as Visitor
from tests.phones import Phone
from tests.serving import CONFIG, Server, poll_config
from tests.windows import LossyLine, Window, connected

pytestmark = pytest.mark.browser

KILLS = 10 if os.environ.get("TEST_ALL") else 1
PATIENCE_MS = 20_000  # a page that loses its line again and again comes back more slowly
NAMES = ["Ada", "Bob", "Cy", "Di"]
SEVERAL = {"question": "Which talks?", "candidates": NAMES, "rule": "approval", "max_choices": 3}
ONCE = {**SEVERAL, "max_choices": 2, "changes": False}
TAPS = {"question": "Clap for whom?", "candidates": NAMES, "rule": "taps"}
SINGLE = {"question": "Who?", "candidates": NAMES}


class Room:
    """A server with polls of the test's own, its pages, and its admin."""

    def __init__(self, browser: Browser, server: Server) -> None:
        self.server = server
        self.window = Window(browser, server)
        self._admin = Visitor(server).become_admin()

    def state(self) -> dict[str, Any]:
        """Return what an admin sees now; that is what the server counts."""
        page = Phone(self._admin, "admin")
        page.until(type="state")
        page.close()
        return page.state

    def counted(self) -> dict[str, int]:
        """Return the candidates that have any votes, with how many."""
        return {candidate: n for candidate, n in self.state()["counts"].items() if n}

    def steer(self, action: str, **more: object) -> dict[str, Any]:
        """Press an admin's button, and return what the admin then sees."""
        assert self._admin.steer(action, self.state(), **more).status == 200
        return self.state()

    def phone_of(self, page: Page) -> Phone:
        """Connect once more as the voter of a page."""
        cookies = {c["name"]: c["value"] for c in page.context.cookies()}
        other = Phone(Visitor(self.server, cookies))
        other.until(type="state")
        return other


@pytest.fixture
def open_room(browser: Browser, serve: Callable[..., Server]) -> Iterator[Callable[..., Room]]:
    """Start servers with the given polls; none of their pages may have complained by the end."""
    rooms: list[Room] = []

    def start(*polls: dict[str, Any]) -> Room:
        texts = [poll_config(**poll).partition("\n[server]")[0] for poll in polls]
        config = "\n".join(texts) + CONFIG[CONFIG.index("\n[server]") :]
        rooms.append(Room(browser, serve(config)))
        return rooms[-1]

    yield start
    for room in rooms:
        room.window.close()
        assert room.window.complaints == []


def tap(page: Page, *candidates: str) -> None:
    for candidate in candidates:
        page.locator(f"[data-candidate={candidate}]").click()


def status(page: Page, kind: str, *words: str) -> None:
    """Wait until the status line is of a kind and holds some words."""
    expect(page.locator("#status")).to_have_attribute("data-status", kind, timeout=PATIENCE_MS)
    for said in words:
        expect(page.locator("#status")).to_contain_text(said)


def chosen(page: Page, *candidates: str, vote: str = "counted") -> None:
    """Wait until exactly these rows carry the vote, so far on its way."""
    expect(page.locator("[aria-pressed=true]")).to_have_count(len(candidates))
    for candidate in candidates:
        row = page.locator(f"[data-candidate={candidate}]")
        expect(row).to_have_attribute("data-vote", vote)


def tapped(page: Page, total: int, **rows: str) -> None:
    """Wait until so many taps of this voter are counted, and what their rows say."""
    status(page, "counted", f"Your counted taps: {total}.")
    for candidate, mark in rows.items():
        expect(page.locator(f"[data-candidate={candidate}] .mark")).to_have_text(mark)


def listen(page: Page) -> list[str]:
    """Reload a page, and keep everything that it is sent from then on."""
    heard: list[str] = []
    page.on(
        "websocket", lambda line: line.on("framereceived", lambda text: heard.append(str(text)))
    )
    page.reload()
    connected(page)
    return heard


# Approval


def test_an_approval_vote_follows_each_tap(open_room: Callable[..., Room]) -> None:
    """Each tap sends the whole new set; the screen, another tab and a reload agree."""
    room = open_room(SEVERAL)
    voter, screen = room.window.voter(), room.window.screen()
    expect(voter.locator("#chosen")).to_have_text("0 chosen, up to 3")
    for candidate, set_then in (("ada", ["ada"]), ("cy", ["ada", "cy"]), ("ada", ["cy"])):
        tap(voter, candidate)
        status(voter, "counted", *(name.capitalize() for name in set_then))
        chosen(voter, *set_then)
        assert room.counted() == dict.fromkeys(set_then, 1)
    expect(voter.locator("#chosen")).to_have_text("1 chosen, up to 3")
    expect(screen.locator("span[data-count=cy]")).to_have_text("1")
    expect(screen.locator("#ballots")).to_have_text("1")
    other = room.window.tab(voter.context, "/")
    connected(other)
    tap(other, "di")
    for page in (other, voter):
        chosen(page, "cy", "di")
    voter.reload()
    connected(voter)
    chosen(voter, "cy", "di")
    assert room.counted() == {"cy": 1, "di": 1}
    # One ballot names both: a share is of ballots, in the list and in the chart.
    for candidate, share in (("ada", "0%"), ("cy", "100%"), ("di", "100%")):
        expect(screen.locator(f"[data-share={candidate}]")).to_have_text(share)
    labels = screen.locator("#chart .highcharts-data-label:visible")
    expect(labels.filter(has_text="100%")).to_have_count(2)


def test_an_approval_vote_has_its_bounds_and_says_so(open_room: Callable[..., Room]) -> None:
    """One more than allowed, and taking the last one back, change nothing."""
    room = open_room(SEVERAL)
    voter = room.window.voter()
    tap(voter, "ada", "bob", "cy", "di")
    status(voter, "hint", "up to 3", "take it back", "Your vote for Ada, Bob, Cy is counted.")
    chosen(voter, "ada", "bob", "cy")
    tap(voter, "ada", "bob")
    status(voter, "counted", "Your vote for Cy")
    tap(voter, "cy")
    status(voter, "hint", "has to stay", "Your vote for Cy is counted.")
    assert room.counted() == {"cy": 1}
    tap(voter, "ada")
    status(voter, "counted", "Ada, Cy")


def test_an_approval_vote_outlives_a_killed_server(open_room: Callable[..., Room]) -> None:
    """What was counted but not heard, and what was tapped meanwhile, is one ballot in the end."""
    room = open_room(SEVERAL)
    voter = room.window.voter()
    line = LossyLine(voter)
    line.lost = {"receipt", "you"}
    tap(voter, "ada")
    expect(voter.locator("span[data-count=ada]")).to_have_text("1")
    chosen(voter, "ada", vote="sending")
    room.server.kill()
    status(voter, "waiting")
    tap(voter, "bob")
    chosen(voter, "ada", "bob", vote="waiting")
    line.mend()
    room.server.start()
    status(voter, "counted", "Ada, Bob")
    chosen(voter, "ada", "bob")
    state = room.state()
    assert (state["ballots"], state["voted"]) == (1, 1)
    assert room.counted() == {"ada": 1, "bob": 1}


def test_an_approval_vote_that_cannot_change_is_sent_once(open_room: Callable[..., Room]) -> None:
    """Choose, reload, choose more, send: nothing leaves before, and nothing changes after."""
    room = open_room(ONCE)
    voter = room.window.voter()
    send = voter.get_by_role("button", name="Send my vote")
    status(voter, "idle", "then send them", "cannot be changed")
    send.click(force=True)  # it looks disabled, and says what is missing
    status(voter, "hint", "at least one")
    tap(voter, "ada", "bob")
    status(voter, "idle", "Not sent yet: Ada, Bob.")
    tap(voter, "di")
    status(voter, "hint", "up to 2")
    voter.reload()
    connected(voter)
    chosen(voter, "ada", "bob", vote="draft")
    tap(voter, "bob", "ada", "cy")
    chosen(voter, "cy", vote="draft")
    assert room.counted() == {}
    send.click()
    status(voter, "counted", "Your vote for Cy is counted.", "cannot be changed")
    expect(send).to_be_hidden()
    expect(voter.locator("[data-candidate]:not([aria-disabled=true])")).to_have_count(0)
    voter.reload()
    connected(voter)
    status(voter, "counted", "Cy")
    expect(send).to_be_hidden()
    assert room.counted() == {"cy": 1}


def test_a_choice_that_waits_gives_way_to_what_the_other_tab_sent(
    open_room: Callable[..., Room],
) -> None:
    """There is one vote for both tabs; the one that is sent is it."""
    room = open_room(ONCE)
    voter = room.window.voter()
    other = room.window.tab(voter.context, "/")
    connected(other)
    tap(voter, "ada")
    chosen(voter, "ada", vote="draft")
    tap(other, "di")
    other.get_by_role("button", name="Send my vote").click()
    status(voter, "counted", "Your vote for Di")
    chosen(voter, "di")


# Taps


def test_every_tap_counts_once(open_room: Callable[..., Room]) -> None:
    """The row and the line say how many are this voter's; so they do after a reload."""
    room = open_room(TAPS)
    voter, screen = room.window.voter(), room.window.screen()
    status(voter, "idle", "as often as you like")
    tap(voter, *["ada"] * 4, "bob")
    tapped(voter, 5, ada="your taps: 4", bob="your taps: 1")
    expect(screen.locator("span[data-count=ada]")).to_have_text("4")
    expect(screen.locator(".turnout")).to_have_text("1 of 1 has voted")
    expect(screen.locator("#ballots")).to_have_text("5")
    voter.reload()
    connected(voter)
    tapped(voter, 5, ada="your taps: 4", bob="your taps: 1")
    assert room.counted() == {"ada": 4, "bob": 1}


def test_taps_of_two_tabs_add_up(open_room: Callable[..., Room]) -> None:
    """Both tabs say the sum; a row gives no number where it does not know the other tab's."""
    room = open_room(TAPS)
    one = room.window.voter()
    other = room.window.tab(one.context, "/")
    connected(other)
    tap(one, "ada", "ada")
    tapped(one, 2, ada="your taps: 2")
    tapped(other, 2, ada="your taps")
    tap(other, "ada")
    for page in (one, other):
        tapped(page, 3, ada="your taps")


def test_taps_that_share_a_commit_add_up_in_both_tabs(open_room: Callable[..., Room]) -> None:
    """Also in the tab whose own tap is the last of them."""
    room = open_room(TAPS)
    one = room.window.voter()
    other = room.window.tab(one.context, "/")
    connected(other)
    with locked(room.server.folder / "data" / "journal.sqlite", seconds=1):
        tap(one, "ada", "ada")
        expect(one.locator("[data-candidate=ada] .mark")).to_have_text("your taps + 2")
        tap(other, "bob")
    for page in (one, other):
        tapped(page, 3)


def taps_unheard(room: Room) -> tuple[Page, LossyLine]:
    """Have three taps counted whose receipts do not arrive."""
    voter = room.window.voter()
    line = LossyLine(voter)
    line.lost = {"receipt", "you"}
    tap(voter, *["ada"] * 3)
    expect(voter.locator("span[data-count=ada]")).to_have_text("3")
    return voter, line


def test_taps_that_were_counted_but_not_heard_count_once(open_room: Callable[..., Room]) -> None:
    """They are sent again on the next line, and get their receipts."""
    room = open_room(TAPS)
    voter, line = taps_unheard(room)
    status(voter, "sending", "not counted yet: 3.")
    line.cut()
    line.mend()
    tapped(voter, 3, ada="your taps: 3")
    assert room.counted() == {"ada": 3}


def test_taps_outlive_a_killed_server_and_count_once(open_room: Callable[..., Room]) -> None:
    """Those counted but not heard, and those tapped meanwhile: the server has each of them once."""
    room = open_room(TAPS)
    voter, line = taps_unheard(room)
    expect(voter.locator("[data-candidate=ada] .mark")).to_have_text("your taps + 3")
    status(voter, "sending", "not counted yet: 3.")
    room.server.kill()
    status(voter, "waiting")
    tap(voter, "bob", "bob")
    status(voter, "waiting", "connection is back: 5.")
    line.mend()
    room.server.start()
    tapped(voter, 5, ada="your taps: 3", bob="your taps: 2")
    state = room.state()
    assert (state["ballots"], state["voted"]) == (5, 1)
    assert room.counted() == {"ada": 3, "bob": 2}


def test_a_storm_of_taps_survives_kills(open_room: Callable[..., Room]) -> None:
    """Faster than the line, with the server killed in the middle: not one lost, not one twice."""
    room = open_room({**TAPS, "taps_per_second": 50})
    voters = [room.window.voter() for _ in range(2)]
    for kill in range(1, KILLS + 1):
        for voter in voters:
            voter.locator("[data-candidate]").evaluate_all(
                "rows => { for (let i = 0; i < 20; i += 1) for (const row of rows) row.click(); }"
            )
        room.server.kill()
        status(voters[0], "waiting")
        room.server.start()
        for voter in voters:
            mark = f"your taps: {20 * kill}"
            tapped(voter, 80 * kill, **{name.lower(): mark for name in NAMES})
    state = room.state()
    assert (state["ballots"], state["voted"]) == (160 * KILLS, 2)
    assert room.counted() == {name.lower(): 40 * KILLS for name in NAMES}


def test_taps_wait_while_the_disk_is_full(open_room: Callable[..., Room]) -> None:
    """The phone says so, the screen says so, and the same taps count when there is room again."""
    room = open_room(TAPS)
    voter, screen = room.window.voter(), room.window.screen()
    tap(voter, "ada")
    tapped(voter, 1)
    fault = FileLimit(room.server.folder / "data")
    fault.begin(room.server)
    tap(voter, "ada", "bob", "bob")
    status(voter, "retrying", "cannot be saved", "Not counted yet: 3.", "Your counted taps: 1.")
    expect(screen.locator("#connection")).to_contain_text("cannot be saved")
    fault.end(room.server)
    tapped(voter, 4, ada="your taps: 2", bob="your taps: 2")
    expect(screen.locator("#connection")).to_have_text("Live")
    assert room.counted() == {"ada": 2, "bob": 2}


def test_taps_that_wait_are_remembered_and_catch_up_in_the_polls_own_pace(
    open_room: Callable[..., Room],
) -> None:
    """Tapped without a server, kept through a reload, sent no faster than is taken."""
    room = open_room({**TAPS, "taps_per_second": 4})
    voter = room.window.voter()
    room.server.stop()
    tap(voter, *["cy"] * 8)
    status(voter, "waiting", "connection is back: 8.")
    room.server.start()
    heard = listen(voter)
    tapped(voter, 8, cy="your taps: 8")
    assert [text for text in heard if '"refused"' in text] == []
    assert room.counted() == {"cy": 8}


def test_too_many_taps_that_wait_are_not_taken(open_room: Callable[..., Room]) -> None:
    """What could not be caught up in ten seconds is not promised."""
    room = open_room({**TAPS, "taps_per_second": 1})
    voter = room.window.voter()
    room.server.stop()
    tap(voter, *["di"] * 11)
    status(voter, "waiting", "The last tap was not taken, because 10 are still waiting")
    expect(voter.locator("[data-candidate=di] .mark")).to_have_text("your taps + 10")


def test_a_tap_too_many_says_that_it_was_not_counted(open_room: Callable[..., Room]) -> None:
    """And what counts, still counts."""
    room = open_room({**TAPS, "max_ballots": 2})
    voter = room.window.voter()
    # At once: a tap after the notice would begin to count anew.
    row = voter.locator("[data-candidate=ada]")
    row.evaluate("(row) => { for (let taps = 0; taps < 4; taps += 1) row.click(); }")
    status(voter, "refused", "Taps that were not counted: 2.", "more than is taken from one voter")
    status(voter, "refused", "Your counted taps: 2.")
    assert room.counted() == {"ada": 2}


def test_a_round_that_goes_away_takes_its_waiting_taps_along(
    open_room: Callable[..., Room],
) -> None:
    """They were for that round: the phone says so, and the next round begins without them."""
    room = open_room({**TAPS, "taps_per_second": 1})
    voter = room.window.voter()
    line = LossyLine(voter)
    line.cut()
    status(voter, "idle", "No connection")
    tap(voter, *["ada"] * 8)
    status(voter, "waiting", "connection is back: 8.")
    room.steer("reset")
    line.mend()
    status(voter, "refused", "Taps that were not counted: 8. That round is over.")
    tap(voter, "bob")  # and it need not wait for them
    tapped(voter, 1, bob="your taps: 1")
    assert room.counted() == {"bob": 1}


# Who sees the numbers


def numbers_in(heard: list[str]) -> list[str]:
    """Return what a page was sent that holds counts."""
    return [text for text in heard if json.loads(text).get("counts") is not None]


def boxes(page: Page) -> list[Any]:
    """Return where the question and the rows lie."""
    places = (
        "places => places.map((place) => Object.values(place.getBoundingClientRect().toJSON()))"
    )
    found: list[Any] = page.locator("#question, [data-candidate], .name").evaluate_all(places)
    return found


def test_after_vote_shows_the_numbers_to_who_has_voted(open_room: Callable[..., Room]) -> None:
    """Before, they are not even sent; then they come without moving a row."""
    room = open_room({**SINGLE, "results": "after_vote"})
    voter, screen = room.window.voter(), room.window.screen()
    heard, heard_by_screen = listen(voter), listen(screen)
    other = room.window.voter()
    tap(other, "bob")
    expect(other.locator("span[data-count=bob]")).to_have_text("1")
    expect(voter.locator("#turnout")).to_have_text("1 of 2 has voted")
    status(voter, "idle", "You see the numbers when you have voted.")
    expect(voter.locator("span[data-count=bob]")).to_be_empty()
    assert numbers_in(heard) == []
    before = boxes(voter)
    tap(voter, "ada")
    for count in (voter.locator("span[data-count=ada]"), voter.locator("span[data-count=bob]")):
        expect(count).to_have_text("1")
    assert boxes(voter) == before
    expect(screen.locator(".turnout")).to_have_text("2 of 2 have voted")
    expect(screen.locator("body")).to_have_attribute("data-stage", "hidden")
    assert numbers_in(heard_by_screen) == []
    room.steer("close")
    drawn(screen, "present", {"ada": 1, "bob": 1})


def test_a_hidden_result_is_nowhere_until_it_is_revealed(open_room: Callable[..., Room]) -> None:
    """Not by closing either; the reveal reaches every page, and hiding it again as well."""
    room = open_room({**SINGLE, "results": "hidden"})
    voter, screen = room.window.voter(), room.window.screen()
    heard = [listen(voter), listen(screen)]
    tap(voter, "cy")
    status(voter, "counted", "The presenter shows the result later.")
    expect(screen.locator(".turnout")).to_have_text("1 of 1 has voted")
    expect(screen.locator("#round-line")).to_contain_text("the result is shown later")
    expect(screen.locator("#chart")).to_be_hidden()
    expect(screen.locator("#candidates .letter")).to_have_text(["A", "B", "C", "D"])
    round = room.steer("close")["round"]["id"]
    status(voter, "closed", "Your vote for Cy is counted.", "The presenter shows the result later.")
    expect(voter.get_by_role("link", name="list of receipts")).to_be_hidden()
    assert [numbers_in(messages) for messages in heard] == [[], []]
    before = boxes(voter)
    room.steer("show", target=round, results="live")
    expect(voter.locator("span[data-count=cy]")).to_have_text("1")
    assert boxes(voter) == before
    drawn(screen, "present", {"cy": 1})
    expect(screen.locator("#chart")).to_be_visible()
    code = voter.locator(".receipt").inner_text().split()[-1].rstrip(".")
    room.steer("show", target=round, results="hidden")
    for page in (voter, screen):
        expect(page.locator("span[data-count=cy]")).to_be_empty()
    expect(screen.locator("body")).to_have_attribute("data-stage", "hidden")
    room.steer("show", target=round, results="live")
    voter.get_by_role("link", name="list of receipts").click()
    expect(voter).to_have_url(re.compile(f"/rounds/{round}$"))
    expect(voter.locator("main")).to_contain_text(code)


# Countdowns

# Answers when the time left is next redrawn: what it says then, and the true time at that moment.
NEXT_SECOND = """place => new Promise((resolve) => new MutationObserver((_, observer) => {
    observer.disconnect();
    resolve([place.textContent, performance.timeOrigin + performance.now()]);
}).observe(place, { childList: true, characterData: true, subtree: true }))"""


def wrong_clock(page: Page, hours: int) -> None:
    """Set the device's clock; what measures time passing goes on."""
    page.add_init_script(
        f"""const TrueDate = Date;
        globalThis.Date = class extends TrueDate {{
            constructor(...parts) {{ super(...(parts.length ? parts : [Date.now()])); }}
            static now() {{ return TrueDate.now() + {hours} * 3600000; }}
        }};"""
    )
    page.reload()
    connected(page)


def seconds_in(text: str) -> int:
    minutes, seconds = text.split(":")
    return 60 * int(minutes) + int(seconds)


def test_a_countdown_is_right_whatever_the_devices_clock_says(
    open_room: Callable[..., Room],
) -> None:
    """Phone and screen change the second when the server does, to half a second."""
    room = open_room(SINGLE)
    hours_off = {room.window.voter(): 1, room.window.voter(): -1, room.window.screen(): 1}
    for page, hours in hours_off.items():
        wrong_clock(page, hours)
    closes_at = room.steer("extend", seconds=100)["round"]["closes_at"]
    for page, hours in hours_off.items():
        off = page.evaluate("Date.now() - performance.timeOrigin - performance.now()")
        assert abs(off - hours * 3_600_000) < 1_000
        place = page.locator("#countdown")
        expect(place).to_have_attribute("data-countdown", "running")
        said, at = place.evaluate(NEXT_SECOND)
        assert abs((closes_at - at) / 1_000 - seconds_in(said)) <= 0.5


def test_an_answer_that_took_long_is_asked_for_again(open_room: Callable[..., Room]) -> None:
    """It says too little about the time."""
    voter = open_room(SINGLE).window.voter()
    line = LossyLine(voter, "pong")
    asked_at = voter.evaluate("performance.now()")
    voter.wait_for_function("then => performance.now() > then + 1100", arg=asked_at)
    assert [json.loads(text)["type"] for text in line.said] == ["ping"]
    line.mend()
    for _ in range(1_000):
        if len(line.said) == 2:
            break
        voter.evaluate("() => new Promise(requestAnimationFrame)")
    assert [json.loads(text)["type"] for text in line.said] == ["ping", "ping"]


def test_a_countdown_is_extended_taken_away_and_ended(open_room: Callable[..., Room]) -> None:
    """Phones and screen follow each; the last ten seconds look different."""
    room = open_room(SINGLE)
    voter, screen = room.window.voter(), room.window.screen()
    places = [voter.locator("#countdown"), screen.locator("#countdown")]
    for place in places:
        expect(place).to_be_hidden()
    room.steer("extend", seconds=9)
    for place in places:
        expect(place).to_have_attribute("data-countdown", "last")
        expect(place).to_have_text(re.compile("^0:0[5-9]$"))
    room.steer("extend", seconds=3_600)
    for place in places:
        expect(place).to_have_attribute("data-countdown", "running")
        expect(place).to_have_text(re.compile("^1:00:0[5-9]$"))
    room.steer("extend")
    for place in places:
        expect(place).to_be_hidden()
    room.steer("extend", seconds=60)
    for place in places:
        expect(place).to_be_visible()
    room.steer("close")
    for place in places:
        expect(place).to_be_hidden()


def test_at_zero_a_phone_takes_no_tap_even_if_nobody_tells_it(
    open_room: Callable[..., Room],
) -> None:
    """The server's word that the round is closed may be late; the countdown is not."""
    room = open_room(SINGLE)
    voter = room.window.voter()
    line = LossyLine(voter)
    line.lost = {"you"}
    room.steer("extend", seconds=2)
    expect(voter.locator("#countdown")).to_be_visible()
    line.lost = {"state", "tally", "you"}
    expect(voter.locator("#countdown")).to_have_text("0:00")
    expect(voter.locator("body")).to_have_attribute("data-round", "open")
    status(voter, "closed", "This round has closed.")
    expect(voter.locator("[data-candidate]:not([aria-disabled=true])")).to_have_count(0)


def test_a_page_knows_the_time_from_what_it_heard(open_room: Callable[..., Room]) -> None:
    """A late word changes nothing, a quick answer sharpens; after a sleep the new time holds."""
    room = open_room(SINGLE)
    voter = room.window.voter()
    errors = voter.evaluate(
        """async () => {
            const script = document.querySelector("script[src$='/voter.js']");
            const { createClock } = await import(new URL("line/clock.js", script.src).href);
            const clock = createClock();
            const error = () => Math.round(clock.now() - performance.now() - offset);
            const errors = [];
            let offset = 5e6;
            const told = (late) => performance.now() + offset - late;
            clock.heard(told(3000));
            errors.push(error());
            clock.heard(told(100), performance.now() - 400);
            errors.push(error());
            clock.heard(told(5000));
            errors.push(error());
            offset += 3.6e6;
            clock.heard(told(0));
            errors.push(error());
            return errors;
        }"""
    )
    assert errors == pytest.approx([-3000, 100, 100, 0], abs=5)


# Beside an earlier round


def drawn(screen: Page, series: str, counts: dict[str, int]) -> None:
    """Wait until the chart draws exactly these counts for one of its rounds."""
    screen.wait_for_function(
        """([series, counts]) => {
            const points = window.Highcharts?.charts.find(Boolean)?.get(series)?.points;
            return points?.every(({ id, y }) => y === (counts[id] ?? 0));
        }""",
        arg=[series, counts],
    )


def test_an_earlier_round_stands_beside_the_present_one(open_room: Callable[..., Room]) -> None:
    """In the chart, in the legend and in words; on the phone as well; and it can go again."""
    room = open_room(SINGLE)
    voter, screen = room.window.voter(), room.window.screen()
    tap(voter, "ada")
    status(voter, "counted")
    room.steer("close")
    room.steer("open")
    status(voter, "idle", "A new round has begun.")
    tap(voter, "bob")
    status(voter, "counted")
    room.steer("compare", target=1)
    drawn(screen, "earlier", {"ada": 1})
    drawn(screen, "present", {"bob": 1})
    labels = screen.locator("#chart .highcharts-data-label:visible")
    expect(labels).to_have_count(2 * len(NAMES))
    expect(screen.locator("[data-candidate=ada] .earlier")).to_have_text("1")
    expect(voter.locator("[data-candidate=ada] .earlier")).to_have_text("earlier: 1")
    voter.locator("#chart-toggle").click()
    drawn(voter, "earlier", {"ada": 1})
    for page in (screen, voter):
        expect(page.locator("#legend")).to_be_visible()
        expect(page.locator("#legend")).to_contain_text(re.compile(r"Round 1\s+Round 2"))
    tap(voter, "cy")
    drawn(screen, "present", {"cy": 1})
    room.steer("compare", target=0)
    for page in (screen, voter):
        expect(page.locator("#legend")).to_be_hidden()
        expect(page.locator("[data-candidate=ada] .earlier")).to_be_empty()
    expect(labels).to_have_count(len(NAMES))


# Several polls


def test_pages_follow_to_another_poll_and_its_rule(open_room: Callable[..., Room]) -> None:
    """From one choice to several to taps, and back to a poll with its round."""
    room = open_room({**SINGLE, "id": "one"}, {**SEVERAL, "id": "two"}, {**TAPS, "id": "three"})
    voter, screen = room.window.voter(), room.window.screen()
    tap(voter, "ada")
    status(voter, "counted")
    room.steer("stage", poll="two")
    status(voter, "none")
    for page in (voter, screen):
        expect(page.locator("#question")).to_have_text("Which talks?")
    room.steer("open")
    tap(voter, "ada", "bob")
    status(voter, "counted", "Ada, Bob")
    room.steer("stage", poll="three")
    room.steer("open")
    expect(voter.locator("#chosen")).to_be_hidden()
    tap(voter, "di", "di")
    tapped(voter, 2, di="your taps: 2")
    room.steer("stage", poll="one")
    status(voter, "closed", "Your vote for Ada is counted.")
    expect(screen.locator("#question")).to_have_text("Who?")
    drawn(screen, "present", {"ada": 1})


def test_a_vote_for_the_poll_that_left_is_told(open_room: Callable[..., Room]) -> None:
    """Tapped without a line; the poll that came meanwhile does not get it."""
    room = open_room({**SINGLE, "id": "one"}, {**TAPS, "id": "two"})
    voter = room.window.voter()
    line = LossyLine(voter)
    line.cut()
    tap(voter, "ada")
    status(voter, "waiting", "Ada")
    room.steer("stage", poll="two")
    room.steer("open")
    line.mend()
    status(voter, "refused", "That round is over; your vote for Ada was not counted.")
    tap(voter, "ada")
    tapped(voter, 1, ada="your taps: 1")
    assert room.counted() == {"ada": 1}


# Before and without scripts


def test_a_page_is_true_before_its_script_runs(open_room: Callable[..., Room]) -> None:
    """Several choices, taps, and a hidden result: the server writes what the script would."""
    room = open_room(
        {**SEVERAL, "id": "one"},
        {**TAPS, "id": "two"},
        {**SINGLE, "id": "three", "results": "hidden"},
    )
    voter = room.window.open("/login", java_script_enabled=False)
    voter.get_by_role("textbox").press("Enter")
    wire = room.phone_of(voter)
    wire.vote("ada", "di")
    wire.until(type="receipt")
    voter.reload()
    status(voter, "counted", "Your vote for Ada, Di is counted.", "Receipt")
    expect(voter.locator("#chosen")).to_have_text("2 chosen, up to 3")
    chosen(voter, "ada", "di")
    for poll in ("two", "three"):
        room.steer("stage", poll=poll)
        room.steer("open", seconds=100)
        wire.until(type="state", round=room.state()["round"])
        wire.vote("bob")
        wire.until(type="receipt")
        voter.reload()
        if poll == "two":
            tapped(voter, 1, bob="your taps")
    status(voter, "counted", "Your vote for Bob is counted.", "shows the result later")
    expect(voter.locator("span[data-count=bob]")).to_be_empty()
    expect(voter.locator("#countdown")).to_be_hidden()  # it would stand still
    room.steer("close")
    voter.reload()
    status(voter, "closed", "Your vote for Bob is counted.", "shows the result later")


def test_a_receipt_stays_in_one_piece(open_room: Callable[..., Room]) -> None:
    """On the narrowest phone, in large type, the code is not broken at its hyphen."""
    room = open_room(SINGLE)
    for locale in ("en", "zh-CN"):
        voter = room.window.voter(size={"width": 320, "height": 568}, locale=locale)
        tap(voter, "ada")
        status(voter, "counted")
        code = voter.locator(".receipt .code")
        expect(code).to_have_text(re.compile("^[A-Z2-7]{4}-[A-Z2-7]{4}$"))
        for percent in range(100, 260, 10):
            voter.evaluate(f"document.documentElement.style.fontSize = '{percent}%'")
            assert code.evaluate("place => place.getClientRects().length") == 1
        assert voter.evaluate("document.documentElement.scrollWidth <= innerWidth")
