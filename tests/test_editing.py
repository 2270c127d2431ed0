"""Writing polls on the admin's pages, over HTTP: what is saved, what is asked, what comes back."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

from tests.faults import FileLimit
from tests.phones import Answer, Browser, Phone, phone
from tests.serving import ADA, CONFIG, EDSGER, GRACE, Server

Form = dict[str, object]


def state_of(admin: Browser) -> dict[str, Any]:
    """Look at the room as the desk does."""
    page = Phone(admin, "admin")
    try:
        return page.until(type="state")
    finally:
        page.close()


class Written(HTMLParser):
    """What stands in the form of a poll's page, and the fields that point to a mistake."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.form: Form = {}
        self.wrong: list[str] = []
        self._area = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        field = dict(attrs)
        name, text = field.get("name") or "", field.get("value") or ""
        if "aria-invalid" in field:
            self.wrong.append(name)
        if tag == "textarea":
            self._area, self.form[name] = name, ""
        elif tag == "input" and (field["type"] not in ("radio", "checkbox") or "checked" in field):
            held = self.form.get(name, [])
            several = name in ("candidate", "candidate_id") and isinstance(held, list)
            self.form[name] = [*held, text] if several else text

    def handle_data(self, data: str) -> None:
        if self._area:
            self.form[self._area] = data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""


def written(page: str) -> Form:
    """Return what a browser would send from a poll's page."""
    return Written(page).form


def draft(admin: Browser, path: str = "/admin/polls/poll") -> Form:
    """Open a poll's page."""
    return written(admin.get(path).text)


def save(admin: Browser, form: Form, id: str = "poll", **more: object) -> Answer:
    """Send a poll's page back."""
    filled = urlencode({**form, **more}, doseq=True).encode()
    return admin.ask("POST", f"/admin/polls/{id}", filled)


def saved(answer: Answer) -> bool:
    """Say whether the page led back to the desk."""
    return answer.status == 303 and answer.headers["Location"] == "/admin"


def said(answer: Answer) -> str:
    """Return what a page says, as its reader reads it."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


def voted(server: Server, choice: str) -> Phone:
    """Join with a phone whose vote is counted."""
    voter = phone(server)
    voter.vote(choice)
    voter.until(type="receipt")
    return voter


def candidates(state: dict[str, Any]) -> dict[str, str]:
    """Return the candidates on stage, by their ids."""
    return {candidate["id"]: candidate["name"] for candidate in state["poll"]["candidates"]}


# What is saved


def test_a_candidate_keeps_its_id_through_a_new_name(server: Server, admin: Browser) -> None:
    """An emptied field takes one away, a line adds one; an open round without ballots follows."""
    voter, form = phone(server), draft(admin)
    assert form["candidate"] == ["Ada Lovelace", "Grace Hopper", "Edsger Dijkstra"]
    form |= {"candidate": ["Countess Lovelace", " ", "Edsger Dijkstra"], "more": "Barbara\r\n\r\n"}
    assert saved(save(admin, form, question="Who is next?"))
    state = voter.until(type="state")
    assert (state["poll"]["question"], state["round"]["state"]) == ("Who is next?", "open")
    assert candidates(state) == {
        ADA: "Countess Lovelace",
        EDSGER: "Edsger Dijkstra",
        "barbara": "Barbara",
    }


def test_an_id_that_was_once_anothers_is_never_given_again(server: Server, admin: Browser) -> None:
    """Taken away and written anew, a name is a new candidate, in any round of the poll."""
    voted(server, GRACE)
    form = draft(admin)
    assert saved(save(admin, form, candidate=["Ada Lovelace", "", ""], restart=1))
    assert saved(save(admin, draft(admin), more="Grace Hopper", restart=1))
    assert GRACE not in candidates(state_of(admin))
    assert list(candidates(state_of(admin)).values()) == ["Ada Lovelace", "Grace Hopper"]


def test_every_setting_of_a_poll_can_be_written(server: Server, admin: Browser) -> None:
    """And stands in the form again."""
    wanted: Form = {
        "rule": "approval",
        "max_choices": "2",
        "results": "after_vote",
        "countdown": "90",
    }
    form = draft(admin) | wanted
    del form["changes"]
    assert saved(save(admin, form))
    state = state_of(admin)
    poll = state["poll"]
    assert (poll["rule"], poll["max_choices"], poll["changes"]) == ("approval", 2, False)
    assert (state["results"], poll["countdown"]) == ("after_vote", 90)
    again = draft(admin)
    assert {**again, **wanted} == again
    assert "changes" not in again
    assert saved(save(admin, again, rule="taps", taps_per_second="3"))
    poll = state_of(admin)["poll"]
    assert (poll["rule"], poll["taps_per_second"], poll["max_choices"]) == ("taps", 3, 1)


def test_a_new_question_joins_the_list_and_can_go_on_stage(server: Server, admin: Browser) -> None:
    """It is made once, however often its page is sent."""
    form = draft(admin, "/admin/new-poll")
    page = admin.get("/admin/new-poll").text
    id = re.findall(r'action="/admin/polls/(own-[0-9a-f]+)"', page)[0]
    form |= {"question": "问题？", "more": "一\r\n二"}
    assert saved(save(admin, form, id))
    assert save(admin, form, id).status == 409
    state = state_of(admin)
    assert [poll["question"] for poll in state["polls"]][1:] == ["问题？"]
    assert admin.steer("stage", state, poll=id).status == 200
    assert admin.steer("open", state_of(admin), poll=id).status == 200
    assert candidates(state_of(admin)) == {"c1": "一", "c2": "二"}


def test_a_question_survives_a_restart(server: Server, admin: Browser) -> None:
    """The journal has it, and config.toml does not take it back."""
    assert saved(save(admin, draft(admin), question="Who is next?"))
    server.stop()
    server.start()
    assert phone(server).state["poll"]["question"] == "Who is next?"


def test_the_largest_poll_that_may_be_can_be_sent(server: Server, admin: Browser) -> None:
    """A hundred names of eighty Chinese characters, in the encoding that the page asks for."""
    page = admin.get("/admin/polls/poll").text
    assert 'enctype="multipart/form-data"' in page
    names = [f"{n:02}" + "名" * 78 for n in range(100)]
    form = {**written(page), "candidate": [], "candidate_id": [], "more": "\r\n".join(names)}
    head = "--x\r\nContent-Disposition: form-data; name="
    parts = [f'{head}"{name}"\r\n\r\n{text}' for name, text in form.items() if text]
    body = "\r\n".join([*parts, "--x--\r\n"]).encode()
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert saved(admin.ask("POST", "/admin/polls/poll", body, headers))
    assert list(candidates(state_of(admin)).values()) == names


# What cannot be saved


MISTAKES: list[tuple[Form, str, str]] = [
    ({"question": " "}, "question", "Please write a question"),
    ({"question": "?" * 201}, "question", "Please write a question"),
    ({"candidate": ["", "", ""]}, "more", "at least 1 choice"),
    ({"candidate": ["Ada", "ADA", "Eva"]}, "candidate", "a name of its own"),
    ({"candidate": ["x" * 81, "Ada", "Eva"]}, "candidate", "a name of its own"),
    ({"more": "Eva\n" + "y" * 81}, "more", "a name of its own"),
    ({"more": "\n".join(map(str, range(98)))}, "more", "100 at most"),
    ({"rule": "approval", "max_choices": "4"}, "max_choices", "up to the number of choices"),
    ({"rule": "approval", "max_choices": "some"}, "max_choices", "up to the number of choices"),
    ({"rule": "taps", "taps_per_second": "0"}, "taps_per_second", "from 1 to 50"),
    ({"countdown": "-5"}, "countdown", "Please give seconds"),
    ({"countdown": "86401"}, "countdown", "Please give seconds"),
]


def test_a_mistake_is_told_beside_its_field_and_nothing_typed_is_lost(
    server: Server, admin: Browser
) -> None:
    """One sentence, which the field points to; the room is as it was."""
    before = state_of(admin)
    for mistake, field, sentence in MISTAKES:
        form = draft(admin) | {"question": "Typed <b>just</b> now?"} | mistake
        answer = save(admin, form)
        assert (answer.status, sentence in said(answer)) == (422, True), mistake
        page = Written(answer.text)
        assert page.wrong == [field], mistake
        assert {**page.form, "csrf_token": ""} == {**form, "csrf_token": ""}
    assert state_of(admin)["polls"] == before["polls"]


def test_a_choice_that_the_page_does_not_offer_is_not_taken(server: Server, admin: Browser) -> None:
    """Of the ways to vote, and of who sees the numbers."""
    for field in ("rule", "results"):
        answer = save(admin, draft(admin), **{field: "guess"})
        assert (answer.status, "Please choose one of these" in said(answer)) == (422, True)


def test_a_mistake_is_told_in_the_readers_language(server: Server, admin: Browser) -> None:
    """Chinese on a Chinese page."""
    form = {**draft(admin), "countdown": "soon"}
    admin.get("/admin?lang=zh-Hans")
    answer = save(admin, form)
    assert "请填写秒数" in said(answer)


def test_a_text_that_the_disk_does_not_take_is_there_to_be_sent_again(
    server: Server, admin: Browser
) -> None:
    """The page says what is known, and saves as soon as the journal can be written."""
    page, form, fault = Phone(admin, "admin"), draft(admin), FileLimit(server.folder / "data")
    fault.begin(server)
    answer = save(admin, form, question="Who is next?")
    page.until(type="state", recording=False)
    fault.end(server)
    assert (answer.status, "not known whether this was saved" in said(answer)) == (503, True)
    page.until(type="state", recording=True)
    assert saved(save(admin, written(answer.text)))
    assert state_of(admin)["poll"]["question"] == "Who is next?"


# While votes come in


def test_an_edit_of_a_round_with_ballots_asks_what_becomes_of_them(
    server: Server, admin: Browser
) -> None:
    """Nothing is saved by asking, and what was typed is there for the answer."""
    voted(server, ADA)
    voted(server, GRACE)
    answer = save(admin, draft(admin), question="Who is next?")
    assert answer.status == 409
    assert "2 ballots for the text as it was" in said(answer)
    assert written(answer.text)["question"] == "Who is next?"
    assert state_of(admin)["poll"]["question"] == "Who should give the next talk?"


def test_the_round_can_keep_its_text_and_the_next_one_gets_the_new(
    server: Server, admin: Browser
) -> None:
    """The desk says that a newer text waits."""
    voter = voted(server, ADA)
    asked = save(admin, draft(admin), question="Who is next?")
    assert saved(save(admin, written(asked.text), restart=0))
    state = state_of(admin)
    assert (state["poll"]["question"], state["ballots"]) == ("Who should give the next talk?", 1)
    assert "comes with the next round: Who is next?" in said(admin.get("/admin"))
    assert admin.steer("reset", state).status == 200
    assert voter.until(type="state", ballots=0)["poll"]["question"] == "Who is next?"


OWN_SETTING = "The round on stage keeps its own setting of who sees the numbers"


def test_who_sees_the_numbers_of_a_running_round_is_told_to_be_as_it_was(
    server: Server, admin: Browser
) -> None:
    """Whoever hides them in the poll would else believe that the screen shows none."""
    voted(server, ADA)
    assert saved(save(admin, draft(admin), results="hidden"))
    assert OWN_SETTING in said(admin.get("/admin"))
    assert (state_of(admin)["results"], draft(admin)["results"]) == ("live", "hidden")
    admin.get("/admin?lang=zh-Hans")
    assert saved(save(admin, draft(admin), results="after_vote"))
    assert "当前轮谁能看到数字不受影响" in said(admin.get("/admin"))


def test_where_the_round_on_stage_follows_an_edit_nothing_is_told_of_it(
    server: Server, admin: Browser
) -> None:
    """It holds no ballot, begins anew, or the edit was of something else."""

    def done(**more: object) -> str:
        assert saved(save(admin, draft(admin), **more))
        return said(admin.get("/admin"))

    assert OWN_SETTING not in done(results="hidden")
    voted(server, ADA)
    assert OWN_SETTING not in done(results="live", question="Who is next?", restart=1)
    voted(server, ADA)
    assert OWN_SETTING in done(results="hidden")
    assert OWN_SETTING not in done(countdown="90")


def test_a_new_round_can_begin_with_the_new_text(server: Server, admin: Browser) -> None:
    """The ballots stay with the text they were cast for."""
    voter = voted(server, ADA)
    asked = save(admin, draft(admin), candidate=["Grace?", "Ada?", "Eva?"])
    assert saved(save(admin, written(asked.text), restart=1))
    state = voter.until(type="state", ballots=0)
    assert (state["round"]["id"], candidates(state)[ADA]) == (2, "Grace?")
    assert admin.steer("restore", state_of(admin), target=1).status == 200
    back = state_of(admin)
    assert (candidates(back)[ADA], back["counts"][ADA]) == ("Ada Lovelace", 1)


def test_an_answer_about_another_round_is_asked_again(server: Server, admin: Browser) -> None:
    """Somebody has reset the round that was to make way."""
    voted(server, ADA)
    asked = save(admin, draft(admin), question="Who is next?")
    assert admin.steer("reset", state_of(admin)).status == 200
    again = save(admin, written(asked.text), restart=1)
    assert again.status == 409
    assert "The round on stage has changed" in said(again)
    assert state_of(admin)["round"]["id"] == 2
    assert saved(save(admin, written(again.text)))
    assert state_of(admin)["poll"]["question"] == "Who is next?"


def test_what_no_ballot_could_mean_otherwise_is_not_asked(server: Server, admin: Browser) -> None:
    """A countdown for later rounds, and the text of a round that is closed."""
    voted(server, ADA)
    assert saved(save(admin, draft(admin), countdown="30"))
    assert admin.steer("close", state_of(admin)).status == 200
    assert saved(save(admin, draft(admin), question="Who is next?"))
    state = state_of(admin)
    assert (state["poll"]["question"], state["ballots"]) == ("Who should give the next talk?", 1)


# Two admins


def test_the_second_of_two_who_edit_is_told_and_can_save_over_it(
    server: Server, admin: Browser
) -> None:
    """It sees the other text, keeps its own, and decides knowingly."""
    first, second = draft(admin), draft(admin)
    assert saved(save(admin, first, question="The first?"))
    answer = save(admin, second, question="The second?")
    assert answer.status == 409
    assert "edited since you opened this page. Now it is: The first?" in said(answer)
    kept = written(answer.text)
    assert kept["question"] == "The second?"
    assert state_of(admin)["poll"]["question"] == "The first?"
    assert saved(save(admin, kept))
    assert state_of(admin)["poll"]["question"] == "The second?"


def test_a_question_that_was_removed_meanwhile_can_be_saved_again(
    server: Server, admin: Browser
) -> None:
    """The text is not lost, and saving says what it does."""
    add(admin, "Lunch?")
    form = draft(admin)
    assert remove(admin, "poll").status == 303
    answer = save(admin, form)
    assert answer.status == 409
    assert "has been taken off the list" in said(answer)
    assert saved(save(admin, written(answer.text)))
    assert "poll" in [poll["id"] for poll in state_of(admin)["polls"]]


# The list


def test_removing_asks_once_and_keeps_the_rounds(server: Server, admin: Browser) -> None:
    """The round on stage stays, the list is shorter, and the last question stays on it."""
    voted(server, ADA)
    add(admin, "Lunch?")
    asked = remove(admin, "poll", ask=1)
    assert "Take “Who should give the next talk?” off the list?" in said(asked)
    assert len(state_of(admin)["polls"]) == 2
    assert remove(admin, "poll").headers["Location"] == "/admin"
    state = state_of(admin)
    assert [poll["question"] for poll in state["polls"]] == ["Lunch?"]
    assert (state["round"]["state"], state["ballots"]) == ("open", 1)
    assert remove(admin, state["polls"][0]["id"]).headers["Location"] == "/admin"
    assert "not possible" in said(admin.get("/admin"))
    assert admin.get("/admin/polls/poll").status == 404


def test_a_removed_question_is_put_back_as_it_was(server: Server, admin: Browser) -> None:
    """Text, ids, place and all; a second time there is nothing to put back."""
    new = draft(admin, "/admin/new-poll") | {"question": "Lunch?", "more": "Soup\nSalad"}
    assert saved(save(admin, new, "own-lunch"))
    before = state_of(admin)["polls"]
    assert [poll["id"] for poll in before] == ["poll", "own-lunch"]
    removed = admin.steer("polls/poll/remove", state_of(admin), seen=before[0]["defined"])
    assert removed.json == {"ok": True}
    assert "/admin/polls/poll/put-back" in admin.get("/admin").text
    assert admin.steer("polls/poll/put-back", state_of(admin)).json == {"ok": True}
    after = state_of(admin)["polls"]
    assert [(poll["id"], poll["question"]) for poll in after] == [
        (poll["id"], poll["question"]) for poll in before
    ]
    assert draft(admin)["candidate_id"] == [ADA, GRACE, EDSGER]
    assert admin.steer("polls/poll/put-back", state_of(admin)).status == 409


def test_a_question_that_was_edited_meanwhile_is_not_removed(
    server: Server, admin: Browser
) -> None:
    """Whoever removes has seen what is removed."""
    add(admin, "Lunch?")
    old = state_of(admin)
    assert saved(save(admin, draft(admin), question="Who is next?"))
    answer = admin.steer("polls/poll/remove", old, seen=old["polls"][0]["defined"])
    assert (answer.status, answer.json["code"]) == (409, "conflict")
    assert len(state_of(admin)["polls"]) == 2


def test_the_pages_need_the_login_and_the_token(server: Server, admin: Browser) -> None:
    """A page that was sent too late says how its text is saved all the same."""
    stranger, form = Browser(server).log_in(), draft(admin)
    for path in ("/admin/new-poll", "/admin/polls/poll"):
        assert stranger.get(path).headers["Location"] == "/admin/login"
    late = save(stranger, {**form, "csrf_token": stranger.token()}, question="Mine?")
    assert (late.status, "go back here and save" in said(late)) == (401, True)
    assert remove(stranger, "poll", state_of(admin)).status == 401
    assert save(admin, form, csrf_token="guess", question="Mine?").status == 400
    assert admin.get("/admin/polls/poll/remove").status == 405
    assert save(admin, form, "No-Poll").status == 404
    assert state_of(admin)["poll"]["question"] == "Who should give the next talk?"


def test_before_the_first_round_the_text_on_stage_follows(serve: Callable[..., Server]) -> None:
    """Nothing waits for a next round then."""
    server = serve(CONFIG + "\n[room]\nopen_at_start = false\n")
    admin = Browser(server).become_admin()
    assert saved(save(admin, draft(admin), question="Who is next?"))
    assert state_of(admin)["poll"]["question"] == "Who is next?"
    assert re.search(r'id="waits"[^>]* hidden', admin.get("/admin").text)


def add(admin: Browser, question: str) -> None:
    """Write a new question."""
    form = draft(admin, "/admin/new-poll") | {"question": question, "more": "Yes\nNo"}
    assert saved(save(admin, form, "own-1"))


def remove(admin: Browser, id: str, state: dict[str, Any] | None = None, **more: object) -> Answer:
    """Send the form that takes a poll off the list."""
    state = state or state_of(admin)
    seen = [poll["defined"] for poll in state["polls"] if poll["id"] == id]
    form = {"round": state["round"]["id"], "version": state["version"], "seen": seen[0], **more}
    return admin.post(f"/admin/polls/{id}/remove", form)
