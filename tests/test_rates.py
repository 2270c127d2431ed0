"""What one visitor may do, and how who does more is told so."""

from __future__ import annotations

from collections.abc import Callable

from tests.asking import Asker, asker
from tests.phones import TEXT, Browser, Closed, Phone, phone
from tests.serving import ADA, CONFIG, GRACE, Server


def limited(**limits: int) -> str:
    """Return a configuration with these limits."""
    return "\n".join([CONFIG, "[limits]", *(f"{key} = {most}" for key, most in limits.items())])


def last_words(page: Phone) -> tuple[list[str], int | None]:
    """Read a page to its end; return the codes that it was refused with, and the close code."""
    codes = []
    while True:
        try:
            message = page.next()
        except Closed as closed:
            return codes, closed.code
        if message["type"] == "refused":
            codes.append(message["code"])


def test_the_oldest_of_too_many_pages_is_told_and_closed(serve: Callable[..., Server]) -> None:
    """The newest is the one that somebody looks at; the others of that voter go on."""
    server = serve(limited(sockets_per_voter=2))
    vera = Browser(server).log_in()
    oldest, older, newest = Phone(vera), Phone(vera), Phone(vera)
    assert last_words(oldest) == (["too_many"], 1008)
    for page in (older, newest):
        page.until(type="state")
        page.vote(ADA)
        assert page.until(type="receipt")


def test_pages_without_a_socket_count_too(serve: Callable[..., Server]) -> None:
    """One voter has so many pages, whatever way their messages take."""
    server = serve(limited(sockets_per_voter=1))
    vera = Browser(server).log_in()
    page = asker(vera)
    wait = page.send_question(wait=25)
    asker(Browser(server), "screen")  # the question before this one waits by now
    tab = Phone(vera)
    answer = wait.recv(4_096)
    assert answer.startswith(b"HTTP/1.1 429 ")
    assert b"Retry-After: " in answer
    assert b'"too_many"' in answer
    page.hear()
    assert last_words(tab) == (["too_many"], 1008)


def test_a_page_on_its_way_from_one_line_to_another_is_one_page(
    serve: Callable[..., Server],
) -> None:
    """And has so many lines at most: a name is no way around the limit."""
    server = serve(limited(sockets_per_voter=1))
    vera = Browser(server).log_in()
    lines = [Phone(vera, "voter&tab=one") for _ in range(3)]
    for line in lines:
        line.until(type="state")
    assert Asker(vera, "voter").ask(tab="one").status == 200
    assert last_words(lines[0]) == (["too_many"], 1008)
    lines[2].vote(ADA)
    assert lines[2].until(type="receipt")
    Phone(vera, "voter&tab=other").until(type="state")
    for line in lines[1:]:
        assert last_words(line) == (["too_many"], 1008)


def test_a_page_that_was_turned_away_between_two_questions_is_told_at_the_next(
    serve: Callable[..., Server],
) -> None:
    """Taken for a new one it would push out the page that pushed it out."""
    server = serve(limited(sockets_per_voter=1))
    vera = Browser(server).log_in()
    page, tab = asker(vera), Phone(vera)
    tab.until(type="state")
    refused = page.ask(wait=25)
    assert (refused.status, refused.json["code"]) == (429, "too_many")
    tab.vote(ADA)
    assert tab.until(type="receipt")


def test_an_address_has_room_for_so_many_pages(serve: Callable[..., Server]) -> None:
    """Who comes later is told, and comes in when somebody has left; who is here votes on."""
    server = serve(limited(sockets_per_address=2))
    vera, paul = phone(server), phone(server)
    late = Browser(server).log_in()
    assert last_words(Phone(late)) == (["too_many"], 1008)
    refused = Asker(late).ask()
    assert (refused.status, refused.json["code"]) == (429, "too_many")
    assert refused.headers["Retry-After"]
    # A vote is never refused for its address.
    assert Asker(late).vote(GRACE, round=1).status == 200
    vera.vote(ADA)
    assert vera.until(type="receipt")
    paul.wire.close()
    vera.until(type="tally", online=1)
    page = Phone(late)
    assert page.until(type="state")
    assert "too_many" in server.wait_for("too_many")


def test_looks_at_the_screen_take_no_room(serve: Callable[..., Server]) -> None:
    """Who asks for it again and again shuts nobody out who shares the address."""
    server = serve(limited(sockets_per_address=3))
    for wait in (0, 0.001) * 5:
        stranger = asker(Browser(server), "screen")
        assert stranger.ask(wait=wait).status == 204
    for voter in (phone(server), phone(server)):
        voter.vote(ADA)
        assert voter.until(type="receipt")


def test_too_many_messages_are_refused_once_and_then_closed(
    serve: Callable[..., Server],
) -> None:
    """First a word, then 1008; the others' votes go on."""
    server = serve(limited(messages_per_second=20))
    vera, paul = phone(server), phone(server)
    for _ in range(500):
        vera.wire.send(TEXT, b'{"type":"ping"}')
    codes, closed = last_words(vera)
    assert set(codes) == {"too_fast"}
    assert closed == 1008
    assert server.wait_for(" too_fast address=").count(" too_fast ") == 1
    paul.vote(ADA)
    assert paul.until(type="receipt")


def test_ballots_without_a_socket_have_a_rate_too(serve: Callable[..., Server]) -> None:
    """Of one voter, in however many tabs; others behind the same address vote on."""
    server = serve(limited(messages_per_second=1))
    vera = Browser(server).log_in()
    pages = [asker(vera) for _ in range(2)]
    paul = asker(Browser(server).log_in())
    statuses = []
    while 429 not in statuses and len(statuses) < 1_000:
        statuses += [page.vote(ADA).status for page in pages]
    assert set(statuses) == {200, 429}
    assert paul.vote(GRACE).status == 200
