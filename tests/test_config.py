"""config.py: a good file is read, and a bad one is answered by a sentence that helps."""

import os
import re
from pathlib import Path

import msgspec
import pytest

from voting.config import MAX_POLLS, SECTIONS, Config, ConfigError, load
from voting.polls import PollText
from voting.records import Candidate, Poll

EXAMPLES = 2_000 if os.environ.get("TEST_ALL") else 100

SHIPPED = Path(__file__).parent.parent / "config.toml"

POLL = """
[[polls]]
question = "Who?"
candidates = ["Ada", "Bob"]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def read(file: Path, text: str) -> Config:
    file.write_text(text, encoding="utf-8")
    return load(file)


def complaint(file: Path, text: str) -> str:
    """Return the sentence with which a text is refused; it names the file."""
    with pytest.raises(ConfigError) as caught:
        read(file, text)
    sentence = str(caught.value)
    assert sentence.startswith(f"{file}: ")
    assert "\n" not in sentence
    return sentence


# A good file


def test_a_question_and_its_candidates_are_enough(file: Path) -> None:
    """All else has a default."""
    config = read(file, POLL)
    assert config.polls == (
        Poll("poll", "Who?", (Candidate("ada", "Ada"), Candidate("bob", "Bob"))),
    )
    assert (config.server.host, config.server.port) == ("0.0.0.0", None)
    assert config.room.open_at_start
    assert config.live.ticks_per_second == 10


def test_every_setting_can_be_set(file: Path) -> None:
    """What the file says is what the program gets."""
    config = read(
        file,
        """
        [[polls]]
        id = "talk"
        question = "谁？"
        candidates = ["Ada", {id = "b", name = "Bob"}]
        changes = false
        rule = "approval"
        max_choices = 1
        taps_per_second = 5
        results = "after_vote"
        countdown = 60
        max_ballots = 9
        [server]
        host = "::1"
        port = 8000
        public_url = "https://vote.example.org"
        trusted_hosts = ["vote.local"]
        data = "elsewhere"
        proxies = ["10.0.0.0/8", "::1"]
        allow_no_origin = true
        metrics = ["10.1.2.3"]
        log = "json"
        [room]
        open_at_start = false
        name_required = true
        names_in_exports = true
        voters = "codes"
        [live]
        ticks_per_second = 5
        send_deadline_seconds = 2.5
        ping_seconds = 30
        transports = ["poll", "websocket"]
        [limits]
        messages_per_second = 50
        sockets_per_voter = 2
        sockets_per_address = 3000
        logins_per_minute = 40
        [screen]
        columns = "3d"
        [embed]
        origins = ["https://slides.example", "http://10.0.0.8:8080"]
        """,
    )
    pair = (Candidate("ada", "Ada"), Candidate("b", "Bob"))
    poll = Poll("talk", "谁？", pair, "approval", False, 1, 5, "after_vote", 60, 9)
    assert config.polls == (poll,)
    assert msgspec.structs.astuple(config.server) == (
        "::1",
        8000,
        "https://vote.example.org",
        ("vote.local",),
        "elsewhere",
        ("10.0.0.0/8", "::1"),
        True,
        ("10.1.2.3",),
        "json",
    )
    assert msgspec.structs.astuple(config.room) == (False, True, True, "codes")
    assert msgspec.structs.astuple(config.live) == (5, 2.5, 30, ("poll", "websocket"))
    assert msgspec.structs.astuple(config.limits) == (50, 2, 3000, 40)
    assert config.screen.columns == "3d"
    assert config.embed.origins == ("https://slides.example", "http://10.0.0.8:8080")


def test_the_shipped_file_is_good_and_shows_the_true_defaults(file: Path) -> None:
    """Each commented setting of config.toml, taken out of its comment, changes nothing."""
    text = SHIPPED.read_text(encoding="utf-8")
    # Leaving the port out means "5000 or the next free one", which no port says.
    shown = re.sub(r"^# (?!port)(\w+ = )", r"\1", text, flags=re.MULTILINE)
    assert read(file, shown) == msgspec.structs.replace(load(SHIPPED), file=file.resolve())


@pytest.mark.parametrize("section, struct", [*SECTIONS.items(), ("polls", PollText)])
def test_the_shipped_file_names_every_setting(section: str, struct: type[msgspec.Struct]) -> None:
    """A setting that config.toml does not show is a setting that nobody finds."""
    named = re.findall(r"^(?:# +)?(\w+) = ", SHIPPED.read_text(encoding="utf-8"), re.MULTILINE)
    fields = {field.name for field in msgspec.structs.fields(struct)} - {"id"}
    assert fields <= set(named)


def test_the_data_folder_lies_beside_the_file(file: Path, tmp_path: Path) -> None:
    """A relative data folder is the configuration's neighbour, an absolute one is itself."""
    assert read(file, POLL).data == tmp_path.resolve() / "data"
    assert read(file, f"{POLL}[server]\ndata = '/var/votes'").data == Path("/var/votes")


def test_a_file_named_relatively_is_kept_absolutely(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later change of the working directory does not move the data folder."""
    file.write_text(POLL)
    monkeypatch.chdir(tmp_path)
    assert load(Path("config.toml")).data == tmp_path.resolve() / "data"


# Polls


def test_a_file_has_as_many_polls_as_it_likes(file: Path) -> None:
    """They are kept in the order in which they stand."""
    config = read(file, POLL + '[[polls]]\nid = "b"\nquestion = "What?"\ncandidates = ["A"]')
    assert [(poll.id, poll.question) for poll in config.polls] == [("poll", "Who?"), ("b", "What?")]
    many = [POLL.replace("Who", f"Who {n}") for n in range(MAX_POLLS)]
    assert len(read(file, "".join(many)).polls) == MAX_POLLS
    assert "polls = " in complaint(file, "".join([*many, POLL]))


def test_a_poll_without_an_id_is_known_by_its_place(file: Path) -> None:
    """So that an edit of its question is an edit, and no other poll."""
    named = POLL.replace("question", 'id = "mine"\nquestion')
    assert [poll.id for poll in read(file, POLL + POLL + named + POLL).polls] == [
        "poll",
        "poll-2",
        "mine",
        "poll-4",
    ]


def test_two_polls_of_one_id_are_refused(file: Path) -> None:
    """The second is named, by its place in the file."""
    named = POLL.replace("question", 'id = "poll"\nquestion')
    sentence = complaint(file, POLL + named)
    assert 'polls #2.id = "poll": expected an id that no other poll has' in sentence


def test_a_mistake_in_a_later_poll_is_found_there(file: Path) -> None:
    """The place in the sentence counts from 0, like every list's."""
    assert "polls #3.question = 7: expected" in complaint(
        file, POLL + POLL + POLL.replace('"Who?"', "7")
    )


def test_polls_do_not_change_from_start_to_start(file: Path) -> None:
    """The same file means the same polls, or every start would be an edit."""
    assert read(file, POLL + POLL).polls == load(file).polls


# A bad file


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The sentence says which file was looked for."""
    with pytest.raises(ConfigError, match=r"no-such\.toml: there is no such file"):
        load(tmp_path / "no-such.toml")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A folder in the file's place is a sentence, not a traceback."""
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path)


@pytest.mark.parametrize("content", [b"[[polls", b'question = "\xff"', b"a = 1\na = 2"])
def test_a_file_that_is_no_toml_is_named(file: Path, content: bytes) -> None:
    """The sentence repeats what the TOML reader found, with its line."""
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=re.escape(f"{file}: expected TOML in UTF-8, but ")):
        load(file)


@pytest.mark.parametrize(
    "text, key, value, expected",
    [
        ('[server]\nproxies = ["proxy"]', "server.proxies", '"proxy"', "addresses or networks"),
        ('[server]\nproxies = ["10.0.0.1/8"]', "server.proxies", '"10.0.0.1/8"', "networks"),
        ('[server]\nmetrics = [""]', "server.metrics", '""', "addresses or networks"),
        ("[server]\nport = 0", "server.port", "0", "from 1 to 65535"),
        ("[server]\nport = 70000", "server.port", "70000", "from 1 to 65535"),
        ('[server]\nport = "80"', "server.port", '"80"', "from 1 to 65535"),
        ("[server]\nport = true", "server.port", "true", "from 1 to 65535"),
        ('[server]\nhost = ""', "server.host", '""', "not empty"),
        ("[server]\nhost = 1", "server.host", "1", "a text in quotes"),
        ('[server]\ndata = ""', "server.data", '""', "not empty"),
        (
            '[server]\ntrusted_hosts = ["http://a"]',
            "server.trusted_hosts",
            '"http://a"',
            "host names",
        ),
        ('[server]\ntrusted_hosts = ["a:80"]', "server.trusted_hosts", '"a:80"', "host names"),
        ("[server]\ntrusted_hosts = 'a'", "server.trusted_hosts", '"a"', "a list of host names"),
        ("[server]\ntrusted_hosts = [1]", "server.trusted_hosts", "[1]", "a list of host names"),
        ("[room]\nopen_at_start = 1", "room.open_at_start", "1", "true or false"),
        ("[room]\nname_required = 'yes'", "room.name_required", '"yes"', "true or false"),
        ("[live]\nticks_per_second = 0", "live.ticks_per_second", "0", "from 1 to 60"),
        ("[live]\nticks_per_second = 61", "live.ticks_per_second", "61", "from 1 to 60"),
        ("[live]\nticks_per_second = nan", "live.ticks_per_second", "nan", "from 1 to 60"),
        ("[live]\nticks_per_second = inf", "live.ticks_per_second", "inf", "from 1 to 60"),
        ("[live]\nping_seconds = 0.5", "live.ping_seconds", "0.5", "from 1 to 300"),
        ("[live]\nsend_deadline_seconds = 0", "live.send_deadline_seconds", "0", "from 1 to 120"),
    ],
)
def test_a_bad_value_is_named_with_what_was_expected(
    file: Path, text: str, key: str, value: str, expected: str
) -> None:
    """The sentence has file, key, value and expectation."""
    sentence = complaint(file, POLL + text)
    assert f"{key} = {value}: expected" in sentence
    assert expected in sentence


@pytest.mark.parametrize(
    "url",
    [
        "vote.example.org",
        "ftp://vote.example.org",
        "https://",
        "https:///x",
        "https://vote.example.org/path",
        "https://vote.example.org?x=1",
        "https://vote.example.org#x",
        "https://vote.example.org:0",
        "https://vote.example.org:70000",
        "https://vote.example.org:x",
        "https://me@vote.example.org",
        "https://[::1",
        "https://vote example.org",
        "https://vote.example.org\\nx",
    ],
)
def test_a_public_url_that_phones_could_not_open_is_refused(file: Path, url: str) -> None:
    """What goes onto the QR code is an address and nothing more."""
    sentence = complaint(file, f'{POLL}[server]\npublic_url = "{url}"')
    assert "server.public_url = " in sentence
    assert "https://vote.example.org" in sentence.partition("expected")[2]


@pytest.mark.parametrize(
    "origin",
    [
        "slides.example",
        "*",
        "https://*",
        "https://a.example*b",
        "https://例え.example",
        "https://slides.example/deck",
        "https://a.example; script-src *",
        "https://x`<>.example",
        "",
    ],
)
def test_what_is_no_origin_is_refused(file: Path, origin: str) -> None:
    """What goes into the content policy is an address and nothing more."""
    sentence = complaint(file, f'{POLL}[embed]\norigins = ["{origin}"]')
    assert "embed.origins = " in sentence
    assert "https://slides.example" in sentence.partition("expected")[2]


@pytest.mark.parametrize(
    "url",
    ["http://vote.local", "https://vote.example.org/", "http://10.0.0.7:5000", "http://[::1]:1"],
)
def test_a_public_url_may_be_any_address_without_a_path(file: Path, url: str) -> None:
    """Names, numbers and ports are all good."""
    assert read(file, f'{POLL}[server]\npublic_url = "{url}"').server.public_url == url


@pytest.mark.parametrize(
    "text, key, hint",
    [
        (POLL + "[servr]", "servr", "server"),
        (POLL + "[server]\nprt = 1", "server.prt", "port"),
        (POLL + "[live]\ntick_per_second = 1", "live.tick_per_second", "ticks_per_second"),
        (POLL + "chnges = true", "polls #1.chnges", "changes"),
        (
            '[[polls]]\nquestion = "?"\ncandidates = [{nme = "Ada"}]',
            "polls #1.candidates #1.nme",
            "name",
        ),
    ],
)
def test_an_unknown_key_is_named_with_what_was_meant(
    file: Path, text: str, key: str, hint: str
) -> None:
    """A slip of the pen is never ignored, and the sentence guesses what was meant."""
    sentence = complaint(file, text)
    assert f": {key} = " in sentence
    assert f'did you mean "{hint}"?' in sentence


@pytest.mark.parametrize(
    "text",
    [
        "",
        "polls = []",
        "polls = 1",
        '[polls]\nquestion = "?"\ncandidates = ["A"]',
        "[[polls]]",
        '[[polls]]\nquestion = "?"',
        '[[polls]]\ncandidates = ["A"]',
        '[[polls]]\nquestion = ""\ncandidates = ["A"]',
        '[[polls]]\nquestion = " "\ncandidates = ["A"]',
        '[[polls]]\nquestion = "a\\tb"\ncandidates = ["A"]',
        f'[[polls]]\nquestion = "{"x" * 201}"\ncandidates = ["A"]',
        '[[polls]]\nquestion = "?"\ncandidates = []',
        '[[polls]]\nquestion = "?"\ncandidates = "A"',
        '[[polls]]\nquestion = "?"\ncandidates = [1]',
        '[[polls]]\nquestion = "?"\ncandidates = [""]',
        '[[polls]]\nquestion = "?"\ncandidates = [" "]',
        '[[polls]]\nquestion = "?"\ncandidates = ["a\\u0007"]',
        f'[[polls]]\nquestion = "?"\ncandidates = ["{"x" * 81}"]',
        f'[[polls]]\nquestion = "?"\ncandidates = {[str(n) for n in range(101)]}',
        '[[polls]]\nquestion = "?"\ncandidates = ["Ada", "ADA"]',
        '[[polls]]\nquestion = "?"\ncandidates = ["Ada", " Ada "]',
        '[[polls]]\nquestion = "?"\ncandidates = [{id = "a"}]',
        '[[polls]]\nquestion = "?"\ncandidates = [{name = "A", id = "Ada"}]',
        '[[polls]]\nquestion = "?"\ncandidates = [{name = "A", id = "abcdefghijklm"}]',
        '[[polls]]\nquestion = "?"\ncandidates = [{name = "A", id = "a"}, {name = "B", id = "a"}]',
        '[[polls]]\nid = "a b"\nquestion = "?"\ncandidates = ["A"]',
        POLL + "server = 1",
        "server = 1" + POLL,
    ],
    ids=lambda text: text.replace("\n", " ")[:70],
)
def test_a_poll_that_cannot_be_asked_is_refused(file: Path, text: str) -> None:
    """Each sentence names the place in `polls`, or the section, and what was expected there."""
    sentence = complaint(file, text)
    assert re.search(r"\b(polls|server)\b.*: expected ", sentence)


def test_a_long_value_is_cut_in_the_sentence(file: Path) -> None:
    """A value of a thousand letters does not bury the sentence."""
    sentence = complaint(file, POLL + f"[server]\nport = '{'x' * 1000}'")
    assert len(sentence) < len(str(file)) + 200
