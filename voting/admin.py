"""The admin's desk: log in, and steer the rounds.

Owns the routes below /admin. What a command does is decided by the fold; two admins who press at
once both name the version that they saw, and the second is told.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_limiter import Limiter
from werkzeug.exceptions import BadRequest

from voting import identity
from voting.engine import Engine
from voting.live import Live
from voting.records import Close, Command, Open, Reopen, Reset, Restore
from voting.state import Refusal
from voting.web import Page, refused, wants_json

GUESSES = "10 per minute"
"""Passwords that one address may try. The one-time link is not counted: it always works."""


def create_blueprint(
    engine: Engine,
    live: Live,
    admin: identity.Admin,
    limiter: Limiter,
    join_url: Callable[[], str | None],
    poll: str,
) -> Blueprint:
    """Return the routes; `poll` is the id of the poll that the next round opens."""
    blueprint = Blueprint("admin", __name__, url_prefix="/admin")

    def login_page(error: str | None = None, link: str | None = None) -> str:
        return render_template(
            "admin_login.html", error=error, link=link, has_password=admin.has_password
        )

    def used() -> str:
        return str(_("This link has been used. Every start of the server makes a new one."))

    @blueprint.get("/login")
    def login() -> Page:
        # The link is used up by a POST: a preview of it, or a reload, must not spend it.
        link = request.args.get("link")
        if link and not admin.link_is_good(link):
            return login_page(used())
        return login_page(link=link)

    @blueprint.post("/login")
    @limiter.limit(GUESSES, exempt_when=lambda: "link" in request.form)
    def log_in() -> Page:
        if "link" in request.form:
            if admin.use_link(request.form["link"]):
                return redirect(url_for("admin.desk"), 303)
            return Response(login_page(used()), 401)
        if admin.use_password(request.form.get("password", "")):
            return redirect(url_for("admin.desk"), 303)
        return Response(login_page(_("That is not the password.")), 401)

    @blueprint.post("/logout")
    def log_out() -> Page:
        live.sign_out_admin(admin.session())
        admin.leave()
        return redirect(url_for("admin.login"), 303)

    @blueprint.get("", strict_slashes=False)
    def desk() -> Page:
        if not admin.is_in():
            return redirect(url_for("admin.login"), 303)
        return render_template(
            "admin.html",
            snapshot=live.snapshot("admin"),
            join_url=join_url(),
            waiting=waiting_question(),
        )

    @blueprint.post("/<any(open, close, reopen, reset, restore):action>")
    def steer(action: str) -> Page:
        if not admin.is_in():
            return answer(401, "not_logged_in", _("Log in first."))
        outcome = engine.command(command(action))
        if isinstance(outcome, Refusal):
            status = 503 if outcome.code == "not_recorded" else 409
            return answer(status, outcome.code, said_of(outcome))
        return jsonify(ok=True) if wants_json() else to_desk()

    def waiting_question() -> str | None:
        """Return the question that only the next round will ask, if there is one."""
        stage, configured = engine.state.on_stage, engine.state.polls[poll]
        return configured.question if stage and stage.poll != configured else None

    def command(action: str) -> Command:
        seen = number("round"), number("version")
        match action:
            case "open":
                return Open(*seen, poll)
            case "close":
                return Close(*seen)
            case "reopen":
                return Reopen(*seen)
            case "reset":
                return Reset(*seen)
            case _:
                return Restore(*seen, number("target"))

    def answer(status: int, code: str, message: str) -> Page:
        if wants_json():
            return refused(status, code, message)
        flash(message, code)
        return to_desk()

    def to_desk() -> Page:
        return redirect(url_for("admin.desk"), 303)

    return blueprint


def number(field: str) -> int:
    """Read a whole number from the form.

    Raises:
        BadRequest: it is missing, or no whole number.
    """
    text = request.form.get(field, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise BadRequest(f"expected a whole number in {field!r}")
    return int(text)


def said_of(refusal: Refusal) -> str:
    """Tell the admin why a command changed nothing."""
    match refusal.code:
        case "conflict":
            said = _("Somebody else has just changed the round. Look again, then repeat.")
        case "not_recorded":
            said = _("It is not known whether this was saved. Look again, then repeat.")
        case _:
            said = _("That is not possible now. Look at the round again.")
    return str(said)
