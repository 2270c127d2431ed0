"""What hostile and broken clients send: each is answered as specified, and costs nothing for long.

Over real sockets, against a server whose rate limits are out of the way: here it is the content of
a message that is refused, not how many there are.
"""

from __future__ import annotations

import gzip
import json
import os
import struct
import sys
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.answers import STATUSES_OF_BALLOTS
from tests.asking import asker
from tests.phones import BINARY, CLOSE, PING, PONG, TEXT, Browser, Closed, Phone, Wire, frame, phone
from tests.serving import ADA, CONFIG, Server
from tests.strangers import MEGABYTE, close_code, is_well, knock, resident, status

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")

MANY = 1_000
TIMES = MANY if os.environ.get("TEST_ALL") else 20
"""How often each way to be cut is tried: each takes a connection of its own."""

AT_ONCE = 20
"""Messages in one packet: fewer than a connection may have unanswered."""

MOST_GROWTH = 8 * MEGABYTE
"""More than allocators keep for themselves, less than a thousand messages that stay."""

UNLIMITED = "\n[limits]\nmessages_per_second = 10000000\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all of these tests: each brings visitors of its own."""
    server = Server(tmp_path_factory.mktemp("server"), CONFIG + UNLIMITED)
    yield server.start()
    server.clear_up()


def vote(**changed: str) -> bytes:
    """Write a vote whose fields are JSON as a test writes it, not as a library would."""
    fields = {"type": '"vote"', "ballot": '"b"', "round": "1", "choices": f'["{ADA}"]'} | changed
    return ("{" + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}").encode()


def ping(more: str) -> bytes:
    return f'{{"type":"ping",{more}}}'.encode()


NO_MESSAGES = {
    "NaN": vote(round="NaN"),
    "Infinity": vote(round="-Infinity"),
    "a number beyond doubles": vote(round="1e400"),
    "a number of 4,000 digits": vote(round="9" * 4_000),
    "an integer that not all parsers keep": vote(round="9007199254740992"),
    "an integer below them": vote(round="-9007199254740992"),
    "an integer with a fraction": vote(round="1.0"),
    "a negative nothing with a fraction": vote(round="-0.0"),
    "a number with leading zeros": vote(round="01"),
    "a hexadecimal number": vote(round="0x1"),
    "a round that is true": vote(round="true"),
    "a round that is a list": vote(round="[1]"),
    "no round": vote(round="null"),
    "another type": vote(type='"state"'),
    "a type that is a number": vote(type="1"),
    "two types": ping('"type":"vote"'),
    "a ballot of spaces": vote(ballot='" "'),
    "a ballot that turns the text": vote(ballot='"\u202eb"'),
    "a ballot with a null": vote(ballot=r'"b\u0000"'),
    "choices that are an object": vote(choices='{"0":"ada"}'),
    "choices of choices": vote(choices='[["ada"]]'),
    "half a surrogate, escaped": vote(choices=r'["\ud800"]'),
    "surrogates the wrong way round": vote(choices=r'["\udc00\ud800"]'),
    "half a surrogate in a field that nobody knows": ping(r'"x":"\udfff"'),
    "NaN in a field that nobody knows": ping('"x":NaN'),
    "a null byte in a text": ping('"x":"\0"'),
    "a null byte behind the message": b'{"type":"ping"}\0',
    "a mark of byte order": b'\xef\xbb\xbf{"type":"ping"}',
    "two messages": b'{"type":"ping"}{"type":"ping"}',
    "a comment": b'{"type":"ping"/* */}',
    "a comma too many": b'{"type":"ping",}',
    "single quotes": b"{'type':'ping'}",
    "a list without an end": b"[" * 4_096,
    "nulls": bytes(4_096),
    "white space": b" " * 4_096,
    "UTF-16": '{"type":"ping"}'.encode("utf-16-le"),
}

PINGS = {
    "a huge number that nobody reads": ping('"x":1e400'),
    "an escaped null that nobody reads": ping(r'"x":"\u0000"'),
    "a whole surrogate pair": ping(r'"x":"\ud83d\ude00"'),
    "a key that is long": ping('"' + "k" * 4_000 + '":1'),
    "a key that comes twice": ping('"x":1,"x":2'),
    "an escaped type": rb'{"\u0074ype":"ping"}',
    "fields of every kind": ping('"a":null,"b":[1,{}],"c":-1.5e-3,"d":true,"e":{"type":"vote"}'),
    "many fields": ping(",".join(f'"{n}":{n}' for n in range(350))),
}

# How deep is too deep is Python's to say; nothing but an answer may come of it.
DEEP = {
    "lists in lists": ping('"x":' + "[" * 2_000 + "]" * 2_000),
    "objects in objects": ping('"x":' + '{"":' * 800 + "1" + "}" * 800),
    "objects in lists": ping('"x":' + '[{"":' * 500 + "1" + "}]" * 500),
}

VOTES = {
    "a choice that nobody offers": (vote(choices='["mallory"]'), "unknown_candidate"),
    "a choice of control characters": (vote(choices=r'["\u0000\u001b[2J"]'), "unknown_candidate"),
    "a choice that turns the text": (vote(choices='["\u202eada"]'), "unknown_candidate"),
    "no choice": (vote(choices="[]"), "wrong_choices"),
    "the same choice twice": (vote(choices=f'["{ADA}","{ADA}"]'), "wrong_choices"),
    "a hundred choices": (vote(choices=json.dumps([ADA] * 100)), "wrong_choices"),
    "a round that is minus nothing": (vote(round="-0"), "stale_round"),
    "the last round that there can be": (vote(round="9007199254740991"), "stale_round"),
    "the first": (vote(round="-9007199254740991"), "stale_round"),
    "two rounds, of which the last counts": (vote(round='1,"round":2'), "stale_round"),
}


NO_BODIES = {
    "no UTF-8 in a field that nobody knows": vote(x='"?"').replace(b"?", b"\xff"),
    "nothing but UTF-8 that is none": b'{"type":"\xff"}',
    "half a surrogate as it is": vote(choices='["x"]').replace(b"x", b"\xed\xa0\x80"),
    "a byte too many": vote(x='"' + "x" * 4_096 + '"'),
    "a zip": gzip.compress(vote()),
    "nothing": b" ",
}


def test_each_bad_message_is_refused_and_the_line_stays(server: Server) -> None:
    """In the order of their coming: `refused` for what is no message, its code for what is one."""
    voter = phone(server)
    for name, sent in NO_MESSAGES.items():
        voter.wire.send(TEXT, sent)
        told = voter.until(type="refused")
        assert (told["ballot"], told["code"]) == (None, "bad_message"), name
    for name, (sent, code) in VOTES.items():
        voter.wire.send(TEXT, sent)
        told = voter.until(type="refused")
        assert (told["ballot"], told["code"]) == ("b", code), name
    for sent in PINGS.values():
        voter.wire.send(TEXT, sent)
        voter.until(type="pong")
    for sent in DEEP.values():
        say_often(voter, sent, 1)
    is_well(server)


def test_a_thousand_bad_messages_of_each_kind_leave_nothing_behind(server: Server) -> None:
    """Memory is what it was, whether the message was refused, ignored or answered."""
    votes = [sent for sent, _ in VOTES.values()]
    kinds = [*NO_MESSAGES.values(), *PINGS.values(), *DEEP.values(), *votes]
    with closing(phone(server)) as voter:
        for sent in kinds:
            say_often(voter, sent, 20)
        before = resident(server)
        for sent in kinds:
            say_often(voter, sent, MANY)
        grown = resident(server) - before
    assert grown < MOST_GROWTH
    is_well(server)


def say_often(voter: Phone, sent: bytes, times: int) -> None:
    """Send a message again and again, reading the answers as a page would."""
    for begin in range(0, times, AT_ONCE):
        at_once = min(AT_ONCE, times - begin)
        voter.wire.socket.sendall(frame(TEXT, sent) * at_once)
        answered = 0
        while answered < at_once:
            answered += voter.next()["type"] in ("refused", "pong")


def test_each_bad_ballot_without_a_socket_is_refused_with_its_status(server: Server) -> None:
    """The same messages, posted: 422 for what is no vote, and the status of each refusal."""
    voter = asker(Browser(server).log_in())
    for name, sent in {**NO_MESSAGES, **PINGS, **NO_BODIES}.items():
        answer = voter.post(sent)
        assert (answer.status, answer.json["code"]) == (422, "bad_message"), name
        assert answer.json["ballot"] is None
    for name, (sent, code) in VOTES.items():
        answer = voter.post(sent)
        assert (answer.status, answer.json["code"]) == (STATUSES_OF_BALLOTS[code], code), name
    for sent in DEEP.values():
        assert voter.post(sent).status == 422
    assert voter.post(b" " * 65_537).status == 413
    is_well(server)


def test_forged_tokens_leave_nothing_behind(server: Server) -> None:
    """Each is answered as if there were none, and at once, whatever it says of waiting."""
    voter = asker(Browser(server).log_in())
    before = resident(server)
    for number in range(300):
        token = voter.after[: number % 60] + "." * (number % 7) + "9" * number
        answer = voter.browser.get(f"/live?view=screen&after={token}&wait=1e9")
        assert answer.json["messages"][0]["type"] == "state"
    assert resident(server) - before < MOST_GROWTH
    is_well(server)


BOMB = zlib.compressobj(9, zlib.DEFLATED, -15)
INFLATES = BOMB.compress(bytes(4 * MEGABYTE)) + BOMB.flush()
"""Four megabytes in four kilobytes, as permessage-deflate would carry them."""

KEY = bytes(4)


def head(first: int, size: int) -> bytes:
    """Write the head of a masked frame that says any first byte and any size."""
    return bytes([first, 0xFF]) + struct.pack("!Q", size) + KEY


CUT = {
    "a compressed bomb": (b"\xc1" + frame(TEXT, INFLATES[:4_096])[1:], 1002),
    "a reserved bit": (b"\x91" + frame(TEXT, b"{}")[1:], 1002),
    "a frame that is not masked": (b"\x81\x02{}", 1002),
    "an opcode of nobody": (frame(0x3, b"{}"), 1002),
    "a control opcode of nobody": (frame(0xB, b""), 1002),
    "a continuation of nothing": (frame(0x0, b"{}"), 1002),
    "a message in a message": (frame(TEXT, b"{", last=False) + frame(TEXT, b"}"), 1002),
    "a ping in fragments": (frame(PING, b"", last=False), 1002),
    "a ping that is too long": (frame(PING, bytes(126)), 1002),
    "half a close code": (frame(CLOSE, b"\x03"), 1002),
    "a close code for logs alone": (frame(CLOSE, struct.pack("!H", 1006)), 1002),
    "a reason that is no UTF-8": (frame(CLOSE, b"\x03\xe8\xff"), 1007),
    "no UTF-8": (frame(TEXT, b'{"type":"\xff"}'), 1007),
    "UTF-8 that is too long for its character": (frame(TEXT, b"\xc0\xaf"), 1007),
    "half a surrogate as it is": (frame(TEXT, "\ud800".encode("utf-8", "surrogatepass")), 1007),
    "half a character": (frame(TEXT, "票".encode()[:2]), 1007),
    "a binary message": (frame(BINARY, b"{}"), 1003),
    "a binary message in fragments": (
        frame(BINARY, b"{", last=False) + frame(0x0, b"}"),
        1003,
    ),
    "a byte too many": (frame(TEXT, b" " * 4_097), 1009),
    "sixteen exabytes": (head(0x81, 2**64 - 1), 1009),
    "a size whose sign could be mistaken": (head(0x81, 2**63), 1009),
    "fragments that are too large together": (
        frame(TEXT, b" " * 3_000, last=False) + frame(0x0, b" " * 3_000, last=False),
        1009,
    ),
}


def test_frames_that_break_the_rules_end_the_line_with_their_code(server: Server) -> None:
    """Each time again; files and memory are given back, and the log is silent."""
    for name, (sent, code) in CUT.items():
        assert close_code(server, sent) == code, name
    before, files = resident(server), open_files(server)
    for name, (sent, code) in CUT.items():
        for _ in range(TIMES):
            assert close_code(server, sent) == code, name
    is_well(server)
    assert resident(server) - before < MOST_GROWTH
    assert open_files(server) <= files + 8


def test_fragments_for_ever_end_the_line(server: Server) -> None:
    """Empty ones, pings between them: as many as a message may have bytes are heard, then 1009."""
    with closing(phone(server)) as voter:
        before = resident(server)
        voter.wire.send(TEXT, b'{"type":', last=False)
        pieces = frame(0x0, b"", last=False) * 100 + frame(PING, b"?")
        for _ in range(40):
            voter.wire.socket.sendall(pieces)
            while voter.wire.receive() != (PONG, b"?"):
                pass
        voter.wire.send(0x0, b'"ping"}')
        assert voter.until(type="pong")
        assert resident(server) - before < MOST_GROWTH
        voter.wire.socket.sendall(frame(TEXT, b"", last=False) + pieces * 50)
        with pytest.raises(Closed, match="1009"):
            voter.until(type="never")
    is_well(server)


@pytest.mark.parametrize("offer", ["permessage-deflate", "permessage-deflate; x-bogus, x"])
def test_an_offer_to_compress_is_never_taken(server: Server, offer: str) -> None:
    """Whatever its parameters: the answer names no extension, so no frame may be compressed."""
    wire = Wire(server)
    answered, headers = wire.upgrade("/live?view=screen", Sec_WebSocket_Extensions=offer)
    assert (answered, "sec-websocket-extensions" in headers) == (101, False)


# HTTP


def request(line: str, *headers: str, body: bytes = b"") -> bytes:
    return "\r\n".join([line, *headers, "Connection: close", "", ""]).encode("latin-1") + body


def posted(body: bytes, *headers: str, path: str = "/login") -> bytes:
    """Write a form's request; the length is the body's."""
    form = "Content-Type: application/x-www-form-urlencoded"
    return request(
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        *(headers or [form]),
        f"Content-Length: {len(body)}",
        body=body,
    )


GET = "GET /login HTTP/1.1"
HOST = "Host: localhost"
ZIPPED = gzip.compress(bytes(4 * MEGABYTE))

REQUESTS: dict[str, tuple[bytes, set[int]]] = {
    "nothing known": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", {400}),
    "a line without an end": (b"GET /" + b"a" * 9_000, {414}),
    "an address too long": (request("GET /" + "a" * 9_000 + " HTTP/1.1", HOST), {414}),
    "a version of the future": (request("GET / HTTP/9.9", HOST), {400}),
    "a method of nobody": (request("BREW /login HTTP/1.1", HOST), {405}),
    "TRACE, which would show cookies": (request("TRACE /login HTTP/1.1", HOST), {405}),
    "CONNECT, as to a proxy": (request("CONNECT evil.example:443 HTTP/1.1", HOST), {400, 404, 405}),
    "an address of elsewhere": (request("GET http://evil.example/ HTTP/1.1", HOST), {404}),
    "no Host": (request(GET), {400}),
    "an empty Host": (request(GET, "Host:"), {400}),
    "two Hosts": (request(GET, HOST, "Host: evil.example"), {400}),
    "a Host with a path": (request(GET, "Host: localhost/evil"), {400}),
    "a Host with a null": (request(GET, "Host: local\0host"), {400}),
    "a null in the address": (request("GET /%00 HTTP/1.1", HOST), {404}),
    "no UTF-8 in the address": (
        request("GET /%ff%fe?lang=%ff&view=%ed%a0%80 HTTP/1.1", HOST),
        {404},
    ),
    "a broken percent": (request("GET /%zz%2 HTTP/1.1", HOST), {404}),
    "a cookie of nobody": (request(GET, HOST, "Cookie: a=\x80\xff; ;;=;\x01=\x02"), {200, 400}),
    "too many headers": (request(GET, HOST, *["X: y"] * 101), {400}),
    "a header without an end": (request(GET, HOST, "X: " + "y" * 70_000), {400}),
    "a length and chunks": (
        posted(b"0\r\n\r\nGET / HTTP/1.1\r\n\r\n", "Transfer-Encoding: chunked"),
        {411},
    ),
    "chunks by another name": (posted(b"0\r\n\r\n", "Transfer-Encoding: xchunked"), {411}),
    "chunks with an extension": (
        posted(b"0;a=b\r\n\r\nGET / HTTP/1.1\r\n\r\n", "Transfer-Encoding: chunked"),
        {411},
    ),
    "chunks behind a space": (request(GET, HOST, "Transfer-Encoding : chunked"), {400}),
    "chunks behind a line feed": (request(GET, HOST, "X: y\nTransfer-Encoding: chunked"), {400}),
    "a header in two lines": (request(GET, HOST, "X: y\r\n Transfer-Encoding: chunked"), {400}),
    "a header by an underline": (request(GET, HOST, "Transfer_Encoding: chunked"), {200}),
    "two lengths": (request(GET, HOST, "Content-Length: 0", "Content-Length: 5"), {400}),
    "two lengths in one": (request(GET, HOST, "Content-Length: 0, 5"), {400}),
    "a line feed alone": (f"{GET}\n{HOST}\n\n".encode(), {400}),
    "no version": (b"GET /login\r\n\r\n", {400}),
    "the beginning of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400}),
    "bytes that are no ASCII": (b"GET /login?\xff HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
    "a length that is a sum": (request("POST /login HTTP/1.1", HOST, "Content-Length: 1+1"), {400}),
    "a length that is below nothing": (
        request("POST /login HTTP/1.1", HOST, "Content-Length: -1"),
        {400},
    ),
    "a body that does not come": (
        request("POST /login HTTP/1.1", HOST, "Content-Length: 1000", body=b"a"),
        {0},
    ),
    "a body of exabytes": (
        request("POST /login HTTP/1.1", HOST, "Content-Length: 999999999999999999"),
        {413},
    ),
    "a body in gzip": (posted(ZIPPED, "Content-Encoding: gzip"), {400}),
    "a form of a thousand fields": (
        posted(b"&".join(b"a%d=1" % n for n in range(2_000))),
        {400, 413},
    ),
    "a form of broken percents": (posted(b"csrf_token=%zz%ff&name=%00%"), {400}),
    "parts without an end": (
        posted(
            b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n",
            "Content-Type: multipart/form-data; boundary=x",
        ),
        {400},
    ),
    "parts without a boundary": (posted(b"--x", "Content-Type: multipart/form-data"), {400}),
    "a type of nobody": (posted(b"{}", "Content-Type: \xff/\x80; charset=\xff"), {400}),
}


def test_each_bad_request_is_answered_and_ends_the_line(server: Server) -> None:
    """One answer for one request, whatever stands behind it; nothing stays of it in memory."""
    for name, (sent, allowed) in REQUESTS.items():
        answer = knock(server, sent)
        assert status(answer) in allowed, (name, answer[:300])
        assert answer.count(b"HTTP/1.1 ") <= 1, name
    before, files = resident(server), open_files(server)
    for sent, _ in REQUESTS.values():
        for _ in range(TIMES):
            knock(server, sent)
    is_well(server)
    assert resident(server) - before < MOST_GROWTH
    assert open_files(server) <= files + 8


def open_files(server: Server) -> int:
    return sum(1 for _ in Path(f"/proc/{server.pid}/fd").iterdir())
