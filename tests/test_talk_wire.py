"""Messages over real sockets and long polls: who hears what, once, and who never gets the bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.phones import TEXT, Browser, Closed
from tests.routes import paths
from tests.serving import ADA, Server
from tests.talkers import FAST, MOST, TALKING, WAYS, Desk, Talker, Way
from tests.witness import read_journal
from voting.records import Record

RETURNS: list[tuple[Way, Way]] = [*zip(WAYS, (*WAYS[1:], WAYS[0]), strict=True)]
"""Each way, and another one to come back by."""

WRITTEN = [
    "谁应该做下一次演讲？",
    "مرحبا بالعالم",
    "שלום עולם",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f3f3\ufe0f\u200d\U0001f308",
    "<script>alert('no')</script> & {y}",
    "one\ntwo",
    "票" * 280,
]

BAD = ["", "   ", "a\u0000b", "\u001b[2J", "a\u202eb", "\u2066a", "x" * 281, "x" * 3_900]


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The admin of a server where the room talks."""
    server = Server(tmp_path_factory.mktemp("hall"), FAST)
    yield Desk(server.start())
    server.clear_up()


@pytest.fixture
def desk(hall: Desk) -> Desk:
    """The same, before an empty wall."""
    hall.press("state", state="open")
    hall.press("slow", seconds=0)
    hall.press("direct", on=1)
    hall.press("clear", version=hall.version)
    return hall


def voter(desk: Desk, name: str = "", way: Way = "websocket") -> Talker:
    """A voter's page, in a browser of its own."""
    return Talker(Browser(desk.browser.server).log_in(name), way)


def screen(desk: Desk, way: Way = "websocket") -> Talker:
    return Talker(Browser(desk.browser.server), way, "screen")


def stage(desk: Desk, way: Way = "websocket") -> Talker:
    """The admin's page."""
    return Talker(desk.browser, way, "admin")


def numbered(count: int) -> list[str]:
    return [f"text {n:03d}" for n in range(count)]


# To everyone


def test_what_anybody_says_everybody_hears_by_whatever_way(desk: Desk) -> None:
    """Voters, screens and the stage, each by each transport: in one order, as it was written."""
    voters = [voter(desk, f"Voter {way}", way) for way in WAYS]
    screens, stages = [screen(desk, way) for way in WAYS], [stage(desk, way) for way in WAYS[:2]]
    said: list[str] = []
    for n, text in enumerate(WRITTEN):
        speaker = [*voters, *stages][n % 5]
        answer = speaker.say(text)
        assert answer["type"] == "said", answer
        said.append(text)
        for page in (*voters, *screens, *stages):
            page.sees(*said)
            newest = page.wall.messages[-1]
            assert (newest["id"], newest["version"]) == (answer["id"], answer["version"])
            assert newest["at"] == answer["at"]
            assert newest["from"] == ("stage" if speaker in stages else speaker.person)
            assert newest["name"] == ("" if speaker in stages else f"Voter {WAYS[n % 5]}")
    assert all(page.wall.again == [] for page in (*voters, *screens, *stages))


def test_who_joins_late_hears_the_newest_two_hundred(desk: Desk) -> None:
    """By each way, and nothing of what was before; who was there holds no more than they do."""
    said = numbered(MOST + 30)
    early = voter(desk)
    early.say_all(said)
    for late in (*(voter(desk, "", way) for way in WAYS), screen(desk), stage(desk, "longpoll")):
        late.sees(*said[-MOST:])
        assert not late.has_got(said[29])
    early.sees(*said[-MOST:])


def test_a_page_that_asks_for_nothing_is_told_what_is_said_from_then_on(desk: Desk) -> None:
    """A phone whose panel was never opened is not sent two hundred messages on every new line."""
    speaker = voter(desk)
    speaker.say("before")
    said = ["before"]
    for way in WAYS:
        speaker.sees(*said)  # what is of this tick would come to the page, too
        page = Talker(Browser(desk.browser.server).log_in(), way, hears=False)
        speaker.say(f"to {way}")
        said.append(f"to {way}")
        page.sees(f"to {way}")
        assert not page.has_got("before")


# Coming back


@pytest.mark.parametrize("before, then", RETURNS)
def test_who_comes_back_goes_on_after_what_it_has_heard(desk: Desk, before: Way, then: Way) -> None:
    """By another way than before: what was said meanwhile, nothing twice, nothing missing."""
    speaker, page = voter(desk), voter(desk, "Paula", before)
    speaker.say("heard")
    page.sees("heard")
    page.leave()
    afresh = page.wall.afresh
    speaker.say_all(["missed", "too"])
    speaker.sees("heard", "missed", "too")  # what is of this tick would come with it once more
    page.come(then)
    page.sees("heard", "missed", "too")
    speaker.say("later")
    page.sees("heard", "missed", "too", "later")
    assert (page.wall.again, page.wall.afresh) == ([], afresh)


def test_who_missed_more_than_is_kept_gets_the_newest_afresh(desk: Desk) -> None:
    """And what was cleared or hidden while it was away is not there any more."""
    speaker, page = voter(desk), voter(desk)
    hidden, *_ = speaker.say_all(["hidden", "kept"])
    page.sees("hidden", "kept")
    page.leave()
    desk.press("hide", message=hidden["id"])
    page.come("longpoll").sees("kept")
    page.leave()
    said = numbered(MOST + 1)
    speaker.say_all(said)
    page.come("websocket").sees(*said[1:])
    page.leave()
    desk.press("clear", version=desk.version)
    page.come("poll").sees()
    assert page.wall.again == []


def test_a_page_whose_line_breaks_all_the_time_misses_nothing_of_a_talk(desk: Desk) -> None:
    """It hops from way to way while two voters go on talking: the same messages in one order."""
    page, speakers = voter(desk), [voter(desk), voter(desk)]
    with ThreadPoolExecutor() as beside:
        talks = [
            beside.submit(speaker.say_all, [f"{n} of {place}" for n in range(60)])
            for place, speaker in enumerate(speakers)
        ]
        hops = 0
        while not all(talk.done() for talk in talks) or hops < 6:
            page.leave()
            page.come(WAYS[hops % 3])
            hops += 1
    answers = [answer for talk in talks for answer in talk.result()]
    ids = [answer["id"] for answer in sorted(answers, key=lambda said: int(said["version"]))]
    page.until(lambda: len(page.wall.held) == len(ids))
    assert [message["id"] for message in page.wall.messages] == ids
    late = voter(desk)
    late.until(lambda: len(late.wall.held) == len(ids))
    assert late.wall.messages == page.wall.messages


def test_every_tab_of_a_voter_hears_all_though_they_come_at_the_same_moment(desk: Desk) -> None:
    """As after a restart; one page that asks again and again is told that it is too fast."""
    speaker = voter(desk)
    speaker.say("heard by all")
    browser = Browser(desk.browser.server).log_in()
    tabs = [Talker(browser) for _ in range(8)]
    for tab in tabs:
        tab.sees("heard by all")
    for _ in range(20):
        tab.line.send({"type": "hear", "after": ""})
    assert tab.answer(None)["code"] == "too_fast"


# Once


def test_a_message_sent_again_is_said_once(desk: Desk) -> None:
    """By one socket, two at once, POST, after kill -9: one answer, one message, the first text."""
    server = desk.browser.server
    browser = Browser(server).log_in("Vera")
    one, two, asking = Talker(browser), Talker(browser), Talker(browser, "longpoll")
    for page in (one, one, two):
        page.send("first", key="key")
    first = one.answer("key")
    assert first["type"] == "said"
    assert [one.answer("key"), two.answer("key")] == [first, first]
    answers = [page.say("another text", key="key") for page in (one, two, asking)]
    server.kill()
    server.start()
    back = Talker(browser)
    answers.append(back.say("first", key="key"))
    assert [{**answer, "status": 0} for answer in answers] == [{**first, "status": 0}] * 4
    back.sees("first")
    assert sum(b'"key":"key"' in record.body for record in journal(server)) == 1
    stranger = Talker(Browser(server).log_in())
    assert stranger.say("of somebody else", key="key")["id"] != first["id"]


def test_who_writes_faster_than_people_do_is_told_so(serve: Callable[..., Server]) -> None:
    """As delivered: two in a second; what is not heard can be sent again, and costs nobody else."""
    server = serve(TALKING)
    page, other = (Talker(Browser(server).log_in()) for _ in "ab")
    keys = [page.send(f"text {n}") for n in range(6)]
    answers = [page.answer(key) for key in keys]
    assert [answer["type"] for answer in answers[:2]] == ["said", "said"]
    assert {answer.get("code") for answer in answers[2:]} >= {"too_fast"}
    assert other.say("calm")["type"] == "said"
    assert page.say("text 0", key=keys[0]) == answers[0]
    asking = Talker(page.browser, "longpoll")
    codes = [asking.say(f"posted {n}") for n in range(8)]
    assert (429, "too_fast") in [(answer["status"], answer.get("code")) for answer in codes]


# To one person


def test_nobody_but_sender_and_receiver_ever_gets_the_bytes(desk: Desk) -> None:
    """Neither by any socket or poll, on any view, nor on any page; nor does a uuid get out."""
    hall = desk.browser.server
    sender, receiver = voter(desk, "Vera"), voter(desk, "Will")
    tab = Talker(receiver.browser, "longpoll")
    others = [
        *(voter(desk, f"Voter {way}", way) for way in WAYS),
        *(screen(desk, way) for way in WAYS),
        *(stage(desk, way) for way in WAYS),
    ]
    voted = voter(desk, "Voted")
    voted.line.send(
        {
            "type": "vote",
            "ballot": "b",
            "round": voted.state["round"]["id"],
            "choices": [ADA],
        }
    )
    voted.until(lambda: voted.has_got('"receipt"'))
    others.append(voted)
    secrets = ["elephant at noon", "giraffe at one"]
    answers = [
        sender.say(secrets[0], receiver.person),
        Talker(receiver.browser, "poll").say(secrets[1], sender.person),
    ]
    for page in (sender, receiver, tab):
        for secret, ends in zip(secrets, [(sender, receiver), (receiver, sender)], strict=True):
            got = page.has(secret)
            assert (got["from"], got["to"]) == (ends[0].person, ends[1].person)
            assert {got["name"], got["to_name"]} == {"Vera", "Will"}
    # What is said to all afterwards comes behind whatever else there would be.
    sender.say("to everyone")
    for page in others:
        page.sees("to everyone")
    answered = [b"".join(page.raw) for page in others]
    for browser in (others[0].browser, desk.browser, Browser(hall)):
        looked = [path for path in paths() if path != "/admin/backup"]
        answered += [browser.get(path).body for path in looked]
    answered.append(hall.said.encode())
    for bytes_ in answered:
        for secret in (*secrets, *(answer["id"] for answer in answers)):
            assert secret.encode() not in bytes_
    bodies = b"\n".join(record.body for record in journal(hall))
    voters = set(re.findall(rb'"voter":"([^"]+)"', bodies))
    assert len(voters) >= 3
    everything = b"".join([*answered, *sender.raw, *receiver.raw, *tab.raw])
    assert not [voter for voter in voters if voter in everything]


def test_a_voter_and_the_stage_write_to_each_other(desk: Desk) -> None:
    """Every desk sees it and what was answered; no other voter and no screen does."""
    vera, other = voter(desk, "Vera", "longpoll"), voter(desk, "Other")
    watching, desks = screen(desk), [stage(desk), stage(desk, "longpoll")]
    vera.say("is there coffee", "stage")
    for page in desks:
        asked = page.has("is there coffee")
        assert (asked["from"], asked["name"], asked["to"]) == (vera.person, "Vera", "stage")
    desks[0].say("behind you", vera.person)
    assert vera.has("behind you")["from"] == "stage"
    for page in desks:
        answer = page.has("behind you")
        assert (answer["from"], answer["to"], answer["to_name"]) == ("stage", vera.person, "Vera")
    desks[1].say("to everyone")
    for page in (other, watching):
        page.sees("to everyone")
        assert not page.has_got("coffee")
        assert not page.has_got("behind you")


def test_who_is_away_finds_on_coming_back_what_was_written_to_it(desk: Desk) -> None:
    """In the same session, by any way, and after kill -9 of the server, too."""
    server, vera, will = desk.browser.server, voter(desk, "Vera"), voter(desk, "Will")
    will.leave()
    vera.say("while you were away", will.person)
    will.come("longpoll")
    assert will.has("while you were away")["name"] == "Vera"
    server.kill()
    server.start()
    vera.come("websocket")
    vera.say("and now", will.person)
    for way in WAYS:
        back = Talker(will.browser, way)
        back.has("while you were away")
        back.has("and now")
        assert len(back.directs) == 2


def test_a_receiver_who_is_not_there_for_good_is_a_clear_answer(desk: Desk) -> None:
    """Nobody has had that name; they have logged out, until they are back; or it is not allowed."""
    vera, will, admin = voter(desk, "Vera"), voter(desk, "Will"), stage(desk)
    posting = Talker(vera.browser, "poll")
    for page in (vera, posting, admin):
        assert page.unsaid("hello", "zzzzzzzzzz") == "unknown_person"
    assert vera.unsaid("hello", "Will") == "unknown_person"
    assert vera.unsaid("hello", vera.person) == "unknown_person"
    will.browser.post("/logout")
    vera.until(lambda: vera.say("anybody", will.person).get("code") == "gone")
    assert admin.unsaid("anybody", will.person) == "gone"
    assert posting.say("anybody", will.person)["status"] == 409
    will.browser.log_in("Will")
    vera.until(lambda: vera.say("welcome back", will.person)["type"] == "said")
    will.come("websocket")
    assert will.has("welcome back")
    desk.press("direct", on=0)
    assert vera.unsaid("hello", will.person) == "not_allowed"
    assert vera.say("hello", "stage")["type"] == "said"
    assert admin.say("hello", will.person)["type"] == "said"


# Moderation


def test_a_hidden_message_is_gone_from_every_page_and_can_come_back(desk: Desk) -> None:
    """Who comes later never gets its bytes; admins see that it is hidden; it has its old place."""
    speaker = voter(desk)
    one, bad, three = speaker.say_all(["one", "bad words", "three"])
    pages = [speaker, voter(desk, "", "longpoll"), screen(desk), screen(desk, "poll")]
    admins = [stage(desk), stage(desk, "longpoll")]
    for page in (*pages, *admins):
        page.sees("one", "bad words", "three")
    desk.press("spotlight", message=bad["id"])
    for page in (*pages, *admins):
        page.until(lambda page=page: (page.state["talk"]["spotlight"] or {}).get("id") == bad["id"])
    desk.press("hide", message=bad["id"])
    for page in pages:
        page.sees("one", "three")
    for page in (*pages, *admins):
        page.until(lambda page=page: page.state["talk"]["spotlight"] is None)
    for page in admins:
        page.until(lambda page=page: page.wall.held[bad["id"]].get("hidden"))
    for way in WAYS:
        late = voter(desk, "", way)
        late.sees("one", "three")
        assert not late.has_got("bad words")
    desk.press("show", message=bad["id"])
    for page in (*pages, *admins, late):
        page.sees("one", "bad words", "three")
    admins[0].until(lambda: not admins[0].wall.held[bad["id"]].get("hidden"))
    assert [one["version"] < bad["version"] < three["version"]] == [True]


def test_who_is_muted_is_told_so_and_heard_again_afterwards(desk: Desk) -> None:
    """On the wall and to the stage, by each way; nobody else is."""
    loud, other = voter(desk, "Loud"), voter(desk)
    loud.say("noise")
    desk.press("mute", person=loud.person)
    posting = Talker(loud.browser, "poll")
    for page in (loud, posting):
        assert page.unsaid("more noise") == "muted"
        assert page.unsaid("more noise", "stage") == "muted"
    assert posting.say("more noise")["status"] == 403
    other.say("quiet")
    admin = stage(desk)
    assert admin.state["talk"]["muted"] == [{"id": loud.person, "name": "Loud"}]
    assert "muted" not in loud.state["talk"]
    desk.press("unmute", person=loud.person)
    loud.say("sorry")
    other.sees("noise", "quiet", "sorry")


def test_slow_closed_and_off_are_told_to_all_and_hold_for_all_but_the_stage(desk: Desk) -> None:
    """Slow names the seconds; closed can be read; off is as if there never were messages."""
    vera, asking, admin = voter(desk), voter(desk, "", "longpoll"), stage(desk)
    desk.press("slow", seconds=600)
    vera.until(lambda: vera.state["talk"]["slow"] == 600)
    vera.say("one")
    assert vera.unsaid("two") == "slow_down"
    assert vera.unsaid("two", "stage") == "slow_down"
    for text in ("stage", "again"):
        assert admin.say(text)["type"] == "said"
    asking.say("another voter")
    assert asking.say("another voter")["status"] == 429
    desk.press("slow", seconds=0)
    vera.say("two")
    said = ["one", "stage", "again", "another voter", "two"]

    desk.press("state", state="closed")
    for page in (vera, asking):
        page.until(lambda page=page: page.state["talk"]["state"] == "closed")
        assert page.unsaid("three") == "talk_closed"
    admin.say("the end")
    said.append("the end")
    voter(desk, "", "longpoll").sees(*said)

    desk.press("state", state="off")
    for page in (vera, asking):
        page.until(lambda page=page: "talk" not in page.state)
        assert page.unsaid("four") == "talk_closed"
    admin.until(lambda: admin.state["talk"]["state"] == "off")
    late = voter(desk, "", "longpoll")
    assert "talk" not in late.state
    assert not late.has_got("the end")

    desk.press("state", state="open")
    for page in (vera, asking, late):
        page.sees(*said)
    vera.say("five")
    late.sees(*said, "five")


def test_a_cleared_wall_is_empty_on_every_page(desk: Desk) -> None:
    """As far as the admin had seen it; what was written to one person is nobody's wall."""
    vera, will, asking = voter(desk, "Vera"), voter(desk, "Will"), voter(desk, "", "longpoll")
    vera.say("to will", will.person)
    vera.say_all(["one", "two"])
    seen = desk.version
    vera.say("not seen yet")
    asking.sees("one", "two", "not seen yet")
    desk.press("clear", version=seen)
    for page in (vera, will, asking, screen(desk), stage(desk)):
        page.sees("not seen yet")
    assert Talker(will.browser).has("to will")


# What is no message


def test_what_cannot_be_a_message_is_refused_and_the_line_stays(desk: Desk) -> None:
    """Empty, too long, control characters, turned directions; surrogates alone; over 4 KiB."""
    page, posting = voter(desk), voter(desk, "", "longpoll")
    for bad in BAD:
        assert page.unsaid(bad) == "bad_text", repr(bad)
        answer = posting.say(bad)
        assert (answer["status"], answer["code"]) == (422, "bad_text"), repr(bad)
    for payload in (
        b'{"type":"say","key":"k","text":"\\ud800"}',
        b'{"type":"say","key":"","text":"Hello"}',
        b'{"type":"say","key":"no/slash","text":"Hello"}',
        b'{"type":"say","key":"k","text":["Hello"]}',
        b'{"type":"say","key":"k","to":"%s","text":"Hello"}' % (b"x" * 65),
        b'{"type":"say","text":"Hello"}',
    ):
        page.wire.send(TEXT, payload)
        page.until(lambda: page.refusal)
        assert page.refusal["code"] == "bad_message", payload
        page.refusal = {}
        headers = {"Content-Type": "application/json"}
        assert page.browser.ask("POST", "/messages", payload, headers).status == 422
    large = json.dumps({"type": "say", "key": "k", "to": "", "text": "x" * 4_096}).encode()
    assert page.browser.ask("POST", "/messages", large, headers).status == 422
    assert page.say("still here")["type"] == "said"
    posting.sees("still here")
    page.wire.send(TEXT, large)
    with pytest.raises(Closed, match="1009"):
        page.until(lambda: False)


def test_who_is_not_a_voter_says_nothing(desk: Desk) -> None:
    """A screen reads, a stranger does not even that; a page of another site gets no word in."""
    hall = desk.browser.server
    assert screen(desk).unsaid("Hello") == "not_logged_in"
    message = b'{"type":"say","key":"k","to":"","text":"Hello"}'
    as_json = {"Content-Type": "application/json"}
    for stranger, path in (
        (Browser(hall), "/messages"),
        (Browser(hall).log_in(), "/messages?view=admin"),
        (desk.browser, "/messages"),
    ):
        answer = stranger.ask("POST", path, message, as_json)
        assert (answer.status, answer.json["code"]) == (401, "not_logged_in")
    guest = Browser(hall).log_in()
    for headers, status in (
        ({**as_json, "Origin": "http://elsewhere.example"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ):
        assert guest.ask("POST", "/messages", message, headers).status == status
    voter(desk).sees()


def test_a_room_that_does_not_talk_says_so_and_nothing_more(server: Server) -> None:
    """As delivered: no word of it on the wire, and nobody is heard."""
    page = Talker(Browser(server).log_in(), hears=False)
    assert "talk" not in page.state
    assert page.unsaid("Hello") == "talk_closed"
    Desk(server).press("state", state="open")
    page.until(lambda: page.state.get("talk", {}).get("state") == "open")
    page.say("Hello")
    page.sees("Hello")
    server.kill()
    server.start()
    back = Talker(page.browser)
    assert back.state["talk"]["state"] == "open", "what an admin has said stays"
    back.sees("Hello")


def journal(server: Server) -> list[Record]:
    """The records that a server has written; nobody writes just now."""
    return read_journal(server.folder / "data")
