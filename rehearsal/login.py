"""A pretended phone's way in: the login form, the voter's page, and the files that these name.

Owns what a browser would load. Never opens a WebSocket.
"""

from __future__ import annotations

import re

from rehearsal.visit import Answer, Site, TurnedAway, Visit

FILES = re.compile(rb'(?:href|src)="(/static/[^"]+)"')

ANSWER_SECONDS = 20.0


def log_in(site: Site, name: str, code: str, *, page: bool, files: bool) -> tuple[str, int]:
    """Log in through the form; return the Cookie header of the voter, and the bytes that came.

    Args:
        code: what a room that asks for codes is given.
        page: whether the voter's page is loaded afterwards, as a browser does.
        files: whether every file that the pages name is loaded too, each once.

    Raises:
        TurnedAway: the server answered something else than a phone needs.
        OSError: it cannot be reached, or did not answer in time.
    """
    visit = Visit(site, ANSWER_SECONDS)
    try:
        form = _good(visit.get("/login"), 200)
        sent = {"csrf_token": form.token, "name": name, "code": code}
        answers = [form]
        if files:
            answers += _files(visit, form, set())
        answers.append(_good(visit.post("/login", sent), 303))
        if page or files:
            voter_page = _good(visit.get("/"), 200)
            answers.append(voter_page)
            if files:
                answers += _files(visit, voter_page, set(FILES.findall(form.content)))
    finally:
        visit.close()
    return visit.cookie, sum(answer.size for answer in answers)


def _good(answer: Answer, status: int) -> Answer:
    if answer.status != status:
        raise TurnedAway(f"the server answered {answer.status} to a login", answer.status)
    return answer


def _files(visit: Visit, page: Answer, loaded: set[bytes]) -> list[Answer]:
    """Load the files that a page names, but those that the browser has."""
    named = dict.fromkeys(FILES.findall(page.content))
    return [_good(visit.get(name.decode()), 200) for name in named if name not in loaded]
