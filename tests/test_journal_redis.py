"""journal_redis.py, survivors.py, shelving.py: what becomes of a journal that servers share.

Two servers' engines in one process, on a real Redis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

import gevent.socket
import pytest
from gevent.event import Event
from gevent.pool import Pool
from gevent.server import StreamServer
from msgspec.structs import replace

from tests.engines import PATIENCE, Answer
from tests.folding import POLL
from tests.places import RedisPlace
from tests.redises import Redis
from voting import engine, redis_stream, shelving, sighting, survivors
from voting.engine import Change, Engine
from voting.journal_redis import RedisJournal
from voting.records import Ballot, Close, Open, Poll, Reset
from voting.redis_server import RedisServer
from voting.redis_stream import Layout
from voting.snapshot import pack
from voting.state import Done, Refusal, State

LOOK_SECONDS = 0.02


class Node:
    """One server's engine and journal."""

    def __init__(self, place: RedisPlace, poll: Poll = POLL) -> None:
        self.journal: RedisJournal = place.open()
        self.engine = Engine(self.journal, self.journal.clock)
        self.engine.replay(restored=self.journal.restored)
        self.engine.prepare([poll], open_at_start=True)
        self.told = Event()
        self.changes: list[Change] = []
        self.seen: list[str] = []
        self.engine.watch(self._changed, lambda: 0, self.seen.extend)
        self.engine.start()

    def _changed(self, change: Change) -> None:
        self.changes.append(change)
        self.told.set()

    @property
    def state(self) -> State:
        return self.engine.state

    def cast(self, voter: str, ballot: str = "b1", choice: str = "ada") -> Answer:
        answer = Answer()
        self.engine.cast(Ballot(voter, ballot, self.state.stage, (choice,)), answer)
        return answer

    def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for something that this node folds; what no page shows it tells nobody."""
        with gevent.Timeout(3 * PATIENCE):
            while not is_so():
                self.told.wait(LOOK_SECONDS)
                self.told.clear()
                gevent.sleep(0)

    def is_sealed(self) -> bool:
        return self.state.sealed == self.state.version

    def is_recording(self) -> bool:
        return self.engine.recording

    def stop(self) -> None:
        self.engine.stop()
        self.journal.close()


class Room:
    """A room in a Redis, and its servers."""

    def __init__(self, place: RedisPlace, nodes: ExitStack) -> None:
        self.place = place
        self.redis = place.redis
        self.layout = Layout(place.key)
        self._nodes = nodes

    def node(self, poll: Poll = POLL) -> Node:
        node = Node(self.place, poll)
        self._nodes.callback(node.stop)
        return node

    def agree(self, *nodes: Node) -> None:
        """Expect all servers to hold the same, once each has read as far as the others."""
        first, *others = nodes
        for node in others:
            with gevent.Timeout(PATIENCE):
                while True:  # a seal may come between two looks
                    first.engine.catch_up()
                    node.engine.catch_up()
                    if first.state.version == node.state.version:
                        break
            assert pack(node.state) == pack(first.state)


@pytest.fixture(autouse=True)
def gentle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let redis-py wait as it does in a server, and nobody wait for servers that do not exist."""
    monkeypatch.setattr("redis.connection.socket", gevent.socket)
    monkeypatch.setattr(survivors, "ALIVE_SECONDS", 0.0)
    monkeypatch.setattr(survivors, "ELECTION_SECONDS", 0.6)
    monkeypatch.setattr(engine, "RETRY_SECONDS", 0.1)


@pytest.fixture
def room(standing_redis: Redis, tmp_path: Path) -> Iterator[Room]:
    """A room on the Redis that the module's tests share."""
    with ExitStack() as nodes:
        yield Room(RedisPlace(standing_redis, tmp_path), nodes)


@pytest.fixture
def own_room(redis: Redis, tmp_path: Path) -> Iterator[Room]:
    """A room on a Redis that the test may hurt."""
    with ExitStack() as nodes:
        yield Room(RedisPlace(redis, tmp_path), nodes)


# One order


def test_servers_that_start_together_make_one_room(room: Room) -> None:
    """Polls are defined once, and one first round is opened."""
    starting = [gevent.spawn(room.node) for _ in range(3)]
    nodes = [greenlet.get(timeout=PATIENCE) for greenlet in starting]
    room.agree(*nodes)
    assert nodes[0].state.begun == 1
    assert len(nodes[0].state.polls) == 1


def test_votes_at_any_server_count_at_all_of_them_at_the_same_version(room: Room) -> None:
    """Whoever voted where, each holds the same state, and the receipt names its version."""
    one, two = room.node(), room.node()
    receipts = [(one if i % 3 else two).cast(f"v{i}") for i in range(20)]
    versions = [receipt.receipt().version for receipt in receipts]
    assert len(set(versions)) == len(versions)
    room.agree(one, two)
    assert one.state.rounds[1].counts["ada"] == 20
    assert set(two.seen) <= {f"v{i}" for i in range(20)}


def test_a_ballot_sent_to_two_servers_counts_once_with_one_receipt(room: Room) -> None:
    """A phone that heard nothing from one asks another."""
    one, two = room.node(), room.node()
    first, second = one.cast("v"), two.cast("v")
    assert first.receipt() == second.receipt()
    again = two.cast("v", choice="bob").receipt()
    assert again == first.receipt()
    room.agree(one, two)
    assert one.state.rounds[1].ballots == 1


def test_nothing_is_refused_by_a_server_that_has_not_heard_yet(room: Room) -> None:
    """A ballot for a round that another server has just opened counts; a bad one is refused."""
    one, two = room.node(), room.node()
    one.engine.command(Reset(1, one.state.version))
    answer = Answer()
    two.engine.cast(Ballot("v", "b1", 2, ("ada",)), answer)
    assert answer.receipt().round == 2
    late, unknown = Answer(), Answer()
    two.engine.cast(Ballot("w", "b1", 1, ("ada",)), late)
    two.engine.cast(Ballot("w", "b2", 2, ("eve",)), unknown)
    assert (late.code(), unknown.code()) == ("stale_round", "unknown_candidate")


def test_who_catches_up_has_seen_what_was_there_before(room: Room) -> None:
    """An admin's command at one server is what the next page of another one shows."""
    one, two = room.node(), room.node()
    assert one.engine.command(Close(1, one.state.version)) == Done()
    two.engine.catch_up()
    assert two.state.rounds[1].closed_at is not None


def test_of_two_admins_at_two_servers_the_second_is_told(room: Room) -> None:
    """Both saw the same room; one of them has changed it."""
    one, two = room.node(), room.node()
    room.agree(one, two)
    seen = one.state.version
    pressed = [gevent.spawn(node.engine.command, Reset(1, seen)) for node in (one, two)]
    outcomes = [greenlet.get(timeout=PATIENCE) for greenlet in pressed]
    assert Done() in outcomes
    assert [o.code for o in outcomes if isinstance(o, Refusal)] == ["conflict"]
    room.agree(one, two)
    assert one.state.begun == 2


def test_a_countdown_ends_at_the_same_time_everywhere(room: Room) -> None:
    """Each server closes when it is due, the journal's clock decides, and one close counts."""
    one, two = room.node(), room.node()
    one.engine.command(Close(1, one.state.version))
    one.engine.command(Open(1, one.state.version, POLL.id, 1))
    for node in (one, two):
        node.until(partial(is_over, node, 2))
    room.agree(one, two)
    closing = one.state.rounds[2]
    assert closing.closed_at == closing.closes_at


def is_over(node: Node, round: int) -> bool:
    return round in node.state.rounds and node.state.rounds[round].closed_at is not None


def test_a_voters_rate_is_one_over_all_servers(room: Room) -> None:
    """Taps that came to others are counted as if they had come here."""
    taps = replace(POLL, rule="taps", taps_per_second=2)
    one, two = room.node(taps), room.node(taps)
    for ballot in ("b1", "b2"):
        two.cast("v", ballot).receipt()
    one.engine.catch_up()
    assert one.cast("v", "b3").code() == "too_fast"
    one.cast("w", "b1").receipt()


def test_seals_prove_the_stream_to_whoever_reads_it(room: Room) -> None:
    """After a moment of silence a seal stands behind the newest vote, and no other behind it."""
    one, two = room.node(), room.node()
    one.cast("v").receipt()
    one.until(one.is_sealed)
    room.agree(one, two)
    found = redis_stream.behind(room.redis.client, room.place.stream, redis_stream.START)
    seals = [b for entry in found for b in entry.bodies if b'"type":"seal"' in b]
    assert seals
    assert found[-1].bodies == [seals[-1]]


def has_sealed_a_vote(node: Node) -> bool:
    return bool(node.state.receipts) and node.is_sealed()


def test_a_seal_is_no_news_to_anybody(room: Room) -> None:
    """It would be one more tick to every phone behind each vote."""
    nodes = room.node(), room.node()
    for node in nodes:
        node.until(node.is_sealed)
        node.changes.clear()
    nodes[0].cast("v").receipt()
    for node in nodes:
        node.until(partial(has_sealed_a_vote, node))
        assert node.changes == ["numbers"]


def test_what_another_servers_configuration_brings_is_news(room: Room) -> None:
    """In a deploy the first new server writes the polls; pages of the others show them."""
    one = room.node()
    one.changes.clear()
    room.node(replace(POLL, results="hidden"))
    one.until(lambda: one.state.rounds[1].results == "hidden")
    assert "state" in one.changes


def test_a_hundred_times_the_votes_are_no_more_commands(room: Room) -> None:
    """What waits while a server rests goes into one entry."""
    node = room.node()
    for answers in [[node.cast(f"{size}-{i}") for i in range(size)] for size in (3, 300)]:
        before = node.journal.entries
        for answer in answers:
            answer.receipt()
        assert node.journal.entries - before <= 3


# A short stream


def test_a_new_server_starts_from_a_snapshot_and_the_stream_is_short(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once votes are put away, their entries go; whoever starts holds the same as before."""
    monkeypatch.setattr(shelving, "BUSY_RECORDS", 50)
    monkeypatch.setattr(redis_stream, "KEPT_MS", 0)
    monkeypatch.setattr(shelving, "KEPT_MS", 0)
    one = room.node()
    first = [one.cast(f"v{i}") for i in range(60)]
    receipts = [answer.receipt() for answer in first]
    one.until(one.is_sealed)
    waited = gevent.spawn(until_shelved, room)
    waited.get(timeout=PATIENCE)
    assert room.redis.client.xlen(room.place.stream) < 10
    two = room.node()
    room.agree(one, two)
    assert two.cast("v7").receipt() == receipts[7]
    assert two.cast("new").receipt().version == two.state.version


def until_shelved(room: Room) -> None:
    while not room.layout.look(room.redis.client).snapshot:
        gevent.sleep(0.02)


def test_a_server_that_slept_through_a_trim_begins_anew_from_the_snapshot(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It never folds across a hole, and nobody's pages are told of another epoch."""
    monkeypatch.setattr(shelving, "BUSY_RECORDS", 50)
    one, two = room.node(), room.node()
    room.agree(one, two)
    epoch = two.state.epoch
    assert two.journal._listener is not None
    two.journal._listener.kill()  # it sleeps
    for start in range(0, 120, 40):
        for answer in [one.cast(f"v{start + i}") for i in range(40)]:
            answer.receipt()
    gevent.spawn(until_shelved, room).get(timeout=PATIENCE)
    shelved = room.layout.look(room.redis.client).snapshot_id
    assert room.redis.client.xtrim(room.place.stream, minid=shelved, approximate=False)
    first = redis_stream.behind(room.redis.client, room.place.stream, redis_stream.START)[0]
    assert first.after > two.state.version
    two.engine.catch_up()
    two.until(lambda: two.engine.recording and len(two.state.receipts) == 120)
    assert two.state.epoch == epoch
    room.agree(one, two)


# When Redis forgets


def has_begun_anew(node: Node, epoch: str, ballots: int = 0) -> bool:
    """Say whether a server records again, in another epoch and with all votes."""
    is_whole = node.state.rounds[1].ballots >= ballots
    return node.engine.recording and node.state.epoch != epoch and is_whole


def test_a_redis_that_lost_everything_gets_it_back_from_the_servers(own_room: Room) -> None:
    """A new epoch, with every vote, from the server that had folded most."""
    room = own_room
    one, two = room.node(), room.node()
    receipts = [one.cast(f"v{i}").receipt() for i in range(3)]
    room.agree(one, two)
    epoch = one.state.epoch
    room.redis.client.flushall()
    for node in (one, two):
        node.until(partial(has_begun_anew, node, epoch))
    room.agree(one, two)
    assert [two.cast(f"v{i}").receipt() for i in range(3)] == receipts
    assert one.cast("new").receipt().version > receipts[-1].version


def test_a_server_that_starts_on_an_emptied_redis_waits_for_the_others(
    own_room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It must not begin an empty room where there is a full one in their memory."""
    room = own_room
    one = room.node()
    one.cast("v").receipt()
    epoch = one.state.epoch
    monkeypatch.setattr(survivors, "ALIVE_SECONDS", 2.5)
    room.redis.client.flushall()
    two = gevent.spawn(room.node).get(timeout=3 * PATIENCE)
    one.until(partial(has_begun_anew, one, epoch))
    room.agree(one, two)
    assert two.state.rounds[1].counts["ada"] == 1


def test_a_stream_that_is_gone_is_noticed_before_anybody_votes(
    own_room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the rest of the room is still there; and a server that starts waits for it."""
    room = own_room
    one = room.node()
    one.cast("v").receipt()
    one.until(one.is_sealed)
    epoch = one.state.epoch
    monkeypatch.setattr(survivors, "ALIVE_SECONDS", 2.5)
    room.redis.client.delete(room.place.stream)
    starting = gevent.spawn(room.node)
    one.until(partial(has_begun_anew, one, epoch, 1))
    room.agree(one, starting.get(timeout=3 * PATIENCE))


def test_a_redis_that_went_back_gets_the_votes_again_in_a_new_epoch(own_room: Room) -> None:
    """As after a failover to a replica that was behind: what was counted counts."""
    room = own_room
    one, two = room.node(), room.node()
    one.cast("early").receipt()
    room.agree(one, two)
    room.redis.client.save()
    room.redis.options.update(appendonly="no")
    late = one.cast("late", choice="bob").receipt()
    room.agree(one, two)
    epoch = one.state.epoch
    room.redis.kill()
    for file in (room.redis.folder / "appendonlydir").iterdir():
        file.unlink()
    room.redis.start()
    for node in (one, two):
        node.until(partial(has_begun_anew, node, epoch, 2))
    room.agree(one, two)
    again = two.cast("late", choice="bob").receipt()
    assert (again.ballot, again.choices) == (late.ballot, late.choices)
    assert one.state.rounds[1].counts == {"ada": 1, "bob": 1}


def test_what_counted_before_a_countdown_was_over_counts_when_redis_went_back(
    own_room: Room,
) -> None:
    """A failover takes longer than what is left of many a countdown."""
    room = own_room
    one, two = room.node(), room.node()
    one.engine.command(Close(1, one.state.version))
    one.engine.command(Open(1, one.state.version, POLL.id, 2))
    room.redis.client.save()
    room.redis.options.update(appendonly="no")
    one.cast("late").receipt()
    room.agree(one, two)
    epoch = one.state.epoch
    room.redis.kill()
    for file in (room.redis.folder / "appendonlydir").iterdir():
        file.unlink()
    gevent.sleep(2.1)
    assert not one.state.rounds[2].is_open(one.engine.now())
    room.redis.start()
    for node in (one, two):
        node.until(partial(has_begun_anew, node, epoch))
        node.until(partial(is_over, node, 2))
    room.agree(one, two)
    assert one.state.rounds[2].counts["ada"] == 1


def test_a_redis_that_went_back_while_no_server_ran_begins_a_new_epoch(
    own_room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Phones may have seen more than there is, and would wait for its version for ever."""
    monkeypatch.setattr(sighting, "NOTE_SECONDS", 0.0)
    room = own_room
    one = room.node()
    room.redis.client.save()
    one.cast("late").receipt()
    one.until(one.is_sealed)
    epoch = one.state.epoch
    one.stop()
    room.redis.options.update(appendonly="no")
    room.redis.kill()
    room.redis.start()
    two = room.node()
    assert two.journal.restored
    assert two.state.epoch != epoch
    assert two.state.rounds[1].ballots == 0


def test_while_redis_is_away_votes_wait_and_then_count_once(own_room: Room) -> None:
    """A refusal that says try again, and the same ballot later gets its receipt."""
    room = own_room
    one, two = room.node(), room.node()
    before = one.cast("v").receipt()
    room.redis.kill()
    one.until(lambda: not one.is_recording())
    assert one.cast("w").code() == "not_recorded"
    assert one.cast("v").receipt() == before
    room.redis.start()
    for node in (one, two):
        node.until(node.is_recording)
    one.cast("w").receipt()
    room.agree(one, two)
    assert one.state.rounds[1].ballots == 2


def test_what_a_stalled_line_carried_counts_once_when_it_arrives_late(own_room: Room) -> None:
    """A ballot whose append nobody heard of may count; sent again it gets that very receipt."""
    room = own_room
    one, two = room.node(), room.node()
    with room.redis.paused():
        assert one.cast("v").code() == "not_recorded"
    for node in (one, two):
        node.until(node.is_recording)
    assert one.cast("v").receipt() == two.cast("v").receipt()
    room.agree(one, two)
    assert one.state.rounds[1].ballots == 1


def with_replica(redises: Callable[..., Redis]) -> tuple[Redis, Redis]:
    """Return a master, and a replica that has all it holds."""
    master = redises()
    replica = redises(replicaof=f"127.0.0.1 {master.port}")
    master.client.set("seen", 1)
    assert master.client.wait(1, 3_000 * PATIENCE)
    return master, replica


def test_what_redis_loses_before_it_is_read_back_is_not_recorded(
    redises: Callable[..., Redis], tmp_path: Path
) -> None:
    """Nobody gets a receipt for it; in the new epoch it counts when it is sent again."""
    master, replica = with_replica(redises)
    place = RedisPlace(master, tmp_path)
    place.settings = replace(place.settings, min_replicas=1)
    node = Node(place)
    try:
        node.cast("v").receipt()
        epoch, entries = node.state.epoch, master.client.xlen(place.stream)
        stream = place.stream
        with replica.paused():  # so that the append waits, after it was taken
            answer = node.cast("w")
            with gevent.Timeout(PATIENCE):
                while master.client.xlen(stream) == entries:
                    gevent.sleep(0.005)
            master.client.flushall()
        assert answer.code() == "not_recorded"
        node.until(partial(has_begun_anew, node, epoch, 1))
        assert node.cast("w").receipt().version == node.state.version
        assert node.state.rounds[1].ballots == 2
    finally:
        node.stop()


def test_a_full_redis_takes_nothing_and_goes_on_by_itself(own_room: Room) -> None:
    """With maxmemory and noeviction appends fail, reads do not; later all is well."""
    room = own_room
    node = room.node()
    with room.place.block():
        assert node.cast("v").code() == "not_recorded"
        assert not node.engine.recording
    node.until(node.is_recording)
    assert node.cast("v").receipt().version == node.state.version


def test_a_receipt_waits_for_replicas(redises: Callable[..., Redis], tmp_path: Path) -> None:
    """With min_replicas = 1 and no replica nothing is confirmed; with one it is."""
    master, replica = with_replica(redises)
    place = RedisPlace(master, tmp_path)
    place.settings = replace(place.settings, min_replicas=1)
    node = Node(place)
    try:
        node.cast("v").receipt()
        replica.kill()
        assert node.cast("w").code() == "not_recorded"
        replica.start()
        node.until(node.is_recording)
        node.cast("w").receipt()
        assert node.state.rounds[1].ballots == 2
    finally:
        node.stop()


def until_damage_is_known(node: Node) -> None:
    """Wait until a server has tried more than once to go on."""
    node.until(lambda: not node.engine.recording)
    gevent.sleep(5 * engine.RETRY_SECONDS)
    assert not node.engine.recording


def test_the_numbers_stay_while_what_lies_in_redis_cannot_be_read(own_room: Room) -> None:
    """Another state takes the place of this one when all that follows it is there, no sooner."""
    room = own_room
    node = room.node()
    for i in range(3):
        node.cast(f"v{i}").receipt()
    found = redis_stream.behind(room.redis.client, room.place.stream, redis_stream.START)
    *_, damaged, _, newest = [entry.id for entry in found if b'"ballot"' in entry.bodies[0]]
    room.redis.client.xdel(room.place.stream, damaged, newest)
    room.redis.client.client_kill_filter(_type="normal", skipme=True)
    until_damage_is_known(node)
    assert node.state.rounds[1].counts["ada"] == 3


@pytest.mark.parametrize("is_quiet", [True, False])
def test_a_redis_that_goes_back_while_its_lines_hold_is_noticed(
    own_room: Room, is_quiet: bool
) -> None:
    """As behind an address that moves to a replica: neither silence nor new votes cover it up."""
    room = own_room
    one, two = room.node(), room.node()
    client = room.redis.client
    room.agree(one, two)
    kept = {key: client.dump(key) for key in (room.layout.meta, room.place.stream)}
    one.cast("v").receipt()
    two.cast("w").receipt()
    room.agree(one, two)
    epoch = one.state.epoch
    with client.pipeline() as sent:
        for key, value in kept.items():
            sent.restore(key, 0, value, replace=True)
        sent.execute()
    late = None if is_quiet else two.cast("x").get()
    for node in (one, two):
        node.until(partial(has_begun_anew, node, epoch, 2))
    if late:
        again = two.cast("x").receipt()
        assert again == late or late == engine.NOT_RECORDED
    room.agree(one, two)
    assert one.state.rounds[1].counts["ada"] == (2 if is_quiet else 3)


def test_both_lines_of_a_server_lead_to_one_redis(
    redises: Callable[..., Redis], tmp_path: Path
) -> None:
    """In a failover one of them may be led to the new master while the old one still answers."""
    old, new = redises(), redises()
    way = Way(old)
    place = RedisPlace(old, tmp_path)
    place.settings = replace(place.settings, url=way.url)
    node = Node(place)
    try:
        node.cast("v").receipt()
        for key in old.client.keys("*"):
            new.client.restore(key, 0, old.client.dump(key))
        way.to = new
        old.client.client_kill_filter(_id=who_listens(old))
        who_listens(new)
        node.until(node.is_recording)
        ballots = new.client.xlen(place.stream)
        node.cast("w").receipt()
        assert new.client.xlen(place.stream) > ballots
    finally:
        node.stop()
        way.close()


def who_listens(redis: Redis) -> str:
    """Wait until somebody waits for entries; return the id of that line."""
    with gevent.Timeout(PATIENCE):
        while True:
            for one in redis.client.client_list():
                if one["cmd"] == "xread":
                    return str(one["id"])
            gevent.sleep(0.02)


class Way:
    """An address that leads to one Redis, and later to another one."""

    def __init__(self, to: Redis) -> None:
        self.to = to
        self._leading = Pool()
        self._server = StreamServer(("127.0.0.1", 0), self._lead, spawn=self._leading)
        self._server.start()
        self.url = f"redis://127.0.0.1:{self._server.server_port}/0"

    def _lead(self, sock: gevent.socket.socket, address: object) -> None:
        with sock, gevent.socket.create_connection(("127.0.0.1", self.to.port)) as there:
            ways = [gevent.spawn(_flow, sock, there), gevent.spawn(_flow, there, sock)]
            gevent.joinall(ways, count=1)
            gevent.killall(ways)

    def close(self) -> None:
        """End, once whoever came by this way has left."""
        self._server.close()
        self._leading.join(PATIENCE)


def _flow(source: gevent.socket.socket, target: gevent.socket.socket) -> None:
    with suppress(OSError):
        while said := source.recv(65_536):
            target.sendall(said)


def test_a_snapshot_of_what_the_stream_does_not_hold_stands_for_nothing(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis may go back while one is made; what was stored of it goes by itself."""
    node = room.node()
    node.cast("v").receipt()
    node.until(node.is_sealed)
    monkeypatch.setattr(shelving, "BUSY_RECORDS", 1)
    shelf = shelving.Shelving(RedisServer(room.place.settings))
    history = room.layout.look(room.redis.client).history
    shelf.passed(redis_stream.Entry(b"1-1", node.state.version, "node", []))
    shelf.tend(node.state, history)
    snapshot = room.layout.snapshot(node.state.version, history)
    with gevent.Timeout(PATIENCE):
        while not room.redis.client.exists(snapshot) or room.redis.client.exists(
            room.place.key("shelving")
        ):
            gevent.sleep(0.02)
    assert room.layout.look(room.redis.client).snapshot == 0
    assert room.redis.client.ttl(snapshot) > 0


def test_an_entry_that_redis_refuses_leaves_no_hole(own_room: Room) -> None:
    """No version is given out for it: once it is taken, all goes on."""
    room = own_room
    node = room.node()
    client, stream = room.redis.client, room.place.stream
    newest, version = node.journal._reading.id, node.state.version
    client.execute_command("XSETID", stream, "9999999999999-0")
    assert node.cast("v").code() == "not_recorded"
    assert room.layout.look(client).version == version
    client.execute_command("XSETID", stream, newest)
    node.until(node.is_recording)
    assert node.cast("v").receipt().version == version + 1


def test_a_vote_right_after_a_seal_is_sealed_too(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a server reads its own entry by itself, nothing else would call it."""
    monkeypatch.setattr(engine, "SEAL_SECONDS", (0.0, 0.0))
    node = room.node()
    for i in range(5):
        answer = node.cast(f"v{i}")
        answer.receipt()
        node.until(node.is_sealed)


# Clocks


def test_a_clock_of_redis_that_goes_back_holds_up_no_countdown(room: Room) -> None:
    """The journal's time goes on from its newest record, at the pace of time."""
    node = room.node()
    client = room.redis.client
    ahead = 3_600_000
    at = int(client.hget(room.layout.meta, "at") or 0)
    client.hset(room.layout.meta, "at", str(at + ahead))  # as if its clock had been an hour ahead
    first = node.cast("v").receipt()
    times = node.state.at
    assert times >= at + ahead
    node.engine.command(Close(1, node.state.version))
    assert node.state.at >= times
    assert first.version < node.state.version
    assert int(client.hget(room.layout.meta, "ahead") or 0) > 0
