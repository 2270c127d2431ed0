"""The wire between the server and its clients.

JSON messages, each an object with a `type`; times are milliseconds since 1970, UTC. A client's
message is at most 4 KiB. Unknown fields are ignored: a newer page can talk to an older server.

From a client, on `WS /live?view=voter|screen|admin`, where `&tab=<1-40 of A-Z a-z 0-9 _ ->` names
the page that opens it: several lines of one tab count as one page.

    vote      {"type":"vote","ballot":"<1-64 of A-Z a-z 0-9 _ ->","round":7,"choices":["ada"]}
    ping      {"type":"ping"}, answered by {"type":"pong","now":…}
    say       {"type":"say","key":"<as a ballot's id>","to":""|"stage"|"<person>","text":"…"}: to
              everyone, to the presenter and the admins, to one person; on an admin's line the stage
              says it
    hear      {"type":"hear","after":"<epoch>.<version>"|""}: what was said to everyone since, or
              where that cannot be told, or with "", the newest 200; answered by one `talk`
    attend    {"type":"attend","listed":true|false}: stand in the list of who is here, or not;
              answered by `you` on all of the voter's pages
    people    {"type":"people","on":true|false}: be told who is here, and then who comes and goes;
              or no more

From the server:

    you       on connecting, after a vote on another of this voter's sockets, after every change of
              round, and behind the receipt of an older ballot: {"type":"you","name":"…","round":7,
              "choices":["ada"]|null,"code":"…"|null,"ballots":1,"person":"…","listed":true}, where
              `ballots` is how many of this voter's count: with the rule `taps` there may be many,
              and `person` is this voter's public name in messages
    state     on connecting, and when anything but the numbers changed:
              {"type":"state","epoch":"…","version":41,"now":…,"poll":{"id":"…","question":"…",
              "rule":"single"|"approval"|"taps","max_choices":1,"taps_per_second":10,"changes":true,
              "countdown":60|null,"candidates":[{"id":"ada","name":"Ada"}]},
              "round":{"id":7,"state":"none"|"open"|"closed","opened_at":…,"closes_at":…|null},
              "results":"live"|"after_vote"|"hidden","recording":true,"counts":{"ada":3}|null,
              "ballots":3,"voted":3,"online":12,"room":13,
              "compared":{"round":5,"voted":9,"ballots":9,"counts":{"ada":4}}|null}
              In a rehearsal, whose ballots do not count, `round` has "rehearsal":true too, and an
              id below 0, so that the rounds that count are numbered without a gap for it.
              To a screen and an admin also "join": the address that phones open, like
              "http://192.168.1.20:5000"; null while the computer is in no network.
              To an admin also "rounds": [{"id":7,"poll":"…","question":"…","state":"open",
              "archived":false,"results":"live","opened_at":…,"closed_at":…|null,"ballots":3,
              "voted":3}], newest first, "previous": the id of the round that a command archived
              last, 0 if none, and "polls": [{"id":"…","question":"…","shown":true,"defined":12,
              "countdown":60|null,"waits":false}], in their order, where `defined` is the version
              that gave the poll its text, and `waits` says that the next round will take a text
              that the round on stage has not.
    tally     the numbers alone, at most once a tick: {"type":"tally","epoch":"…","version":42,
              "round":7,"counts":{…}|null,"ballots":4,"voted":4,
              "online":12,"room":13}
    receipt   {"type":"receipt","ballot":"…","round":7,"choices":["ada"],"version":42,
              "code":"K7Q4-MX2P"}
    refused   {"type":"refused","ballot":"…"|null,"code":"…","message":"…"}

Where there are messages, `state` also has
              "talk":{"state":"open"|"closed","slow":5,"direct":true,"spotlight":M|null}: whether
              voters may write, one message in how many seconds (0: as they like), and to each
              other; and M, the message that is shown on the screen. To an admin it is always there,
              with "state":"off" where there are none, and with "muted":[{"id":"…","name":"…"}].
    talk      what is new on the wall, at most once a tick: {"type":"talk","epoch":"…",
              "version":131,"after":128,"first":9,"messages":[M],"hidden":["<id>"],"afresh":true}:
              what came to it up to `version`, for whoever holds what it had at `after`; who holds
              less lacks something, and may ask for it by `hear`. M is {"id":"…","version":128,
              "at":…,"from":"<person>"|"stage","name":"Ada"|"","text":"…"}, where a name that is
              empty is nobody's. Those in `hidden` are shown no more (left out, there are none),
              and those of a version before `first`: nobody could hide them any more. `afresh`,
              left out where it is not so: these take the place of all others.
              To an admin M may have "hidden":true, and there are messages with "to":"stage", and
              with "to":"<person>" and "to_name":"…" those of the stage to one person.
    direct    messages from and to this voter alone: {"type":"direct","epoch":"…","version":131,
              "messages":[M]}, each with "to" and "to_name"; on connecting those that are kept, if
              there are any, and then what is new
    people    at most once a second, who is here by name: {"type":"people","after":"<mark>",
              "afresh":false,"people":[{"id":"<person>","name":"Ada"}],"left":["<person>"],
              "more":0}: who came or has another name, and who left; or `afresh` all who are there,
              in the place of all others. The list ends at 2,000, and `more` are here; nobody is in
              it who gave no name, or asked not to be. Of one name there may be several
    said      the message is in the journal: {"type":"said","key":"…","id":"…","version":128,"at":…}
    unsaid    {"type":"unsaid","key":"…"|null,"code":"…","message":"…"}

A message is the same one wherever its `id` is the same: who is shown it twice shows it once. A page
without `hear` is told what is said from its connecting on; a slow one is told all of it once it
listens again, or `afresh` the newest 200.

`epoch` names one journal's history and `version` is how many of its records are folded. A client
ignores a lower version in the same epoch, takes an equal one, and any version of a new epoch.
`online` counts the voters who have a page open, `room` those and who voted and left, of a closed
round as it was at its end: turnout is `voted` ÷ `room`. `recording` is false while ballots cannot
be made durable. A round with `closes_at` takes ballots until then, by the server's clock, which
`now` tells; it is closed a moment later.

The same messages travel without a WebSocket, where a network lets none through:

    GET /live?view=voter|screen|admin
              answers {"messages":[…],"after":"<token>"} at once, as a socket is told on connecting
    GET /live?view=…&after=<token>&wait=25
              what a socket would have been sent since, as soon as there is something and for at
              most so many seconds (25); then 204. `wait=0`, or without: at once. Tokens are the
              server's own. A receipt is answered to its POST alone; what it says is in `you`, too
    GET /live?view=…&after=<token>&ping=1
              at once, with a pong behind the messages
    GET /live?view=…&heard=<epoch>.<version>
              as `hear`; "0" for the newest 200
    GET /live?view=…&people=<mark>
              as `people`, what is new since that mark; "0" for the whole list
    POST /ballots
              a `vote` as application/json; answers `receipt` (200) or `refused`: 401 not_logged_in,
              409 stale_round, round_closed, already_voted, 422 bad_message, unknown_candidate,
              wrong_choices, 429 too_fast, 503 not_recorded
    POST /messages
              a `say` or `attend` as application/json; answers `said` or `you` (200), or `unsaid`:
              401 not_logged_in, 403 muted, 409 talk_closed, gone, not_allowed, 422 bad_message,
              bad_text, unknown_person, 429 too_fast, slow_down, 503 not_recorded

What a close code says to a socket, a status says here, with a `refused`: 401 log in first, 429 too
many pages, 503 the server is going; 400, 403 and 415 stay away. A page without a socket is here
while it asks, and ten seconds longer.

Who sees `counts`: with `results` live everyone; with after_vote voters who have voted in the round,
and everyone once it is closed; with hidden nobody but the admin. What a view may not see is null.
`compared` is an earlier round put beside this one; its counts, too, are for those who may see them.

Refusal codes:

    bad_message        the frame is not one of the above; do not send it again
    stale_round        the ballot's round is not on stage
    round_closed       the round takes no ballots now
    unknown_candidate  a choice is not on the ballot
    wrong_choices      too many choices, or none
    already_voted      this poll allows no change
    too_fast           too many ballots, or taps in a second; it will not be counted
    not_recorded       the journal cannot be written; send the same ballot again
    not_logged_in      log in first
    talk_closed        nobody may write just now
    muted              this voter's messages are not taken
    slow_down          it is too soon after this voter's last message
    bad_text           expected 1 to 280 characters that can be seen, none of them for control
    unknown_person     nobody of that name has been here
    gone               whoever it is for has logged out
    not_allowed        one voter may not write to another
    too_many           more pages than one voter, or one address, may have open; the line ends

A client that sends more messages in a second than it may is told `too_fast` with `ballot` null,
once a second, for those that were not heard; one that goes on is closed with 1008.

Close codes:

    1001  the server is going; reconnect         1008  abuse; stay away
    1003  binary frame; stay away                1009  frame too large; stay away
    1011  a mistake of the server; reconnect     4401  not logged in, or logged out; log in first
    1002, 1007  the frames broke RFC 6455, or the text was no UTF-8; stay away
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from voting.conversation import Said
from voting.records import Candidate, Results, Rule
from voting.speech import TalkState
from voting.state import Receipt

MAX_MESSAGE_BYTES = 4_096
MAX_CHOICES_IN_VOTE = 100
MAX_INTEGER = 2**53 - 1
"""The largest integer that every JSON parser keeps whole (RFC 8259, section 6)."""

GOING_AWAY = 1001
NOT_TEXT = 1003
ABUSE = 1008
TOO_LARGE = 1009
MISTAKE = 1011
NOT_LOGGED_IN = 4401

View = Literal["waiting", "voted", "screen", "admin"]
"""Who looks: a voter who has not voted in the round on stage, one who has, and the two pages.

Anyone can open the screen, so it is shown what a waiting voter is shown.
"""


Key = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{1,64}\Z")]
"""What a page calls something that it sends, so that it can send it again."""


class Vote(msgspec.Struct, frozen=True, tag="vote"):
    """A client's ballot for a round."""

    ballot: Key
    round: Annotated[int, Meta(ge=-MAX_INTEGER, le=MAX_INTEGER)]
    choices: Annotated[
        tuple[Annotated[str, Meta(max_length=64)], ...], Meta(max_length=MAX_CHOICES_IN_VOTE)
    ]


class Say(msgspec.Struct, frozen=True, tag="say"):
    """A client's message; `to` is a person, or "" for everyone."""

    key: Key
    text: str
    to: Annotated[str, Meta(max_length=64)] = ""


class Hear(msgspec.Struct, frozen=True, tag="hear"):
    """A client's wish to be told what was said since."""

    after: Annotated[str, Meta(max_length=100)] = ""


class Attend(msgspec.Struct, frozen=True, tag="attend"):
    """A voter's wish to stand in the list of who is here, or not to."""

    listed: bool


class Follow(msgspec.Struct, frozen=True, tag="people"):
    """A client's wish to be told who is here, or no more."""

    on: bool


class Ping(msgspec.Struct, frozen=True, tag="ping"):
    """A client's question whether anybody is there."""


class Pong(msgspec.Struct, frozen=True, tag="pong"):
    """The answer to a ping."""

    now: int


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The answer that a message changed nothing."""

    ballot: str | None
    code: str
    message: str


class You(msgspec.Struct, frozen=True, tag="you"):
    """What this voter has done in the round on stage, and what it is called in messages."""

    name: str
    round: int
    choices: tuple[str, ...] | None
    code: str | None
    ballots: int
    person: str
    listed: bool


class MessageView(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message as clients see it."""

    id: str
    version: int
    at: int
    author: str = msgspec.field(name="from")
    name: str
    text: str
    to: str | msgspec.UnsetType = msgspec.UNSET
    to_name: str | msgspec.UnsetType = msgspec.UNSET
    hidden: bool = False


class Wall(msgspec.Struct, frozen=True, tag="talk", omit_defaults=True):
    """What is new on the wall, and what is there no more: hidden, or before the `first`."""

    epoch: str
    version: int
    after: int
    first: int
    messages: tuple[MessageView, ...]
    hidden: tuple[str, ...] = ()
    afresh: bool = False


class Direct(msgspec.Struct, frozen=True, tag="direct"):
    """Messages from and to one voter alone."""

    epoch: str
    version: int
    messages: tuple[MessageView, ...]


class Unsaid(msgspec.Struct, frozen=True, tag="unsaid"):
    """The answer that a message is not said."""

    key: str | None
    code: str
    message: str


class PersonView(msgspec.Struct, frozen=True):
    """Somebody as clients see them."""

    id: str
    name: str


class PeopleMessage(msgspec.Struct, frozen=True, tag="people"):
    """Who is here, or who came and left since a mark."""

    after: str
    afresh: bool
    people: tuple[PersonView, ...]
    left: tuple[str, ...]
    more: int


class TalkView(msgspec.Struct, frozen=True):
    """How the room may talk."""

    state: TalkState
    slow: int
    direct: bool
    spotlight: MessageView | None
    muted: tuple[PersonView, ...] | msgspec.UnsetType = msgspec.UNSET


class PollView(msgspec.Struct, frozen=True):
    """A poll as clients see it."""

    id: str
    question: str
    rule: Rule
    max_choices: int
    taps_per_second: int
    changes: bool
    countdown: int | None
    candidates: tuple[Candidate, ...]


class RoundView(msgspec.Struct, frozen=True, omit_defaults=True):
    """The round on stage as clients see it."""

    id: int
    state: Literal["none", "open", "closed"]
    opened_at: int | None
    closes_at: int | None
    rehearsal: bool = False


class RoundSummary(msgspec.Struct, frozen=True):
    """One line of the admin's list of rounds."""

    id: int
    poll: str
    question: str
    state: Literal["open", "closed"]
    archived: bool
    results: Results
    opened_at: int
    closed_at: int | None
    ballots: int
    voted: int


class PollSummary(msgspec.Struct, frozen=True):
    """One line of the admin's list of polls."""

    id: str
    question: str
    shown: bool
    defined: int
    countdown: int | None
    waits: bool


class ComparedView(msgspec.Struct, frozen=True):
    """An earlier round beside the one on stage."""

    round: int
    voted: int
    ballots: int
    counts: dict[str, int]


class Tally(msgspec.Struct, frozen=True, tag="tally"):
    """The numbers of the round on stage."""

    epoch: str
    version: int
    round: int
    counts: dict[str, int] | None
    ballots: int
    voted: int
    online: int
    room: int


class Snapshot(msgspec.Struct, frozen=True, tag="state", omit_defaults=True):
    """Everything a client needs to draw its page."""

    epoch: str
    version: int
    now: int
    poll: PollView
    round: RoundView
    results: Results
    recording: bool
    counts: dict[str, int] | None
    ballots: int
    voted: int
    online: int
    room: int
    compared: ComparedView | None
    talk: TalkView | msgspec.UnsetType = msgspec.UNSET
    join: str | msgspec.UnsetType | None = msgspec.UNSET
    rounds: tuple[RoundSummary, ...] | msgspec.UnsetType = msgspec.UNSET
    previous: int | msgspec.UnsetType = msgspec.UNSET
    polls: tuple[PollSummary, ...] | msgspec.UnsetType = msgspec.UNSET


Sent = Vote | Ping | Say | Hear | Attend | Follow
"""What a client may send."""

Answer = Receipt | Refused | Said | Unsaid | You
"""What a vote or a message may be answered."""

Message = Answer | Snapshot | Tally | Pong | Wall | Direct | PeopleMessage

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Sent] = msgspec.json.Decoder(Sent)


class BadMessage(Exception):
    """A client sent something that is no message of this protocol; the text says what."""


def decode(payload: str | bytes) -> Sent:
    """Read a client's message.

    Raises:
        BadMessage: it is not JSON, or not one of the client's messages.
    """
    try:
        return _decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadMessage(str(error)) from None


def encode(message: Message) -> bytes:
    """Write a server's message as it travels, in UTF-8."""
    return _encoder.encode(message)
