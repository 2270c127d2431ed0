"""imports.py: what an edit of config.toml is to a journal that knows earlier texts of its polls."""

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engines import ListJournal
from tests.folding import Room
from voting.config import load
from voting.engine import Engine
from voting.imports import news
from voting.records import (
    FORMAT,
    Begin,
    Body,
    Candidate,
    Close,
    Define,
    Edit,
    Poll,
    Remove,
    source_digest,
)
from voting.state import Done, State

EXAMPLES = 3_000 if os.environ.get("TEST_ALL") else 150

Text = dict[str, Any]


def asks(question: str, *candidates: str | Text, **more: Any) -> Text:
    """Return a poll as it stands in config.toml."""
    return {"question": question, "candidates": list(candidates)} | more


def written(name: str, id: str) -> Text:
    """Return a candidate with an id in config.toml."""
    return {"name": name, "id": id}


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value, ensure_ascii=False)


class Starts(Room):
    """A room that begins with nothing, and its config.toml, edited between its starts."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "config.toml"
        self.state, self.records = State(), []
        self.record(Begin(FORMAT, "epoch"))

    def start(self, *texts: Text) -> list[Body]:
        """Start with such a file: nothing is refused, and another start has nothing to add."""
        self.file.write_text(f"polls = {toml(list(texts))}", encoding="utf-8")
        config = load(self.file)
        found = news(self.state, config.polls, config.made)
        assert [self.record(body) for body in found] == [Done()] * len(found)
        assert news(self.state, config.polls, config.made) == []
        return found

    def take_round(self, poll: str) -> None:
        """Have a round of a poll with a ballot in it, closed again."""
        assert self.open(poll) == Done()
        self.cast("v", f"b{len(self.records)}", self.round.poll.candidates[0].id)
        assert self.steer(Close) == Done()

    def remove(self, poll: str) -> None:
        """Remove a poll as an admin does."""
        self.steer(Remove, poll, self.state.defined[poll])

    def write(self, poll: Poll) -> None:
        """Write a poll as an admin does."""
        assert self.steer(Edit, poll, self.state.defined.get(poll.id, 0), False) == Done()

    def ids(self, poll: str = "poll") -> dict[str, str]:
        """Return the candidates of a poll: their ids by their names."""
        return {each.name: each.id for each in self.state.polls[poll].candidates}

    @property
    def questions(self) -> dict[str, str]:
        """The list: questions by their polls' ids."""
        return {id: poll.question for id, poll in self.state.polls.items()}


@pytest.fixture
def room(tmp_path: Path) -> Starts:
    return Starts(tmp_path)


# Candidates


@pytest.mark.parametrize(
    "names",
    [["张三", "李四"], ["Edsger Dijkstra", "Edsger Dijkman"], ["C++", "C#"]],
    ids=["no Latin", "one beginning", "signs"],
)
def test_a_candidate_keeps_the_id_when_lines_move(room: Starts, names: list[str]) -> None:
    """Turned round, with a name before them, or one taken away: an id goes on to mean one name."""
    room.start(asks("Who?", *names))
    before = room.ids()
    room.take_round("poll")
    room.start(asks("Who?", *reversed(names)))
    assert room.ids() == before
    room.start(asks("Who?", "王五", *names))
    assert room.ids().items() > before.items()
    room.start(asks("Who?", names[1]))
    assert room.ids() == {names[1]: before[names[1]]}


def test_a_new_name_gets_an_id_that_nobody_has_had(room: Starts) -> None:
    """Not one of the text before, nor one of a round that was taken long ago."""
    room.start(asks("Who?", "张三", "李四"))
    room.take_round("poll")
    room.start(asks("Who?", "王五"))
    assert room.ids() == {"王五": "c3"}
    room.start(asks("Who?", "赵六", "王五"))
    assert room.ids() == {"赵六": "c4", "王五": "c3"}


def test_a_name_that_comes_back_is_the_same_candidate(room: Starts) -> None:
    """The rounds know whose id it was; how it is capitalised is nobody's name."""
    room.start(asks("Who?", "张三", "Ada"))
    room.take_round("poll")
    room.start(asks("Who?", "Bob"))
    room.start(asks("Who?", "ADA", "Bob", "张三"))
    assert room.ids() == {"ADA": "ada", "Bob": "bob", "张三": "c1"}


def test_an_id_goes_with_the_name_it_had_last(room: Starts) -> None:
    """Renamed under a written id, that id is not for the one who now has the old name."""
    room.start(asks("Who?", written("Bob", "b")))
    room.take_round("poll")
    room.start(asks("Who?", written("Robert", "b")))
    room.take_round("poll")
    room.start(asks("Who?", "Eve"))
    room.start(asks("Who?", "Bob", "Robert"))
    assert room.ids() == {"Bob": "bob", "Robert": "b"}


def test_a_name_goes_with_the_id_it_had_last(room: Starts) -> None:
    """Given another id in the file, a name keeps that one when the file says none."""
    room.start(asks("Who?", "Bob"))
    room.take_round("poll")
    room.start(asks("Who?", written("Bob", "x")))
    room.start(asks("Who?", "Bob", "Ada"))
    assert room.ids() == {"Bob": "x", "Ada": "ada"}


def test_each_poll_has_ids_of_its_own(room: Starts) -> None:
    """What a name is called in one poll is nothing to another."""
    lunch = asks("Who cooks?", "张三", "李四")
    room.start(lunch)
    room.take_round("poll")
    room.start(lunch, asks("Who sings?", "李四"))
    assert room.ids("poll-2") == {"李四": "c1"}


def test_a_written_id_is_meant_as_written(room: Starts) -> None:
    """Also where the journal knows that id under another name, or that name under another id."""
    room.start(asks("Who?", "Ada", "Bob"))
    room.take_round("poll")
    room.start(asks("Who?", written("Cyd", "ada"), written("Bob", "x")))
    assert room.ids() == {"Cyd": "ada", "Bob": "x"}
    room.start(asks("Who?", "Ada", written("Bob", "ada"), written("Eve", "x")))
    assert room.ids() == {"Ada": "ada1", "Bob": "ada", "Eve": "x"}
    room.start(asks("Who?", "Ada", "Bob", written("Eve", "ada1")))
    assert room.ids() == {"Ada": "ada2", "Bob": "ada", "Eve": "ada1"}


def test_a_name_that_the_admin_added_keeps_the_admins_id(room: Starts) -> None:
    """The text on the page is the last known one, wherever it was written."""
    room.start(asks("Who?", "张三"))
    room.write(Poll("poll", "Who?", (Candidate("c1", "李四"), Candidate("c2", "张三"))))
    assert room.start(asks("Who?", "张三")) == []
    room.start(asks("Who?", "张三", "李四", "王五"))
    assert room.ids() == {"张三": "c2", "李四": "c1", "王五": "c3"}


# Polls


def test_a_poll_put_on_top_takes_nothing_from_the_others(room: Starts) -> None:
    """The rounds of lunch stay with lunch."""
    lunch, tea = asks("Lunch?", "A", "B"), asks("Tea?", "A", "B")
    room.start(lunch, tea)
    room.start(asks("Dinner?", "A", "B"), lunch, tea)
    assert room.questions == {"poll-3": "Dinner?", "poll": "Lunch?", "poll-2": "Tea?"}
    room.start(tea, lunch)
    assert list(room.questions) == ["poll-2", "poll"]


def test_a_poll_is_known_by_its_question_where_the_rest_was_edited(room: Starts) -> None:
    """Moved and edited at once, it is still that poll."""
    room.start(asks("Lunch?", "A"), asks("Tea?", "A"))
    room.start(asks("Tea?", "A", "B"), asks("Lunch?", "B"))
    assert room.questions == {"poll-2": "Tea?", "poll": "Lunch?"}


def test_a_question_edited_in_its_place_is_an_edit(room: Starts) -> None:
    """The place is the one in the list, so that a poll put on top can be edited too."""
    lunch = asks("Lunch?", "A")
    room.start(lunch, asks("Tea?", "A"))
    room.start(lunch, asks("Coffee?", "A"))
    assert room.questions == {"poll": "Lunch?", "poll-2": "Coffee?"}
    room.start(asks("Dinner?", "A"), lunch)
    room.start(asks("Supper?", "A"), lunch)
    assert room.questions == {"poll-3": "Supper?", "poll": "Lunch?"}


def test_a_poll_that_the_admin_reworded_is_known_by_its_text_in_the_file(room: Starts) -> None:
    """Nobody edited that text, so the words on the page stay, wherever its lines move."""
    lunch = asks("Lunch?", "A")
    room.start(lunch)
    reworded = msgspec.structs.replace(room.state.polls["poll"], question="Where to?")
    room.write(reworded)
    room.start(asks("Dinner?", "A"), lunch)
    assert room.questions == {"poll-2": "Dinner?", "poll": "Where to?"}


def test_a_new_poll_does_not_inherit_the_rounds_of_one_that_is_gone(room: Starts) -> None:
    """In the place of one that left the file long ago it is another; that one may come back."""
    lunch, tea = asks("Lunch?", "A"), asks("Tea?", "A")
    room.start(lunch, tea)
    room.take_round("poll-2")
    room.start(lunch)
    room.start(lunch, asks("Dinner?", "A"))
    assert room.questions == {"poll": "Lunch?", "poll-3": "Dinner?"}
    room.start(tea, lunch)
    assert room.questions == {"poll-2": "Tea?", "poll": "Lunch?"}


def test_a_poll_that_an_admin_wrote_is_none_of_the_files(room: Starts) -> None:
    """The same question, in the file too, is a second poll."""
    room.start(asks("Lunch?", "A"))
    room.write(Poll("own-1", "Tea?", (Candidate("a", "A"),)))
    room.start(asks("Lunch?", "A"), asks("Tea?", "A"))
    assert room.questions == {"poll": "Lunch?", "poll-2": "Tea?", "own-1": "Tea?"}


def test_of_two_polls_alike_the_one_in_the_list_stays(room: Starts) -> None:
    """The admin removed the other, and the file follows."""
    tea = asks("Tea?", "A")
    room.start(tea, tea)
    room.remove("poll")
    assert room.start(tea) == []
    assert list(room.questions) == ["poll-2"]


def test_polls_alike_keep_their_places(room: Starts) -> None:
    """Also where there are ten and more, as a journal of before has them."""
    teas = [asks("Tea?", "A")] * 11
    room.start(*teas)
    assert list(room.questions) == ["poll", *(f"poll-{n}" for n in range(2, 12))]
    room.remove("poll")
    room.start(*teas, asks("Tea?", "B"), *teas)


def test_a_polls_written_id_is_meant_as_written(room: Starts) -> None:
    """Whatever the question, and whichever poll it was: the poll without one makes way."""
    room.start(asks("Lunch?", "A"), asks("Tea?", "A"))
    room.start(asks("Lunch?", "A"), asks("Dinner?", "A", id="poll-2"))
    assert room.questions == {"poll": "Lunch?", "poll-2": "Dinner?"}
    room.start(asks("Dinner?", "A"), asks("Lunch?", "A", id="lunch"))
    assert room.questions == {"poll-2": "Dinner?", "lunch": "Lunch?"}


# A list that would be empty


def test_the_last_poll_of_the_file_comes_back_when_all_others_are_gone(room: Starts) -> None:
    """The admin had removed what the file still lists, and the file drops what the room shows."""
    lunch, tea = asks("Lunch?", "A"), asks("Tea?", "A")
    room.start(lunch, tea)
    room.remove("poll")
    found = room.start(lunch)
    assert [type(body) for body in found] == [Define, Remove]
    assert room.questions == {"poll": "Lunch?"}


def test_what_an_admin_wrote_is_poll_enough(room: Starts) -> None:
    """Then what the admin removed stays away."""
    lunch, tea = asks("Lunch?", "A"), asks("Tea?", "A")
    room.start(lunch, tea)
    room.write(Poll("own-1", "When?", (Candidate("a", "A"),)))
    room.remove("poll")
    room.start(lunch)
    assert room.questions == {"own-1": "When?"}


# Journals of before, and any history


def test_a_file_that_nobody_edited_is_known_to_an_older_journal(room: Starts) -> None:
    """The digest that was written then is the one of the text as it is read."""
    poll = Poll("poll", "Who?", (Candidate("c1", "张三"), Candidate("b", "Bob")))
    room.record(Define(poll, source_digest(poll)))
    assert room.start(asks("Who?", "张三", written("Bob", "b"))) == []


def test_the_engine_records_the_news_once(tmp_path: Path) -> None:
    """A server that starts again with the same edited file leaves its journal alone."""
    file, journal = tmp_path / "config.toml", ListJournal()
    before, after = asks("Who?", "张三", "李四"), asks("Who?", "李四", "张三")
    lengths = []
    for text in (before, after, after):
        file.write_text(f"polls = {toml([text])}", encoding="utf-8")
        config = load(file)
        engine = Engine(journal, lambda: 1)
        engine.replay()
        engine.prepare(config.polls, config.made, open_at_start=True)
        lengths.append(len(journal.records))
    assert lengths[1:] == [lengths[0] + 1] * 2
    assert engine.state.polls["poll"].candidates == (
        Candidate("c2", "李四"),
        Candidate("c1", "张三"),
    )


NAMES = ["张三", "李四", "Ada", "ada lovelace-king", "Ada Lovelace-Kong"]
candidates = st.lists(
    st.sampled_from(NAMES), min_size=1, max_size=4, unique_by=lambda name: name.casefold()
)
texts = st.builds(asks, st.sampled_from(["Lunch?", "Tea?", "Dinner?"])).flatmap(
    lambda text: candidates.map(lambda names: text | {"candidates": names})
)
files = st.lists(
    texts | st.tuples(texts, st.sampled_from(["x", "own-1"])).map(lambda t: t[0] | {"id": t[1]}),
    min_size=1,
    max_size=4,
).filter(lambda polls: len(own := [p["id"] for p in polls if "id" in p]) == len(set(own)))
deeds = st.tuples(st.sampled_from(["remove", "write", "reword", "round"]), st.integers(0, 4))
evenings = st.lists(st.tuples(files, st.lists(deeds, max_size=4)), min_size=1, max_size=6)


@settings(max_examples=EXAMPLES, deadline=None)
@given(evenings)
def test_any_edits_and_removals_come_to_rest_at_once(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[list[Text], list[Any]]]
) -> None:
    """A start refuses nothing and a second adds nothing; one id is one name throughout a poll."""
    room = Starts(tmp_path_factory.getbasetemp())
    for file, deeds in history:
        room.start(*file)
        for deed, at in deeds:
            id = list(room.state.polls)[at % len(room.state.polls)]
            match deed:
                case "remove":
                    room.remove(id)
                case "write":
                    room.write(Poll("own-1", "Tea?", (Candidate("ada", "Ada"),)))
                case "reword":
                    poll = room.state.polls[id]
                    room.write(msgspec.structs.replace(poll, question=f"{poll.question}!"))
                case "round":
                    room.take_round(id)
        meant: dict[tuple[str, str], str] = {}
        rounds = [round.poll for round in room.state.rounds.values()]
        for poll in [*rounds, *room.state.polls.values()]:
            for each in poll.candidates:
                name = meant.setdefault((poll.id, each.id), each.name.casefold())
                assert name == each.name.casefold()
