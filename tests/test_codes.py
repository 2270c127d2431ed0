"""One-time codes: what a code is, what it does in the fold, and that it lets one voter in."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from tests import engines
from tests.asking import asker
from tests.faults import FileLimit
from tests.folding import Room, code
from tests.phones import Answer, Browser, Closed, Phone
from tests.serving import ADA, CONFIG, Server, dashboard
from tests.test_secrecy import every_path
from voting import codes
from voting.admission import has_come
from voting.gate import Gate
from voting.records import Claim, Close, Issue, Rehearse, Reset
from voting.state import Done

BY_CODE = CONFIG + '\n[room]\nvoters = "codes"\n'
PROBLEM = re.compile(r'id="problem"[^>]*>([^<]+)<')


# What a code is


def test_codes_are_ten_letters_in_two_groups_and_no_two_alike() -> None:
    """So many that one is not found by trying, and such that no sign is taken for another."""
    made = codes.several(2_000)
    assert len(set(made)) == 2_000
    assert all(re.fullmatch("[A-Z2-7]{5}-[A-Z2-7]{5}", one) for one in made)
    assert set("".join(made)) == {*codes.LETTERS, "-"}


@pytest.mark.parametrize(
    "typed",
    [
        "K7Q4M-X2PIO",
        "k7q4m-x2pio",
        "  K7Q4M X2PIO\t",
        "k7q4mx2pio",
        "K7Q4M-X2P10",
        "K 7 Q 4 M / X 2 P 1 0",
        "Ｋ７Ｑ４Ｍ－Ｘ２Ｐ１０",  # a phone's full-width keyboard
        "K7Q4M–X2PIO",  # a phone's own idea of a hyphen
    ],
)
def test_a_code_is_read_as_it_was_meant(typed: str) -> None:
    """Case, spaces and the hyphen do not matter; 0 and 1 are not among the signs."""
    assert codes.read(typed) == "K7Q4M-X2PIO"


@pytest.mark.parametrize("typed", ["", "-", "K7Q4M-X2PI", "K7Q4M-X2PIOA", "K7Q4M-X2P9A", "x" * 101])
def test_what_cannot_be_a_code_is_none(typed: str) -> None:
    """Too short, too long, or with a sign that no code has."""
    assert codes.read(typed) is None


def test_the_digest_of_a_code_is_kept() -> None:
    """A journal of last year holds digests: cards of then must still open the room."""
    assert codes.digest("K7Q4M-X2PIO") == "28f6e0b4b94f13ff12a49c43f9c16e64"


# What it does


def test_a_code_lets_one_voter_in() -> None:
    """The second is told; the first may come again, and no other code is spent on it."""
    room = Room()
    assert code(room.record(Claim("c1", "v"))) == "unknown_code"
    assert room.record(Issue(("c1", "c2"))) == Done()
    assert not has_come(room.state, "v")
    assert room.record(Claim("c1", "v")) == Done()
    assert code(room.record(Claim("c1", "w"))) == "code_used"
    assert room.record(Claim("c1", "v")) == Done()
    assert room.record(Claim("c2", "v")) == Done()
    assert room.record(Claim("c2", "w")) == Done()
    assert has_come(room.state, "v")
    assert has_come(room.state, "w")


def test_a_code_that_is_made_again_stays_used() -> None:
    """Codes are told apart by their digests alone."""
    room = Room()
    room.record(Issue(("c1",)))
    room.record(Claim("c1", "v"))
    assert room.record(Issue(("c1", "c2"))) == Done()
    assert code(room.record(Claim("c1", "w"))) == "code_used"


def test_who_has_come_stays_in_whatever_becomes_of_the_rounds() -> None:
    """A reset, another poll, a rehearsal: none of them asks for codes anew."""
    room = Room()
    room.record(Issue(("c1",)))
    room.record(Claim("c1", "v"))
    room.steer(Reset)
    room.steer(Close)
    room.steer(Rehearse, 60)
    assert has_come(room.state, "v")
    room.steer(Close)
    assert has_come(room.state, "v")


def test_codes_of_a_rehearsal_end_with_it_and_others_do_not() -> None:
    """Whoever came by one is a stranger afterwards; a card that was tried meanwhile is used."""
    room = Room()
    room.record(Issue(("card",)))
    assert code(room.record(Issue(("tried",), -1))) == "not_possible"
    room.steer(Rehearse, 60)
    assert room.record(Issue(("tried", "tried too"), -1)) == Done()
    assert code(room.record(Issue(("tried",), -2))) == "not_possible"
    assert room.record(Claim("tried", "pretended")) == Done()
    assert room.record(Claim("card", "vera")) == Done()
    assert has_come(room.state, "pretended")
    assert room.state.admission.codes == {"card": "vera"}
    room.steer(Close)
    assert not has_come(room.state, "pretended")
    assert has_come(room.state, "vera")
    assert code(room.record(Claim("tried too", "pretended"))) == "unknown_code"


def test_a_room_that_does_not_ask_admits_everybody() -> None:
    """And forgets no code: it may ask again at the next start."""
    with engines.Room() as room:
        assert Gate(room.engine, asks=False).admits("stranger")
        assert not Gate(room.engine, asks=True).admits("stranger")


def test_who_comes_by_a_code_costs_the_others_no_tick() -> None:
    """Two thousand arrivals are two thousand records, and none of them changes a page."""
    with engines.Room() as room:
        gate = Gate(room.engine, asks=True)
        made = codes.several(2_500)
        assert gate.issue(made) == Done()
        assert room.journal.batches[-3:] == [1, 1, 1]  # at most a thousand in one record
        assert [gate.let_in(f"v{n}", made[n]) for n in range(10)] == [Done()] * 10
        assert (gate.made, gate.used) == (2_500, 10)
        assert room.news == []
        room.cast("v").receipt()
        assert room.news


def test_a_code_is_refused_for_good_only_where_the_journal_is_known() -> None:
    """While nothing can be recorded nobody is told that a code is used, or is none."""
    with engines.Room() as room:
        gate = Gate(room.engine, asks=True)
        used, free = codes.several(2)
        gate.issue([used, free])
        assert gate.let_in("v", used) == Done()
        room.journal.down = True
        outcomes = [gate.let_in("w", typed) for typed in (free, used, "AAAAA-AAAAA")]
        assert [getattr(one, "code", "") for one in outcomes] == ["not_recorded"] * 3
        assert gate.let_in("v", used) == Done()
        room.journal.down = False
        assert room.back.wait(engines.PATIENCE)
        assert code(gate.let_in("w", used)) == "code_used"
        assert gate.let_in("w", free) == Done()


def test_a_claim_whose_commit_was_in_doubt_holds_for_who_made_it() -> None:
    """It was written, nobody knew, and the same phone asks again."""
    with engines.Room() as room:
        gate = Gate(room.engine, asks=True)
        (only,) = codes.several(1)
        gate.issue([only])
        room.journal.trouble = ["after"]
        assert code(gate.let_in("v", only)) == "not_recorded"
        assert room.back.wait(engines.PATIENCE)
        assert gate.let_in("v", only) == Done()
        assert code(gate.let_in("w", only)) == "code_used"


# At the door of a server


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that asks for codes."""
    server = Server(tmp_path_factory.mktemp("room"), BY_CODE)
    yield server.start()
    server.clear_up()


@pytest.fixture(scope="module")
def steward(room: Server) -> Browser:
    """Its admin."""
    return Browser(room).become_admin()


def handed_out(steward: Browser, number: int, **more: object) -> list[str]:
    """Return codes that the admin has just made."""
    made = steward.post("/admin/codes", {"number": number, **more}, Accept="application/json")
    assert made.status == 200, made.text
    return [str(one) for one in made.json["codes"]]


def numbers(steward: Browser) -> tuple[int, int]:
    """Return how many codes are made, and how many used, as the desk shows."""
    vitals = steward.get("/admin/vitals", Accept="application/json").json
    return vitals["codes_made"], vitals["codes_used"]


def comes(browser: Browser, code: str = "", name: str = "") -> Answer:
    """Send the form of the login."""
    return browser.post("/login", {"name": name, "code": code})


def told(answer: Answer) -> str:
    """Return what the form says to be the matter."""
    found = PROBLEM.search(answer.text)
    assert found, answer.text
    return found[1]


def is_in(browser: Browser) -> bool:
    """Say whether a browser is a voter on all ways: the page, the socket, the poll."""
    page = browser.get("/")
    poll = browser.get("/live?view=voter")
    phone = Phone(browser)
    with closing(phone):
        try:
            phone.until(type="state")
            socket = 101
        except Closed as closed:
            socket = closed.code or 0
    ways = (page.status, poll.status, socket)
    assert ways in ((200, 200, 101), (303, 401, 4401)), ways
    return page.status == 200


def test_a_link_fills_the_code_in_and_changes_nothing(room: Server, steward: Browser) -> None:
    """Previews and reloads spend no code; the form that is sent does, and then the phone is in."""
    card, before = handed_out(steward, 1)[0], numbers(steward)
    phone = Browser(room)
    for _ in range(3):
        page = phone.get(f"/login?code={card}")
        assert page.status == 200
        assert f'value="{card}"' in page.text
    phone.ask("HEAD", f"/login?code={card}")
    assert numbers(steward) == before
    assert not is_in(phone)
    assert comes(phone, card, "Vera").headers["Location"] == "/"
    assert numbers(steward) == (before[0], before[1] + 1)
    assert is_in(phone)


def test_without_a_code_nobody_comes_in(room: Server) -> None:
    """Empty, mistyped or made up: each is told in a sentence, and what was typed stays there."""
    phone = Browser(room)
    none = comes(phone, "", "Vera")
    assert (none.status, told(none)) == (401, "Please type the code from your card.")
    for typed in ("AAAAA-AAAAA", "vera's", "<b>"):
        wrong = comes(phone, typed, "Vera")
        assert wrong.status == 401
        assert told(wrong) == "There is no such code. Please compare it with your card."
        assert 'value="Vera"' in wrong.text
    assert "<b>" not in wrong.text
    assert not is_in(phone)


def test_a_second_phone_is_told_that_a_code_is_used(room: Server, steward: Browser) -> None:
    """And what to do; the first one stays in."""
    (card,) = handed_out(steward, 1)
    first, second = Browser(room), Browser(room)
    assert comes(first, card).status == 303
    refused = comes(second, card.lower().replace("-", " "))
    assert refused.status == 409
    assert told(refused).startswith("This code has been used on another phone")
    assert "Ask the presenter" in told(refused)
    assert (is_in(first), is_in(second)) == (True, False)


def test_who_has_come_by_a_code_needs_no_other(room: Server, steward: Browser) -> None:
    """Another card that is scanned stays good; logging out and in again asks for none."""
    own, other = handed_out(steward, 2)
    phone = Browser(room)
    comes(phone, own, "Vera")
    straight = phone.get(f"/login?code={other}")
    assert (straight.status, straight.headers["Location"]) == (303, "/")
    phone.post("/logout")
    assert not is_in(phone)
    assert 'name="code"' not in phone.get("/login").text
    assert comes(phone, other, "Vera").status == 303
    assert is_in(phone)
    assert comes(Browser(room), other).status == 303


def test_a_form_whose_answer_was_lost_may_be_sent_again(room: Server, steward: Browser) -> None:
    """The phone was a voter before it sent the form, so its code has not gone to a stranger."""
    (card,) = handed_out(steward, 1)
    phone = Browser(room)
    phone.get(f"/login?code={card}")
    deaf = Browser(room, dict(phone.cookies))
    assert comes(deaf, card).status == 303
    assert comes(phone, card).status == 303
    assert is_in(phone)


def test_of_two_that_race_for_a_code_one_comes_in(room: Server, steward: Browser) -> None:
    """However the two requests meet: exactly one, for each of the codes."""
    cards = handed_out(steward, 8)
    racers = [(Browser(room), card) for card in cards for _ in range(2)]
    tokens = [browser.token() for browser, _ in racers]
    start = threading.Barrier(len(racers))
    answers: list[int] = [0] * len(racers)

    def race(place: int) -> None:
        browser, card = racers[place]
        form = f"csrf_token={tokens[place]}&name=&code={card}"
        start.wait()
        answers[place] = browser.ask("POST", "/login", form.encode()).status

    threads = [threading.Thread(target=race, args=(place,)) for place in range(len(racers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pairs = [sorted(answers[place : place + 2]) for place in range(0, len(racers), 2)]
    assert pairs == [[303, 409]] * len(cards)
    for (browser, _), answer in zip(racers[:4], answers, strict=False):
        assert is_in(browser) == (answer == 303)


def test_the_admin_makes_codes_while_the_room_runs(room: Server, steward: Browser) -> None:
    """On a page that shows them once; nobody else can, and nobody gets it again."""
    made = steward.post("/admin/codes", {"number": 3})
    assert made.status == 200
    shown = re.findall(r'class="code">([^<]+)<', made.text)
    assert len(set(shown)) == 3
    assert "unsafe" not in made.headers["Content-Security-Policy"]
    assert comes(Browser(room), shown[2]).status == 303
    again = steward.get("/admin/codes")
    assert (again.status, again.headers["Location"]) == (303, "/admin")
    for number in (0, 1_001):
        refused = steward.post("/admin/codes", {"number": number}, Accept="application/json")
        assert refused.status == 422
        assert refused.json["message"] == "Please ask for 1 to 1000 codes."
    stranger = Browser(room)
    before = numbers(steward)
    assert stranger.post("/admin/codes", {"number": 1}, Accept="application/json").status == 401
    assert stranger.get("/admin/codes").headers["Location"] == "/admin/login"
    assert numbers(steward) == before


def test_who_came_for_a_rehearsal_leaves_with_it(room: Server, steward: Browser) -> None:
    """Its codes are counted apart, and let nobody in afterwards; who came by a card stays."""
    (card,) = handed_out(steward, 1)
    vera = Browser(room)
    comes(vera, card)
    page = Phone(vera)
    state = page.until(type="state")
    before = numbers(steward)
    refused = steward.post(
        "/admin/codes", {"number": 1, "rehearsal": -9}, Accept="application/json"
    )
    assert refused.status == 409
    assert steward.steer("rehearse", state, seconds=60).status == 200
    state = page.until(type="state")
    for_it = handed_out(steward, 2, rehearsal=state["round"]["id"])
    pretended = Browser(room)
    assert comes(pretended, for_it[0]).status == 303
    tried = Phone(pretended)
    tried.until(type="state")
    tried.vote(ADA)
    tried.until(type="receipt")
    assert numbers(steward) == before
    asking = asker(pretended)

    def ask_until_it_is_over() -> None:
        while asking.ask(wait=5).status != 401:
            pass

    asks = threading.Thread(target=ask_until_it_is_over)
    asks.start()
    assert steward.steer("end", state).status == 200
    with pytest.raises(Closed) as closed:
        tried.until(type="never")
    assert closed.value.code == 4401
    assert page.until(type="state")["round"]["id"] > 0
    asks.join()
    assert asking.state["round"]["id"] == state["round"]["id"]  # nothing was shown of the next
    assert (is_in(vera), is_in(pretended)) == (True, False)
    assert comes(Browser(room), for_it[1]).status == 401
    assert numbers(steward) == before


def test_codes_are_known_to_nobody_but_who_holds_them(room: Server, steward: Browser) -> None:
    """No page, list, export, file or line of the server has them, nor their digests.

    Nor tells anything who came by which: receipts and exports know no codes.
    """
    cards = handed_out(steward, 4)
    page = steward.post("/admin/codes", {"number": 2})
    cards += re.findall(r'class="code">([^<]+)<', page.text)
    voters = []
    for card in cards[:3]:
        voters.append(Browser(room))
        comes(voters[-1], card)
        phone = Phone(voters[-1])
        phone.until(type="state")
        phone.vote(ADA)
        phone.until(type="receipt")
    secrets = [*cards, *map(codes.digest, cards)]
    got = [(path, one.get(path).body) for path in every_path() for one in (voters[0], steward)]
    got += [(path, steward.get(path).body) for path in ("/admin/rounds.csv", "/admin/rounds.json")]
    for path, body in got:
        assert [one for one in secrets if one.encode() in body] == [], path
    data = room.folder / "data"
    kept = {file.name: file.read_bytes() for file in data.rglob("*") if file.is_file()}
    assert any(codes.digest(cards[0]).encode() in text for text in kept.values())
    for name, text in kept.items():
        assert [one for one in cards if one.encode() in text] == [], name
    assert [one for one in secrets if one in room.said] == []


# Across starts


def test_codes_survive_what_a_room_survives(serve: Callable[..., Server]) -> None:
    """A kill, a reset, erased names, a repair: who came is in, and no code is new again."""
    server = serve(BY_CODE)
    steward = Browser(server).become_admin()
    used, free, late = handed_out(steward, 3)
    vera = Browser(server)
    comes(vera, used, "Vera")
    page = Phone(vera)
    assert steward.steer("reset", page.until(type="state")).status == 200
    server.kill()
    assert dashboard("erase-names", "--config", server.config).returncode == 0
    verified = dashboard("verify", "--config", server.config)
    assert verified.returncode == 0, verified.stdout
    assert "Codes · 3 made, 1 used" in verified.stdout
    server.start()
    assert "Codes    3 made, 1 used" in server.said
    assert is_in(vera)
    assert comes(Browser(server), used).status == 409
    assert comes(Browser(server), free).status == 303
    server.stop()
    head = server.folder / "data" / "journal.head"
    head.write_bytes(b"damaged" * 10)
    repaired = dashboard("verify", "--config", server.config, "--repair")
    assert "Codes · 3 made, 2 used" in repaired.stdout, repaired.stdout + repaired.stderr
    server.start()
    assert is_in(vera)
    assert comes(Browser(server), free).status == 409
    assert comes(Browser(server), late).status == 303


def test_who_came_while_the_room_was_open_brings_a_code_from_then_on(
    serve: Callable[..., Server],
) -> None:
    """The page leads to the login, socket and poll say so; where nobody asks there are no codes."""
    server = serve(CONFIG)
    vera, steward = Browser(server).log_in("Vera"), Browser(server).become_admin()
    assert is_in(vera)
    assert 'name="code"' not in vera.get("/login").text
    assert "/admin/codes" not in steward.get("/admin").text
    assert steward.post("/admin/codes", {"number": 1}).status == 404
    server.stop()
    server.config.write_text(BY_CODE, encoding="utf-8")
    server.start()
    assert "Codes    none yet" in server.said
    assert not is_in(vera)
    login = vera.get("/login").text
    assert 'name="code"' in login
    assert 'value="Vera"' in login
    (card,) = handed_out(steward, 1)
    assert comes(vera, card, "Vera").status == 303
    assert is_in(vera)


def test_a_code_is_not_taken_while_nothing_can_be_saved(serve: Callable[..., Server]) -> None:
    """It stays good, the sentence says so, and the same form lets the phone in later."""
    server = serve(BY_CODE)
    steward = Browser(server).become_admin()
    (card,) = handed_out(steward, 1)
    vera = Browser(server)
    fault = FileLimit(server.folder / "data")
    fault.begin(server)
    later = comes(vera, card, "Vera")
    assert later.status == 503
    assert told(later).startswith("Codes cannot be taken just now.")
    assert not is_in(vera)
    desk = Phone(steward, "admin")
    desk.until(type="state")
    refused = steward.post("/admin/codes", {"number": 1}, Accept="application/json")
    assert refused.status == 503
    fault.end(server)
    while not desk.state["recording"]:
        desk.until(type="state")
    assert comes(vera, card, "Vera").status == 303
    assert is_in(vera)
