"""What remains after a vote, over HTTP: public results, the admin's list, downloads, names."""

from __future__ import annotations

import csv
import html
import io
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.on_disk import History
from tests.phones import Answer, Browser, Phone, phone
from tests.serving import ADA, CONFIG, EDSGER, GRACE, Server, dashboard, poll_config
from voting.records import Ballot, Close

NAMES_ALLOWED = CONFIG + "\n[room]\nnames_in_exports = true\n"
SECRET = poll_config(question="Who?", candidates=["Ada", "Bob"], results="hidden")
AFTER = poll_config(question="Who?", candidates=["Ada", "Bob"], results="after_vote")
BOTH = poll_config(question="Who?", candidates=["Ada", "Bob"], rule="approval")


def desk(admin: Browser) -> Phone:
    """Connect an admin's page; it has seen the state."""
    page = Phone(admin, "admin")
    page.until(type="state")
    return page


def steer(admin: Browser, action: str, **more: object) -> None:
    """Press a button of the desk, having seen the newest state."""
    page = desk(admin)
    answer = admin.steer(action, page.state, **more)
    page.close()
    assert answer.status == 200, answer.text


def vote(voter: Phone, *choices: str) -> str:
    """Vote and return the receipt's code."""
    ballot = voter.vote(*choices)
    code = voter.until(type="receipt", ballot=ballot)["code"]
    assert isinstance(code, str)
    return code


def drop_by(server: Server, choice: str, name: str = "") -> str:
    """Let somebody join, vote and leave; return the receipt's code."""
    voter = phone(server, name)
    code = vote(voter, choice)
    voter.close()
    return code


def press(admin: Browser, action: str, target: int) -> Answer:
    """Press a button on the list of rounds as a browser without scripts does."""
    return admin.post(f"/admin/{action}", form(admin, action, target))


def form(admin: Browser, action: str, target: int) -> dict[str, object]:
    """Return the fields of a button on the list of rounds."""
    page = admin.get("/admin/rounds").text
    for found in re.findall(
        rf'<form method="post" action="/admin/{action}">(.*?)</form>', page, re.S
    ):
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', found))
        if fields.get("target") == str(target):
            return fields
    raise AssertionError(f"there is no button to {action} {target}")


def offered(admin: Browser) -> list[tuple[str, str]]:
    """Return the buttons on the list of rounds: (action, target)."""
    page = admin.get("/admin/rounds").text
    forms = re.findall(r'<form method="post" action="/admin/(\w+)">(.*?)</form>', page, re.S)
    return [
        (action, t) for action, text in forms for t in re.findall(r'target" value="(\d+)', text)
    ]


def listed(page: str) -> dict[str, list[str]]:
    """Return the codes on a public page, by the id of their candidate."""
    lists = re.split(r'<h3 id="choice-', page)[1:]
    code = r"\b[A-Z2-7]{4}-[A-Z2-7]{4}\b"
    return {text.partition('"')[0]: re.findall(code, text) for text in lists}


def table(answer: Answer) -> list[dict[str, str]]:
    """Read a CSV that was downloaded."""
    text = answer.body.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def said(answer: Answer) -> str:
    """Return what a person reads on a page."""
    body = answer.text.partition("<body")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


# The public result


def test_a_closed_round_is_public_with_its_receipts(server: Server, admin: Browser) -> None:
    """Anyone sees the counts, and the codes under their choices, and can recount them."""
    vera, wim, xenia = (phone(server, name) for name in ("Vera", "Wim", "Xenia"))
    first = vote(vera, ADA)
    codes = {ADA: [vote(wim, ADA)], GRACE: [vote(vera, GRACE), vote(xenia, GRACE)], EDSGER: []}
    steer(admin, "close")
    page = Browser(server).get("/rounds/1")
    assert page.status == 200
    assert listed(page.text) == {choice: sorted(found) for choice, found in codes.items()}
    counts = re.findall(r'data-count="([\w-]+)">(\d+)', page.text)
    assert {choice: int(n) for choice, n in counts} == {c: len(codes[c]) for c in codes}
    assert "3 of 3 have voted" in said(page)
    assert first not in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_the_public_list_can_be_downloaded_and_verified(
    server: Server, admin: Browser, tmp_path: Any
) -> None:
    """One row a code; `verify` finds it equal to the journal."""
    code = drop_by(server, GRACE)
    steer(admin, "close")
    answer = Browser(server).get("/rounds/1.csv")
    assert table(answer) == [{"round": "1", "choice": GRACE, "name": "Grace Hopper", "code": code}]
    assert "show-of-hands-round-1-receipts.csv" in answer.headers["Content-Disposition"]
    file = tmp_path / "list.csv"
    file.write_bytes(answer.body)
    done = dashboard("verify", "--config", server.config, "--list", file)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("config, shown_closed", [(CONFIG, 200), (AFTER, 200), (SECRET, 403)])
def test_nothing_is_public_before_its_time(
    serve: Callable[..., Server], config: str, shown_closed: int
) -> None:
    """Open, hidden or unknown: the answer holds no code and no choice, as a page or as a list."""
    server = serve(config)
    admin, voter = Browser(server).become_admin(), phone(server)
    choice = voter.state["poll"]["candidates"][0]
    code = vote(voter, choice["id"])

    def ask(status: int) -> None:
        for path in ("/rounds/1", "/rounds/1.csv", f"/rounds/1?code={code.lower()}"):
            for browser in (Browser(server), voter.browser):
                answer = browser.get(path)
                assert answer.status == status
                if status != 200:
                    assert code not in answer.text
                    assert choice["name"] not in answer.text

    ask(403)
    steer(admin, "close")
    ask(shown_closed)
    steer(admin, "show", target=1, results="live")
    ask(200)
    steer(admin, "reopen")
    ask(403)
    for path in ("/rounds/2", "/rounds/0", "/rounds/2.csv", f"/rounds/{10**30}"):
        assert Browser(server).get(path).status == 404


def test_a_round_that_is_not_public_says_why(serve: Callable[..., Server]) -> None:
    """A sentence for a person, and JSON for a script."""
    server = serve(SECRET)
    admin = Browser(server).become_admin()
    assert "still open" in said(Browser(server).get("/rounds/1"))
    steer(admin, "close")
    assert "not shown yet" in said(Browser(server).get("/rounds/1"))
    told = Browser(server).get("/rounds/1", Accept="application/json")
    assert (told.status, told.json["code"]) == (403, "not_shown")
    assert "no round 2" in said(Browser(server).get("/rounds/2"))


def test_the_public_pages_name_no_voter(serve: Callable[..., Server]) -> None:
    """Not even where names may be exported."""
    server = serve(NAMES_ALLOWED)
    admin = Browser(server).become_admin()
    drop_by(server, ADA, "Vera Voter")
    steer(admin, "close")
    for path in ("/rounds/1", "/rounds/1.csv", "/rounds/1?names=1", "/rounds/1.csv?names=1"):
        for browser in (Browser(server), admin):
            answer = browser.get(path)
            assert answer.status == 200
            assert "Vera" not in answer.text


def test_somebody_finds_their_receipt(serve: Callable[..., Server]) -> None:
    """However it is typed; a changed vote, another round and nonsense are told apart."""
    server = serve(BOTH)
    admin, voter = Browser(server).become_admin(), phone(server)
    changed, code = vote(voter, "ada"), vote(voter, "bob", "ada")
    steer(admin, "close")

    def find(typed: str) -> str:
        page = Browser(server).get(f"/rounds/1?code={typed}")
        (answer,) = re.findall(r'<p id="answer"[^>]*>.*?</p>', page.text, re.S)
        return " ".join(html.unescape(re.sub(r"<[^>]*>", "", answer)).split())

    for typed in (code, code.lower().replace("-", "%20"), code.replace("-", "")):
        assert find(typed) == f"{code} is counted. It is in the list under Ada, Bob."
    assert "that vote was changed" in find(changed)
    assert "not in this list" in find("AAAA-AAAA")
    assert "eight letters and digits" in find("%3Cscript%3E")
    assert "<script>" not in Browser(server).get("/rounds/1?code=%3Cscript%3E").text
    marked = Browser(server).get(f"/rounds/1?code={code}").text
    assert re.findall(r'<mark id="([\w-]+)">([^<]+)</mark>', marked) == [
        ("in-ada", code),
        ("in-bob", code),
    ]


def test_the_result_speaks_the_readers_language(server: Server, admin: Browser) -> None:
    """Chinese for a Chinese browser."""
    code = drop_by(server, GRACE)
    steer(admin, "close")
    stranger = Browser(server)
    page = said(stranger.get(f"/rounds/1?code={code}", Accept_Language="zh-CN"))
    assert f"{code} 已计入" in page
    assert "1 人中 1 人已投票" in page
    open_page = said(stranger.get("/rounds/9", Accept_Language="zh-CN"))
    assert "没有第 9 轮" in open_page


def test_a_reopened_round_is_published_as_it_ends_again(server: Server, admin: Browser) -> None:
    """Page, list and search, though all three were read before; also after a restore."""
    voter, stranger = phone(server), Browser(server)

    def published(expected: dict[str, list[str]], gone: str = "") -> None:
        assert listed(stranger.get("/rounds/1").text) == expected
        (code,) = [code for codes in expected.values() for code in codes]
        assert [row["code"] for row in table(stranger.get("/rounds/1.csv"))] == [code]
        assert f"{code} is counted" in said(stranger.get(f"/rounds/1?code={code}"))
        if gone:
            assert "that vote was changed" in said(stranger.get(f"/rounds/1?code={gone}"))

    first = vote(voter, ADA)
    steer(admin, "close")
    published({ADA: [first], GRACE: [], EDSGER: []})
    steer(admin, "reopen")
    second = vote(voter, ADA)  # the counts are the same, the receipt is not
    steer(admin, "close")
    published({ADA: [second], GRACE: [], EDSGER: []}, gone=first)
    steer(admin, "open")
    published({ADA: [second], GRACE: [], EDSGER: []})
    steer(admin, "close")
    steer(admin, "restore", target=1)
    steer(admin, "reopen")
    voter.until(type="state", round={**voter.state["round"], "id": 1, "state": "open"})
    third = vote(voter, GRACE)
    steer(admin, "close")
    published({ADA: [], GRACE: [third], EDSGER: []}, gone=second)


def test_a_result_that_is_hidden_again_is_gone(server: Server, admin: Browser) -> None:
    """Though many have read it before; revealed once more, it is back."""
    code = drop_by(server, ADA)
    steer(admin, "close")
    stranger = Browser(server)
    for results, status in (("live", 200), ("hidden", 403), ("live", 200)):
        steer(admin, "show", target=1, results=results)
        for path in ("/rounds/1", "/rounds/1.csv", f"/rounds/1?code={code.lower()}"):
            answer = stranger.get(path)
            assert answer.status == status
            assert (code in answer.text) == (status == 200)


def test_nobody_reads_a_page_that_was_made_for_another_reader(
    server: Server, admin: Browser
) -> None:
    """Each gets their own language, and nothing of what another one's address said."""
    code = drop_by(server, ADA)
    steer(admin, "close")
    assert "from=friend" in Browser(server).get("/rounds/1?from=friend").text
    for path in ("/rounds/1", f"/rounds/1?code={code}", "/rounds/1"):
        assert "Find your receipt" in said(Browser(server).get(path))
        assert "查找您的凭证码" in said(Browser(server).get(path, Accept_Language="zh-CN"))
    chosen = Browser(server)
    for lang, words in (("zh-Hans", "查找您的凭证码"), ("en", "Find your receipt")):
        for path in (f"/rounds/1?lang={lang}", "/rounds/1"):
            page = chosen.get(path)
            assert words in said(page)
            assert "from=friend" not in page.text
            assert "data-answer" not in page.text


def test_more_codes_than_a_page_can_hold_are_searched_and_downloaded(tmp_path: Path) -> None:
    """The page has the counts and a sentence, the search finds each code, the list has them all."""
    history = History()
    history.batch(*[Ballot(f"v{n}", "b1", 1, ("ada",)) for n in range(5_001)])
    history.batch(Close(1, history.state.version))
    history.write(tmp_path / "data")
    server = Server(tmp_path).start()
    try:
        stranger = Browser(server)
        codes = [row["code"] for row in table(stranger.get("/rounds/1.csv"))]
        assert len(set(codes)) == 5_001
        page = stranger.get("/rounds/1")
        assert listed(page.text) == {}
        assert "too many codes for one page" in said(page)
        assert re.findall(r'data-count="ada">(\d+)', page.text) == ["5001"]
        found = stranger.get(f"/rounds/1?code={codes[-1]}")
        assert f"{codes[-1]} is counted. It is in the list under Ada Lovelace" in said(found)
        assert 'href="#in-' not in found.text
    finally:
        server.clear_up()


# The admin's list


def test_every_round_is_listed_newest_first(serve: Callable[..., Server]) -> None:
    """With its result, hidden or not, and without a word of who voted."""
    server = serve(SECRET)
    admin = Browser(server).become_admin()
    assert re.findall(r'data-round-id="(\d+)"', admin.get("/admin/rounds").text) == ["1"]
    drop_by(server, "bob", "Vera")
    steer(admin, "reset")
    page = admin.get("/admin/rounds")
    newest, oldest = re.split(r'data-round-id="\d+"', page.text)[1:]
    assert re.findall(r'data-count="(\w+)">(\d+)', newest) == [("ada", "0"), ("bob", "0")]
    assert re.findall(r'data-count="(\w+)">(\d+)', oldest) == [("ada", "0"), ("bob", "1")]
    assert "Only the admin sees these numbers" in oldest
    assert "Vera" not in page.text


def test_before_the_first_round_the_list_says_so(serve: Callable[..., Server]) -> None:
    """And offers nothing to download."""
    server = serve(CONFIG + "\n[room]\nopen_at_start = false\n")
    page = Browser(server).become_admin().get("/admin/rounds")
    assert "No round has been opened yet" in said(page)
    assert ".csv" not in page.text


def test_a_round_is_restored_revealed_and_compared_from_the_list(
    serve: Callable[..., Server],
) -> None:
    """Each button leads back to the list, where its effect is seen."""
    server = serve(SECRET)
    admin, voter = Browser(server).become_admin(), phone(server)
    vote(voter, "bob")
    steer(admin, "close")
    steer(admin, "open")
    assert offered(admin) == [("show", "2"), ("show", "1"), ("restore", "1")]

    assert press(admin, "show", 1).headers["Location"] == "/admin/rounds"
    assert Browser(server).get("/rounds/1").status == 200
    assert offered(admin) == [("show", "2"), ("compare", "1"), ("restore", "1")]

    press(admin, "compare", 1)
    screen = Phone(Browser(server), "screen")
    assert screen.until(type="state")["compared"]["counts"] == {"ada": 0, "bob": 1}
    press(admin, "compare", 0)
    screen.until(type="state", compared=None)

    press(admin, "restore", 1)
    assert screen.until(type="state")["round"]["id"] == 1


def test_no_button_of_the_list_ends_a_round_that_holds_votes(
    server: Server, admin: Browser
) -> None:
    """It has to be closed first, and the list says so."""
    steer(admin, "reset")
    drop_by(server, ADA)
    assert offered(admin) == [("compare", "1")]
    assert "Close it before" in said(admin.get("/admin/rounds"))


def test_a_refusal_is_told_on_the_list(server: Server, admin: Browser) -> None:
    """The second of two admins is led back to where the button was."""
    steer(admin, "reset")
    seen = form(admin, "restore", 1)
    admin.post("/admin/restore", seen)
    again = admin.post("/admin/restore", seen)
    assert again.headers["Location"] == "/admin/rounds"
    assert "Look again" in said(admin.get("/admin/rounds"))


# Downloads


FILES = [f"/admin/rounds{id}.{kind}" for id in ("", "/1") for kind in ("csv", "json")]


@pytest.mark.parametrize("path", ["/admin/rounds", *FILES])
def test_only_the_admin_gets_in(server: Server, path: str) -> None:
    """A stranger and a voter are led to the login; a script is told."""
    for browser in (Browser(server), Browser(server).log_in("Vera")):
        assert browser.get(path).headers["Location"] == "/admin/login"
        told = browser.get(path, Accept="application/json")
        assert (told.status, told.json["code"]) == (401, "not_logged_in")


def test_rounds_are_downloaded_one_or_all(server: Server, admin: Browser) -> None:
    """Under a name that says which, and kept by no cache; open rounds and closed ones."""
    vote(phone(server), ADA)
    steer(admin, "reset")
    phone(server)
    for path in FILES:
        answer = admin.get(path)
        assert answer.status == 200
        found = table(answer) if path.endswith("csv") else answer.json["rounds"]
        assert {int(row["round"]) for row in found} == ({1} if "/1" in path else {1, 2})
        name = path.removeprefix("/admin/").replace("rounds/", "round-")
        disposition = f'attachment; filename="show-of-hands-{name}"'
        assert answer.headers["Content-Disposition"] == disposition
        assert answer.headers["Cache-Control"] == "no-store"
    first, second = admin.get("/admin/rounds.json").json["rounds"]
    assert (first["state"], first["voted"], first["room"]) == ("closed", 1, 1)
    assert (second["state"], second["voted"], second["room"]) == ("open", 0, 2)
    assert admin.get("/admin/rounds/3.csv").status == 404


def test_a_download_is_recounted(server: Server, admin: Browser) -> None:
    """The rows of ballots are the counts, and the codes are those on the phones."""
    codes = {drop_by(server, choice) for choice in (ADA, ADA, GRACE)}
    rows = table(admin.get("/admin/rounds/1.csv"))
    ballots = [row for row in rows if row["row"] == "ballot"]
    assert {row["code"] for row in ballots} == codes
    counts = {row["choice"]: int(row["count"]) for row in rows if row["row"] == "candidate"}
    assert +Counter(counts) == Counter(row["choice"] for row in ballots) == {ADA: 2, GRACE: 1}


def test_names_are_downloaded_only_where_the_config_allows(
    serve: Callable[..., Server],
) -> None:
    """And only when they are asked for; a name that is a formula is defused."""
    closed, opened = serve(), serve(NAMES_ALLOWED)
    for server in (closed, opened):
        for name in ("=1+1", ""):
            drop_by(server, ADA, name)
    admin = Browser(closed).become_admin()
    for path in FILES:
        refused = admin.get(f"{path}?names=1")
        assert refused.status == 403
        assert "names_in_exports = true" in said(refused)
    assert "names=1" not in admin.get("/admin/rounds").text
    assert "names_in_exports = true" in said(admin.get("/admin/rounds"))

    admin = Browser(opened).become_admin()
    assert "names=1" in admin.get("/admin/rounds").text
    for path in FILES:
        assert "1+1" not in admin.get(path).text
    named = [row["voter"] for row in table(admin.get("/admin/rounds.csv?names=1"))]
    assert sorted(named)[-2:] == ["", "'=1+1"]
    (found,) = admin.get("/admin/rounds/1.json?names=1").json["rounds"]
    assert {ballot["voter"] for ballot in found["receipts"]} == {"=1+1", None}


# Names


def voters(admin: Browser) -> set[str | None]:
    """Return the names in the first round's download."""
    (found,) = admin.get("/admin/rounds/1.json?names=1").json["rounds"]
    return {ballot["voter"] for ballot in found["receipts"]}


def test_names_are_erased_while_the_server_runs(serve: Callable[..., Server]) -> None:
    """From downloads and from every file; votes, receipts and the chain are as they were."""
    server = serve(NAMES_ALLOWED)
    admin = Browser(server).become_admin()
    names = {"Vera Voter", "王小明"}
    for name in names:
        drop_by(server, ADA, name)
    folder = server.folder / "data"

    def kept() -> set[str]:
        held = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
        return {name for name in names if any(name.encode() in text for text in held)}

    assert voters(admin) == kept() == names
    before = admin.get("/admin/rounds.json").body
    verified = dashboard("verify", "--config", server.config).stdout

    assert admin.post("/admin/erase-names").headers["Location"] == "/admin/rounds"
    assert "The names are erased" in said(admin.get("/admin/rounds"))
    assert (voters(admin), kept()) == ({None}, set())
    assert admin.get("/admin/rounds.json").body == before
    assert dashboard("verify", "--config", server.config).stdout == verified

    drop_by(server, GRACE, "Wim")
    assert voters(admin) == {None, "Wim"}
    server.stop()
    assert kept() == set()


def test_only_the_admin_erases_names(server: Server, admin: Browser) -> None:
    """A voter's form does nothing."""
    voter = Browser(server).log_in("Vera")
    assert voter.post("/admin/erase-names").headers["Location"] == "/admin/login"
    assert "Vera" in (server.folder / "data" / "names.jsonl").read_text()
    told = admin.post("/admin/erase-names", Accept="application/json")
    assert (told.status, told.json) == (200, {"ok": True})
    assert (server.folder / "data" / "names.jsonl").read_text() == ""


def test_who_comes_again_without_a_name_has_none(serve: Callable[..., Server]) -> None:
    """The ballot is still theirs; the name they left is not told."""
    server = serve(NAMES_ALLOWED)
    admin = Browser(server).become_admin()
    browser = Browser(server).log_in("Vera")
    voter = Phone(browser)
    voter.until(type="state")
    vote(voter, ADA)
    assert voters(admin) == {"Vera"}
    browser.post("/logout")
    browser.log_in("")
    assert voters(admin) == {None}


def test_who_gave_no_name_leaves_nothing_behind(server: Server) -> None:
    """There is no file of names before there is a name."""
    drop_by(server, ADA)
    assert not (server.folder / "data" / "names.jsonl").exists()


def test_a_login_does_not_need_its_name_to_be_kept(server: Server) -> None:
    """The disk is full, and the vote goes on."""
    (server.folder / "data" / "names.jsonl").symlink_to("/dev/full")
    drop_by(server, ADA, "Vera")


def test_names_that_cannot_be_read_or_erased_are_said_so(serve: Callable[..., Server]) -> None:
    """In a sentence, on a page; the other downloads go on."""
    server = serve(NAMES_ALLOWED)
    admin = Browser(server).become_admin()
    (server.folder / "data" / "names.jsonl").mkdir()
    refused = admin.get("/admin/rounds.csv?names=1")
    assert (refused.status, "cannot be read" in said(refused)) == (503, True)
    assert admin.get("/admin/rounds.csv").status == 200
    assert admin.post("/admin/erase-names", Accept="application/json").status == 503
    admin.post("/admin/erase-names")
    assert "could not be erased" in said(admin.get("/admin/rounds"))
