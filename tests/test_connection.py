"""connection.py: bounded messages, and an end for whoever does not answer."""

from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import gevent
import pytest
from gevent.socket import SHUT_WR
from wsproto import ConnectionType, events
from wsproto.connection import Connection as Wire

from tests.wired import LARGE, PATIENCE, Phone
from voting import connection, pipe
from voting.connection import MAX_LINGER_BYTES
from voting.frames import TEXT, TOO_LARGE, masked_frame, text_frame
from voting.protocol import GOING_AWAY, MAX_MESSAGE_BYTES, NOT_TEXT

# A connection


@pytest.fixture
def phone() -> Iterator[Phone]:
    with closing(Phone()) as phone:
        yield phone


def test_messages_are_heard_in_order(phone: Phone) -> None:
    """Each text message reaches the listener once, whole, also when it came in parts."""
    phone.say("one")
    phone.send(events.TextMessage("tw", message_finished=False))
    phone.send(events.TextMessage("o", message_finished=True))
    phone.say("谁")
    with gevent.Timeout(PATIENCE):
        while len(phone.heard) < 3:
            phone.woken.clear()
            phone.woken.wait()
    assert phone.heard == ["one", "two", "谁"]


def test_a_frame_that_came_with_the_handshake_is_heard() -> None:
    """Nothing is lost between the HTTP parser and the WebSocket."""
    early = Wire(ConnectionType.CLIENT).send(events.TextMessage("early"))
    with closing(Phone(first=early)) as phone:
        assert phone.woken.wait(PATIENCE)
        assert phone.heard == ["early"]


def test_what_is_told_and_shown_arrives(phone: Phone) -> None:
    """`tell` wraps a payload, `show` takes a frame that was made once for all."""
    phone.connection.tell(b'{"type":"pong"}')
    phone.connection.show(text_frame("谁".encode()), whole=True)
    assert [phone.get(), phone.get()] == ['{"type":"pong"}', "谁"]


def test_a_ping_is_answered(phone: Phone) -> None:
    """A client's ping frame gets its pong, with the same payload."""
    phone.send(events.Ping(b"?"))
    assert phone.get() == events.Pong(b"?")


def test_a_close_says_why_and_waits_for_the_answer(phone: Phone) -> None:
    """The client is told a code and a reason; when it has answered, listening ends."""
    phone.connection.close(GOING_AWAY, "the server stops")
    event = phone.get()
    assert (event.code, event.reason) == (1001, "the server stops")
    assert phone.listening
    assert not phone.listening.ready()
    phone.send(event.response())
    phone.socket.shutdown(SHUT_WR)
    phone.listening.get(timeout=PATIENCE)


def test_a_client_that_closes_is_answered(phone: Phone) -> None:
    """The closing handshake is completed, and listening ends."""
    phone.send(events.CloseConnection(1000, "bye"))
    assert phone.get().code == 1000
    assert phone.listening
    phone.socket.shutdown(SHUT_WR)
    phone.listening.get(timeout=PATIENCE)


def test_a_client_that_vanishes_is_noticed(phone: Phone) -> None:
    """Without a goodbye listening ends all the same."""
    phone.socket.close()
    phone.left()
    phone.connection.tell(b"nobody hears this")


def test_the_largest_message_is_heard(phone: Phone) -> None:
    """A message of exactly the limit is good."""
    phone.say("x" * MAX_MESSAGE_BYTES)
    assert phone.woken.wait(PATIENCE)
    assert phone.heard == ["x" * MAX_MESSAGE_BYTES]


@pytest.mark.parametrize(
    "text",
    ["x" * (MAX_MESSAGE_BYTES + 1), "谁" * (MAX_MESSAGE_BYTES // 3 + 1), "x" * LARGE],
    ids=["one byte more", "bytes, not characters", "far more"],
)
def test_a_larger_message_is_refused(phone: Phone, text: str) -> None:
    """The limit is in bytes; nothing of the message is heard, and the close code says why."""
    sending = gevent.spawn(phone.say, text)
    event = phone.get()
    assert event.code == TOO_LARGE
    sending.get(timeout=PATIENCE)
    assert phone.heard == []


def test_a_large_message_in_small_frames_is_refused(phone: Phone) -> None:
    """Fragments are counted together."""
    for _ in range(MAX_MESSAGE_BYTES // 1_000 + 1):
        phone.send(events.TextMessage("x" * 1_000, message_finished=False))
    assert phone.closed() == TOO_LARGE
    assert phone.heard == []


def test_a_binary_message_is_refused(phone: Phone) -> None:
    """This protocol is text; what follows the binary message is not heard either."""
    phone.send(events.BytesMessage(b"{}"))
    phone.say("after")
    assert phone.closed() == NOT_TEXT
    assert phone.heard == []


@pytest.mark.parametrize(
    "data, code",
    [
        (b"\x81\x02{}", 1002),  # not masked
        (b"\xf1\x80\0\0\0\0", 1002),  # reserved bits
        (b"\x83\x80\0\0\0\0", 1002),  # reserved opcode
        (b"\x81\x82\0\0\0\0\xff\xff", 1007),  # not UTF-8
        (b"\x89\xfe\x00\x7e\0\0\0\0" + bytes(126), 1002),  # a ping that is too long
    ],
)
def test_bytes_that_are_no_frames_end_the_connection(
    phone: Phone, data: bytes, code: int, logged: Callable[[], str]
) -> None:
    """A broken client gets a close code and no line in the log."""
    phone.socket.sendall(data)
    assert phone.get().code == code
    phone.socket.close()
    phone.left()
    assert logged() == ""


def test_a_mistake_before_the_first_message_closes_too(logged: Callable[[], str]) -> None:
    """What is sent on connecting may go wrong; no HTTP answer follows in the stream."""

    def mistake() -> None:
        raise LookupError("a mistake of ours")

    with closing(Phone(listen=False)) as phone:
        phone.listening = gevent.spawn(phone.connection.listen, lambda message: None, mistake)
        assert phone.closed() == 1011
    assert "LookupError: a mistake of ours" in logged()


def test_a_mistake_of_ours_closes_this_connection_and_is_reported(
    phone: Phone, logged: Callable[[], str]
) -> None:
    """An exception in the listener is a close frame to the client and a traceback to the log."""
    phone.say("mistake")
    phone.say("after")
    assert phone.closed() == 1011
    phone.left()
    assert phone.heard == ["mistake"]
    assert "LookupError: a mistake of ours" in logged()


def test_after_a_close_nothing_is_heard_told_or_shown(phone: Phone) -> None:
    """The close frame is the last one; messages still under way are not acted on."""
    phone.connection.close(GOING_AWAY, "")
    phone.connection.tell(b"event")
    phone.connection.show(text_frame(b"snapshot"), whole=True)
    phone.connection.close(NOT_TEXT, "again")
    phone.say("late")
    assert phone.closed() == GOING_AWAY
    assert phone.heard == []


def test_no_snapshot_follows_the_close_frame_of_a_slow_client(phone: Phone) -> None:
    """What waits in the slot when the connection is closed is sent before the goodbye, or never."""
    phone.connection.show(text_frame(b"x" * LARGE), whole=True)
    phone.connection.show(text_frame(b"waiting"), whole=False)
    phone.connection.close(GOING_AWAY, "")
    phone.socket.shutdown(SHUT_WR)
    data = b""
    while more := phone.socket.recv(65_536):
        data += more
    assert data.startswith(text_frame(b"x" * LARGE))
    assert data.endswith(b"\x88\x02\x03\xe9")


def test_a_tick_does_not_cut_a_client_that_is_being_told_why(phone: Phone) -> None:
    """After a close frame for a broken message, too, nothing is sent that would make it a reset."""
    phone.say("x" * (MAX_MESSAGE_BYTES + 1))
    assert phone.get().code == TOO_LARGE
    phone.connection.show(text_frame(b"tick"), whole=True)
    assert alive(phone)


def test_a_connection_may_be_closed_before_it_is_listened_to() -> None:
    """A socket that must not be here is upgraded, told so, and let go."""
    with closing(Phone(listen=False)) as phone:
        phone.connection.close(4401, "log in first")
        phone.listening = gevent.spawn(phone.listen)
        assert phone.closed() == 4401


# Clients that do not answer


class Watch:
    """A time that a test sets, in seconds."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    watch = Watch()
    monkeypatch.setattr(connection, "monotonic", watch)
    monkeypatch.setattr(pipe, "monotonic", watch)
    return watch


def alive(phone: Phone) -> bool:
    phone.connection.check(connection.monotonic(), ping_seconds=25, deadline_seconds=10)
    return not phone.connection.pipe.ended


def test_a_silent_client_is_asked_once_and_then_cut(watch: Watch, phone: Phone) -> None:
    """After a silence a ping is sent; after twice the silence the client is gone."""
    watch.now += 24
    assert alive(phone)
    watch.now += 2
    assert alive(phone)
    assert alive(phone)
    assert isinstance(phone.get(), events.Ping)
    watch.now += 23
    assert alive(phone)
    watch.now += 2
    assert not alive(phone)
    assert phone.socket.recv(65_536) == b""
    phone.left()


def test_a_client_that_answers_stays(watch: Watch, phone: Phone) -> None:
    """Any byte from the client is a sign of life, and each silence is asked about anew."""
    for _ in range(4):
        watch.now += 26
        assert alive(phone)
        ping = phone.get()
        assert isinstance(ping, events.Ping)
        phone.send(ping.response())
        phone.woken.clear()
        phone.say("I am here")  # heard after the pong, so the pong has been read
        assert phone.woken.wait(PATIENCE)


def test_a_client_that_takes_nothing_is_cut(watch: Watch, phone: Phone) -> None:
    """Frames that wait longer than the deadline end the connection."""
    phone.connection.show(text_frame(b"x" * LARGE), whole=True)
    watch.now += 9
    assert alive(phone)
    watch.now += 2
    assert not alive(phone)
    phone.left()


@pytest.mark.parametrize("stalled", [False, True])
def test_a_client_that_does_not_answer_a_close_is_cut(
    monkeypatch: pytest.MonkeyPatch, stalled: bool
) -> None:
    """Saying goodbye has a deadline of its own; a phone that neither reads nor leaves is let go."""
    monkeypatch.setattr(connection, "LINGER_SECONDS", 0.02)
    with closing(Phone()) as phone:
        if stalled:
            phone.connection.show(text_frame(b"x" * LARGE), whole=True)
        phone.connection.close(GOING_AWAY, "")
        phone.left()
        assert phone.connection.pipe.ended


def test_a_goodbye_hears_a_little_more_and_not_for_ever(phone: Phone) -> None:
    """What a client still had under way is read; one that goes on and on is cut."""
    phone.connection.close(GOING_AWAY, "")
    sent = 0
    with suppress(BrokenPipeError, ConnectionResetError):
        while sent < 8 * MAX_LINGER_BYTES:
            sent += phone.socket.send(bytes(65_536))
    assert MAX_LINGER_BYTES <= sent < 8 * MAX_LINGER_BYTES
    phone.left()


def test_a_client_that_said_its_last_and_is_behind_costs_no_turns(phone: Phone) -> None:
    """While what waits for it may still leave, the loop does not look again and again."""
    phone.connection.show(text_frame(b"x" * LARGE), whole=True)
    phone.socket.shutdown(SHUT_WR)
    loop = gevent.get_hub().loop
    before = loop.iteration
    gevent.sleep(0.05)
    assert loop.iteration - before < 100


def test_a_client_that_never_stops_talking_does_not_hold_up_others(phone: Phone) -> None:
    """It is read in turns: what another one says is heard long before the first has finished."""
    talking = gevent.spawn(phone.socket.sendall, masked_frame(TEXT, b"word", bytes(4)) * 20_000)
    with closing(Phone()) as other:
        with gevent.Timeout(PATIENCE):
            while not phone.heard:
                phone.woken.clear()
                phone.woken.wait()
        other.say("me too")
        assert other.woken.wait(PATIENCE)
        assert len(phone.heard) < 20_000
    talking.kill()
