"""A poll's text while somebody writes it on the admin's page.

Owns the fields of that form, and which of them a text that cannot be taken is to be mended in. What
a poll may be is decided by `polls.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from voting.polls import read_poll
from voting.records import Poll
from voting.tables import Bad


class Draft(msgspec.Struct, frozen=True):
    """What stands in the form, as it was typed.

    `candidates` are pairs of an id and a name; an empty name takes the candidate away. `more` has
    further names, one a line.
    """

    question: str = ""
    candidates: tuple[tuple[str, str], ...] = ()
    more: str = ""
    rule: str = "single"
    max_choices: str = ""
    changes: bool = True
    taps_per_second: str = "10"
    results: str = "live"
    countdown: str = ""


class Unfit(Exception):
    """A draft that is no poll yet: the field to mend, and a sentence for who wrote it."""

    def __init__(self, field: str, said: str) -> None:
        self.field, self.said = field, said
        super().__init__(said)


def draft_of(poll: Poll) -> Draft:
    """Return a poll as it stands in the form; as many choices as candidates are written as none."""
    every = poll.rule != "approval" or poll.max_choices == len(poll.candidates)
    return Draft(
        question=poll.question,
        candidates=tuple((candidate.id, candidate.name) for candidate in poll.candidates),
        rule=poll.rule,
        max_choices="" if every else str(poll.max_choices),
        changes=poll.changes,
        taps_per_second=str(poll.taps_per_second),
        results=poll.results,
        countdown="" if poll.countdown is None else str(poll.countdown),
    )


def draft_in(form: MultiDict[str, str]) -> Draft:
    """Return what was typed into a form."""
    ids, names = form.getlist("candidate_id"), form.getlist("candidate")
    return Draft(
        question=form.get("question", ""),
        candidates=tuple(zip(ids, names, strict=False)),
        more=form.get("more", ""),
        rule=form.get("rule", ""),
        max_choices=form.get("max_choices", ""),
        changes="changes" in form,
        taps_per_second=form.get("taps_per_second", ""),
        results=form.get("results", ""),
        countdown=form.get("countdown", ""),
    )


def finish(draft: Draft, id: str, *, taken: Iterable[str], before: Poll | None) -> Poll:
    """Make a poll of a draft; what the form does not show is as it was `before`.

    Raises:
        Unfit: a field has to be mended first.
    """
    kept = [(place, i, name) for place, (i, name) in enumerate(draft.candidates) if name.strip()]
    added = [line for line in draft.more.splitlines() if line.strip()]
    tree: dict[str, Any] = {
        "id": id,
        "question": " ".join(draft.question.split()),
        "candidates": [{"id": i, "name": name.strip()} for _, i, name in kept]
        + [{"name": line.strip()} for line in added],
        "rule": draft.rule,
        "results": draft.results,
    }
    if draft.rule == "approval" and draft.max_choices.strip():
        tree["max_choices"] = _whole(draft.max_choices)
    if draft.rule == "taps":
        tree["taps_per_second"] = _whole(draft.taps_per_second)
    else:
        tree["changes"] = draft.changes
    if draft.countdown.strip():
        tree["countdown"] = _whole(draft.countdown)
    if before is not None:
        tree = {"taps_per_second": before.taps_per_second, "changes": before.changes} | tree
        if before.rule == draft.rule:
            tree["max_ballots"] = before.max_ballots
    try:
        return read_poll(tree, "poll", id=id, taken=taken)
    except Bad as error:
        raise _unfit(error.key, [place for place, *_ in kept]) from None


def _whole(typed: str) -> int | str:
    """Return a whole number, or what is none as it was typed, to be refused as such."""
    text = typed.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else text


def _unfit(key: str, places: list[int]) -> Unfit:
    """Say beside which field an error belongs; `places` are those of the candidates kept."""
    found = re.match(r"poll\.(\w+)(?: #(\d+))?", key)
    field, number = (found[1], found[2]) if found else ("question", None)
    if number is not None:
        at = int(number) - 1
        field = f"candidate-{places[at]}" if at < len(places) else "more"
        return Unfit(field, _("Each choice needs a name of its own, of up to 80 characters."))
    match field:
        case "question":
            said = _("Please write a question of up to 200 characters.")
        case "candidates":
            field, said = "more", _("Please give at least 1 choice, and 100 at most.")
        case "max_choices":
            said = _("Please give a number from 1 up to the number of choices, or leave it empty.")
        case "taps_per_second":
            said = _("Please give a number from 1 to 50.")
        case "countdown":
            said = _("Please give seconds, up to 86400, which is a day, or leave it empty.")
        case _:
            said = _("Please choose one of these.")
    return Unfit(field, said)
