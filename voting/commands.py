"""An admin's commands as forms say them, and what a person is told of them.

Owns the forms' fields, the question before something that cannot be meant lightly, and the words of
a refusal. Never decides what a command does: that is `steering.py`.
"""

from __future__ import annotations

import re
from typing import cast, get_args

from flask import flash, jsonify, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from voting import identity, logbook
from voting.engine import Engine
from voting.polls import MAX_COUNTDOWN_SECONDS
from voting.records import (
    MAX_REHEARSAL_SECONDS,
    Close,
    Command,
    Compare,
    Extend,
    Open,
    Rehearse,
    Reopen,
    Reset,
    Restore,
    Results,
    Show,
    Stage,
)
from voting.state import Outcome, Refusal, State
from voting.web import Page, refused, wants_json

ACTIONS = (
    "open",
    "close",
    "reopen",
    "extend",
    "reset",
    "restore",
    "stage",
    "next",
    "show",
    "compare",
    "rehearse",
    "end",
)


def command(action: str, state: State) -> Command:
    """Read a command from the form of its button; without a poll, it is about the one on stage.

    Raises:
        BadRequest: the form says what none of our pages says.
    """
    seen = number("round"), number("version")
    match action:
        case "open":
            poll = request.form.get("poll", state.poll.id if state.poll else "")
            return Open(*seen, poll, _length(state, poll))
        case "close" | "end":
            return Close(*seen)
        case "reopen":
            return Reopen(*seen)
        case "extend":
            return Extend(*seen, seconds())
        case "reset":
            return Reset(*seen, _length(state, state.poll.id if state.poll else ""))
        case "restore":
            return Restore(*seen, number("target"))
        case "stage":
            return Stage(*seen, request.form.get("poll", ""))
        case "next":
            return Stage(*seen, _after(state))
        case "show":
            return Show(*seen, number("target"), results())
        case "rehearse":
            return Rehearse(*seen, seconds(MAX_REHEARSAL_SECONDS) or MAX_REHEARSAL_SECONDS)
        case _:
            return Compare(*seen, number("target"))


def _length(state: State, poll: str) -> int | None:
    """Read a countdown's length; "proposed" is what the newest text of the poll proposes."""
    if request.form.get("seconds") == "proposed":
        newest = state.polls.get(poll)
        return newest.countdown if newest else None
    return seconds()


def _after(state: State) -> str:
    """Return the poll that follows the one on stage in the list, or "" behind the last."""
    ids = list(state.polls)
    place = ids.index(state.poll.id) if state.poll and state.poll.id in ids else -1
    return ids[place + 1] if place + 1 < len(ids) else ""


def number(field: str) -> int:
    """Read a whole number from the form.

    Raises:
        BadRequest: it is missing, or no whole number.
    """
    text = request.form.get(field, "")
    if re.fullmatch("-?[0-9]{1,15}", text) is None:
        raise BadRequest(f"expected a whole number in {field!r}")
    return int(text)


def seconds(most: int = MAX_COUNTDOWN_SECONDS) -> int | None:
    """Read the length of a countdown from the form; left out or empty, there is none.

    Raises:
        BadRequest: it is no length that a countdown may have.
    """
    if not request.form.get("seconds"):
        return None
    length = number("seconds")
    if not 1 <= length <= most:
        raise BadRequest(f"expected 1 to {most} in 'seconds'")
    return length


def results() -> Results:
    """Read from the form who is to see the counts.

    Raises:
        BadRequest: it is none of the three.
    """
    chosen = request.form.get("results", "")
    if chosen not in get_args(Results):
        raise BadRequest(f"expected one of {', '.join(get_args(Results))} in 'results'")
    return cast(Results, chosen)


def at_stake(state: State, wanted: Command) -> str | None:
    """Return the question before a command that takes ballots off the stage.

    What ends a round is asked for; a closed one makes way without a word, but for a reset, by which
    nobody means to go on.
    """
    current = state.on_stage
    if current is None or not current.ballots:
        return None
    if current.closed_at is not None and not isinstance(wanted, Reset):
        return None
    match wanted:
        case Reset():
            said = ngettext(
                "Start again from zero? The %(n)s ballot is kept, and you can bring it back.",
                "Start again from zero? The %(n)s ballots are kept, and you can bring them back.",
                current.ballots,
                n=current.ballots,
            )
        case Stage(poll=""):  # the last question has no next: nothing will be done
            return None
        case Stage() | Restore():
            said = ngettext(
                "Round %(round)s is open and has %(n)s ballot. Go on? It is closed and kept, and"
                " you can bring it back.",
                "Round %(round)s is open and has %(n)s ballots. Go on? It is closed and kept, and"
                " you can bring it back.",
                current.ballots,
                n=current.ballots,
                round=current.id,
            )
        case _:
            return None
    return str(said)


def ask(question: str, action: str) -> Page:
    """Ask before doing what a form says; the same form without its `ask` is the yes."""
    if wants_json():
        return refused(200, "sure", question)
    form = {k: v for k, v in request.form.items() if k not in ("ask", "csrf_token")}
    return render_template("admin_ask.html", question=question, action=action, form=form)


def give(engine: Engine, wanted: Command) -> Outcome:
    """Give the engine what the admin of this request wants; the log hears who, what and whether."""
    outcome = engine.command(wanted)
    logbook.note(
        "command",
        what=type(wanted).__name__.lower(),
        outcome=outcome.code if isinstance(outcome, Refusal) else "done",
        session=identity.short(str(session.get("admin", ""))),
    )
    return outcome


def carry_out(engine: Engine, wanted: Command) -> Page:
    """Do a command and lead back, or tell why it changed nothing."""
    outcome = give(engine, wanted)
    if isinstance(outcome, Refusal):
        said = said_of(outcome, wanted)
        return answer(status_of(outcome), outcome.code, said)
    return jsonify(ok=True) if wants_json() else to_desk()


def turn_away() -> Response:
    """Send somebody who is not the admin to the login; tell a script."""
    if wants_json():
        return refused(401, "not_logged_in", _("Log in first."))
    return redirect(url_for("admin.login"), 303)


def answer(status: int, code: str, message: str) -> Page:
    """Tell why nothing was done: a script at once, a person on the desk."""
    if wants_json():
        return refused(status, code, message)
    flash(message, code)
    return to_desk()


def to_desk() -> Page:
    """Lead back to the desk, or to the list of rounds if the form was there."""
    there = request.form.get("next") == "rounds"
    return redirect(url_for("archive.rounds" if there else "admin.desk"), 303)


def status_of(refusal: Refusal) -> int:
    """Return the HTTP status of a refusal."""
    return 503 if refusal.code == "not_recorded" else 409


def said_of(refusal: Refusal, wanted: Command | None = None) -> str:
    """Tell the admin why a command changed nothing."""
    match refusal.code:
        case "not_possible" if isinstance(wanted, Stage) and not wanted.poll:
            said = _("This is the last question.")
        case "conflict":
            said = _("The round has just changed. Look again, then repeat.")
        case "rehearsing":
            said = _("A rehearsal is on. End it first, then repeat.")
        case "in_use":
            said = _("The round on stage is open and in use. Close it first, then repeat.")
        case "not_recorded":
            said = _("It is not known whether this was saved. Look again, then repeat.")
        case _:
            said = _("That is not possible now. Look at the round again.")
    return str(said)
