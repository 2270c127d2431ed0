"""records.py: what can be in a journal, and its bytes."""

import hashlib
import json
import os
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voting.records import (
    FORMAT,
    Arrange,
    Ballot,
    Begin,
    Body,
    Candidate,
    Claim,
    Close,
    Compare,
    Define,
    Edit,
    Extend,
    Issue,
    Open,
    Poll,
    Record,
    Rehearse,
    Remove,
    Reopen,
    Reset,
    Restore,
    Results,
    Resume,
    Rule,
    Seal,
    Show,
    Stage,
    decode,
    encode,
    first_version,
    last_version,
    link,
    sealed,
    source_digest,
)
from voting.speech import Attend, Clear, Hide, Mute, Say, Slow, Spotlight, Talk, TalkState

EXAMPLES = 2_000 if os.environ.get("TEST_ALL") else 150

texts = st.text(max_size=40)
numbers = st.integers(0, 2**53 - 1)
perhaps = st.none() | numbers
results = st.sampled_from(get_args(Results))
polls = st.builds(
    Poll,
    id=texts,
    question=texts,
    candidates=st.lists(st.builds(Candidate, texts, texts), max_size=4).map(tuple),
    rule=st.sampled_from(get_args(Rule)),
    changes=st.booleans(),
    max_choices=numbers,
    taps_per_second=numbers,
    results=results,
    countdown=perhaps,
    max_ballots=numbers,
)
maybe = st.none() | st.booleans()
several = st.lists(texts, max_size=4).map(tuple)
PARTS: dict[type[Body], tuple[st.SearchStrategy[Any], ...]] = {
    Begin: (numbers, texts),
    Define: (polls, texts),
    Arrange: (several,),
    Ballot: (texts, texts, numbers, several),
    Open: (numbers, numbers, texts, perhaps),
    Close: (numbers, numbers, numbers),
    Reopen: (numbers, numbers),
    Extend: (numbers, numbers, perhaps),
    Reset: (numbers, numbers, perhaps, numbers),
    Restore: (numbers, numbers, numbers, numbers),
    Stage: (numbers, numbers, texts, numbers),
    Show: (numbers, numbers, numbers, results),
    Compare: (numbers, numbers, numbers),
    Edit: (numbers, numbers, polls, numbers, st.none() | st.booleans(), numbers),
    Remove: (numbers, numbers, texts, numbers, st.booleans()),
    Rehearse: (numbers, numbers, numbers),
    Issue: (several, st.integers(-(2**53), 0)),
    Claim: (texts, texts),
    Resume: (numbers, st.binary()),
    Seal: (texts,),
    Say: (texts, texts, texts, texts, st.booleans()),
    Talk: (st.none() | st.sampled_from(get_args(TalkState)), maybe, st.booleans()),
    Slow: (numbers,),
    Hide: (texts, st.booleans()),
    Mute: (texts, st.booleans()),
    Clear: (numbers,),
    Spotlight: (texts,),
    Attend: (texts, maybe, maybe),
}
bodies = st.one_of([st.builds(kind, *parts) for kind, parts in PARTS.items()])


@settings(max_examples=EXAMPLES, deadline=None)
@given(bodies)
def test_a_body_reads_back_as_it_was_written(body: Body) -> None:
    """Whatever the texts in a body, reading its bytes gives an equal body of the same type."""
    again = decode(encode(body))
    assert type(again) is type(body)
    assert again == body


@settings(max_examples=EXAMPLES, deadline=None)
@given(bodies)
def test_a_body_is_one_json_object_with_a_type(body: Body) -> None:
    """Any JSON parser can read a journal: UTF-8, one object, its type named."""
    tree = json.loads(encode(body).decode("utf-8"))
    assert tree["type"] == type(body).__name__.lower()


def test_every_kind_of_record_is_among_the_bodies_tried_here() -> None:
    """A new kind of record joins the round trip above, and the promises below."""
    assert set(PARTS) == {type(body) for body, _ in FORMATS} == set(get_args(Body))


POLL = Poll("poll", "谁？", (Candidate("ada", "Ada"),))
FULL = Poll(
    "poll",
    "谁？",
    (Candidate("ada", "Ada"),),
    rule="approval",
    changes=False,
    max_choices=1,
    taps_per_second=5,
    results="hidden",
    countdown=60,
    max_ballots=9,
)
FULL_WRITTEN = (
    '{"id":"poll","question":"谁？","candidates":[{"id":"ada","name":"Ada"}],"rule":"approval",'
    '"changes":false,"max_choices":1,"taps_per_second":5,"results":"hidden","countdown":60,'
    '"max_ballots":9}'
).encode()

FORMAT_1: list[tuple[Body, bytes]] = [
    (Begin(1, "e"), b'{"type":"begin","format":1,"epoch":"e"}'),
    (
        Define(POLL, "s"),
        (
            '{"type":"define","poll":{"id":"poll","question":"谁？","candidates":[{"id":"ada",'
            '"name":"Ada"}],"rule":"single","changes":true},"source":"s"}'
        ).encode(),
    ),
    (
        Ballot("v", "b", 1, ("ada",)),
        b'{"type":"ballot","voter":"v","ballot":"b","round":1,"choices":["ada"]}',
    ),
    (Open(0, 2, "poll"), b'{"type":"open","round":0,"version":2,"poll":"poll"}'),
    (Close(1, 3), b'{"type":"close","round":1,"version":3}'),
    (Reopen(1, 4), b'{"type":"reopen","round":1,"version":4}'),
    (Reset(1, 5), b'{"type":"reset","round":1,"version":5}'),
    (Restore(2, 6, 1), b'{"type":"restore","round":2,"version":6,"target":1}'),
]

FORMAT_2: list[tuple[Body, bytes]] = [
    (Begin(2, "e"), b'{"type":"begin","format":2,"epoch":"e"}'),
    (Define(FULL, "s"), b'{"type":"define","poll":' + FULL_WRITTEN + b',"source":"s"}'),
    (Arrange(("b", "a")), b'{"type":"arrange","polls":["b","a"]}'),
    (
        Ballot("v", "b", 1, ("ada", "bob")),
        b'{"type":"ballot","voter":"v","ballot":"b","round":1,"choices":["ada","bob"]}',
    ),
    (
        Open(0, 2, "poll", 60),
        b'{"type":"open","round":0,"version":2,"poll":"poll","seconds":60}',
    ),
    (Close(1, 3, room=7), b'{"type":"close","round":1,"version":3,"room":7}'),
    (Reopen(1, 4), b'{"type":"reopen","round":1,"version":4}'),
    (Extend(1, 4, 30), b'{"type":"extend","round":1,"version":4,"seconds":30}'),
    (Extend(1, 4, None), b'{"type":"extend","round":1,"version":4,"seconds":null}'),
    (
        Reset(1, 5, 60, room=7),
        b'{"type":"reset","round":1,"version":5,"seconds":60,"room":7}',
    ),
    (
        Restore(2, 6, 1, room=7),
        b'{"type":"restore","round":2,"version":6,"target":1,"room":7}',
    ),
    (Stage(2, 6, "b", room=7), b'{"type":"stage","round":2,"version":6,"poll":"b","room":7}'),
    (
        Show(2, 6, 1, "after_vote"),
        b'{"type":"show","round":2,"version":6,"target":1,"results":"after_vote"}',
    ),
    (Compare(2, 6, 1), b'{"type":"compare","round":2,"version":6,"target":1}'),
    (
        Edit(2, 6, FULL, 3, restart=True, room=7),
        b'{"type":"edit","round":2,"version":6,"poll":'
        + FULL_WRITTEN
        + b',"seen":3,"restart":true,"room":7}',
    ),
    (
        Remove(2, 6, "b", 3, unlisted=True),
        b'{"type":"remove","round":2,"version":6,"poll":"b","seen":3,"unlisted":true}',
    ),
]


@pytest.mark.parametrize("body, written", FORMAT_1)
def test_a_journal_of_format_1_is_read_for_ever(body: Body, written: bytes) -> None:
    """What a server of format 1 has written means the same to every later one."""
    assert decode(written) == body


FORMAT_3: list[tuple[Body, bytes]] = [
    (Begin(3, "e"), b'{"type":"begin","format":3,"epoch":"e"}'),
    (Rehearse(1, 7, 600), b'{"type":"rehearse","round":1,"version":7,"seconds":600}'),
]


FORMAT_4: list[tuple[Body, bytes]] = [
    (Begin(4, "e"), b'{"type":"begin","format":4,"epoch":"e"}'),
    (Issue(("c0de", "1d")), b'{"type":"issue","codes":["c0de","1d"],"rehearsal":0}'),
    (Issue(("c0de",), -1), b'{"type":"issue","codes":["c0de"],"rehearsal":-1}'),
    (Claim("c0de", "v"), b'{"type":"claim","code":"c0de","voter":"v"}'),
]

FORMAT_5: list[tuple[Body, bytes]] = [
    (Begin(5, "e"), b'{"type":"begin","format":5,"epoch":"e"}'),
    (Resume(7, b"\0\1\2\3"), b'{"type":"resume","version":7,"state":"AAECAw=="}'),
    (Seal("c0ffee"), b'{"type":"seal","chain":"c0ffee"}'),
]

FORMAT_6: list[tuple[Body, bytes]] = [
    (Begin(6, "e"), b'{"type":"begin","format":6,"epoch":"e"}'),
    (Say("v", "k", "谁？"), '{"type":"say","voter":"v","key":"k","text":"谁？"}'.encode()),
    (
        Say("", "k", "Hi", "person", said=True),
        b'{"type":"say","voter":"","key":"k","text":"Hi","to":"person","said":true}',
    ),
    (Talk("open", direct=True), b'{"type":"talk","state":"open","direct":true}'),
    (
        Talk("off", direct=False, configured=True),
        b'{"type":"talk","state":"off","direct":false,"configured":true}',
    ),
    (Slow(30), b'{"type":"slow","seconds":30}'),
    (Hide("id", hidden=True), b'{"type":"hide","message":"id","hidden":true}'),
    (Mute("person", muted=False), b'{"type":"mute","person":"person","muted":false}'),
    (Clear(7), b'{"type":"clear","version":7}'),
    (Spotlight(""), b'{"type":"spotlight","message":""}'),
    (Talk(direct=False), b'{"type":"talk","direct":false}'),
    (Attend("v", listed=False), b'{"type":"attend","person":"v","listed":false}'),
    (Attend("v", here=False), b'{"type":"attend","person":"v","here":false}'),
]

FORMATS = FORMAT_2 + FORMAT_3 + FORMAT_4 + FORMAT_5 + FORMAT_6


@pytest.mark.parametrize("body, written", FORMATS)
def test_a_journal_of_formats_2_to_6_is_read_for_ever(body: Body, written: bytes) -> None:
    """What this server writes is what every later one reads; the bytes themselves are a promise."""
    assert encode(body) == written
    assert decode(written) == body


def test_the_names_of_rules_and_results_are_kept() -> None:
    """A later program may add some; it must go on reading these."""
    assert get_args(Rule) == ("single", "approval", "taps")
    assert get_args(Results) == ("live", "after_vote", "hidden")
    assert get_args(TalkState) == ("off", "open", "closed")
    assert FORMAT == 6


def test_the_chain_runs_over_times_and_bodies_and_nothing_else() -> None:
    """SHA-256 of the chain before, the time in eight bytes, and the body as it lies there."""
    before, record = bytes(range(32)), Record(258, b"body", b"no part of it")
    said = before + b"\0\0\0\0\0\0\x01\x02" + b"body"
    assert link(before, record) == hashlib.sha256(said).digest()


def test_the_last_record_of_an_append_carries_the_seal() -> None:
    """A seal proves everything before it, so one for each append is enough."""
    records = [Record(1, b"a"), Record(1, b"b"), Record(2, b"c")]
    *others, last = sealed(bytes(32), records)
    assert others == records[:2]
    chain = bytes(32)
    for record in records:
        chain = link(chain, record)
    assert last == Record(2, b"c", chain)


def test_versions_count_from_the_first_record_on() -> None:
    """A resume has the version of the state that it stands for, whatever comes first has 1."""
    begin, seal = Record(1, encode(Begin(5, "e"))), Record(1, encode(Seal("")))
    resume = Record(1, encode(Resume(7, b"")))
    found = [
        (first_version(records), last_version(records))
        for records in (
            [],
            [begin],
            [begin, seal],
            [resume],
            [resume, seal],
            [Record(1, b"nonsense"), seal],
        )
    ]
    assert found == [(1, 0), (1, 1), (1, 2), (7, 7), (7, 8), (1, 2)]


def test_the_digest_of_a_polls_text_tells_every_edit() -> None:
    """An edit of any field of a poll is an edit of its text."""
    other = Poll("p2", "?", (), "taps", True, 2, 6, "live", None, 10)
    edits = [
        msgspec.structs.replace(FULL, **{field: value})
        for field, value in msgspec.structs.asdict(other).items()
    ]
    assert len({source_digest(poll) for poll in [FULL, *edits]}) == 1 + len(edits)


def test_the_digest_of_a_polls_text_is_kept() -> None:
    """A later version with more settings must not take the polls it finds for edited ones."""
    assert source_digest(POLL) == "0aa7caa4b2969df5"
    assert source_digest(FULL) == "0f372bb5c7f95f2c"


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b'{"type":"unheard of"}',
        b'{"type":"close","round":1}',
        b'{"type":"close","round":"1","version":1}',
        b'{"type":"open","round":0,"version":1,"poll":"p","seconds":1.5}',
        b'{"type":"show","round":1,"version":1,"target":1,"results":"secret"}',
        b'{"type":"ballot","voter":"v","ballot":"\xff","round":1,"choices":[]}',
    ],
)
def test_what_is_no_record_is_refused(written: bytes) -> None:
    """Bytes that no server of this format can have written are an error, not a guess."""
    with pytest.raises((msgspec.DecodeError, UnicodeError)):
        decode(written)
