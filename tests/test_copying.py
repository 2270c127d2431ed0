"""copying.py, places.py and redis_room.py: a room's journal moves, and is looked at in Redis."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click import Command
from click.testing import CliRunner
from redis import Redis as Client

from tests.folding import holding
from tests.on_disk import DATABASE, History
from tests.phones import phone
from tests.redises import Redis
from tests.rooms import Room
from tests.serving import ADA, CONFIG, GRACE, Server, dashboard
from tests.test_snapshot import in_order, resume
from voting import database, redis_room, redis_stream, sighting
from voting.config import Journal as Settings
from voting.console import backup, erase_names, export_rounds, verify_journal
from voting.copying import copy, copy_all
from voting.journal import Journal, NotRecorded, Unusable
from voting.journal_redis import RedisJournal
from voting.journal_sqlite import SqliteJournal
from voting.ledger import Ledger
from voting.locksmith import password
from voting.names import FolderNames
from voting.place_redis import InRedis
from voting.places import Folder
from voting.records import (
    Ballot,
    Claim,
    Close,
    Issue,
    Rehearse,
    Reset,
    last_version,
)
from voting.redis_room import RedisRoom
from voting.redis_stream import Entry
from voting.safe import FolderSafe
from voting.safe_redis import SharedSafe
from voting.sheet import codes
from voting.state import Receipt, State


@pytest.fixture
def room(standing_redis: Redis) -> Room:
    return Room(standing_redis)


@pytest.fixture
def history() -> History:
    """Two rounds, a change, codes, a rehearsal, and many records of one time."""
    history = History()
    history.vote("v", "ada")
    history.vote("v", "grace", ballot="b2")
    history.batch(Issue(("c0de", "c1de")), Claim("c0de", "v"), Close(1, history.state.version))
    history.batch(Rehearse(1, history.state.version, 60))
    history.vote("pretended", "ada")
    history.batch(Close(-1, history.state.version))
    history.batch(Reset(1, history.state.version))
    history.batch(*(Ballot(f"w{n}", "b", 2, ("ada",)) for n in range(2_500)))
    return history


def room_of(state: State) -> object:
    """All that a state holds but for the record that begins an epoch."""
    end = {"format", "epoch", "version", "chain", "sealed", "at"}
    return in_order({name: found for name, found in holding(state).items() if name not in end})


def goes_on(journal: Journal, history: History) -> None:
    """Have a server begin with a journal: old ballots get their receipts, and new ones count."""
    with closing(journal):
        ledger = Ledger(journal, journal.clock)
        ledger.replay(restored=journal.restored)
        sent = [Ballot("w7", "b", 2, ("grace",)), Ballot("new", "b", 2, ("ada",))]
        again, new = ledger.record(sent)
    assert again == history.state.receipts["w7"]["b"]
    assert isinstance(new, Receipt)
    assert new.version == ledger.state.version > history.state.version + 2
    counts = ledger.state.rounds[2].counts
    assert counts["ada"] == history.state.rounds[2].counts["ada"] + 1


def test_a_journal_goes_to_redis_and_back(room: Room, history: History, tmp_path: Path) -> None:
    """Times, versions, codes and names are kept, epochs are new, and one server alone can go on."""
    history.write(tmp_path)
    for voter, name in {"v": "Vera", "w1": "Wim 张"}.items():
        FolderNames(tmp_path).keep(voter, name)
    there, back = InRedis(room.settings), Folder(tmp_path / "back")
    to_redis, said = copy_all(Folder(tmp_path), there)
    assert said == "votes, receipts, codes and 2 names"
    assert [record[:2] for record in to_redis.records[:-1]] == [r[:2] for r in history.records]
    assert room_of(to_redis.state) == room_of(history.state)
    home, _ = copy_all(there, back)
    assert room_of(home.state) == room_of(history.state)
    goes_on(RedisJournal(room.settings, "node"), history)
    assert back.names.read() == {"v": "Vera", "w1": "Wim 张"}
    assert len({state.epoch for state in (history.state, to_redis.state, home.state)}) == 3
    assert home.state.version == history.state.version + 2 == len(home.records)


def test_a_journal_that_begins_with_a_state_goes_to_redis_and_back(
    room: Room, history: History, tmp_path: Path
) -> None:
    """There a snapshot stands for its records; votes behind it are read with it."""
    folder = tmp_path / "folder"
    folder.mkdir()
    records = [resume(history.state), *history.vote("x", "grace")]
    database.create(folder / DATABASE, records)
    there = InRedis(room.settings)
    to_redis, _ = copy_all(Folder(folder), there)
    assert len(to_redis.records) == 2
    assert last_version(to_redis.records) == history.state.version + 1
    home, _ = copy_all(there, Folder(tmp_path / "back"))
    assert len(home.records) == 3
    for state in (to_redis.state, home.state):
        assert room_of(state) == room_of(history.state)
    goes_on(RedisJournal(room.settings, "node"), history)
    goes_on(SqliteJournal(tmp_path / "back"), history)


def test_a_copy_needs_a_whole_source_and_an_empty_target(
    room: Room, history: History, tmp_path: Path
) -> None:
    """Nothing is copied from where there is no journal, nor over one, nor from under a server."""
    history.write(tmp_path / "whole")
    whole, there = Folder(tmp_path / "whole"), InRedis(room.settings)

    def said(source: Folder | InRedis, target: Folder | InRedis) -> str:
        with pytest.raises((Unusable, NotRecorded)) as refused:
            copy_all(source, target)
        return str(refused.value)

    assert said(there, Folder(tmp_path / "new")) == f"there is no journal in {there.shown}"
    assert not (tmp_path / "new").exists()
    assert said(Folder(tmp_path / "none"), there) == f"there is no folder {tmp_path / 'none'}"
    assert not (tmp_path / "none").exists()
    with whole.held():
        assert said(whole, there) == f"a server is running on {whole.shown}; stop it first"
    assert said(whole, whole).endswith("stop it first")
    copy_all(whole, there)
    assert said(whole, there) == f"there is a journal in {there.shown} already"
    history.write(tmp_path / "other")
    assert " already; move its journal.* elsewhere" in said(there, Folder(tmp_path / "other"))
    newest = room.redis.client.xrevrange(stream_of(room), count=1)[0][0]
    room.redis.client.xdel(stream_of(room), newest)
    begin = history.state.version + 1
    assert said(there, Folder(tmp_path / "new")).startswith(f"record {begin} is missing;")
    room.redis.client.xtrim(stream_of(room), maxlen=2, approximate=False)
    assert said(there, Folder(tmp_path / "new")).startswith("records 1 to ")
    nowhere = InRedis(Settings(url="redis://127.0.0.1:1/0"))
    assert "is not there: nobody listens" in said(nowhere, Folder(tmp_path / "new"))


def test_what_cannot_be_written_leaves_nothing_behind(
    redises: Callable[..., Redis], history: History, tmp_path: Path
) -> None:
    """A Redis that is full, keeps nothing, or stops amid it, takes no copy; the source stays."""
    history.write(tmp_path)
    small, forgetful = Room(redises()), Room(redises(appendonly="no"))
    used = small.redis.client.info("memory")["used_memory"]
    small.redis.client.config_set("maxmemory", used + 100_000)
    dumb = Room(redises(rename_command="EVAL nothing"))
    for room, why in [(small, "is full"), (forgetful, "allow_volatile"), (dumb, "unknown")]:
        with pytest.raises((Unusable, NotRecorded), match=why):
            copy_all(Folder(tmp_path), InRedis(room.settings))
        assert room.redis.client.keys("*") == []
    assert Folder(tmp_path).examine().records == history.records


def test_votes_may_come_while_a_room_in_redis_is_read(
    room: Room, history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is read is a whole beginning of the journal."""
    history.write(tmp_path)
    there = InRedis(room.settings)
    copied, _ = copy_all(Folder(tmp_path), there)
    behind = redis_stream.behind

    def behind_after_a_vote(client: Client, stream: str, id: bytes) -> list[Entry]:
        ledger = Ledger(RedisJournal(room.settings, "node"), lambda: 0)
        with monkeypatch.context() as plain:
            plain.setattr(redis_stream, "behind", behind)
            ledger.replay(restored=False)
            ledger.record([Ballot("new", "b", 2, ("ada",))])
        return behind(client, stream, id)

    monkeypatch.setattr(redis_stream, "behind", behind_after_a_vote)
    report = there.examine()
    assert report.problem is None
    assert report.state.version == copied.state.version + 1


def test_rubbish_in_the_stream_is_a_damage(room: Room, history: History, tmp_path: Path) -> None:
    """Whoever looks at it is told which entry it is."""
    history.write(tmp_path)
    there = InRedis(room.settings)
    copy_all(Folder(tmp_path), there)
    stream = f"journal:{RedisRoom(room.settings).newest().history}"
    room.redis.client.xadd(room.key(stream), {"v": "rubbish"}, id="9999999999999-0")
    assert there.examine().problem == "entry 9999999999999-0 cannot be read"


def test_a_source_that_changes_meanwhile_is_no_source(
    room: Room, history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Servers in Redis hold nothing that could be held; their beat and their votes tell of them."""
    history.write(tmp_path)
    there = InRedis(room.settings)
    copy_all(Folder(tmp_path), there)
    with pytest.raises(Unusable, match="has changed meanwhile"), there.held():
        room.redis.client.hincrby(room.key("meta"), "version", 1)
    room.redis.client.hset(room.key("nodes"), "killed", "its last beat")
    monkeypatch.setattr(redis_room.time, "sleep", lambda seconds: None)
    with there.held():
        pass

    def beat(seconds: float) -> None:
        room.redis.client.hset(room.key("nodes"), "alive", f"a beat, {seconds}")

    monkeypatch.setattr(redis_room.time, "sleep", beat)
    with pytest.raises(Unusable, match="servers are running"), there.held():
        pass


def test_a_folder_whose_room_is_in_redis_is_never_taken_for_the_room(
    room: Room, history: History, tmp_path: Path
) -> None:
    """Not by a start, nor by a command, whose configuration names no Redis; nothing is changed."""
    data, config, there = tmp_path / "data", tmp_path / "config.toml", tmp_path / "redis.toml"
    history.write(data)
    (data / sighting.NAME).write_text("1234 5\n")
    config.write_text(CONFIG, encoding="utf-8")
    there.write_text(CONFIG + room.config(), encoding="utf-8")
    before = {file.name: file.read_bytes() for file in data.iterdir()}
    usual = ("--config", config)
    named = (*usual, "--data", data)
    new, sheets = tmp_path / "new", tmp_path / "sheets"
    tried: list[tuple[Command, *tuple[object, ...]]] = [
        (verify_journal, *usual),
        (verify_journal, *named),
        (verify_journal, "--repair", *named),
        (export_rounds, *usual),
        (export_rounds, *named),
        (erase_names, *named),
        (backup, new, *usual),
        (backup, new, *named),
        (password, *named),
        (codes, 3, "--output", sheets, *named),
    ]
    for command, *rest in tried:
        done = CliRunner().invoke(command, list(map(str, rest)), input="correct horse\n")
        assert done.exit_code == 2, (command.name, done.output)
        sentence = f"The room of {data} is in Redis: name its configuration with --config"
        assert done.output.startswith(sentence), (command.name, done.output)
        assert len(done.output.splitlines()) == 1
    done = CliRunner().invoke(copy, ["--config", str(config), str(data), str(new)])
    assert (done.exit_code, "is in Redis: copy it from there" in done.output) == (2, True)
    started = dashboard("run", "--port", 0, *usual)
    assert (started.returncode, len(started.stderr.splitlines())) == (2, 1)
    assert started.stderr.endswith(f"delete {data / sighting.NAME}.\n")
    assert {file.name: file.read_bytes() for file in data.iterdir()} == before
    assert not new.exists()
    assert not sheets.exists()
    looked = CliRunner().invoke(verify_journal, ["--config", str(there), "--data", str(data)])
    assert looked.output.startswith("There is no journal in redis://")
    copied, _ = copy_all(Folder(data), InRedis(room.settings))
    looked = CliRunner().invoke(verify_journal, ["--config", str(there), "--data", str(data)])
    assert (looked.exit_code, f"{copied.state.version:,}" in looked.output) == (0, True)


def test_a_room_that_was_moved_back_is_in_its_folder_again(
    room: Room, history: History, tmp_path: Path
) -> None:
    """On the folder where its servers ran, once the old journal is out of the way."""
    data, there = Folder(tmp_path), InRedis(room.settings)
    history.write(tmp_path)
    copy_all(data, there)
    (tmp_path / sighting.NAME).write_text("1234 5\n")
    with pytest.raises(Unusable, match=r"already; move its journal\.\* elsewhere"):
        copy_all(there, data)
    assert sighting.is_elsewhere(tmp_path)
    for old in set(tmp_path.glob("journal.*")) - {tmp_path / sighting.NAME}:
        old.unlink()
    copy_all(there, data)
    assert not sighting.is_elsewhere(tmp_path)
    goes_on(SqliteJournal(tmp_path), history)


def test_no_password_is_shown_and_the_word_redis_stands_for_the_configuration(
    redises: Callable[..., Redis], history: History, tmp_path: Path
) -> None:
    """There and back, and in what goes wrong; a sentence has one full stop."""
    room = Room(redises(requirepass="s3cret"))
    config, plain = tmp_path / "config.toml", tmp_path / "plain.toml"
    config.write_text(CONFIG + room.config(), encoding="utf-8")
    plain.write_text(CONFIG, encoding="utf-8")
    data, back = tmp_path / "data", tmp_path / "back"
    history.write(data)

    def said(*arguments: object, code: int = 2) -> str:
        done = CliRunner().invoke(copy, list(map(str, arguments)))
        assert done.exit_code == code, done.output
        assert "s3cret" not in done.output
        assert ".." not in done.output
        return done.output

    shown = f"redis://…@127.0.0.1:{room.redis.port}/0 (room {room.settings.room})"
    url = room.settings.url
    assert "which has no url" in said("--config", plain, data, "redis")
    assert f"The copy in {shown} is whole" in said("--config", config, data, url, code=0)
    assert f"there is a journal in {shown} already." in said("--config", config, data, "redis")
    assert f"The copy in {back} is whole" in said("--config", config, "redis", back, code=0)
    assert Folder(back).examine().state.version == history.state.version + 2
    assert f"redis://…@127.0.0.1:{room.redis.port}/1" in said(data, url.replace("/0", "/1"), code=0)
    room.redis.client.config_set("appendonly", "no")
    assert "allow_volatile = true" in said(data, url.replace("/0", "/2"))
    for wrong in (url.replace("//", "/"), url.replace("//", ""), url.replace("redis", "http", 1)):
        assert "journal.url" in said(data, wrong)


def test_the_command_line_looks_into_redis_while_a_server_runs(
    serve: Callable[..., Server], room: Room, tmp_path: Path
) -> None:
    """Verify, export, codes, backup and erase-names go where a server keeps what they are about."""
    config = f"{CONFIG}\n[room]\nnames_in_exports = true\n{room.config()}"
    server = serve(config)
    for name, choice in [("Zoe", ADA), ("Yan", GRACE)]:
        voter = phone(server, name)
        voter.until(type="receipt", ballot=voter.vote(choice))

    def on(command: Command, *rest: object, code: int = 0) -> str:
        done = CliRunner().invoke(command, ["--config", *map(str, (server.config, *rest))])
        assert done.exit_code == code, done.output
        return done.output

    assert "Ada Lovelace 1, Grace Hopper 1" in on(verify_journal)
    dashboard("codes", 3, "--config", server.config, "--output", tmp_path)
    assert "Codes · 3 made, 0 used" in on(verify_journal)
    kept, rooms = tmp_path / "kept", SharedSafe(room.shared())
    rooms.keep_hash("of the room's password")
    FolderSafe(server.folder / "data").keep_hash("of one that was given up")
    assert "Ada Lovelace 1, Grace Hopper 1" in on(backup, kept)
    assert FolderSafe(kept).hash() == rooms.hash()
    assert "Zoe" in on(export_rounds, "--names", "--format", "json")
    before = FolderNames(server.folder / "data")
    before.keep("zoe", "Zoe")  # as a room that was moved leaves it behind
    told = on(erase_names)
    assert room.settings.url in told
    assert str(server.folder / "data") in told
    assert not before.read()
    assert "Zoe" not in on(export_rounds, "--names", "--format", "json")
    assert "Zoe" in on(export_rounds, "--names", "--data", kept)
    url = room.settings.url
    moved = (url, tmp_path / "moved", "--room", room.settings.room)
    assert "servers are running" in on(copy, *moved, code=2)
    assert "there is a journal in" in on(copy, kept, url, code=2)
    assert "nothing to repair" not in on(verify_journal, "--repair")
    assert (server.folder / "data" / sighting.NAME).exists()
    server.stop()
    done = dashboard("copy", "--config", server.config, *moved)
    assert done.returncode == 0, done.stderr
    assert "Codes · 3 made, 0 used" in done.stdout
    room.redis.client.xtrim(stream_of(room), maxlen=1, approximate=False)
    assert "In Redis there is nothing to repair from" in on(verify_journal, "--repair", code=2)


def stream_of(room: Room) -> str:
    history = room.redis.client.hget(room.key("meta"), "history")
    assert isinstance(history, bytes)
    return room.key(f"journal:{history.decode()}")
