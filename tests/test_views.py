"""views.py: what each view is shown of a state, and what it is not."""

import json
from typing import Any, get_args

import msgspec
import pytest

from tests.folding import ADA, BOB, OTHER, POLL, Room
from voting import views
from voting.protocol import Message, View, encode
from voting.records import Close, Compare, Define, Poll, Reopen, Reset, Results, Show, Stage
from voting.speech import person_of
from voting.state import Receipt, State
from voting.turnout import Turnout

VIEWS: tuple[View, ...] = get_args(View)
SECRET = msgspec.structs.replace(POLL, results="hidden")
DOOR = "http://192.168.1.7:5000"
TAPS = msgspec.structs.replace(POLL, rule="taps")


def said(message: Message) -> Any:
    """Read a message as a client reads it."""
    return json.loads(encode(message))


def shown(room: Room, view: View, *, present: int = 0) -> Any:
    """Return the state as a view reads it, with so many voters present who have not voted."""
    turnout = among(room.state, present)
    return said(views.snapshot(room.state, view, turnout, now=99, recording=True, join=DOOR))


def among(state: State, present: int) -> Turnout:
    """The room of a state with so many voters present; none of them is "v"."""
    turnout = Turnout(state)
    for n in range(present):
        turnout.came(f"voter {n}")
    return turnout


# The numbers


def test_a_state_before_the_first_round_says_so() -> None:
    """With no round on stage the poll is shown with zeros, in a round 0 that is none."""
    poll = msgspec.structs.replace(
        POLL,
        question="谁？",
        rule="approval",
        max_choices=2,
        taps_per_second=5,
        changes=False,
        countdown=60,
    )
    assert shown(Room(poll, open=False), "waiting", present=3) == {
        "type": "state",
        "epoch": "epoch",
        "version": 2,
        "now": 99,
        "poll": {
            "id": "poll",
            "question": "谁？",
            "rule": "approval",
            "max_choices": 2,
            "taps_per_second": 5,
            "changes": False,
            "countdown": 60,
            "candidates": [{"id": "ada", "name": "Ada"}, {"id": "bob", "name": "Bob"}],
        },
        "round": {"id": 0, "state": "none", "opened_at": None, "closes_at": None},
        "results": "live",
        "recording": True,
        "counts": {"ada": 0, "bob": 0},
        "ballots": 0,
        "voted": 0,
        "online": 3,
        "room": 3,
        "compared": None,
    }


def test_a_state_shows_the_round_on_stage() -> None:
    """A state has the stage's round and numbers, and says when nothing can be recorded."""
    room = Room(seconds=60)
    room.cast("v", "b1", "ada")
    room.steer(Close)
    message = views.snapshot(
        room.state, "screen", among(room.state, 3), now=99, recording=False, join=DOOR
    )
    tree = said(message)
    assert tree["round"] == {"id": 1, "state": "closed", "opened_at": 3, "closes_at": 60_003}
    assert tree["counts"] == {"ada": 1, "bob": 0}
    assert (tree["ballots"], tree["voted"], tree["version"]) == (1, 1, 5)
    assert tree["recording"] is False


def test_a_state_shows_the_rounds_own_poll_and_results() -> None:
    """What is on stage is what was asked there, not what the list says by now."""
    room = Room(POLL, OTHER)
    room.steer(Show, 1, "after_vote")
    assert shown(room, "screen")["results"] == "after_vote"
    room.steer(Stage, "other")
    tree = shown(room, "screen")
    assert (tree["poll"]["id"], tree["round"]["id"], tree["results"]) == ("other", 0, "live")


def test_a_state_needs_a_poll() -> None:
    """Before the engine has defined one there is nothing to show, and no page may ask."""
    with pytest.raises(ValueError, match="a poll"):
        views.snapshot(State(), "waiting", Turnout(State()), now=99, recording=True, join=DOOR)


def test_a_tally_is_the_numbers_alone() -> None:
    """A tally has the stage's numbers and nothing that a tick could leave out."""
    room = Room()
    room.cast("v", "b1", "bob")
    assert said(views.tally(room.state, "screen", among(room.state, 5))) == {
        "type": "tally",
        "epoch": "epoch",
        "version": 4,
        "round": 1,
        "counts": {"ada": 0, "bob": 1},
        "ballots": 1,
        "voted": 1,
        "online": 5,
        "room": 6,
    }


@pytest.mark.parametrize("results", get_args(Results))
@pytest.mark.parametrize("view", VIEWS)
def test_a_tally_and_a_state_of_one_moment_agree(view: View, results: Results) -> None:
    """Whichever of the two a client gets, it shows the same numbers, or the same none."""
    room = Room(msgspec.structs.replace(POLL, results=results))
    room.cast("v", "b1", "bob")
    tally = said(views.tally(room.state, view, among(room.state, 5)))
    whole = shown(room, view, present=5)
    assert tally.pop("type") != whole["type"]
    assert tally.pop("round") == whole["round"]["id"]
    assert tally.items() <= whole.items()


# Who sees the counts

MAY_SEE: dict[tuple[Results, bool], set[View]] = {
    ("live", False): {"waiting", "voted", "screen", "admin"},
    ("live", True): {"waiting", "voted", "screen", "admin"},
    ("after_vote", False): {"voted", "admin"},
    ("after_vote", True): {"waiting", "voted", "screen", "admin"},
    ("hidden", False): {"admin"},
    ("hidden", True): {"admin"},
}


@pytest.mark.parametrize("results, closed", MAY_SEE)
@pytest.mark.parametrize("view", VIEWS)
def test_counts_are_for_those_who_may_see_them(results: Results, closed: bool, view: View) -> None:
    """Where they may not, there is null, and no candidate's number anywhere in the message."""
    room = Room(msgspec.structs.replace(POLL, results=results))
    for n in range(23):
        room.cast(f"v{n}", "b1", "ada")
    room.cast("w", "b1", "bob")
    if closed:
        room.steer(Close)
    tree = shown(room, view)
    seen = {"ada": 23, "bob": 1} if view in MAY_SEE[results, closed] else None
    assert tree["counts"] == seen
    assert said(views.tally(room.state, view, among(room.state, 0)))["counts"] == seen
    assert ("23" in json.dumps(tree)) is (seen is not None)
    assert (tree["voted"], tree["ballots"]) == (24, 24)


def test_a_voters_page_sees_more_once_the_voter_has_voted() -> None:
    """In this round: the next one begins with waiting again, and a stranger always waits."""
    room = Room()
    assert views.view_of(room.state, "v") == "waiting"
    room.cast("v", "b1", "ada")
    assert views.view_of(room.state, "v") == "voted"
    assert views.view_of(room.state, "w") == "waiting"
    room.steer(Reset)
    assert views.view_of(room.state, "v") == "waiting"
    assert views.view_of(Room(open=False).state, "v") == "waiting"


@pytest.mark.parametrize("results", get_args(Results))
@pytest.mark.parametrize("view", VIEWS)
def test_before_the_first_round_a_secret_poll_shows_no_zeros(results: Results, view: View) -> None:
    """A page that hides its bars from the start does not have to take them away."""
    room = Room(msgspec.structs.replace(POLL, results=results), open=False)
    zeros = {"ada": 0, "bob": 0} if results == "live" or view == "admin" else None
    assert shown(room, view)["counts"] == zeros


def test_a_reopened_round_hides_again_what_its_close_had_shown() -> None:
    """After the vote means after this voter's vote, or after everybody's."""
    room = Room(msgspec.structs.replace(POLL, results="after_vote"))
    room.cast("v", "b1", "ada")
    room.steer(Close)
    assert shown(room, "screen")["counts"]
    room.steer(Reopen)
    assert shown(room, "screen")["counts"] is None


# Another round beside it


def test_an_earlier_round_stands_beside() -> None:
    """With its own number of voters, for every view."""
    room = Room()
    room.cast("v", "b1", "ada")
    room.steer(Reset)
    room.steer(Compare, 1)
    for view in VIEWS:
        beside = {"round": 1, "voted": 1, "ballots": 1, "counts": {"ada": 1, "bob": 0}}
        assert shown(room, view)["compared"] == beside


@pytest.mark.parametrize("now", get_args(Results))
@pytest.mark.parametrize("then, public", [("live", True), ("after_vote", True), ("hidden", False)])
def test_what_stands_beside_has_secrets_of_its_own(
    now: Results, then: Results, public: bool
) -> None:
    """A hidden round stays hidden there, whatever the round on stage shows; the admin sees it."""
    room = Room()
    room.cast("v", "b1", "ada")
    room.steer(Show, 1, then)
    room.steer(Reset)
    room.steer(Show, 2, now)
    room.cast("v", "b2", "bob")
    room.steer(Compare, 1)
    for view in VIEWS:
        assert (shown(room, view)["compared"] is not None) is (public or view == "admin")


# The admin


def test_only_an_admin_is_told_of_all_rounds_and_polls() -> None:
    """The admin's state lists every round, newest first, and the polls in their order."""
    room = Room(SECRET, OTHER)
    room.cast("v", "b1", "ada")
    room.steer(Reset)
    tree = shown(room, "admin")
    line = {"poll": "poll", "question": "Who?", "results": "hidden"}
    assert tree["rounds"] == [
        {
            "id": 2,
            **line,
            "state": "open",
            "archived": False,
            "opened_at": 6,
            "closed_at": None,
            "ballots": 0,
            "voted": 0,
        },
        {
            "id": 1,
            **line,
            "state": "closed",
            "archived": True,
            "opened_at": 4,
            "closed_at": 6,
            "ballots": 1,
            "voted": 1,
        },
    ]
    assert tree["previous"] == 1
    waits_for_nothing = {"countdown": None, "waits": False}
    assert tree["polls"] == [
        {"id": "poll", "question": "Who?", "shown": True, "defined": 2} | waits_for_nothing,
        {"id": "other", "question": "What?", "shown": False, "defined": 3} | waits_for_nothing,
    ]
    for view in ("waiting", "voted", "screen"):
        assert not {"rounds", "previous", "polls"} & set(shown(room, view))


def test_an_admin_is_told_that_a_text_waits_for_the_next_round() -> None:
    """As long as the round on stage keeps the old one; how rounds begin is no text."""
    room = Room()
    room.cast("v", "b1", "ada")

    def waits(poll: Poll) -> Any:
        room.record(Define(poll, "source"))
        return [each["waits"] for each in shown(room, "admin")["polls"]]

    assert waits(msgspec.structs.replace(POLL, results="hidden", countdown=60)) == [False]
    assert waits(msgspec.structs.replace(POLL, question="What?")) == [True]
    room.steer(Reset)
    assert [each["waits"] for each in shown(room, "admin")["polls"]] == [False]


# This voter


def test_you_says_what_this_voter_has_in_the_round_on_stage() -> None:
    """A voter's own choice and code are those of the stage's round, or null before voting."""
    room = Room()
    receipt = room.cast("v", "b1", "bob")
    assert isinstance(receipt, Receipt)
    nothing = {
        "type": "you",
        "name": "Eve",
        "round": 1,
        "choices": None,
        "code": None,
        "ballots": 0,
        "person": person_of("v"),
        "listed": True,
    }
    voted = nothing | {"choices": ["bob"], "code": receipt.code, "ballots": 1}
    assert said(views.you(room.state, "v", "Eve")) == voted
    assert said(views.you(room.state, "w", "Eve")) == nothing | {"person": person_of("w")}
    room.steer(Reset)
    assert said(views.you(room.state, "v", "Eve")) == nothing | {"round": 2}
    assert said(views.you(Room(open=False).state, "v", "Eve")) == nothing | {"round": 0}


def test_you_says_how_many_taps_count() -> None:
    """Of many taps the newest is shown, and their number; a change is still one ballot."""
    room = Room(TAPS)
    for n, choice in enumerate(["ada", "ada", "bob"]):
        room.cast("v", f"b{n}", choice)
    own = said(views.you(room.state, "v", ""))
    assert (own["choices"], own["ballots"]) == (["bob"], 3)
    changed = Room()
    changed.cast("v", "b1", "ada")
    changed.cast("v", "b2", "bob")
    assert said(views.you(changed.state, "v", ""))["ballots"] == 1


def test_candidates_are_shown_in_ballot_order() -> None:
    """Whatever the counts, the list is the poll's."""
    room = Room(msgspec.structs.replace(POLL, candidates=(BOB, ADA)))
    assert [c["id"] for c in shown(room, "screen")["poll"]["candidates"]] == ["bob", "ada"]
