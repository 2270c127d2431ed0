"""The WebSocket's bytes, over real sockets: handshake, frames of every size, and bad manners."""

from __future__ import annotations

import json

import pytest

from tests.phones import BINARY, PING, PONG, TEXT, Browser, Closed, Phone, Wire, frame, phone
from tests.serving import ADA, Server

KEY = "sN9cRrP/n9NdMgdcy2VJFQ=="
ACCEPT = "fFBooB7FAkLlXgRSz0BT3v4hq5s="


@pytest.fixture
def server(standing_server: Server) -> Server:
    """One for all of these tests: each brings visitors of its own."""
    return standing_server


def padded_vote(ballot: str, size: int, round: int = 1) -> bytes:
    """Return a vote of exactly so many bytes; a field that nobody knows fills it up."""
    vote = {"type": "vote", "ballot": ballot, "round": round, "choices": [ADA], "pad": ""}
    vote["pad"] = "x" * (size - len(json.dumps(vote)))
    payload = json.dumps(vote).encode()
    assert len(payload) == size
    return payload


def test_the_handshake_answers_a_known_key_and_agrees_to_no_extension(server: Server) -> None:
    """RFC 6455's sum is right, and an offer of compression is passed over."""
    status, headers = Wire(server).upgrade("/live?view=screen", **{"Sec-WebSocket-Key": KEY})
    assert status == 101
    assert headers["sec-websocket-accept"] == ACCEPT.lower()
    assert "sec-websocket-extensions" not in headers


@pytest.mark.parametrize("size", [125, 126, 4096])
def test_a_vote_of_any_allowed_size_is_counted(server: Server, size: int) -> None:
    """One length byte, three, and the largest message: each is read whole."""
    voter = phone(server)
    voter.wire.send(TEXT, padded_vote("padded", size))
    assert voter.until(type="receipt")["ballot"] == "padded"


@pytest.mark.parametrize("size", [4097, 65_536])
def test_a_message_over_4_kib_closes_with_1009(server: Server, size: int) -> None:
    """The one byte too many, and the first size that needs eight length bytes."""
    voter = phone(server)
    voter.wire.send(TEXT, padded_vote("large", size))
    with pytest.raises(Closed, match="1009"):
        voter.until(type="receipt")


def test_a_limit_counts_bytes_and_not_characters(server: Server) -> None:
    """Two thousand Chinese characters are six thousand bytes."""
    voter = phone(server)
    voter.wire.send(TEXT, "票".encode() * 2_000)
    with pytest.raises(Closed, match="1009"):
        voter.until(type="refused")


def test_the_largest_state_arrives_whole(serve: object) -> None:
    """A hundred candidates with long Chinese names are a frame of many segments."""
    from tests.serving import poll_config

    names = [f"{n:03d}" + "名" * 77 for n in range(100)]
    server = serve(poll_config(question="长" * 200, candidates=names))  # type: ignore[operator]
    voter = phone(server)
    assert [c["name"] for c in voter.state["poll"]["candidates"]] == names
    assert voter.state["poll"]["question"] == "长" * 200


def test_a_fragmented_message_and_single_bytes_are_put_together(server: Server) -> None:
    """A proxy may cut a message into frames, and the network frames into bytes."""
    voter = phone(server)
    payload = padded_vote("in-pieces", 200)
    pieces = frame(TEXT, payload[:70], last=False) + frame(0, payload[70:])
    for byte in pieces:
        voter.wire.socket.send(bytes([byte]))
    assert voter.until(type="receipt")["ballot"] == "in-pieces"


def test_frames_in_one_segment_with_the_handshake_are_read(server: Server) -> None:
    """A client that does not wait for the 101 loses nothing."""
    browser = Browser(server).log_in()
    wire = Wire(server)
    request = (
        f"GET /live?view=voter HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        f"Origin: {server.url}\r\nCookie: {browser.cookie}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
    )
    wire.socket.sendall(request.encode() + frame(TEXT, padded_vote("eager", 126)))
    assert b"101" in wire._until(b"\r\n\r\n")
    while json.loads(wire.receive()[1]).get("ballot") != "eager":
        pass


def test_a_ping_of_125_bytes_comes_back_as_it_was(server: Server) -> None:
    """Pongs take the same way out as everything else."""
    wire = Wire(server)
    wire.upgrade("/live?view=screen")
    wire.receive()
    wire.send(PING, b"p" * 125)
    assert wire.receive() == (PONG, b"p" * 125)


def test_a_binary_message_closes_with_1003(server: Server) -> None:
    """The protocol is text."""
    voter = phone(server)
    voter.wire.send(BINARY, b"\x00")
    with pytest.raises(Closed, match="1003"):
        voter.until(type="never")


@pytest.mark.parametrize(
    "text",
    ["", "no json", "[]", '{"type":"jump"}', '{"type":"vote"}', "[" * 4096, '{"type":"ping"'],
)
def test_what_is_no_message_is_refused_and_the_line_stays(server: Server, text: str) -> None:
    """A broken page is told, and may go on with a good message."""
    voter = phone(server)
    voter.wire.send(TEXT, text.encode())
    refused = voter.until(type="refused")
    assert (refused["ballot"], refused["code"]) == (None, "bad_message")
    voter.tell({"type": "ping"})
    assert voter.until(type="pong")["now"] > 0


@pytest.mark.parametrize(
    "headers, status",
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": None}, 403),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, 400),
        ({"Sec-WebSocket-Version": "8"}, 400),
        ({"Sec-WebSocket-Version": None}, 400),
        ({"Sec-WebSocket-Key": "short"}, 400),
        ({"Sec-WebSocket-Key": None}, 400),
    ],
)
def test_a_bad_handshake_is_refused_before_the_upgrade(
    server: Server, headers: dict[str, str | None], status: int
) -> None:
    """Foreign pages and broken clients get an HTTP answer, and the log no traceback."""
    answered, _ = Wire(server).upgrade("/live?view=screen", **headers)
    assert answered == status
    assert "Traceback" not in server.said


def test_malformed_extension_parameters_are_answered_400(server: Server) -> None:
    """What is no list of extensions is no handshake, and no other part can trip over it."""
    status, _ = Wire(server).upgrade(
        "/live?view=screen", **{"Sec-WebSocket-Extensions": 'permessage-deflate; x="'}
    )
    assert status == 400


@pytest.mark.parametrize("view", ["god", "", "voted", "waiting"])
def test_an_unknown_view_is_refused(server: Server, view: str) -> None:
    """A page says who it is; whether it has voted is for the server to know."""
    assert Wire(server).upgrade(f"/live?view={view}")[0] == 400


@pytest.mark.parametrize("view", ["voter", "admin"])
def test_a_stranger_is_upgraded_and_closed_with_4401(server: Server, view: str) -> None:
    """Browsers hide a refused handshake, so the page is told by a close code."""
    stranger = Phone(Browser(server), view)
    with pytest.raises(Closed, match="4401"):
        stranger.next()


def test_the_screen_cannot_vote(server: Server) -> None:
    """Everybody may watch; only a voter has a ballot."""
    screen = Phone(Browser(server).log_in(), "screen")
    screen.until(type="state")
    screen.vote(ADA)
    assert screen.until(type="refused")["code"] == "not_logged_in"


def test_after_a_close_the_connection_is_not_http_again(server: Server) -> None:
    """A request behind the close frame gets no answer."""
    voter = phone(server)
    voter.wire.send(0x8, b"\x03\xe8")
    with pytest.raises(Closed, match="1000"):
        voter.until(type="never")
    voter.wire.socket.sendall(b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    with pytest.raises(Closed, match="None"):
        voter.next()
