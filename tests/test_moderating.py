"""What an admin does to the room's talk, by the buttons, and what every page is then told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.phones import Browser
from tests.serving import Server
from tests.talkers import TALKING, Desk, Talker

FAST = TALKING + "voter_per_second = 100\n"
GONE = "This message is not known any more."
EVER = 10**12


class Room:
    """A talking room: its admin, and the voters that a test lets in."""

    def __init__(self, server: Server) -> None:
        self.server = server
        desk = Desk(server)
        self.admin, self.press = desk.browser, desk.press
        self._pages: list[Talker] = []

    def voter(self, name: str = "") -> Talker:
        return self._keep(Talker(Browser(self.server).log_in(name)))

    def desk(self) -> Talker:
        """Open the page of an admin."""
        return self._keep(Talker(self.admin, view="admin"))

    def screen(self) -> Talker:
        return self._keep(Talker(Browser(self.server), view="screen"))

    def refused(self, action: str, **form: object) -> tuple[int, str]:
        """Press a button that must not do anything; return the status and the sentence."""
        answer = self.admin.post(f"/admin/talk/{action}", form, Accept="application/json")
        assert not answer.json["ok"]
        return answer.status, answer.json["message"]

    def clear_up(self) -> None:
        """Leave the room as a test expects it."""
        for page in self._pages:
            page.leave()
        self._pages.clear()
        self.press("slow", seconds=0)
        self.press("clear", version=EVER)

    def _keep(self, page: Talker) -> Talker:
        self._pages.append(page)
        return page


@pytest.fixture(scope="module")
def standing_room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    server = Server(tmp_path_factory.mktemp("server"), FAST)
    yield Room(server.start())
    server.clear_up()


@pytest.fixture
def room(standing_room: Room) -> Iterator[Room]:
    """The same for all of these tests, with nothing said in it."""
    yield standing_room
    standing_room.clear_up()


def told(page: Talker, **wanted: object) -> dict[str, Any]:
    """Wait until a page is told that the room talks so."""

    def is_told() -> bool:
        talk = page.state.get("talk", {})
        return all(talk.get(name) == value for name, value in wanted.items())

    page.until(is_told)
    talk: dict[str, Any] = page.state.get("talk", {})
    return talk


def journal(server: Server) -> bytes:
    """Return all that the journal's files hold."""
    files = (server.folder / "data").glob("journal.sqlite*")
    return b"".join(file.read_bytes() for file in files)


def test_a_hidden_message_goes_from_every_page_and_can_come_back(room: Room) -> None:
    """From those who had it and those who come later; the desk marks it, the journal keeps it."""
    author, reader, desk = room.voter("Ada"), room.voter(), room.desk()
    bad, good = author.say("buy my book"), author.say("good morning")
    for _ in range(2):  # two admins may press at once
        room.press("hide", message=bad["id"])
    for page in (author, reader, room.voter(), room.screen()):
        page.sees("good morning")
    desk.until(lambda: desk.wall.held.get(bad["id"], {}).get("hidden"))
    desk.sees("buy my book", "good morning")
    assert b"buy my book" in journal(room.server)
    for _ in range(2):
        room.press("show", message=bad["id"])
    for page in (author, reader, room.voter()):
        page.sees("buy my book", "good morning")
    desk.until(lambda: not desk.wall.held[bad["id"]].get("hidden"))
    assert [message["id"] for message in reader.wall.messages] == [bad["id"], good["id"]]


def test_a_muted_voter_is_told_so_and_nobody_else_is_touched(room: Room) -> None:
    """By a new name and on a new page, too, until an admin thinks better of it."""
    loud, other, desk = room.voter("Loud"), room.voter("Other"), room.desk()
    loud.say("first")
    for _ in range(2):
        room.press("mute", person=loud.person)
    assert loud.unsaid("second") == "muted"
    assert loud.unsaid("to you alone", "stage") == "muted"
    renamed = Talker(loud.browser.log_in("Lamb"))
    assert renamed.unsaid("third") == "muted"
    renamed.leave()
    assert other.say("fourth")["type"] == "said"
    told(desk, muted=[{"id": loud.person, "name": "Lamb"}])
    assert "muted" not in told(other)
    for _ in range(2):
        room.press("unmute", person=loud.person)
    assert loud.say("fifth")["type"] == "said"
    other.sees("first", "fourth", "fifth")
    told(desk, muted=[])


def test_messages_from_one_to_another_can_be_switched_off(room: Room) -> None:
    """Those to the stage, and from it, still arrive; what else is set stays as it was."""
    ada, grace, desk = room.voter("Ada"), room.voter("Grace"), room.desk()
    room.press("state", state="closed")
    room.press("direct", on=0)
    told(ada, state="closed")
    room.press("state", state="open")
    told(ada, direct=False, state="open")
    assert ada.unsaid("psst", grace.person) == "not_allowed"
    assert ada.say("the light flickers", "stage")["type"] == "said"
    desk.until(lambda: any(said["text"] == "the light flickers" for said in desk.wall.messages))
    desk.say("we see to it", ada.person)
    assert ada.has("we see to it")["from"] == "stage"
    room.press("direct", on=1)
    ada.say("psst", grace.person)
    assert grace.has("psst")["name"] == "Ada"
    assert not desk.has_got("psst")


def test_clearing_the_wall_asks_once_and_takes_what_was_seen(room: Room) -> None:
    """What was said since then stays, the journal keeps it all; an empty wall is no question."""
    voter, desk = room.voter(), room.desk()
    one, _two = voter.say("one"), voter.say("two")
    desk.sees("one", "two")
    form = {"version": desk.wall.version, "ask": 1}
    voter.say("three")
    status, question = room.refused("clear", **form)
    assert (status, question[:28]) == (200, "Take all 2 messages off ever")
    voter.sees("one", "two", "three")
    room.press("clear", version=form["version"])
    for page in (voter, room.voter()):
        page.sees("three")
    desk.sees("three")
    assert b'"one"' in journal(room.server)
    assert room.refused("show", message=one["id"]) == (409, GONE)
    room.press("clear", version=EVER)
    room.press("clear", version=EVER, ask=1)  # nothing is there to be asked about
    voter.say("four")
    voter.sees("four")


def test_one_message_is_put_on_the_screen_and_taken_off(room: Room) -> None:
    """Another takes its place; one that is hidden goes with the same press, and none can come."""
    voter, screen = room.voter("Ada"), room.screen()
    first, second = voter.say("first")["id"], voter.say("second")["id"]

    def lit(text: str | None) -> None:
        screen.until(lambda: (screen.state["talk"]["spotlight"] or {}).get("text") == text)

    room.press("spotlight", message=first)
    lit("first")
    assert screen.state["talk"]["spotlight"]["name"] == "Ada"
    room.press("spotlight", message=second)
    lit("second")
    room.press("spotlight", message="")
    lit(None)
    room.press("spotlight", message=first)
    lit("first")
    room.press("hide", message=first)
    lit(None)
    assert room.refused("spotlight", message=first) == (409, GONE)


def test_a_private_message_can_not_be_put_on_the_screen(room: Room) -> None:
    """It was for the stage alone; nor is it on the wall, to be hidden there."""
    private = room.voter().say("I feel ill", "stage")["id"]
    for action in ("spotlight", "hide", "show"):
        assert room.refused(action, message=private) == (409, GONE)


def test_two_admins_moderate_one_room(room: Room) -> None:
    """Each sees at once what the other has done, and the log tells who it was."""
    voter, first = room.voter(), room.desk()
    other = Browser(room.server, dict(room.admin.cookies))
    second = Talker(other, view="admin")
    id = voter.say("hello")["id"]
    first.sees("hello")
    other.post("/admin/talk/hide", {"message": id})
    first.until(lambda: first.wall.held[id].get("hidden"))
    room.press("slow", seconds=30)
    told(second, slow=30)
    second.leave()
    assert room.server.wait_for('moderated what="hide" outcome="done" session="[0-9a-f]{4}"')
    room.refused("hide", message="b" * 12)
    assert room.server.wait_for('moderated what="hide" outcome="not_possible"')


def test_only_an_admin_with_our_form_moderates(room: Room) -> None:
    """Strangers and voters are told to log in; without its token a form is nobody's."""
    voter = room.voter()
    id = voter.say("hello")["id"]
    for visitor in (Browser(room.server), voter.browser):
        answer = visitor.post("/admin/talk/hide", {"message": id}, Accept="application/json")
        assert (answer.status, answer.json["code"]) == (401, "not_logged_in")
        led = visitor.post("/admin/talk/hide", {"message": id})
        assert (led.status, led.headers["Location"]) == (303, "/admin")
    forged = room.admin.ask("POST", "/admin/talk/hide", urlencode({"message": id}).encode())
    assert forged.status == 400
    foreign = room.admin.post("/admin/talk/hide", {"message": id}, Origin="http://evil.example")
    assert foreign.status == 403
    assert room.voter().say("still there")["type"] == "said"
    voter.sees("hello", "still there")


@pytest.mark.parametrize(
    "action, form",
    [
        ("state", {"state": "loud"}),
        ("direct", {"on": "yes"}),
        ("slow", {"seconds": 601}),
        ("slow", {"seconds": -1}),
        ("slow", {}),
        ("hide", {}),
        ("hide", {"message": "<b>"}),
        ("mute", {"person": "stage"}),  # or no admin could write
        ("mute", {"person": "a" * 5_000}),
        ("clear", {"version": "all"}),
        ("spotlight", {"message": "x" * 13}),
    ],
)
def test_what_no_page_of_ours_says_is_refused(
    room: Room, action: str, form: dict[str, object]
) -> None:
    """And the journal is none the longer for it."""
    before = room.desk().wall.version
    status, sentence = room.refused(action, **form)
    assert (status, sentence[:8]) == (400, "expected")
    assert room.desk().wall.version == before


def test_without_scripts_a_press_leads_back_to_the_desk(room: Room) -> None:
    """Which says what was refused; the question before clearing is a page with the same form."""
    voter = room.voter()
    id = voter.say("hello")["id"]
    admin = room.admin
    pressed = admin.post("/admin/talk/hide", {"message": id})
    assert (pressed.status, pressed.headers["Location"]) == (303, "/admin")
    voter.sees()
    admin.post("/admin/talk/hide", {"message": "b" * 12})
    assert GONE in admin.get("/admin").text
    asked = admin.post("/admin/talk/clear", {"version": EVER, "ask": 1}).text
    assert "Take the 1 message off every page?" in asked
    assert 'action="/admin/talk/clear"' in asked
    assert "Clear the wall" in asked
    assert 'name="ask"' not in asked
