"""The desk as a remote control, in a real Chromium: ways back, the room's health, phones' way in,
the picture of a question while it is written, and what can be saved."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest
from playwright.sync_api import Download, Page, Route, WebSocketRoute, expect

from tests.phones import Browser as Visitor
from tests.phones import Phone, phone
from tests.serving import Server, poll_config
from tests.windows import LAPTOP, Window, connected, press, unfold, vote

pytestmark = pytest.mark.browser

SMALL = {"width": 320, "height": 568}
LUNCH = """
[[polls]]
id = "lunch"
question = "What is for lunch?"
candidates = ["Soup", "Salad"]
results = "hidden"
"""
SHOW = poll_config(question="Who should give the next talk?", candidates=["Ada", "Grace"]) + LUNCH
EVERYWHERE = re.sub(r"host = .*\npublic_url = .*", 'host = "0.0.0.0"', SHOW)

# What a finger at the middle of an element would hit, and whether that is the element.
REACHED = """button => {
    const { x, y, width, height, bottom } = button.getBoundingClientRect();
    const hit = document.elementFromPoint(x + width / 2, y + height / 2);
    return hit === button && height >= 44 && bottom <= innerHeight && y > innerHeight / 2;
}"""
LIVE_REGIONS = "[role=status], [role=alert], [role=log], [aria-live]:not([aria-live=off])"


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    """A server with two questions, the second with hidden results."""
    return serve(SHOW)


def tap(desk: Page, words: str) -> None:
    """Press a button by its words, once it is there and the page takes taps."""
    button = desk.get_by_role("button", name=words, exact=True)
    expect(button).to_be_visible()
    expect(desk.locator("main:not([data-fresh])")).to_be_visible()
    button.click()


def line(desk: Page, words: str) -> None:
    """Wait until the desk says this about the round."""
    expect(desk.locator("#round-line")).to_have_text(words)


@contextmanager
def admin_page(admin: Visitor) -> Iterator[Phone]:
    """Another desk: its socket alone, which has seen the state."""
    with closing(Phone(admin, "admin")) as page:
        page.until(type="state")
        yield page


def steer(admin: Visitor, action: str, **more: object) -> None:
    """Press a button of another desk."""
    with admin_page(admin) as page:
        assert admin.steer(action, page.state, **more).status == 200


# Ways back


def test_what_takes_something_away_asks_once_and_offers_the_way_back(window: Window) -> None:
    """Close, reset with votes coming in, a step aside, hiding: one tap, and all is as it was."""
    desk, voter = window.admin(size=SMALL), window.voter()
    back = desk.locator("#undo button")
    vote(voter, "ada")
    press(desk, "close")
    tap(desk, "Reopen")
    shows_one(desk)
    tap(desk, "Reset…")
    expect(desk.locator("#ask")).to_contain_text("The 1 ballot is kept")
    expect(desk.locator(".dock .primary:visible")).to_have_count(0)
    tap(desk, "Reset the round")
    line(desk, "Round 2 is open")
    vote(voter, "grace")
    expect(back).to_have_text("Bring round 1 back")
    tap(desk, "Bring round 1 back")
    tap(desk, "Close it and go on")
    line(desk, "Round 1 is closed")
    shows_one(desk)
    expect(back).to_have_text("Bring round 2 back")
    tap(desk, "Bring round 2 back")
    line(desk, "Round 2 is closed")
    tap(desk, "Next question")
    expect(desk.locator("#question")).to_have_text("What is for lunch?")
    tap(desk, "Back to the question before")
    line(desk, "Round 2 is closed")
    desk.locator("#sees-line").click()
    tap(desk, "Nobody")
    expect(desk.locator("#sees-line")).to_contain_text("Only this page")
    tap(desk, "Show them to everybody again")
    expect(desk.locator("#sees-line")).to_contain_text("Everybody")


def shows_one(desk: Page) -> None:
    """Wait until Ada has one vote, and Grace none."""
    for candidate, count in (("ada", "1"), ("grace", "0")):
        expect(desk.locator(f"span[data-count={candidate}]")).to_have_text(count)


def test_a_question_off_the_list_and_a_rehearsal_that_ended_come_back(
    window: Window, server: Server
) -> None:
    """The question where it stood; the rehearsal anew. Without scripts the same is offered."""
    desk = window.admin(size=LAPTOP)
    asked = desk.locator("#polls .poll-question")
    desk.get_by_role("button", name="Remove…").first.click()
    tap(desk, "Take it off the list")
    expect(asked).to_have_text(["What is for lunch?"])
    expect(desk.locator("#message")).to_contain_text("its rounds are kept")
    tap(desk, "Put it back")
    expect(asked).to_have_text(["Who should give the next talk?", "What is for lunch?"])
    expect(desk.locator("#undo")).to_be_hidden()
    press(desk, "rehearse")
    press(desk, "end")
    tap(desk, "Start it again")
    expect(desk.locator("#rehearsal")).to_be_visible()
    press(desk, "end")
    line(desk, "Round 1 is open")
    plain = window.open("/admin/login", size=LAPTOP, java_script_enabled=False)
    plain.context.add_cookies(desk.context.cookies())  # type: ignore[arg-type]
    plain.goto(f"{server.url}/admin")
    unfold(plain, "Questions")
    plain.get_by_role("button", name="Remove…").last.click()
    plain.get_by_role("button", name="Take it off the list").click()
    plain.get_by_role("button", name="Put it back").click()
    expect(asked).to_have_text(["Who should give the next talk?", "What is for lunch?"])


# Under one thumb


def test_the_next_action_is_at_the_thumb_in_every_state(window: Window, server: Server) -> None:
    """On the smallest phone, without scrolling: as are the answers where something is asked."""
    desk = window.admin(size=SMALL)
    phone(server)

    def reached(words: str) -> None:
        button = desk.get_by_role("button", name=words, exact=True)
        expect(button).to_be_visible()
        expect(desk.locator("main:not([data-fresh])")).to_be_visible()
        assert desk.evaluate("scrollY") == 0
        assert button.evaluate(REACHED), words

    def go(words: str) -> None:
        reached(words)
        tap(desk, words)

    assert desk.locator("[data-action=close]").evaluate(REACHED)
    tap(desk, "Close the round")
    go("Next question")
    go("Open the round")
    go("Close the round")
    go("Reveal the result")
    go("Next round")
    reached("Close the round")
    unfold(desk, "Rehearsal")
    tap(desk, "Start a rehearsal")
    expect(desk.locator("#rehearsal")).to_be_visible()
    desk.evaluate("scrollTo(0, 0)")
    go("End the rehearsal")
    expect(desk.locator("#rehearsal")).to_be_hidden()  # a phone would vote in it until then
    phone(server).vote("soup")
    expect(desk.locator("#ballots")).to_have_text("1")
    tap(desk, "Reset…")
    for words in ("Reset the round", "Cancel"):
        button = desk.get_by_role("button", name=words, exact=True)
        expect(button).to_be_in_viewport(ratio=1)
    expect(desk.get_by_role("button", name="Reset the round")).to_be_focused()


def test_a_push_takes_the_focus_from_nobody(window: Window, server: Server) -> None:
    """Rows come and go around it; where its own row goes, the next action has it."""
    admin = Visitor(server).become_admin()
    voter = phone(server)
    voter.vote("ada")
    voter.until(type="receipt")
    desk = window.admin_of(admin)
    assert desk.locator(LIVE_REGIONS).count() == 1
    steer(admin, "close")
    steer(admin, "open")
    unfold(desk, "Questions")
    unfold(desk, "Rounds")
    held = desk.locator("#rounds [data-round-id='1'] button")
    expect(held).to_be_visible()
    held.focus()
    steer(admin, "close")
    steer(admin, "open")
    expect(desk.locator("#rounds tr")).to_have_count(3)
    expect(held).to_be_focused()
    edit = desk.locator("[data-poll=lunch] a")
    edit.focus()
    with admin_page(admin) as page:
        seen = {poll["id"]: poll["defined"] for poll in page.state["polls"]}
    steer(admin, "polls/poll/remove", seen=seen["poll"])
    expect(desk.locator("#polls li")).to_have_count(1)
    expect(edit).to_be_focused()
    steer(admin, "polls/poll/put-back")
    expect(desk.locator("#polls li")).to_have_count(2)
    expect(edit).to_be_focused()
    steer(admin, "polls/lunch/remove", seen=seen["lunch"])
    expect(desk.locator(".dock .primary:visible")).to_be_focused()


def test_a_hundred_questions_are_one_list(
    serve: Callable[..., Server], windows: Callable[[Server], Window]
) -> None:
    """It scrolls by itself, to the question on stage; the candidates likewise, by keyboard too."""
    polls = [f'[[polls]]\nquestion = "Number {n}?"\ncandidates = ["A"]\n' for n in range(2, 101)]
    many = poll_config(question="Number 1?", candidates=[f"Name {n}" for n in range(50)])
    desk = windows(serve(many + "\n".join(polls))).admin(size=LAPTOP)
    candidates = desk.locator("#candidates")
    expect(candidates).to_have_attribute("tabindex", "0")
    assert candidates.evaluate("list => list.scrollHeight > list.clientHeight")
    desk.locator("#polls li", has_text="Number 77?").get_by_role("button", name="Put").click()
    expect(desk.locator("#place")).to_have_text("77 of 100")
    desk.reload()  # what the tap has scrolled tells nothing
    connected(desk)
    current = desk.locator("#polls [aria-current]")
    expect(current).to_contain_text("Number 77?")
    above = current.evaluate("row => row.offsetTop - row.parentElement.offsetTop")
    scrolled = desk.locator("#polls").evaluate("list => [list.scrollTop, list.clientHeight]")
    assert scrolled[0] <= above <= scrolled[0] + scrolled[1]
    expect(candidates).not_to_have_attribute("tabindex", "0")


# The room


def test_the_desk_says_how_the_room_is(
    serve: Callable[..., Server], windows: Callable[[Server], Window]
) -> None:
    """All is well in one sentence; a phone that takes nothing is told, a full disk, and servers."""
    names = [f"{n:02d}" + "名" * 70 for n in range(60)]
    server = serve(poll_config(question="Long?", candidates=names))
    admin = Visitor(server).become_admin()
    desk = windows(server).admin_of(admin)
    health = desk.locator("#health-line")
    expect(health).to_have_text("No phone is connected now.")
    stalled, other = phone(server, receive_buffer=4096), phone(server)
    expect(health).to_have_text("All 2 phones keep up.")
    # Each command sends a whole state of some 15 KB: a few fill every buffer on the way.
    for turn in range(30):
        results = "live" if turn % 2 else "after_vote"
        assert admin.steer("show", other.state, target=1, results=results).status == 200
        other.until(type="state")
    expect(health).to_have_text("1 phone is slow: weak Wi-Fi there.")
    expect(desk.locator("#announcer")).to_have_text("1 phone is slow: weak Wi-Fi there.")
    stalled.close()
    expect(health).to_have_text("1 phone keeps up.")

    def fill_the_disk(route: Route) -> None:
        answer = route.fetch()
        told = {**answer.json(), "disk_free": 30_500_000, "nodes": 3}
        route.fulfill(response=answer, json=told)

    desk.route("**/admin/vitals", fill_the_disk)
    expect(health).to_have_text(re.compile("Only 30 MB are left for votes. Please free"))
    expect(health).to_have_text(re.compile(" 3 server processes share the room.$"))
    desk.locator(".health summary").click()
    expect(desk.locator("[data-vital=disk]")).to_have_text("0.0 GB")


def test_a_desk_that_nobody_looks_at_asks_nothing(window: Window, server: Server) -> None:
    """Not once in a minute; seen again, it asks at once."""
    desk = window.admin()
    desk.clock.install()
    desk.reload()
    connected(desk)
    asked: list[str] = []
    desk.on("request", lambda request: asked.append(request.url))
    with desk.expect_request("**/admin/vitals"):
        desk.clock.run_for(3_500)
    desk.evaluate(HIDE, True)
    desk.clock.run_for(1)
    asked.clear()
    desk.clock.run_for(60_000)
    assert [url for url in asked if "vitals" in url] == []
    with desk.expect_request("**/admin/vitals"):
        desk.evaluate(HIDE, False)


HIDE = """hidden => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


# The way in


def test_before_the_first_phone_the_way_in_stands_first(
    serve: Callable[..., Server], windows: Callable[[Server], Window]
) -> None:
    """With causes, cures and this computer's addresses; then it steps aside, focus and all."""
    server = serve(EVERYWHERE)
    admin = Visitor(server).become_admin()
    desk = windows(server).admin_of(admin)
    assert desk.locator("main > :first-child").get_attribute("id") == "nobody"
    expect(desk.locator("#nobody")).to_contain_text("No phone has joined yet")
    unfold(desk, "Phones cannot open the page?")
    for cause in ("guest Wi-Fi", "firewall", "VPN", "network cards", "hotspot"):
        expect(desk.locator("#advice")).to_contain_text(cause)
    unfold(desk, "Choose the address")
    choices = desk.get_by_role("radio")
    expect(choices.first).to_be_checked()
    known = admin.get("/admin/addresses").json["addresses"]
    expect(choices).to_have_count(1 + len(known))
    choices.last.check()
    tap(desk, "Use this address")
    expect(desk.locator("#message")).to_have_text("Phones are shown this address now.")
    choices.last.focus()
    phone(server)
    expect(desk.locator("#nobody")).to_be_hidden()
    expect(choices.last).to_be_focused()
    expect(choices.last).to_be_checked()
    desk.reload()
    connected(desk)
    expect(desk.locator("#nobody")).to_be_hidden()
    unfold(desk, "Join")
    unfold(desk, "Choose the address")
    expect(choices.last).to_be_checked()


def test_the_address_follows_the_network(window: Window, server: Server) -> None:
    """The code, the words, and the sentence where there is none."""
    desk = window.admin(size=LAPTOP)
    lines: list[WebSocketRoute] = []
    last: list[str | bytes] = []

    def listen(route: WebSocketRoute) -> None:
        lines.append(route)
        behind = route.connect_to_server()
        behind.on_message(lambda text: (last.append(text), route.send(text)))

    desk.route_web_socket(re.compile("/live"), listen)
    desk.reload()
    connected(desk)
    address, code = desk.locator("#join-way a"), desk.locator("#join-way img")
    expect(address).to_have_text("vote.example:5000")
    state = next(said for text in last if (said := json.loads(text))["type"] == "state")
    lines[0].send(json.dumps({**state, "join": None}))
    expect(desk.get_by_text("This computer is in no network")).to_be_visible()
    expect(address).to_be_hidden()
    lines[0].send(json.dumps({**state, "join": "http://10.0.0.7:5000"}))
    expect(address).to_have_text("10.0.0.7:5000")
    expect(desk.locator("#join-none")).to_be_hidden()
    assert "10.0.0.7" in (code.get_attribute("src") or "")
    assert code.evaluate("image => image.decode().then(() => image.naturalWidth > 0)")


# Writing a question


def test_a_question_is_shown_as_phones_will_show_it_while_it_is_written(window: Window) -> None:
    """Names, letters and rule follow each key; nothing in the picture can be focused or heard."""
    desk = window.admin(size=LAPTOP)
    desk.get_by_role("link", name="New question").click()
    sight = desk.locator(".phone")
    desk.locator("#question").press_sequentially("How <b>loud</b>?")
    expect(desk.locator("#shown-question")).to_have_text("How <b>loud</b>?")
    desk.locator("#more").fill("{y} & Co\n\n  محمد  بن موسى \n🙂")
    expect(sight.locator(".name")).to_have_text(["{y} & Co", "محمد بن موسى", "🙂"])
    expect(sight.locator(".letter")).to_have_text(["A", "B", "C"])
    expect(sight.locator(".say")).to_have_text("Tap your choice to vote.")
    desk.get_by_role("radio", name="Several choices").check()
    expect(sight.locator(".say")).to_have_text("Tap your choices to vote, up to 3.")
    desk.locator("#max_choices").fill("2")
    desk.locator("[name=changes]").uncheck()
    expect(sight.locator(".say")).to_have_text("Tap your choices, up to 2, and then send them.")
    expect(sight.locator("#send")).to_be_visible()
    desk.get_by_role("radio", name="Nobody").check()
    expect(sight.locator(".more")).to_contain_text("The presenter shows the result later.")
    desk.locator("#countdown-seconds").fill("90")
    expect(desk.locator("#shown-countdown")).to_have_text("1:30")
    # Rows look as the voter page has them: the same height, colour and type.
    look = (
        "row => { const s = getComputedStyle(row); return [s.minHeight, s.borderRadius, s.font] }"
    )
    voter = window.voter()
    shown = sight.locator("button.candidate").first.evaluate(look)
    assert shown == voter.locator("button.candidate").first.evaluate(look)
    desk.locator("#countdown-seconds").focus()
    seen = []
    for _ in range(6):
        desk.keyboard.press("Tab")
        seen.append(desk.evaluate("Boolean(document.activeElement.closest('.phone'))"))
    assert not any(seen)
    assert desk.get_by_role("button", name="Send my vote").count() == 0
    desk.set_viewport_size(SMALL)
    expect(sight).to_be_hidden()
    unfold(desk, "On a phone")
    expect(sight).to_be_visible()
    assert desk.evaluate("document.documentElement.scrollWidth <= innerWidth")


# What can be saved


def saved(page: Page, place: str, words: str) -> bytes:
    """Press a link or button that saves a file, and return the file."""
    with page.expect_download() as found:
        page.locator(place).get_by_text(words, exact=True).first.click()
    download: Download = found.value
    return download.path().read_bytes()


def test_a_round_is_saved_as_tables_and_pictures(window: Window, server: Server) -> None:
    """On the desk and from the list of rounds; nothing comes from elsewhere than this server."""
    desk, voter = window.admin(size=LAPTOP), window.voter()
    vote(voter, "grace")
    shows_none = desk.locator("span[data-count=grace]")
    expect(shows_none).to_have_text("1")
    press(desk, "close")
    expect(desk.locator("#files").get_by_text("Public result and receipts")).to_be_visible()
    asked: list[str] = []
    desk.on("request", lambda request: asked.append(request.url))
    for place in ("#files", "[data-round-id='1'] .files"):
        assert b"grace" in saved(desk, place, "CSV")
        assert json.loads(saved(desk, place, "JSON"))["rounds"][0]["ballots"] == 1
        assert saved(desk, place, "PNG").startswith(b"\x89PNG")
        picture = saved(desk, place, "SVG").decode()
        assert "Grace" in picture
        assert "Who should give" in picture
        desk.goto(f"{server.url}/admin/rounds")
    assert all(url.startswith((server.url, "blob:", "data:")) for url in asked), asked
