"""What an admin's desk does to the room's talk.

Owns the routes of /admin/talk, their forms' fields, the question before the wall is cleared, and
the words of a refusal. Never decides what a record does: that is `talk.py`.
"""

from __future__ import annotations

import re
from typing import cast, get_args

from flask import Blueprint, jsonify, request
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.exceptions import BadRequest

from voting import identity, logbook
from voting.commands import answer, ask, number, said_of, status_of, to_desk
from voting.conversation import Conversation
from voting.engine import Engine
from voting.speech import (
    LETTERS,
    MAX_SLOW_SECONDS,
    Clear,
    Hide,
    Moderation,
    Mute,
    Slow,
    Spotlight,
    Talk,
    TalkState,
)
from voting.state import Refusal
from voting.web import Page, wants_json

ACTIONS = ("state", "slow", "direct", "hide", "show", "mute", "unmute", "clear", "spotlight")


def create_blueprint(engine: Engine, admin: identity.Admin) -> Blueprint:
    """Return the routes of the buttons about messages."""
    blueprint = Blueprint("moderating", __name__, url_prefix="/admin/talk")

    @blueprint.post(f"/<any({', '.join(ACTIONS)}):action>")
    def moderate(action: str) -> Page:
        if not admin.is_in():
            return answer(401, "not_logged_in", _("Log in first."))
        engine.catch_up()
        wanted = moderation(action)
        question = at_stake(engine.state.talk, wanted)
        if question and "ask" in request.form:
            return ask(question, f"talk-{action}")
        outcome = engine.append(wanted)
        logbook.note(
            "moderated",
            what=action,
            outcome=outcome.code if isinstance(outcome, Refusal) else "done",
            session=identity.short(admin.session()),
        )
        if isinstance(outcome, Refusal):
            return _refuse(outcome)
        return jsonify(ok=True) if wants_json() else to_desk()

    return blueprint


def moderation(action: str) -> Moderation:
    """Read from the form of a button what is to be done.

    Raises:
        BadRequest: the form says what none of our pages says.
    """
    match action:
        case "state":
            return Talk(cast(TalkState, _one_of("state", *get_args(TalkState))))
        case "direct":
            return Talk(direct=_one_of("on", "0", "1") == "1")
        case "slow":
            seconds = number("seconds")
            if not 0 <= seconds <= MAX_SLOW_SECONDS:
                raise BadRequest(f"expected 0 to {MAX_SLOW_SECONDS} in 'seconds'")
            return Slow(seconds)
        case "hide" | "show":
            return Hide(_name("message"), hidden=action == "hide")
        case "mute" | "unmute":
            return Mute(_name("person"), muted=action == "mute")
        case "clear":
            return Clear(number("version"))
        case _:
            return Spotlight(_name("message") if request.form.get("message") else "")


def _one_of(field: str, *values: str) -> str:
    given = request.form.get(field, "")
    if given not in values:
        raise BadRequest(f"expected one of {', '.join(values)} in {field!r}")
    return given


def _name(field: str) -> str:
    """Read the public name of a message or a voter; the stage, never muted, has none such."""
    name = request.form.get(field, "")
    if re.fullmatch(f"[{LETTERS}]{{10,12}}", name) is None:
        raise BadRequest(f"expected a public name in {field!r}")
    return name


def at_stake(talk: Conversation, wanted: Moderation) -> str | None:
    """Return the question before the wall is cleared, where there is something on it."""
    if not isinstance(wanted, Clear):
        return None
    seen = sum(message.version <= wanted.version for message in talk.wall.values())
    if not seen:
        return None
    said = ngettext(
        "Take the %(n)s message off every page? It stays in the journal, but nobody is shown it"
        " again.",
        "Take all %(n)s messages off every page? They stay in the journal, but nobody is shown"
        " them again.",
        seen,
        n=seen,
    )
    return str(said)


def _refuse(refusal: Refusal) -> Page:
    """Tell the admin why nothing was done."""
    is_saved = refusal.code != "not_recorded"
    said = _("This message is not known any more.") if is_saved else said_of(refusal)
    return answer(status_of(refusal), refusal.code, said)
