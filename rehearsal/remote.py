"""An admin's desk at a running server, from another process: the same routes as the page's buttons.

Owns logging in there, looking and pressing. Decides nothing, and keeps no secret.
"""

from __future__ import annotations

import re

import msgspec

from rehearsal.visit import Answer, Site, TurnedAway, Visit
from voting.protocol import Snapshot
from voting.vitals import Vitals

LINK = re.compile(r"[?&]link=([\w-]+)")
SESSION = re.compile(r"show_of_hands_(\w+)")
SNAPSHOT = re.compile(rb'id="snapshot">(.*?)</script>', re.DOTALL)

CODE_FIELD = b'name="code"'
CODES_AT_ONCE = 1_000

JSON = {"Accept": "application/json"}


class NotLetIn(Exception):
    """The server did not take the secret; the text says why, and what to do."""


class NotDone(Exception):
    """The server did not do what a button says; the text is its own sentence."""


class RemoteDesk:
    """One admin's login at a site.

    Each way to the server may raise OSError where nobody answers in time, and TurnedAway where the
    answer is none of ours.
    """

    def __init__(self, site: Site, seconds: float = 20.0) -> None:
        self._visit = Visit(site, seconds)

    def key_name(self) -> str | None:
        """Return the fingerprint of the key that signs sessions there; None if it is none of ours.

        This tells no secret.
        """
        try:
            self._visit.get("/login")
        except TurnedAway:
            return None
        named = map(SESSION.fullmatch, self._visit.cookies)
        return next((found[1] for found in named if found), None)

    def log_in(self, secret: str) -> None:
        """Come in with what a person has typed: the password, or a link that works once.

        Raises:
            NotLetIn: it is neither.
        """
        # The admin's own page has no form while no password is set.
        token = self._visit.get("/login").token
        typed = LINK.search(secret)
        link = typed[1] if typed else secret
        # First as a link: whoever guesses passwords is held up, and this was no guess.
        for field, said in (("link", link), ("password", secret)):
            answer = self._visit.post("/admin/login", {field: said, "csrf_token": token})
            if answer.status == 303:
                return
        if answer.status == 429:
            raise NotLetIn("Too many passwords were tried. Wait a minute, then try again.")
        raise NotLetIn(
            "Wrong password, or the link was used already; logging in with it uses it, too. To set"
            " a password: python3 start.py password. Whoever is logged in as admin then logs in"
            " again."
        )

    def look(self) -> Snapshot:
        """Return what the desk is shown now."""
        return self._look()[0]

    def press(self, action: str, **fields: object) -> None:
        """Press a button, having looked.

        Raises:
            NotDone: the server refused.
        """
        snapshot, token = self._look()
        seen = {"round": snapshot.round.id, "version": snapshot.version, "csrf_token": token}
        answer = self._visit.post(f"/admin/{action}", {**seen, **fields}, JSON)
        if answer.status != 200:
            raise NotDone(_sentence(answer))

    def codes(self, number: int, rehearsal: int) -> list[str]:
        """Return so many codes for a rehearsal that is on; none if the room asks for none.

        Raises:
            NotDone: the server refused.
        """
        if CODE_FIELD not in self._visit.get("/login").content:
            return []
        made: list[str] = []
        while len(made) < number:
            wanted = min(number - len(made), CODES_AT_ONCE)
            _, token = self._look()
            form = {"number": wanted, "rehearsal": rehearsal, "csrf_token": token}
            answer = self._visit.post("/admin/codes", form, JSON)
            if answer.status != 200:
                raise NotDone(_sentence(answer))
            made += msgspec.json.decode(answer.content)["codes"]
        return made

    def vitals(self) -> Vitals:
        """Return what the server costs, as it says itself."""
        answer = self._visit.get("/admin/vitals", JSON)
        try:
            return msgspec.json.decode(answer.content, type=Vitals)
        except msgspec.DecodeError:
            raise _strange(answer) from None

    def close(self) -> None:
        """Log out and hang up."""
        try:
            _, token = self._look()
            self._visit.post("/admin/logout", {"csrf_token": token})
        finally:
            self._visit.close()

    def _look(self) -> tuple[Snapshot, str]:
        page = self._visit.get("/admin")
        found = SNAPSHOT.search(page.content)
        if page.status != 200 or found is None:
            raise _strange(page)
        try:
            return msgspec.json.decode(found[1], type=Snapshot), page.token
        except msgspec.DecodeError:
            raise _strange(page) from None


def _sentence(answer: Answer) -> str:
    try:
        return msgspec.json.decode(answer.content, type=dict[str, object]).get("message", "")  # type: ignore[return-value]
    except msgspec.DecodeError:
        raise _strange(answer) from None


def _strange(answer: Answer) -> TurnedAway:
    return TurnedAway(f"the server answered {answer.status} to the admin", answer.status)
