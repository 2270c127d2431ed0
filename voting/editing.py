"""The polls' own pages: write a new one, edit one, take one off the list.

Owns /admin/new-poll and the routes below /admin/polls. Nothing that was typed is ever lost: a text
that cannot be saved comes back with the reason beside it. What an edit does to the round on stage,
the fold decides.
"""

from __future__ import annotations

import secrets

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    render_template,
    request,
)
from flask_babel import gettext as _

from voting import identity
from voting.commands import (
    answer,
    ask,
    carry_out,
    give,
    number,
    said_of,
    status_of,
    to_desk,
    turn_away,
)
from voting.drafts import Draft, Unfit, draft_in, draft_of, finish
from voting.engine import Engine
from voting.records import Edit, Poll, Remove, same_text
from voting.state import Refusal, State
from voting.web import Page, sorry, wants_json


def create_blueprint(engine: Engine, admin: identity.Admin) -> Blueprint:
    """Return the routes of the polls' pages."""
    blueprint = Blueprint("editing", __name__, url_prefix="/admin")

    @blueprint.before_request
    def only_admin() -> Page | None:
        if admin.is_in():
            engine.catch_up()
            return None
        if wants_json() or request.method == "GET":
            return turn_away()
        text = _("Log in again in another tab, then go back here and save: your text is kept.")
        return sorry(401, "not_logged_in", _("You are logged out"), text)

    @blueprint.get("/new-poll")
    def new() -> Page:
        return page(f"own-{secrets.token_hex(3)}", Draft(), seen=0)

    @blueprint.get("/polls/<id>")
    def edit(id: str) -> Page:
        poll = engine.state.polls.get(id) or abort(404)
        return page(id, draft_of(poll), seen=engine.state.defined[id])

    @blueprint.post("/polls/<id>")
    def save(id: str) -> Page:
        draft, seen = draft_in(request.form), number("seen")
        before = engine.state.polls.get(id)
        try:
            poll = finish(draft, id, taken=ids_taken(engine.state, id), before=before)
        except Unfit as unfit:
            if unfit.field == "id":
                abort(404)
            return page(id, draft, seen=seen, unfit=unfit, status=422)
        wanted = Edit(number("round"), number("version"), poll, seen, restart(engine.state, poll))
        outcome = give(engine, wanted)
        if isinstance(outcome, Refusal):
            return page(id, draft, seen=seen, refusal=outcome, status=status_of(outcome))
        flash(_("The question is saved."), "done")
        if before and before.results != poll.results and is_shown_otherwise(engine.state, poll):
            said = _(
                "The round on stage keeps its own setting of who sees the numbers; you can change"
                " it under “Results”."
            )
            flash(said, "done")
        return to_desk()

    @blueprint.post("/polls/<id>/remove")
    def remove(id: str) -> Page:
        wanted = Remove(number("round"), number("version"), id, number("seen"))
        poll = engine.state.polls.get(id)
        if poll and "ask" in request.form:
            said = _(
                "Take “%(question)s” off the list? Its rounds are kept.", question=poll.question
            )
            return ask(str(said), "remove")
        return carry_out(engine, wanted)

    @blueprint.post("/polls/<id>/put-back")
    def put_back(id: str) -> Page:
        removed = engine.state.removed
        if removed is None or removed.poll.id != id or id in engine.state.polls:
            return answer(409, "not_possible", _("That question cannot be put back any more."))
        # The round on stage, if it is of this poll, has the text already.
        wanted = Edit(number("round"), number("version"), removed.poll, 0, restart=False, back=True)
        return carry_out(engine, wanted)

    def page(
        id: str,
        draft: Draft,
        *,
        seen: int,
        unfit: Unfit | None = None,
        refusal: Refusal | None = None,
        status: int = 200,
    ) -> Page:
        """Show a draft; after a refusal it is about what the admin is shown with it."""
        state = engine.state
        defined = state.defined.get(id, 0)
        code: str = refusal.code if refusal else ""
        if code == "conflict" and seen == defined:
            code = "round_changed"
        text = render_template(
            "admin_poll.html",
            id=id,
            draft=draft,
            is_new=seen == 0 and not code,
            seen=defined if code == "conflict" else seen,
            round=state.stage,
            version=state.version,
            ballots=state.on_stage.ballots if state.on_stage else 0,
            unfit=unfit,
            code=code,
            said=said_of(refusal) if refusal else "",
            theirs=state.polls.get(id),
        )
        return Response(text, status)

    return blueprint


def ids_taken(state: State, id: str) -> set[str]:
    """Return every id that a candidate of a poll has ever had."""
    polls = [round.poll for round in state.rounds.values() if round.poll.id == id]
    polls += [state.polls[id]] if id in state.polls else []
    return {candidate.id for poll in polls for candidate in poll.candidates}


def is_shown_otherwise(state: State, poll: Poll) -> bool:
    """Say whether the numbers of the round on stage are for others than its poll says by now."""
    current = state.on_stage
    return current is not None and current.poll.id == poll.id and current.results != poll.results


def restart(state: State, poll: Poll) -> bool | None:
    """Read whether the round on stage makes way for a new one with this text; None asks.

    A round that takes no votes keeps its text, and so does one whose text is not touched.
    """
    chosen = request.form.get("restart")
    if chosen is not None:
        return chosen == "1"
    current = state.on_stage
    settled = current is None or current.closed_at is not None or same_text(current.poll, poll)
    return False if settled else None
